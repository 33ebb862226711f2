"""What somebody does with their own account, by boto3."""

import contextlib
import unittest

from botocore.exceptions import ClientError

import target
from person import Person, idp


class Account(unittest.TestCase):
    @contextlib.contextmanager
    def refused(self, code, message=None):
        with self.assertRaises(ClientError) as caught:
            yield
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code)
        self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        if message:
            self.assertEqual(error["Message"], message)

    def settled(self):
        person = Person()
        person.sign_up()
        person.confirm()
        return person

    def forget(self, person):
        reply = idp.forgot_password(ClientId=target.CLIENT_ID, Username=person.email)
        return reply["CodeDeliveryDetails"]

    def reset(self, person, code, password):
        return idp.confirm_forgot_password(
            ClientId=target.CLIENT_ID,
            Username=person.email,
            ConfirmationCode=code,
            Password=password,
        )

    def test_a_forgotten_password_is_replaced_and_every_session_ends(self):
        person = self.settled()
        tokens = person.sign_in()
        used = person.read_code()
        delivery = self.forget(person)
        self.assertEqual(delivery["Destination"], "p***@e***")
        self.assertEqual(delivery["DeliveryMedium"], "EMAIL")
        code = person.read_code(other_than=used)
        wrong = "000000" if code != "000000" else "000001"
        with self.refused("CodeMismatchException"):
            self.reset(person, wrong, "Echidna-456-x")
        with self.refused("InvalidPasswordException"):
            self.reset(person, code, "echidna")
        self.reset(person, code, "Echidna-456-x")
        with self.refused("ExpiredCodeException"):
            self.reset(person, code, "Echidna-789-x")
        with self.refused("NotAuthorizedException", "Access Token has been revoked"):
            idp.get_user(AccessToken=tokens["AccessToken"])
        with self.refused("NotAuthorizedException", "Incorrect username or password."):
            person.sign_in()
        person.sign_in("Echidna-456-x")

    def test_a_stranger_forgets_a_password_as_others_do(self):
        stranger = Person()
        self.assertEqual(self.forget(stranger)["Destination"], "p***@e***")
        for _ in range(5):
            with self.refused("CodeMismatchException"):
                self.reset(stranger, "123456", "Echidna-456-x")
        with self.refused("ExpiredCodeException"):
            self.reset(stranger, "123456", "Echidna-456-x")

    def test_asking_for_codes_over_and_over_is_slowed_down(self):
        stranger = Person()
        for _ in range(5):
            self.forget(stranger)
        with self.refused("LimitExceededException"):
            self.forget(stranger)

    def test_a_changed_password_ends_the_other_sessions(self):
        person = self.settled()
        mine, other = person.sign_in(), person.sign_in()

        def change(previous, proposed):
            idp.change_password(
                AccessToken=mine["AccessToken"],
                PreviousPassword=previous,
                ProposedPassword=proposed,
            )

        with self.refused("NotAuthorizedException", "Incorrect username or password."):
            change("Echidna-456-x", "Echidna-789-x")
        with self.refused("InvalidPasswordException"):
            change(person.password, "echidna")
        change(person.password, "Echidna-456-x")
        idp.get_user(AccessToken=mine["AccessToken"])
        with self.refused("NotAuthorizedException", "Access Token has been revoked"):
            idp.get_user(AccessToken=other["AccessToken"])
        person.sign_in("Echidna-456-x")


if __name__ == "__main__":
    unittest.main()
