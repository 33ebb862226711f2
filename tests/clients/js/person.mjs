// A new person at the user pool, by the AWS SDK, with the SRP of Cognito's own browser client.

import { createHmac, randomBytes } from 'node:crypto';
import {
    CognitoIdentityProviderClient,
    ConfirmSignUpCommand,
    InitiateAuthCommand,
    RespondToAuthChallengeCommand,
    SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRequire } from 'node:module';
import { target } from './target.mjs';

const require = createRequire(import.meta.url);
const AuthenticationHelper = require('amazon-cognito-identity-js/lib/AuthenticationHelper').default;
const BigInteger = require('amazon-cognito-identity-js/lib/BigInteger').default;
const DateHelper = require('amazon-cognito-identity-js/lib/DateHelper').default;

export const idp = new CognitoIdentityProviderClient({
    region: target.region,
    endpoint: target.idp,
    // These operations are unsigned; without this the SDK would look for credentials.
    credentials: { accessKeyId: 'unsigned', secretAccessKey: 'unsigned' },
});

export function new_person() {
    return {
        email: `js-${randomBytes(6).toString('hex')}@example.org`,
        password: `Wombat-${randomBytes(6).toString('hex')}-7x`,
    };
}

export function sign_up({ email, password, country = target.country }) {
    return idp.send(
        new SignUpCommand({
            ClientId: target.client_id,
            Username: email,
            Password: password,
            UserAttributes: [
                { Name: 'email', Value: email },
                { Name: 'custom:country', Value: country },
            ],
        }),
    );
}

/** The six digits of the newest mail to this person; mails are sent soon after the reply. */
export async function read_code({ email }) {
    const deadline = Date.now() + 10_000;
    while (Date.now() < deadline) {
        const { mails } = await (await fetch(target.outbox)).json();
        const mine = mails
            .filter(({ to }) => to === email)
            .sort((a, b) => (a.sent_at < b.sent_at ? 1 : -1));
        const code = mine[0] && /\b\d{6}\b/.exec(mine[0].text);
        if (code) return code[0];
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('no mail with a code arrived');
}

export async function confirm(person) {
    return idp.send(
        new ConfirmSignUpCommand({
            ClientId: target.client_id,
            Username: person.email,
            ConfirmationCode: await read_code(person),
        }),
    );
}

/** USER_SRP_AUTH and PASSWORD_VERIFIER; resolves to the AuthenticationResult. */
export async function sign_in({ email, password }) {
    const pool_name = target.pool_id.split('_')[1];
    const helper = new AuthenticationHelper(pool_name);
    const large_a = await promised((done) => helper.getLargeAValue(done));
    const challenge = await idp.send(
        new InitiateAuthCommand({
            ClientId: target.client_id,
            AuthFlow: 'USER_SRP_AUTH',
            AuthParameters: { USERNAME: email, SRP_A: large_a.toString(16) },
        }),
    );
    const given = challenge.ChallengeParameters;
    const key = await promised((done) =>
        helper.getPasswordAuthenticationKey(
            given.USER_ID_FOR_SRP,
            password,
            new BigInteger(given.SRP_B, 16),
            new BigInteger(given.SALT, 16),
            done,
        ),
    );
    const timestamp = new DateHelper().getNowString();
    const signature = createHmac('sha256', Buffer.from(key))
        .update(pool_name)
        .update(given.USER_ID_FOR_SRP)
        .update(Buffer.from(given.SECRET_BLOCK, 'base64'))
        .update(timestamp)
        .digest('base64');
    const reply = await idp.send(
        new RespondToAuthChallengeCommand({
            ClientId: target.client_id,
            ChallengeName: challenge.ChallengeName,
            Session: challenge.Session,
            ChallengeResponses: {
                USERNAME: given.USER_ID_FOR_SRP,
                PASSWORD_CLAIM_SECRET_BLOCK: given.SECRET_BLOCK,
                PASSWORD_CLAIM_SIGNATURE: signature,
                TIMESTAMP: timestamp,
            },
        }),
    );
    return reply.AuthenticationResult;
}

function promised(run) {
    return new Promise((resolve, reject) => {
        run((error, value) => (error ? reject(error) : resolve(value)));
    });
}

/** The claims of a token, unverified. */
export function claims_of(token) {
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));
}
