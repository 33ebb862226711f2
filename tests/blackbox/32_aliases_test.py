#!/usr/bin/python3
"""Names that people sign in with beside their user name: through every region, one person's each."""

import copy
import secrets
import unittest
import urllib.parse

import variant

SPA, CALLBACK = "aliasesspa1", "https://app.example/callback"
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"


def with_aliases(text):
    aliases = "    aliases: [email, phone_number, preferred_username]\n"
    text = text.replace("    id_suffix: Health1\n", "    id_suffix: Health1\n" + aliases)
    spa = f"      spa: {{id: {SPA}, oauth: {{redirect_uris: ['{CALLBACK}']}}}}\n"
    return text.replace(WEB_FLOWS, WEB_FLOWS + spa)


variant.run(__file__, with_aliases)

import pages  # noqa: E402
from clients import Refusals, administrator, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, EU, POOLS, REGIONS, US, Person  # noqa: E402


class Named(Person):
    """With a user name; confirmed, and not signed in."""

    def __init__(self, country, home):
        super().__init__(country, home, username=f"name-{secrets.token_hex(6)}")

    def settle(self, through=None):
        return self.sign_up(through).confirm(through)

    def sign_in_as(self, name, through):
        """By SRP; the claims of the access token."""
        typed = copy.copy(self)
        typed.user_name = name
        self.tokens = typed.sign_in(through)
        return claims(self.tokens["AccessToken"])


def attribute(name, value):
    return [{"Name": name, "Value": value}]


class Aliases(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.pools = {region: user_pools(region) for region in REGIONS}
        cls.administrators = {region: administrator(region) for region in REGIONS}

    def by_password(self, region, person, name):
        return self.pools[region].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": person.password})["AuthenticationResult"]

    def prefer(self, person, name, through):
        self.pools[through].update_user_attributes(
            AccessToken=person.tokens["AccessToken"],
            UserAttributes=attribute("preferred_username", name))

    def test_a_proven_address_lets_in_through_every_region(self):
        person = Named("DE", EU).settle(through=US)
        for region in REGIONS:
            for name in (person.username, person.email):
                said = person.sign_in_as(name, region)
                self.assertEqual(said["username"], person.username)
                self.assertTrue(said["iss"].endswith(POOLS[EU]))
            self.by_password(region, person, person.email.upper())
        shown = self.administrators[EU].admin_get_user(UserPoolId=POOLS[EU], Username=person.email)
        self.assertEqual(shown["Username"], person.username)

    def test_a_preferred_user_name_is_one_persons_wherever_they_live(self):
        anna, bert = Named("DE", EU).settle(), Named("AU", AU).settle()
        name, other = f"annie-{secrets.token_hex(6)}", f"nan-{secrets.token_hex(6)}"
        anna.sign_in_as(anna.username, EU)
        bert.sign_in_as(bert.username, AU)
        self.prefer(anna, name, through=US)
        for taken in (name, anna.username):
            self.refused("AliasExistsException", self.prefer, person=bert, name=taken, through=AU)
        for region in REGIONS:
            self.assertEqual(anna.sign_in_as(name, region)["username"], anna.username)

        self.prefer(anna, other, through=AU)
        anna.sign_in_as(other, US)
        for region in REGIONS:
            self.refused("NotAuthorizedException", self.by_password, region=region, person=anna,
                         name=name)
        self.prefer(bert, name, through=EU)  # it is free
        self.assertEqual(bert.sign_in_as(name, US)["username"], bert.username)

    def test_an_administrator_gives_and_takes_a_preferred_user_name(self):
        person, name = Named("DE", EU).settle(), f"annie-{secrets.token_hex(6)}"
        about = {"UserPoolId": POOLS[EU], "Username": person.username}
        admin = self.administrators[EU]
        admin.admin_update_user_attributes(
            **about, UserAttributes=attribute("preferred_username", name))
        person.sign_in_as(name, AU)
        admin.admin_delete_user_attributes(**about, UserAttributeNames=["preferred_username"])
        self.refused("NotAuthorizedException", self.by_password, region=EU, person=person,
                     name=name)
        self.by_password(AU, person, person.username)

    def test_user_names_have_no_form_of_an_alias_and_no_preferred_one_comes_early(self):
        person = Person("DE", EU)
        sign_up = {"ClientId": CLIENT_ID, "Password": person.password,
                   "UserAttributes": [{"Name": "email", "Value": person.email},
                                      {"Name": "custom:country", "Value": "DE"}]}
        for name in (person.email, "+4915112345678"):
            said = self.refused("InvalidParameterException", self.pools[AU].sign_up, Username=name,
                                **sign_up)
            self.assertIn("format", said)
        sign_up["UserAttributes"] += attribute("preferred_username", "early")
        self.refused("InvalidParameterException", self.pools[EU].sign_up, Username="late",
                     **sign_up)

    def test_the_pages_ask_for_a_user_name_and_an_address(self):
        person = Named("DE", EU)
        query = urllib.parse.urlencode({
            "client_id": SPA, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid",
            "code_challenge": "c" * 43, "code_challenge_method": "S256"})
        browser = pages.Browser(US)
        filled = {"username": person.username, "password": person.password,
                  "attribute.custom:country": "DE"}
        refused = browser.submit(browser.get(f"/signup?{query}"), **filled,
                                 **{"attribute.email": "nowhere"})
        self.assertEqual(refused.status, 400, refused)
        asked = browser.submit(refused, **filled, **{"attribute.email": person.email})
        done = browser.submit(asked, code=person.read_code())
        self.assertEqual(done.status, 200, done)
        for name in (person.email, person.username):
            browser = pages.Browser(AU)
            reply = browser.submit(browser.page(query), username=name, password=person.password)
            self.assertEqual(reply.status, 303, reply)
            self.assertTrue(reply.headers["Location"].startswith(CALLBACK), reply)

    def test_the_pool_says_so(self):
        pool = self.administrators[US].describe_user_pool(UserPoolId=POOLS[US])["UserPool"]
        self.assertEqual(pool["AliasAttributes"], ["email", "phone_number", "preferred_username"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
