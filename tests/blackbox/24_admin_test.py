#!/usr/bin/python3
"""Administrators of a pool, with boto3 and awscli: they are asked for a signature and a policy, act
on the people of their region's jurisdiction, and on nobody else."""

import json
import re
import subprocess
import unittest
import warnings

import variant


def two_in_one_jurisdiction(text):
    """us-east-2 is in the jurisdiction of eu-central-1; ap-southeast-2 stays alone."""
    text = re.sub(r"  US:\n(    .*\n)+", "", text)
    text = text.replace("regions: [eu-central-1]", "regions: [eu-central-1, us-east-2]")
    text = text.replace("IS, LI, NO]", "IS, LI, NO, US, CA]")
    return text.replace("REFRESH_TOKEN_AUTH]", "REFRESH_TOKEN_AUTH, ADMIN_USER_PASSWORD_AUTH]")


variant.run(__file__, two_in_one_jurisdiction)

import passlib.hash  # noqa: E402

import world  # noqa: E402
from clients import Refusals, administrator, user_pools  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, US, Person, cognito, ok  # noqa: E402

def invitation(person):
    mails = ok("outbox", world.call(person.home, "GET", "/_domicile/outbox"))["mails"]
    texts = [mail["text"] for mail in mails if mail["to"] == person.email]
    found = [re.search(r"temporary password is (\S+)", text) for text in texts]
    return [match.group(1) for match in found if match]


class Admin(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.eu, cls.us, cls.au = (administrator(region) for region in (EU, US, AU))

    def about(self, person, region=EU):
        return {"UserPoolId": POOLS[region], "Username": person.email}

    def create(self, client, person, region, **more):
        attributes = {"email": person.email, "custom:country": person.country}
        return client.admin_create_user(
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
            **self.about(person, region), **more)["User"]

    def first_sign_in(self, person, password, through):
        """Through the region, by SRP; the temporary password is replaced."""
        person.password, new = password, person.password
        reply, client = person.start_sign_in(through)
        challenge = ok("InitiateAuth", reply)
        answer = {"ClientId": CLIENT_ID, "ChallengeName": "PASSWORD_VERIFIER",
                  "ChallengeResponses": client.answer(challenge["ChallengeParameters"], password)}
        challenge = ok("Respond", cognito(f"idp.{through}", "RespondToAuthChallenge", answer))
        self.assertEqual(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED")
        self.assertLessEqual(len(challenge["Session"]), 2048)
        shown = challenge["ChallengeParameters"]
        self.assertEqual(json.loads(shown["userAttributes"])["email"], person.email)
        answer = {"ClientId": CLIENT_ID, "ChallengeName": "NEW_PASSWORD_REQUIRED",
                  "Session": challenge["Session"],
                  "ChallengeResponses": {"USERNAME": shown["USER_ID_FOR_SRP"], "NEW_PASSWORD": new}}
        done = ok("Respond", cognito(f"idp.{through}", "RespondToAuthChallenge", answer))
        person.password, person.tokens = new, done["AuthenticationResult"]

    def test_who_is_created_through_a_wrong_region_lives_at_home_and_gets_in_from_everywhere(self):
        for client, region, through in ((self.au, AU, US), (self.eu, EU, AU)):
            person = Person("DE", EU, "invited")
            user = self.create(client, person, region)
            self.assertEqual(user["UserStatus"], "FORCE_CHANGE_PASSWORD")
            (temporary,) = invitation(person)
            self.first_sign_in(person, temporary, through)
            shown = self.eu.admin_get_user(**self.about(person))
            self.assertEqual(shown["UserStatus"], "CONFIRMED")
            self.refused("UsernameExistsException", self.create, client=client, person=person,
                         region=region)
            for other in (AU, US):
                for path in (DATA / other).rglob("*"):
                    if path.is_file():
                        self.assertNotIn(person.email.encode(), path.read_bytes(), path)

    def test_people_come_with_the_hashes_that_their_former_system_kept(self):
        password = Person("DE", EU, "x").password
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            hashes = {"argon2": passlib.hash.argon2.using(memory_cost=64).hash(password),
                      "bcrypt": passlib.hash.bcrypt.using(rounds=4).hash(password),
                      "scrypt": passlib.hash.scrypt.using(rounds=4).hash(password),
                      "pbkdf2": passlib.hash.pbkdf2_sha512.using(rounds=99).hash(password),
                      "django": passlib.hash.django_pbkdf2_sha256.using(rounds=99).hash(password)}
        for kind, value in hashes.items():
            with self.subTest(kind=kind):
                person = Person("DE", EU, f"import-{kind}")
                person.password = password
                user = self.import_person(self.us, person, value)
                self.assertEqual(user["UserStatus"], "CONFIRMED")
                self.assertNotIn(value, json.dumps(user, default=str))
                self.assertEqual(invitation(person), [])
                with self.assertRaises(world.Refused):
                    person.sign_in(AU)  # SRP: a client that proves the password needs a verifier
                signed_in = {"UserPoolId": POOLS[EU], "ClientId": CLIENT_ID,
                             "AuthFlow": "ADMIN_USER_PASSWORD_AUTH"}
                wrong = {"USERNAME": person.email, "PASSWORD": password + "x"}
                self.refused("NotAuthorizedException", self.eu.admin_initiate_auth,
                             AuthParameters=wrong, **signed_in)
                right = {"USERNAME": person.email, "PASSWORD": password}
                self.assertIn("AuthenticationResult", self.eu.admin_initiate_auth(
                    AuthParameters=right, **signed_in))
                person.sign_in(AU)  # from now on there is one
        person = Person("DE", EU, "import-no")
        for value in ("", password, "$6$salt$hash", hashes["argon2"][:-9]):
            self.refused("InvalidParameterException", self.import_person, client=self.us,
                         person=person, value=value)
        self.refused("UserNotFoundException", self.eu.admin_get_user, **self.about(person))

    def import_person(self, client, person, value):
        attributes = {"email": person.email, "email_verified": "true",
                      "custom:country": person.country, "domicile:password_hash": value}
        return client.admin_create_user(
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()],
            MessageAction="SUPPRESS", **self.about(person, US))["User"]

    def test_addresses_change_at_an_administrators_word_from_any_region_of_the_jurisdiction(self):
        person, rival = Person("DE", EU, "readdressed").settle(), Person("AU", AU, "owner").settle()
        old, new = person.email, person.email.replace("readdressed", "renamed")
        write = self.us.admin_update_user_attributes

        def said(**attributes):
            return [{"Name": name, "Value": value} for name, value in attributes.items()]

        # Of somebody who lives elsewhere; nothing changes then.
        message = self.refused("AliasExistsException", write, **self.about(person, US),
                               UserAttributes=said(email=rival.email, name="Anne"))
        self.assertEqual(message, "An account with the given email already exists.")
        self.refused("UserNotFoundException", self.au.admin_update_user_attributes,
                     **self.about(person, AU), UserAttributes=said(email=new))
        person.sign_in(AU)
        write(**self.about(person, US), UserAttributes=said(email=new, phone_number="+4930123456"))
        with self.assertRaises(world.Refused):
            person.sign_in(EU)
        person.email = new
        for through in (EU, US, AU):
            person.sign_in(through)
        shown = self.eu.admin_get_user(**self.about(person))
        attributes = {a["Name"]: a["Value"] for a in shown["UserAttributes"]}
        self.assertEqual((shown["Username"], attributes["email"]), (new, new))
        self.assertEqual((attributes["email_verified"], attributes["phone_number_verified"]),
                         ("false", "false"))
        self.assertNotIn("name", attributes)
        self.us.admin_delete_user_attributes(UserAttributeNames=["phone_number"],
                                             **self.about(person, US))
        self.eu.admin_update_user_attributes(
            UserAttributes=said(email=old, email_verified="true"), **self.about(person))
        person.email = old
        shown = self.us.admin_get_user(**self.about(person, US))
        attributes = {a["Name"]: a["Value"] for a in shown["UserAttributes"]}
        self.assertEqual((attributes["email"], attributes["email_verified"]), (old, "true"))
        self.assertFalse({"phone_number", "phone_number_verified"} & set(attributes))
        # The other one is anybody's, wherever they live.
        other = Person("AU", AU, "readdressed")
        other.email = new
        other.settle()

    def test_signature_and_policy_are_asked_for(self):
        person = Person("DE", EU, "policy").settle()
        unsigned = cognito(f"idp.{EU}", "AdminGetUser", self.about(person))
        self.assertEqual(unsigned.status, 400)
        self.assertEqual(unsigned.json()["__type"], "MissingAuthenticationTokenException")
        reader = administrator(EU, ("cognito-idp:AdminGetUser",), (f"userpool/{POOLS[EU]}",))
        reader.admin_get_user(**self.about(person))
        self.refused("AccessDeniedException", reader.admin_delete_user, **self.about(person))
        stranger = administrator(EU, ("cognito-idp:*",), ("userpool/eu-central-1_Other",))
        self.refused("AccessDeniedException", stranger.admin_get_user, **self.about(person))
        self.refused("ResourceNotFoundException", self.eu.admin_get_user,
                     UserPoolId="eu-central-1_Other", Username=person.email)
        wrong = user_pools(EU, world.Key("DOMKAAAAAAAAAAAAAAAA", "none"))
        self.refused("UnrecognizedClientException", wrong.admin_get_user, **self.about(person))

    def test_people_are_administered_within_their_jurisdiction_only(self):
        person = Person("DE", EU, "border").settle()
        shown = self.us.admin_get_user(**self.about(person, US))
        self.assertIn({"Name": "custom:region", "Value": EU}, shown["UserAttributes"])
        text = self.refused("UserNotFoundException", self.au.admin_get_user,
                            **self.about(person, AU))
        self.assertIn(f"https://idp.{EU}.{world.DOMAIN}:{world.PORT}/", text)
        self.refused("UserNotFoundException", self.au.admin_disable_user, **self.about(person, AU))
        person.sign_in()
        said = (DATA / AU / "audit.log").read_text()
        self.assertIn("administered_at_home", said)
        done = [json.loads(line) for line in (DATA / EU / "audit.log").read_text().splitlines()]
        done = [line["details"] for line in done if line["kind"] == "administration"]
        self.assertIn(("AdminGetUser", US), [(d["operation"], d["arrival"]) for d in done])
        self.assertNotIn(AU, {d["arrival"] for d in done if d["operation"] != "AdminCreateUser"})

    def test_disabling_from_another_region_of_the_jurisdiction_ends_tokens_everywhere(self):
        person = Person("DE", EU, "disabled").settle()
        self.us.admin_disable_user(**self.about(person, US))
        reply = cognito(f"idp.{AU}", "GetUser", {"AccessToken": person.tokens["AccessToken"]})
        self.assertEqual(reply.json()["message"], "Access Token has been revoked")
        with self.assertRaises(world.Refused) as caught:
            person.sign_in(AU)
        self.assertEqual(caught.exception.reply.json()["message"], "User is disabled.")
        self.us.admin_enable_user(**self.about(person, US))
        person.sign_in(AU)

    def test_passwords_attributes_and_the_end(self):
        person = Person("DE", EU, "whole").sign_up()
        self.us.admin_confirm_sign_up(**self.about(person, US))
        person.sign_in()
        person.password = "Quokka-789-x"
        self.eu.admin_set_user_password(Password=person.password, Permanent=True,
                                        **self.about(person))
        person.sign_in()
        self.us.admin_update_user_attributes(
            UserAttributes=[{"Name": "email_verified", "Value": "true"},
                            {"Name": "name", "Value": "Wh"}], **self.about(person, US))
        self.eu.admin_delete_user_attributes(UserAttributeNames=["name"], **self.about(person))
        shown = self.eu.admin_get_user(**self.about(person))["UserAttributes"]
        shown = {one["Name"]: one["Value"] for one in shown}
        self.assertEqual(shown["email_verified"], "true")
        self.assertNotIn("name", shown)
        self.us.admin_reset_user_password(**self.about(person, US))
        with self.assertRaises(world.Refused) as caught:
            person.sign_in(US)
        self.assertEqual(caught.exception.reply.json()["__type"], "PasswordResetRequiredException")
        person.password = "Echidna-456-x"
        ok("ConfirmForgotPassword", cognito(
            f"idp.{AU}", "ConfirmForgotPassword",
            {"ClientId": CLIENT_ID, "Username": person.email,
             "ConfirmationCode": person.read_code(), "Password": person.password}))
        person.sign_in(AU)
        self.us.admin_delete_user(**self.about(person, US))
        self.refused("UserNotFoundException", self.eu.admin_get_user, **self.about(person))
        reply = cognito(f"idp.{EU}", "GetUser", {"AccessToken": person.tokens["AccessToken"]})
        self.assertEqual(reply.json()["__type"], "NotAuthorizedException")
        person.settle()  # the address is free

    def test_a_server_relays_sign_ins_through_every_region(self):
        person = Person("DE", EU, "relay").settle()
        for client, region in ((self.eu, EU), (self.us, US), (self.au, AU)):
            entered = client.admin_initiate_auth(
                UserPoolId=POOLS[region], ClientId=CLIENT_ID, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": person.email, "PASSWORD": person.password})
            refresh = entered["AuthenticationResult"]["RefreshToken"]
            client.admin_initiate_auth(
                UserPoolId=POOLS[region], ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": refresh})
        self.refused("NotAuthorizedException", self.au.admin_initiate_auth, UserPoolId=POOLS[AU],
                     ClientId=CLIENT_ID, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                     AuthParameters={"USERNAME": person.email, "PASSWORD": "Wrong-123-x"})
        self.us.admin_user_global_sign_out(**self.about(person, US))
        self.refused("NotAuthorizedException", self.eu.admin_initiate_auth, UserPoolId=POOLS[EU],
                     ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
                     AuthParameters={"REFRESH_TOKEN": refresh})

    def test_a_relayed_first_sign_in(self):
        person = Person("DE", EU, "first")
        self.create(self.eu, person, EU, MessageAction="SUPPRESS", TemporaryPassword="Vor-12345")
        self.assertEqual(invitation(person), [])
        entered = self.us.admin_initiate_auth(
            UserPoolId=POOLS[US], ClientId=CLIENT_ID, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": person.email, "PASSWORD": "Vor-12345"})
        done = self.au.admin_respond_to_auth_challenge(
            UserPoolId=POOLS[AU], ClientId=CLIENT_ID, ChallengeName=entered["ChallengeName"],
            Session=entered["Session"],
            ChallengeResponses={"USERNAME": person.email, "NEW_PASSWORD": person.password})
        self.assertIn("AccessToken", done["AuthenticationResult"])
        person.sign_in(AU)

    def test_awscli(self):
        key = world.create_key(EU, ("cognito-idp:*",), ("userpool/*",))
        person = Person("DE", EU, "cli")

        def aws(*words):
            done = subprocess.run(
                ["/usr/bin/aws", "--endpoint-url", self.eu.meta.endpoint_url, "--region", EU,
                 "--output", "json", "cognito-idp", *words],
                env={"PATH": "/usr/bin:/bin", "AWS_ACCESS_KEY_ID": key.id,
                     "AWS_SECRET_ACCESS_KEY": key.secret},
                capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout) if done.stdout else None

        target = ("--user-pool-id", POOLS[EU], "--username", person.email)
        aws("admin-create-user", *target, "--user-attributes", f"Name=email,Value={person.email}",
            "Name=custom:country,Value=DE", "--desired-delivery-mediums", "EMAIL")
        aws("admin-set-user-password", *target, "--password", person.password, "--permanent")
        self.assertEqual(aws("admin-get-user", *target)["UserStatus"], "CONFIRMED")
        person.sign_in(US)


if __name__ == "__main__":
    unittest.main()
