#!/usr/bin/python3
"""A client with a secret, with boto3: every operation that has a SECRET_HASH asks for the right one,
in every region."""

import atexit
import base64
import hashlib
import hmac
import os
import tempfile
import unittest

import variant

SECRET, CLIENT = "s3cret-of-the-server", "serverclient1"


def with_a_server(text):
    handle, path = tempfile.mkstemp(prefix="domicile-secret.")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(SECRET + "\n")
    flows = "[USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH, ADMIN_USER_PASSWORD_AUTH]"
    server = f"      server: {{id: {CLIENT}, secret_file: {path}, flows: {flows}}}\n"
    end = "REFRESH_TOKEN_AUTH]\n"  # of the client that is there
    return text.replace(end, end + server, 1)


variant.run(__file__, with_a_server)

from botocore.exceptions import ClientError  # noqa: E402

import world  # noqa: E402
from clients import administrator, user_pools  # noqa: E402
from world import AU, EU, POOLS, US, Person, cognito  # noqa: E402

MISSING = f"Client {CLIENT} is configured for secret but secret was not received"
WRONG = f"Unable to verify secret hash for client {CLIENT}"


def hashed(username):
    mac = hmac.new(SECRET.encode(), (username + CLIENT).encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


class Secret(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.idp = {region: user_pools(region) for region in (EU, US, AU)}

    def asked(self, call, name, put, **arguments):
        """`put(hash)` is how the call takes it. Refused without and with a wrong one."""
        for proof, text in (({}, MISSING), (put(hashed("somebody else")), WRONG)):
            with self.assertRaises(ClientError) as caught:
                call(**merged(arguments, proof))
            error = caught.exception.response["Error"]
            self.assertEqual((error["Code"], error["Message"]), ("NotAuthorizedException", text))
        return call(**merged(arguments, put(hashed(name))))

    def test_a_life_with_a_server_through_wrong_regions(self):
        person = Person("DE", EU, "server")
        plain = {"ClientId": CLIENT, "Username": person.email}
        member = lambda value: {"SecretHash": value}  # noqa: E731
        self.asked(self.idp[US].sign_up, person.email, member, Password=person.password,
                   UserAttributes=[{"Name": "email", "Value": person.email},
                                   {"Name": "custom:country", "Value": "DE"}], **plain)
        self.asked(self.idp[AU].resend_confirmation_code, person.email, member, **plain)
        mails = world.call(EU, "GET", "/_domicile/outbox").json()["mails"]
        code = next(mail for mail in mails if mail["to"] == person.email)["text"][-7:-1]
        self.asked(self.idp[EU].confirm_sign_up, person.email, member, ConfirmationCode=code,
                   **plain)
        parameter = lambda value: {"AuthParameters": {"SECRET_HASH": value}}  # noqa: E731
        entered = self.asked(
            self.idp[AU].initiate_auth, person.email, parameter, ClientId=CLIENT,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})
        refresh = entered["AuthenticationResult"]["RefreshToken"]
        self.asked(self.idp[US].initiate_auth, person.email, parameter, ClientId=CLIENT,
                   AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": refresh})
        self.by_srp(person)
        self.asked(self.idp[AU].forgot_password, person.email, member, **plain)
        self.revoked(refresh)

    def by_srp(self, person):
        client = world.srp.Client(POOLS[EU])
        parameter = lambda value: {"AuthParameters": {"SECRET_HASH": value}}  # noqa: E731
        challenge = self.asked(
            self.idp[US].initiate_auth, person.email, parameter, ClientId=CLIENT,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": person.email, "SRP_A": client.srp_a})
        response = lambda value: {"ChallengeResponses": {"SECRET_HASH": value}}  # noqa: E731
        named = challenge["ChallengeParameters"]["USER_ID_FOR_SRP"]  # the answer's USERNAME
        self.asked(
            self.idp[AU].respond_to_auth_challenge, named, response, ClientId=CLIENT,
            ChallengeName="PASSWORD_VERIFIER",
            ChallengeResponses=client.answer(challenge["ChallengeParameters"], person.password))
        admin = administrator(AU)
        self.asked(admin.admin_initiate_auth, person.email, parameter, UserPoolId=POOLS[AU],
                   ClientId=CLIENT, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                   AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})

    def revoked(self, refresh):
        tokens = {"ClientId": CLIENT, "RefreshToken": refresh}
        reply = cognito(f"idp.{US}", "GetTokensFromRefreshToken", tokens)
        self.assertEqual(reply.json()["message"], MISSING)
        tokens["ClientSecret"] = SECRET
        reply = cognito(f"idp.{US}", "GetTokensFromRefreshToken", tokens)
        self.assertIn("AccessToken", reply.json()["AuthenticationResult"])
        with self.assertRaises(ClientError):
            self.idp[US].revoke_token(Token=refresh, ClientId=CLIENT, ClientSecret="guessed")
        self.idp[US].revoke_token(Token=refresh, ClientId=CLIENT, ClientSecret=SECRET)
        reply = cognito(f"idp.{AU}", "GetTokensFromRefreshToken", tokens)
        self.assertEqual(reply.json()["message"], "Refresh Token has been revoked")

    def test_a_client_without_a_secret_takes_no_hash(self):
        with self.assertRaises(ClientError) as caught:
            self.idp[EU].forgot_password(ClientId=world.CLIENT_ID, Username="x@example.org",
                                         SecretHash=hashed("x@example.org"))
        self.assertEqual(caught.exception.response["Error"]["Code"], "NotAuthorizedException")


def merged(arguments, more):
    out = dict(arguments)
    for name, value in more.items():
        out[name] = {**out[name], **value} if isinstance(value, dict) else value
    return out


if __name__ == "__main__":
    unittest.main()
