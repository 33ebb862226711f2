#!/usr/bin/python3
"""Passkeys and sign-in by choice (USER_AUTH): made and used in Chromium, by its virtual
authenticator and the AWS SDK for JavaScript, through right and wrong regions; refused when replayed,
copied, or of another relying party. Passwords by the same flow, with plain requests."""

import http.client
import json
import os
import pathlib
import subprocess
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ", "    passkeys: {relying_party_id: localhost}\n    id_suffix: ", 1).replace(
    "REFRESH_TOKEN_AUTH]", "REFRESH_TOKEN_AUTH, USER_AUTH]", 1))

from clients import administrator  # noqa: E402
from world import (  # noqa: E402
    AU, CLIENT_ID, EU, POOLS, READY, REGIONS, TIMEOUT_S, US, Person, call, cognito, create_key, ok,
    signed)

SCRIPT = pathlib.Path(__file__).resolve().parent / "passkeys" / "passkeys.mjs"


def begin(region, username, **parameters):
    return cognito(f"idp.{region}", "InitiateAuth", {
        "AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID,
        "AuthParameters": {"USERNAME": username, **parameters}})


def answer(region, name, session, **responses):
    return cognito(f"idp.{region}", "RespondToAuthChallenge", {
        "ClientId": CLIENT_ID, "ChallengeName": name, "Session": session,
        "ChallengeResponses": responses})


class Passkeys(unittest.TestCase):
    def test_in_a_browser_through_every_region(self):
        person = Person("DE", EU, "passkey").settle()
        endpoints = {region: f"http://127.0.0.1:{READY['regions'][region]['loopback']}/"
                     for region in REGIONS}
        given = {"endpoints": endpoints, "client_id": CLIENT_ID, "username": person.email,
                 "nobody": f"nobody.{person.email}", "access_token": person.tokens["AccessToken"]}
        done = subprocess.run(["node", "--no-warnings", SCRIPT, json.dumps(given)],
                              capture_output=True, text=True, timeout=60, env=os.environ)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_passwords_can_be_chosen_too(self):
        person = Person("DE", EU, "choice").sign_up().confirm()
        direct = begin(US, person.email, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=person.password)
        self.assertIn("AccessToken", ok("InitiateAuth", direct)["AuthenticationResult"])
        listed = ok("InitiateAuth", begin(AU, person.email))
        self.assertEqual(listed["ChallengeName"], "SELECT_CHALLENGE")
        chosen = answer(EU, "SELECT_CHALLENGE", listed["Session"], USERNAME=person.email,
                        ANSWER="PASSWORD", PASSWORD=person.password)
        self.assertIn("AccessToken", ok("Respond", chosen)["AuthenticationResult"])
        unavailable = ok("InitiateAuth", begin(AU, person.email, PREFERRED_CHALLENGE="SMS_OTP"))
        self.assertEqual(unavailable["ChallengeName"], "SELECT_CHALLENGE")
        refused = answer(EU, "SELECT_CHALLENGE", unavailable["Session"], USERNAME=person.email,
                         ANSWER="SMS_OTP")
        self.assertEqual(refused.json()["__type"], "InvalidParameterException")

    def test_what_the_pool_has_is_said_by_its_configuration(self):
        admin = administrator(EU)
        client = admin.describe_user_pool_client(UserPoolId=POOLS[EU], ClientId=CLIENT_ID)
        self.assertIn("ALLOW_USER_AUTH", client["UserPoolClient"]["ExplicitAuthFlows"])
        has = {"RelyingPartyId": "localhost", "UserVerification": "preferred",
               "FactorConfiguration": "SINGLE_FACTOR"}
        self.assertEqual(self.configuration("GetUserPoolMfaConfig"), has)
        self.assertEqual(self.configuration("SetUserPoolMfaConfig", WebAuthnConfiguration=has), has)
        other = {**has, "UserVerification": "required"}
        self.assertIsNone(self.configuration("SetUserPoolMfaConfig", WebAuthnConfiguration=other))

    def configuration(self, operation, **more):
        """boto3's model is older than passkeys, so it is only asked to sign."""
        key = create_key(EU, ("cognito-idp:*",), ("userpool/*",))
        port, body = READY["regions"][EU]["loopback"], {"UserPoolId": POOLS[EU], **more}
        data = json.dumps(body).encode()
        headers = signed(key, EU, "cognito-idp", f"http://127.0.0.1:{port}/", data, headers={
            "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
            "Content-Type": "application/x-amz-json-1.1"})
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self.addCleanup(connection.close)
        return call(None, "POST", "/", headers, data, connection).json().get("WebAuthnConfiguration")


if __name__ == "__main__":
    unittest.main()
