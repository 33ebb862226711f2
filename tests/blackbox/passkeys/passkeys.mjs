// Passkeys in Chromium, whose virtual authenticator makes and uses them, with the AWS SDK for
// JavaScript in the page:
//   node passkeys.mjs '{"endpoints": {REGION: URL}, "client_id", "username", "access_token", ...}'
// Any check that fails ends it with an error.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { add_authenticator } from './authenticator.mjs';
// The demo's page is built with it.
import { rolldown } from '../../../examples/health/web/node_modules/rolldown/dist/index.mjs';

const given = JSON.parse(process.argv[2]);
const [EU, US, AU] = ['eu-central-1', 'us-east-2', 'ap-southeast-2'];

async function bundle() {
    const input = new URL('page.mjs', import.meta.url).pathname;
    const made = await rolldown({ input, platform: 'browser' });
    const { output } = await made.generate({ format: 'iife' });
    return output[0].code;
}

const script = await bundle();
const server = createServer((request, reply) => {
    const is_script = request.url === '/page.js';
    reply.setHeader('Content-Type', is_script ? 'text/javascript' : 'text/html');
    reply.end(is_script ? script : '<!doctype html><title>A page</title><script src="/page.js"></script>');
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const origin = (host) => `http://${host}:${server.address().port}/`;

const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
const page = await (await browser.newContext()).newPage();
page.setDefaultTimeout(15_000);
const { devtools, authenticatorId } = await add_authenticator(page);

/** In the page; an error of the service is {error, message}. */
const call = (region, name, input) =>
    page.evaluate(
        async ([endpoint, name, input]) => {
            try {
                return await window.call(endpoint, name, input);
            } catch (error) {
                return { error: error.name, message: error.message };
            }
        },
        [given.endpoints[region], name, input],
    );
async function done(region, name, input) {
    const answer = await call(region, name, input);
    assert.equal(answer.error, undefined, `${name}: ${answer.error} ${answer.message}`);
    return answer;
}
async function refused(error, region, name, input) {
    const answer = await call(region, name, input);
    assert.equal(answer.error, error, `${name}: ${JSON.stringify(answer)}`);
    return answer.message;
}
const create = (options) =>
    page.evaluate(async (options) => {
        const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
        return (await navigator.credentials.create({ publicKey })).toJSON();
    }, options);
const get = (options) =>
    page.evaluate(async (options) => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(options));
        return (await navigator.credentials.get({ publicKey })).toJSON();
    }, options);

const access = { AccessToken: given.access_token };
const begin = (region, username, preferred) =>
    done(region, 'InitiateAuth', {
        AuthFlow: 'USER_AUTH',
        ClientId: given.client_id,
        AuthParameters: { USERNAME: username, ...(preferred && { PREFERRED_CHALLENGE: preferred }) },
    });
async function answer_to(asked, username = given.username) {
    const credential = await get(asked.ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS);
    return {
        ChallengeName: asked.ChallengeName,
        ClientId: given.client_id,
        Session: asked.Session,
        ChallengeResponses: { USERNAME: username, ANSWER: 'WEB_AUTHN', CREDENTIAL: JSON.stringify(credential) },
    };
}
const kWrong = 'Incorrect username or password.';

async function make_one() {
    const { CredentialCreationOptions: options } = await done(US, 'StartWebAuthnRegistration', access);
    assert.equal(options.rp.id, 'localhost');
    const credential = await create(options);
    await done(AU, 'CompleteWebAuthnRegistration', { ...access, Credential: credential });
    await refused('WebAuthnChallengeNotFoundException', EU, 'CompleteWebAuthnRegistration', {
        ...access,
        Credential: credential,
    });
    const { Credentials: list } = await done(EU, 'ListWebAuthnCredentials', access);
    assert.equal(list.length, 1);
    assert.equal(list[0].CredentialId, credential.id);
    assert.equal(list[0].RelyingPartyId, 'localhost');
    assert.deepEqual(list[0].AuthenticatorTransports, ['internal']);
    const factors = await done(AU, 'GetUserAuthFactors', access);
    assert.deepEqual(factors.ConfiguredUserAuthFactors, ['PASSWORD', 'WEB_AUTHN']);
    // The authenticator does not make a second one for the same person.
    const { CredentialCreationOptions: again } = await done(EU, 'StartWebAuthnRegistration', access);
    await assert.rejects(create(again), /InvalidStateError/);
    return credential.id;
}

async function sign_in(first, second, preferred) {
    const asked = await begin(first, given.username, preferred);
    assert.equal(asked.ChallengeName, preferred ?? 'SELECT_CHALLENGE');
    assert.deepEqual(asked.AvailableChallenges, ['PASSWORD', 'PASSWORD_SRP', 'WEB_AUTHN']);
    const answer = await answer_to(asked);
    const { AuthenticationResult: tokens } = await done(second, 'RespondToAuthChallenge', answer);
    const { Username } = await done(first, 'GetUser', { AccessToken: tokens.AccessToken });
    assert.equal(Username, given.username);
    const replayed = await refused('NotAuthorizedException', second, 'RespondToAuthChallenge', answer);
    assert.equal(replayed, 'Invalid session for the user, session is expired.');
}

async function refuse_a_copy() {
    const { credentials } = await devtools.send('WebAuthn.getCredentials', { authenticatorId });
    const [mine] = credentials;
    const with_counter = async (signCount) => {
        await devtools.send('WebAuthn.removeCredential', { authenticatorId, credentialId: mine.credentialId });
        await devtools.send('WebAuthn.addCredential', { authenticatorId, credential: { ...mine, signCount } });
    };
    await with_counter(0);
    const answer = await answer_to(await begin(EU, given.username, 'WEB_AUTHN'));
    assert.equal(await refused('NotAuthorizedException', US, 'RespondToAuthChallenge', answer), kWrong);
    await with_counter(mine.signCount + 1);
}

async function refuse_the_unknown() {
    const asked = await begin(US, given.nobody, 'WEB_AUTHN');
    assert.deepEqual(asked.AvailableChallenges, ['PASSWORD', 'PASSWORD_SRP', 'WEB_AUTHN']);
    const answer = await answer_to(asked, given.nobody);
    assert.equal(await refused('NotAuthorizedException', AU, 'RespondToAuthChallenge', answer), kWrong);
}

async function refuse_another_relying_party() {
    await page.goto(origin('app.localhost'));
    const { CredentialCreationOptions: options } = await done(EU, 'StartWebAuthnRegistration', access);
    const credential = await create({ ...options, rp: { ...options.rp, id: 'app.localhost' } });
    await refused('WebAuthnRelyingPartyMismatchException', EU, 'CompleteWebAuthnRegistration', {
        ...access,
        Credential: credential,
    });
    await page.goto(origin('localhost'));
}

async function remove(id) {
    await done(US, 'DeleteWebAuthnCredential', { ...access, CredentialId: id });
    await refused('ResourceNotFoundException', AU, 'DeleteWebAuthnCredential', { ...access, CredentialId: id });
    const { Credentials: list } = await done(AU, 'ListWebAuthnCredentials', access);
    assert.deepEqual(list, []);
    const answer = await answer_to(await begin(EU, given.username, 'WEB_AUTHN'));
    assert.equal(await refused('NotAuthorizedException', EU, 'RespondToAuthChallenge', answer), kWrong);
}

try {
    await page.goto(origin('localhost'));
    const id = await make_one();
    await sign_in(AU, US, 'WEB_AUTHN');
    await sign_in(EU, AU);
    await refuse_a_copy();
    await sign_in(US, EU, 'WEB_AUTHN');
    await refuse_the_unknown();
    await refuse_another_relying_party();
    await remove(id);
} finally {
    await browser.close();
    server.close();
}
