// openid-client as the application of somebody who signs in on the pages, or with another provider:
//   node federated.mjs '{"issuer", "client_id", "provider"}'
// Prints where the browser goes, reads where it came back, prints what the tokens say.

import { createInterface } from 'node:readline';
import * as client from 'openid-client';
import { fetch_there } from './browser.mjs';

const { issuer, client_id, provider } = JSON.parse(process.argv[2]);
const config = await client.discovery(new URL(issuer), client_id, undefined, client.None(),
    { [client.customFetch]: fetch_there });
config[client.customFetch] = fetch_there;
const code_verifier = client.randomPKCECodeVerifier();
const state = client.randomState(), nonce = client.randomNonce();
const url = client.buildAuthorizationUrl(config, {
    redirect_uri: 'https://app.example/callback', scope: 'openid email profile', state, nonce,
    code_challenge: await client.calculatePKCECodeChallenge(code_verifier), code_challenge_method: 'S256',
    ...(provider && { identity_provider: provider }),
});
console.log(url.href);
for await (const line of createInterface({ input: process.stdin })) {
    const tokens = await client.authorizationCodeGrant(config, new URL(line), {
        pkceCodeVerifier: code_verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true,
    });
    const claims = tokens.claims();
    const user = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    console.log(JSON.stringify({ claims, user }));
    break;
}
