// Other people's OpenID Connect clients against the provider of a region:
//   node clients.mjs WHICH '{"issuer", "username", "password", ...}'
// Prints what they found as JSON; any check of theirs that fails ends this with an error.

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { begin, discover, kCallback } from './application.mjs';
import { Browser, fetch_there } from './browser.mjs';

async function sign_in(url, person, browser = new Browser()) {
    let page = await browser.open(url);
    if (page.html) page = await browser.submit(page, person);
    if (page.html) throw new Error(`still on a page: ${page.html}`);
    return page.url;
}

// A public client with PKCE, by openid-client: the whole life of a sign-in.
async function openid_client({ issuer, client_id, username, password }) {
    const config = await discover(issuer, client_id);
    const { url, checks } = await begin(config, { max_age: '600' });
    const browser = new Browser();
    const back = await sign_in(url.href, { username, password }, browser);
    const tokens = await client.authorizationCodeGrant(config, back, { ...checks, maxAge: 600 });
    const claims = tokens.claims();
    const user = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
    const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
    const again = await client.fetchUserInfo(config, fresh.access_token, claims.sub);
    await client.tokenRevocation(config, tokens.refresh_token);
    const refused = await client.refreshTokenGrant(config, tokens.refresh_token).catch((e) => e.error);
    const end = client.buildEndSessionUrl(config, {
        id_token_hint: tokens.id_token, post_logout_redirect_uri: 'https://app.example/bye', state: 's1',
    });
    const bye = await browser.open(end.href);
    return {
        claims, user, scope: tokens.scope, again: again.sub, refused,
        fresh: { claims: fresh.claims(), scope: fresh.scope }, bye: bye.url.href,
        access: JSON.parse(Buffer.from(tokens.access_token.split('.')[1], 'base64url')),
        metadata: config.serverMetadata(),
    };
}

// A client with a secret, by oauth4webapi: introspection, both ways to say the secret.
async function oauth4webapi({ issuer, client_id, secret, username, password }) {
    const options = { [oauth.customFetch]: fetch_there };
    const url = new URL(issuer);
    const as = await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options));
    const own = { client_id };
    const nonce = oauth.generateRandomNonce();
    const state = oauth.generateRandomState();
    const ask = new URL(as.authorization_endpoint);
    ask.search = new URLSearchParams({
        client_id, redirect_uri: kCallback, response_type: 'code', scope: 'openid', state, nonce,
    });
    const back = await sign_in(ask.href, { username, password });
    const parameters = oauth.validateAuthResponse(as, own, back, state);
    const basic = oauth.ClientSecretBasic(secret);
    const post = oauth.ClientSecretPost(secret);
    const tokens = await oauth.processAuthorizationCodeResponse(as, own,
        await oauth.authorizationCodeGrantRequest(as, own, basic, parameters, kCallback,
            oauth.nopkce, options),
        { expectedNonce: nonce, requireIdToken: true });
    const inspect = async (token) => oauth.processIntrospectionResponse(as, own,
        await oauth.introspectionRequest(as, own, post, token, options));
    const before = await inspect(tokens.access_token);
    const refresh = await inspect(tokens.refresh_token);
    await oauth.processRevocationResponse(
        await oauth.revocationRequest(as, own, post, tokens.access_token, options));
    const after = await inspect(tokens.access_token);
    return { claims: oauth.getValidatedIdTokenClaims(tokens), before, refresh, after };
}

const [which, parameters] = process.argv.slice(2);
console.log(JSON.stringify(await { openid_client, oauth4webapi }[which](JSON.parse(parameters))));
