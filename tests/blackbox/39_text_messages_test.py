#!/usr/bin/python3
"""Phone numbers that are proven by text messages, which a function in Node hands to a carrier: with
boto3 and Cognito's own browser client through right and wrong regions. Sign-up, another number, a
forgotten password, invitations; a number of somebody's is answered like a free one, and they are told."""

import http.server
import json
import os
import pathlib
import secrets
import subprocess
import threading
import unittest

import variant

HERE = pathlib.Path(__file__).resolve().parent
BOOTSTRAP = variant.EXAMPLE / "functions" / "runtime" / "bootstrap.mjs"


class Carrier:
    """Takes the texts, and says which it has: all, or those to a number."""

    def __init__(self):
        texts = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                texts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.answer(b"")

            def do_GET(self):
                self.answer(json.dumps(texts).encode())

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hand_on(self):
        os.environ["DOMICILE_CARRIER"] = self.url

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def with_texts(text, carrier):
    text = text.replace("    id_suffix: ", "    sms: {function: sender}\n    id_suffix: ", 1)
    text = text.replace("      - {name: email, required: true}\n", "", 1)
    function = (f"  sender: {{directory: {HERE / 'texts'}, command: [node, {BOOTSTRAP}, "
                f"sender.handler], timeout_seconds: 5, environment: {{CARRIER: '{carrier.url}'}}}}\n")
    return text.replace("functions:\n", f"functions:\n{function}", 1)


variant.run_beside(__file__, Carrier, with_texts)

import urllib.request  # noqa: E402

import world  # noqa: E402
from clients import Refusals, administrator, user_pools  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, READY, US, Person, call, ok, poll  # noqa: E402


def texts_to(number):
    with urllib.request.urlopen(os.environ["DOMICILE_CARRIER"], timeout=world.TIMEOUT_S) as answer:
        texts = json.load(answer)
    return [t for t in texts if t["request"]["userAttributes"]["phone_number"] == number]


def text_to(number, count=1):
    """The newest, once there have been so many."""
    poll(f"{count} texts", lambda: len(texts_to(number)) >= count)
    texts = texts_to(number)
    assert len(texts) == count, texts
    return texts[-1]


def code_to(number, count=1):
    return text_to(number, count)["request"]["code"]


def new_number(end="5678"):
    return f"+4915{secrets.randbelow(10**5):05}{end}"


def mask(number):
    return "+" + "*" * (len(number) - 5) + number[-4:]


def wrong(code):
    return ("1" if code[0] == "0" else "0") + code[1:]


class Texts(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}

    def sign_up(self, through, name, number, password, **more):
        attributes = {"phone_number": number, "custom:country": "DE", **more}
        return self.at[through].sign_up(
            ClientId=CLIENT_ID, Username=name, Password=password,
            UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()])

    def confirm(self, through, name, code):
        return self.at[through].confirm_sign_up(ClientId=CLIENT_ID, Username=name,
                                                ConfirmationCode=code)

    def enter(self, through, name, password):
        answer = self.at[through].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password})
        return answer["AuthenticationResult"]["AccessToken"]

    def settled(self, number, name=None, **more):
        """A user name, a password and a token."""
        name, password = name or number, f"Wombat-{secrets.token_hex(6)}-7x"
        self.sign_up(US, name, number, password, **more)
        self.confirm(AU, name, code_to(number))
        return name, password, self.enter(EU, name, password)

    def attributes(self, through, token):
        user = self.at[through].get_user(AccessToken=token)
        return user["Username"], {a["Name"]: a["Value"] for a in user["UserAttributes"]}

    def test_a_number_is_proven_through_wrong_regions_and_the_text_is_sent_at_home(self):
        number, password = new_number(), "Wombat-4711-7x"
        asked = self.sign_up(US, number, number, password)
        self.assertEqual(asked["CodeDeliveryDetails"],
                         {"AttributeName": "phone_number", "DeliveryMedium": "SMS",
                          "Destination": mask(number)})
        text = text_to(number)
        request = text["request"]
        self.assertEqual((text["triggerSource"], text["region"], text["ran_in"], text["userPoolId"]),
                         ("CustomSMSSender_SignUp", EU, EU, POOLS[EU]))
        self.assertEqual((text["userName"], text["callerContext"]["clientId"]), (number, CLIENT_ID))
        self.assertEqual(request["type"], "customSMSSenderRequestV1")
        self.assertEqual(request["message"], f"Your confirmation code is {request['code']}.")
        self.assertEqual(request["userAttributes"]["sub"], asked["UserSub"])
        shown = ok("outbox", call(EU, "GET", "/_domicile/outbox"))["mails"]
        self.assertEqual([m["medium"] for m in shown if m["to"] == number], ["SMS"])

        self.refused("CodeMismatchException", self.confirm, through=AU, name=number,
                     code=wrong(request["code"]))
        again = self.at[AU].resend_confirmation_code(ClientId=CLIENT_ID, Username=number)
        self.assertEqual(again["CodeDeliveryDetails"]["Destination"], mask(number))
        self.assertEqual(text_to(number, 2)["triggerSource"], "CustomSMSSender_ResendCode")
        self.confirm(US, number, code_to(number, 2))
        _, attributes = self.attributes(US, self.enter(AU, number, password))
        self.assertEqual(attributes["phone_number_verified"], "true")
        self.assertNotIn("email_verified", attributes)
        for other in (AU, US):
            for path in (DATA / other).rglob("*"):
                if path.is_file():
                    self.assertNotIn(number.encode(), path.read_bytes(), path)

    def test_with_a_mail_address_too_the_code_goes_to_the_number(self):
        number, person = new_number(), Person("DE", EU, "both")
        _, _, token = self.settled(number, person.email, email=person.email)
        _, attributes = self.attributes(AU, token)
        self.assertEqual((attributes["phone_number_verified"], attributes["email_verified"]),
                         ("true", "false"))
        sent = self.at[US].get_user_attribute_verification_code(
            AccessToken=token, AttributeName="email")["CodeDeliveryDetails"]
        self.assertEqual(sent["DeliveryMedium"], "EMAIL")
        self.at[AU].verify_user_attribute(AccessToken=token, AttributeName="email",
                                          Code=person.read_code())
        self.assertEqual(self.attributes(US, token)[1]["email_verified"], "true")

    def test_another_number_is_in_force_once_its_code_came_back(self):
        old, new = new_number(), new_number()
        _, password, token = self.settled(old)
        sent = self.at[US].update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "phone_number", "Value": new}])
        self.assertEqual(sent["CodeDeliveryDetailsList"],
                         [{"AttributeName": "phone_number", "DeliveryMedium": "SMS",
                           "Destination": mask(new)}])
        self.assertEqual(text_to(new)["triggerSource"], "CustomSMSSender_UpdateUserAttribute")
        self.assertEqual(self.attributes(AU, token), self.attributes(EU, token))
        self.enter(AU, old, password)
        self.at[AU].get_user_attribute_verification_code(AccessToken=token,
                                                         AttributeName="phone_number")
        code = code_to(new, 2)
        proof = {"AccessToken": token, "AttributeName": "phone_number"}
        self.refused("CodeMismatchException", self.at[US].verify_user_attribute,
                     Code=wrong(code), **proof)
        self.at[AU].verify_user_attribute(Code=code, **proof)
        self.refused("ExpiredCodeException", self.at[EU].verify_user_attribute, Code=code, **proof)
        for through in (EU, US, AU):
            self.enter(through, new, password)
            self.refused("NotAuthorizedException", self.enter, through=through, name=old,
                         password=password)
        name, attributes = self.attributes(US, token)
        self.assertEqual((name, attributes["phone_number"], attributes["phone_number_verified"]),
                         (new, new, "true"))
        # The old one is anybody's.
        self.sign_up(AU, old, old, password)
        code_to(old, 2)

    def test_a_number_of_somebodys_is_answered_like_a_free_one_and_they_are_told(self):
        taken, free = new_number(), new_number()
        self.settled(taken)
        _, _, token = self.settled(new_number())
        heard = []
        for number in (taken, free):
            password = "Wombat-4711-7x"
            answers = [self.sign_up(AU, number, number, password)["CodeDeliveryDetails"]]
            for _ in range(6):
                with self.assertRaises(self.at[US].exceptions.ClientError) as caught:
                    self.confirm(US, number, "00000x")
                answers.append(caught.exception.response["Error"]["Code"])
            answers.append(self.at[US].update_user_attributes(
                AccessToken=token, UserAttributes=[{"Name": "phone_number", "Value": number}],
            )["CodeDeliveryDetailsList"])
            answers.append(self.at[AU].forgot_password(
                ClientId=CLIENT_ID, Username=number)["CodeDeliveryDetails"])
            heard.append(json.dumps(answers).replace(mask(number), "MASK"))
        self.assertEqual(*heard)
        poll("the notice", lambda: [t for t in texts_to(taken) if t["request"]["code"] is None])
        poll("all texts", lambda: len(texts_to(taken)) >= 3)
        (notice,) = [t for t in texts_to(taken) if t["request"]["code"] is None]
        self.assertEqual(notice["triggerSource"], "CustomSMSSender_AddressWanted")
        self.assertEqual({t["triggerSource"] for t in texts_to(taken)},
                         {"CustomSMSSender_SignUp", "CustomSMSSender_AddressWanted",
                          "CustomSMSSender_ForgotPassword"})

    def test_administrators_change_numbers_and_invite_by_text(self):
        admin = administrator(EU)
        taken, number, next_number = new_number(), new_number(), new_number()
        self.settled(taken)
        admin.admin_create_user(
            UserPoolId=POOLS[EU], Username="x" + number, DesiredDeliveryMediums=["SMS"],
            UserAttributes=[{"Name": "phone_number", "Value": number},
                            {"Name": "custom:country", "Value": "DE"}])
        text = text_to(number)
        self.assertEqual(text["triggerSource"], "CustomSMSSender_AdminCreateUser")
        about = {"UserPoolId": POOLS[EU], "Username": "x" + number}
        self.refused("AliasExistsException", admin.admin_update_user_attributes, **about,
                     UserAttributes=[{"Name": "phone_number", "Value": taken}])
        admin.admin_update_user_attributes(
            **about, UserAttributes=[{"Name": "phone_number", "Value": next_number},
                                     {"Name": "phone_number_verified", "Value": "true"}])
        challenged = self.at[US].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "x" + number, "PASSWORD": text["request"]["code"]})
        self.assertEqual(challenged["ChallengeName"], "NEW_PASSWORD_REQUIRED")
        self.at[US].respond_to_auth_challenge(
            ClientId=CLIENT_ID, ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=challenged["Session"],
            ChallengeResponses={"USERNAME": "x" + number, "NEW_PASSWORD": "Wombat-4711-7x"})
        admin.admin_reset_user_password(**about)
        self.assertEqual(text_to(next_number)["triggerSource"], "CustomSMSSender_ForgotPassword")
        self.sign_up(AU, number, number, "Wombat-4711-7x")  # is anybody's
        self.confirm(US, number, code_to(number, 2))
        pool = admin.describe_user_pool(UserPoolId=POOLS[EU])["UserPool"]
        self.assertEqual(pool["AutoVerifiedAttributes"], ["email", "phone_number"])

    def test_cognitos_own_client_signs_up_and_recovers_with_a_number(self):
        number = new_number()
        given = {"endpoints": [f"http://127.0.0.1:{READY['regions'][region]['loopback']}/"
                               for region in (US, AU, EU)],
                 "pool_id": POOLS[EU], "client_id": CLIENT_ID, "username": number,
                 "password": "Wombat-4711-7x", "new_password": "Wombat-4712-7x",
                 "phone": number, "country": "DE"}
        process = subprocess.Popen(
            ["node", "--no-warnings", HERE / "texts" / "client.mjs", json.dumps(given)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        for count, what in enumerate(("signed_up", "forgot"), 1):
            line = process.stdout.readline()
            self.assertTrue(line, process.stderr.read() if not line else "")
            self.assertEqual(json.loads(line)[what],
                             {"AttributeName": "phone_number", "DeliveryMedium": "SMS",
                              "Destination": mask(number)})
            process.stdin.write(code_to(number, count) + "\n")
            process.stdin.flush()
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertEqual(json.loads(out)["attributes"]["phone_number_verified"], "true")


if __name__ == "__main__":
    unittest.main()
