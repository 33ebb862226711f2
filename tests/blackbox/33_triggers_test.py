#!/usr/bin/python3
"""Functions that take part in sign-up and sign-in, with boto3 through right and wrong regions: they
run at the home, refuse, confirm, change tokens, write mails, hand over people of a former directory;
what becomes of those that fail. The functions are in Node."""

import pathlib
import unittest
import urllib.parse

import variant

CALLBACK = "https://app.example/callback"

BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"
FUNCTIONS = pathlib.Path(__file__).resolve().parent / "triggers"
NAMES = ("signUp", "confirmed", "before", "after", "tokens", "message", "migrate")


def with_triggers(text):
    triggers = ("    triggers: {pre_sign_up: signUp, post_confirmation: confirmed, "
                "pre_authentication: before, post_authentication: after, "
                "pre_token_generation: {function: tokens, version: V2_0}, "
                "custom_message: message, user_migration: migrate}\n")
    text = text.replace("    id_suffix: ", f"{triggers}    id_suffix: ", 1)
    text = text.replace("REFRESH_TOKEN_AUTH]\n", "REFRESH_TOKEN_AUTH]\n"
                        f"        oauth: {{redirect_uris: ['{CALLBACK}']}}\n", 1)
    functions = "".join(
        f"  {name}: {{directory: {FUNCTIONS}, command: [node, {BOOTSTRAP}, index.{name}], "
        "timeout_seconds: 5}\n" for name in NAMES)
    return text.replace("functions:\n", f"functions:\n{functions}", 1)


variant.run(__file__, with_triggers)


import pages  # noqa: E402
from clients import Refusals, administrator, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, US, Person, call, ok  # noqa: E402


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

    def newest_mail(self, home, address):
        mails = ok("outbox", call(home, "GET", "/_domicile/outbox"))["mails"]
        return max((mail for mail in mails if mail["to"] == address),
                   key=lambda mail: mail["sent_at"])

    def test_mails_are_in_their_words(self):
        person = Person("DE", EU, "words")
        self.at[US].sign_up(**self.sign_up(person, words="own"))
        mail = self.newest_mail(EU, person.email)
        self.assertEqual(mail["subject"], "CustomMessage_SignUp")
        self.assertRegex(mail["text"],
                         rf"^<p>{EU} says [0-9]{{6}} to {person.email}</p>$")
        person.confirm(AU)
        self.at[AU].forgot_password(ClientId=CLIENT_ID, Username=person.email,
                                    ClientMetadata={"words": "own"})
        mail = self.newest_mail(EU, person.email)
        self.assertEqual(mail["subject"], "CustomMessage_ForgotPassword")
        invited = Person("DE", EU, "invited")
        administrator(EU).admin_create_user(
            UserPoolId=POOLS[EU], Username=invited.email, ClientMetadata={"words": "own"},
            UserAttributes=[{"Name": "email", "Value": invited.email},
                            {"Name": "custom:country", "Value": "DE"}])
        mail = self.newest_mail(EU, invited.email)
        self.assertEqual(mail["subject"], "CustomMessage_AdminCreateUser")
        self.assertIn(invited.email, mail["text"])

    def test_a_mail_without_its_code_is_not_sent(self):
        person = Person("DE", EU, "without")
        for words, text in (("without", "emailMessage does not have the codeParameter in it."),
                            ("long", "emailSubject is one line of at most 140 characters.")):
            message = self.refused("InvalidLambdaResponseException", self.at[US].sign_up,
                                   **self.sign_up(person, words=words))
            self.assertEqual(message, f"CustomMessage: {text}")
        stranger = Person("DE", EU, "stranger")
        self.at[EU].sign_up(**self.sign_up(person))
        for who in (person, stranger):
            self.refused("InvalidLambdaResponseException", self.at[EU].resend_confirmation_code,
                         ClientId=CLIENT_ID, Username=who.email,
                         ClientMetadata={"words": "without"})

    def former(self, country, home):
        person = Person(country.upper(), home, f"former-{country}")
        person.password = "Former-12345x"
        return person

    def test_people_of_a_former_directory_are_handed_over_to_their_home(self):
        for country, home, through in (("de", EU, US), ("us", US, US), ("au", AU, EU)):
            person = self.former(country, home)
            wrong = {**self.sign_in(person)}
            wrong["AuthParameters"] = {**wrong["AuthParameters"], "PASSWORD": "Other-12345x"}
            message = self.refused("NotAuthorizedException", self.at[through].initiate_auth,
                                   **wrong)
            self.assertEqual(message, "Incorrect username or password.")
            for region in (through, home):
                done = self.at[region].initiate_auth(**self.sign_in(person))
                identity = claims(done["AuthenticationResult"]["IdToken"])
                self.assertEqual(identity["custom:region"], home)
                # The function of the home has the last word.
                self.assertEqual(identity["name"], f"migrated in {home}")

    def test_somebody_elses_address_is_not_handed_over(self):
        person = Person("US", US, "owner").sign_up(EU).confirm(EU)
        thief = self.former("de", EU)
        thief.email = f"former-de-for-{person.email}"
        self.refused("NotAuthorizedException", self.at[EU].initiate_auth, **self.sign_in(thief))

    def test_a_forgotten_password_of_a_former_directory(self):
        person = self.former("us", US)
        self.at[AU].forgot_password(ClientId=CLIENT_ID, Username=person.email)
        self.at[EU].confirm_forgot_password(ClientId=CLIENT_ID, Username=person.email,
                                            ConfirmationCode=person.read_code(),
                                            Password="Another-1234x")
        person.password = "Another-1234x"
        done = self.at[AU].initiate_auth(**self.sign_in(person))["AuthenticationResult"]
        self.assertEqual(claims(done["IdToken"])["custom:region"], US)

    def redeemed(self, region, location):
        """The claims that an application gets for the code."""
        said = dict(urllib.parse.parse_qsl(location.partition("?")[2]))
        form = urllib.parse.urlencode({
            "grant_type": "authorization_code", "client_id": CLIENT_ID, "code": said["code"],
            "redirect_uri": CALLBACK, "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"})
        reply = call(f"idp.{region}", "POST", "/oauth2/token", pages.FORM, form)
        return claims(ok("token", reply)["id_token"])

    # The challenge of RFC 7636, appendix B.
    PAGES = urllib.parse.urlencode({
        "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256"})

    def test_the_sign_in_page_hands_over_people_of_a_former_directory(self):
        for country, home, through in (("de", EU, US), ("us", US, US), ("au", AU, EU)):
            person, browser = self.former(country, home), pages.Browser(through)
            page = browser.page(self.PAGES)
            wrong = browser.submit(page, username=person.email, password="Other-12345x")
            self.assertEqual(wrong.status, 400)
            self.assertIn("Incorrect user name or password.", wrong.body.decode())
            done = browser.submit(page, username=person.email, password=person.password)
            self.assertEqual(done.status, 303, done)
            identity = self.redeemed(through, done.headers["Location"])
            self.assertEqual(identity["custom:region"], home)
            self.assertEqual(identity["name"], f"migrated in {home}")

    def test_the_page_of_a_forgotten_password_hands_them_over_too(self):
        person, browser = self.former("us", US), pages.Browser(EU)
        page = browser.get(f"/forgotPassword?{self.PAGES}")
        page = browser.submit(page, username=person.email)
        self.assertEqual(page.status, 200)
        page = browser.submit(page, code=person.read_code(), password="Another-1234x")
        self.assertIn("Your password was changed.", page.body.decode())
        done = browser.submit(page, username=person.email, password="Another-1234x")
        identity = self.redeemed(EU, done.headers["Location"])
        self.assertEqual(identity["custom:region"], US)


if __name__ == "__main__":
    unittest.main()
