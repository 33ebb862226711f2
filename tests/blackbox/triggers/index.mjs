// What applications do in Cognito's triggers; each does what the client's data asks for.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export async function signUp(event) {
    switch (event.request.validationData?.what) {
    case 'refuse': throw new Error('Not from here');
    case 'exit': return process.exit(1);
    case 'text': return 'yes';
    case 'word': return { ...event, response: { autoConfirmUser: 'yes' } };
    case 'third': {
        const file = join(tmpdir(), `domicile-trigger-${event.userName}`);
        const tries = existsSync(file) ? Number(readFileSync(file)) : 0;
        if (tries < 2) {
            writeFileSync(file, String(tries + 1));
            return process.exit(1);
        }
        rmSync(file);
    } // falls through
    case 'confirm':
        event.response.autoConfirmUser = event.response.autoVerifyEmail = true;
    }
    return event;
}

export async function confirmed(event) {
    if (event.request.clientMetadata?.fail) throw new Error('Too late');
    return event;
}

export async function before(event) {
    if (event.request.validationData?.what === 'refuse') throw new Error('Not now');
    return event;
}

export const after = async (event) => event;

export async function message(event) {
    const { clientMetadata, codeParameter } = event.request;
    if (clientMetadata?.words === 'own') {
        event.response.emailSubject = event.triggerSource;
        event.response.emailMessage = `<p>${event.region} says ${codeParameter} to {username}</p>`;
    }
    if (clientMetadata?.words === 'without') event.response.emailMessage = 'Your code is a secret.';
    if (clientMetadata?.words === 'long') event.response.emailSubject = 'x'.repeat(141);
    return event;
}

// A former directory: everybody whose name begins with `former-` and the country is in it.
export async function migrate(event) {
    const [, country, email] = /^former-([a-z]{2})-(?:for-)?(.*)$/.exec(event.userName) ?? [];
    const { password } = event.request;
    if (!country || (password !== undefined && password !== 'Former-12345x')) throw new Error('Bad password');
    event.response.userAttributes = {
        email: event.userName.includes('-for-') ? email : event.userName,
        email_verified: 'true',
        'custom:country': country.toUpperCase(),
        name: `migrated in ${event.region}`,
    };
    event.response.finalUserStatus = 'CONFIRMED';
    event.response.messageAction = 'SUPPRESS';
    return event;
}

export async function tokens(event) {
    event.response.claimsAndScopeOverrideDetails = {
        idTokenGeneration: {
            claimsToAddOrOverride: { source: event.triggerSource, sub: 'somebody else' },
            claimsToSuppress: ['custom:country'],
        },
        accessTokenGeneration: {
            claimsToAddOrOverride: {
                ran: { region: event.region, pool: event.userPoolId, client: event.callerContext.clientId },
            },
            scopesToAdd: ['read'],
        },
    };
    return event;
}
