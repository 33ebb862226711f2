#!/usr/bin/python3
"""Sign-in with a code that is mailed (EMAIL_OTP, one of USER_AUTH's choices): the AWS SDK for
JavaScript through right and wrong regions, with the code from the outbox and from a real SMTP server;
what a code is good for, and that nobody is asked like somebody."""

import importlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ", "    email_otp: true\n    id_suffix: ", 1).replace(
    "REFRESH_TOKEN_AUTH]", "REFRESH_TOKEN_AUTH, USER_AUTH]", 1))

import own  # noqa: E402
from world import (  # noqa: E402
    AU, CLIENT_ID, EU, POOLS, READY, REGIONS, US, Person, call, cognito, create_key, ok, signed)

SCRIPT = pathlib.Path(__file__).resolve().parent / "mailed" / "email_otp.mjs"
mail = importlib.import_module("26_mail_test")


def begin(region, username, **parameters):
    return ok("InitiateAuth", cognito(f"idp.{region}", "InitiateAuth", {
        "AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID,
        "AuthParameters": {"USERNAME": username, "PREFERRED_CHALLENGE": "EMAIL_OTP", **parameters}}))


def answer(region, asked, username, code):
    return cognito(f"idp.{region}", "RespondToAuthChallenge", {
        "ClientId": CLIENT_ID, "ChallengeName": "EMAIL_OTP", "Session": asked["Session"],
        "ChallengeResponses": {"USERNAME": username, "EMAIL_OTP_CODE": code}})


def sign_in_codes(person):
    """All that went to the person, the newest first."""
    mails = ok("outbox", call(person.home, "GET", "/_domicile/outbox"))["mails"]
    mine = [m for m in mails if m["to"] == person.email and "sign-in" in m["subject"]]
    mine.sort(key=lambda m: m["sent_at"], reverse=True)
    return [re.search(r"\b\d{8}\b", m["text"]).group() for m in mine]


class MailedCodes(unittest.TestCase):
    def test_the_aws_sdk_signs_somebody_in_through_every_region(self):
        person = Person("DE", EU, "mailed").sign_up().confirm()
        for first, second in ((EU, EU), (US, AU)):
            before = len(sign_in_codes(person))
            given = {"endpoints": {region: f"http://127.0.0.1:{READY['regions'][region]['loopback']}/"
                                   for region in REGIONS},
                     "first": first, "second": second, "client_id": CLIENT_ID,
                     "username": person.email}
            process = subprocess.Popen(
                ["node", "--no-warnings", SCRIPT, json.dumps(given)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
            self.addCleanup(process.kill)
            asked = json.loads(process.stdout.readline())
            self.assertEqual(asked["ChallengeName"], "EMAIL_OTP")
            self.assertEqual(asked["ChallengeParameters"]["CODE_DELIVERY_DELIVERY_MEDIUM"], "EMAIL")
            self.assertEqual(asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"], "m***@e***")
            codes = sign_in_codes(person)
            self.assertEqual(len(codes), before + 1)
            out, errors = process.communicate(codes[0] + "\n", timeout=60)
            self.assertEqual(process.returncode, 0, errors)
            found = json.loads(out)
            self.assertEqual((found["username"], found["again"]),
                             (person.email, "ExpiredCodeException"))
            self.assertEqual(found["factors"], ["PASSWORD", "EMAIL_OTP"])

    def test_the_code_arrives_through_a_mail_server(self):
        with tempfile.TemporaryDirectory(prefix="domicile-mailed.") as held:
            folder = pathlib.Path(held)
            mail.certificates(folder)
            server = mail.Server(folder)
            self.addCleanup(server.close)
            text = mail.config(server.port).replace(
                "    id_suffix: P1\n", "    id_suffix: P1\n    email_otp: true\n").replace(
                f"{{id: {mail.CLIENT}}}",
                f"{{id: {mail.CLIENT}, flows: [USER_AUTH, REFRESH_TOKEN_AUTH]}}")
            there = mail.Deployment(folder, text)
            self.addCleanup(there.close)
            there.up().sign_up()
            own.poll("the mail", lambda: server.mails)
            there.call("ConfirmSignUp", ClientId=mail.CLIENT, Username=mail.ADDRESS,
                       ConfirmationCode=server.code())
            _, asked = there.call("InitiateAuth", ClientId=mail.CLIENT, AuthFlow="USER_AUTH",
                                  AuthParameters={"USERNAME": mail.ADDRESS,
                                                  "PREFERRED_CHALLENGE": "EMAIL_OTP"})
            own.poll("the second mail", lambda: len(server.mails) == 2)
            self.assertEqual(server.message()["Subject"], "Your sign-in code")
            code = re.search(r"\b\d{8}\b", server.message().get_content()).group()
            status, done = there.call(
                "RespondToAuthChallenge", ClientId=mail.CLIENT, ChallengeName="EMAIL_OTP",
                Session=asked["Session"],
                ChallengeResponses={"USERNAME": mail.ADDRESS, "EMAIL_OTP_CODE": code})
            self.assertEqual(status, 200, done)
            self.assertIn("AccessToken", done["AuthenticationResult"])

    def test_a_code_is_for_one_use_and_five_tries_through_whatever_region(self):
        person = Person("DE", EU, "mailed").sign_up().confirm()
        asked = begin(US, person.email)
        code = sign_in_codes(person)[0]
        wrong = str((int(code) + 1) % 100_000_000).zfill(8)
        for region in (EU, US, AU, EU, US):
            reply = answer(region, asked, person.email, wrong)
            self.assertEqual(reply.json()["__type"], "CodeMismatchException")
        reply = answer(EU, asked, person.email, code)
        self.assertEqual(reply.json()["__type"], "ExpiredCodeException")
        again = begin(AU, person.email)
        code = sign_in_codes(person)[0]
        other = answer(EU, asked, person.email, code)  # of the session before
        self.assertEqual(other.json()["__type"], "ExpiredCodeException")
        done = ok("Respond", answer(US, again, person.email, code))
        self.assertIn("RefreshToken", done["AuthenticationResult"])
        reply = answer(EU, again, person.email, code)
        self.assertEqual(reply.json()["__type"], "ExpiredCodeException")

    def test_nobody_is_asked_like_somebody(self):
        person = Person("DE", EU, "mailed").sign_up().confirm()
        nobody = f"nobody{person.email}"
        for region in (EU, US):
            answers = []
            for name in (person.email, nobody):
                asked = begin(region, name)
                replies = [answer(region, asked, name, "00000000").json() for _ in range(5)]
                asked["Session"] = len(asked["Session"]) > 0
                shown = asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"]
                asked["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] = shown[1:]
                answers.append((asked, replies))
            self.assertEqual(*answers)
        # Mails are bounded alike, over all regions.
        for name in (person.email, nobody):
            for region in (EU, US, AU):
                begin(region, name)
            reply = cognito(f"idp.{AU}", "InitiateAuth", {
                "AuthFlow": "USER_AUTH", "ClientId": CLIENT_ID,
                "AuthParameters": {"USERNAME": name, "PREFERRED_CHALLENGE": "EMAIL_OTP"}})
            self.assertEqual(reply.json()["__type"], "LimitExceededException", name)

    def test_who_has_not_proven_an_address_gets_no_code(self):
        person = Person("DE", EU, "mailed").sign_up()
        begin(EU, person.email)
        self.assertEqual(sign_in_codes(person), [])

    def test_what_the_pool_offers_is_said(self):
        """boto3's model is older than this, so it is only asked to sign."""
        key = create_key(EU, ("cognito-idp:DescribeUserPool",), ("userpool/*",))
        port, data = READY["regions"][EU]["loopback"], json.dumps({"UserPoolId": POOLS[EU]}).encode()
        headers = signed(key, EU, "cognito-idp", f"http://127.0.0.1:{port}/", data, headers={
            "X-Amz-Target": "AWSCognitoIdentityProviderService.DescribeUserPool",
            "Content-Type": "application/x-amz-json-1.1"})
        pool = ok("DescribeUserPool", call(f"loopback:{EU}", "POST", "/", headers, data))
        policy = pool["UserPool"]["Policies"]["SignInPolicy"]
        self.assertEqual(policy["AllowedFirstAuthFactors"], ["PASSWORD", "EMAIL_OTP"])


if __name__ == "__main__":
    unittest.main(warnings="ignore")
