#!/usr/bin/python3
"""Bad input in calls of the gateway, with tokens above all: a clear 4xx, whichever region is asked."""

import base64
import hmac
import json
import subprocess
import tempfile
import unittest
import uuid

import world
from world import AU, DOMAIN, EU, PORT, US, Person, call, cognito, srp


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def public_pem(jwk):
    """SubjectPublicKeyInfo of an RSA or P-256 key, as a careless verifier would have it at hand."""
    if jwk["kty"] == "RSA":
        integers = b"".join(der(2, srp.pad(int.from_bytes(unb64url(jwk[x]), "big"))) for x in "ne")
        algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
        key = der(0x30, integers)
    else:
        algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
        key = b"\4" + unb64url(jwk["x"]) + unb64url(jwk["y"])
    info = der(0x30, algorithm + der(3, b"\0" + key))
    lines = base64.encodebytes(info).replace(b"\n", b"")
    lines = b"\n".join(lines[i : i + 64] for i in range(0, len(lines), 64))
    return b"-----BEGIN PUBLIC KEY-----\n" + lines + b"\n-----END PUBLIC KEY-----\n"


class Forger:
    """Makes tokens out of a good one."""

    def __init__(self, token):
        self.token = token
        self.head, self.claims, self.signature = token.split(".")

    def header(self, **changes):
        return b64url(json.dumps({**json.loads(unb64url(self.head)), **changes}).encode())

    def payload(self, **changes):
        return b64url(json.dumps({**json.loads(unb64url(self.claims)), **changes}).encode())

    def hs256(self, secret):
        text = f"{self.header(alg='HS256')}.{self.claims}"
        return f"{text}.{b64url(hmac.digest(secret, text.encode(), 'sha256'))}"

    def by_own_key(self, header=None, payload=None):
        """Signed well, by a key that nobody knows."""
        text = f"{header or self.head}.{payload or self.claims}"
        with tempfile.TemporaryDirectory() as folder:
            key = f"{folder}/key.pem"
            quiet = {"check": True, "capture_output": True}
            subprocess.run(["openssl", "genrsa", "-out", key, "2048"], **quiet)
            signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key],
                                    input=text.encode(), **quiet)
        return f"{text}.{b64url(signed.stdout)}"


class Gateway(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.person = Person("CA", US, "bad-input").settle()
        cls.other = Person("DE", EU, "bad-input").settle()
        cls.hosts = ("app", US, EU, AU)  # global, home, and two that have to ask elsewhere

    def assert_message(self, reply, status):
        self.assertEqual(reply.status, status, reply)
        self.assertTrue(reply.headers["Content-Type"].startswith("application/json"), reply)
        self.assertTrue(reply.json()["message"], reply)

    def assert_unauthorized(self, headers):
        for host in self.hosts:
            for method, path in (("GET", "/entries"), ("POST", "/entries"),
                                 ("PUT", f"/entries/{uuid.uuid4()}")):
                with self.subTest(host=host, method=method):
                    reply = call(host, method, path, headers, None if method == "GET" else b"{}")
                    self.assert_message(reply, 401)
                    self.assertTrue(reply.headers["WWW-Authenticate"], reply)

    def assert_token_refused(self, token):
        self.assert_unauthorized({"Authorization": f"Bearer {token}"})

    def test_a_good_token_is_taken(self):
        for host in self.hosts:
            reply = self.person.api(host, "GET", "/entries")
            self.assertEqual(reply.status, 200, reply)

    def test_no_token_is_refused(self):
        for value in (None, "", "Bearer", "Bearer ", "Basic eDp5", "Bearer x", "Bearer a.b.c",
                      "Bearer ..", "Bearer e30.e30.", "Bearer \xff\xfe"):
            with self.subTest(authorization=value):
                self.assert_unauthorized({} if value is None else {"Authorization": value})

    def test_two_tokens_are_refused(self):
        token = self.person.tokens["AccessToken"]
        head = (f"GET /entries HTTP/1.1\r\nHost: {US}.{DOMAIN}:{PORT}\r\nConnection: close\r\n"
                f"Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n\r\n")
        self.assertRegex(world.send_raw(US, head.encode()), rb"^HTTP/1\.1 40[01] ")

    def test_a_truncated_or_extended_token_is_refused(self):
        token = self.person.tokens["AccessToken"]
        self.person.api(US, "GET", "/entries")  # the good one is cached
        for bad in (token[:-1], token[:-10], token[1:], token + "A", token + ".", token + ".x",
                    token.rpartition(".")[0], token.rpartition(".")[0] + ".", token + "=" * 2):
            with self.subTest(token=bad[-8:]):
                self.assert_token_refused(bad)

    def test_a_forged_signature_is_refused(self):
        forger = Forger(self.person.tokens["AccessToken"])
        raw = unb64url(forger.signature)
        for signature in (raw[:-1] + bytes([raw[-1] ^ 1]), bytes([raw[0] ^ 0x80]) + raw[1:],
                          b"\0" * len(raw), b"\xff" * len(raw), b"\0" + raw, raw * 2):
            self.assert_token_refused(f"{forger.head}.{forger.claims}.{b64url(signature)}")
        self.assert_token_refused(forger.by_own_key())

    def test_a_signature_over_other_claims_is_refused(self):
        forger = Forger(self.person.tokens["AccessToken"])
        far = 4_000_000_000
        for changes in ({"sub": self.other.sub}, {"custom:region": EU}, {"exp": far},
                        {"custom:region": AU, "sub": self.other.sub}, {"custom:region": "nowhere"}):
            with self.subTest(changes=changes):
                self.assert_token_refused(f"{forger.head}.{forger.payload(**changes)}.{forger.signature}")

    def test_an_expired_token_is_refused(self):
        """By a key of nobody's: a real one takes an hour."""
        forger = Forger(self.person.tokens["AccessToken"])
        self.assert_token_refused(forger.by_own_key(payload=forger.payload(exp=1_700_000_000)))

    def test_alg_none_is_refused(self):
        forger = Forger(self.person.tokens["AccessToken"])
        for alg in ("none", "None", "NONE", "nOnE", ""):
            head = forger.header(alg=alg)
            for signature in ("", forger.signature):
                with self.subTest(alg=alg, signature=signature[:4]):
                    self.assert_token_refused(f"{head}.{forger.claims}.{signature}")

    def test_hs256_under_the_public_key_is_refused(self):
        forger = Forger(self.person.tokens["AccessToken"])
        keys = call(f"idp.{US}", "GET", f"/{world.POOLS[US]}/.well-known/jwks.json").json()["keys"]
        for jwk in keys:
            pem = public_pem(jwk)
            number = unb64url(jwk["n"] if jwk["kty"] == "RSA" else jwk["x"])
            for secret in (pem, pem.strip(), number, json.dumps(jwk).encode(), b""):
                self.assert_token_refused(forger.hs256(secret))

    def test_a_key_that_comes_with_the_token_is_not_used(self):
        forger = Forger(self.person.tokens["AccessToken"])
        jwk = {"kty": "RSA", "e": "AQAB", "n": b64url(b"\xc1" * 256), "kid": "mine"}
        for changes in ({"jwk": jwk}, {"kid": "mine", "jwk": jwk}, {"kid": "none"},
                        {"kid": "../../../../dev/null"}, {"kid": "' OR '1'='1"}, {"kid": 1},
                        {"jku": f"https://idp.{US}.{DOMAIN}:{PORT}/x"}, {"crit": ["exp"]},
                        {"alg": "RS384"}, {"alg": "PS256"}, {"alg": "ES256"}, {"b64": False}):
            with self.subTest(header=str(changes)[:40]):
                self.assert_token_refused(forger.by_own_key(header=forger.header(**changes)))

    def test_a_token_of_another_issuer_is_refused(self):
        forger = Forger(self.person.tokens["AccessToken"])
        issuers = (f"https://idp.{EU}.{DOMAIN}:{PORT}/{world.POOLS[EU]}", "https://example.org/pool",
                   f"https://cognito-idp.{US}.amazonaws.com/{US}_Other1", "")
        keys = call(f"idp.{EU}", "GET", f"/{world.POOLS[EU]}/.well-known/jwks.json").json()["keys"]
        for issuer in issuers:
            payload = forger.payload(iss=issuer)
            with self.subTest(issuer=issuer):
                self.assert_token_refused(forger.by_own_key(payload=payload))
                head = forger.header(kid=keys[0]["kid"])
                self.assert_token_refused(f"{head}.{payload}.{forger.signature}")

    def test_other_tokens_of_the_same_person_are_no_access_token(self):
        self.assert_token_refused(self.person.tokens["RefreshToken"])

    def test_a_huge_token_is_refused(self):
        for host in self.hosts:
            reply = call(host, "GET", "/entries", {"Authorization": "Bearer " + "a" * 60_000})
            self.assertIn(reply.status, (400, 401, 431), reply)

    def revoked(self, host, revoke):
        person = Person("CA", US, "bad-input").settle()
        for warm_up in (host, US, host):  # in the cache of both by now
            reply = person.api(warm_up, "GET", "/entries")
            self.assertEqual(reply.status, 200, reply)
        revoke(person)
        for each in self.hosts:
            self.assert_message(person.api(each, "GET", "/entries"), 401)
            body = {"date": "2026-11-20", "mood": 3, "text": "too late"}
            self.assert_message(person.api(each, "POST", "/entries", body), 401)
        person.sign_in()
        self.assertEqual(person.entries(), [])

    def test_a_revoked_token_is_refused_after_a_cached_hit(self):
        for host in self.hosts:
            for at in (US, EU):
                with self.subTest(host=host, revoked_at=at):
                    self.revoked(host, lambda person: world.ok("RevokeToken", cognito(
                        f"idp.{at}", "RevokeToken",
                        {"ClientId": world.CLIENT_ID, "Token": person.tokens["RefreshToken"]})))

    def test_a_token_is_refused_after_a_global_sign_out(self):
        for host in self.hosts:
            with self.subTest(host=host):
                self.revoked(host, lambda person: world.ok("GlobalSignOut", cognito(
                    f"idp.{AU}", "GlobalSignOut", {"AccessToken": person.tokens["AccessToken"]})))

    def test_malformed_path_escapes_are_refused(self):
        for path in ("/entries/%zz", "/entries/%", "/entries/%4", "/entries/%ff", "/entries/%c0%af",
                     "/entries/%ed%a0%80", "/entries/%00", "/entries/%0d%0aX:y", "/entries/..",
                     "/entries/%2e%2e", "/entries//", "/%65ntries%zz", "/entries\\x", "/entries/\xff"):
            for host in self.hosts:
                for method in ("GET", "DELETE"):
                    with self.subTest(host=host, path=path, method=method):
                        # http.client wants ASCII in a path: raw bytes are sent by hand.
                        head = (f"{method} {path} HTTP/1.1\r\nHost: {host}.{DOMAIN}:{PORT}\r\n"
                                f"Authorization: Bearer {self.person.tokens['AccessToken']}\r\n"
                                "Connection: close\r\n\r\n")
                        answer = world.send_raw(host, head.encode("latin-1"))
                        self.assertRegex(answer, rb"^HTTP/1\.1 4\d\d ")
                        self.assertIn(b"json", answer)

    def test_what_is_no_route_is_not_found(self):
        for host in self.hosts:
            for method, path in (("GET", "/"), ("GET", "/nothing"), ("PATCH", "/entries"),
                                 ("GET", "/entries/a/b"), ("GET", "/ENTRIES"), ("BREW", "/entries"),
                                 ("DELETE", "/entries"), ("POST", f"/entries/{uuid.uuid4()}")):
                with self.subTest(host=host, method=method, path=path):
                    reply = self.person.api(host, method, path)
                    self.assertIn(reply.status, (404, 405), reply)
                    self.assert_message(reply, reply.status)

    def test_an_oversized_body_is_refused(self):
        for host in self.hosts:
            token = self.person.tokens["AccessToken"]
            head = (f"POST /entries HTTP/1.1\r\nHost: {host}.{DOMAIN}:{PORT}\r\n"
                    f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n")
            with self.subTest(host=host, length="declared"):
                text = head + "Content-Length: 99999999\r\n\r\n{"
                self.assertRegex(world.send_raw(host, text.encode()), rb"^HTTP/1\.1 413 ")
            with self.subTest(host=host, length="not declared"):
                chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
                text = head + "Transfer-Encoding: chunked\r\n\r\n"
                answer = world.send_raw(host, text.encode() + chunk * 11)
                self.assertRegex(answer, rb"^HTTP/1\.1 413 ")

    def test_bodies_without_sense_are_refused_by_the_application(self):
        for host in self.hosts:
            for body in (b"", b"{", b"[]", b"\xff", b'{"date":"x","mood":1,"text":"x"}'):
                with self.subTest(host=host, body=body):
                    self.assert_message(self.person.api(host, "POST", "/entries", body), 400)

    def test_an_oversized_head_is_refused(self):
        for host in self.hosts:
            with self.subTest(host=host):
                reply = self.person.api(host, "GET", "/entries", headers={"X-Long": "a" * 40_000})
                self.assertEqual(reply.status, 431, reply)
                reply = self.person.api(host, "GET", "/entries?" + "a" * 20_000)
                self.assertIn(reply.status, (414, 431), reply)

    def test_a_host_that_is_not_served_here_is_misdirected(self):
        for name in ("example.org", f"{AU}.{DOMAIN}", f"nowhere.{DOMAIN}", "127.0.0.1", f"idp.{AU}.{DOMAIN}"):
            with self.subTest(host=name):
                reply = call(US, "GET", "/entries", {"Host": name, **self.person.bearer})
                self.assertEqual(reply.status, 421, reply)

    def test_a_client_cannot_pose_as_a_region(self):
        """Headers of the border do nothing at the front door."""
        forged = {"Domicile-Host": "app", "Domicile-Route": "/entries", "Domicile-Via": EU,
                  "Domicile-Subject": self.other.sub, "Domicile-Home": US}
        self.assert_unauthorized(forged)
        reply = self.person.api(US, "GET", "/entries", headers=forged)
        self.assertEqual(reply.status, 200, reply)
        self.assertEqual(reply.json()["entries"], self.person.entries())

    def test_an_entry_of_somebody_else_cannot_be_reached(self):
        entry = self.person.write("mine alone")
        neighbour = Person("US", US, "bad-input").settle()
        for who in (neighbour, self.other):
            for host in self.hosts:
                path = f"/entries/{entry['entryId']}"
                body = {"date": "2026-11-20", "mood": 1, "text": "taken"}
                self.assertIn(who.api(host, "PUT", path, body).status, (403, 404))
                self.assertIn(who.api(host, "DELETE", path).status, (204, 403, 404))
        self.assertIn("mine alone", [e["text"] for e in self.person.entries()])

if __name__ == "__main__":
    unittest.main()
