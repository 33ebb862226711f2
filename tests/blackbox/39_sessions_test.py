#!/usr/bin/python3
"""Sessions and second factors as people and administrators see them, with the AWS SDK for JavaScript
(boto3's model is older than these operations) through right and wrong regions: one session is ended
and the others go on, an app that is lost is deleted."""

import datetime
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ", "    mfa: required\n    email_otp: true\n    id_suffix: ", 1))

import pyotp  # noqa: E402

from sdk import Sdk  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, US, Person  # noqa: E402


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sdk = Sdk(administered=(EU, US))
        cls.addClassCleanup(cls.sdk.close)

    def enter(self, person, region):
        return self.sdk.call(
            region, "InitiateAuth", ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})

    def answer(self, person, region, name, session, **responses):
        done = self.sdk.call(
            region, "RespondToAuthChallenge", ClientId=CLIENT_ID, ChallengeName=name,
            Session=session, ChallengeResponses={"USERNAME": person.email, **responses})
        return done["AuthenticationResult"]

    def set_up(self, person, region):
        """The app, and the tokens of the sign-in."""
        asked = self.enter(person, region)
        self.assertEqual(asked["ChallengeName"], "MFA_SETUP")
        made = self.sdk.call(region, "AssociateSoftwareToken", Session=asked["Session"])
        app = pyotp.TOTP(made["SecretCode"])
        verified = self.sdk.call(region, "VerifySoftwareToken", Session=made["Session"],
                                 UserCode=app.now())
        return app, self.answer(person, region, "MFA_SETUP", verified["Session"])

    def enter_again(self, person, region, app, steps):
        """With the code of a later half minute, which is good a little before its time."""
        asked = self.enter(person, region)
        code = app.at(datetime.datetime.now(), steps)
        return self.answer(person, region, "SOFTWARE_TOKEN_MFA", asked["Session"],
                           SOFTWARE_TOKEN_MFA_CODE=code)

    def about(self, person, region=EU):
        return {"UserPoolId": POOLS[region], "Username": person.email}

    def ended(self, tokens, region):
        self.sdk.refused("NotAuthorizedException", region, "GetUser",
                         AccessToken=tokens["AccessToken"])
        self.sdk.refused("NotAuthorizedException", region, "InitiateAuth", ClientId=CLIENT_ID,
                         AuthFlow="REFRESH_TOKEN_AUTH",
                         AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]})

    def goes_on(self, tokens, region):
        self.sdk.call(region, "GetUser", AccessToken=tokens["AccessToken"])
        self.sdk.call(region, "InitiateAuth", ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
                      AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]})

    def test_people_end_one_of_their_sessions(self):
        person = Person("DE", EU, "session").sign_up().confirm()
        app, lost = self.set_up(person, US)
        here = self.enter_again(person, AU, app, 1)
        for region in (EU, US, AU):
            shown = self.sdk.call(region, "ListUserSessions", AccessToken=here["AccessToken"])
            self.assertNotIn("NextToken", shown)
            self.assertEqual([s["IsCurrentSession"] for s in shown["Sessions"]], [True, False])
        newer, older = shown["Sessions"]
        self.assertEqual(set(newer), {"SessionId", "SessionType", "ClientId", "CreateDate",
                                      "IsCurrentSession"})
        self.assertEqual((newer["SessionType"], newer["ClientId"]), ("TOKEN", CLIENT_ID))
        self.assertRegex(newer["SessionId"], r"^tkn[0-9a-z]{25}$")
        self.assertGreaterEqual(newer["CreateDate"], older["CreateDate"])
        mine = {"AccessToken": here["AccessToken"]}
        self.sdk.refused("InvalidParameterException", US, "RevokeUserSession",
                         SessionId=newer["SessionId"], **mine)
        self.sdk.refused("InvalidParameterException", US, "RevokeUserSession",
                         SessionId=older["SessionId"], RevokeAssociatedSessions="ALL", **mine)
        self.goes_on(lost, AU)
        self.sdk.call(US, "RevokeUserSession", SessionId=older["SessionId"],
                      RevokeAssociatedSessions="LINKED", **mine)
        self.ended(lost, EU)
        self.ended(lost, AU)
        self.goes_on(here, US)
        message = self.sdk.refused("ResourceNotFoundException", AU, "RevokeUserSession",
                                   SessionId=older["SessionId"], **mine)
        self.assertEqual(message, "Session does not exist.")
        self.sdk.refused("NotAuthorizedException", US, "ListUserSessions",
                         AccessToken=lost["AccessToken"])

    def test_administrators_end_a_session(self):
        person = Person("DE", EU, "session").sign_up().confirm()
        app, one = self.set_up(person, EU)
        other = self.enter_again(person, EU, app, 1)
        shown = self.sdk.call(EU, "AdminListUserSessions", **self.about(person))["Sessions"]
        self.assertEqual([s["IsCurrentSession"] for s in shown], [False, False])
        ending = {"SessionId": shown[1]["SessionId"], **self.about(person)}
        self.sdk.call(EU, "AdminRevokeUserSession", **ending)
        self.ended(one, US)
        self.goes_on(other, US)
        self.sdk.refused("ResourceNotFoundException", EU, "AdminRevokeUserSession", **ending)
        nobody = {**ending, "Username": f"nobody{person.email}"}
        self.sdk.refused("UserNotFoundException", EU, "AdminRevokeUserSession", **nobody)
        # From another jurisdiction, and without a signature.
        away = self.about(person, US)
        self.sdk.refused("UserNotFoundException", US, "AdminListUserSessions", **away)
        self.sdk.refused("UserNotFoundException", US, "AdminRevokeUserSession",
                         SessionId=shown[0]["SessionId"], **away)
        self.sdk.refused("UnrecognizedClientException", AU, "AdminListUserSessions",
                         **self.about(person, AU))

    def test_an_app_that_is_lost_is_deleted(self):
        person = Person("DE", EU, "lost").sign_up().confirm()
        app, tokens = self.set_up(person, AU)
        has = self.sdk.call(EU, "AdminGetUserAuthFactors", **self.about(person))
        own = self.sdk.call(US, "GetUserAuthFactors", AccessToken=tokens["AccessToken"])
        self.assertEqual(has, own)
        self.assertEqual(has, {"Username": person.email, "PreferredMfaSetting": "SOFTWARE_TOKEN_MFA",
                               "UserMFASettingList": ["SOFTWARE_TOKEN_MFA"],
                               "ConfiguredUserAuthFactors": ["PASSWORD", "EMAIL_OTP"]})
        self.sdk.refused("UserNotFoundException", US, "AdminDeleteSoftwareToken",
                         **self.about(person, US))
        asked = self.enter(person, US)
        self.assertEqual(asked["ChallengeName"], "SOFTWARE_TOKEN_MFA")
        self.sdk.call(EU, "AdminDeleteSoftwareToken", **self.about(person))
        self.sdk.refused(
            "NotAuthorizedException", US, "RespondToAuthChallenge", ClientId=CLIENT_ID,
            ChallengeName="SOFTWARE_TOKEN_MFA", Session=asked["Session"],
            ChallengeResponses={"USERNAME": person.email,
                                "SOFTWARE_TOKEN_MFA_CODE": app.at(datetime.datetime.now(), 1)})
        has = self.sdk.call(EU, "AdminGetUserAuthFactors", **self.about(person))
        self.assertEqual(set(has), {"Username", "ConfiguredUserAuthFactors"})
        self.set_up(person, US)
        unconfirmed = Person("DE", EU, "lost").sign_up()
        self.sdk.refused("UserNotConfirmedException", EU, "AdminDeleteSoftwareToken",
                         **self.about(unconfirmed))
        self.sdk.refused("UserNotFoundException", EU, "AdminGetUserAuthFactors",
                         **self.about(Person("DE", EU, "nobody")))


if __name__ == "__main__":
    unittest.main(warnings="ignore")
