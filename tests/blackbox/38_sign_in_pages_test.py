#!/usr/bin/python3
"""The sign-in pages beyond the password: passkeys in Chromium by its virtual authenticator, codes that
are mailed, second factors, and the set-up of an authenticator app without a script; with openid-client as the
application, through right and wrong regions."""

import json
import os
import pathlib
import re
import secrets
import subprocess
import time
import unittest

import variant

SPA, APP, BARE, TWO = "oidcspa1", "oidcapp1", "oidcbare1", "oidctwo1"
CALLBACK = "https://app.example/callback"
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"
RELYING_PARTY = "domicile.localhost"


def with_pools(text):
    """The example's pool with passkeys and codes, and one that wants an authenticator app."""
    oauth = f"oauth: {{redirect_uris: ['{CALLBACK}']}}"
    ways = f"    email_otp: true\n    passkeys: {{relying_party_id: {RELYING_PARTY}}}\n"
    text = text.replace("    id_suffix: ", f"{ways}    id_suffix: ", 1)
    text = text.replace(WEB_FLOWS, f"{WEB_FLOWS}"
                        f"      spa: {{id: {SPA}, {oauth}, flows: [USER_SRP_AUTH, USER_AUTH]}}\n"
                        f"      bare: {{id: {BARE}, {oauth}, flows: [USER_SRP_AUTH]}}\n")
    strict = ("  strict:\n    id_suffix: Strict1\n    mfa: required\n    email_otp: true\n"
              "    clients:\n"
              f"      app: {{id: {APP}, {oauth}, flows: [USER_SRP_AUTH, USER_AUTH]}}\n"
              "  two:\n    id_suffix: Two1\n    mfa: required\n    mfa_methods: [app, email]\n"
              "    clients:\n"
              f"      app: {{id: {TWO}, {oauth}, flows: [USER_PASSWORD_AUTH]}}\n")
    return text.replace("# Tables of the document store", strict + "# Tables of the document store", 1)


variant.run(__file__, with_pools)

import pyotp  # noqa: E402

import pages  # noqa: E402
from world import AU, DOMAIN, EU, POOLS, PORT, US, Person, call, cognito, ok  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
PICTURES = os.environ.get("PICTURES", "")  # a folder that pictures of the pages go to


class Application:
    """openid-client, at a region."""

    def __init__(self, test, region, client_id, pool):
        issuer = f"https://idp.{region}.{DOMAIN}:{PORT}/{pool}"
        self.process = subprocess.Popen(
            ["node", "--no-warnings", FOLDER / "oidc" / "federated.mjs",
             json.dumps({"issuer": issuer, "client_id": client_id})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.test = test
        test.addCleanup(self.process.kill)
        self.path = self.process.stdout.readline().strip().partition(f":{PORT}")[2]

    def claims(self, location):
        out, errors = self.process.communicate(location + "\n", timeout=60)
        self.test.assertEqual(self.process.returncode, 0, errors)
        return json.loads(out)["claims"]


def sign_in_codes(person, digits=8):
    mails = ok("outbox", call(person.home, "GET", "/_domicile/outbox"))["mails"]
    mine = [m for m in mails if m["to"] == person.email and "sign-in" in m["subject"]]
    mine.sort(key=lambda m: m["sent_at"], reverse=True)
    return [re.search(rf"\b\d{{{digits}}}\b", m["text"]).group() for m in mine]


def sign_up_strictly(label, client=APP):
    """Somebody of a pool that wants a second factor, confirmed."""
    return Person("DE", EU, label, client=client).sign_up().confirm()


def read_by_a_camera(page):
    """What somebody else's reader (jsQR) finds in the page's picture."""
    return subprocess.run(["node", "--no-warnings", FOLDER / "oidc" / "qr.mjs"], input=page,
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


def strict_pool(region):
    return f"{region}_Strict1"


class Pages(unittest.TestCase):
    def test_passkeys_in_a_browser_through_every_region(self):
        for region in (EU, US):
            with self.subTest(region):
                person = Person("DE", EU, "pages").sign_up().confirm()
                given = {"issuer": f"https://idp.{region}.{DOMAIN}:{PORT}/{POOLS[region]}",
                         "client_id": SPA, "username": person.email, "password": person.password,
                         "nobody": f"nobody.{person.email}",
                         "pictures": PICTURES if region == EU else ""}
                done = subprocess.run(
                    ["node", "--no-warnings", FOLDER / "oidc" / "pages.mjs", json.dumps(given)],
                    capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stderr)
                found = json.loads(done.stdout)
                self.assertEqual(set(found), {"without_script", "not_now", "not_again", "made",
                                              "by_passkey", "resumed", "by_password", "after_refusal"})
                self.assertEqual(set(found.values()), {person.email})

    def test_a_mailed_code_without_a_script(self):
        for region in (EU, US, AU):
            with self.subTest(region):
                person = Person("DE", EU, "pages").sign_up().confirm()
                application = Application(self, region, SPA, POOLS[region])
                browser = pages.Browser(region)
                page = browser.get(browser.get(application.path).headers["Location"])
                page = browser.submit(page, username=person.email, way="code")
                self.assertEqual(page.status, 200)
                text = page.body.decode()
                self.assertIn("If there is such an account, a code was sent", text)
                self.assertNotIn("<script", text)
                self.assertNotIn(person.password, text)
                page = browser.submit(page, code="0")
                self.assertEqual(page.status, 400)
                self.assertIn("The code is not right.", page.body.decode())
                first = sign_in_codes(person)[0]
                page = browser.submit(page, way="code")  # another one
                self.assertEqual((page.status, len(sign_in_codes(person))), (200, 2))
                if first != sign_in_codes(person)[0]:
                    page = browser.submit(page, code=first)
                    self.assertEqual(page.status, 400)
                done = browser.submit(page, code=sign_in_codes(person)[0])
                self.assertEqual(done.status, 303, done)
                self.assertEqual(application.claims(done.headers["Location"])["email"], person.email)
                used = browser.submit(page, code=sign_in_codes(person)[0])
                self.assertIn("The code can no longer be used.", used.body.decode())

    def test_nobody_reads_what_somebody_reads(self):
        person = Person("DE", EU, "pages").sign_up().confirm()
        for way in ("code", "passkey"):
            for region in (EU, US):
                browser, answers = pages.Browser(region), []
                page = browser.get(browser.get(self.asked(region)).headers["Location"])
                for name in (person.email, f"nobody-{secrets.token_hex(4)}@example.org"):
                    reply = browser.submit(page, username=name, way=way)
                    self.assertEqual(reply.status, 200)
                    shown = re.sub(r'name="session" value="[^"]*"', "", reply.body.decode())
                    shown = re.sub(r"challenge&quot;:&quot;[^&]*&quot;", "", shown)
                    answers.append(shown.replace(name, "NAME"))
                self.assertEqual(answers[0], answers[1])

    def asked(self, region):
        return Application(self, region, SPA, POOLS[region]).path

    def test_an_app_is_set_up_without_a_script(self):
        for region in (EU, US):
            with self.subTest(region):
                person = sign_up_strictly("strict")
                application = Application(self, region, APP, strict_pool(region))
                browser = pages.Browser(region)
                page = browser.get(browser.get(application.path).headers["Location"])
                page = browser.submit(page, username=person.email, password=person.password)
                self.assertEqual(page.status, 200, page)
                text = page.body.decode()
                self.assertIn("Set up an authenticator app", text)
                self.assertIn('<svg role="img" aria-label="QR code with the key for your app"', text)
                self.assertNotIn("<script", text)
                shown = re.search(r"<code>([A-Z2-7 ]+)</code>", text).group(1)
                link = re.search(r'href="(otpauth://[^"]+)"', text).group(1).replace("&amp;", "&")
                self.assertEqual(read_by_a_camera(text), link)
                app = pyotp.parse_uri(link)
                self.assertEqual(app.secret, shown.replace(" ", ""))
                self.assertEqual((app.name, app.issuer), (person.email, DOMAIN))
                wrong = str((int(app.now()) + 1) % 1_000_000).zfill(6)
                page = browser.submit(page, code=wrong)
                self.assertEqual(page.status, 400)
                self.assertIn("This is not the code that the app shows now.", page.body.decode())
                self.assertIn(shown, page.body.decode())  # the same picture again
                done = browser.submit(page, code=app.now())
                self.assertEqual(done.status, 303, done)
                claims = application.claims(done.headers["Location"])
                self.assertEqual(claims["email"], person.email)
                # From now on the code is asked for, also after one that was mailed.
                browser = pages.Browser(region)
                application = Application(self, region, APP, strict_pool(region))
                page = browser.get(browser.get(application.path).headers["Location"])
                page = browser.submit(page, username=person.email, way="code")
                page = browser.submit(page, code=sign_in_codes(person)[0])
                self.assertIn("Code from your authenticator app", page.body.decode())
                code = app.at(time.time() + app.interval)  # the one before was taken
                done = browser.submit(page, code=code)
                self.assertEqual(application.claims(done.headers["Location"])["email"], person.email)

    def enter(self, region, person):
        """At the pages of the pool with two second factors."""
        application = Application(self, region, TWO, f"{region}_Two1")
        browser = pages.Browser(region)
        page = browser.get(browser.get(application.path).headers["Location"])
        page = browser.submit(page, username=person.email, password=person.password)
        self.assertEqual(page.status, 200, page)
        self.assertNotIn("<script", page.body.decode())
        return application, browser, page

    def mailed(self, application, browser, page, person):
        """Types the code that was mailed; the access token that comes of it."""
        text = page.body.decode()
        self.assertIn("Second step", text)
        self.assertIn("A code was sent to your e-mail address.", text)
        self.assertNotIn("Send a new code", text)  # that would be a sign-in without the password
        page = browser.submit(page, code="0")
        self.assertEqual(page.status, 400)
        text = page.body.decode()
        self.assertIn("The code is not right.", text)
        self.assertIn("A code was sent to your e-mail address.", text)
        done = browser.submit(page, code=sign_in_codes(person, 6)[0])
        self.assertEqual(done.status, 303, done)
        self.assertEqual(application.claims(done.headers["Location"])["email"], person.email)

    def turn_app_on(self, person):
        asked = ok("InitiateAuth", cognito(f"idp.{EU}", "InitiateAuth", {
            "ClientId": TWO, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}))
        done = ok("Respond", cognito(f"idp.{US}", "RespondToAuthChallenge", {
            "ClientId": TWO, "ChallengeName": "EMAIL_OTP", "Session": asked["Session"],
            "ChallengeResponses": {"USERNAME": person.email,
                                   "EMAIL_OTP_CODE": sign_in_codes(person, 6)[0]}}))
        token = {"AccessToken": done["AuthenticationResult"]["AccessToken"]}
        made = ok("Associate", cognito(f"idp.{US}", "AssociateSoftwareToken", token))
        app = pyotp.TOTP(made["SecretCode"])
        ok("Verify", cognito(f"idp.{AU}", "VerifySoftwareToken", {**token, "UserCode": app.now()}))
        ok("Prefer", cognito(f"idp.{EU}", "SetUserMFAPreference", {
            **token, "SoftwareTokenMfaSettings": {"Enabled": True, "PreferredMfa": False},
            "EmailMfaSettings": {"Enabled": True}}))
        return app

    def test_a_second_factor_by_mail_and_the_choice_between_two_without_a_script(self):
        for region in (EU, US):
            with self.subTest(region):
                person = sign_up_strictly("two", TWO)
                self.mailed(*self.enter(region, person), person)
                app = self.turn_app_on(person)
                application, browser, page = self.enter(region, person)
                text = page.body.decode()
                self.assertIn("Please choose one.", text)
                self.assertNotIn('name="code"', text)
                self.mailed(application, browser, browser.submit(page, way="mail"), person)
                application, browser, page = self.enter(region, person)
                page = browser.submit(page, way="app")
                self.assertIn("Code from your authenticator app", page.body.decode())
                done = browser.submit(page, code=app.at(time.time() + app.interval))
                self.assertEqual(application.claims(done.headers["Location"])["email"], person.email)

    def test_what_a_client_may_not_offer_is_not_there(self):
        browser = pages.Browser(EU)
        path = Application(self, EU, BARE, POOLS[EU]).path
        page = browser.get(browser.get(path).headers["Location"])
        text = page.body.decode()
        for word in ("passkey", 'name="way"', "<script"):
            self.assertNotIn(word, text)
        self.assertNotIn("script-src", page.headers["Content-Security-Policy"])
        for way in ("code", "passkey"):
            reply = browser.submit(page, username="anna@example.org", way=way)
            self.assertEqual(reply.status, 400)
        # Nobody is signed in here, and nobody makes a passkey here.
        there = browser.get("/passkeys/add?" + path.partition("?")[2])
        self.assertEqual(there.status, 302)
        self.assertTrue(there.headers["Location"].startswith("/login?"))

    def test_the_page_names_its_script_and_runs_no_other(self):
        browser = pages.Browser(EU)
        page = browser.get(browser.get(self.asked(EU)).headers["Location"])
        policy = page.headers["Content-Security-Policy"]
        self.assertRegex(policy, r"script-src 'sha256-[A-Za-z0-9+/]+='; ")
        self.assertNotIn("unsafe", policy)
        self.assertEqual(page.body.decode().count("<script"), 1)

    def test_a_passkey_is_made_by_whoever_was_just_there_and_by_no_other_page(self):
        person = Person("DE", EU, "pages").sign_up().confirm()
        browser, path = pages.Browser(US), self.asked(US)
        page = browser.get(browser.get(path).headers["Location"])
        done = browser.submit(page, username=person.email, password=person.password, passkeys="1")
        self.assertEqual(done.status, 303)
        self.assertTrue(done.headers["Location"].startswith("/passkeys/add?"), done)
        offer = browser.get(done.headers["Location"])
        self.assertIn("Make a passkey", offer.body.decode())
        for credential in ("", "x", "{}"):
            refused = browser.submit(offer, credential=credential)
            self.assertEqual(refused.status, 400)
            self.assertIn("The passkey could not be saved.", refused.body.decode())
        forged = browser.submit(offer, way="later", form_token="A" * 32)
        self.assertEqual((forged.status, forged.headers.get("Location")), (400, None))
        left = browser.submit(offer, way="later")
        self.assertTrue(left.headers["Location"].startswith(f"{CALLBACK}?code="), left)
        kept = [line for line in left.headers.get_all("Set-Cookie") if "no-passkey" in line]
        self.assertIn("Max-Age=7776000", kept[0])
        again = browser.submit(page, username=person.email, password=person.password, passkeys="1")
        self.assertTrue(again.headers["Location"].startswith(f"{CALLBACK}?code="), again)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
