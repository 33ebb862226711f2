import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, beforeEach, test } from 'node:test';

const kSub = '6f1d2c3b-0000-4000-8000-000000000001';
const kEntry = { date: '2026-11-23', mood: 4, text: 'Slept well. 🌿' };

/** A document store of one table, as much of it as the function uses. */
const items = new Map();
const seen = [];
let failure;
const store = http.createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const body = JSON.parse(text);
    const operation = request.headers['x-amz-target'].split('.')[1];
    seen.push({ operation, body, headers: request.headers });
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    if (failure) {
        response.statusCode = failure.status;
        response.end(JSON.stringify({ __type: `x#${failure.type}`, message: 'secret detail' }));
        return;
    }
    const key = (map) => `${map.subject.S}/${map.entryId.S}`;
    const run = {
        PutItem: () => (items.set(key(body.Item), body.Item), {}),
        GetItem: () => (items.has(key(body.Key)) ? { Item: items.get(key(body.Key)) } : {}),
        DeleteItem: () => (items.delete(key(body.Key)), {}),
        UpdateItem: () => {
            const item = { ...items.get(key(body.Key)) };
            for (const [name, value] of Object.entries(body.ExpressionAttributeValues)) {
                item[name.slice(1)] = value;
            }
            items.set(key(body.Key), item);
            return {};
        },
        // One item per page, so that the function has to follow LastEvaluatedKey.
        Query: () => {
            const sub = body.ExpressionAttributeValues[':subject'].S;
            const mine = [...items.values()].filter((item) => item.subject.S === sub);
            const from = body.ExclusiveStartKey;
            const at = from ? mine.findIndex((item) => key(item) === key(from)) + 1 : 0;
            const Items = mine.slice(at, at + 1);
            const more = at + 1 < mine.length;
            const last = Items[0] && { subject: Items[0].subject, entryId: Items[0].entryId };
            return { Items, Count: Items.length, ...(more ? { LastEvaluatedKey: last } : {}) };
        },
    };
    response.end(JSON.stringify(run[operation]()));
});

let handler;
before(async () => {
    await new Promise((resolve) => store.listen(0, '127.0.0.1', resolve));
    process.env.AWS_REGION = 'eu-central-1';
    process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${store.address().port}`;
    ({ handler } = await import('./index.mjs'));
});
after(() => {
    store.closeAllConnections();
    store.close();
});
beforeEach(() => {
    items.clear();
    seen.length = 0;
    failure = undefined;
});

function event(method, path, body, more = {}) {
    return {
        version: '2.0',
        rawPath: path,
        requestContext: {
            http: { method, path },
            authorizer: { jwt: { claims: { sub: kSub }, scopes: null } },
            domicile: {
                credentials: {
                    accessKeyId: 'ASIATEST',
                    secretAccessKey: 'secret',
                    sessionToken: 'session-token',
                },
            },
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        isBase64Encoded: false,
        ...more,
    };
}

async function create(entry = kEntry) {
    return JSON.parse((await handler(event('POST', '/entries', entry))).body);
}

test('a new entry gets a uuid and is stored under its subject', async () => {
    const reply = await handler(event('POST', '/entries', kEntry));
    assert.equal(reply.statusCode, 201);
    const entry = JSON.parse(reply.body);
    assert.match(entry.entryId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(items.get(`${kSub}/${entry.entryId}`), {
        subject: { S: kSub },
        entryId: { S: entry.entryId },
        date: { S: kEntry.date },
        mood: { N: '4' },
        text: { S: kEntry.text },
    });
});

test('the store is asked with the credentials of the request', async () => {
    await create();
    assert.match(seen[0].headers.authorization, /Credential=ASIATEST\/\d{8}\/eu-central-1\/dynamodb/);
    assert.equal(seen[0].headers['x-amz-security-token'], 'session-token');
});

test('entries are listed over all pages, newest first, without the subject', async () => {
    await create({ ...kEntry, date: '2026-11-20' });
    await create({ ...kEntry, date: '2026-11-22' });
    await create({ ...kEntry, date: '2026-11-21' });
    const { entries } = JSON.parse((await handler(event('GET', '/entries'))).body);
    assert.deepEqual(
        entries.map((entry) => entry.date),
        ['2026-11-22', '2026-11-21', '2026-11-20'],
    );
    assert.deepEqual(Object.keys(entries[0]), ['entryId', 'date', 'mood', 'text']);
});

test('a changed entry reads back changed', async () => {
    const { entryId } = await create();
    const changed = { date: '2026-11-24', mood: 1, text: 'Headache' };
    const reply = await handler(event('PUT', `/entries/${entryId}`, changed));
    assert.equal(reply.statusCode, 200);
    const { entries } = JSON.parse((await handler(event('GET', '/entries'))).body);
    assert.deepEqual(entries, [{ entryId, ...changed }]);
});

test('changing an entry that is not there is 404 and stores nothing', async () => {
    const reply = await handler(event('PUT', `/entries/${crypto.randomUUID()}`, kEntry));
    assert.equal(reply.statusCode, 404);
    assert.equal(items.size, 0);
});

test('a deleted entry is gone, and deleting it again is fine', async () => {
    const { entryId } = await create();
    for (let i = 0; i < 2; ++i) {
        const reply = await handler(event('DELETE', `/entries/${entryId}`));
        assert.equal(reply.statusCode, 204);
    }
    assert.equal(items.size, 0);
});

for (const [what, body] of [
    ['a date that does not exist', { ...kEntry, date: '2026-02-31' }],
    ['a date with a time', { ...kEntry, date: '2026-02-03T10:00:00Z' }],
    ['no date', { mood: 3, text: 'x' }],
    ['a mood of 6', { ...kEntry, mood: 6 }],
    ['a fractional mood', { ...kEntry, mood: 2.5 }],
    ['a mood in quotes', { ...kEntry, mood: '3' }],
    ['an empty text', { ...kEntry, text: '  ' }],
    ['an oversized text', { ...kEntry, text: 'x'.repeat(10_001) }],
    ['an array', [kEntry]],
    ['null', null],
]) {
    test(`${what} is refused with 400 and reaches no store`, async () => {
        const reply = await handler(event('POST', '/entries', body));
        assert.equal(reply.statusCode, 400);
        assert.ok(JSON.parse(reply.body).message);
        assert.equal(seen.length, 0);
    });
}

test('a body that is not JSON is 400, and a base64 body is read', async () => {
    const broken = await handler(event('POST', '/entries', undefined, { body: '{"date":' }));
    assert.equal(broken.statusCode, 400);
    const body = Buffer.from(JSON.stringify(kEntry)).toString('base64');
    const encoded = event('POST', '/entries', undefined, { body, isBase64Encoded: true });
    assert.equal((await handler(encoded)).statusCode, 201);
});

test('ids that are no uuid, other paths and other methods are refused', async () => {
    assert.equal((await handler(event('DELETE', '/entries/../x'))).statusCode, 404);
    assert.equal((await handler(event('DELETE', '/entries/1'))).statusCode, 400);
    assert.equal((await handler(event('GET', '/other'))).statusCode, 404);
    assert.equal((await handler(event('PATCH', '/entries'))).statusCode, 405);
});

test('without a subject or credentials nothing is asked of the store', async () => {
    const no_subject = event('GET', '/entries');
    no_subject.requestContext.authorizer = {};
    assert.equal((await handler(no_subject)).statusCode, 401);
    const no_credentials = event('GET', '/entries');
    delete no_credentials.requestContext.domicile;
    assert.equal((await handler(no_credentials)).statusCode, 403);
    assert.equal(seen.length, 0);
});

test('errors of the store keep their detail to themselves', async (context) => {
    context.mock.method(console, 'error', () => {});
    failure = { status: 500, type: 'InternalServerError' };
    const busy = await handler(event('GET', '/entries'));
    assert.equal(busy.statusCode, 503);
    assert.equal(busy.headers['retry-after'], '2');
    failure = { status: 400, type: 'AccessDeniedException' };
    assert.equal((await handler(event('GET', '/entries'))).statusCode, 403);
    failure = { status: 400, type: 'ValidationException' };
    const reply = await handler(event('GET', '/entries'));
    assert.equal(reply.statusCode, 500);
    assert.ok(!reply.body.includes('secret detail'));
});
