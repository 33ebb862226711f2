#!/usr/bin/python3
"""`transit: never`: where the law of a jurisdiction lets nobody else carry its people's data, not
even in memory, a far region refuses and says where to go. Nothing is forwarded in either direction;
the jurisdictions that allow transit go on as before."""

import json
import re
import unittest

import variant


def europe_never(text):
    return re.sub(r"(regions: \[eu-central-1\]\n\s+transit: )allow", r"\1never", text)


variant.run(__file__, europe_never)

import world  # noqa: E402
from world import AU, DATA, EU, US, Person, cognito  # noqa: E402

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
