// Runs a Node handler for domicile: `node index.mjs FILE.EXPORT`, in the function's folder. Handlers
// are Lambda's, unchanged. Unlike AWS's runtime it has one connection on which events come and answers
// go (docs/formats/feed.md), so that as many events as the function's `concurrency.per_process` says
// are worked on at once, and what happens in one turn of the event loop takes one read and one write.
import { request } from 'node:http';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { existsSync } from 'node:fs';

const { env } = process;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const several = Number(env.AWS_LAMBDA_MAX_CONCURRENCY ?? 1) > 1;
const HEAD_OF_EVENT = 8, HEAD_OF_REPLY = 9;
const ANSWER = 0, ERROR = 1;

// ---- The handler -----------------------------------------------------------------------------------

class HandlerNotFound extends Error {
    name = 'Runtime.HandlerNotFound';
}

// "folder/file.export" or "file.export.of.it".
async function loadHandler(name) {
    const slash = name.lastIndexOf('/') + 1;
    const dot = name.indexOf('.', slash);
    if (dot < 0) throw new HandlerNotFound(`${name} is not FILE.EXPORT`);
    const stem = resolve(env.LAMBDA_TASK_ROOT ?? '.', name.slice(0, dot));
    const file = ['.mjs', '.js', '.cjs', ''].map((ending) => stem + ending).find((path) => existsSync(path));
    if (!file) throw new HandlerNotFound(`There is no ${stem}.mjs, .js or .cjs`);
    const module = await import(pathToFileURL(file));
    let found = module;
    for (const part of name.slice(dot + 1).split('.')) found = found?.[part] ?? module.default?.[part];
    if (typeof found !== 'function') throw new HandlerNotFound(`${name} is no function`);
    return found.length > 2 && !found[STREAMS] ? withCallback(found) : found;
}

const withCallback = (handler) => (event, context) => new Promise((done, failed) => {
    const late = handler(event, context, (error, result) => error ? failed(error) : done(result));
    late?.then?.(done, failed);
});

const documentOf = (error) => error instanceof Error
    ? { errorType: error.name, errorMessage: error.message, trace: error.stack?.split('\n') ?? [] }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };

// ---- Answers that stream, over the Runtime API -------------------------------------------------------

const STREAMS = Symbol.for('aws.lambda.runtime.handler.streaming');
globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse: (handler) => Object.assign(handler, { [STREAMS]: true }),
    HttpResponseStream: {
        from(stream, prelude) {
            stream.setContentType('application/vnd.awslambda.http-integration-response');
            stream.write(JSON.stringify(prelude));
            stream.write(Buffer.alloc(8));
            return stream;
        },
    },
};

function stream(handler, event, context) {
    const type = 'Lambda-Runtime-Function-Error-Type', body = 'Lambda-Runtime-Function-Error-Body';
    const out = request({
        host, port, method: 'POST', path: `/2018-06-01/runtime/invocation/${context.awsRequestId}/response`,
        headers: {
            'Content-Type': 'application/octet-stream', 'Transfer-Encoding': 'chunked',
            'Lambda-Runtime-Function-Response-Mode': 'streaming', Trailer: [type, body],
        },
    });
    out.setContentType = (wanted) => out.setHeader('Content-Type', wanted);
    out.on('response', (response) => response.resume()).on('error', () => {});
    Promise.resolve(handler(event, out, context)).then(() => out.end(), (error) => {
        const document = documentOf(error);
        out.addTrailers({ [type]: document.errorType,
            [body]: Buffer.from(JSON.stringify(document)).toString('base64') });
        out.end();
    });
}

// ---- Replies: those of one turn leave together -------------------------------------------------------

let socket, outgoing = Buffer.allocUnsafe(1 << 16), used = 0, scheduled = false;

function reply(number, kind, text) {
    const most = HEAD_OF_REPLY + text.length * 3;  // a UTF-16 unit has at most three bytes of UTF-8
    if (used + most > outgoing.length) {
        flush();
        if (most > outgoing.length) outgoing = Buffer.allocUnsafe(most);
    }
    const bytes = outgoing.write(text, used + HEAD_OF_REPLY);
    outgoing.writeUInt32LE(number, used);
    outgoing[used + 4] = kind;
    outgoing.writeUInt32LE(bytes, used + 5);
    used += HEAD_OF_REPLY + bytes;
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
        scheduled = false;
        flush();
    });
}

// The socket has the bytes until they are written: it gets a space of its own when it keeps them.
function flush() {
    if (used === 0) return;
    socket.write(outgoing.subarray(0, used));
    used = 0;
    if (socket.writableLength > 0) outgoing = Buffer.allocUnsafe(1 << 16);
}

// ---- Events ------------------------------------------------------------------------------------------

class Context {
    functionName = env.AWS_LAMBDA_FUNCTION_NAME;
    functionVersion = env.AWS_LAMBDA_FUNCTION_VERSION;
    memoryLimitInMB = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
    logGroupName = env.AWS_LAMBDA_LOG_GROUP_NAME;
    logStreamName = env.AWS_LAMBDA_LOG_STREAM_NAME;
    callbackWaitsForEmptyEventLoop = false;
    #deadline;
    constructor(awsRequestId, deadline, arn, clientContext) {
        this.awsRequestId = awsRequestId;
        this.invokedFunctionArn = arn;
        this.clientContext = clientContext === '' ? undefined
            : JSON.parse(Buffer.from(clientContext, 'base64').toString());
        this.identity = undefined;
        this.#deadline = deadline;
    }
    getRemainingTimeInMillis() {
        return this.#deadline - Date.now();
    }
}

async function run(handler, arn, number, text) {
    const ends = [];
    for (let at = -1; ends.length < 4;) ends.push(at = text.indexOf('\n', at + 1));
    const trace = text.slice(ends[1] + 1, ends[2]);
    try {
        const context = new Context(text.slice(0, ends[0]), Number(text.slice(ends[0] + 1, ends[1])), arn,
            text.slice(ends[2] + 1, ends[3]));
        const event = JSON.parse(text.slice(ends[3] + 1));
        if (!several) env._X_AMZN_TRACE_ID = trace;  // one for the whole process
        if (handler[STREAMS]) return stream(handler, event, context);
        const result = await handler(event, context);
        reply(number, ANSWER, JSON.stringify(result) ?? 'null');
    } catch (error) {
        console.error('Invoke Error', error);
        reply(number, ERROR, JSON.stringify(documentOf(error)));
    }
}

function take(handler, arn) {
    let parts = [], have = 0, wanted = HEAD_OF_EVENT;
    return (bytes) => {
        parts.push(bytes);
        have += bytes.length;
        if (have < wanted) return;
        const all = parts.length === 1 ? bytes : Buffer.concat(parts, have);
        let at = 0;
        for (; ; at += wanted) {
            const left = all.length - at;
            wanted = left < HEAD_OF_EVENT ? HEAD_OF_EVENT : HEAD_OF_EVENT + all.readUInt32LE(at + 4);
            if (left < wanted) break;
            run(handler, arn, all.readUInt32LE(at), all.toString('utf8', at + HEAD_OF_EVENT, at + wanted));
        }
        parts = at < all.length ? [all.subarray(at)] : [];
        have = all.length - at;
    };
}

async function start() {
    let handler;
    try {
        handler = await loadHandler(env._HANDLER ?? process.argv[2]);
    } catch (error) {
        console.error('Init Error', error);
        const failed = request({ host, port, method: 'POST', path: '/2018-06-01/runtime/init/error' });
        failed.on('close', () => process.exit(1)).on('error', () => process.exit(1));
        failed.end(JSON.stringify(documentOf(error)));
        return;
    }
    request({ host, port, path: '/domicile/feed', headers: { Connection: 'Upgrade', Upgrade: 'domicile-feed' } })
        .on('upgrade', (response, connection, head) => {
            socket = connection;
            const taken = take(handler, response.headers['domicile-function-arn']);
            connection.setNoDelay(true);
            connection.on('data', taken).on('end', () => process.exit(0)).on('error', () => process.exit(1));
            if (head.length > 0) taken(head);
        })
        .on('response', (response) => {
            console.error(`The region does not take this runtime: ${response.statusCode}`);
            process.exit(1);
        })
        .on('error', (error) => {
            console.error('Init Error', error);
            process.exit(1);
        })
        .end();
}

await start();
