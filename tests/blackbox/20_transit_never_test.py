#!/usr/bin/python3
"""`transit: never`: where the law of a jurisdiction lets nobody else carry its people's data, not
even in memory, a far region refuses and says where to go. Nothing is forwarded in either direction;
the jurisdictions that allow transit go on as before."""

import html
import json
import re
import unittest
import urllib.parse

import variant

CALLBACK = "https://app.example/callback"


def europe_never(text):
    text = text.replace("REFRESH_TOKEN_AUTH]\n", "REFRESH_TOKEN_AUTH]\n"
                        f"        oauth: {{redirect_uris: ['{CALLBACK}']}}\n", 1)
    return re.sub(r"(regions: \[eu-central-1\]\n\s+transit: )allow", r"\1never", text)


variant.run(__file__, europe_never)

import world  # noqa: E402
from world import AU, DATA, EU, US, Person, call, cognito  # noqa: E402

EU_IDP = f"https://idp.{EU}.{world.DOMAIN}:{world.PORT}/"


def audit_events(region):
    lines = (DATA / region / "audit.log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def refusals(region):
    return [event for event in audit_events(region) if "refusal" in json.dumps(event)]


class TransitNever(unittest.TestCase):
    def refused_to_europe(self, reply):
        """A 400 in Cognito's form that names the home's endpoint."""
        self.assertEqual(reply.status, 400, reply)
        self.assertEqual(reply.json()["__type"], "NotAuthorizedException", reply)
        self.assertIn(EU_IDP, reply.json()["message"])

    def assert_misdirected(self, reply, home):
        self.assertEqual(reply.status, 421, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        problem = reply.json()
        self.assertEqual(problem["home_region"], home)
        self.assertEqual(problem["home_endpoint"],
                         f"https://{home}.{world.DOMAIN}:{world.PORT}")

    def test_a_sign_up_away_from_home_is_refused_and_nothing_of_it_stays(self):
        person = Person("FR", EU, "never")
        with self.assertRaises(world.Refused) as caught:
            person.sign_up(US)
        self.refused_to_europe(caught.exception.reply)
        for region in (US, AU, EU):
            for path in (DATA / region).rglob("*"):
                if path.is_file():
                    self.assertNotIn(person.email.encode(), path.read_bytes(), path)
        person.settle()  # the address was not taken by the refused attempt

    def test_a_sign_in_away_from_home_is_refused(self):
        person = Person("DE", EU, "never").settle()
        reply, _ = person.start_sign_in(US)
        self.refused_to_europe(reply)
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}
        self.refused_to_europe(cognito(f"idp.{AU}", "InitiateAuth", body))
        person.sign_in()

    def test_the_sign_in_page_sends_the_browser_home(self):
        person = Person("DE", EU, "never").settle()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        # The challenge of RFC 7636, appendix B.
        query = urllib.parse.urlencode({
            "client_id": world.CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256"})

        def sign_in(region, **more):
            page = call(f"idp.{region}", "GET", f"/login?{query}")
            token = re.search(r'name="form_token" value="([^"]*)"', page.body.decode()).group(1)
            cookie = {"Cookie": page.headers["Set-Cookie"].split(";")[0]}
            body = urllib.parse.urlencode({"username": person.email, "password": person.password,
                                           "form_token": html.unescape(token), **more})
            return call(f"idp.{region}", "POST", f"/login?{query}", {**form, **cookie}, body)

        for reply in (sign_in(US), sign_in(US, way="code"), sign_in(US, way="passkey")):
            self.assertEqual((reply.status, reply.headers["Location"]),
                             (303, f"{EU_IDP}login?{query}"))
            self.assertIsNone(reply.headers["Set-Cookie"])
        back = sign_in(EU)
        said = dict(urllib.parse.parse_qsl(back.headers["Location"].partition("?")[2]))
        self.assertEqual(said["iss"], EU_IDP + world.POOLS[EU])
        redeem = urllib.parse.urlencode({
            "grant_type": "authorization_code", "client_id": world.CLIENT_ID, "code": said["code"],
            "redirect_uri": CALLBACK, "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})
        far = call(f"idp.{US}", "POST", "/oauth2/token", form, redeem)
        self.assertEqual((far.status, far.json()["error"]), (400, "invalid_grant"))
        self.assertIn(EU_IDP, far.json()["error_description"])
        near = call(f"idp.{EU}", "POST", "/oauth2/token", form, redeem)
        self.assertEqual(near.status, 200, near)

    def test_a_refresh_and_a_user_look_up_away_from_home_are_refused(self):
        person = Person("IT", EU, "never").settle()
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
                "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]}}
        self.refused_to_europe(cognito(f"idp.{US}", "InitiateAuth", body))
        token = {"AccessToken": person.tokens["AccessToken"]}
        self.refused_to_europe(cognito(f"idp.{US}", "GetUser", token))
        world.ok("GetUser", cognito(f"idp.{EU}", "GetUser", token))

    def test_a_call_away_from_home_is_misdirected_and_the_home_serves_it(self):
        person = Person("NL", EU, "never").settle()
        before = len(refusals(US))
        entry = {"date": "2026-11-20", "mood": 4, "text": "kept in Europe"}
        self.assert_misdirected(person.api(US, "POST", "/entries", entry), EU)
        world.poll("the refusal in the audit log", lambda: len(refusals(US)) > before)
        self.assertEqual(person.entries(), [])
        person.write("kept in Europe")
        self.assertEqual([entry["text"] for entry in person.entries()], ["kept in Europe"])

    def test_europe_carries_nobody_elses_data_either(self):
        person = Person("US", US, "never").settle()
        self.assert_misdirected(person.api(EU, "GET", "/entries"), US)
        reply, _ = person.start_sign_in(EU)
        self.assertEqual(reply.status, 400, reply)
        self.assertIn(f"https://idp.{US}.", reply.json()["message"])

    def test_an_unknown_name_is_refused_as_a_known_one_is(self):
        """The decoy home decides (I8), so each name gets one answer for ever, and the answers are
        those that known names get: a refusal that names Europe, or a challenge."""
        known, _ = Person("BE", EU, "never").settle().start_sign_in(US)
        seen = set()
        for _ in range(24):
            stranger = Person("BE", EU, "stranger")
            first, second = (stranger.start_sign_in(US)[0] for _ in range(2))
            self.assertEqual(first.status, second.status)
            if first.status == 400:
                self.assertEqual(first.body, known.body)
            else:
                self.assertEqual(first.json()["ChallengeName"], "PASSWORD_VERIFIER")
            seen.add(first.status)
        self.assertEqual(seen, {200, 400})

    def test_others_still_forward_to_each_other(self):
        person = Person("NZ", AU, "never").settle(US)
        person.write("through America", US)
        self.assertEqual(len(person.entries(US)), 1)


if __name__ == "__main__":
    unittest.main()
