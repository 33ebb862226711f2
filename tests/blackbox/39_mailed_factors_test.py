#!/usr/bin/python3
"""Codes that are mailed as a second factor (Cognito's EMAIL_OTP as MFA) with the AWS SDK for JavaScript
through right and wrong regions: turned on by people and administrators, asked for and chosen; what a
mailbox alone does not open. The pages ask for them too."""

import re
import time
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ",
    "    mfa: optional\n    mfa_methods: [app, email]\n    email_otp: true\n    id_suffix: ", 1).replace(
    "REFRESH_TOKEN_AUTH]",
    "REFRESH_TOKEN_AUTH, USER_AUTH, ADMIN_USER_PASSWORD_AUTH]", 1))

import pyotp  # noqa: E402

from sdk import Sdk  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, US, Person, call, ok  # noqa: E402


def codes(person):
    """Of all mails to the person, the newest first."""
    mails = ok("outbox", call(person.home, "GET", "/_domicile/outbox"))["mails"]
    mine = [m for m in mails if m["to"] == person.email and "sign-in" in m["subject"]]
    mine.sort(key=lambda m: m["sent_at"], reverse=True)
    return [re.search(r"\b\d{6,8}\b", m["text"]).group() for m in mine]


def another(code):
    return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))


class MailedFactors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sdk = Sdk(administered=(EU, US))
        cls.addClassCleanup(cls.sdk.close)

    def entering(self, person):
        return {"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}

    def enter(self, person, region):
        return self.sdk.call(region, "InitiateAuth", **self.entering(person))

    def answer(self, person, asked, **responses):
        return {"ClientId": CLIENT_ID, "ChallengeName": asked["ChallengeName"],
                "Session": asked["Session"],
                "ChallengeResponses": {"USERNAME": person.email, **responses}}

    def respond(self, person, region, asked, **responses):
        return self.sdk.call(region, "RespondToAuthChallenge",
                             **self.answer(person, asked, **responses))

    def with_mails(self, region=US):
        """Somebody who has turned them on, and their tokens."""
        person = Person("DE", EU, "factor").sign_up().confirm()
        tokens = self.enter(person, region)["AuthenticationResult"]
        self.sdk.call(region, "SetUserMFAPreference", AccessToken=tokens["AccessToken"],
                      EmailMfaSettings={"Enabled": True})
        return person, {"AccessToken": tokens["AccessToken"]}

    def with_both(self):
        person, token = self.with_mails()
        made = self.sdk.call(AU, "AssociateSoftwareToken", **token)
        app = pyotp.TOTP(made["SecretCode"])
        self.sdk.call(EU, "VerifySoftwareToken", UserCode=app.now(), **token)
        self.sdk.call(EU, "SetUserMFAPreference", SoftwareTokenMfaSettings={"Enabled": True}, **token)
        return person, token, app

    def test_through_every_region(self):
        person, token = self.with_mails()
        for region in (EU, AU):
            shown = self.sdk.call(region, "GetUser", **token)
            self.assertEqual(shown["UserMFASettingList"], ["EMAIL_OTP"])
            self.assertNotIn("PreferredMfaSetting", shown)
        for first, second in ((EU, US), (US, AU), (AU, EU)):
            before = len(codes(person))
            asked = self.enter(person, first)
            self.assertEqual(asked["ChallengeName"], "EMAIL_OTP")
            self.assertNotIn("AuthenticationResult", asked)
            self.assertNotIn("AvailableChallenges", asked)
            self.assertEqual(asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "f***@e***")
            self.assertLessEqual(len(asked["Session"]), 2048)
            sent = codes(person)
            self.assertEqual((len(sent), len(sent[0])), (before + 1, 6))
            wrong = self.answer(person, asked, EMAIL_OTP_CODE=another(sent[0]))
            self.sdk.refused("CodeMismatchException", second, "RespondToAuthChallenge", **wrong)
            right = self.answer(person, asked, EMAIL_OTP_CODE=sent[0])
            got = self.sdk.call(second, "RespondToAuthChallenge", **right)["AuthenticationResult"]
            self.sdk.call(first, "GetUser", AccessToken=got["AccessToken"])
            self.sdk.refused("NotAuthorizedException", first, "RespondToAuthChallenge", **right)
            refreshed = self.sdk.call(
                second, "InitiateAuth", ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": got["RefreshToken"]})
            self.assertIn("AccessToken", refreshed["AuthenticationResult"])

    def test_a_session_is_over_after_five_tries(self):
        person, _ = self.with_mails()
        asked = self.enter(person, AU)
        code = codes(person)[0]
        for region in (US, AU, EU, US, AU):
            self.sdk.refused("CodeMismatchException", region, "RespondToAuthChallenge",
                             **self.answer(person, asked, EMAIL_OTP_CODE=another(code)))
        message = self.sdk.refused("NotAuthorizedException", EU, "RespondToAuthChallenge",
                                   **self.answer(person, asked, EMAIL_OTP_CODE=code))
        self.assertEqual(message, "Invalid session for the user, session is expired.")

    def test_who_has_two_chooses_and_may_prefer_one(self):
        person, token, app = self.with_both()
        asked = self.enter(person, US)
        self.assertEqual(asked["ChallengeName"], "SELECT_MFA_TYPE")
        self.assertEqual(asked["ChallengeParameters"]["MFAS_CAN_CHOOSE"],
                         '["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]')
        self.sdk.refused("InvalidParameterException", AU, "RespondToAuthChallenge",
                         **self.answer(person, asked, ANSWER="SMS_MFA"))
        then = self.respond(person, AU, asked, ANSWER="EMAIL_OTP")
        self.assertEqual(then["ChallengeName"], "EMAIL_OTP")
        self.sdk.refused("NotAuthorizedException", US, "RespondToAuthChallenge",
                         **self.answer(person, asked, ANSWER="EMAIL_OTP"))
        got = self.respond(person, EU, then, EMAIL_OTP_CODE=codes(person)[0])
        self.assertIn("RefreshToken", got["AuthenticationResult"])
        again = self.respond(person, US, self.enter(person, AU), ANSWER="SOFTWARE_TOKEN_MFA")
        code = app.at(time.time() + app.interval)
        got = self.respond(person, EU, again, SOFTWARE_TOKEN_MFA_CODE=code)
        self.assertIn("RefreshToken", got["AuthenticationResult"])
        self.sdk.refused("InvalidParameterException", US, "SetUserMFAPreference",
                         SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True},
                         EmailMfaSettings={"Enabled": True, "PreferredMfa": True}, **token)
        self.sdk.call(US, "SetUserMFAPreference",
                      EmailMfaSettings={"Enabled": True, "PreferredMfa": True}, **token)
        shown = self.sdk.call(AU, "GetUser", **token)
        self.assertEqual((shown["UserMFASettingList"], shown["PreferredMfaSetting"]),
                         (["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"], "EMAIL_OTP"))
        self.assertEqual(self.enter(person, EU)["ChallengeName"], "EMAIL_OTP")

    def test_a_mailbox_alone_opens_nothing(self):
        person, _ = self.with_mails()
        asked = self.sdk.call(US, "InitiateAuth", ClientId=CLIENT_ID, AuthFlow="USER_AUTH",
                              AuthParameters={"USERNAME": person.email,
                                              "PREFERRED_CHALLENGE": "EMAIL_OTP"})
        self.assertIn("AvailableChallenges", asked)
        message = self.sdk.refused("NotAuthorizedException", AU, "RespondToAuthChallenge",
                                   **self.answer(person, asked, EMAIL_OTP_CODE=codes(person)[0]))
        self.assertEqual(message, "Codes by mail are the second factor of this user")

    def test_administrators_turn_it_on_and_off(self):
        person = Person("DE", EU, "factor").sign_up().confirm()
        about = {"UserPoolId": POOLS[EU], "Username": person.email}
        on, off = ({"EmailMfaSettings": {"Enabled": wanted, "PreferredMfa": wanted}, **about}
                   for wanted in (True, False))
        self.sdk.call(EU, "AdminSetUserMFAPreference", **on)
        shown = self.sdk.call(EU, "AdminGetUser", **about)
        self.assertEqual((shown["UserMFASettingList"], shown["PreferredMfaSetting"]),
                         (["EMAIL_OTP"], "EMAIL_OTP"))
        asked = self.sdk.call(
            EU, "AdminInitiateAuth", UserPoolId=POOLS[EU], ClientId=CLIENT_ID,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})
        self.assertEqual(asked["ChallengeName"], "EMAIL_OTP")
        done = self.sdk.call(
            EU, "AdminRespondToAuthChallenge", UserPoolId=POOLS[EU],
            **self.answer(person, asked, EMAIL_OTP_CODE=codes(person)[0]))
        self.assertIn("AuthenticationResult", done)
        self.sdk.refused("UserNotFoundException", US, "AdminSetUserMFAPreference",
                         **{**off, "UserPoolId": POOLS[US]})
        self.sdk.call(EU, "AdminSetUserMFAPreference", **off)
        self.assertIn("AuthenticationResult", self.enter(person, US))

    def test_mails_that_nobody_answers_are_bounded(self):
        person, _ = self.with_mails()
        for region in (EU, US, AU, EU, US):
            self.enter(person, region)
        self.sdk.refused("LimitExceededException", AU, "InitiateAuth", **self.entering(person))

    def test_the_pool_says_so(self):
        pool = {"UserPoolId": POOLS[EU]}
        shown = self.sdk.call(EU, "GetUserPoolMfaConfig", **pool)
        self.assertEqual(shown["MfaConfiguration"], "OPTIONAL")
        self.assertEqual(shown["EmailMfaConfiguration"], {})
        wanted = {"MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": True},
                  "EmailMfaConfiguration": {}}
        self.assertEqual(self.sdk.call(EU, "SetUserPoolMfaConfig", **pool, **wanted), shown)
        self.sdk.refused("InvalidParameterException", EU, "SetUserPoolMfaConfig", **pool,
                         **{**wanted, "EmailMfaConfiguration": {"Subject": "Another"}})


if __name__ == "__main__":
    unittest.main(warnings="ignore")
