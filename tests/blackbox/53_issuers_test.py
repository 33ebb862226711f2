#!/usr/bin/python3
"""Tokens of an issuer that is not ours: an OpenID Connect issuer in Node, with Node's own keys and
signatures, which changes its keys and goes down while the API is called."""

import http.client
import json
import subprocess
import threading
import unittest

import own
from own import DOMAIN, REGION

ISSUER = r"""
const { createServer } = require('node:http');
const { generateKeyPairSync, sign } = require('node:crypto');
const keys = [];
let fetches = 0, down = false;
function add(alg) {
    const pair = alg === 'RS256' ? generateKeyPairSync('rsa', { modulusLength: 2048 })
                                 : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const kid = `key-${keys.length}`;
    keys.push({ alg, private: pair.privateKey,
                jwk: { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }, published: true });
}
function token(claims, index) {
    const key = keys.at(index);
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ alg: key.alg, kid: key.jwk.kid, typ: 'JWT' })}.${part(claims)}`;
    const signature = sign('sha256', input, { key: key.private, dsaEncoding: 'ieee-p1363' });
    return `${input}.${signature.toString('base64url')}`;
}
add('RS256');
const server = createServer(async (request, response) => {
    const issuer = `http://127.0.0.1:${server.address().port}/tenant`;
    let body = '';
    for await (const piece of request) body += piece;
    const asked = body ? JSON.parse(body) : {};
    const reply = (value, status = 200) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(value));
    };
    switch (request.url) {
    case '/tenant/.well-known/openid-configuration':
        return down ? reply({}, 503)
                    : reply({ issuer, jwks_uri: `${issuer}/jwks?v=1`, id_token_signing_alg_values_supported: ['RS256'] });
    case '/tenant/jwks?v=1':
        ++fetches;
        return down ? reply({}, 503) : reply({ keys: keys.filter((key) => key.published).map((key) => key.jwk) });
    case '/token': {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: issuer, aud: ['diary'], sub: 'auth0|J\u00fcrgen', iat: now, exp: now + 300, ...asked.claims };
        return reply(token(claims, asked.key ?? -1));
    }
    case '/add': add(asked.alg); return reply({});
    case '/drop': keys.at(asked.key).published = false; return reply({});
    case '/down': down = asked.down; return reply({});
    default: return reply({ fetches });
    }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""

ROUTES = """routes:
  - {path: /theirs, upstream: back, authorizer: partner, residency: public, claims: [plan]}
  - {path: /scoped, upstream: back, authorizer: partner, residency: public, scopes: [diary/read]}
  - {path: /at-home, upstream: back, authorizer: placed}
  - {path: /told, function: told, authorizer: partner, residency: public}
"""


class Issuers(unittest.TestCase):
    def setUp(self):
        self.issuer = subprocess.Popen(["node", "-e", ISSUER], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.issuer.wait)
        self.addCleanup(self.issuer.stdout.close)
        self.addCleanup(self.issuer.kill)
        self.port = int(self.issuer.stdout.readline())
        self.upstream = own.Teller()
        self.addCleanup(self.upstream.close)
        self.region = own.deploy(self.addCleanup, self.config(), {
            "index.mjs": "export const handler = async (event) => "
                         "({statusCode: 200, body: JSON.stringify(event)});"})

    def config(self):
        bootstrap = own.ROOT / "examples" / "health" / "functions" / "runtime" / "bootstrap.mjs"
        jwt = f"issuer: 'http://127.0.0.1:{self.port}/tenant', audience: [diary]"
        more = (f"authorizers:\n  partner: {{jwt: {{{jwt}}}}}\n  placed: {{jwt: {{{jwt}, home_claim: 'urn/home'}}}}\n"
                f"functions: {{told: {{command: [node, {bootstrap}, index.handler]}}}}\n")
        return own.config(self.upstream, routes=()).replace("routes:\n", more + ROUTES)

    def ask(self, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=own.TIMEOUT_S)
        try:
            connection.request("POST", path, json.dumps(body or {}))
            return json.load(connection.getresponse())
        finally:
            connection.close()

    def token(self, key=-1, **claims):
        return self.ask("/token", {"claims": claims, "key": key})

    def get(self, path, token, connection=None):
        used = connection or self.region.connect()
        used.request("GET", path, headers={"Host": f"{REGION}.{DOMAIN}", "Authorization": f"Bearer {token}",
                                           "Domicile-Issuer": "planted", "Domicile-Issuer-Subject": "planted"})
        response = used.getresponse()
        body = response.read()
        if connection is None:
            used.close()
        return response.status, json.loads(body) if body else None

    def told(self, token, path="/theirs"):
        status, told = self.get(path, token)
        self.assertEqual(status, 200, told)
        return {name.lower(): value for name, value in told}

    def test_an_upstream_is_told_who_says_who_calls(self):
        headers = self.told(self.token(plan="gold"))
        self.assertEqual(headers["domicile-issuer"], "partner")
        self.assertEqual(headers["domicile-issuer-subject"], "auth0|J%C3%BCrgen")
        self.assertEqual(headers["domicile-claim-plan"], "gold")
        # None of our people, whatever the issuer calls them.
        for name in ("domicile-subject", "domicile-home", "domicile-jurisdiction"):
            self.assertNotIn(name, headers)

    def test_a_function_is_told_and_given_nobodys_credentials(self):
        sub = "01234567-89ab-4cde-8f01-23456789abcd"
        status, event = self.get("/told", self.token(sub=sub))
        self.assertEqual(status, 200)
        context = event["requestContext"]
        self.assertEqual(context["authorizer"]["jwt"]["claims"]["sub"], sub)
        self.assertEqual(context["domicile"]["issuer"], "partner")
        self.assertNotIn("home", context["domicile"])

    def test_what_is_not_for_us_is_401(self):
        other = {"aud": "elsewhere"}, {"iss": "http://127.0.0.1/tenant"}, {"exp": 1}, {"sub": ""}, {"nbf": 1e11}
        for claims in other:
            self.assertEqual(self.get("/theirs", self.token(**claims))[0], 401, claims)
        good = self.token()
        for token in (good[:-3], good + "A", good.replace(".", ".A", 1), "x.y.z", "none"):
            self.assertEqual(self.get("/theirs", token)[0], 401, token)

    def test_scopes_of_theirs_open_routes(self):
        self.assertEqual(self.get("/scoped", self.token())[0], 403)
        self.told(self.token(scope="openid diary/read"), "/scoped")
        self.told(self.token(scp=["diary/read"]), "/scoped")

    def test_a_home_that_the_token_names_is_needed_where_the_route_is_resident(self):
        headers = self.told(self.token(**{"urn/home": REGION}), "/at-home")
        self.assertEqual(headers["domicile-home"], REGION)
        for claims in ({}, {"urn/home": "mars-north-1"}, {"urn/home": 7}):
            self.assertEqual(self.get("/at-home", self.token(**claims))[0], 403, claims)

    def test_keys_change_while_calls_go_on_and_none_fails(self):
        failures, calls, ended = [], [0], threading.Event()

        def hammer():
            connection = self.region.connect()
            while not ended.is_set():
                status, _ = self.get("/theirs", self.token(), connection)
                calls[0] += 1
                if status != 200:
                    failures.append(status)
            connection.close()

        threads = [threading.Thread(target=hammer, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        for alg in ("ES256", "RS256", "ES256"):
            before = calls[0]
            self.ask("/add", {"alg": alg})  # the next token is signed with it
            own.poll("calls with the new key", lambda: calls[0] >= before + 20)
        ended.set()
        for thread in threads:
            thread.join(own.TIMEOUT_S)
        self.assertEqual(failures, [])
        self.told(self.token(key=0))

    def test_an_issuer_that_is_down_takes_nobody_away_whose_key_is_known(self):
        self.told(self.token())
        self.ask("/add", {"alg": "ES256"})
        self.ask("/down", {"down": True})
        self.told(self.token(key=0))
        status, body = self.get("/theirs", self.token(key=1))
        self.assertEqual(status, 503, body)

    def test_a_key_that_is_taken_back_opens_nothing(self):
        old = self.token()
        self.told(old)
        self.ask("/add", {"alg": "ES256"})
        self.ask("/drop", {"key": 0})
        self.told(self.token())  # brings the new set
        self.assertEqual(self.get("/theirs", old)[0], 401)

    def test_keys_outlive_a_reload(self):
        self.told(self.token())
        before = self.ask("/")["fetches"]
        self.region.write(self.config() + "limits: {body_bytes_max: 1000}\n")
        done = subprocess.run([own.PROGRAM, "reload", "--data", self.region.data], capture_output=True,
                              text=True, timeout=own.TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.told(self.token())
        self.assertEqual(self.ask("/")["fetches"], before)

    def test_subjects_of_theirs_are_in_no_log(self):
        self.told(self.token(sub="planted-subject"))
        self.assertEqual(self.get("/theirs", self.token(sub="planted-subject", aud="x"))[0], 401)
        for file in (self.region.data / REGION).glob("*.jsonl*"):
            self.assertNotIn(b"planted-subject", file.read_bytes())


if __name__ == "__main__":
    unittest.main()
