"""A new person at the user pool, by boto3."""

import base64
import json
import re
import secrets
import time

import boto3
from botocore import UNSIGNED
from botocore.config import Config

import srp
import target

idp = boto3.client(
    "cognito-idp",
    region_name=target.REGION,
    endpoint_url=target.IDP,
    config=Config(signature_version=UNSIGNED, retries={"max_attempts": 1}),
)


class Person:
    def __init__(self):
        self.email = f"py-{secrets.token_hex(6)}@example.org"
        self.password = f"Wombat-{secrets.token_hex(6)}-7x"
        self.sub = None

    def sign_up(self):
        reply = idp.sign_up(
            ClientId=target.CLIENT_ID,
            Username=self.email,
            Password=self.password,
            UserAttributes=[
                {"Name": "email", "Value": self.email},
                {"Name": "custom:country", "Value": target.COUNTRY},
            ],
        )
        self.sub = reply["UserSub"]
        return reply

    def read_code(self, other_than=None, at=None):
        """The six digits of the newest mail, but not these; mails are sent soon after the reply."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            mine = [mail for mail in target.mails() if mail["to"] == (at or self.email)]
            mine.sort(key=lambda mail: mail["sent_at"], reverse=True)
            code = mine and re.search(r"\b\d{6}\b", mine[0]["text"])
            if code and code.group() != other_than:
                return code.group()
            time.sleep(0.05)
        raise AssertionError("no mail with a code arrived")

    def confirm(self, code=None):
        return idp.confirm_sign_up(
            ClientId=target.CLIENT_ID,
            Username=self.email,
            ConfirmationCode=code or self.read_code(),
        )

    def sign_in(self, password=None):
        """USER_SRP_AUTH and PASSWORD_VERIFIER; the AuthenticationResult."""
        client = srp.Client(target.POOL_ID)
        challenge = idp.initiate_auth(
            ClientId=target.CLIENT_ID,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": self.email, "SRP_A": client.srp_a},
        )
        parameters = challenge["ChallengeParameters"]
        reply = idp.respond_to_auth_challenge(
            ClientId=target.CLIENT_ID,
            ChallengeName=challenge["ChallengeName"],
            ChallengeResponses=client.answer(parameters, password or self.password),
        )
        return reply["AuthenticationResult"]


def claims_of(token):
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
