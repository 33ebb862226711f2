#!/usr/bin/python3
"""The OpenID provider of every region: openid-client and oauth4webapi sign people in through the
right and the wrong region; what the pages and the endpoints refuse, and how."""

import atexit
import base64
import hashlib
import json
import os
import pathlib
import secrets
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import variant

SPA, SERVER, SECRET = "oidcspa1", "oidcserver1", "a secret, 100% + more"
CALLBACK = "https://app.example/callback"
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"
FOLDER = pathlib.Path(__file__).resolve().parent


def with_clients(text):
    handle, path = tempfile.mkstemp(prefix="domicile-secret.")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(SECRET + "\n")
    oauth = (f"oauth: {{redirect_uris: ['{CALLBACK}', 'http://localhost:3000/cb?x=1'],"
             " post_logout_redirect_uris: ['https://app.example/bye']}")
    text = text.replace("    clients:\n", "    resource_servers:"
                        " {diary: {identifier: 'https://diary.example', scopes: [read, write]}}\n"
                        "    clients:\n", 1)
    text = text.replace("    id_suffix: ", "    mfa: optional\n    id_suffix: ", 1)
    more = ("scopes: [openid, 'https://diary.example/read'],"
            " grants: [authorization_code, refresh_token, client_credentials]")
    return text.replace(WEB_FLOWS, f"{WEB_FLOWS}"
                        f"      spa: {{id: {SPA}, {oauth}, flows: [USER_SRP_AUTH]}}\n"
                        f"      server: {{id: {SERVER}, secret_file: {path}, {oauth[:-1]}, {more}}}}}\n")


variant.run(__file__, with_clients)

import pyotp  # noqa: E402

import pages  # noqa: E402
from world import AU, DOMAIN, EU, POOLS, PORT, US, Person, call, cognito, ok  # noqa: E402

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def issuer(region):
    return f"https://idp.{region}.{DOMAIN}:{PORT}/{POOLS[region]}"


def asked(**changes):
    out = {"client_id": SPA, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid",
           "state": "a&b", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    out.update(changes)
    return urllib.parse.urlencode({k: v for k, v in out.items() if v is not None})


def location(reply):
    """Where a redirect goes: the address, and what it brings."""
    url, _, query = reply.headers["Location"].partition("?")
    return url, dict(urllib.parse.parse_qsl(query))


class Browser(pages.Browser):
    def code(self, query, person):
        reply = self.submit(self.page(query), username=person.email, password=person.password)
        assert reply.status == 303, reply
        return location(reply)[1]["code"]


def token(region, authorization=None, **form):
    headers = dict(FORM)
    if authorization:
        headers["Authorization"] = authorization
    return call(f"idp.{region}", "POST", "/oauth2/token", headers, urllib.parse.urlencode(form))


def redeem(region, code, **changes):
    form = {"grant_type": "authorization_code", "client_id": SPA, "code": code,
            "redirect_uri": CALLBACK, "code_verifier": VERIFIER, **changes}
    return token(region, **{k: v for k, v in form.items() if v is not None})


class Provider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.anna = Person("DE", EU, "oidc").settle()

    def client(self, which, region, **more):
        parameters = {"issuer": issuer(region), "username": self.anna.email,
                      "password": self.anna.password, **more}
        done = subprocess.run(["node", "--no-warnings", FOLDER / "oidc" / "clients.mjs", which,
                               json.dumps(parameters)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_openid_client_signs_somebody_in_through_every_region(self):
        for region in (EU, US):
            with self.subTest(region):
                found = self.client("openid_client", region, client_id=SPA)
                claims, user = found["claims"], found["user"]
                self.assertEqual((claims["iss"], claims["aud"]), (issuer(region), SPA))
                self.assertEqual((claims["sub"], claims["email"]), (self.anna.sub, self.anna.email))
                self.assertEqual(claims["custom:region"], EU)
                self.assertNotIn("custom:country", claims)  # the scope is openid email
                self.assertIn("at_hash", claims)
                # The access token is its home's, wherever it was asked for.
                self.assertEqual(found["access"]["iss"], issuer(EU))
                self.assertEqual(found["access"]["scope"], "openid email")
                self.assertEqual((user["sub"], user["email"]), (self.anna.sub, self.anna.email))
                self.assertIs(user["email_verified"], True)
                self.assertEqual(found["scope"], "openid email")
                self.assertEqual(found["fresh"]["claims"]["iss"], issuer(region))
                self.assertEqual(found["fresh"]["claims"]["auth_time"], claims["auth_time"])
                self.assertNotIn("nonce", found["fresh"]["claims"])
                self.assertEqual(found["refused"], "invalid_grant")
                self.assertEqual(found["bye"], "https://app.example/bye?state=s1")

    def test_oauth4webapi_with_a_secret_asks_about_tokens(self):
        found = self.client("oauth4webapi", AU, client_id=SERVER, secret=SECRET)
        self.assertEqual(found["claims"]["custom:country"], "DE")  # openid alone: everything
        before = found["before"]
        self.assertEqual((before["active"], before["sub"], before["client_id"]),
                         (True, self.anna.sub, SERVER))
        self.assertEqual((before["scope"], before["token_type"]), ("openid", "Bearer"))
        self.assertEqual((found["refresh"]["active"], found["refresh"]["scope"]), (True, "openid"))
        self.assertEqual(found["after"], {"active": False})

    def test_nobody_is_redirected_before_client_and_address_belong_together(self):
        for changes in ({"client_id": "nobody"}, {"client_id": None}, {"redirect_uri": None},
                        {"redirect_uri": CALLBACK + "/"}, {"redirect_uri": "https://evil.example/"},
                        {"client_id": "4f8k2n7qz1m6c3v9x5b0r2t8dh"}):
            for path in ("/oauth2/authorize", "/login"):
                reply = call(f"idp.{EU}", "GET", f"{path}?{asked(**changes)}")
                self.assertEqual((reply.status, reply.headers.get("Location")), (400, None), changes)
        twice = call(f"idp.{EU}", "GET", f"/oauth2/authorize?{asked()}&client_id={SPA}")
        self.assertEqual((twice.status, twice.headers.get("Location")), (400, None))

    def test_other_errors_go_back_to_the_client(self):
        for changes, error in (
                ({"response_type": "token"}, "unsupported_response_type"),
                ({"response_type": None}, "invalid_request"),
                ({"scope": "openid admin"}, "invalid_scope"),
                ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
                ({"code_challenge_method": "plain"}, "invalid_request"),
                ({"code_challenge_method": None}, "invalid_request"),
                ({"code_challenge": "short"}, "invalid_request"),
                ({"prompt": "none"}, "login_required"),
                ({"prompt": "none login"}, "invalid_request"),
                ({"max_age": "-1"}, "invalid_request"),
                ({"response_mode": "fragment"}, "invalid_request"),
                ({"request": "e30.e30."}, "request_not_supported"),
                ({"request_uri": "https://a.example"}, "request_uri_not_supported")):
            reply = call(f"idp.{EU}", "GET", f"/oauth2/authorize?{asked(**changes)}")
            url, said = location(reply)
            self.assertEqual((reply.status, url), (302, CALLBACK), changes)
            self.assertEqual((said["error"], said["state"], said["iss"]),
                             (error, "a&b", issuer(EU)), changes)
        reply = call(f"idp.{EU}", "GET", "/oauth2/authorize?" + asked(
            redirect_uri="http://localhost:3000/cb?x=1", prompt="none"))
        self.assertTrue(reply.headers["Location"].startswith("http://localhost:3000/cb?x=1&error="))

    def test_the_page_needs_no_script_and_can_be_framed_by_nobody(self):
        browser = Browser(EU, {"Accept-Language": "fr, de-AT;q=0.8, en;q=0.5"})
        reply = browser.page(asked(login_hint='"><script>alert(1)</script>'))
        text = reply.body.decode()
        self.assertIn('<html lang="de">', text)
        self.assertIn("Anmelden", text)
        self.assertNotIn("<script", text)
        for name in ("username", "password"):
            self.assertRegex(text, f'<label for="{name}">')
        policy = reply.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertIn("form-action 'self' https://app.example;", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(reply.headers["Cache-Control"], "no-store")
        cookie = reply.headers["Set-Cookie"]
        self.assertTrue(cookie.startswith("__Host-"), cookie)
        for word in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/"):
            self.assertIn(word, cookie)
        english = browser.page(asked(ui_locales="en"))
        self.assertIn('<html lang="en">', english.body.decode())

    def test_an_unknown_person_reads_what_somebody_reads_whose_password_is_wrong(self):
        for region in (EU, US):
            browser = Browser(region)
            page = browser.page(asked())
            answers = []
            for name in (self.anna.email, f"nobody-{secrets.token_hex(4)}@example.org"):
                reply = browser.submit(page, username=name, password="Wrong-1234")
                self.assertEqual(reply.status, 400)
                self.assertIn("Incorrect user name or password.", reply.body.decode())
                self.assertIn('role="alert"', reply.body.decode())
                self.assertNotIn("Wrong-1234", reply.body.decode())
                answers.append(reply.body.decode().replace(name, "NAME"))
            self.assertEqual(answers[0], answers[1])

    def test_a_form_of_another_site_signs_nobody_in(self):
        browser = Browser(EU)
        page = browser.page(asked())
        mine = {"username": self.anna.email, "password": self.anna.password}
        forged = browser.submit(page, **mine, form_token="A" * 32)
        self.assertEqual(forged.status, 400)
        without = call(f"idp.{EU}", "POST", f"/login?{asked()}", FORM, urllib.parse.urlencode(mine))
        self.assertEqual((without.status, without.headers.get("Location")), (400, None))

    def test_a_code_is_for_one_use_and_a_second_one_ends_what_came_of_it(self):
        for region in (EU, US):
            code = Browser(region).code(asked(), self.anna)
            self.assertTrue(code.startswith(EU + "."))
            first = ok("token", redeem(region, code))
            second = redeem(region, code)
            self.assertEqual((second.status, second.json()["error"]), (400, "invalid_grant"))
            refused = token(region, grant_type="refresh_token", client_id=SPA,
                            refresh_token=first["refresh_token"])
            self.assertEqual((refused.status, refused.json()["error"]), (400, "invalid_grant"))
            user = call(f"idp.{region}", "GET", "/oauth2/userInfo",
                        {"Authorization": f"Bearer {first['access_token']}"})
            self.assertEqual(user.status, 401)
            self.assertIn('error="invalid_token"', user.headers["WWW-Authenticate"])

    def test_a_code_is_good_only_for_who_asked_for_it(self):
        for changes in ({"code_verifier": None}, {"code_verifier": "w" * 50},
                        {"redirect_uri": "http://localhost:3000/cb?x=1"},
                        {"client_id": SERVER, "client_secret": SECRET}):
            browser = Browser(EU)
            code = browser.code(asked(), self.anna)
            reply = redeem(EU, code, **changes)
            self.assertEqual((reply.status, reply.json()["error"]), (400, "invalid_grant"), changes)
            self.assertEqual(redeem(EU, code).status, 400)  # it is used up
        for code in ("", "x", f"{EU}.x", "nowhere.x", "." * 40):
            reply = redeem(US, code)
            self.assertEqual(reply.status, 400)
            self.assertIn(reply.json()["error"], ("invalid_grant", "invalid_request"))

    def test_a_client_proves_its_secret(self):
        basic = "Basic " + base64.b64encode(
            (SERVER + ":" + urllib.parse.quote_plus(SECRET)).encode()).decode()
        wrong = "Basic " + base64.b64encode(f"{SERVER}:x".encode()).decode()
        form = {"grant_type": "refresh_token", "refresh_token": f"{EU}.x"}
        self.assertEqual(token(EU, basic, **form).json()["error"], "invalid_grant")
        both = token(EU, basic, **form, client_secret=SECRET)
        self.assertEqual((both.status, both.json()["error"]), (400, "invalid_request"))
        reply = token(EU, wrong, **form)
        self.assertEqual((reply.status, reply.json()["error"]), (401, "invalid_client"))
        self.assertTrue(reply.headers["WWW-Authenticate"].startswith("Basic "))
        for credentials in ({"client_id": SERVER}, {"client_id": SERVER, "client_secret": "x"},
                            {"client_id": "nobody"}, {}, {"client_id": SPA, "client_secret": "x"}):
            reply = token(EU, **form, **credentials)
            self.assertEqual((reply.status, reply.json()["error"]), (401, "invalid_client"), credentials)
        for path in ("introspect", "revoke"):
            reply = call(f"idp.{EU}", "POST", f"/oauth2/{path}", FORM, f"client_id={SERVER}&token=x")
            self.assertEqual((reply.status, reply.json()["error"]), (401, "invalid_client"))
        public = call(f"idp.{EU}", "POST", "/oauth2/introspect", FORM, f"client_id={SPA}&token=x")
        self.assertEqual((public.status, public.json()["error"]), (401, "invalid_client"))

    def test_who_is_signed_in_is_not_asked_again_until_they_have_to_be(self):
        browser = Browser(US)  # a home elsewhere
        first = ok("token", redeem(US, browser.code(asked(), self.anna)))
        reply = browser.get(f"/oauth2/authorize?{asked(prompt='none')}")
        second = ok("token", redeem(US, location(reply)[1]["code"]))
        times = [json.loads(base64.urlsafe_b64decode(t["id_token"].split(".")[1] + "==="))["auth_time"]
                 for t in (first, second)]
        self.assertEqual(times[0], times[1])
        for changes in ({"prompt": "login"}, {"max_age": "0"}):
            reply = browser.get(f"/oauth2/authorize?{asked(**changes)}")
            self.assertTrue(reply.headers["Location"].startswith("/login?"), changes)
        reply = browser.get(f"/oauth2/authorize?{asked(prompt='none', max_age='0')}")
        self.assertEqual(location(reply)[1]["error"], "login_required")
        hint = asked(prompt="none", id_token_hint=first["id_token"])
        self.assertIn("code", location(browser.get(f"/oauth2/authorize?{hint}"))[1])
        other = asked(prompt="none", id_token_hint=first["access_token"])
        self.assertEqual(location(browser.get(f"/oauth2/authorize?{other}"))[1]["error"], "login_required")
        # Somebody else's region knows nothing of it.
        reply = Browser(EU).get(f"/oauth2/authorize?{asked(prompt='none')}")
        self.assertEqual(location(reply)[1]["error"], "login_required")

    def test_signing_out_ends_the_session_of_the_browser(self):
        browser = Browser(US)
        browser.code(asked(), self.anna)
        kept = dict(browser.cookies)
        refused = browser.get(f"/logout?client_id={SPA}&post_logout_redirect_uri=https://evil.example/")
        self.assertEqual((refused.status, refused.headers.get("Location")), (400, None))
        reply = browser.get(f"/logout?client_id={SPA}&logout_uri=https://app.example/bye")
        self.assertEqual((reply.status, reply.headers["Location"]), (302, "https://app.example/bye"))
        browser.cookies = kept  # a browser that does not forget
        reply = browser.get(f"/oauth2/authorize?{asked(prompt='none')}")
        self.assertEqual(location(reply)[1]["error"], "login_required")
        # Without a client the person is asked.
        browser.code(asked(prompt="login"), self.anna)
        done = browser.submit(browser.get("/logout"))
        self.assertEqual((done.status, "You are signed out." in done.body.decode()), (200, True))
        reply = browser.get(f"/oauth2/authorize?{asked(prompt='none')}")
        self.assertEqual(location(reply)[1]["error"], "login_required")

    def test_global_sign_out_ends_it_too(self):
        person = Person("DE", EU, "oidc").settle()
        browser = Browser(AU)
        browser.code(asked(), person)
        ok("GlobalSignOut", cognito(f"idp.{EU}", "GlobalSignOut",
                                    {"AccessToken": person.tokens["AccessToken"]}))
        reply = browser.get(f"/oauth2/authorize?{asked(prompt='none')}")
        self.assertEqual(location(reply)[1]["error"], "login_required")

    def test_a_token_of_the_provider_calls_the_user_pool_only_where_its_scope_says_so(self):
        tokens = ok("token", redeem(EU, Browser(EU).code(asked(scope="openid email"), self.anna)))
        reply = cognito(f"idp.{EU}", "GetUser", {"AccessToken": tokens["access_token"]})
        self.assertEqual((reply.status, reply.json()["message"]),
                         (400, "Access Token does not have required scopes"))
        email = ok("token", redeem(EU, Browser(EU).code(asked(scope="email"), self.anna)))
        self.assertNotIn("id_token", email)
        reply = call(f"idp.{EU}", "GET", "/oauth2/userInfo",
                     {"Authorization": f"Bearer {email['access_token']}"})
        self.assertEqual(reply.status, 403)
        self.assertIn('error="insufficient_scope"', reply.headers["WWW-Authenticate"])

    def test_a_client_acts_for_itself_with_the_scopes_of_an_api(self):
        form = {"client_id": SERVER, "client_secret": SECRET, "grant_type": "client_credentials"}
        read = "https://diary.example/read"
        for scope in ({}, {"scope": read}):
            reply = ok("token", token(EU, **form, **scope))
            self.assertEqual((reply["scope"], reply["token_type"]), (read, "Bearer"))
            self.assertNotIn("refresh_token", reply)
            self.assertNotIn("id_token", reply)
        claims = json.loads(base64.urlsafe_b64decode(reply["access_token"].split(".")[1] + "==="))
        self.assertEqual((claims["sub"], claims["client_id"], claims["iss"]),
                         (SERVER, SERVER, issuer(EU)))
        for region in (EU, US):  # whichever region is asked
            body = urllib.parse.urlencode({"client_id": SERVER, "client_secret": SECRET,
                                           "token": reply["access_token"]})
            state = ok("introspect", call(f"idp.{region}", "POST", "/oauth2/introspect", FORM, body))
            self.assertEqual((state["active"], state["sub"], state["scope"]), (True, SERVER, read))
        for changes, error in (({"scope": "https://diary.example/write"}, "invalid_scope"),
                               ({"scope": "openid"}, "invalid_scope")):
            refused = token(EU, **form, **changes)
            self.assertEqual((refused.status, refused.json()["error"]), (400, error))
        refused = token(EU, grant_type="client_credentials", client_id=SPA)
        self.assertEqual((refused.status, refused.json()["error"]), (400, "unauthorized_client"))
        # Nobody's token opens what is a person's.
        headers = {"Authorization": f"Bearer {reply['access_token']}"}
        self.assertEqual(call(f"idp.{EU}", "GET", "/oauth2/userInfo", headers).status, 401)
        self.assertEqual(call("app", "GET", "/entries", headers).status, 401)

    def test_somebody_signs_up_on_the_pages_and_replaces_a_password(self):
        browser = Browser(US)
        person = Person("DE", EU, "oidc")
        page = browser.get(f"/signup?{asked()}")
        self.assertIn("<option>DE</option>", page.body.decode())
        weak = browser.submit(page, username=person.email, password="short",
                              **{"attribute.custom:country": "DE"})
        self.assertEqual(weak.status, 400)
        self.assertIn("Password not long enough", weak.body.decode())
        self.assertIn("<option selected>DE</option>", weak.body.decode())
        confirm = browser.submit(weak, username=person.email, password=person.password,
                                 **{"attribute.custom:country": "DE"})
        wrong = browser.submit(confirm, code="x")
        self.assertIn("The code is not right.", wrong.body.decode())
        page = browser.submit(wrong, code=person.read_code())
        self.assertIn("Your address is confirmed.", page.body.decode())
        done = browser.submit(page, username=person.email, password=person.password)
        tokens = ok("token", redeem(US, location(done)[1]["code"]))
        claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "==="))
        self.assertEqual((claims["email"], claims["custom:region"]), (person.email, EU))

        page = browser.submit(browser.get(f"/forgotPassword?{asked()}"), username=person.email)
        second = person.password + "-2"
        page = browser.submit(page, code=person.read_code(), password=second)
        self.assertIn("Your password was changed.", page.body.decode())
        done = browser.submit(page, username=person.email, password=second)
        self.assertEqual(done.status, 303)
        self.assertIn("code", location(done)[1])
        # Nobody learns from it who is there.
        answers = []
        for name in (person.email, f"nobody-{secrets.token_hex(4)}@example.org"):
            reply = browser.submit(browser.get(f"/forgotPassword?{asked()}"), username=name)
            answers.append((reply.status, reply.body.decode().replace(name, "NAME")))
        self.assertEqual(answers[0], answers[1])

    def test_the_page_asks_for_the_second_factor(self):
        person = Person("DE", EU, "oidc").settle()
        access = {"AccessToken": person.tokens["AccessToken"]}
        secret = ok("associate", cognito(f"idp.{EU}", "AssociateSoftwareToken", access))["SecretCode"]
        app = pyotp.TOTP(secret)
        ok("verify", cognito(f"idp.{EU}", "VerifySoftwareToken", {**access, "UserCode": app.now()}))
        ok("prefer", cognito(f"idp.{EU}", "SetUserMFAPreference", {
            **access, "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": True}}))
        browser = Browser(US)
        page = browser.submit(browser.page(asked()), username=person.email, password=person.password)
        self.assertEqual(page.status, 200)
        self.assertIn("Code from your authenticator app", page.body.decode())
        code = app.at(time.time() + app.interval)  # the one before was taken
        page = browser.submit(page, code=str((int(code) + 1) % 1_000_000).zfill(6))
        self.assertEqual(page.status, 400)
        self.assertIn("This is not the code that the app shows now.", page.body.decode())
        done = browser.submit(page, code=code)
        tokens = ok("token", redeem(US, location(done)[1]["code"]))
        self.assertIn("id_token", tokens)

    def test_bad_requests_get_an_error_of_oauth(self):
        for method, path, headers, body, status in (
                ("GET", "/oauth2/token", {}, None, 405),
                ("DELETE", "/login", {}, None, 405),
                ("POST", "/oauth2/token", {"Content-Type": "application/json"}, "{}", 400),
                ("POST", "/oauth2/token", FORM, "a=%zz", 400),
                ("POST", "/oauth2/token", FORM, "a=1&a=2", 400),
                ("POST", "/oauth2/token", FORM, "a=%ff", 400),
                ("POST", "/oauth2/token", FORM, "a" * 30_000, 413),
                ("POST", "/oauth2/token", FORM, f"client_id={SPA}&grant_type=password", 400),
                ("POST", "/oauth2/token", FORM, f"client_id={SPA}", 400),
                ("GET", "/oauth2/userInfo", {}, None, 401),
                ("GET", "/oauth2/userInfo", {"Authorization": "Bearer x"}, None, 401)):
            reply = call(f"idp.{EU}", method, path, headers, body)
            self.assertEqual(reply.status, status, (path, body, reply))
            self.assertIn("error", reply.json())
        self.assertEqual(call(f"idp.{EU}", "GET", "/oauth2/userInfo", {}).status, 401)
        nobody = call(f"idp.{EU}", "GET", "/nobody/.well-known/openid-configuration")
        self.assertEqual(nobody.status, 404)


if __name__ == "__main__":
    unittest.main()
