#!/usr/bin/python3
"""The pages of one's own account at the provider, through right and wrong regions, without a script
and in Chromium: passkeys, the authenticator app and the password; who is not signed in, and what
another site sends, changes nothing."""

import json
import os
import pathlib
import re
import subprocess
import time
import unittest
import urllib.parse

import variant

SPA, STRICT, NO_PAGES = "accountspa1", "accountstrict1", "accountnone1"
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"


def with_pools(text):
    """The example's pool with passkeys and apps for whoever wants one, and one that demands an app."""
    oauth = "oauth: {redirect_uris: ['https://app.example/callback']}"
    ways = "    mfa: optional\n    passkeys: {relying_party_id: domicile.localhost}\n"
    text = text.replace("    id_suffix: ", f"{ways}    id_suffix: ", 1)
    text = text.replace(WEB_FLOWS, f"{WEB_FLOWS}"
                        f"      spa: {{id: {SPA}, {oauth}, flows: [USER_SRP_AUTH, USER_AUTH]}}\n"
                        f"      none: {{id: {NO_PAGES}, flows: [USER_SRP_AUTH]}}\n")
    strict = ("  strict:\n    id_suffix: Strict1\n    mfa: required\n    clients:\n"
              f"      app: {{id: {STRICT}, {oauth}, flows: [USER_SRP_AUTH, USER_AUTH]}}\n")
    return text.replace("# Tables of the document store", strict + "# Tables of the document store", 1)


variant.run(__file__, with_pools)

import pyotp  # noqa: E402

import pages  # noqa: E402
from world import AU, DOMAIN, EU, PORT, US, Person, call  # noqa: E402

FOLDER = pathlib.Path(__file__).resolve().parent
PICTURES = os.environ.get("PICTURES", "")  # a folder that pictures of the pages go to
ACCOUNT = f"/account?client_id={SPA}"
NEW_PASSWORD = "Another-1234"


def follow(browser, reply):
    """To the page that redirects end at."""
    while reply.status in (302, 303):
        reply = browser.get(reply.headers["Location"])
    return reply


def key_of(page):
    """Of the app that a page wants to be set up."""
    link = re.search(r'href="(otpauth://[^"]+)"', page.body.decode()).group(1)
    return pyotp.parse_uri(link.replace("&amp;", "&"))


def sign_up(client, label):
    """Somebody of Germany in the pool of a client, confirmed."""
    return Person("DE", EU, label, client=client).sign_up().confirm()


class OwnAccount(unittest.TestCase):
    def says(self, page, *texts):
        for text in texts:
            self.assertIn(text, page.body.decode())

    def says_nothing_of(self, page, *texts):
        for text in texts:
            self.assertNotIn(text, page.body.decode())

    def enter(self, browser, person, path=ACCOUNT, **changes):
        """Through the sign-in page, to whatever comes then."""
        page = follow(browser, browser.get(path))
        self.says(page, "Please sign in to see your account")
        fields = {"username": person.email, "password": person.password, **changes}
        return follow(browser, browser.submit(page, **fields))

    def test_somebody_signs_in_to_their_account_through_every_region(self):
        person = sign_up(SPA, "account")
        for region in (EU, US, AU):
            with self.subTest(region):
                browser = pages.Browser(region)
                page = self.enter(browser, person)
                self.assertEqual(page.status, 200)
                self.says(page, "Your account", f"<b>{person.email}</b>", "Change password",
                          "You have no passkey yet.", "Set up an authenticator app")
                self.says_nothing_of(page, "Turn off")
                # It is there as long as the browser's session is.
                self.assertEqual(browser.get(ACCOUNT).status, 200)
                out = browser.get(f"/logout?client_id={SPA}")
                self.assertEqual(out.status, 200)
                gone = browser.get(ACCOUNT)
                self.assertTrue(gone.headers["Location"].startswith("/oauth2/authorize?"), gone)

    def test_the_pages_are_bound_to_this_host_and_kept_nowhere(self):
        browser = pages.Browser(US)
        page = self.enter(browser, sign_up(SPA, "account"))
        steps = [page] + [browser.submit(page, act=act) for act in ("password", "passkey", "app")]
        for step in steps:
            self.assertEqual(step.status, 200)
            policy = step.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'; ", policy)
            self.assertIn("; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(step.headers["Cache-Control"], "no-store")
            self.assertEqual(step.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(step.headers["Referrer-Policy"], "no-referrer")
            for cookie in step.headers.get_all("Set-Cookie"):
                self.assertRegex(cookie, "^__Host-")
                for word in ("HttpOnly", "SameSite=Lax", "Secure", "Path=/"):
                    self.assertIn(word, cookie)

    def test_the_password_is_changed_through_every_region(self):
        for region in (EU, US):
            with self.subTest(region):
                person = sign_up(SPA, "account")
                other, browser = pages.Browser(region), pages.Browser(region)
                self.enter(other, person)
                page = browser.submit(self.enter(browser, person), act="password")
                self.says(page, "Current password", 'autocomplete="current-password"',
                          'autocomplete="new-password"')
                wrong = browser.submit(page, previous="Wrong-1234", password=NEW_PASSWORD)
                self.assertEqual(wrong.status, 400)
                self.says(wrong, "The current password is not right.")
                weak = browser.submit(page, previous=person.password, password="short")
                self.assertEqual(weak.status, 400)
                self.says(weak, "The password does not meet the requirements:")
                self.says_nothing_of(weak, person.password)
                done = browser.submit(page, previous=person.password, password=NEW_PASSWORD)
                self.assertEqual(done.status, 200)
                self.says(done, "Your password was changed, and all other sessions have ended.")
                # This browser goes on, the other one does not.
                self.assertEqual(browser.get(ACCOUNT).status, 200)
                self.assertEqual(other.get(ACCOUNT).status, 302)
                refused = self.enter(pages.Browser(EU), person)
                self.says(refused, "Incorrect user name or password.")
                self.says(self.enter(pages.Browser(EU), person, password=NEW_PASSWORD), "Your account")

    def test_an_app_is_set_up_and_turned_off(self):
        for region in (EU, US):
            with self.subTest(region):
                person, browser = sign_up(SPA, "account"), pages.Browser(region)
                page = browser.submit(self.enter(browser, person), act="app")
                app = key_of(page)
                self.assertEqual((app.name, app.issuer), (person.email, DOMAIN))
                wrong = browser.submit(page, code=str((int(app.now()) + 1) % 1_000_000).zfill(6))
                self.assertEqual(wrong.status, 400)
                self.says(wrong, "This is not the code that the app shows now.")
                self.assertEqual(key_of(wrong).secret, app.secret)  # the same picture again
                done = browser.submit(wrong, code=app.now())
                self.says(done, "Your app is set up.", "Set up another app", "Turn off")
                # From now on it is asked for.
                other = pages.Browser(region)
                page = self.enter(other, person)
                self.says(page, "Code from your authenticator app")
                page = follow(other, other.submit(page, code=app.at(time.time() + app.interval)))
                self.says(page, "Your account")
                off = browser.submit(browser.get(ACCOUNT), act="app_off")
                self.says(off, "You are not asked for codes of an app any more.",
                          "Set up an authenticator app")
                self.says(self.enter(pages.Browser(region), person), "Your account")

    def test_an_app_that_the_pool_demands_stays(self):
        person, browser = sign_up(STRICT, "account"), pages.Browser(US)
        path = f"/account?client_id={STRICT}"
        page = self.enter(browser, person, path)
        app = key_of(page)  # on the way in
        page = follow(browser, browser.submit(page, code=app.now()))
        self.says(page, "Set up another app")
        self.says_nothing_of(page, "Turn off", "Passkeys")
        refused = browser.submit(page, act="app_off")
        self.assertEqual(refused.status, 400)
        self.says(refused, "Set up another app")
        # Another one takes its place once it has shown a code, and not before.
        page = browser.submit(refused, act="app")
        another = key_of(page)
        self.assertNotEqual(another.secret, app.secret)
        self.says(browser.submit(page, code=another.now()), "Your app is set up.")
        page = self.enter(pages.Browser(US), person, path)
        self.says(page, "Code from your authenticator app")

    def test_sessions_are_listed_and_end_one_by_one(self):
        person = sign_up(SPA, "account")
        other, browser = pages.Browser(EU), pages.Browser(US)
        self.enter(other, person)
        page = self.enter(browser, person)
        self.says(page, "This browser, signed in since <time")
        [theirs] = re.findall(r'value="(end_session\.[^"]+)"', page.body.decode())
        done = browser.submit(page, act=theirs)
        self.says(done, "The session has ended.", "This browser, signed in since")
        self.says_nothing_of(done, "end_session.", "End all other sessions")
        self.assertEqual(other.get(ACCOUNT).status, 302)
        # Once more, and somebody else's: nothing comes of it.
        self.says(browser.submit(done, act=theirs), "The session has ended.")
        stranger = pages.Browser(US)
        self.says(stranger.submit(self.enter(stranger, sign_up(SPA, "account")), act=theirs),
                  "The session has ended.")
        self.assertEqual(browser.get(ACCOUNT).status, 200)

    def test_all_other_sessions_end(self):
        person = sign_up(SPA, "account")
        others = [pages.Browser(region) for region in (EU, AU)]
        for other in others:
            self.enter(other, person)
        browser = pages.Browser(US)
        done = browser.submit(self.enter(browser, person), act="end_others")
        self.says(done, "All other sessions have ended.")
        self.assertEqual([other.get(ACCOUNT).status for other in others], [302, 302])
        self.assertEqual(browser.get(ACCOUNT).status, 200)

    def test_passkeys_in_a_browser_through_every_region(self):
        for region in (EU, US):
            with self.subTest(region):
                person = sign_up(SPA, "account")
                given = {"origin": f"https://idp.{region}.{DOMAIN}:{PORT}", "client_id": SPA,
                         "username": person.email, "password": person.password,
                         "pictures": PICTURES if region == EU else ""}
                done = subprocess.run(
                    ["node", "--no-warnings", FOLDER / "oidc" / "account.mjs", json.dumps(given)],
                    capture_output=True, text=True, timeout=180)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout), ["without_script", "made", "by_passkey",
                                                           "removed", "signed_out"])

    def test_a_form_of_another_site_changes_nothing(self):
        person, browser = sign_up(SPA, "account"), pages.Browser(US)
        page = self.enter(browser, person)
        wishes = ({"act": "app"}, {"act": "app_off"}, {"act": "passkey"}, {"act": "password"},
                  {"act": "remove_passkey.AAAA"}, {"act": "end_others"},
                  {"act": "set_password", "previous": person.password, "password": NEW_PASSWORD})
        for wish in wishes:
            for token in ({}, {"form_token": "A" * 32}):
                body = urllib.parse.urlencode({**wish, **token})
                reply = browser.get(ACCOUNT, "POST", pages.FORM, body)
                self.assertEqual(reply.status, 400)
                self.says(reply, "The page was open for too long.", "Your account")
        text = {"Content-Type": "text/plain"}
        self.assertEqual(browser.get(ACCOUNT, "POST", text, "act=app_off").status, 400)
        self.says(self.enter(pages.Browser(US), person), "Your account")  # by the same password
        # With the token, but in a browser that nobody signed in with, or none at all.
        stranger = pages.Browser(US)
        follow(stranger, stranger.get(ACCOUNT))
        token = next(v for k, v in stranger.cookies.items() if k.endswith("form"))
        body = urllib.parse.urlencode({**wishes[-1], "form_token": token})
        reply = stranger.get(ACCOUNT, "POST", pages.FORM, body)
        self.assertEqual(reply.status, 303)
        self.says(follow(stranger, reply), "Please sign in to see your account")

    def test_a_client_without_pages_has_no_account_page_either(self):
        for query in ("", "?client_id=nobody", f"?client_id={NO_PAGES}", f"?client_id={NO_PAGES}&own_account=1"):
            for path in ("/account", "/login"):
                reply = call(f"idp.{EU}", "GET", f"{path}{query}")
                self.assertEqual((reply.status, reply.headers.get("Location")), (400, None), query)

    def test_nothing_is_granted_to_the_client(self):
        """The mark of these pages in an application's request gives no code, whatever else is in it."""
        person, browser = sign_up(SPA, "account"), pages.Browser(EU)
        self.enter(browser, person)
        query = urllib.parse.urlencode({
            "client_id": SPA, "redirect_uri": "https://app.example/callback", "response_type": "code",
            "scope": "openid", "own_account": "1"})
        reply = browser.get(f"/oauth2/authorize?{query}")
        self.assertTrue(reply.headers["Location"].startswith("/login?"), reply)
        page = browser.submit(browser.get(reply.headers["Location"]), username=person.email,
                              password=person.password)
        self.assertTrue(page.headers["Location"].startswith("/account?"), page)

    def test_the_language_stays(self):
        browser = pages.Browser(US)
        person = sign_up(SPA, "account")
        page = follow(browser, browser.get(f"{ACCOUNT}&lang=de"))
        self.says(page, '<html lang="de">', "Bitte melden Sie sich an, um Ihr Konto zu sehen")
        page = follow(browser, browser.submit(page, username=person.email, password=person.password))
        self.says(page, '<html lang="de">', "Ihr Konto", "Passwort ändern")
        self.says(browser.submit(page, act="password"), "Bisheriges Passwort", "Zurück zu Ihrem Konto")


if __name__ == "__main__":
    unittest.main(warnings="ignore")
