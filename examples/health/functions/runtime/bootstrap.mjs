// A Lambda runtime in one file: it loads a handler and runs it for each invocation that the
// platform hands out over the Lambda Runtime API (version 2018-06-01).
//
//     cd diary && node ../runtime/bootstrap.mjs index.handler
//
// It talks plain node:http and not fetch: `next` blocks without a time limit, and fetch gives up
// on an answer after five minutes.

import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const kPrefix = '/2018-06-01/runtime';

/** One request to the Runtime API over a kept-alive connection; resolves to {status, headers, body}. */
export function runtime_api(address) {
    const at = address.lastIndexOf(':');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
    return (method, route, body) =>
        new Promise((resolve, reject) => {
            const payload = body === undefined ? undefined : Buffer.from(body);
            const headers = payload
                ? { 'content-type': 'application/json', 'content-length': payload.length }
                : {};
            const request = http.request(
                {
                    agent,
                    host: address.slice(0, at),
                    port: Number(address.slice(at + 1)),
                    method,
                    path: kPrefix + route,
                    headers,
                },
                (response) => {
                    const parts = [];
                    response.on('data', (part) => parts.push(part));
                    response.on('error', reject);
                    response.on('end', () =>
                        resolve({
                            status: response.statusCode,
                            headers: response.headers,
                            body: Buffer.concat(parts).toString('utf8'),
                        }),
                    );
                },
            );
            request.on('error', reject);
            request.end(payload);
        });
}

/** The error document of the Runtime API. */
export function describe_error(error) {
    if (!(error instanceof Error)) {
        return { errorType: typeof error, errorMessage: String(error), stackTrace: [] };
    }
    return {
        errorType: error.name || 'Error',
        errorMessage: error.message,
        stackTrace: (error.stack ?? '').split('\n').slice(1),
    };
}

function parse_optional(text) {
    return text === undefined ? undefined : JSON.parse(text);
}

function make_context(headers) {
    const deadline_ms = Number(headers['lambda-runtime-deadline-ms']);
    const name = process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'function';
    return {
        awsRequestId: headers['lambda-runtime-aws-request-id'],
        invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
        functionName: name,
        functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION ?? '$LATEST',
        memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? '',
        logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME ?? `/aws/lambda/${name}`,
        logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME ?? '',
        clientContext: parse_optional(headers['lambda-runtime-client-context']),
        identity: parse_optional(headers['lambda-runtime-cognito-identity']),
        callbackWaitsForEmptyEventLoop: true,
        getRemainingTimeInMillis: () => Math.max(0, deadline_ms - Date.now()),
    };
}

/** Runs a handler of either shape: async (event, context), or (event, context, callback). */
export function call_handler(handler, event, context) {
    if (handler.length < 3) {
        return Promise.resolve().then(() => handler(event, context));
    }
    return new Promise((resolve, reject) => {
        handler(event, context, (error, result) => (error ? reject(error) : resolve(result)));
    });
}

/** Takes one invocation, runs it, and delivers its result or its error. */
export async function serve_one(call, handler) {
    const next = await call('GET', '/invocation/next');
    const id = next.headers['lambda-runtime-aws-request-id'];
    if (next.status !== 200 || !id) {
        throw new Error(`the Runtime API answered ${next.status} to next`);
    }
    process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'] ?? '';

    let outcome = 'response';
    let body;
    try {
        const context = make_context(next.headers);
        const result = await call_handler(handler, JSON.parse(next.body), context);
        body = JSON.stringify(result) ?? 'null';
    } catch (error) {
        outcome = 'error';
        body = JSON.stringify(describe_error(error));
    }
    // A refusal here (413, or an invocation past its deadline) concerns this invocation alone:
    // the platform has already answered its caller, and the next one is due.
    await call('POST', `/invocation/${encodeURIComponent(id)}/${outcome}`, body);
}

/** `index.handler` names the export `handler` of index.mjs (or index.js) in the function's folder. */
export async function load_handler(name) {
    const dot = name.lastIndexOf('.');
    if (dot < 1) {
        throw new Error(`"${name}" is not of the form file.export`);
    }
    const root = process.env.LAMBDA_TASK_ROOT || process.cwd();
    const file = path.resolve(root, name.slice(0, dot));
    let module;
    for (const extension of ['.mjs', '.js', '.cjs']) {
        try {
            module = await import(pathToFileURL(file + extension).href);
            break;
        } catch (error) {
            const absent =
                error.code === 'ERR_MODULE_NOT_FOUND' && error.message.includes(file + extension);
            if (!absent) throw error;
        }
    }
    const found = name.slice(dot + 1);
    const handler = module?.[found] ?? module?.default?.[found];
    if (typeof handler !== 'function') {
        throw new Error(`no handler ${name} in the function's folder`);
    }
    return handler;
}

async function main() {
    const address = process.env.AWS_LAMBDA_RUNTIME_API;
    if (!address) {
        throw new Error('AWS_LAMBDA_RUNTIME_API is not set: this is started by the platform');
    }
    const call = runtime_api(address);
    let handler;
    try {
        handler = await load_handler(process.argv[2] ?? process.env._HANDLER ?? 'index.handler');
    } catch (error) {
        await call('POST', '/init/error', JSON.stringify(describe_error(error)));
        throw error;
    }
    for (;;) {
        await serve_one(call, handler);
    }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
    main().catch((error) => {
        // The name and text of a runtime error only: a handler's own errors go to the platform.
        console.error(`runtime: ${error.name}: ${error.message}`);
        process.exit(1);
    });
}
