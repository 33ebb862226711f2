#!/usr/bin/python3
"""Who may call, with tokens of real people: scopes and claims that a route asks for, API keys and
their usage plans, at home and away. The upstream and the function say what they were told."""

import datetime
import hashlib
import json
import pathlib
import tempfile
import unittest

import own
import variant

BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"
HANDLER = "export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });"

CONFIG = """
upstreams: {{teller: {{url: "http://127.0.0.1:{port}"}}}}
usage_plans:
  daily: {{per_day: 3}}
  bursts: {{per_second: 0.001, burst: 2}}
api_keys:
"""

KEYS = {"day": "daily", "day2": "daily", "burst": "bursts", "free": None}

ROUTES = """
routes:
  - {path: /scoped, upstream: teller, authorizer: health, scopes: [diary/all, aws.cognito.signin.user.admin]}
  - {path: /unscoped, upstream: teller, authorizer: health, scopes: [diary/all]}
  - {path: /australia, upstream: teller, authorizer: health, where: {"custom:country": AU, email: "*"}}
  - {path: /keyed, upstream: teller, residency: public, api_key: true}
  - {path: /mine, upstream: teller, authorizer: health, api_key: true}
  - {path: /told, function: told, residency: public, api_key: true}
"""


class Teller(own.Teller):
    """Has the function that answers with its event, too."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="domicile-callers.")
        (pathlib.Path(self.folder.name) / "index.mjs").write_text(HANDLER)

    def hand_on(self):
        pass  # only the regions ask it

    def close(self):
        super().close()
        self.folder.cleanup()

    def change(self, text):
        told = f"  told: {{directory: {self.folder.name}, command: [node, {BOOTSTRAP}, index.handler]}}\n"
        text = text.replace("functions:\n", "functions:\n" + told)
        keys = ""
        for name, plan in KEYS.items():
            digest = hashlib.sha256(f"{name}-key".encode()).hexdigest()
            keys += f"  {name}: {{sha256: {digest}{f', plan: {plan}' if plan else ''}}}\n"
        more = CONFIG.format(port=self.port) + keys
        return text.replace("\nroutes:\n", more + ROUTES)


variant.run_beside(__file__, Teller, lambda text, teller: teller.change(text))

import world  # noqa: E402
from world import AU, DATA, EU, US, Person  # noqa: E402

PROBLEM = "https://domicile.dev/problems/"


def told(reply):
    assert reply.status == 200, reply
    return {name.lower(): value for name, value in reply.json()}


class Callers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.matilda = Person("AU", AU).settle()
        cls.jordan = Person("US", US).settle()

    def get(self, region, path, person=None, key=None, token="AccessToken"):
        headers = {}
        if person:
            headers["Authorization"] = f"Bearer {person.tokens[token]}"
        if key:
            headers["X-Api-Key"] = key
        return world.call(region, "GET", path, headers)

    def refused(self, status, name, reply):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/problem+json")
        self.assertEqual(reply.json()["type"], PROBLEM + name)
        return reply

    # ---- Scopes and claims ---------------------------------------------------------------------

    def test_a_scope_that_the_token_has_opens_the_route_at_home_and_away(self):
        for region in (AU, EU):
            headers = told(self.get(region, "/scoped", self.matilda))
            self.assertEqual(headers["domicile-subject"], self.matilda.sub)

    def test_a_token_without_the_scope_is_403_wherever_it_arrives(self):
        for region in (AU, EU):
            self.refused(403, "insufficient-scope", self.get(region, "/unscoped", self.matilda))
            # An id token has no scopes at all.
            reply = self.get(region, "/scoped", self.matilda, token="IdToken")
            self.refused(403, "insufficient-scope", reply)

    def test_claims_let_in_whom_they_name(self):
        for region in (AU, US):
            told(self.get(region, "/australia", self.matilda, token="IdToken"))
            reply = self.get(region, "/australia", self.jordan, token="IdToken")
            self.refused(403, "insufficient-scope", reply)
            # An access token does not say the country.
            self.refused(403, "insufficient-scope", self.get(region, "/australia", self.matilda))

    def test_without_a_good_token_nobody_is_told_what_is_lacking(self):
        self.assertEqual(self.get(AU, "/unscoped").status, 401)
        headers = {"Authorization": f"Bearer {self.matilda.tokens['AccessToken'][:-2]}"}
        self.assertEqual(world.call(AU, "GET", "/unscoped", headers).status, 401)

    # ---- API keys ------------------------------------------------------------------------------

    def test_a_program_is_known_by_its_key_and_the_key_goes_no_further(self):
        headers = told(self.get(AU, "/keyed", key="free-key"))
        self.assertEqual(headers["domicile-api-key"], "free")
        self.assertNotIn("free-key", str(headers))
        event = self.get(AU, "/told", key="free-key").json()
        self.assertEqual(event["requestContext"]["domicile"]["apiKey"], "free")
        self.assertNotIn("free-key", json.dumps(event))

    def test_no_key_a_wrong_one_and_two_are_refused(self):
        for key in (None, "wrong", "free", hashlib.sha256(b"free-key").hexdigest()):
            self.refused(403, "api-key", self.get(AU, "/keyed", key=key))
        with world.open_socket(AU) as sock:
            sock.sendall(f"GET /keyed HTTP/1.1\r\nHost: {AU}.{world.DOMAIN}\r\nX-Api-Key: free-key\r\n"
                         "X-Api-Key: free-key\r\nConnection: close\r\n\r\n".encode())
            self.assertIn(b" 403 ", sock.recv(65536).split(b"\r\n")[0])

    def test_a_key_is_no_token(self):
        self.assertEqual(self.get(AU, "/mine", key="free-key").status, 401)
        self.refused(403, "api-key", self.get(AU, "/mine", self.matilda))
        headers = told(self.get(EU, "/mine", self.matilda, key="free-key"))
        self.assertEqual(headers["domicile-api-key"], "free")
        self.assertEqual(headers["domicile-subject"], self.matilda.sub)

    def test_a_day_of_a_plan_ends_with_its_last_call(self):
        for _ in range(3):
            told(self.get(US, "/keyed", key="day-key"))
        reply = self.refused(429, "usage-plan", self.get(US, "/keyed", key="day-key"))
        now = datetime.datetime.now(datetime.timezone.utc)
        midnight = (now + datetime.timedelta(days=1)).replace(hour=0, minute=0, second=0)
        wanted = (midnight - now).total_seconds()
        self.assertLess(abs(int(reply.headers["Retry-After"]) - wanted), 60)
        # Each key has a day of its own, and each region counts for itself.
        told(self.get(US, "/keyed", key="day2-key"))
        told(self.get(EU, "/keyed", key="day-key"))

    def test_a_burst_ends_where_the_plan_says_and_a_refused_call_costs_nothing_more(self):
        for _ in range(2):
            told(self.get(EU, "/keyed", key="burst-key"))
        for _ in range(2):
            reply = self.refused(429, "usage-plan", self.get(EU, "/keyed", key="burst-key"))
            self.assertIn(int(reply.headers["Retry-After"]), range(900, 1001))

    def test_a_call_that_goes_over_the_border_is_counted_once_where_it_came_in(self):
        for _ in range(3):
            told(self.get(EU, "/mine", self.matilda, key="day2-key"))
        self.refused(429, "usage-plan", self.get(EU, "/mine", self.matilda, key="day2-key"))
        for _ in range(3):  # nothing of it was counted at home
            told(self.get(AU, "/mine", self.matilda, key="day2-key"))
        self.refused(429, "usage-plan", self.get(AU, "/mine", self.matilda, key="day2-key"))

    def test_keys_are_in_no_log(self):
        told(self.get(AU, "/keyed", key="free-key"))
        for region in (AU, EU, US):
            for file in DATA.glob(f"{region}/*.jsonl*"):
                self.assertNotIn(b"free-key", file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
