#!/usr/bin/python3
"""Sign-in with another OpenID provider: the npm package oidc-provider on loopback, and one that lies.
People come through the right and the wrong region, and openid-client gets tokens for them."""

import html
import json
import re
import secrets
import subprocess
import unittest
import urllib.parse

import variant
from providers import APP, BOTH, FOLDER, ONLY, Engine, with_providers

variant.run_beside(__file__, Engine, with_providers)

import clients  # noqa: E402
from federation import (  # noqa: E402
    ORIGIN, Browser, claims, configure, control, query, somebody, tokens)
from world import CLIENT_ID, DOMAIN, EU, POOLS, PORT, US, Person, cognito  # noqa: E402


class Federation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        configure()

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

    def test_a_slow_provider_keeps_nobody_and_leaves_nothing_behind(self):
        for bend in ({"hangs": "/token"}, {"drips": "/token"}, {"hangs": "/userinfo"},
                     {"drips": "/userinfo"}):
            with self.subTest(bend):
                browser = Browser()
                control(bend=bend)
                answer = browser.start(US, provider="Hostile")
                self.assertEqual((answer["error"], answer["state"]),
                                 ("temporarily_unavailable", "a&b"))
                # The same browser, once the provider is well.
                control(bend={})
                self.assertIn("code", browser.start(US, provider="Hostile"))

    def test_somebodys_account_is_theirs_to_see_who_come_from_a_provider(self):
        account, browser = somebody("DE"), Browser()
        at = f"https://idp.{US}.{DOMAIN}:{PORT}/account?client_id={ONLY}"
        page = browser.at_provider(browser.open(at), account)
        self.assertEqual(page.status, 200)
        self.assertIn(f"<b>Partner_{account}</b>", page.text)
        # What the provider has is not ours to change.
        for word in ("Change password", "passkey", "authenticator"):
            self.assertNotIn(word, page.text)

    def test_of_somebodys_account_they_hear_themselves_that_a_provider_fails(self):
        at = f"https://idp.{US}.{DOMAIN}:{PORT}/account?client_id={BOTH}"
        for bend, status in (({"down": "/token"}, 503), ({"error": "access_denied"}, 400),
                             ({"hangs": "/token"}, 503)):
            with self.subTest(bend):
                control(bend=bend)
                browser = Browser()
                link = re.search(r'href="([^"]*identity_provider=Hostile[^"]*)"', browser.open(at).text)
                target = urllib.parse.urljoin(at, html.unescape(link.group(1)))
                page = browser.open(target)
                self.assertEqual(page.status, status)
                self.assertIn("Signing in with the other provider did not work.", page.text)
                control(bend={})
                link = re.search(r'href="([^"]*identity_provider=Hostile[^"]*)"', page.text)
                page = browser.open(urllib.parse.urljoin(at, html.unescape(link.group(1))))
                self.assertIn("Your account", page.text)

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
