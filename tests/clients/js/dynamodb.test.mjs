import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
    DeleteItemCommand,
    DynamoDBClient,
    GetItemCommand,
    PutItemCommand,
    QueryCommand,
    UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { confirm, new_person, sign_up } from './person.mjs';
import { target } from './target.mjs';

const kTable = target.table;
const db = new DynamoDBClient({ region: target.region, endpoint: target.dynamodb });
after(() => db.destroy());

// The table is resident: an item belongs to a person who lives here.
let sub;
before(async () => {
    const person = new_person();
    sub = (await sign_up(person)).UserSub;
    await confirm(person);
});

const key = (entryId) => ({ subject: { S: sub }, entryId: { S: entryId } });
const get = async (entryId) =>
    (await db.send(new GetItemCommand({ TableName: kTable, Key: key(entryId) }))).Item;

async function put(more = {}) {
    const entryId = randomUUID();
    const item = { ...key(entryId), date: { S: '2026-11-23' }, mood: { N: '4' }, ...more };
    await db.send(new PutItemCommand({ TableName: kTable, Item: item }));
    return item;
}

test('an item reads back with every type that it was written with', async () => {
    const item = await put({
        text: { S: 'Grüße, 世界 🌿' },
        number: { N: '-12.50' },
        bytes: { B: new Uint8Array([0, 255, 10]) },
        yes: { BOOL: true },
        nothing: { NULL: true },
        list: { L: [{ S: 'a' }, { N: '1' }] },
        map: { M: { inner: { S: 'b' } } },
        words: { SS: ['x', 'y'] },
    });
    const { words, number, ...found } = await get(item.entryId.S);
    const { words: put_words, number: _, ...expected } = item;
    assert.deepEqual(found, expected);
    assert.deepEqual(words.SS.toSorted(), put_words.SS);
    assert.equal(Number(number.N), -12.5);
});

test('putting again replaces the whole item', async () => {
    const item = await put({ text: { S: 'first' } });
    const { text, ...without } = item;
    await db.send(new PutItemCommand({ TableName: kTable, Item: without }));
    assert.deepEqual(await get(item.entryId.S), without);
});

test('an absent item reads as no item', async () => {
    assert.equal(await get(randomUUID()), undefined);
});

test('an update sets and removes by name, and keeps the rest', async () => {
    const item = await put({ text: { S: 'first' }, extra: { S: 'x' } });
    await db.send(
        new UpdateItemCommand({
            TableName: kTable,
            Key: key(item.entryId.S),
            UpdateExpression: 'SET #text = :text, mood = :mood REMOVE extra',
            ExpressionAttributeNames: { '#text': 'text' },
            ExpressionAttributeValues: { ':text': { S: 'second' }, ':mood': { N: '1' } },
        }),
    );
    const { extra, ...rest } = item;
    const expected = { ...rest, text: { S: 'second' }, mood: { N: '1' } };
    assert.deepEqual(await get(item.entryId.S), expected);
});

test('a query finds the items of one partition in the order of the sort key', async () => {
    const written = [await put(), await put(), await put()];
    const reply = await db.send(
        new QueryCommand({
            TableName: kTable,
            KeyConditionExpression: '#subject = :subject',
            ExpressionAttributeNames: { '#subject': 'subject' },
            ExpressionAttributeValues: { ':subject': { S: sub } },
        }),
    );
    const ids = reply.Items.map((item) => item.entryId.S);
    assert.equal(reply.Count, ids.length);
    assert.deepEqual(ids, ids.toSorted());
    for (const item of written) assert.ok(ids.includes(item.entryId.S));
});

test('a deleted item is gone, and deleting it again is fine', async () => {
    const item = await put();
    const remove = new DeleteItemCommand({ TableName: kTable, Key: key(item.entryId.S) });
    await db.send(remove);
    await db.send(remove);
    assert.equal(await get(item.entryId.S), undefined);
});

test('an unknown table is not found', async () => {
    const ask = new GetItemCommand({ TableName: 'NoSuchTable', Key: key('1') });
    await assert.rejects(db.send(ask), { name: 'ResourceNotFoundException' });
});

test('a key without its sort part is a validation error', async () => {
    const ask = new GetItemCommand({ TableName: kTable, Key: { subject: { S: sub } } });
    await assert.rejects(db.send(ask), { name: 'ValidationException' });
});

const no_abroad = target.foreign_country ? false : 'there is no other region';
test('an item of somebody who lives elsewhere is refused', { skip: no_abroad }, async () => {
    const person = { ...new_person(), country: target.foreign_country };
    const { UserSub } = await sign_up(person);
    const item = { subject: { S: UserSub }, entryId: { S: randomUUID() }, text: { S: 'x' } };
    const refused = db.send(new PutItemCommand({ TableName: kTable, Item: item }));
    await assert.rejects(refused, (error) => {
        assert.equal(error.$metadata.httpStatusCode, 400);
        return true;
    });
});
