#!/usr/bin/python3
"""Each page of the OpenID provider in Chromium, in each language, held by axe-core against what WCAG
asks for, on small and large screens, light and dark (`PICTURES=FOLDER` keeps pictures of them)."""

import json
import os
import pathlib
import subprocess
import unittest

import variant

WEB, STRICT = "accessible1", "accessible2"
FOLDER = pathlib.Path(__file__).resolve().parent
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"
PAGES = {
    "bad-request", "sign-up", "sign-up-refused", "confirm", "confirmed", "forgot-password",
    "reset-password", "sign-in", "sign-in-refused", "mailed-code", "use-a-passkey", "make-a-passkey",
    "new-password", "set-up-an-app", "set-up-an-app-refused", "account-sign-in", "account",
    "account-password", "account-app", "account-passkey", "sign-out", "signed-out"}


def with_all_ways(text):
    oauth = "oauth: {redirect_uris: ['https://app.example/callback']}"
    ways = ("    mfa: optional\n    email_otp: true\n"
            "    passkeys: {relying_party_id: domicile.localhost}\n")
    text = text.replace("    id_suffix: ", f"{ways}    id_suffix: ", 1)
    text = text.replace(WEB_FLOWS, f"{WEB_FLOWS}"
                        f"      web2: {{id: {WEB}, {oauth}, flows: [USER_SRP_AUTH, USER_AUTH]}}\n")
    strict = ("  strict:\n    id_suffix: Strict1\n    mfa: required\n    clients:\n"
              f"      app: {{id: {STRICT}, {oauth}, flows: [USER_SRP_AUTH]}}\n")
    return text.replace("# Tables of the document store", strict + "# Tables of the document store", 1)


variant.run(__file__, with_all_ways)

import clients  # noqa: E402
from world import DOMAIN, EU, POOLS, PORT, Person, cognito, ok  # noqa: E402


def invited():
    """Somebody whom an administrator has given a temporary password."""
    person = Person("DE", EU, "invited")
    clients.administrator(EU).admin_create_user(
        UserPoolId=POOLS[EU], Username=person.email, TemporaryPassword=person.password,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "email", "Value": person.email},
                        {"Name": "custom:country", "Value": "DE"}])
    return person


def strictly():
    """Somebody of the pool that demands an app."""
    person = Person("DE", EU, "strict")
    ok("SignUp", cognito(f"idp.{EU}", "SignUp", {
        "ClientId": STRICT, "Username": person.email, "Password": person.password,
        "UserAttributes": [{"Name": "email", "Value": person.email},
                           {"Name": "custom:country", "Value": "DE"}]}))
    ok("ConfirmSignUp", cognito(f"idp.{EU}", "ConfirmSignUp", {
        "ClientId": STRICT, "Username": person.email, "ConfirmationCode": person.read_code()}))
    return person


def shown(person):
    return {"email": person.email, "password": person.password}


class Accessible(unittest.TestCase):
    def test_every_page_in_every_language(self):
        origin = f"https://idp.{EU}.{DOMAIN}:{PORT}"
        languages = {tag: {"anna": shown(Person("DE", EU, "accessible")), "invited": shown(invited()),
                           "strict": shown(strictly())} for tag in ("en", "de")}
        given = {"issuer": f"{origin}/{POOLS[EU]}", "origin": origin, "client_id": WEB,
                 "outbox": f"https://{EU}.{DOMAIN}:{PORT}/_domicile/outbox",
                 "strict": {"issuer": f"{origin}/{EU}_Strict1", "client_id": STRICT},
                 "languages": languages, "pictures": os.environ.get("PICTURES", "")}
        done = subprocess.run(
            ["node", "--no-warnings", FOLDER / "oidc" / "accessible.mjs", json.dumps(given)],
            capture_output=True, text=True, timeout=400)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(set(json.loads(done.stdout)), PAGES)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
