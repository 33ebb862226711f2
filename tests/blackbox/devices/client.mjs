// Somebody with an authenticator app and a device, by Cognito's own browser client: what happened,
// as one line of JSON. Parameters (JSON): endpoints (three, in the order of use), pool_id,
// client_id, username, password, code (of the app).

import {
    AuthenticationDetails,
    CognitoRefreshToken,
    CognitoUser,
    CognitoUserPool,
} from 'amazon-cognito-identity-js';

const given = JSON.parse(process.argv[2]);
const [first, second, third] = given.endpoints;

const items = new Map();
const storage = {
    setItem: (name, value) => items.set(name, value),
    getItem: (name) => items.get(name) ?? null,
    removeItem: (name) => items.delete(name),
    clear: () => items.clear(),
};

/** The same browser, which comes to another region. */
function user_at(endpoint) {
    const pool = new CognitoUserPool({
        UserPoolId: given.pool_id,
        ClientId: given.client_id,
        endpoint,
        Storage: storage,
    });
    return new CognitoUser({ Username: given.username, Pool: pool, Storage: storage });
}

const called = (run) =>
    new Promise((onSuccess, onFailure) => {
        run({ onSuccess, onFailure });
    });

/** Whether a code was asked for; then it is answered, if there is one. */
function sign_in(user, code) {
    const details = new AuthenticationDetails({
        Username: given.username,
        Password: given.password,
    });
    return new Promise((resolve, reject) => {
        const done = (asked) => (_, asks_person) => resolve({ asked, asks_person: !!asks_person });
        user.authenticateUser(details, {
            onSuccess: done(false),
            onFailure: reject,
            totpRequired: (challenge) => {
                if (!code) return resolve({ asked: true });
                const callbacks = { onSuccess: done(true), onFailure: reject };
                return user.sendMFACode(code, callbacks, challenge);
            },
        });
    });
}

const refreshed = (user) =>
    new Promise((resolve, reject) => {
        const token = user.getSignInUserSession().getRefreshToken().getToken();
        user.refreshSession(new CognitoRefreshToken({ RefreshToken: token }), (error, session) =>
            error ? reject(error) : resolve(session),
        );
    });

const out = {};
const unknown = user_at(first);
out.unknown = await sign_in(unknown, given.code);
out.set_remembered = await called((callbacks) => unknown.setDeviceStatusRemembered(callbacks));

const known = user_at(second);
out.known = await sign_in(known);
const session = await refreshed(known);
out.claim = session.getAccessToken().decodePayload().device_key;
out.device = (await called((callbacks) => known.getDevice(callbacks))).Device;
out.devices = (await called((callbacks) => known.listDevices(10, null, callbacks))).Devices;
out.forgotten = await called((callbacks) => known.forgetDevice(callbacks));

out.as_before = await sign_in(user_at(third));
console.log(JSON.stringify(out));
