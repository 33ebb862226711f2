#!/usr/bin/python3
"""What somebody does with their own account works through every region, and happens at home."""

import time
import unittest

from world import AU, EU, US, CLIENT_ID, Person, cognito, ok


def code_after(person, used):
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        code = person.read_code()
        if code != used:
            return code
        time.sleep(0.05)
    raise AssertionError("no new code came")


class Account(unittest.TestCase):
    def settled(self):
        return Person("DE", EU, "account").settle()

    def test_a_password_is_replaced_and_changed_through_wrong_regions(self):
        person = self.settled()
        used = person.read_code()
        reply = ok("ForgotPassword", cognito(
            f"idp.{US}", "ForgotPassword", {"ClientId": CLIENT_ID, "Username": person.email}))
        self.assertEqual(reply["CodeDeliveryDetails"]["Destination"], "a***@e***")
        person.password = "Echidna-456-x"
        ok("ConfirmForgotPassword", cognito(
            f"idp.{AU}", "ConfirmForgotPassword",
            {"ClientId": CLIENT_ID, "Username": person.email,
             "ConfirmationCode": code_after(person, used), "Password": person.password}))
        tokens = person.sign_in(US)
        ok("ChangePassword", cognito(
            f"idp.{AU}", "ChangePassword",
            {"AccessToken": tokens["AccessToken"], "PreviousPassword": person.password,
             "ProposedPassword": "Quokka-789-x"}))
        person.password = "Quokka-789-x"
        person.sign_in(EU)


if __name__ == "__main__":
    unittest.main()
