#!/usr/bin/python3
"""Devices that prove themselves at sign-in, through right and wrong regions: with Cognito's own
browser client, where one stands in for the code of an authenticator app, and step by step with
boto3."""

import base64
import hashlib
import json
import pathlib
import secrets
import subprocess
import time
import unittest

import variant

variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ",
    "    mfa: optional\n    devices: user_opt_in\n    devices_replace_mfa: true\n    id_suffix: ", 1))

import pyotp  # noqa: E402

from clients import Refusals, administrator, claims, user_pools  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, READY, US, Person, srp  # noqa: E402

CLIENT = pathlib.Path(__file__).resolve().parent / "devices" / "client.mjs"


def app_time(app, taken):
    """A time whose code was not taken: now if the step has ended since, else one step on."""
    now = time.time()
    return now if app.at(now) != taken else now + app.interval


class Phone:
    """What a client keeps of a device, and how it proves to have it."""

    def __init__(self, metadata):
        self.key, self.group = metadata["DeviceKey"], metadata["DeviceGroupKey"]
        self.password = secrets.token_hex(20)
        # The group's key stands where a pool's name does, the device's where a person's does.
        self.client = srp.Client(f"_{self.group}")

    def config(self):
        salt = secrets.token_bytes(16)
        inner = hashlib.sha256(f"{self.group}{self.key}:{self.password}".encode()).digest()
        x = srp.digest_int(srp.pad(int.from_bytes(salt, "big")), inner)
        verifier = srp.pad(pow(srp.G, x, srp.N))
        return {"PasswordVerifier": base64.b64encode(verifier).decode(),
                "Salt": base64.b64encode(salt).decode()}

    def answer(self, challenge, username):
        shown = {**challenge, "USER_ID_FOR_SRP": self.key}
        return {**self.client.answer(shown, self.password), "USERNAME": username,
                "DEVICE_KEY": self.key}


class Devices(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.at = {region: user_pools(region) for region in (EU, US, AU)}
        cls.admin = administrator(EU)

    def enter(self, person, region, device_key=None):
        parameters = {"USERNAME": person.email, "PASSWORD": person.password}
        if device_key:
            parameters["DEVICE_KEY"] = device_key
        return self.at[region].initiate_auth(ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
                                             AuthParameters=parameters)

    def respond(self, region, name, responses, **more):
        return self.at[region].respond_to_auth_challenge(
            ClientId=CLIENT_ID, ChallengeName=name, ChallengeResponses=responses, **more)

    def refresh(self, region, token, **parameters):
        return self.at[region].initiate_auth(
            ClientId=CLIENT_ID, AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token, **parameters})["AuthenticationResult"]

    def new_device(self, person, region, through):
        result = self.enter(person, region)["AuthenticationResult"]
        phone = Phone(result["NewDeviceMetadata"])
        confirmed = self.at[through].confirm_device(
            AccessToken=result["AccessToken"], DeviceKey=phone.key, DeviceName="a phone",
            DeviceSecretVerifierConfig=phone.config())
        self.assertTrue(confirmed["UserConfirmationNecessary"])
        return phone, result["AccessToken"]

    def test_a_device_of_the_browser_client_stands_in_for_the_code(self):
        person = Person("DE", EU, "browser").sign_up().confirm()
        token = self.enter(person, EU)["AuthenticationResult"]["AccessToken"]
        app = pyotp.TOTP(self.at[EU].associate_software_token(AccessToken=token)["SecretCode"])
        taken = app.now()
        self.at[EU].verify_software_token(AccessToken=token, UserCode=taken)
        self.at[EU].set_user_mfa_preference(
            AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
        # One of the next step is good now, and was not taken yet.
        parameters = {
            "endpoints": [f"http://127.0.0.1:{READY['regions'][region]['loopback']}"
                          for region in (US, AU, EU)],
            "pool_id": POOLS[EU], "client_id": CLIENT_ID, "username": person.email,
            "password": person.password, "code": app.at(app_time(app, taken))}
        done = subprocess.run(["node", "--no-warnings", CLIENT, json.dumps(parameters)],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = json.loads(done.stdout)
        self.assertEqual(found["unknown"], {"asked": True, "asks_person": True})
        self.assertEqual(found["set_remembered"], "SUCCESS")
        self.assertEqual(found["known"], {"asked": False, "asks_person": False})
        self.assertTrue(found["claim"].startswith(f"{EU}_"))
        self.assertEqual(found["device"]["DeviceKey"], found["claim"])
        attributes = {a["Name"]: a["Value"] for a in found["device"]["DeviceAttributes"]}
        self.assertEqual(attributes["dev:device_remembered_status"], "remembered")
        self.assertNotIn("last_ip_used", attributes)
        self.assertEqual([device["DeviceKey"] for device in found["devices"]], [found["claim"]])
        self.assertEqual(found["forgotten"], "SUCCESS")
        self.assertEqual(found["as_before"], {"asked": True})

    def test_each_step_through_another_region(self):
        person = Person("DE", EU, "steps").sign_up().confirm()
        phone, token = self.new_device(person, US, AU)
        self.assertEqual(claims(token)["device_key"], phone.key)
        # Not remembered yet: known, and asked for nothing.
        plain = self.enter(person, AU, phone.key)["AuthenticationResult"]
        self.assertNotIn("NewDeviceMetadata", plain)
        self.at[US].update_device_status(AccessToken=token, DeviceKey=phone.key,
                                         DeviceRememberedStatus="remembered")
        asked = self.enter(person, AU, phone.key)
        self.assertEqual(asked["ChallengeName"], "DEVICE_SRP_AUTH")
        start = {"USERNAME": person.email, "DEVICE_KEY": phone.key, "SRP_A": phone.client.srp_a}
        self.refused("InvalidParameterException", self.respond, region=US, name="DEVICE_SRP_AUTH",
                     responses=start)
        challenge = self.respond(US, "DEVICE_SRP_AUTH", start, Session=asked["Session"])
        self.assertEqual(challenge["ChallengeName"], "DEVICE_PASSWORD_VERIFIER")
        right = phone.answer(challenge["ChallengeParameters"], person.email)
        wrong = {**right, "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(bytes(32)).decode()}
        proof = {"region": EU, "name": "DEVICE_PASSWORD_VERIFIER"}
        message = self.refused("NotAuthorizedException", self.respond, responses=wrong, **proof)
        self.assertEqual(message, "Incorrect username or password.")
        result = self.respond(responses=right, **proof)["AuthenticationResult"]
        self.assertEqual(claims(result["AccessToken"])["device_key"], phone.key)
        self.refused("NotAuthorizedException", self.respond, responses=right, **proof)
        message = self.refused("NotAuthorizedException", self.refresh, region=AU,
                               token=result["RefreshToken"])
        self.assertEqual(message, "Invalid Refresh Token")
        again = self.refresh(AU, result["RefreshToken"], DEVICE_KEY=phone.key)
        self.assertEqual(claims(again["AccessToken"])["device_key"], phone.key)

    def test_a_device_belongs_to_one_person(self):
        anna = Person("DE", EU, "anna").sign_up().confirm()
        berta = Person("AU", AU, "berta").sign_up().confirm()
        phone, token = self.new_device(anna, EU, EU)
        self.at[EU].update_device_status(AccessToken=token, DeviceKey=phone.key,
                                         DeviceRememberedStatus="remembered")
        theirs = self.enter(berta, EU, phone.key)["AuthenticationResult"]
        self.assertTrue(theirs["NewDeviceMetadata"]["DeviceKey"].startswith(f"{AU}_"))
        for call in ("get_device", "forget_device", "update_device_status"):
            message = self.refused("ResourceNotFoundException", getattr(self.at[EU], call),
                                   AccessToken=theirs["AccessToken"], DeviceKey=phone.key)
            self.assertEqual(message, "Device does not exist.")
        self.assertEqual(
            self.at[EU].list_devices(AccessToken=theirs["AccessToken"])["Devices"], [])

    def test_administrators(self):
        person = Person("DE", EU, "administered").sign_up().confirm()
        phone, _ = self.new_device(person, US, US)
        about = {"UserPoolId": POOLS[EU], "Username": person.email}
        device = {**about, "DeviceKey": phone.key}
        self.admin.admin_update_device_status(DeviceRememberedStatus="remembered", **device)
        shown = self.admin.admin_get_device(**device)["Device"]
        self.assertIn({"Name": "device_name", "Value": "a phone"}, shown["DeviceAttributes"])
        self.assertEqual([d["DeviceKey"] for d in self.admin.admin_list_devices(**about)["Devices"]],
                         [phone.key])
        self.assertEqual(self.enter(person, US, phone.key)["ChallengeName"], "DEVICE_SRP_AUTH")
        self.refused("MissingAuthenticationTokenException", self.at[EU].admin_forget_device,
                     **device)
        self.refused("UserNotFoundException", administrator(US).admin_forget_device,
                     **{**device, "UserPoolId": POOLS[US]})
        self.admin.admin_forget_device(**device)
        self.refused("ResourceNotFoundException", self.admin.admin_get_device, **device)
        self.assertIn("NewDeviceMetadata",
                      self.enter(person, US, phone.key)["AuthenticationResult"])

    def test_the_old_settings_of_sms_are_turned_off_only(self):
        person = Person("DE", EU, "settings").sign_up().confirm()
        token = self.enter(person, US)["AuthenticationResult"]["AccessToken"]
        options = [{"DeliveryMedium": "SMS", "AttributeName": "phone_number"}]
        about = {"UserPoolId": POOLS[EU], "Username": person.email}
        for call, whose in ((self.at[AU].set_user_settings, {"AccessToken": token}),
                            (self.admin.admin_set_user_settings, about)):
            call(MFAOptions=[], **whose)
            self.refused("InvalidParameterException", call, MFAOptions=options, **whose)
        log = (DATA / EU / "audit.log").read_text().splitlines()
        done = [line["details"] for line in map(json.loads, log) if line["kind"] == "administration"]
        self.assertEqual(done[-1]["operation"], "AdminSetUserSettings")
        self.refused("NotAuthorizedException", self.at[AU].set_user_settings,
                     AccessToken=token[:-8] + "AAAAAAAA", MFAOptions=[])

    def test_the_configuration_is_told(self):
        shown = self.admin.describe_user_pool(UserPoolId=POOLS[EU])["UserPool"]
        self.assertEqual(shown["DeviceConfiguration"],
                         {"ChallengeRequiredOnNewDevice": True,
                          "DeviceOnlyRememberedOnUserPrompt": True})


if __name__ == "__main__":
    unittest.main()
