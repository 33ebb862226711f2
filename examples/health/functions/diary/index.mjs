// The diary's backend: the entries of the person who asks, in the document store of the region
// that this function runs in.
//
// The function holds no credentials of its own. Each request brings session credentials that the
// platform bound to the request's subject, so a slip here cannot reach another person's entries:
// the store itself refuses keys that do not begin with that subject.
//
// Table: partition key `subject` (the subject), sort key `entryId`.

import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
    DeleteCommand,
    DynamoDBDocumentClient,
    GetCommand,
    PutCommand,
    QueryCommand,
    UpdateCommand,
} from '@aws-sdk/lib-dynamodb';

const kTable = process.env.DIARY_TABLE ?? 'DiaryEntries';
const kTextCharsMax = 10_000;
const kUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An answer that ends the request early. */
class Refusal extends Error {
    constructor(status, message, field) {
        super(message);
        this.status = status;
        this.field = field;
    }
}

// Connections are shared by all requests, credentials by none: each request gets its own client
// over this one's connection pool.
const shared = new DynamoDBClient({
    region: process.env.AWS_REGION,
    credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' },
});

function store_for(event) {
    const credentials = event.requestContext?.domicile?.credentials;
    if (!credentials) {
        throw new Refusal(403, 'The request carries no session credentials');
    }
    const client = new DynamoDBClient({
        region: process.env.AWS_REGION,
        maxAttempts: 2,
        requestHandler: shared.config.requestHandler,
        credentials: {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: credentials.secretAccessKey,
            sessionToken: credentials.sessionToken,
        },
    });
    return DynamoDBDocumentClient.from(client);
}

function subject_of(event) {
    const subject = event.requestContext?.authorizer?.jwt?.claims?.sub;
    if (typeof subject !== 'string' || subject === '') {
        throw new Refusal(401, 'Unauthorized');
    }
    return subject;
}

function body_of(event) {
    const text = event.isBase64Encoded
        ? Buffer.from(event.body ?? '', 'base64').toString('utf8')
        : (event.body ?? '');
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        throw new Refusal(400, 'The body is not JSON');
    }
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
        throw new Refusal(400, 'The body is not a JSON object');
    }
    return value;
}

function is_date(text) {
    if (typeof text !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
    const time = Date.parse(`${text}T00:00:00Z`);
    // Date.parse rolls 31 February over to March; the round trip finds that out.
    return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function entry_of(event) {
    const { date, mood, text } = body_of(event);
    if (!is_date(date)) {
        throw new Refusal(400, 'date must be a day in the form YYYY-MM-DD', 'date');
    }
    if (!Number.isInteger(mood) || mood < 1 || mood > 5) {
        throw new Refusal(400, 'mood must be a whole number from 1 to 5', 'mood');
    }
    if (typeof text !== 'string' || text.trim() === '' || text.length > kTextCharsMax) {
        throw new Refusal(400, `text must have 1 to ${kTextCharsMax} characters`, 'text');
    }
    return { date, mood, text };
}

async function list_entries(store, subject) {
    const entries = [];
    let from;
    do {
        const page = await store.send(
            new QueryCommand({
                TableName: kTable,
                KeyConditionExpression: '#subject = :subject',
                ExpressionAttributeNames: { '#subject': 'subject' },
                ExpressionAttributeValues: { ':subject': subject },
                ExclusiveStartKey: from,
            }),
        );
        for (const { entryId, date, mood, text } of page.Items ?? []) {
            entries.push({ entryId, date, mood, text });
        }
        from = page.LastEvaluatedKey;
    } while (from);
    const order = (a, b) => (a < b ? 1 : a > b ? -1 : 0);
    entries.sort((a, b) => order(a.date, b.date) || order(a.entryId, b.entryId));
    return answer(200, { entries });
}

async function create_entry(store, subject, event) {
    const entry = { entryId: randomUUID(), ...entry_of(event) };
    await store.send(new PutCommand({ TableName: kTable, Item: { subject, ...entry } }));
    return answer(201, entry);
}

async function change_entry(store, subject, entryId, event) {
    const entry = entry_of(event);
    const key = { TableName: kTable, Key: { subject, entryId } };
    // Read first, so that a change of an entry deleted elsewhere says so. A deletion between the
    // two calls brings the entry back whole, which loses nothing that somebody wrote.
    const found = await store.send(new GetCommand({ ...key, ConsistentRead: true }));
    if (!found.Item) {
        throw new Refusal(404, 'There is no such entry');
    }
    await store.send(
        new UpdateCommand({
            ...key,
            UpdateExpression: 'SET #date = :date, #mood = :mood, #text = :text',
            ExpressionAttributeNames: { '#date': 'date', '#mood': 'mood', '#text': 'text' },
            ExpressionAttributeValues: {
                ':date': entry.date,
                ':mood': entry.mood,
                ':text': entry.text,
            },
        }),
    );
    return answer(200, { entryId, ...entry });
}

async function delete_entry(store, subject, entryId) {
    await store.send(new DeleteCommand({ TableName: kTable, Key: { subject, entryId } }));
    return { statusCode: 204, headers: { 'cache-control': 'no-store' } };
}

function answer(statusCode, value, more = {}) {
    return {
        statusCode,
        headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...more },
        body: JSON.stringify(value),
    };
}

function route(event) {
    const method = event.requestContext?.http?.method;
    const parts = (event.rawPath ?? '').split('/').filter((part) => part !== '');
    if (parts[0] !== 'entries' || parts.length > 2) {
        throw new Refusal(404, 'Not Found');
    }
    if (parts.length === 1) {
        if (method === 'GET') return list_entries(store_for(event), subject_of(event));
        if (method === 'POST') return create_entry(store_for(event), subject_of(event), event);
    } else {
        const id = parts[1].toLowerCase();
        if (!kUuid.test(id)) throw new Refusal(400, 'entryId must be a UUID', 'entryId');
        if (method === 'PUT') return change_entry(store_for(event), subject_of(event), id, event);
        if (method === 'DELETE') return delete_entry(store_for(event), subject_of(event), id);
    }
    throw new Refusal(405, 'Method Not Allowed');
}

export async function handler(event) {
    try {
        return await route(event);
    } catch (error) {
        if (error instanceof Refusal) {
            const field = error.field ? { field: error.field } : {};
            return answer(error.status, { message: error.message, ...field });
        }
        const status = error.$metadata?.httpStatusCode;
        // The name alone: the text of a store's error may quote a key.
        console.error(`diary: ${error.name} (${status ?? 'no answer'})`);
        if (error.name === 'AccessDeniedException') {
            return answer(403, { message: 'Forbidden' });
        }
        if (status === undefined || status >= 500 || status === 429) {
            return answer(503, { message: 'The store is busy; try again' }, { 'retry-after': '2' });
        }
        return answer(500, { message: 'Internal Server Error' });
    }
}
