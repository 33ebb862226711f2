// Who may call at all. Apart from the other tests, since a fake of the service may not check.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { target } from './target.mjs';

const kKey = { subject: { S: 'a' }, entryId: { S: 'b' } };

function ask_with(more) {
    const db = new DynamoDBClient({
        region: target.region,
        endpoint: target.dynamodb,
        maxAttempts: 1,
        ...more,
    });
    return db.send(new GetItemCommand({ TableName: target.table, Key: kKey }));
}

test('a wrong secret does not get in', async () => {
    const credentials = {
        accessKeyId: process.env.AWS_ACCESS_KEY_ID,
        secretAccessKey: 'wrong',
    };
    await assert.rejects(ask_with({ credentials }), (error) => {
        assert.ok(error.$metadata.httpStatusCode >= 400 && error.$metadata.httpStatusCode < 500);
        assert.match(error.name, /InvalidSignatureException|AccessDenied|UnrecognizedClient/);
        return true;
    });
});

test('an unknown key does not get in', async () => {
    const credentials = { accessKeyId: 'AKIANOBODYKNOWSME000', secretAccessKey: 'wrong' };
    await assert.rejects(ask_with({ credentials }), { name: 'UnrecognizedClientException' });
});

test('a clock an hour off does not get in', async () => {
    const ask = ask_with({ systemClockOffset: -3_600_000 });
    await assert.rejects(ask, { name: 'InvalidSignatureException' });
});
