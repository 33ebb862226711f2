// An application without a secret, by openid-client.

import * as client from 'openid-client';
import { fetch_there } from './browser.mjs';

export const kCallback = 'https://app.example/callback';

export async function discover(issuer, client_id) {
    const config = await client.discovery(new URL(issuer), client_id, undefined, client.None(), {
        [client.customFetch]: fetch_there,
    });
    config[client.customFetch] = fetch_there;
    return config;
}

/** Where to send a browser, and what to check when it is back: {url, checks}. `more`: parameters. */
export async function begin(config, more = {}) {
    const code_verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const nonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(config, {
        redirect_uri: kCallback,
        scope: 'openid email',
        code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
        ...more,
    });
    const checks = {
        pkceCodeVerifier: code_verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
    };
    return { url, checks };
}
