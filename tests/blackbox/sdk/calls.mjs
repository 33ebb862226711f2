// Calls of the AWS SDK for JavaScript for tests in Python, which say what is called:
//   node calls.mjs '{"endpoints": {REGION: URL}, "keys": {REGION: {id, secret}}}'
// Reads lines {"region", "operation", "input"} and writes for each {"output"} or {"error", "message"}.

import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { createInterface } from 'node:readline';

const given = JSON.parse(process.argv[2]);
const clients = Object.fromEntries(
    Object.entries(given.endpoints).map(([region, endpoint]) => {
        const { id, secret } = given.keys[region] ?? { id: 'none', secret: 'none' };
        const credentials = { accessKeyId: id, secretAccessKey: secret };
        const options = { endpoint, region, credentials, maxAttempts: 1 };
        return [region, new cognito.CognitoIdentityProviderClient(options)];
    }),
);

async function answer({ region, operation, input }) {
    try {
        const command = new cognito[`${operation}Command`](input);
        const { $metadata, ...output } = await clients[region].send(command);
        return { output };
    } catch (error) {
        return { error: error.name, message: error.message };
    }
}

for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))));
}
