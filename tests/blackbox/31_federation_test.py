#!/usr/bin/python3
"""Sign-in with another OpenID provider: the npm package oidc-provider on loopback, and one that lies.
People come through the right and the wrong region, and openid-client gets tokens for them."""

import atexit
import base64
import hashlib
import html
import http.client
import json
import os
import pathlib
import re
import secrets
import subprocess
import tempfile
import unittest
import urllib.parse

import variant

APP, ONLY, BOTH, SECRET = "federated1", "federated2", "federated3", "a secret, 100% + more"
CALLBACK = "https://app.example/callback"
FOLDER = pathlib.Path(__file__).resolve().parent
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"


class Engine:
    """The providers, in the first process; the second finds them by the environment."""

    def __init__(self):
        self.process = subprocess.Popen(["node", FOLDER / "oidc" / "provider.mjs"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    def hand_on(self):
        os.environ["PROVIDER_PORT"] = str(self.port)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def with_providers(text, engine):
    handle, path = tempfile.mkstemp(prefix="domicile-secret.")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(SECRET + "\n")
    origin = f"http://127.0.0.1:{engine.port}"
    mapped = "attributes: {email: email, name: name, 'custom:country': country}"
    providers = ("    identity_providers:\n"
                 f"      Partner: {{issuer: '{origin}', client_id: domicile, client_secret_file: {path}, {mapped}}}\n"
                 f"      Hostile: {{issuer: '{origin}/hostile', client_id: at-hostile,"
                 " attributes: {email: email, 'custom:country': country}}\n")
    oauth = f"redirect_uris: ['{CALLBACK}']"
    text = text.replace("{name: email, required: true}", "{name: email}")
    return text.replace("    clients:\n", providers + "    clients:\n", 1).replace(
        WEB_FLOWS, f"{WEB_FLOWS}"
        f"      app: {{id: {APP}, oauth: {{{oauth}, identity_providers: [COGNITO, Partner, Hostile]}}}}\n"
        f"      only: {{id: {ONLY}, oauth: {{{oauth}, identity_providers: [Partner]}}}}\n"
        f"      both: {{id: {BOTH}, oauth: {{{oauth}, identity_providers: [Partner, Hostile]}}}}\n")


variant.run_beside(__file__, Engine, with_providers)

from botocore.exceptions import ClientError  # noqa: E402

import clients  # noqa: E402
from world import CLIENT_ID, DOMAIN, EU, POOLS, PORT, REGIONS, US, Person, call, cognito, ok  # noqa: E402

ORIGIN = f"http://127.0.0.1:{os.environ['PROVIDER_PORT']}"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def control(**wish):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PROVIDER_PORT"]), timeout=20)
    try:
        connection.request("POST", "/control", json.dumps(wish))
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def query(provider="Partner", client=APP, **changes):
    out = {"client_id": client, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid",
           "state": "a&b", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
           "identity_provider": provider, **changes}
    return urllib.parse.urlencode({k: v for k, v in out.items() if v is not None})


class Page:
    def __init__(self, url, status, text):
        self.url, self.status, self.text = url, status, text


class Browser:
    """At the pages of all regions and at the providers; stops where the application is."""

    def __init__(self):
        self.cookies = {}

    def once(self, url, method, body):
        at = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(at.netloc, {})
        headers = {**(FORM if body is not None else {}), "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())}
        path = f"{at.path}?{at.query}" if at.query else at.path
        if at.hostname.endswith(DOMAIN):
            reply = call(at.hostname.removesuffix("." + DOMAIN), method, path, headers, body)
            status, fields, text = reply.status, reply.headers, reply.body.decode()
        else:
            connection = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            status, fields, text = answer.status, answer.headers, answer.read().decode()
            connection.close()
        for line in fields.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            jar[name] = value
        return status, fields, text

    def open(self, url, method="GET", body=None):
        for _ in range(12):
            status, fields, text = self.once(url, method, body)
            if status not in (302, 303):
                return Page(url, status, text)
            url, method, body = urllib.parse.urljoin(url, fields["Location"]), "GET", None
            if url.startswith(CALLBACK):
                self.landed = url
                return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        raise AssertionError("redirects without an end")

    def submit(self, page, **fields):
        action = html.unescape(re.search(r'action="([^"]*)"', page.text).group(1))
        hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        form = {**{k: html.unescape(v) for k, v in hidden}, **fields}
        return self.open(urllib.parse.urljoin(page.url, action), "POST", urllib.parse.urlencode(form))

    def start(self, region, **changes):
        return self.open(f"https://idp.{region}.{DOMAIN}:{PORT}/oauth2/authorize?{query(**changes)}")

    def sign_in(self, region, account, **changes):
        """At oidc-provider's own pages: who it is, and consent."""
        return self.at_provider(self.start(region, **changes), account)

    def at_provider(self, page, account):
        while isinstance(page, Page) and page.url.startswith(ORIGIN):
            fields = {"login": account, "password": "any"} if 'name="login"' in page.text else {}
            page = self.submit(page, **fields)
        return page


def tokens(region, code, client=APP):
    form = {"grant_type": "authorization_code", "client_id": client, "code": code,
            "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return ok("token", call(f"idp.{region}", "POST", "/oauth2/token", FORM, urllib.parse.urlencode(form)))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def somebody(country="DE", **more):
    account = f"p{secrets.token_hex(6)}"
    said = {"email": f"{account}@partner.example", "email_verified": True, "name": "P", **more}
    if country:
        said["country"] = country
    control(person=account, claims=said)
    return account


class Federation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        control(configure={"secret": SECRET, "redirect_uris": [
            f"https://idp.{region}.{DOMAIN}:{PORT}/oauth2/idpresponse" for region in REGIONS]})

    def setUp(self):
        control(bend={})

    def test_a_new_person_is_at_home_where_their_country_says_through_any_region(self):
        account = somebody("DE")
        answer = Browser().sign_in(US, account)
        self.assertEqual(answer["state"], "a&b")
        got = tokens(US, answer["code"])
        said = claims(got["id_token"])
        self.assertEqual(said["custom:region"], EU)
        self.assertEqual(said["cognito:username"], f"Partner_{account}")
        self.assertEqual(said["email"], f"{account}@partner.example")
        self.assertIs(said["email_verified"], True)
        [identity] = said["identities"]
        self.assertEqual((identity["userId"], identity["providerName"], identity["providerType"]),
                         (account, "Partner", "OIDC"))
        # Again, through a third region: the same person.
        again = tokens(EU, Browser().sign_in(EU, account)["code"])
        self.assertEqual(claims(again["id_token"])["sub"], said["sub"])

    def test_openid_client_gets_their_tokens_from_the_region_that_it_knows(self):
        account, browser = somebody("DE"), Browser()
        issuer = f"https://idp.{US}.{DOMAIN}:{PORT}/{POOLS[US]}"
        asked = json.dumps({"issuer": issuer, "client_id": APP, "provider": "Partner"})
        app = subprocess.Popen(["node", "--no-warnings", FOLDER / "oidc" / "federated.mjs", asked],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(app.wait)
        self.addCleanup(app.kill)
        browser.at_provider(browser.open(app.stdout.readline().strip()), account)
        output, _ = app.communicate(browser.landed + "\n", timeout=30)
        found = json.loads(output)
        self.assertEqual((found["claims"]["iss"], found["claims"]["custom:region"]), (issuer, EU))
        self.assertEqual(found["claims"]["identities"][0]["userId"], account)
        self.assertEqual(found["user"]["email"], f"{account}@partner.example")

    def test_whoever_comes_back_brings_what_the_provider_says_now(self):
        account = somebody("DE", name="Before")
        tokens(EU, Browser().sign_in(EU, account)["code"])
        control(person=account, claims={"email": f"{account}@partner.example", "email_verified": True,
                                        "name": "After", "country": "US"})
        said = claims(tokens(US, Browser().sign_in(US, account)["code"])["id_token"])
        self.assertEqual((said["name"], said["custom:country"], said["custom:region"]), ("After", "DE", EU))

    def test_without_a_country_the_page_asks_for_it(self):
        account, browser = somebody(None), Browser()
        page = browser.sign_in(EU, account)
        self.assertIn('name="attribute.custom:country"', page.text)
        self.assertNotIn(account, page.text)
        answer = browser.submit(page, **{"attribute.custom:country": "US"})
        self.assertEqual(claims(tokens(EU, answer["code"])["id_token"])["custom:region"], US)

    def test_another_browser_cannot_bring_back_what_was_begun(self):
        browser, other = Browser(), Browser()
        status, fields, _ = browser.once(
            f"https://idp.{EU}.{DOMAIN}:{PORT}/oauth2/authorize?{query('Hostile')}", "GET", None)
        _, back, _ = browser.once(fields["Location"], "GET", None)
        page = other.open(back["Location"])
        self.assertEqual(page.status, 400)
        self.assertIn("did not begin here", page.text)

    def test_an_address_that_is_somebodys_is_never_linked(self):
        native = Person("DE", EU, "native").settle()
        account = somebody("DE", email=native.email)
        page = Browser().sign_in(US, account)
        self.assertEqual(page.status, 400)
        self.assertIn("There is an account with your address already", page.text)
        # An address that nobody vouches for is nobody's.
        unproven = somebody("DE", email=native.email, email_verified=False)
        said = claims(tokens(US, Browser().sign_in(US, unproven)["code"])["id_token"])
        self.assertIs(said["email_verified"], False)

    def test_they_have_no_password_and_nobody_can_tell(self):
        account = somebody("DE")
        tokens(EU, Browser().sign_in(EU, account)["code"])
        for name in (f"Partner_{account}", f"Partner_{secrets.token_hex(6)}"):
            reply = cognito(f"idp.{EU}", "InitiateAuth", {
                "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT_ID,
                "AuthParameters": {"USERNAME": name, "PASSWORD": "Sicher-1234"}})
            self.assertEqual((reply.status, reply.json()["message"]), (400, "Incorrect username or password."))
            self.assertEqual(cognito(f"idp.{EU}", "ForgotPassword", {"ClientId": CLIENT_ID, "Username": name}).status, 200)

    def test_nobody_signs_up_under_such_a_name(self):
        reply = cognito(f"idp.{EU}", "SignUp", {
            "ClientId": CLIENT_ID, "Username": "Partner_17", "Password": "Sicher-1234",
            "UserAttributes": [{"Name": "email", "Value": f"{secrets.token_hex(6)}@x.example"},
                               {"Name": "custom:country", "Value": "DE"}]})
        self.assertEqual((reply.status, reply.json()["__type"].split("#")[-1]), (400, "InvalidParameterException"))

    def test_an_administrator_sees_whose_they_are_and_a_removed_one_begins_anew(self):
        account = somebody("DE")
        before = claims(tokens(EU, Browser().sign_in(EU, account)["code"])["id_token"])["sub"]
        admin = clients.administrator(EU)
        shown = admin.admin_get_user(UserPoolId=POOLS[EU], Username=f"Partner_{account}")
        self.assertEqual(shown["UserStatus"], "EXTERNAL_PROVIDER")
        self.assertIn("identities", {a["Name"] for a in shown["UserAttributes"]})
        with self.assertRaises(admin.exceptions.ClientError):
            admin.admin_set_user_password(UserPoolId=POOLS[EU], Username=f"Partner_{account}",
                                          Password="Sicher-1234", Permanent=True)
        admin.admin_delete_user(UserPoolId=POOLS[EU], Username=f"Partner_{account}")
        control(person=account, claims={"email": f"{account}@partner.example", "email_verified": True, "country": "US"})
        said = claims(tokens(EU, Browser().sign_in(EU, account)["code"])["id_token"])
        self.assertNotEqual(said["sub"], before)
        self.assertEqual(said["custom:region"], US)

    def test_a_disabled_person_is_told_so(self):
        account = somebody("DE")
        tokens(EU, Browser().sign_in(EU, account)["code"])
        clients.administrator(EU).admin_disable_user(UserPoolId=POOLS[EU], Username=f"Partner_{account}")
        page = Browser().sign_in(US, account)
        self.assertIn("This account is disabled", page.text)

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        return error["Message"]

    def test_an_administrator_links_a_providers_user_with_a_person(self):
        native = Person("DE", EU, "linked").settle()
        account = somebody("DE", email=native.email, name="Other")
        admin, pool = clients.administrator(EU), POOLS[EU]
        source = {"ProviderName": "Partner", "ProviderAttributeName": "Cognito_Subject",
                  "ProviderAttributeValue": account}
        own = {"ProviderName": "Cognito", "ProviderAttributeValue": native.email}
        linking = {"UserPoolId": pool, "DestinationUser": own, "SourceUser": source}
        self.refused("UserNotFoundException",
                     clients.administrator(US).admin_link_provider_for_user,
                     **{**linking, "UserPoolId": POOLS[US]})
        self.refused("MissingAuthenticationTokenException",
                     clients.user_pools(EU).admin_link_provider_for_user, **linking)
        for bad in ({**source, "ProviderName": "Cognito"}, {**source, "ProviderName": "Unknown"},
                    {**source, "ProviderAttributeName": "email"}):
            self.refused("InvalidParameterException", admin.admin_link_provider_for_user,
                         **{**linking, "SourceUser": bad})
        admin.admin_link_provider_for_user(**linking)
        for region in (US, EU):
            said = claims(tokens(region, Browser().sign_in(region, account)["code"])["id_token"])
            self.assertEqual((said["sub"], said["cognito:username"], said["custom:region"]),
                             (native.sub, native.email, EU))
            [identity] = said["identities"]
            self.assertEqual((identity["userId"], identity["primary"]), (account, "false"))
            self.assertNotIn("name", said)
        message = self.refused("InvalidParameterException", admin.admin_link_provider_for_user,
                               **linking)
        self.assertEqual(message, "SourceUser is already linked to DestinationUser")
        # Somebody who is there already is linked with nobody.
        other = somebody("US")
        tokens(EU, Browser().sign_in(EU, other)["code"])
        message = self.refused("InvalidParameterException", admin.admin_link_provider_for_user,
                               **{**linking, "SourceUser": {**source, "ProviderAttributeValue": other}})
        self.assertIn("has not been signed up", message)
        admin.admin_disable_provider_for_user(UserPoolId=pool, User=source)
        self.refused("UserNotFoundException", admin.admin_disable_provider_for_user,
                     UserPoolId=pool, User=source)
        page = Browser().sign_in(US, account)
        self.assertIn("There is an account with your address already", page.text)
        shown = admin.admin_get_user(UserPoolId=pool, Username=native.email)["UserAttributes"]
        self.assertNotIn("identities", {a["Name"] for a in shown})

    def test_denied_consent_is_access_denied_for_the_application(self):
        browser = Browser()
        page = browser.start(EU)
        abort = html.unescape(re.search(r'href="([^"]*abort[^"]*)"', page.text).group(1))
        answer = browser.open(urllib.parse.urljoin(page.url, abort))
        self.assertEqual((answer["error"], answer["state"]), ("access_denied", "a&b"))
        self.assertEqual(answer["iss"], f"https://idp.{EU}.{DOMAIN}:{PORT}/{POOLS[EU]}")

    def test_keys_may_change_at_any_time(self):
        account = somebody("DE")
        tokens(EU, Browser().sign_in(EU, account)["code"])
        control(rotate=True)
        tokens(EU, Browser().sign_in(EU, account)["code"])

    def test_what_a_hostile_provider_says_is_not_taken(self):
        for bend, error in [
                ({"claims": {"nonce": "another"}}, "server_error"),
                ({"claims": {"aud": "another"}}, "server_error"),
                ({"claims": {"aud": ["at-hostile", "another"]}}, "server_error"),
                ({"claims": {"azp": "another"}}, "server_error"),
                ({"claims": {"iss": ORIGIN}}, "server_error"),
                ({"claims": {"exp": 1}}, "server_error"),
                ({"header": {"alg": "none"}}, "server_error"),
                ({"stranger": True}, "server_error"),
                ({"iss": ORIGIN}, "server_error"),
                ({"garbage": "/token"}, "server_error"),
                ({"down": "/token"}, "temporarily_unavailable"),
                ({"error": "access_denied"}, "access_denied"),
                ({"error": "invalid_scope"}, "server_error"),
                ({"error": "temporarily_unavailable"}, "temporarily_unavailable")]:
            with self.subTest(bend):
                control(bend=bend)
                answer = Browser().start(EU, provider="Hostile")
                self.assertEqual((answer["error"], answer["state"]), (error, "a&b"))
        control(bend={})
        self.assertIn("code", Browser().start(EU, provider="Hostile"))

    def test_pages_offer_what_the_client_takes(self):
        page = Browser().start(EU, provider=None)
        self.assertIn('name="password"', page.text)
        self.assertIn("Sign in with Partner", page.text)
        self.assertIn("identity_provider=Hostile", page.text)
        page = Browser().start(EU, provider=None, client=BOTH)
        self.assertNotIn("<form", page.text)
        self.assertIn("Sign in with Hostile", page.text)
        # The only one there is.
        page = Browser().start(EU, provider=None, client=ONLY)
        self.assertTrue(page.url.startswith(ORIGIN))
        answer = Browser().start(EU, provider="Hostile", client=ONLY)
        self.assertEqual(answer["error"], "invalid_request")


if __name__ == "__main__":
    unittest.main()
