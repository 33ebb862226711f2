// Cognito's own browser client signs in with challenges of the application's own. The arguments:
// the region's endpoint, pool, client, user name, password, the answers. Prints what came of it.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { AuthenticationDetails, CognitoUser, CognitoUserPool } = require('amazon-cognito-identity-js');

const [endpoint, pool, client, username, password, ...answers] = process.argv.slice(2);
const items = new Map();
const Storage = {
    setItem: (name, value) => items.set(name, value),
    getItem: (name) => items.get(name) ?? null,
    removeItem: (name) => items.delete(name),
    clear: () => items.clear(),
};
const user = new CognitoUser({
    Username: username,
    Pool: new CognitoUserPool({ UserPoolId: pool, ClientId: client, endpoint, Storage }),
    Storage,
});
user.setAuthenticationFlowType('CUSTOM_AUTH');
const challenges = [];
const done = (what) => console.log(JSON.stringify({ ...what, challenges }));
const callbacks = {
    onSuccess: (session) => done({ token: session.getAccessToken().getJwtToken() }),
    onFailure: (error) => done({ error: error.code ?? error.name, message: error.message }),
    customChallenge(parameters) {
        challenges.push(parameters);
        user.sendCustomChallengeAnswer(answers.shift(), callbacks);
    },
};
const details = new AuthenticationDetails({ Username: username, Password: password });
if (password) user.authenticateUser(details, callbacks);
else user.initiateAuth(details, callbacks);
