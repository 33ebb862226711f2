// Two OpenID providers on one loopback port, for people of Domicile to sign in with: the certified
// npm package oidc-provider, at the root, and at /hostile one of our own whose answers a test bends.
// The first line on stdout is the port. POST /control tells what to do; its answer is what happened.

import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { Provider } from 'oidc-provider';

const json = (response, value, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
};

function key_pair() {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return { kid: randomUUID(), privateKey, publicKey };
}
const jwk_of = ({ kid, publicKey }) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' });

// ---- oidc-provider ------------------------------------------------------------------------------

let origin, provider, asked, keys = [key_pair()];
const people = new Map(); // account id: claims

function make_provider() {
    provider = new Provider(origin, {
        clients: [{
            client_id: 'domicile', client_secret: asked.secret, redirect_uris: asked.redirect_uris,
            grant_types: ['authorization_code'], response_types: ['code'],
            id_token_signed_response_alg: 'ES256',
        }],
        jwks: { keys: keys.map((key) => ({ ...key.privateKey.export({ format: 'jwk' }), kid: key.kid, alg: 'ES256', use: 'sig' })) },
        cookies: { keys: ['a cookie key of the test'] },
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'country'] },
        pkce: { required: () => true },
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people.get(id) }) }),
    });
}

// ---- the hostile one ----------------------------------------------------------------------------

const hostile_key = key_pair(), stranger = key_pair();
const codes = new Map();
let bend = {};

function hostile_token(nonce) {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
        iss: `${origin}/hostile`, aud: 'at-hostile', sub: 'somebody', nonce, iat: now, exp: now + 300,
        country: 'DE', ...bend.claims,
    };
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ alg: 'ES256', kid: hostile_key.kid, ...bend.header })}.${part(claims)}`;
    const key = (bend.stranger ? stranger : hostile_key).privateKey;
    return `${input}.${sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** An answer that begins well and never ends. */
function drip(response) {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(more));
}

function hostile(request, response, url, body) {
    const at = url.pathname.slice('/hostile'.length);
    if (bend.down === at) return json(response, {}, 503);
    if (bend.hangs === at) return; // until the other side has had enough
    if (bend.drips === at) return drip(response);
    if (bend.garbage === at) return response.end('<html>not what was asked for');
    if (at === '/.well-known/openid-configuration') {
        return json(response, {
            issuer: `${origin}/hostile`, authorization_endpoint: `${origin}/hostile/authorize`,
            token_endpoint: `${origin}/hostile/token`, jwks_uri: `${origin}/hostile/keys`,
            userinfo_endpoint: `${origin}/hostile/userinfo`,
            token_endpoint_auth_methods_supported: ['none'],
        });
    }
    if (at === '/keys') return json(response, { keys: [jwk_of(hostile_key)] });
    if (at === '/authorize') {
        const code = randomUUID(), back = new URL(url.searchParams.get('redirect_uri'));
        codes.set(code, url.searchParams.get('nonce'));
        back.searchParams.set('state', url.searchParams.get('state'));
        if (bend.error) back.searchParams.set('error', bend.error);
        else back.searchParams.set('code', code);
        if (bend.iss) back.searchParams.set('iss', bend.iss);
        response.writeHead(302, { location: back.href });
        return response.end();
    }
    if (at === '/token') {
        const nonce = codes.get(new URLSearchParams(body).get('code'));
        return json(response, { id_token: hostile_token(nonce), token_type: 'Bearer', access_token: 'x' });
    }
    if (at === '/userinfo') return json(response, { sub: 'somebody', email: 'somebody@hostile.example' });
    return json(response, {}, 404);
}

// ---- control ------------------------------------------------------------------------------------

function control(response, wish) {
    if (wish.configure) { asked = wish.configure; make_provider(); }
    if (wish.person) people.set(wish.person, wish.claims);
    if (wish.rotate) { keys = [key_pair()]; make_provider(); }
    if (wish.bend) bend = wish.bend;
    return json(response, {});
}

const server = createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    const own = url.pathname === '/control' || url.pathname.startsWith('/hostile/');
    if (!own) return provider.callback()(request, response);
    let body = '';
    for await (const piece of request) body += piece;
    return url.pathname === '/control' ? control(response, JSON.parse(body)) : hostile(request, response, url, body);
});
server.listen(0, '127.0.0.1', () => {
    origin = `http://127.0.0.1:${server.address().port}`;
    console.log(server.address().port);
});
