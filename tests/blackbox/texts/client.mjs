// Somebody with a phone number and no mail address, by Cognito's own browser client: what happened,
// as lines of JSON. Codes are read from stdin, a line each. Parameters (JSON): endpoints (in the
// order of use), pool_id, client_id, username, password, new_password, phone, country.

import { createInterface } from 'node:readline';

import {
    AuthenticationDetails,
    CognitoUser,
    CognitoUserAttribute,
    CognitoUserPool,
} from 'amazon-cognito-identity-js';

const given = JSON.parse(process.argv[2]);
const [first, second, third] = given.endpoints;
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next_code = async (about) => {
    console.log(JSON.stringify(about));
    return (await lines.next()).value;
};

const pool_at = (endpoint) =>
    new CognitoUserPool({ UserPoolId: given.pool_id, ClientId: given.client_id, endpoint });
const user_at = (endpoint) =>
    new CognitoUser({ Username: given.username, Pool: pool_at(endpoint) });
const done = (run) =>
    new Promise((resolve, reject) => {
        run((error, result) => (error ? reject(error) : resolve(result)));
    });
const sign_in = (endpoint, password) =>
    new Promise((onSuccess, onFailure) => {
        const user = user_at(endpoint);
        const details = new AuthenticationDetails({
            Username: given.username,
            Password: password,
        });
        user.authenticateUser(details, { onSuccess: () => onSuccess(user), onFailure });
    });

const attributes = Object.entries({
    phone_number: given.phone,
    'custom:country': given.country,
}).map(([Name, Value]) => new CognitoUserAttribute({ Name, Value }));
const asked = await done((callback) =>
    pool_at(first).signUp(given.username, given.password, attributes, [], callback),
);
const code = await next_code({ signed_up: asked.codeDeliveryDetails });
await done((callback) => user_at(second).confirmRegistration(code, false, callback));
await sign_in(third, given.password);

const forgetful = user_at(third);
await new Promise((onSuccess, onFailure) => {
    forgetful.forgotPassword({
        onSuccess,
        onFailure,
        inputVerificationCode: async (sent) => {
            const reset = await next_code({ forgot: sent.CodeDeliveryDetails });
            forgetful.confirmPassword(reset, given.new_password, { onSuccess, onFailure });
        },
    });
});
const user = await sign_in(first, given.new_password);
const shown = await done((callback) => user.getUserAttributes(callback));
console.log(JSON.stringify({ attributes: Object.fromEntries(shown.map((a) => [a.Name, a.Value])) }));
process.exit(0);
