// Signs somebody in with a code that is mailed, by the AWS SDK for JavaScript:
//   node email_otp.mjs '{"endpoints": {REGION: URL}, "first", "second", "client_id", "username"}'
// Writes what it was asked, reads the code from its input, and writes what came of it.

import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { createInterface } from 'node:readline/promises';

const given = JSON.parse(process.argv[2]);
const client = (region) =>
    new cognito.CognitoIdentityProviderClient({
        endpoint: given.endpoints[region],
        region,
        credentials: { accessKeyId: 'none', secretAccessKey: 'none' },
        maxAttempts: 1,
    });
const [first, second] = [client(given.first), client(given.second)];

const { $metadata, ...asked } = await first.send(
    new cognito.InitiateAuthCommand({
        AuthFlow: 'USER_AUTH',
        ClientId: given.client_id,
        AuthParameters: { USERNAME: given.username, PREFERRED_CHALLENGE: 'EMAIL_OTP' },
    }),
);
console.log(JSON.stringify(asked));
const input = createInterface({ input: process.stdin });
const { value: code } = await input[Symbol.asyncIterator]().next();
input.close();

const answer = new cognito.RespondToAuthChallengeCommand({
    ChallengeName: asked.ChallengeName,
    ClientId: given.client_id,
    Session: asked.Session,
    ChallengeResponses: { USERNAME: given.username, EMAIL_OTP_CODE: code },
});
const { AuthenticationResult: tokens } = await second.send(answer);
const access = { AccessToken: tokens.AccessToken };
const user = await first.send(new cognito.GetUserCommand(access));
const factors = await second.send(new cognito.GetUserAuthFactorsCommand(access));
const again = await second.send(answer).catch((error) => error.name);
console.log(JSON.stringify({ username: user.Username, factors: factors.ConfiguredUserAuthFactors, again }));
