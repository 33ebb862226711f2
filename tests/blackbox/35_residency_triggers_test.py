#!/usr/bin/python3
"""A pool with `residency: triggers`: the application places people itself, by a global table that its
functions (`triggers/places.mjs`) ask and fill. Each region has its own people, the directory knows
none of them, and nothing of them crosses the border. Europe's data are on a PostgreSQL server, those
of the others in SQLite files. Clients: boto3 and amazon-cognito-identity-js."""

import json
import pathlib
import re
import sqlite3
import subprocess
import tempfile
import unittest

import postgres
import variant

BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"
FUNCTIONS = pathlib.Path(__file__).resolve().parent / "triggers"


def make_server():
    return postgres.Server("domicile", "domicile_keys", settings=["max_connections=40"])


def placed_by_functions(text, server):
    pool = ("    residency: triggers\n"
            "    triggers: {pre_sign_up: placeSignUp, pre_authentication: placeSignIn}\n")
    text = text.replace("    id_suffix: ", f"{pool}    id_suffix: ", 1)
    functions = "".join(
        f"  {name}: {{directory: {FUNCTIONS}, command: [node, {BOOTSTRAP}, places.{handler}], "
        "environment: {PLACES_SECRET: of the application}, tables: [Places], timeout_seconds: 5}\n"
        for name, handler in (("placeSignUp", "signUp"), ("placeSignIn", "signIn")))
    text = text.replace("functions:\n", f"functions:\n{functions}", 1)
    table = ("  Places:\n    partition_key: {name: who, type: S}\n"
             "    global: {attributes: {home: {type: S}}}\n")
    text = text.replace("tables:\n", f"tables:\n{table}", 1)
    database = f'database: {{engine: postgres, endpoints: ["{server.endpoint()}"]}}'
    return text.replace("eu-central-1: {", "eu-central-1: {" + database + ", ")


variant.run_beside(__file__, make_server, placed_by_functions)


import world  # noqa: E402
from clients import Refusals, administrator, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, PROGRAM, READY, US, Person, call, ok  # noqa: E402

PEOPLE = (("DE", EU, US), ("US", US, AU), ("AU", AU, EU))  # country, their region, a wrong one


def sign_up(person, **validation):
    attributes = {"email": person.email, "custom:country": person.country}
    return {"ClientId": CLIENT_ID, "Username": person.email, "Password": person.password,
            "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()],
            "ValidationData": [{"Name": k, "Value": v} for k, v in validation.items()]}


def sign_in(person, **validation):
    return {"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password},
            "ClientMetadata": validation}


def entries_of_directory(prefix):
    with sqlite3.connect(f"file:{DATA}/shared/directory.db?mode=ro", uri=True) as file:
        keys = [bytes(row[0]) for row in file.execute("SELECT key FROM entries")]
    return [key for key in keys if key.startswith(prefix)]


def audit(region):
    lines = (DATA / region / "audit.log").read_text(encoding="utf-8").splitlines()
    return [json.dumps(json.loads(line)) for line in lines]


def check(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", dir=DATA.parent) as file:
        file.write(text)
        file.flush()
        done = subprocess.run([PROGRAM, "check", file.name, "--format", "json"],
                              capture_output=True, text=True, timeout=60)
    return done.returncode, json.loads(done.stdout)["problems"]


class ResidencyByTriggers(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}

    def settled(self, country, home):
        person = Person(country, home, "placed")
        self.at[home].sign_up(**sign_up(person))
        return person.confirm(home)

    def test_people_sign_up_where_the_function_says_and_are_refused_elsewhere(self):
        for country, home, wrong in PEOPLE:
            person = Person(country, home, "placed")
            message = self.refused("UserLambdaValidationException", self.at[wrong].sign_up,
                                   **sign_up(person))
            self.assertEqual(message, f"PreSignUp failed with error Sign up in {home}.")
            person.sub = self.at[home].sign_up(**sign_up(person))["UserSub"]
            person.confirm(home)
            message = self.refused("UserLambdaValidationException", self.at[wrong].initiate_auth,
                                   **sign_in(person))
            self.assertEqual(message, f"PreAuthentication failed with error Sign in in {home}.")
            done = self.at[home].initiate_auth(**sign_in(person))["AuthenticationResult"]
            identity = claims(done["IdToken"])
            self.assertEqual((identity["sub"], identity["custom:region"]), (person.sub, home))

    def test_the_table_keeps_an_address_for_one_region(self):
        person = self.settled("DE", EU)
        twin = Person("US", US)
        twin.email = person.email
        message = self.refused("UserLambdaValidationException", self.at[US].sign_up, **sign_up(twin))
        self.assertEqual(message, "PreSignUp failed with error You live elsewhere.")

    def test_where_the_function_lets_it_an_address_is_somebody_else_in_another_region(self):
        people = [Person("DE", EU, "twin"), Person("US", US, "twin")]
        people[1].email = people[0].email
        for person in people:
            done = self.at[person.home].sign_up(**sign_up(person, twice="yes"))
            person.sub = done["UserSub"]
            person.confirm(person.home)
        self.assertNotEqual(people[0].sub, people[1].sub)
        for person in people:
            done = self.at[person.home].initiate_auth(**sign_in(person, twice="yes"))
            shown = self.at[person.home].get_user(
                AccessToken=done["AuthenticationResult"]["AccessToken"])["UserAttributes"]
            self.assertIn({"Name": "sub", "Value": person.sub}, shown)
            self.assertIn({"Name": "custom:country", "Value": person.country}, shown)
            # Whom no function keeps away is unknown elsewhere, also with the right password.
            for region in {EU, US, AU} - {person.home}:
                message = self.refused("NotAuthorizedException", self.at[region].initiate_auth,
                                       **sign_in(person, twice="yes"))
                self.assertEqual(message, "Incorrect username or password.")
        # Within a region it is one person's.
        again = self.at[EU].sign_up(**{**sign_up(people[0], twice="yes"), "Password": "Other-1234x"})
        self.assertNotEqual(again["UserSub"], people[0].sub)
        message = self.refused("NotAuthorizedException", self.at[EU].initiate_auth, **{
            **sign_in(people[0], twice="yes"),
            "AuthParameters": {"USERNAME": people[0].email, "PASSWORD": "Other-1234x"}})
        self.assertEqual(message, "Incorrect username or password.")

    def test_an_unknown_person_is_nobody_in_each_region(self):
        stranger = Person("DE", EU, "stranger")
        for region, pools in self.at.items():
            message = self.refused("NotAuthorizedException", pools.initiate_auth,
                                   **sign_in(stranger))
            self.assertEqual(message, "Incorrect username or password.")
            sent = pools.forgot_password(ClientId=CLIENT_ID, Username=stranger.email)
            self.assertEqual(sent["CodeDeliveryDetails"]["Destination"], "s***@e***")
            self.refused("CodeMismatchException", pools.confirm_sign_up, ClientId=CLIENT_ID,
                         Username=stranger.email, ConfirmationCode="123456")
            mails = ok("outbox", call(region, "GET", "/_domicile/outbox"))["mails"]
            self.assertFalse([mail for mail in mails if mail["to"] == stranger.email])

    def test_what_a_region_gave_out_is_good_there_and_at_apis_everywhere(self):
        for country, home, wrong in PEOPLE:
            person = self.settled(country, home)
            person.sign_in(home)
            self.refused("NotAuthorizedException", self.at[wrong].get_user,
                         AccessToken=person.tokens["AccessToken"])
            refresh = {"ClientId": CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
                       "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]}}
            self.refused("NotAuthorizedException", self.at[wrong].initiate_auth, **refresh)
            self.at[home].initiate_auth(**refresh)
            reply, client = person.start_sign_in(home)
            challenge = ok("InitiateAuth", reply)
            answer = client.answer(challenge["ChallengeParameters"], person.password)
            self.refused("NotAuthorizedException", self.at[wrong].respond_to_auth_challenge,
                         ClientId=CLIENT_ID, ChallengeName=challenge["ChallengeName"],
                         ChallengeResponses=answer)
            # The token says where they are at home; routes go by it.
            person.write("from far away", wrong)
            self.assertEqual([entry["text"] for entry in person.entries(home)], ["from far away"])

    def test_administrators_find_the_people_of_the_region_that_they_ask(self):
        admins = {region: administrator(region) for region in (EU, US)}
        email = Person("DE", EU, "invited").email
        subs = {}
        for region, admin in admins.items():
            made = admin.admin_create_user(
                UserPoolId=POOLS[region], Username=email, MessageAction="SUPPRESS",
                UserAttributes=[{"Name": "email", "Value": email},
                                {"Name": "custom:country", "Value": "DE"}])["User"]
            subs[region] = {a["Name"]: a["Value"] for a in made["Attributes"]}["sub"]
        self.assertNotEqual(subs[EU], subs[US])
        message = self.refused(
            "UserLambdaValidationException", admins[US].admin_create_user, UserPoolId=POOLS[US],
            Username=f"placed{email}", ValidationData=[{"Name": "placed", "Value": "by the table"}],
            UserAttributes=[{"Name": "custom:country", "Value": "DE"}])
        self.assertEqual(message, f"PreSignUp failed with error Sign up in {EU}.")
        message = self.refused("UserNotFoundException", admins[US].admin_get_user,
                               UserPoolId=POOLS[US], Username=subs[EU])
        self.assertEqual(message, "User does not exist.")
        for region, admin in admins.items():
            found = admin.list_users(UserPoolId=POOLS[region], Filter=f'email = "{email}"')["Users"]
            self.assertEqual([user["Username"] for user in found], [email])
        admins[EU].admin_delete_user(UserPoolId=POOLS[EU], Username=email)
        self.refused("UserNotFoundException", admins[EU].admin_get_user, UserPoolId=POOLS[EU],
                     Username=email)
        admins[US].admin_get_user(UserPoolId=POOLS[US], Username=email)

    def test_who_leaves_may_come_again(self):
        for country, home, _ in PEOPLE[:2]:
            person = self.settled(country, home)
            person.sign_in(home)
            self.at[home].delete_user(AccessToken=person.tokens["AccessToken"])
            self.at[home].sign_up(**sign_up(person))
            person.confirm(home).sign_in(home)

    def browser(self, step, person, regions):
        places = [{"endpoint": f"http://127.0.0.1:{READY['regions'][region]['loopback']}",
                   "pool_id": POOLS[region]} for region in regions]
        given = {"step": step, "places": places, "client_id": CLIENT_ID, "username": person.email,
                 "password": person.password, "country": person.country}
        done = subprocess.run(["node", "--no-warnings", FUNCTIONS / "browser.mjs",
                               json.dumps(given)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_the_browser_client_shows_what_the_function_says(self):
        for country, home, wrong in PEOPLE[:2]:
            person = Person(country, home, "browser")
            refused, done = self.browser("sign_up", person, (wrong, home))
            self.assertEqual(refused, {"code": "UserLambdaValidationException",
                                       "message": f"PreSignUp failed with error Sign up in {home}."})
            person.confirm(home)
            refused, entered = self.browser("sign_in", person, (wrong, home))
            self.assertEqual(refused["message"],
                             f"PreAuthentication failed with error Sign in in {home}.")
            self.assertEqual(entered["claims"]["sub"], done["sub"])
            self.assertEqual(entered["claims"]["custom:region"], home)

    def test_the_directory_knows_nobody_and_nothing_of_people_crosses(self):
        people = [self.settled(country, home) for country, home, _ in PEOPLE]
        for person in people:
            person.sign_in()
        self.assertTrue(entries_of_directory(b"t/Places/"))
        for prefix in (b"k/", b"f/"):
            self.assertEqual(entries_of_directory(prefix), [])
        for region in (EU, US, AU):
            crossings = [line for line in audit(region) if "crossing" in line]
            self.assertFalse([line for line in crossings if "identity." in line])
            self.assertTrue(any('"sign_up"' in line for line in audit(region)))
        for person in people:
            elsewhere = {EU, US, AU, "shared"} - {person.home}
            for path in (file for name in elsewhere for file in (DATA / name).rglob("*")):
                if path.is_file():
                    self.assertNotIn(person.email.encode(), path.read_bytes(), path)

    def test_check_says_what_is_given_up(self):
        text = (DATA.parent / "domicile.yaml").read_text(encoding="utf-8")
        status, told = check(text)
        self.assertEqual((status, [one["severity"] for one in told]), (0, ["warning"]), told)
        self.assertEqual(told[0]["path"], "pools.health.residency")
        self.assertIn("nobody has one home", told[0]["message"])
        status, told = check(re.sub(r"(?m)^    triggers: .*\n", "", text))
        self.assertEqual((status, [one["severity"] for one in told]), (0, ["warning"] * 2), told)
        self.assertIn("pre_sign_up and pre_authentication", told[1]["hint"])


if __name__ == "__main__":
    unittest.main()
