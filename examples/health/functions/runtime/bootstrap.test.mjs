import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, test } from 'node:test';

const kBootstrap = path.join(import.meta.dirname, 'bootstrap.mjs');

/** A platform: hands out the queued events, then holds `next` open, and collects what comes back. */
class FakeRuntimeApi {
    queue = [];
    posts = [];
    #waiting = [];
    server = http.createServer(async (request, response) => {
        if (request.method === 'GET' && request.url === '/2018-06-01/runtime/invocation/next') {
            const event = this.queue.shift();
            if (!event) return;
            response.writeHead(200, {
                'content-type': 'application/json',
                'lambda-runtime-aws-request-id': event.id,
                'lambda-runtime-deadline-ms': String(event.deadline_ms),
                'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:x:1:function:f',
                'lambda-runtime-trace-id': 'Root=1-2-3',
            });
            response.end(JSON.stringify(event.payload));
            return;
        }
        let body = '';
        for await (const part of request) body += part;
        response.writeHead(202).end('{"status":"OK"}');
        this.posts.push({ url: request.url, body: JSON.parse(body) });
        this.#waiting = this.#waiting.filter((check) => !check());
    });
    /** The first `count` posts, as soon as they are there. */
    wait_for(count) {
        return new Promise((resolve) => {
            const check = () => this.posts.length >= count && (resolve(this.posts), true);
            if (!check()) this.#waiting.push(check);
        });
    }
}

let folder;
let api;
let child;
before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'bootstrap-test-'));
    const source = `
        export async function echo(event, context) {
            return {
                event,
                id: context.awsRequestId,
                arn: context.invokedFunctionArn,
                left: context.getRemainingTimeInMillis(),
                trace: process.env._X_AMZN_TRACE_ID,
            };
        }
        export async function moody(event) {
            if (event.fail) throw new RangeError('too much');
        }
        export function old(event, context, callback) {
            setImmediate(() => callback(event.fail ? new Error('no') : null, 'done'));
        }`;
    await writeFile(path.join(folder, 'index.mjs'), source);
    await writeFile(path.join(folder, 'broken.mjs'), 'throw new TypeError("cannot start");');
});
after(() => rm(folder, { recursive: true }));
afterEach(() => {
    child.kill('SIGKILL');
    api.server.closeAllConnections();
    api.server.close();
});

async function start(handler, events) {
    api = new FakeRuntimeApi();
    api.queue.push(...events);
    await new Promise((resolve) => api.server.listen(0, '127.0.0.1', resolve));
    child = spawn(process.execPath, [kBootstrap, handler], {
        cwd: folder,
        stdio: 'ignore',
        env: {
            PATH: process.env.PATH,
            AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.server.address().port}`,
        },
    });
}

test('results are posted under their request id, one after the other', async () => {
    await start('index.echo', [
        { id: 'a-1', deadline_ms: Date.now() + 1e6, payload: { text: 'Grüße 🌿' } },
        { id: 'a-2', deadline_ms: 1, payload: [2] },
    ]);
    const [first, second] = await api.wait_for(2);
    assert.equal(first.url, '/2018-06-01/runtime/invocation/a-1/response');
    assert.deepEqual(first.body.event, { text: 'Grüße 🌿' });
    assert.equal(first.body.id, 'a-1');
    assert.equal(first.body.arn, 'arn:aws:lambda:x:1:function:f');
    assert.equal(first.body.trace, 'Root=1-2-3');
    assert.ok(first.body.left > 0);
    assert.equal(second.url, '/2018-06-01/runtime/invocation/a-2/response');
    assert.equal(second.body.left, 0);
});

test('a handler that throws is reported, and the next invocation is served', async () => {
    await start('index.moody', [
        { id: 'b-1', deadline_ms: 1, payload: { fail: true } },
        { id: 'b-2', deadline_ms: 1, payload: {} },
    ]);
    const [first, second] = await api.wait_for(2);
    assert.equal(first.url, '/2018-06-01/runtime/invocation/b-1/error');
    assert.equal(first.body.errorType, 'RangeError');
    assert.equal(first.body.errorMessage, 'too much');
    assert.ok(Array.isArray(first.body.stackTrace));
    assert.equal(second.url, '/2018-06-01/runtime/invocation/b-2/response');
    assert.equal(second.body, null);
});

test('a handler with a callback works', async () => {
    await start('index.old', [
        { id: 'c-1', deadline_ms: 1, payload: {} },
        { id: 'c-2', deadline_ms: 1, payload: { fail: true } },
    ]);
    const [first, second] = await api.wait_for(2);
    assert.equal(first.body, 'done');
    assert.match(second.url, /c-2\/error$/);
});

for (const [what, handler, type] of [
    ['a module that throws while it loads', 'broken.handler', 'TypeError'],
    ['a missing export', 'index.nothing', 'Error'],
    ['a missing file', 'absent.handler', 'Error'],
]) {
    test(`${what} is an init error, and the process ends`, async () => {
        await start(handler, []);
        const ended = new Promise((resolve) => child.on('exit', resolve));
        const [post] = await api.wait_for(1);
        assert.equal(post.url, '/2018-06-01/runtime/init/error');
        assert.equal(post.body.errorType, type);
        assert.equal(await ended, 1);
    });
}
