#!/usr/bin/python3
"""Sign-in with challenges of the application's own (CUSTOM_AUTH), with boto3 and Cognito's browser
client, through right and wrong regions. The functions are in Node."""

import json
import pathlib
import subprocess
import unittest

import variant

BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"
FUNCTIONS = pathlib.Path(__file__).resolve().parent / "triggers"
SECRET_WORD = "blue-secret-word"


def with_challenges(text):
    triggers = ("    triggers: {define_auth_challenge: define, create_auth_challenge: create, "
                "verify_auth_challenge: verify}\n")
    text = text.replace("    id_suffix: ", f"{triggers}    id_suffix: ", 1)
    flows = "flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, "
    text = text.replace(flows, "flows: [CUSTOM_AUTH, USER_SRP_AUTH, USER_PASSWORD_AUTH, ", 1)
    functions = "".join(
        f"  {name}: {{directory: {FUNCTIONS}, command: [node, {BOOTSTRAP}, challenges.{name}], "
        "timeout_seconds: 5}\n" for name in ("define", "create", "verify"))
    return text.replace("functions:\n", f"functions:\n{functions}", 1)


variant.run(__file__, with_challenges)


from clients import Refusals, administrator, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, READY, US, Person  # noqa: E402


class CustomAuth(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}
        cls.person = Person("DE", EU, "custom").sign_up().confirm()

    def start(self, region, username=None):
        return self.at[region].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="CUSTOM_AUTH",
            AuthParameters={"USERNAME": username or self.person.email})

    def answering(self, challenge, answer, username=None, **metadata):
        return {"ClientId": CLIENT_ID, "ChallengeName": "CUSTOM_CHALLENGE",
                "Session": challenge["Session"], "ClientMetadata": metadata,
                "ChallengeResponses": {"USERNAME": username or self.person.email,
                                       "ANSWER": answer}}

    def test_a_challenge_is_answered_through_any_region(self):
        for region, other in ((EU, EU), (US, AU)):
            asked = self.start(region)
            self.assertEqual(asked["ChallengeName"], "CUSTOM_CHALLENGE")
            self.assertEqual(asked["ChallengeParameters"], {
                "USERNAME": self.person.email, "hint": "the colour of the sky", "ran": EU,
                "history": "", "known": "true"})
            self.assertNotIn(SECRET_WORD, json.dumps(asked))
            again = self.at[other].respond_to_auth_challenge(**self.answering(asked, "red"))
            self.assertEqual(again["ChallengeParameters"]["history"],
                             "CUSTOM_CHALLENGE:false:ASKED_1")
            right = self.answering(again, SECRET_WORD)
            tokens = self.at[region].respond_to_auth_challenge(**right)["AuthenticationResult"]
            self.assertEqual(claims(tokens["IdToken"])["sub"], self.person.sub)
            self.assertEqual(claims(tokens["IdToken"])["custom:region"], EU)
            # Each session is for one answer.
            self.refused("NotAuthorizedException", self.at[other].respond_to_auth_challenge,
                         **right)

    def test_the_application_ends_it(self):
        asked = self.start(US)
        for _ in range(2):
            asked = self.at[US].respond_to_auth_challenge(**self.answering(asked, "red"))
        message = self.refused("NotAuthorizedException", self.at[US].respond_to_auth_challenge,
                               **self.answering(asked, "red"))
        self.assertEqual(message, "Incorrect username or password.")

    def test_nobody_is_asked_like_somebody(self):
        stranger = Person("DE", EU, "stranger").email
        for region in (EU, US):
            asked = self.start(region, stranger)
            self.assertEqual(asked["ChallengeParameters"]["known"], "false")
            known = self.start(region)
            self.assertEqual(len(asked["Session"].split(".")[1]),
                             len(known["Session"].split(".")[1]))
            message = self.refused(
                "NotAuthorizedException", self.at[region].respond_to_auth_challenge,
                **self.answering(asked, SECRET_WORD, stranger))
            self.assertEqual(message, "Incorrect username or password.")

    def test_what_functions_do_wrong_is_named(self):
        asked = self.start(AU)
        message = self.refused("UserLambdaValidationException",
                               self.at[AU].respond_to_auth_challenge,
                               **self.answering(asked, "red", what="raise"))
        self.assertEqual(message, "DefineAuthChallenge failed with error Not like this.")
        self.refused("InvalidLambdaResponseException", self.at[EU].respond_to_auth_challenge,
                     **self.answering(self.start(EU), "red", what="word"))

    def test_administrators_begin_it_too(self):
        admin = administrator(US)
        asked = admin.admin_initiate_auth(
            UserPoolId=POOLS[US], ClientId=CLIENT_ID, AuthFlow="CUSTOM_AUTH",
            AuthParameters={"USERNAME": self.person.email})
        done = admin.admin_respond_to_auth_challenge(
            UserPoolId=POOLS[US], **self.answering(asked, SECRET_WORD))
        self.assertEqual(claims(done["AuthenticationResult"]["IdToken"])["sub"], self.person.sub)

    def test_what_is_missing_is_said(self):
        asked = self.start(EU)
        without = self.answering(asked, "")
        self.refused("InvalidParameterException", self.at[EU].respond_to_auth_challenge, **without)
        self.refused("InvalidParameterException", self.at[EU].initiate_auth, ClientId=CLIENT_ID,
                     AuthFlow="CUSTOM_AUTH", AuthParameters={"USERNAME": self.person.email,
                                                             "CHALLENGE_NAME": "SRP_A"})

    def in_browser(self, region, username, password, *answers):
        port = READY["regions"][region]["loopback"]
        done = subprocess.run(
            ["node", "--no-warnings", FUNCTIONS / "custom_auth.mjs", f"http://127.0.0.1:{port}/",
             POOLS[EU], CLIENT_ID, username, password, *answers],
            capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_cognitos_browser_client_asks_for_the_password_first(self):
        for region in (EU, US):
            done = self.in_browser(region, self.person.email, self.person.password, "red",
                                   SECRET_WORD)
            self.assertEqual(claims(done["token"])["sub"], self.person.sub)
            self.assertEqual([one["history"] for one in done["challenges"]], [
                "SRP_A:true:null,PASSWORD_VERIFIER:true:null",
                "SRP_A:true:null,PASSWORD_VERIFIER:true:null,CUSTOM_CHALLENGE:false:ASKED_1"])
        wrong = self.in_browser(AU, self.person.email, "Wrong-12345x", SECRET_WORD)
        self.assertEqual((wrong["error"], wrong["challenges"]), ("NotAuthorizedException", []))

    def test_cognitos_browser_client_without_a_password(self):
        done = self.in_browser(AU, self.person.email, "", SECRET_WORD)
        self.assertEqual(claims(done["token"])["sub"], self.person.sub)


if __name__ == "__main__":
    unittest.main()
