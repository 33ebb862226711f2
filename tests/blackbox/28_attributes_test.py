#!/usr/bin/python3
"""What people change of themselves, with boto3 through right and wrong regions: attributes, the
e-mail address in two steps, leaving."""

import re
import time
import unittest

from botocore.exceptions import ClientError

import world
from clients import Refusals, user_pools
from world import AU, CLIENT_ID, EU, US, Person, call, ok


def codes(address, home=EU):
    mails = ok("outbox", call(home, "GET", "/_domicile/outbox"))["mails"]
    texts = [mail["text"] for mail in mails if mail["to"] == address]
    return {code for text in texts for code in re.findall(r"\b\d{6}\b", text)}


def new_code(address, used=frozenset()):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if new := codes(address) - used:
            return new.pop()
        time.sleep(0.05)
    raise AssertionError("no new code came")


def wrong(code):
    return ("1" if code[0] == "0" else "0") + code[1:]


class Attributes(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.eu, cls.us, cls.au = (user_pools(region) for region in (EU, US, AU))

    def somebody(self):
        person = Person("DE", EU, "attributes").settle()
        return person, person.tokens["AccessToken"]

    def write(self, through, token, **attributes):
        return through.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": n.replace("__", ":"), "Value": v}
                                               for n, v in attributes.items()])

    def read(self, through, token):
        user = through.get_user(AccessToken=token)
        return user["Username"], {a["Name"]: a["Value"] for a in user["UserAttributes"]}

    def verify(self, through, token, code):
        return through.verify_user_attribute(AccessToken=token, AttributeName="email", Code=code)

    def test_attributes_change_at_home_whatever_region_is_asked(self):
        _, token = self.somebody()
        answer = self.write(self.us, token, name="Änne", nickname="An")
        self.assertEqual(answer["CodeDeliveryDetailsList"], [])
        self.au.delete_user_attributes(AccessToken=token, UserAttributeNames=["nickname"])
        _, attributes = self.read(self.eu, token)
        self.assertEqual(attributes["name"], "Änne")
        self.assertNotIn("nickname", attributes)
        for through in (self.eu, self.us):
            for code, wish in (("NotAuthorizedException", {"custom__region": US}),
                               ("NotAuthorizedException", {"email_verified": "true"}),
                               ("InvalidParameterException", {"custom__country": "US"}),
                               ("InvalidParameterException", {"custom__nonsense": "x"}),
                               ("InvalidParameterException", {"phone_number": "+4915112345"})):
                with self.subTest(wish=wish):
                    self.refused(code, self.write, through=through, token=token, **wish)

    def test_a_new_address_is_in_force_once_it_is_verified(self):
        person, token = self.somebody()
        old, new = person.email, person.email.replace("attributes", "renamed")
        sent = self.write(self.us, token, email=new)["CodeDeliveryDetailsList"]
        self.assertEqual(sent, [{"AttributeName": "email", "DeliveryMedium": "EMAIL",
                                 "Destination": "r***@e***"}])
        first = new_code(new)
        self.assertEqual(self.read(self.au, token)[1]["email"], old)
        person.sign_in(AU)
        sent = self.au.get_user_attribute_verification_code(
            AccessToken=token, AttributeName="email")
        self.assertEqual(sent["CodeDeliveryDetails"]["Destination"], "r***@e***")
        code = new_code(new, {first})
        self.refused("CodeMismatchException", self.verify, through=self.au, token=token,
                     code=wrong(code))
        self.verify(self.us, token, code)
        self.refused("ExpiredCodeException", self.verify, through=self.eu, token=token, code=code)

        for through in (EU, US, AU):
            person.email = new
            person.sign_in(through)
            person.email = old
            with self.assertRaises(world.Refused):
                person.sign_in(through)
        username, attributes = self.read(self.us, token)
        self.assertEqual((username, attributes["email"]), (new, new))
        self.assertEqual(attributes["email_verified"], "true")
        # The old one is anybody's, wherever they live.
        other = Person("AU", AU, "attributes")
        other.email = old
        other.settle()

    def test_an_address_of_somebody_else_is_answered_like_a_free_one(self):
        rival = Person("AU", AU, "rival").settle()
        person, token = self.somebody()
        free = rival.email.replace("rival", "ready")
        heard = []
        for address in (rival.email, free):
            answers = [self.write(self.us, token, email=address)["CodeDeliveryDetailsList"]]
            for _ in range(6):
                with self.assertRaises(ClientError) as caught:
                    self.verify(self.us, token, "x")
                answers.append(caught.exception.response["Error"])
            heard.append(answers)
        self.assertEqual(*heard)
        self.assertEqual([e["Code"] for e in heard[0][1:]],
                         ["CodeMismatchException"] * 5 + ["ExpiredCodeException"])
        new_code(free)
        self.assertEqual(codes(rival.email), set())  # at this home
        rival.sign_in(EU)
        person.sign_in(AU)

    def test_who_leaves_is_gone_from_every_region(self):
        person, token = self.somebody()
        refresh = person.tokens["RefreshToken"]
        self.us.delete_user(AccessToken=token)
        for through in (self.eu, self.us, self.au):
            for again in (through.get_user, through.delete_user):
                self.refused("NotAuthorizedException", again, AccessToken=token)
            self.refused("NotAuthorizedException", through.initiate_auth, ClientId=CLIENT_ID,
                         AuthFlow="REFRESH_TOKEN_AUTH",
                         AuthParameters={"REFRESH_TOKEN": refresh})
        with self.assertRaises(world.Refused):
            person.sign_in(EU)
        other = Person("AU", AU, "attributes")
        other.email = person.email
        other.settle()


if __name__ == "__main__":
    unittest.main()
