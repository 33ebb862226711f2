#!/usr/bin/python3
"""Bad input at every endpoint gets a clear 4xx in the form that the endpoint's own clients read.
Calls of the gateway are in 11_bad_calls_test.py."""

import base64
import binascii
import datetime
import hashlib
import json
import unittest
import uuid
from unittest import mock

import world
from world import DOMAIN, EU, PORT, TABLE, US, Key, Person, call, cognito, srp

# Bodies that are not a JSON object, for dialects that want one.
NOT_JSON_OBJECTS = {
    "empty": b"",
    "cut off": b'{"ClientId": "x',
    "no JSON": b"ClientId=x&Username=y",
    "trailing comma": b'{"ClientId": "x",}',
    "trailing bytes": b'{"ClientId": "x"} {}',
    "twice the same member": b'{"ClientId": "x", "ClientId": "y"}',
    "NaN": b'{"ClientId": NaN}',
    "single quotes": b"{'ClientId': 'x'}",
    "raw control character": b'{"ClientId": "a\nb"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "an array": b"[]",
    "a string": b'"x"',
    "null": b"null",
    "a number": b"1",
    "bad UTF-8": b'{"ClientId": "\xff\xfe"}',
    "overlong UTF-8": b'{"ClientId": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"ClientId": "\xed\xa0\x80"}',
    "half a surrogate pair": b'{"ClientId": "\\ud800"}',
    "UTF-16": '{"ClientId": "x"}'.encode("utf-16"),
    "too deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "much too deep": b"[" * 100_000,
}
WRONG_TYPES = (1, True, 1.5, [], {}, ["x"], {"x": 1})


class Cognito(unittest.TestCase):
    HOST = f"idp.{US}"

    # A request of each operation that is right in form.
    CALLS = {
        "SignUp": {"ClientId": "c", "Username": "u", "Password": "p"},
        "ConfirmSignUp": {"ClientId": "c", "Username": "u", "ConfirmationCode": "1"},
        "ResendConfirmationCode": {"ClientId": "c", "Username": "u"},
        "InitiateAuth": {"ClientId": "c", "AuthFlow": "USER_SRP_AUTH"},
        "GetTokensFromRefreshToken": {"ClientId": "c", "RefreshToken": "t"},
        "RespondToAuthChallenge": {"ClientId": "c", "ChallengeName": "PASSWORD_VERIFIER"},
        "GetUser": {"AccessToken": "t"},
        "RevokeToken": {"ClientId": "c", "Token": "t"},
        "GlobalSignOut": {"AccessToken": "t"},
    }

    @classmethod
    def setUpClass(cls):
        cls.person = Person("US", US, "bad-input").settle()

    def assert_error(self, reply, code=None, statuses=(400,)):
        """A reply that SDKs and Amplify of two generations turn into an exception by name."""
        self.assertIn(reply.status, statuses, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/x-amz-json-1.1", reply)
        self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "*", reply)
        error = reply.json()
        self.assertTrue(error["message"], reply)
        self.assertEqual(reply.headers["x-amzn-ErrorType"], error["__type"] + ":", reply)
        self.assertIn("x-amzn-ErrorType", reply.headers["Access-Control-Expose-Headers"])
        if code:
            self.assertEqual(error["__type"], code, reply)
        return error["message"]

    def test_what_is_no_json_object_is_refused_by_every_operation(self):
        for operation in self.CALLS:
            for name, body in NOT_JSON_OBJECTS.items():
                with self.subTest(operation=operation, body=name):
                    self.assert_error(cognito(self.HOST, operation, body), "SerializationException")

    def test_a_wrong_type_is_refused_in_every_member(self):
        for operation, good in self.CALLS.items():
            for member in good:
                for value in WRONG_TYPES:
                    with self.subTest(operation=operation, member=member, value=value):
                        reply = cognito(self.HOST, operation, {**good, member: value})
                        self.assert_error(reply, "SerializationException")

    def test_wrong_types_inside_lists_and_maps_are_refused(self):
        sign_up = {**self.CALLS["SignUp"], "ClientId": world.CLIENT_ID}
        for value in ("x", 1, {}, ["x"], [1], [[]], [{"Name": 1, "Value": "x"}],
                      [{"Name": "email", "Value": 1}], [{"Name": {}, "Value": []}]):
            with self.subTest(UserAttributes=value):
                reply = cognito(self.HOST, "SignUp", {**sign_up, "UserAttributes": value})
                self.assert_error(reply, "SerializationException")
        for value in ("x", 1, [], {"USERNAME": 1}, {"USERNAME": {}}, {"SRP_A": ["1"]}):
            with self.subTest(AuthParameters=value):
                body = {**self.CALLS["InitiateAuth"], "AuthParameters": value}
                reply = cognito(self.HOST, "InitiateAuth", body)
                self.assert_error(reply, "SerializationException")
            with self.subTest(ChallengeResponses=value):
                body = {**self.CALLS["RespondToAuthChallenge"], "ChallengeResponses": value}
                reply = cognito(self.HOST, "RespondToAuthChallenge", body)
                self.assert_error(reply, "SerializationException")

    def test_an_absent_null_or_empty_member_is_named(self):
        for operation, good in self.CALLS.items():
            for member in good:
                without = {k: v for k, v in good.items() if k != member}
                for body in (without, {**good, member: None}, {**good, member: ""}):
                    with self.subTest(operation=operation, body=body):
                        reply = cognito(self.HOST, operation, body)
                        text = self.assert_error(reply, "InvalidParameterException")
                        self.assertIn(member.lower(), text.lower())

    def test_too_long_members_are_refused(self):
        for operation, good in self.CALLS.items():
            for member in good:
                with self.subTest(operation=operation, member=member):
                    reply = cognito(self.HOST, operation, {**good, member: "x" * 100_000})
                    self.assert_error(reply)

    def test_an_oversized_body_is_refused(self):
        body = {**self.CALLS["SignUp"], "Username": "x" * 300_000}
        self.assert_error(cognito(self.HOST, "SignUp", body), statuses=(400, 413))

    def test_an_oversized_body_is_refused_before_it_is_sent(self):
        head = (
            f"POST / HTTP/1.1\r\nHost: {self.HOST}.{DOMAIN}:{PORT}\r\n"
            "X-Amz-Target: AWSCognitoIdentityProviderService.SignUp\r\n"
            "Content-Type: application/x-amz-json-1.1\r\nContent-Length: 9999999999\r\n\r\n{"
        )
        answer = world.send_raw(self.HOST, head.encode())
        self.assertRegex(answer, rb"^HTTP/1\.1 41?[03] ")
        self.assertIn(b'"__type"', answer)

    def test_a_chunked_body_without_end_is_refused(self):
        head = (
            f"POST / HTTP/1.1\r\nHost: {self.HOST}.{DOMAIN}:{PORT}\r\n"
            "X-Amz-Target: AWSCognitoIdentityProviderService.SignUp\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        body = (b"10000\r\n" + b" " * 0x10000 + b"\r\n") * 3
        answer = world.send_raw(self.HOST, head.encode() + body)
        self.assertRegex(answer, rb"^HTTP/1\.1 41?[03] ")
        self.assertIn(b'"__type"', answer)

    def test_an_unknown_operation_is_refused(self):
        for name in ("NoSuchThing", "", "signup", "Sign Up", "ListUserImportJobs", "SignUp.x"):
            with self.subTest(operation=name):
                reply = cognito(self.HOST, name, {})
                self.assert_error(reply, "UnknownOperationException")
        for target in ("", "SignUp", "OtherService.SignUp", "DynamoDB_20120810.PutItem"):
            with self.subTest(target=target):
                reply = cognito(self.HOST, "", {}, {"X-Amz-Target": target})
                self.assert_error(reply, "UnknownOperationException")
        reply = call(self.HOST, "POST", "/", {}, b"{}")
        self.assert_error(reply, "UnknownOperationException")

    def test_other_methods_and_paths_are_refused(self):
        for method in ("PUT", "DELETE", "PATCH", "BREW"):
            with self.subTest(method=method):
                self.assert_error(call(self.HOST, method, "/"), statuses=(400, 404, 405))
        for path in ("/x", "/us-east-2_Nowhere/.well-known/jwks.json", "/%zz", "/..%2f", "/%00"):
            with self.subTest(path=path):
                self.assertIn(call(self.HOST, "GET", path).status, (400, 404))
                target = "AWSCognitoIdentityProviderService.GetUser"
                reply = call(self.HOST, "POST", path, {"X-Amz-Target": target}, b"{}")
                self.assertIn(reply.status, (400, 404), reply)

    def test_an_unknown_client_is_not_found(self):
        for operation in ("SignUp", "ConfirmSignUp", "ResendConfirmationCode",
                          "GetTokensFromRefreshToken", "RevokeToken"):
            with self.subTest(operation=operation):
                body = {**self.CALLS[operation], "ClientId": "0" * 26, "Password": "Wombat-77x"}
                reply = cognito(self.HOST, operation, body)
                self.assert_error(reply, "ResourceNotFoundException")

    def sign_up(self, **changes):
        email = f"bad-{uuid.uuid4().hex[:12]}@example.org"
        attributes = {"email": email, "custom:country": "US"} | changes.pop("attributes", {})
        body = {"ClientId": world.CLIENT_ID, "Username": email, "Password": "Wombat-4711x"}
        pairs = [{"Name": k, "Value": v} for k, v in attributes.items() if v is not None]
        return cognito(self.HOST, "SignUp", {**body, "UserAttributes": pairs, **changes})

    def test_attributes_that_nobody_may_write_are_refused(self):
        for name in ("custom:region", "sub", "email_verified"):
            with self.subTest(attribute=name):
                reply = self.sign_up(attributes={name: US})
                self.assert_error(reply, "NotAuthorizedException")
        for name in ("cognito:groups", "custom:unknown", "identities", "not an attribute",
                     "custom:home"):
            with self.subTest(attribute=name):
                reply = self.sign_up(attributes={name: US})
                self.assert_error(reply, "InvalidParameterException")

    def test_attributes_without_sense_are_refused(self):
        bad = [
            {"email": None},
            {"email": ""},
            {"email": "nobody"},
            {"email": "a@b@c.example"},
            {"email": "a b@example.org"},
            {"email": "x" * 3000 + "@example.org"},
            {"email": "a\r\nBcc: everybody@example.org"},
            {"email": "nul\0@example.org"},
            {"custom:country": None},
            {"custom:country": ""},
            {"custom:country": "XX"},
            {"custom:country": "U"},
            {"custom:country": "Germany"},
            {"custom:country": "US\0"},
        ]
        for attributes in bad:
            with self.subTest(attributes=str(attributes)[:60]):
                reply = self.sign_up(attributes=attributes)
                self.assert_error(reply, "InvalidParameterException")

    def test_passwords_outside_the_policy_are_refused(self):
        for password in ("Wo-1x", "wombat-4711", "WOMBAT-4711", "Wombat-xyz", "Wombat4711", "x" * 5000):
            with self.subTest(password=password[:20]):
                reply = self.sign_up(Password=password)
                self.assert_error(reply)
                self.assertIn(reply.json()["__type"],
                              ("InvalidPasswordException", "InvalidParameterException"))

    def initiate(self, flow, **parameters):
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": flow, "AuthParameters": parameters}
        return cognito(self.HOST, "InitiateAuth", body)

    def test_flows_and_their_parameters_are_checked(self):
        self.assert_error(self.initiate("NO_SUCH_FLOW"), "InvalidParameterException")
        for flow in ("CUSTOM_AUTH", "ADMIN_NO_SRP_AUTH", "USER_AUTH"):
            self.assert_error(self.initiate(flow, USERNAME="x"), "InvalidParameterException")
        for flow, names in (("USER_SRP_AUTH", ("USERNAME", "SRP_A")),
                            ("USER_PASSWORD_AUTH", ("USERNAME", "PASSWORD")),
                            ("REFRESH_TOKEN_AUTH", ("REFRESH_TOKEN",))):
            for left_out in names:
                with self.subTest(flow=flow, left_out=left_out):
                    parameters = {name: "1" for name in names if name != left_out}
                    reply = self.initiate(flow, **parameters)
                    self.assertIn(left_out, self.assert_error(reply, "InvalidParameterException"))

    def answer_without_password(self, challenge, a):
        """With an A of 0 modulo N the shared secret is 0, whatever the password is."""
        client = srp.Client(world.POOLS[US])
        client._public = a
        with mock.patch("srp.pow", lambda *_: 0, create=True):
            answer = client.answer(challenge, "no password")
        body = {"ClientId": world.CLIENT_ID, "ChallengeName": "PASSWORD_VERIFIER",
                "ChallengeResponses": answer}
        return cognito(self.HOST, "RespondToAuthChallenge", body)

    def test_srp_values_that_would_give_the_key_away_are_refused(self):
        n = srp.N
        for a in (0, n, 2 * n, 3 * n):
            with self.subTest(a=a // n):
                reply = self.initiate("USER_SRP_AUTH", USERNAME=self.person.email, SRP_A=f"{a:x}")
                if reply.status == 200:  # refused late, like a wrong password
                    reply = self.answer_without_password(reply.json()["ChallengeParameters"], a)
                self.assert_error(reply)
        for text in ("xyz", "-1", "0x12", " 12", "1" * 100_000, "12\0", "é"):
            with self.subTest(srp_a=text[:9]):
                reply = self.initiate("USER_SRP_AUTH", USERNAME=self.person.email, SRP_A=text)
                self.assert_error(reply)

    def test_a_tampered_challenge_is_refused(self):
        reply, client = self.person.start_sign_in()
        challenge = world.ok("InitiateAuth", reply)
        good = client.answer(challenge["ChallengeParameters"], self.person.password)
        block = base64.b64decode(good["PASSWORD_CLAIM_SECRET_BLOCK"])
        flipped = base64.b64encode(block[:-1] + bytes([block[-1] ^ 1])).decode()
        bad = [
            {"PASSWORD_CLAIM_SECRET_BLOCK": flipped},
            {"PASSWORD_CLAIM_SECRET_BLOCK": "not base64!"},
            {"PASSWORD_CLAIM_SECRET_BLOCK": base64.b64encode(b"x" * 800).decode()},
            {"PASSWORD_CLAIM_SECRET_BLOCK": base64.b64encode(block[:20]).decode()},
            {"PASSWORD_CLAIM_SIGNATURE": "not base64!"},
            {"PASSWORD_CLAIM_SIGNATURE": base64.b64encode(b"x" * 32).decode()},
            {"PASSWORD_CLAIM_SIGNATURE": base64.b64encode(b"").decode() or "="},
            {"TIMESTAMP": "now"},
            {"TIMESTAMP": "Mon Jan 1 00:00:00 UTC 1990"},
            {"TIMESTAMP": "x" * 5000},
            {"USERNAME": "somebody-else@example.org"},
        ]
        for change in bad:
            with self.subTest(change=str(change)[:60]):
                body = {
                    "ClientId": world.CLIENT_ID,
                    "ChallengeName": "PASSWORD_VERIFIER",
                    "ChallengeResponses": {**good, **change},
                }
                self.assert_error(cognito(self.HOST, "RespondToAuthChallenge", body))
        for name in good:
            with self.subTest(left_out=name):
                rest = {k: v for k, v in good.items() if k != name}
                body = {
                    "ClientId": world.CLIENT_ID,
                    "ChallengeName": "PASSWORD_VERIFIER",
                    "ChallengeResponses": rest,
                }
                reply = cognito(self.HOST, "RespondToAuthChallenge", body)
                self.assert_error(reply, "InvalidParameterException")

    def test_tokens_that_are_none_are_refused(self):
        access, refresh = self.person.tokens["AccessToken"], self.person.tokens["RefreshToken"]
        for token in ("x", "a.b.c", access[:-2], access + "x", self.person.tokens["IdToken"],
                      refresh, "\u00e9", "a" * 3000):
            for operation in ("GetUser", "GlobalSignOut"):
                with self.subTest(operation=operation, token=token[:12]):
                    reply = cognito(self.HOST, operation, {"AccessToken": token})
                    self.assert_error(reply, "NotAuthorizedException")
        for token in ("x", refresh[:-2], "x" + refresh, access, f"{EU}.x", f"nowhere.{refresh}"):
            with self.subTest(refresh=token[:12]):
                reply = self.initiate("REFRESH_TOKEN_AUTH", REFRESH_TOKEN=token)
                text = self.assert_error(reply, "NotAuthorizedException")
                self.assertEqual(text, "Invalid Refresh Token")


class DynamoDb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.person = Person("US", US, "bad-input").sign_up().confirm()
        cls.foreigner = Person("DE", EU, "bad-input").sign_up().confirm()
        cls.key = world.create_key(US)
        cls.url = f"http://127.0.0.1:{world.READY['regions'][US]['loopback']}/"

    def send(self, operation, body, *, key=None, region=US, service="dynamodb", when=None,
             change=None, sent_body=None, extra=None):
        """Signs one request, then sends another: with headers of `change` and `sent_body`."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            **(extra or {}),
        }
        headers = world.signed(key or self.key, region, service, self.url, data, "POST", headers, when)
        headers |= change or {}
        headers = {k: v for k, v in headers.items() if v is not None}
        return call(f"loopback:{US}", "POST", "/", headers, data if sent_body is None else sent_body)

    def assert_error(self, reply, code=None, statuses=(400,)):
        self.assertIn(reply.status, statuses, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/x-amz-json-1.0", reply)
        self.assertTrue(reply.headers["x-amzn-RequestId"], reply)
        crc = reply.headers["x-amz-crc32"]
        if crc is not None:
            self.assertEqual(int(crc), binascii.crc32(reply.body), reply)
        error = reply.json()
        self.assertIn("#", error["__type"], reply)
        if code:
            self.assertEqual(error["__type"].rpartition("#")[2], code, reply)
        return error.get("message") or error["Message"]

    def item(self, **more):
        return {"subject": {"S": self.person.sub}, "entryId": {"S": str(uuid.uuid4())}, **more}

    def put(self, item=None, **options):
        return self.send("PutItem", {"TableName": TABLE, "Item": item or self.item()}, **options)

    def test_a_good_request_is_taken(self):
        reply = self.put()
        self.assertEqual(reply.status, 200, reply)

    def test_what_is_no_json_object_is_refused_by_every_operation(self):
        for operation in ("PutItem", "GetItem", "DeleteItem", "UpdateItem", "Query",
                          "DescribeTable", "ListTables"):
            for name, body in NOT_JSON_OBJECTS.items():
                with self.subTest(operation=operation, body=name):
                    self.assert_error(self.send(operation, body), "SerializationException")

    def test_wrong_types_are_refused(self):
        key = self.item()
        calls = {
            "PutItem": {"TableName": TABLE, "Item": key},
            "GetItem": {"TableName": TABLE, "Key": key},
            "DeleteItem": {"TableName": TABLE, "Key": key},
            "UpdateItem": {"TableName": TABLE, "Key": key, "UpdateExpression": "REMOVE x"},
            "Query": {
                "TableName": TABLE,
                "KeyConditionExpression": "subject = :s",
                "ExpressionAttributeValues": {":s": {"S": "x"}},
            },
            "DescribeTable": {"TableName": TABLE},
        }
        for operation, good in calls.items():
            for member in good:
                for value in (1, True, [], ["x"], {"x": 1}, {"x": "y"}):
                    with self.subTest(operation=operation, member=member, value=value):
                        self.assert_error(self.send(operation, {**good, member: value}))
                with self.subTest(operation=operation, without=member):
                    rest = {k: v for k, v in good.items() if k != member}
                    if (operation, member) != ("UpdateItem", "UpdateExpression"):
                        self.assert_error(self.send(operation, rest))

    def test_values_that_are_none_are_refused(self):
        deep = {"S": "x"}
        for _ in range(40):
            deep = {"L": [deep]}
        for value in ("x", 1, None, [], {}, {"S": 1}, {"N": 1}, {"N": "abc"}, {"N": ""}, {"N": "1e999"},
                      {"N": "0x10"}, {"N": "1" * 50}, {"N": "NaN"}, {"B": "not base64!"}, {"BOOL": "true"},
                      {"NULL": False}, {"L": {}}, {"M": []}, {"X": "y"}, {"S": "x", "N": "1"},
                      {"SS": []}, {"SS": ["a", "a"]}, {"NS": ["1", "1.0"]}, {"SS": [1]}, {"BS": "x"}, deep):
            with self.subTest(value=str(value)[:60]):
                self.assert_error(self.put(self.item(value=value)))

    def test_keys_that_are_none_are_refused(self):
        sub = {"S": self.person.sub}
        for key in ({}, {"subject": sub}, {"entryId": {"S": "x"}},
                    {"subject": sub, "entryId": {"N": "1"}}, {"subject": sub, "entryId": {"S": ""}},
                    {"subject": {"N": "1"}, "entryId": {"S": "x"}},
                    {"subject": sub, "entryId": {"S": "x" * 1025}}):
            with self.subTest(key=str(key)[:60]):
                self.assert_error(self.put({**key, "text": {"S": "x"}}), "ValidationException")
                for operation in ("GetItem", "DeleteItem"):
                    reply = self.send(operation, {"TableName": TABLE, "Key": key})
                    self.assert_error(reply, "ValidationException")
        more = {"subject": sub, "entryId": {"S": "x"}, "more": {"S": "x"}}
        reply = self.send("GetItem", {"TableName": TABLE, "Key": more})
        self.assert_error(reply, "ValidationException")

    def test_expressions_that_are_none_are_refused(self):
        base = {"TableName": TABLE, "Key": self.item()}
        for expression in ("", "SET", "SET a", "SET a =", "SET a = :none", "SET a = :v,", "BREW a",
                           "SET #none = :v", "SET a = :v SET b = :v", "SET a = :v REMOVE a",
                           "SET subject = :v", "SET a = :v)", "SET a = (:v", "SET ; DROP TABLE x",
                           "SET a = :v " * 3000, "SET \u00e9 = :v", "REMOVE"):
            with self.subTest(expression=expression[:30]):
                body = {**base, "UpdateExpression": expression,
                        "ExpressionAttributeValues": {":v": {"S": "x"}}}
                self.assert_error(self.send("UpdateItem", body), "ValidationException")
        for expression in ("", "subject", "subject =", "subject = :none", "entryId = :v", "other = :v",
                           "subject > :v", "subject = :v AND other = :v", "subject = :v OR entryId = :v",
                           "subject = :v AND begins_with(entryId", "(" * 500 + "subject = :v"):
            with self.subTest(expression=expression[:30]):
                body = {"TableName": TABLE, "KeyConditionExpression": expression,
                        "ExpressionAttributeValues": {":v": {"S": self.person.sub}}}
                self.assert_error(self.send("Query", body), "ValidationException")
        good = {"TableName": TABLE, "KeyConditionExpression": "subject = :v",
                "ExpressionAttributeValues": {":v": {"S": self.person.sub}}}
        for member, value in (("Limit", 0), ("Limit", -1), ("Limit", "2"),
                              ("ExclusiveStartKey", {"x": {"S": "y"}}), ("IndexName", "none")):
            with self.subTest(member=member, value=value):
                self.assert_error(self.send("Query", {**good, member: value}))

    def test_oversized_items_and_bodies_are_refused(self):
        reply = self.put(self.item(text={"S": "x" * 420_000}))
        self.assert_error(reply, "ValidationException")
        reply = self.put(self.item(text={"S": "x" * 3_000_000}))
        self.assert_error(reply, statuses=(400, 413))

    def test_unknown_operations_and_tables_are_refused(self):
        for name in ("NoSuchThing", "", "putitem", "Scan.x"):
            with self.subTest(operation=name):
                self.assert_error(self.send(name, {}), "UnknownOperationException")
        for name in ("NoSuchTable", "x" * 255, "AB", "a b", "../x"):
            with self.subTest(table=name):
                reply = self.send("PutItem", {"TableName": name, "Item": self.item()})
                self.assert_error(reply)

    def test_no_signature_or_half_of_one_is_refused(self):
        reply = self.put(change={"Authorization": None})
        self.assert_error(reply, "MissingAuthenticationTokenException")
        whole = world.signed(self.key, US, "dynamodb", self.url)["Authorization"]
        for text in ("x", "Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x",
                     whole.split(", Signature")[0], whole.replace("SignedHeaders", "Signed"),
                     whole.replace("aws4_request", "aws5_request"), whole.replace("/", "", 1),
                     whole.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), whole + "x" * 10_000):
            with self.subTest(authorization=text[:40]):
                self.assert_error(self.put(change={"Authorization": text}))
        self.assert_error(self.put(change={"X-Amz-Date": None}))
        self.assert_error(self.put(change={"X-Amz-Date": "yesterday"}))

    def test_a_wrong_secret_is_refused(self):
        reply = self.put(key=Key(self.key.id, self.key.secret[::-1]))
        self.assert_error(reply, "InvalidSignatureException")
        self.assert_error(self.put(key=Key(self.key.id, "")), "InvalidSignatureException")

    def test_an_unknown_key_is_refused(self):
        for key in (Key("DOMKXXXXXXXXXXXXXXXX", self.key.secret), Key("x", "x"), Key("", "x"),
                    Key("' OR 1=1 --", "x"), world.create_key(EU)):
            with self.subTest(key=key.id):
                reply = self.put(key=key)
                self.assert_error(reply)
                if key.id.isalnum() and len(key.id) > 1:
                    self.assert_error(reply, "UnrecognizedClientException")

    def test_a_forged_session_token_is_refused(self):
        reply = self.put(extra={"X-Amz-Security-Token": "x" * 200})
        self.assert_error(reply)
        self.assertIn(reply.json()["__type"].rpartition("#")[2],
                      ("UnrecognizedClientException", "ExpiredTokenException",
                       "InvalidSignatureException"))

    def test_a_clock_that_is_far_off_is_refused(self):
        now = datetime.datetime.utcnow()
        for minutes in (-20, 20, -60 * 24, 60 * 24 * 365):
            with self.subTest(minutes=minutes):
                reply = self.put(when=now + datetime.timedelta(minutes=minutes))
                self.assert_error(reply, "InvalidSignatureException")
        for minutes in (-10, 10):
            with self.subTest(minutes=minutes):
                reply = self.put(when=now + datetime.timedelta(minutes=minutes))
                self.assertEqual(reply.status, 200, reply)

    def test_a_scope_of_elsewhere_is_refused(self):
        self.assert_error(self.put(region=EU), "InvalidSignatureException")
        self.assert_error(self.put(region="us-east-1"), "InvalidSignatureException")
        self.assert_error(self.put(service="s3"), "InvalidSignatureException")

    def test_what_was_changed_after_signing_is_refused(self):
        other = json.dumps({"TableName": TABLE, "Item": self.item(text={"S": "forged"})}).encode()
        self.assert_error(self.put(sent_body=other), "InvalidSignatureException")
        unsigned = {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}
        self.assert_error(self.put(sent_body=other, change=unsigned))
        of_other = {"X-Amz-Content-SHA256": hashlib.sha256(other).hexdigest()}
        self.assert_error(self.put(sent_body=other, change=of_other))
        reply = self.put(change={"X-Amz-Target": "DynamoDB_20120810.DeleteItem"})
        self.assert_error(reply, "InvalidSignatureException")

    def test_a_key_may_do_what_its_policy_says_and_no_more(self):
        reader = world.create_key(US, ("dynamodb:GetItem",), (f"table/{TABLE}",))
        item = self.item()
        got = self.send("GetItem", {"TableName": TABLE, "Key": item}, key=reader)
        self.assertEqual(got.status, 200, got)
        self.assert_error(self.put(item, key=reader), "AccessDeniedException")
        elsewhere = world.create_key(US, ("dynamodb:*",), ("table/Other",))
        self.assert_error(self.put(item, key=elsewhere), "AccessDeniedException")

    def test_a_write_for_somebody_of_elsewhere_is_refused(self):
        for subject in (self.foreigner.sub, str(uuid.uuid4()), "nobody"):
            with self.subTest(subject=subject):
                self.assert_error(self.put({**self.item(), "subject": {"S": subject}}))
        lines = (world.DATA / US / "audit.log").read_bytes()
        self.assertIn(b"refusal", lines)
        self.assertNotIn(self.foreigner.sub.encode(), lines)


class StaticSite(unittest.TestCase):
    def test_the_page_is_there(self):
        reply = call("frontend", "GET", "/")
        self.assertEqual(reply.status, 200, reply)
        self.assertIn(b"<html", reply.body.lower())

    def test_no_spelling_of_a_path_leads_out_of_the_folder(self):
        outside = "domicile.yaml"
        for path in (
            f"/../{outside}", f"/../../{outside}", f"/%2e%2e/%2e%2e/{outside}",
            f"/..%2f..%2f{outside}", f"/%2e%2e%2f%2e%2e%2f{outside}", f"/assets/../../../{outside}",
            f"/assets/%2e%2e/%2e%2e/%2e%2e/{outside}", f"/..%5c..%5c{outside}",
            f"/%5c..%5c..%5c{outside}", f"/..;/..;/{outside}", f"/....//....//{outside}",
            f"/.%2e/.%2e/{outside}", "//etc/passwd.txt", "/%2fetc/passwd.txt", "/%2f%2fetc%2fpasswd.txt",
            f"/%252e%252e/%252e%252e/{outside}", "/%00.html", "/index.html%00.png",
            "/.git/config.txt", "/.env", "/assets/.hidden.txt", "/./index.html", "/assets/./x.js",
            "/~root/x.txt", "/../../../../../../../../etc/passwd",
        ):
            with self.subTest(path=path):
                reply = call("frontend", "GET", path)
                self.assertEqual(reply.status, 404, reply)
                self.assertNotIn(b"jurisdictions", reply.body)
                self.assertNotIn(b"root:", reply.body)

    def test_escapes_that_are_none_are_refused(self):
        for path in ("/..\\..\\x.html", "/%", "/%z", "/%zz.html", "/%c0%ae%c0%ae/x.html", "/%ff.html", "/%ed%a0%80.html"):
            with self.subTest(path=path):
                self.assertIn(call("frontend", "GET", path).status, (400, 404))

    def test_other_methods_are_refused(self):
        for method in ("POST", "PUT", "DELETE", "BREW"):
            with self.subTest(method=method):
                reply = call("frontend", method, "/")
                self.assertEqual(reply.status, 405, reply)
                self.assertIn("GET", reply.headers["Allow"])


class Front(unittest.TestCase):
    def test_unknown_switches_are_not_found(self):
        for path in ("/regions/nowhere/stop", f"/regions/{US}/explode", f"/regions/{US}", "/regions/",
                     "/x", f"/regions/{US}/stop/x", f"/regions/../{US}/stop"):
            with self.subTest(path=path):
                self.assertEqual(call("front", "POST", path).status, 404)

    def test_other_peoples_pages_may_not_use_it(self):
        for origin in ("https://example.org", "null", f"http://frontend.{DOMAIN}:{PORT}",
                       f"https://frontend.{DOMAIN}.example.org"):
            with self.subTest(origin=origin):
                reply = call("front", "POST", f"/regions/{US}/stop", {"Origin": origin})
                self.assertEqual(reply.status, 403, reply)
                self.assertIsNone(reply.headers["Access-Control-Allow-Origin"])
        states = {region["id"]: region["state"] for region in call("front", "GET", "/regions").json()["regions"]}
        self.assertEqual(states[US], "up")

    def test_a_place_that_is_none_is_refused(self):
        for body in (b"", b"{", b"[]", b'{"country": 1}', b'{"country": "Australia"}', b'{"country": "\xff"}'):
            with self.subTest(body=body):
                reply = call("front", "POST", "/where", {}, body)
                self.assertEqual(reply.status, 400, reply)
                self.assertTrue(reply.json()["message"])
        reply = call("front", "POST", "/where", {}, b" " * 10_000)
        self.assertIn(reply.status, (400, 413), reply)


class Admin(unittest.TestCase):
    def assert_problem(self, reply, status):
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply.headers["Content-Type"], "application/problem+json", reply)
        self.assertEqual(reply.json()["status"], status)

    def test_only_the_operators_key_may_do_anything(self):
        port = world.READY["regions"][US]["admin"]
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=world.TIMEOUT_S)
        self.assert_problem(call(None, "GET", "/keys", connection=connection), 401)
        connection.close()
        self.assert_problem(world.admin_call(US, "GET", "/keys", key=Key("DOMKX", "x")), 401)
        weak = world.create_key(US)
        self.assert_problem(world.admin_call(US, "GET", "/keys", key=weak), 403)
        policy = {"policy": {"statements": [{"operations": ["*"], "resources": ["*"]}]}}
        self.assert_problem(world.admin_call(US, "POST", "/keys", policy, key=weak), 403)

    def test_policies_without_sense_are_refused(self):
        for body in (b"", b"{", b"[]", {}, {"policy": 1}, {"policy": {}}, {"policy": {"statements": [1]}},
                     {"policy": {"statements": []}, "more": 1},
                     {"policy": {"statements": [{"operations": [], "resources": ["*"]}]}}):
            with self.subTest(body=body):
                self.assert_problem(world.admin_call(US, "POST", "/keys", body), 400)

    def test_what_is_not_there_is_not_found(self):
        for method, path in (("GET", "/x"), ("DELETE", "/keys/DOMKNOSUCHKEY"), ("PUT", "/keys"),
                             ("POST", "/keys/DOMKNOSUCHKEY/rotate"), ("DELETE", "/keys/..")):
            with self.subTest(method=method, path=path):
                self.assert_problem(world.admin_call(US, method, path), 404)


class Smuggling(unittest.TestCase):
    """Two parties that read one message differently are how requests are smuggled: whatever is
    ambiguous is refused, and nothing behind it is read as a request of its own."""

    HEADS = {
        "both lengths": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        "both lengths, other order": b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "two lengths": b"Content-Length: 0\r\nContent-Length: 40\r\n",
        "the same length twice": b"Content-Length: 0\r\nContent-Length: 0\r\n",
        "a list of lengths": b"Content-Length: 0, 0\r\n",
        "a signed length": b"Content-Length: +0\r\n",
        "a negative length": b"Content-Length: -1\r\n",
        "a hexadecimal length": b"Content-Length: 0x0\r\n",
        "a huge length": b"Content-Length: 99999999999999999999999\r\n",
        "an empty length": b"Content-Length: \r\n",
        "an unknown coding": b"Transfer-Encoding: xchunked\r\n",
        "chunked and another": b"Transfer-Encoding: chunked, identity\r\n",
        "another and chunked": b"Transfer-Encoding: gzip, chunked\r\n",
        "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "a coding in quotes": b'Transfer-Encoding: "chunked"\r\n',
        "a vertical tab": b"Transfer-Encoding:\x0bchunked\r\n",
        "a blank before the colon": b"Transfer-Encoding : chunked\r\n",
        "a folded line": b"X-Folded: a\r\n b\r\n",
        "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
        "a bare LF": b"X-Bare: a\nTransfer-Encoding: chunked\r\n",
        "a bare CR": b"X-Bare: a\rTransfer-Encoding: chunked\r\n",
        "a NUL": b"X-Nul: a\0b\r\n",
        "no name": b": x\r\n",
        "no colon": b"Transfer-Encoding chunked\r\n",
        "a name that is none": b"X(y): z\r\n",
        "a second host": b"Host: example.org\r\n",
    }
    FIRST_LINES = {
        "no version": b"GET /",
        "HTTP/0.9": b"GET / HTTP/0.9",
        "HTTP/2.0": b"GET / HTTP/2.0",
        "HTTP/1.10": b"GET / HTTP/1.10",
        "lower case": b"GET / http/1.1",
        "two blanks": b"GET  / HTTP/1.1",
        "a tab": b"GET\t/ HTTP/1.1",
        "a blank in the target": b"GET /a b HTTP/1.1",
        "a control in the target": b"GET /a\x01b HTTP/1.1",
        "a method that is none": b"G@T / HTTP/1.1",
        "a blank at the end": b"GET / HTTP/1.1 ",
        "no slash": b"GET x HTTP/1.1",
        "a folded first line": b" GET / HTTP/1.1",
    }
    CHUNKS = {
        "no number": b"x\r\n",
        "0x": b"0x0\r\n\r\n",
        "signed": b"+0\r\n\r\n",
        "negative": b"-1\r\n\r\n",
        "too many digits": b"F" * 17 + b"\r\n",
        "wraps around": b"1" + b"0" * 16 + b"\r\n\r\n",
        "bare LF": b"0\n\n",
        "bare LF after data": b"1\r\na\n0\r\n\r\n",
        "more data than said": b"1\r\nab\r\n0\r\n\r\n",
        "blank in front": b" 0\r\n\r\n",
        "an endless size line": b"0;" + b"a" * 70_000 + b"\r\n\r\n",
        "a trailer that is none": b"0\r\nno colon\r\n\r\n",
    }
    SECOND = b"GET /smuggled HTTP/1.1\r\nHost: %s\r\n\r\n"

    def ports(self):
        yield f"loopback:{US}", b"localhost"
        yield US, f"{US}.{DOMAIN}:{PORT}".encode()
        yield "frontend", f"frontend.{DOMAIN}:{PORT}".encode()
        yield "front", f"front.{DOMAIN}:{PORT}".encode()

    def assert_refused_alone(self, at, request, host):
        answer = world.send_raw(at, request + self.SECOND % host)
        self.assertRegex(answer, rb"^HTTP/1\.[01] (400|413|414|431|501|505) ")
        self.assertEqual(answer.count(b"HTTP/1."), 1, answer)

    def test_heads_with_two_readings_are_refused(self):
        for at, host in self.ports():
            for name, lines in self.HEADS.items():
                with self.subTest(at=at, head=name):
                    request = b"POST / HTTP/1.1\r\nHost: %s\r\n%s\r\n0\r\n\r\n" % (host, lines)
                    self.assert_refused_alone(at, request, host)

    def test_first_lines_that_are_none_are_refused(self):
        for at, host in self.ports():
            for name, line in self.FIRST_LINES.items():
                with self.subTest(at=at, line=name):
                    request = b"%s\r\nHost: %s\r\n\r\n" % (line, host)
                    self.assert_refused_alone(at, request, host)

    def test_hosts_that_are_none_are_refused(self):
        for at, host in self.ports():
            for name, line in {"none": b"", "empty": b"Host:\r\n", "a list": b"Host: a, b\r\n",
                               "a path": b"Host: a/b\r\n", "a user": b"Host: x@a\r\n",
                               "a port that is none": b"Host: a:b\r\n"}.items():
                with self.subTest(at=at, host=name):
                    self.assert_refused_alone(at, b"GET / HTTP/1.1\r\n%s\r\n" % line, host)

    def test_chunks_that_are_none_are_refused(self):
        target = b"AWSCognitoIdentityProviderService.SignUp"
        for name, chunk in self.CHUNKS.items():
            for at, host in ((f"loopback:{US}", b"localhost"),
                             (f"idp.{US}", f"idp.{US}.{DOMAIN}:{PORT}".encode())):
                with self.subTest(at=at, chunk=name):
                    request = (b"POST / HTTP/1.1\r\nHost: %s\r\nX-Amz-Target: %s\r\n"
                               b"Transfer-Encoding: chunked\r\n\r\n%s" % (host, target, chunk))
                    self.assert_refused_alone(at, request, host)

    def test_a_body_is_never_read_as_a_request(self):
        """An honest body that looks like one, on a connection that stays open."""
        host = f"{US}.{DOMAIN}:{PORT}".encode()
        body = self.SECOND % host
        first = b"POST /nothing HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s" % (host, len(body), body)
        last = b"GET /last HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host
        answer = world.send_raw(US, first + last)
        self.assertIn(answer.count(b"HTTP/1.1 "), (1, 2), answer)
        self.assertEqual(answer.count(b"HTTP/1.1 404"), answer.count(b"HTTP/1.1 "), answer)


if __name__ == "__main__":
    unittest.main()
