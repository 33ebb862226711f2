import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import {
    ConfirmSignUpCommand,
    GetTokensFromRefreshTokenCommand,
    GetUserCommand,
    GlobalSignOutCommand,
    InitiateAuthCommand,
    ResendConfirmationCodeCommand,
    RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { claims_of, confirm, idp, new_person, read_code, sign_in, sign_up } from './person.mjs';
import { target } from './target.mjs';

const get_user = (token) => idp.send(new GetUserCommand({ AccessToken: token }));
const refresh = (token) =>
    idp.send(
        new GetTokensFromRefreshTokenCommand({ ClientId: target.client_id, RefreshToken: token }),
    );
const refused = (name, message) => (error) => {
    assert.equal(error.name, name);
    assert.equal(error.$metadata.httpStatusCode, 400);
    if (message) assert.equal(error.message, message);
    return true;
};

/** Somebody confirmed, for the tests that need no fresh sign-up. */
const resident = new_person();
let resident_sub;
before(async () => {
    const reply = await sign_up(resident);
    resident_sub = reply.UserSub;
    await confirm(resident);
});

test('a sign-up gives an unconfirmed user, a sub and where the code went', async () => {
    const reply = await sign_up(new_person());
    assert.equal(reply.UserConfirmed, false);
    assert.match(reply.UserSub, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(reply.CodeDeliveryDetails.AttributeName, 'email');
    assert.equal(reply.CodeDeliveryDetails.DeliveryMedium, 'EMAIL');
});

test('a confirmed e-mail signs up again for nobody', async () => {
    const again = { email: resident.email, password: new_person().password };
    const reply = await sign_up(again);
    assert.equal(reply.UserConfirmed, false);
    assert.notEqual(reply.UserSub, resident_sub);
    await assert.rejects(sign_in(again), refused('NotAuthorizedException'));
});

test('a password without digits is refused with the policy in the text', async () => {
    const person = { ...new_person(), password: 'Wombat-wombat' };
    await assert.rejects(
        sign_up(person),
        refused(
            'InvalidPasswordException',
            'Password did not conform with policy: Password must have numeric characters',
        ),
    );
});

test('a wrong code does not confirm, a new one does, and that only once', async () => {
    const person = new_person();
    await sign_up(person);
    const first = await read_code(person);
    const confirm_with = (code) =>
        idp.send(
            new ConfirmSignUpCommand({
                ClientId: target.client_id,
                Username: person.email,
                ConfirmationCode: code,
            }),
        );
    const wrong = first === '000000' ? '000001' : '000000';
    await assert.rejects(confirm_with(wrong), refused('CodeMismatchException'));
    await idp.send(
        new ResendConfirmationCodeCommand({ ClientId: target.client_id, Username: person.email }),
    );
    // The new code is chosen at random: until its mail is there, the old one is the newest.
    let code = first;
    for (const end = Date.now() + 10_000; code === first && Date.now() < end; ) {
        code = await read_code(person);
    }
    await confirm_with(code);
    await assert.rejects(
        confirm_with(code),
        refused('NotAuthorizedException', 'User cannot be confirmed. Current status is CONFIRMED'),
    );
});

test('before it is confirmed, the right password says so and a wrong one does not', async () => {
    const person = new_person();
    await sign_up(person);
    await assert.rejects(sign_in(person), refused('UserNotConfirmedException'));
    await assert.rejects(
        sign_in({ ...person, password: 'Something-else-1' }),
        refused('NotAuthorizedException', 'Incorrect username or password.'),
    );
});

test('SRP sign-in gives tokens that name the home', async () => {
    const tokens = await sign_in(resident);
    assert.equal(tokens.TokenType, 'Bearer');
    assert.equal(tokens.ExpiresIn, 3600);
    const access = claims_of(tokens.AccessToken);
    const id = claims_of(tokens.IdToken);
    assert.equal(access.sub, resident_sub);
    assert.equal(access.token_use, 'access');
    assert.equal(access.client_id, target.client_id);
    assert.equal(access.scope, 'aws.cognito.signin.user.admin');
    assert.equal(access['custom:region'], target.region);
    assert.equal(id.sub, resident_sub);
    assert.equal(id.token_use, 'id');
    assert.equal(id.aud, target.client_id);
    assert.equal(id.email, resident.email);
    assert.equal(id.email_verified, true);
    assert.equal(id['custom:country'], target.country);
    assert.equal(access.origin_jti, id.origin_jti);
    assert.ok(Number.isInteger(access.iat) && access.exp === access.iat + 3600);
});

test('a wrong password and a stranger get the same answer', async () => {
    const answer = refused('NotAuthorizedException', 'Incorrect username or password.');
    await assert.rejects(sign_in({ ...resident, password: 'Something-else-1' }), answer);
    await assert.rejects(sign_in(new_person()), answer);
});

test('GetUser tells the attributes as strings', async () => {
    const { AccessToken } = await sign_in(resident);
    const user = await get_user(AccessToken);
    const attributes = Object.fromEntries(
        user.UserAttributes.map(({ Name, Value }) => [Name, Value]),
    );
    assert.equal(attributes.sub, resident_sub);
    assert.equal(attributes.email, resident.email);
    assert.equal(attributes.email_verified, 'true');
    assert.equal(attributes['custom:country'], target.country);
});

test('a token with a changed claim is refused', async () => {
    const { AccessToken } = await sign_in(resident);
    const [head, , signature] = AccessToken.split('.');
    const claims = { ...claims_of(AccessToken), username: 'somebody@example.org' };
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
    for (const forged of [
        `${head}.${body}.${signature}`,
        `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`,
        'not a token',
    ]) {
        await assert.rejects(get_user(forged), refused('NotAuthorizedException'));
    }
});

test('both ways to refresh keep the subject and the sign-in', async () => {
    const tokens = await sign_in(resident);
    const before = claims_of(tokens.AccessToken);
    const by_flow = await idp.send(
        new InitiateAuthCommand({
            ClientId: target.client_id,
            AuthFlow: 'REFRESH_TOKEN_AUTH',
            AuthParameters: { REFRESH_TOKEN: tokens.RefreshToken },
        }),
    );
    const by_operation = await refresh(tokens.RefreshToken);
    for (const { AuthenticationResult } of [by_flow, by_operation]) {
        const after = claims_of(AuthenticationResult.AccessToken);
        assert.equal(AuthenticationResult.RefreshToken, undefined);
        for (const name of ['sub', 'origin_jti', 'auth_time']) {
            assert.equal(after[name], before[name], name);
        }
        assert.notEqual(after.jti, before.jti);
        await get_user(AuthenticationResult.AccessToken);
    }
});

test('a revoked refresh token takes its access tokens along, and no others', async () => {
    const one = await sign_in(resident);
    const other = await sign_in(resident);
    await get_user(one.AccessToken);
    const revoke = new RevokeTokenCommand({
        ClientId: target.client_id,
        Token: one.RefreshToken,
    });
    await idp.send(revoke);
    await idp.send(revoke);
    await assert.rejects(
        get_user(one.AccessToken),
        refused('NotAuthorizedException', 'Access Token has been revoked'),
    );
    await assert.rejects(
        refresh(one.RefreshToken),
        refused('NotAuthorizedException', 'Refresh Token has been revoked'),
    );
    await get_user(other.AccessToken);
});

test('a global sign-out ends every session of the person', async () => {
    const person = new_person();
    await sign_up(person);
    await confirm(person);
    const one = await sign_in(person);
    const other = await sign_in(person);
    await idp.send(new GlobalSignOutCommand({ AccessToken: one.AccessToken }));
    for (const tokens of [one, other]) {
        await assert.rejects(get_user(tokens.AccessToken), refused('NotAuthorizedException'));
        await assert.rejects(refresh(tokens.RefreshToken), refused('NotAuthorizedException'));
    }
    await sign_in(person);
});

test('an unknown client is not found', async () => {
    const ask = new InitiateAuthCommand({
        ClientId: 'nobody',
        AuthFlow: 'USER_SRP_AUTH',
        AuthParameters: { USERNAME: resident.email, SRP_A: 'abcdef' },
    });
    await assert.rejects(
        idp.send(ask),
        refused('ResourceNotFoundException', 'User pool client nobody does not exist.'),
    );
});
