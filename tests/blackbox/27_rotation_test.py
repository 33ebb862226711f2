#!/usr/bin/python3
"""Refresh tokens for one use, through every region: the session ends for everybody once a token is
used that somebody else has used."""

import unittest

import variant

CLIENT = "rotating1"
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"
variant.run(__file__, lambda text: text.replace(
    WEB_FLOWS,
    f"{WEB_FLOWS}      spa: {{id: {CLIENT}, flows: [USER_PASSWORD_AUTH],"
    " refresh_token_rotation: {grace_seconds: 0}}\n"))

from world import AU, EU, US, Person, cognito, ok  # noqa: E402


class Rotation(unittest.TestCase):
    def use(self, region, token):
        return cognito(f"idp.{region}", "GetTokensFromRefreshToken",
                       {"ClientId": CLIENT, "RefreshToken": token})

    def test_each_use_gives_the_next_token_and_a_copy_ends_the_session(self):
        person = Person("DE", EU, "rotation").settle()
        reply = ok("InitiateAuth", cognito(f"idp.{US}", "InitiateAuth", {
            "ClientId": CLIENT, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}))
        tokens = [reply["AuthenticationResult"]["RefreshToken"]]
        for region in (AU, EU, US):
            result = ok("refresh", self.use(region, tokens[-1]))["AuthenticationResult"]
            ok("GetUser", cognito(f"idp.{region}", "GetUser", {"AccessToken": result["AccessToken"]}))
            tokens.append(result["RefreshToken"])
        self.assertEqual(len(set(tokens)), 4)
        stolen = self.use(AU, tokens[1])
        self.assertEqual((stolen.status, stolen.json()["__type"]), (400, "RefreshTokenReuseException"))
        owner = self.use(EU, tokens[-1])
        self.assertEqual((owner.status, owner.json()["__type"]), (400, "NotAuthorizedException"))
        access = cognito(f"idp.{EU}", "GetUser", {"AccessToken": result["AccessToken"]})
        self.assertEqual(access.status, 400)

    def test_a_call_that_cannot_give_the_next_token_takes_none(self):
        person = Person("DE", EU, "rotation").settle()
        reply = ok("InitiateAuth", cognito(f"idp.{EU}", "InitiateAuth", {
            "ClientId": CLIENT, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}))
        token = reply["AuthenticationResult"]["RefreshToken"]
        refused = cognito(f"idp.{EU}", "InitiateAuth", {
            "ClientId": CLIENT, "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": {"REFRESH_TOKEN": token}})
        self.assertEqual((refused.status, refused.json()["__type"]), (400, "InvalidParameterException"))
        ok("refresh", self.use(EU, token))


if __name__ == "__main__":
    unittest.main()
