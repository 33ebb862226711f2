// Lambda's and SSM's APIs by the AWS SDK: the function of the example and the ids of its pool.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
    GetFunctionCommand,
    InvokeCommand,
    InvokeWithResponseStreamCommand,
    LambdaClient,
    ListFunctionsCommand,
} from '@aws-sdk/client-lambda';
import {
    GetParameterCommand,
    GetParametersCommand,
    SSMClient,
    paginateGetParametersByPath,
} from '@aws-sdk/client-ssm';
import { target } from './target.mjs';

const lambda = new LambdaClient({ region: target.region, endpoint: target.dynamodb });
const ssm = new SSMClient({ region: target.region, endpoint: target.dynamodb });
after(() => {
    lambda.destroy();
    ssm.destroy();
});
const kName = 'diary';
const kPool = '/domicile/pools/health';

test('functions are listed and described', async () => {
    const { Functions } = await lambda.send(new ListFunctionsCommand({}));
    assert.ok(Functions.some(({ FunctionName }) => FunctionName === kName));
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: kName }));
    assert.equal(Configuration.FunctionName, kName);
    assert.ok(Configuration.FunctionArn.endsWith(`:function:${kName}`));
});

test('an invocation gives what the handler made of it, and the end of its log', async () => {
    const event = { version: '2.0', rawPath: '/nowhere', requestContext: { http: { method: 'GET' } } };
    const result = await lambda.send(
        new InvokeCommand({ FunctionName: kName, Payload: JSON.stringify(event), LogType: 'Tail' }),
    );
    assert.equal(result.StatusCode, 200);
    assert.equal(result.ExecutedVersion, '$LATEST');
    assert.match(Buffer.from(result.LogResult, 'base64').toString(), /^START RequestId: .*REPORT/s);
    assert.equal(typeof JSON.parse(Buffer.from(result.Payload).toString()), 'object');
});

test('a dry run says whether it would be allowed', async () => {
    const dry = { FunctionName: kName, InvocationType: 'DryRun' };
    assert.equal((await lambda.send(new InvokeCommand(dry))).StatusCode, 204);
    await assert.rejects(lambda.send(new InvokeCommand({ ...dry, FunctionName: 'other' })), {
        name: 'ResourceNotFoundException',
    });
});

test('an answer comes as a stream of events, with its end', async () => {
    const { EventStream } = await lambda.send(
        new InvokeWithResponseStreamCommand({ FunctionName: kName, Payload: '{}' }),
    );
    const events = [];
    for await (const event of EventStream) events.push(event);
    assert.ok(events.at(-1).InvokeComplete);
});

test('an event is taken, for later', async () => {
    const event = { FunctionName: kName, InvocationType: 'Event', Payload: '{}' };
    assert.equal((await lambda.send(new InvokeCommand(event))).StatusCode, 202);
});

test('ids of the pool and its clients are parameters', async () => {
    const one = await ssm.send(new GetParameterCommand({ Name: `${kPool}/id` }));
    assert.equal(one.Parameter.Value, target.pool_id);
    const { Parameters, InvalidParameters } = await ssm.send(
        new GetParametersCommand({ Names: ['/none', `${kPool}/id`] }),
    );
    assert.deepEqual(Parameters.map(({ Value }) => Value), [target.pool_id]);
    assert.deepEqual(InvalidParameters, ['/none']);
    await assert.rejects(ssm.send(new GetParameterCommand({ Name: '/none' })), {
        name: 'ParameterNotFound',
    });
});

test('parameters below a path come in pages', async () => {
    const names = [];
    const pages = paginateGetParametersByPath(
        { client: ssm, pageSize: 1 },
        { Path: '/domicile', Recursive: true },
    );
    for await (const page of pages) names.push(...page.Parameters.map(({ Name }) => Name));
    assert.ok(names.length >= 2 && names.includes(`${kPool}/id`));
    assert.deepEqual(names, [...names].sort());
});
