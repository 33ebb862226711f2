// What somebody does with their own account, by Cognito's own browser client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
    AuthenticationDetails,
    CognitoUser,
    CognitoUserAttribute,
    CognitoUserPool,
} from 'amazon-cognito-identity-js';
import { confirm, new_person, read_code, sign_up } from './person.mjs';
import { target } from './target.mjs';

/** Keeps nothing between users, as browsers with other profiles do. */
function storage() {
    const items = new Map();
    return {
        setItem: (name, value) => items.set(name, value),
        getItem: (name) => items.get(name) ?? null,
        removeItem: (name) => items.delete(name),
        clear: () => items.clear(),
    };
}

function user_of({ email }) {
    const own = storage();
    const pool = new CognitoUserPool({
        UserPoolId: target.pool_id,
        ClientId: target.client_id,
        endpoint: target.idp,
        Storage: own,
    });
    return new CognitoUser({ Username: email, Pool: pool, Storage: own });
}

/** A call that takes {onSuccess, onFailure, ...}. */
const called = (run) =>
    new Promise((onSuccess, onFailure) => {
        run({ onSuccess, onFailure, inputVerificationCode: onSuccess });
    });
/** A call that takes (error, value). */
const answered = (run) =>
    new Promise((resolve, reject) => {
        run((error, value) => (error ? reject(error) : resolve(value)));
    });

const sign_in = (user, { email, password }) =>
    called((callbacks) =>
        user.authenticateUser(
            new AuthenticationDetails({ Username: email, Password: password }),
            callbacks,
        ),
    );

async function settled() {
    const person = new_person();
    await sign_up(person);
    await confirm(person);
    return person;
}

async function new_code(person, used) {
    let code = used;
    for (const end = Date.now() + 10_000; code === used && Date.now() < end; ) {
        code = await read_code(person);
    }
    return code;
}

test('a forgotten password is replaced', async () => {
    const person = await settled();
    const used = await read_code(person);
    const user = user_of(person);
    const sent = await called((callbacks) => user.forgotPassword(callbacks));
    assert.equal(sent.CodeDeliveryDetails.Destination, 'j***@e***');
    const code = await new_code(person, used);
    const wrong = code === '000000' ? '000001' : '000000';
    const confirm_with = (given, password) =>
        called((callbacks) => user.confirmPassword(given, password, callbacks));
    await assert.rejects(confirm_with(wrong, 'Echidna-456-x'), { code: 'CodeMismatchException' });
    await confirm_with(code, 'Echidna-456-x');
    await assert.rejects(sign_in(user_of(person), person), { code: 'NotAuthorizedException' });
    await sign_in(user_of(person), { ...person, password: 'Echidna-456-x' });
});

test('a password is changed, and other sessions end', async () => {
    const person = await settled();
    const user = user_of(person);
    const other = user_of(person);
    await sign_in(user, person);
    await sign_in(other, person);
    await assert.rejects(
        answered((done) => user.changePassword('Wrong-123-x', 'Echidna-456-x', done)),
        { code: 'NotAuthorizedException', message: 'Incorrect username or password.' },
    );
    await answered((done) => user.changePassword(person.password, 'Echidna-456-x', done));
    await answered((done) => user.getUserAttributes(done));
    await assert.rejects(answered((done) => other.getUserAttributes(done)), {
        code: 'NotAuthorizedException',
    });
});

test('attributes are changed, an address in two steps, and the account is left', async () => {
    const person = await settled();
    const user = user_of(person);
    await sign_in(user, person);
    const update = (Name, Value) =>
        answered((done) => user.updateAttributes([new CognitoUserAttribute({ Name, Value })], done));
    const attributes = async () => {
        const list = await answered((done) => user.getUserAttributes(done));
        return Object.fromEntries(list.map(({ Name, Value }) => [Name, Value]));
    };
    const verify = (code) => called((callbacks) => user.verifyAttribute('email', code, callbacks));
    await update('nickname', 'Änne');
    assert.equal((await attributes()).nickname, 'Änne');
    await answered((done) => user.deleteAttributes(['nickname'], done));
    assert.equal((await attributes()).nickname, undefined);
    await assert.rejects(update('email_verified', 'true'), { code: 'NotAuthorizedException' });

    const moved = { ...person, email: person.email.replace('@', '-new@') };
    await update('email', moved.email);
    const first = await read_code(moved);
    assert.equal((await attributes()).email, person.email);
    await called((callbacks) => user.getAttributeVerificationCode('email', callbacks));
    const code = await new_code(moved, first);
    await assert.rejects(verify(code === '000000' ? '000001' : '000000'), {
        code: 'CodeMismatchException',
    });
    await verify(code);
    assert.equal((await attributes()).email, moved.email);
    await assert.rejects(sign_in(user_of(person), person), { code: 'NotAuthorizedException' });
    const again = user_of(moved);
    await sign_in(again, moved);
    await answered((done) => again.deleteUser(done));
    await assert.rejects(sign_in(user_of(moved), moved), { code: 'NotAuthorizedException' });
});
