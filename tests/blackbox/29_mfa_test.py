#!/usr/bin/python3
"""Authenticator apps as a second factor, with boto3 and pyotp, through right and wrong regions: set
up at sign-in where the pool asks for one, asked for afterwards, good for one use."""

import time
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ", "    mfa: required\n    id_suffix: ", 1).replace(
    "REFRESH_TOKEN_AUTH]", "REFRESH_TOKEN_AUTH, ADMIN_USER_PASSWORD_AUTH]", 1))

import pyotp  # noqa: E402

from clients import Refusals, administrator, user_pools  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, US, Person  # noqa: E402


class Mfa(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}
        cls.admin = administrator(EU)

    def enter(self, person, region):
        return self.at[region].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})

    def answer(self, person, region, challenge, session, **responses):
        return {"ClientId": CLIENT_ID, "ChallengeName": challenge, "Session": session,
                "ChallengeResponses": {"USERNAME": person.email, **responses}}

    def code_answer(self, person, region, asked, code):
        return self.answer(person, region, "SOFTWARE_TOKEN_MFA", asked["Session"],
                           SOFTWARE_TOKEN_MFA_CODE=code)

    def set_up(self, person, regions):
        """Each step through the next of the regions; the app, the tokens, the code that was used."""
        first, second, third, fourth = (self.at[region] for region in regions)
        asked = self.enter(person, regions[0])
        self.assertEqual(asked["ChallengeName"], "MFA_SETUP")
        self.assertNotIn("AuthenticationResult", asked)
        self.assertLessEqual(len(asked["Session"]), 2048)
        made = second.associate_software_token(Session=asked["Session"])
        app = pyotp.TOTP(made["SecretCode"])
        early = self.answer(person, regions[0], "MFA_SETUP", made["Session"])
        self.refused("InvalidParameterException", first.respond_to_auth_challenge, **early)
        code = app.now()
        wrong = str((int(code) + 1) % 1_000_000).zfill(6)
        self.refused("EnableSoftwareTokenMFAException", third.verify_software_token,
                     Session=made["Session"], UserCode=wrong)
        self.refused("InvalidParameterException", third.verify_software_token,
                     Session=made["Session"], UserCode="12345a")
        verified = third.verify_software_token(Session=made["Session"], UserCode=code)
        self.assertEqual(verified["Status"], "SUCCESS")
        done = fourth.respond_to_auth_challenge(
            **self.answer(person, regions[3], "MFA_SETUP", verified["Session"]))
        return app, done["AuthenticationResult"], code

    def later(self, app, taken):
        """A code that was not taken yet: one of the next step is good now."""
        code = app.at(time.time() + app.interval)
        self.assertNotEqual(code, taken)
        return code

    def test_through_every_region(self):
        person = Person("DE", EU, "totp").sign_up().confirm()
        app, tokens, taken = self.set_up(person, (US, AU, EU, US))
        for region in (EU, AU):
            shown = self.at[region].get_user(AccessToken=tokens["AccessToken"])
            self.assertEqual(shown["UserMFASettingList"], ["SOFTWARE_TOKEN_MFA"])
            self.assertEqual(shown["PreferredMfaSetting"], "SOFTWARE_TOKEN_MFA")
        refreshed = self.at[AU].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]})
        self.assertIn("AccessToken", refreshed["AuthenticationResult"])
        asked = self.enter(person, AU)
        self.assertEqual(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA")
        respond = self.at[US].respond_to_auth_challenge
        self.refused("ExpiredCodeException", respond, **self.code_answer(person, US, asked, taken))
        code = self.later(app, taken)
        wrong = str((int(code) + 1) % 1_000_000).zfill(6)
        message = self.refused("CodeMismatchException", respond,
                               **self.code_answer(person, US, asked, wrong))
        self.assertEqual(message, "Invalid code received for user")
        got = respond(**self.code_answer(person, US, asked, code))
        self.at[US].get_user(AccessToken=got["AuthenticationResult"]["AccessToken"])
        self.refused("NotAuthorizedException", respond,
                     **self.code_answer(person, US, asked, code))
        self.refused("InvalidParameterException", self.at[AU].set_user_mfa_preference,
                     AccessToken=tokens["AccessToken"],
                     SoftwareTokenMfaSettings={"Enabled": False})
        self.refused("InvalidParameterException", self.at[AU].set_user_mfa_preference,
                     AccessToken=tokens["AccessToken"], SMSMfaSettings={"Enabled": True})

    def test_a_session_is_over_after_five_tries(self):
        person = Person("DE", EU, "tries").sign_up().confirm()
        app, _, taken = self.set_up(person, (EU, EU, EU, EU))
        asked = self.enter(person, US)
        code = self.later(app, taken)
        wrong = str((int(code) + 1) % 1_000_000).zfill(6)
        for region in (US, AU, EU, US, AU):
            self.refused("CodeMismatchException", self.at[region].respond_to_auth_challenge,
                         **self.code_answer(person, region, asked, wrong))
        message = self.refused("NotAuthorizedException", self.at[EU].respond_to_auth_challenge,
                               **self.code_answer(person, EU, asked, code))
        self.assertEqual(message, "Invalid session for the user, session is expired.")

    def test_an_administrator_helps_who_lost_the_app(self):
        person = Person("DE", EU, "lost").sign_up().confirm()
        self.set_up(person, (EU, EU, EU, EU))
        about = {"UserPoolId": POOLS[EU], "Username": person.email}
        self.assertEqual(self.admin.admin_get_user(**about)["UserMFASettingList"],
                         ["SOFTWARE_TOKEN_MFA"])
        self.admin.admin_set_user_mfa_preference(
            SoftwareTokenMfaSettings={"Enabled": False, "PreferredMfa": False}, **about)
        self.assertNotIn("UserMFASettingList", self.admin.admin_get_user(**about))
        asked = self.admin.admin_initiate_auth(
            UserPoolId=POOLS[EU], ClientId=CLIENT_ID, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})
        self.assertEqual(asked["ChallengeName"], "MFA_SETUP")
        app, _, taken = self.set_up(person, (US, US, US, US))
        asked = self.admin.admin_initiate_auth(
            UserPoolId=POOLS[EU], ClientId=CLIENT_ID, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})
        answer = self.code_answer(person, EU, asked, self.later(app, taken))
        done = self.admin.admin_respond_to_auth_challenge(UserPoolId=POOLS[EU], **answer)
        self.assertIn("AccessToken", done["AuthenticationResult"])

    def test_what_the_pool_has_is_said_by_its_configuration(self):
        pool = POOLS[EU]
        self.assertEqual(
            self.admin.describe_user_pool(UserPoolId=pool)["UserPool"]["MfaConfiguration"], "ON")
        wanted = {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": True}}
        for shown in (self.admin.get_user_pool_mfa_config(UserPoolId=pool),
                      self.admin.set_user_pool_mfa_config(UserPoolId=pool, **wanted)):
            self.assertEqual({name: shown[name] for name in wanted}, wanted)
        for other in ({"MfaConfiguration": "OFF"}, {"MfaConfiguration": "OPTIONAL"},
                      {**wanted, "SmsMfaConfiguration": {}}):
            message = self.refused("InvalidParameterException", self.admin.set_user_pool_mfa_config,
                                   UserPoolId=pool, **other)
            self.assertIn("configuration", message)


if __name__ == "__main__":
    unittest.main()
