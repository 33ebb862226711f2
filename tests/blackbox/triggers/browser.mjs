// Somebody who signs up, or signs in, by Cognito's own browser client: what came of it at each
// endpoint, as one line of JSON. Parameters (JSON): step (`sign_up`, `sign_in`), places (a list of
// endpoint and pool_id), client_id, username, password, country.

import {
    AuthenticationDetails,
    CognitoUser,
    CognitoUserAttribute,
    CognitoUserPool,
} from 'amazon-cognito-identity-js';

const given = JSON.parse(process.argv[2]);

const failed = (error) => ({ code: error.code, message: error.message });

const attribute = (Name, Value) => new CognitoUserAttribute({ Name, Value });

const sign_up = (pool) =>
    new Promise((resolve) => {
        const attributes = [
            attribute('email', given.username),
            attribute('custom:country', given.country),
        ];
        pool.signUp(given.username, given.password, attributes, [], (error, done) =>
            resolve(error ? failed(error) : { sub: done.userSub }),
        );
    });

const sign_in = (pool) =>
    new Promise((resolve) => {
        const user = new CognitoUser({ Username: given.username, Pool: pool });
        const details = new AuthenticationDetails({
            Username: given.username,
            Password: given.password,
        });
        user.authenticateUser(details, {
            onSuccess: (session) => resolve({ claims: session.getIdToken().decodePayload() }),
            onFailure: (error) => resolve(failed(error)),
        });
    });

const out = [];
for (const { endpoint, pool_id } of given.places) {
    const pool = new CognitoUserPool({
        UserPoolId: pool_id,
        ClientId: given.client_id,
        endpoint,
    });
    out.push(await (given.step === 'sign_up' ? sign_up : sign_in)(pool));
}
console.log(JSON.stringify(out));
