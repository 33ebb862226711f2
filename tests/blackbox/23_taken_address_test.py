#!/usr/bin/python3
"""Sign-up with an address that is somebody's, for homes in every region and through right and wrong
ones: answered like a free address, and the owner is told by mail at home, once."""

import unittest

import world
from world import AU, CLIENT_ID, EU, US, Person, call, cognito, ok

COUNTRIES = {AU: "AU", EU: "DE", US: "US"}
NOTICE = "Somebody tried to sign up with your address"


def notices(address, region):
    mails = ok("outbox", call(region, "GET", "/_domicile/outbox"))["mails"]
    return [mail["subject"] for mail in mails if mail["to"] == address]


def answer(reply):
    """What can be seen of an answer, without what is new in each."""
    body = reply.json()
    sub = body.pop("UserSub", None)
    kept = {name: value for name, value in reply.headers.items()
            if name.lower() not in ("date", "x-amzn-requestid", "x-amz-request-id")}
    return sub, (reply.status, kept, body)


class Stranger(Person):
    """Whoever signs up with this address as one who lives there."""

    def __init__(self, address, home):
        super().__init__(COUNTRIES[home], home)
        self.email = address

    def ask(self, through, operation="SignUp", **more):
        body = {"ClientId": CLIENT_ID, "Username": self.email, **more}
        return cognito(f"idp.{through}", operation, body)

    def sign_up(self, through=None):
        attributes = {"email": self.email, "custom:country": self.country}
        return self.ask(through or self.home, Password=self.password, UserAttributes=[
            {"Name": k, "Value": v} for k, v in attributes.items()])


class TakenAddress(unittest.TestCase):
    def test_it_is_answered_like_a_free_one_wherever_both_live(self):
        for owner_home in (AU, EU, US):
            owner = Person(COUNTRIES[owner_home], owner_home, "person").settle()
            for home, through in ((EU, US), (US, US), (AU, EU)):
                with self.subTest(owner=owner_home, stranger=home):
                    seen = []
                    for address in (owner.email, Person("DE", EU, "person").email):
                        stranger = Stranger(address, home)
                        sub, shown = answer(stranger.sign_up(through))
                        again, shown_again = answer(stranger.sign_up(through))
                        self.assertEqual(again, sub)
                        stranger.password += "x"
                        other, shown_other = answer(stranger.sign_up(through))
                        self.assertNotIn(other, (sub, owner.sub, None))
                        wrong = stranger.ask(through, "ConfirmSignUp", ConfirmationCode="x")
                        seen.append([shown, shown_again, shown_other, answer(wrong)[1]])
                        sent = stranger.ask(through, "ResendConfirmationCode")
                        seen[-1].append(answer(sent)[1])
                    self.assertEqual(*seen)
                    self.assertEqual(seen[0][0][0], 200)
                    self.assertEqual(seen[0][3][2]["__type"], "CodeMismatchException")
            world.poll("the notice", lambda o=owner: NOTICE in notices(o.email, o.home))
            for region in (AU, EU, US):
                mails = notices(owner.email, region)
                self.assertEqual(mails.count(NOTICE), region == owner_home)
                # Nobody is sent a code but the owner, when they signed up themselves.
                self.assertEqual(len(mails), 2 * (region == owner_home), mails)
            owner.sign_in(EU)

    def test_whoever_wants_it_as_a_new_address_is_not_told_either(self):
        owner = Person("AU", AU, "holder").settle()
        person = Person("US", US, "wants").settle()
        wish = {"AccessToken": person.tokens["AccessToken"],
                "UserAttributes": [{"Name": "email", "Value": owner.email}]}
        ok("UpdateUserAttributes", cognito(f"idp.{EU}", "UpdateUserAttributes", wish))
        world.poll("the notice", lambda: NOTICE in notices(owner.email, AU))
        self.assertEqual(notices(owner.email, US), [])

    def test_a_sign_up_that_was_hidden_lets_nobody_in_and_is_nobody(self):
        owner = Person("US", US, "owner").settle()
        stranger = Stranger(owner.email, EU)
        self.assertEqual(stranger.sign_up().status, 200)
        with self.assertRaises(world.Refused) as refused:
            stranger.sign_in(EU)
        self.assertEqual(refused.exception.reply.json()["__type"], "NotAuthorizedException")
        owner.sign_in(EU)


if __name__ == "__main__":
    unittest.main()
