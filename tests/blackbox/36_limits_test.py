#!/usr/bin/python3
"""Who is wrong too often from one address, or through one client, waits longer and longer, whatever
they ask and whomever it is about; others do not (ADR 0034). Addresses of this machine are told apart
here: 127.0.0.1 is exempt, and each test has others of its own."""

import atexit
import base64
import html
import http.client
import itertools
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import struct
import tempfile
import unittest
import urllib.parse
from unittest import mock

import variant

SPA, SERVER, FEW, SECRET = "limitsspa1", "limitsserver1", "limitsfew1", "one secret of a client"
CALLBACK = "https://app.example/callback"
FREE = 3
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"


def budget(free, delay=60):
    return (f"{{free: {free}, forgiven_per_hour: 0.1, first_delay_seconds: {delay},"
            " delay_seconds_max: 600}")


def with_limits(text):
    handle, path = tempfile.mkstemp(prefix="domicile-secret.")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(SECRET + "\n")
    oauth = f"oauth: {{redirect_uris: ['{CALLBACK}']"
    text = text.replace(WEB_FLOWS, f"""{WEB_FLOWS}\
      spa: {{id: {SPA}, {oauth}}}, flows: [USER_SRP_AUTH]}}
      server: {{id: {SERVER}, secret_file: {path}, {oauth},
               scopes: ['https://diary.example/read'], grants: [client_credentials]}}}}
      few: {{id: {FEW}, limits: {{requests: {budget(FREE)}}}}}
""")
    text = text.replace("    clients:\n", "    resource_servers:"
                        " {diary: {identifier: 'https://diary.example', scopes: [read]}}\n"
                        "    clients:\n", 1)
    return text + f"""
limits:
  addresses:
    guesses: {budget(FREE)}
    requests: {budget(FREE)}
    exempt: [127.0.0.1/32]
"""


variant.run(__file__, with_limits)

import boto3  # noqa: E402
import urllib3.util.connection  # noqa: E402
from botocore import UNSIGNED  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

import world  # noqa: E402
from world import AU, CLIENT_ID, DATA, DOMAIN, EU, PORT, US, Person, call, cognito, poll  # noqa: E402

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG = "Wrong-1234-password"
_hosts = itertools.count(2)


def new_address():
    """Of this machine, and nobody's before."""
    return f"127.0.7.{next(_hosts)}"


class _Https(world._NamedHttps):
    def connect(self):
        plain = socket.create_connection(("127.0.0.1", PORT), timeout=world.TIMEOUT_S,
                                         source_address=(self.source, 0))
        self.sock = world._tls.wrap_socket(plain, server_hostname=self.host)


class Visitor:
    """Whoever comes from an address."""

    def __init__(self, address=None):
        self.address = address or new_address()

    def call(self, host, method, path, headers=None, body=None):
        connection = _Https(f"{host}.{DOMAIN}", PORT, timeout=world.TIMEOUT_S, context=world._tls)
        connection.source = self.address
        try:
            return call(host, method, path, headers, body, connection)
        finally:
            connection.close()

    def cognito(self, operation, region=EU, **members):
        headers = {"Content-Type": "application/x-amz-json-1.1",
                   "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}"}
        return self.call(f"idp.{region}", "POST", "/", headers, members)

    def guess(self, username, password=WRONG, region=EU):
        return self.cognito("InitiateAuth", region, ClientId=CLIENT_ID,
                            AuthFlow="USER_PASSWORD_AUTH",
                            AuthParameters={"USERNAME": username, "PASSWORD": password})

    def use_up(self, region=EU):
        for _ in range(FREE):
            reply = self.guess(somebody(), region=region)
            assert reply.json()["__type"] == "NotAuthorizedException", reply
        return self


def somebody():
    return f"nobody-{secrets.token_hex(6)}@example.org"


def is_limited(reply):
    return reply.status == 400 and reply.json()["__type"] == "TooManyRequestsException"


def wait_of(reply):
    assert is_limited(reply), reply
    return int(reply.headers["Retry-After"])


class Addresses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.anna = Person("DE", EU, "limits").settle()

    def test_the_right_password_waits_too_and_other_addresses_do_not(self):
        visitor = Visitor().use_up()
        self.assertTrue(is_limited(visitor.guess(self.anna.email, self.anna.password)))
        self.assertEqual(Visitor().guess(self.anna.email, self.anna.password).status, 200)

    def test_right_passwords_do_not_count(self):
        visitor = Visitor()
        for _ in range(2 * FREE):
            self.assertEqual(visitor.guess(self.anna.email, self.anna.password).status, 200)

    def test_right_passwords_buy_no_guesses(self):
        visitor = Visitor()
        for _ in range(FREE):
            self.assertEqual(visitor.guess(self.anna.email, self.anna.password).status, 200)
            visitor.guess(somebody())
        self.assertTrue(is_limited(visitor.guess(somebody())))

    def test_people_who_exist_and_who_do_not_are_refused_with_the_same_bytes(self):
        visitor = Visitor().use_up()
        known, unknown = visitor.guess(self.anna.email), visitor.guess(somebody())
        self.assertEqual(known.body, unknown.body)

        def shown(reply):  # without what differs each time
            return {k: v for k, v in reply.headers.items()
                    if k not in ("Date", "x-amzn-RequestId", "Retry-After")}
        self.assertEqual(shown(known), shown(unknown))
        # Asking for codes counts alike, whoever it is for.
        for names in ([self.anna.email] * FREE, [somebody() for _ in range(FREE)]):
            visitor = Visitor()
            for name in names:
                self.assertFalse(is_limited(visitor.cognito("ForgotPassword", ClientId=CLIENT_ID,
                                                            Username=name)))
            self.assertTrue(is_limited(visitor.cognito("ForgotPassword", ClientId=CLIENT_ID,
                                                       Username=somebody())))

    def test_boto3_hears_it_as_its_own_exception(self):
        address = new_address()
        real = urllib3.util.connection.create_connection

        def from_there(at, *arguments, **options):
            options["source_address"] = (address, 0)
            return real(("127.0.0.1", at[1]), *arguments, **options)

        with mock.patch("urllib3.util.connection.create_connection", from_there):
            client = boto3.client(
                "cognito-idp", region_name=EU, verify=world.READY["ca"],
                endpoint_url=f"https://idp.{EU}.{DOMAIN}:{PORT}",
                config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))

            def guess():
                client.initiate_auth(ClientId=CLIENT_ID, AuthFlow="USER_PASSWORD_AUTH",
                                     AuthParameters={"USERNAME": somebody(), "PASSWORD": WRONG})
            for _ in range(FREE):
                self.assertRaises(client.exceptions.NotAuthorizedException, guess)
            with self.assertRaises(client.exceptions.TooManyRequestsException) as caught:
                guess()
            client.close()
        self.assertIsInstance(caught.exception, ClientError)

    def test_wrong_codes_count_and_sign_ups_and_codes_asked_for(self):
        visitor = Visitor()
        for operation in ("ConfirmSignUp", "ConfirmForgotPassword", "ConfirmSignUp"):
            more = {"Password": WRONG + "A1"} if operation == "ConfirmForgotPassword" else {}
            reply = visitor.cognito(operation, ClientId=CLIENT_ID, Username=somebody(),
                                    ConfirmationCode="123456", **more)
            self.assertIn(reply.json()["__type"], ("CodeMismatchException", "ExpiredCodeException"))
        self.assertTrue(is_limited(visitor.guess(self.anna.email, self.anna.password)))
        # The other budget is whole.
        self.assertEqual(visitor.cognito("SignUp", **sign_up()).status, 200)
        self.assertEqual(visitor.cognito("ResendConfirmationCode", ClientId=CLIENT_ID,
                                         Username=somebody()).status, 200)
        self.assertEqual(visitor.cognito("SignUp", **sign_up()).status, 200)
        self.assertTrue(is_limited(visitor.cognito("SignUp", **sign_up())))
        self.assertTrue(is_limited(visitor.cognito("ForgotPassword", ClientId=CLIENT_ID,
                                                   Username=self.anna.email)))

    def test_who_is_signed_in_goes_on(self):
        visitor = Visitor().use_up()
        tokens = self.anna.tokens
        self.assertTrue(is_limited(visitor.guess(somebody())))
        self.assertEqual(visitor.cognito("GetUser", AccessToken=tokens["AccessToken"]).status, 200)
        refreshed = visitor.cognito("InitiateAuth", ClientId=CLIENT_ID,
                                    AuthFlow="REFRESH_TOKEN_AUTH",
                                    AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]})
        self.assertEqual(refreshed.status, 200)

    def test_the_region_where_a_request_arrives_counts_it(self):
        visitor = Visitor().use_up(region=US)
        self.assertTrue(is_limited(visitor.guess(self.anna.email, self.anna.password, region=US)))
        self.assertEqual(visitor.guess(self.anna.email, self.anna.password, region=EU).status, 200)

    def test_no_more_are_judged_at_once_than_are_free(self):
        visitor = Visitor()
        connections = []
        body = json.dumps({"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                           "AuthParameters": {"USERNAME": self.anna.email, "PASSWORD": WRONG}})
        headers = {"Content-Type": "application/x-amz-json-1.1",
                   "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth"}
        for _ in range(20):
            connection = _Https(f"idp.{EU}.{DOMAIN}", PORT, timeout=world.TIMEOUT_S,
                                context=world._tls)
            connection.source = visitor.address
            connection.connect()
            connections.append(connection)
        for connection in connections:
            connection.request("POST", "/", body, headers)
        kinds = [json.loads(connection.getresponse().read())["__type"]
                 for connection in connections]
        for connection in connections:
            connection.close()
        self.assertEqual(kinds.count("NotAuthorizedException"), FREE, kinds)
        self.assertEqual(kinds.count("TooManyRequestsException"), len(kinds) - FREE, kinds)

    def test_the_address_of_a_v6_subscriber_is_its_64(self):
        port = https_port(EU)
        for last in range(FREE):
            self.assertEqual(guess_from(port, f"2001:db8:7:1::{last + 1}"), "NotAuthorizedException")
        self.assertEqual(guess_from(port, "2001:db8:7:1:ffff::1"), "TooManyRequestsException")
        self.assertEqual(guess_from(port, "2001:db8:7:2::1"), "NotAuthorizedException")

    def test_the_beginning_is_on_record_and_no_address_is_anywhere(self):
        before = records()
        visitor = Visitor("127.113.57.209").use_up()
        for _ in range(3):
            self.assertTrue(is_limited(visitor.guess(somebody())))
        new = records()[len(before):]
        self.assertEqual([entry["details"] for entry in new], [{"by": "address", "kind": "guess"}])
        for file in DATA.rglob("*"):
            if file.is_file() and file.name != "ready":
                self.assertNotIn(b"127.113.57.209", file.read_bytes(), file)
        text = metrics(EU)
        self.assertNotIn("127.113", text)
        refused = re.search(r'domicile_limits_refused_total{by="address",kind="guess"} (\d+)', text)
        self.assertGreaterEqual(int(refused[1]), 3)


def sign_up(client=CLIENT_ID):
    name = somebody()
    return {"ClientId": client, "Username": name, "Password": f"Wombat-{secrets.token_hex(6)}-7x",
            "UserAttributes": [{"Name": "email", "Value": name},
                               {"Name": "custom:country", "Value": "DE"}]}


def records():
    lines = (pathlib.Path(world.READY["regions"][EU]["data"]) / "audit.log").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["kind"] == "limit_reached"]


def metrics(region):
    connection = http.client.HTTPConnection("127.0.0.1", world.READY["regions"][region]["admin"],
                                            timeout=world.TIMEOUT_S)
    try:
        return call(None, "GET", "/metrics", connection=connection).body.decode()
    finally:
        connection.close()


def https_port(region):
    return world.READY["regions"][region]["https"]


def guess_from(port, address):
    """A wrong password over the region's own port, behind a balancer that speaks PROXY protocol v2;
    the type of the refusal."""
    both = socket.inet_pton(socket.AF_INET6, address) + socket.inet_pton(socket.AF_INET6, "::1")
    header = b"\r\n\r\n\0\r\nQUIT\n\x21\x21" + struct.pack("!H", 36) + both + struct.pack("!HH", 9, 443)
    connection = http.client.HTTPSConnection(f"idp.{EU}.{DOMAIN}", port, timeout=world.TIMEOUT_S)
    plain = socket.create_connection(("127.0.0.1", port), timeout=world.TIMEOUT_S)
    plain.sendall(header)
    connection.sock = world._tls.wrap_socket(plain, server_hostname=connection.host)
    body = {"ClientId": CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": somebody(), "PASSWORD": WRONG}}
    try:
        return cognito(f"idp.{EU}", "InitiateAuth", body, connection=connection).json()["__type"]
    finally:
        connection.close()


class Clients(unittest.TestCase):
    def test_a_client_has_a_budget_over_all_addresses(self):
        for _ in range(FREE):
            self.assertEqual(Visitor().cognito("SignUp", **sign_up(FEW)).status, 200)
        refused = cognito(f"idp.{EU}", "SignUp", sign_up(FEW))  # an exempt address uses it as well
        self.assertTrue(is_limited(refused), refused)
        self.assertEqual(Visitor().cognito("SignUp", **sign_up()).status, 200)


class Pages(unittest.TestCase):
    """Of the OpenID provider."""

    QUERY = urllib.parse.urlencode({
        "client_id": SPA, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid",
        "code_challenge": "c" * 43, "code_challenge_method": "S256"})

    def submit(self, visitor, path, language="en", **fields):
        headers = {"Accept-Language": language}
        page = visitor.call(f"idp.{EU}", "GET", f"{path}?{self.QUERY}", headers)
        self.assertEqual(page.status, 200)
        cookie = page.headers["Set-Cookie"].split(";")[0]
        text = page.body.decode()
        action = html.unescape(re.search(r'action="([^"]*)"', text).group(1))
        token = re.search(r'name="form_token" value="([^"]*)"', text).group(1)
        body = urllib.parse.urlencode({"form_token": token, **fields})
        return visitor.call(f"idp.{EU}", "POST", action, {**FORM, **headers, "Cookie": cookie}, body)

    def limited(self, reply, *words):
        self.assertEqual(reply.status, 429, reply)
        wait = int(reply.headers["Retry-After"])
        self.assertIn(wait, range(1, 61))
        text = reply.body.decode()
        self.assertRegex(text, rf" in {wait} s\.")
        for word in words:
            self.assertIn(word, text)
        self.assertIn(f'href="/login?{html.escape(self.QUERY)}"', text)

    def test_a_wrong_sign_in_too_many_is_told_when_to_come_again(self):
        visitor = Visitor()
        for _ in range(FREE):
            reply = self.submit(visitor, "/login", username=somebody(), password=WRONG)
            self.assertEqual(reply.status, 400)
        self.limited(self.submit(visitor, "/login", username=somebody(), password=WRONG),
                     '<html lang="en">', "Please wait", "from your network", "You can try again in ")
        self.limited(self.submit(visitor, "/login", "de", username=somebody(), password=WRONG),
                     '<html lang="de">', "Bitte warten", "Sie können es wieder versuchen in ")
        # Counted with what the same address tried through the API.
        self.assertTrue(is_limited(visitor.guess(somebody())))

    def test_sign_ups_and_forgotten_passwords_are_counted_whatever_comes_of_them(self):
        visitor = Visitor()
        for _ in range(FREE):
            reply = self.submit(visitor, "/forgotPassword", username=somebody())
            self.assertEqual(reply.status, 200)
        self.limited(self.submit(visitor, "/forgotPassword", username=somebody()), "Please wait")
        self.limited(self.submit(visitor, "/signup", username=somebody(), password=WRONG,
                                 **{"attribute.custom:country": "DE"}), "Please wait")

    def test_wrong_codes_are_counted(self):
        visitor = Visitor()
        for path in ("/confirm", "/confirmForgotPassword", "/confirm"):
            more = {"password": WRONG} if path != "/confirm" else {}
            reply = self.submit(visitor, path, username=somebody(), code="123456", **more)
            self.assertEqual(reply.status, 400)
        self.limited(self.submit(visitor, "/confirm", username=somebody(), code="123456"))


class Secrets(unittest.TestCase):
    """Of clients, at the token endpoint and those beside it."""

    def ask(self, visitor, secret, path="/oauth2/token", **form):
        words = base64.b64encode(f"{SERVER}:{urllib.parse.quote(secret)}".encode()).decode()
        body = urllib.parse.urlencode(form or {"grant_type": "client_credentials"})
        return visitor.call(f"idp.{EU}", "POST", path,
                            {**FORM, "Authorization": f"Basic {words}"}, body)

    def test_wrong_ones_are_counted(self):
        for path, form in (("/oauth2/token", {}), ("/oauth2/introspect", {"token": "x"})):
            with self.subTest(path):
                visitor = Visitor()
                for _ in range(FREE):
                    self.assertEqual(self.ask(visitor, "wrong", path, **form).status, 401)
                refused = self.ask(visitor, SECRET, path, **form)
                self.assertEqual(refused.status, 429)
                self.assertEqual(refused.json()["error"], "temporarily_unavailable")
                self.assertIn(int(refused.headers["Retry-After"]), range(1, 61))
                self.assertEqual(self.ask(Visitor(), SECRET, path, **form).status, 200)

    def test_right_ones_are_not(self):
        visitor = Visitor()
        for _ in range(2 * FREE):
            self.assertEqual(self.ask(visitor, SECRET).status, 200)


class ThenReload(unittest.TestCase):
    """The last one: it changes the budget of guesses."""

    def test_a_shorter_delay_counts_at_once_and_doubles(self):
        file = DATA.parent / "domicile.yaml"
        file.write_text(file.read_text().replace(f"    guesses: {budget(FREE)}",
                                                 f"    guesses: {budget(FREE, delay=1)}"))
        os.kill(int(os.environ["DOMICILE_PID"]), signal.SIGHUP)
        poll("the new delay", lambda: wait_of(refused_once()) == 1)
        visitor, waits = Visitor().use_up(), []

        def waits_for_four_seconds():
            reply = visitor.guess(somebody())
            if is_limited(reply):
                waits.append(wait_of(reply))
            else:
                self.assertEqual(reply.json()["__type"], "NotAuthorizedException")
            return waits and waits[-1] == 4
        poll("the third delay", waits_for_four_seconds)


def refused_once():
    visitor = Visitor().use_up()
    while not is_limited(reply := visitor.guess(somebody())):
        pass
    return reply


if __name__ == "__main__":
    unittest.main(verbosity=2)
