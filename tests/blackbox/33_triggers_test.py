#!/usr/bin/python3
"""Functions that take part in sign-up and sign-in, with boto3 through right and wrong regions: they
run at the home, refuse, confirm, change tokens; what becomes of those that fail. The functions are in
Node."""

import pathlib
import unittest

import variant

BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"
FUNCTIONS = pathlib.Path(__file__).resolve().parent / "triggers"
NAMES = ("signUp", "confirmed", "before", "after", "tokens")


def with_triggers(text):
    triggers = ("    triggers: {pre_sign_up: signUp, post_confirmation: confirmed, "
                "pre_authentication: before, post_authentication: after, "
                "pre_token_generation: {function: tokens, version: V2_0}}\n")
    text = text.replace("    id_suffix: ", f"{triggers}    id_suffix: ", 1)
    functions = "".join(
        f"  {name}: {{directory: {FUNCTIONS}, command: [node, {BOOTSTRAP}, index.{name}], "
        "timeout_seconds: 5}\n" for name in NAMES)
    return text.replace("functions:\n", f"functions:\n{functions}", 1)


variant.run(__file__, with_triggers)


from clients import Refusals, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, US, Person  # noqa: E402


class Triggers(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}

    def sign_up(self, person, what="", **metadata):
        attributes = {"email": person.email, "custom:country": person.country}
        return {"ClientId": CLIENT_ID, "Username": person.email, "Password": person.password,
                "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()],
                "ValidationData": [{"Name": "what", "Value": what}], "ClientMetadata": metadata}

    def sign_in(self, person, **metadata):
        return {"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password},
                "ClientMetadata": metadata}

    def confirmed(self, through, **metadata):
        person = Person("DE", EU, "trigger")
        done = self.at[through].sign_up(**self.sign_up(person, "confirm", **metadata))
        self.assertTrue(done["UserConfirmed"])
        self.assertNotIn("CodeDeliveryDetails", done)
        person.sub = done["UserSub"]
        return person

    def test_they_run_at_the_home_and_what_they_say_is_in_the_tokens(self):
        person = self.confirmed(US)
        for region in (AU, EU):
            result = self.at[region].initiate_auth(**self.sign_in(person))["AuthenticationResult"]
            access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
            self.assertEqual(access["ran"], {"region": EU, "pool": POOLS[EU], "client": CLIENT_ID})
            self.assertEqual(set(access["scope"].split()), {"aws.cognito.signin.user.admin", "read"})
            self.assertEqual((identity["sub"], identity["source"]),
                             (person.sub, "TokenGeneration_Authentication"))
            self.assertNotIn("custom:country", identity)
            self.assertEqual(identity["custom:region"], EU)
        refreshed = self.at[US].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": result["RefreshToken"]})["AuthenticationResult"]
        self.assertEqual(claims(refreshed["IdToken"])["source"], "TokenGeneration_RefreshTokens")
        shown = self.at[AU].get_user(AccessToken=result["AccessToken"])["UserAttributes"]
        self.assertIn({"Name": "email_verified", "Value": "true"}, shown)

    def test_what_they_refuse_does_not_happen(self):
        person = Person("DE", EU, "refused")
        message = self.refused("UserLambdaValidationException", self.at[US].sign_up,
                               **self.sign_up(person, "refuse"))
        self.assertEqual(message, "PreSignUp failed with error Not from here.")
        self.assertFalse(self.at[EU].sign_up(**self.sign_up(person))["UserConfirmed"])
        person.confirm(AU)
        for region in (EU, AU):
            message = self.refused("UserLambdaValidationException", self.at[region].initiate_auth,
                                   **self.sign_in(person, what="refuse"))
            self.assertEqual(message, "PreAuthentication failed with error Not now.")
        stranger = Person("DE", EU, "stranger")
        message = self.refused("UserLambdaValidationException", self.at[EU].initiate_auth,
                               **self.sign_in(stranger, what="refuse"))
        self.assertEqual(message, "PreAuthentication failed with error Not now.")
        self.refused("NotAuthorizedException", self.at[EU].initiate_auth, **self.sign_in(stranger))
        self.at[US].initiate_auth(**self.sign_in(person))

    def test_functions_that_fail_are_asked_again_and_named(self):
        person = Person("DE", EU, "failing")
        for what, code in (("exit", "UnexpectedLambdaException"),
                           ("text", "InvalidLambdaResponseException"),
                           ("word", "InvalidLambdaResponseException")):
            self.refused(code, self.at[EU].sign_up, **self.sign_up(person, what))
        # Ends twice, then answers.
        done = self.at[EU].sign_up(**self.sign_up(person, "third"))
        self.assertTrue(done["UserConfirmed"])

    def test_who_is_confirmed_is_told_to_a_function_that_may_fail(self):
        person = Person("DE", EU, "confirmed")
        message = self.refused("UserLambdaValidationException", self.at[EU].sign_up,
                               **self.sign_up(person, "confirm", fail="yes"))
        self.assertEqual(message, "PostConfirmation failed with error Too late.")
        self.at[EU].initiate_auth(**self.sign_in(person))


if __name__ == "__main__":
    unittest.main()
