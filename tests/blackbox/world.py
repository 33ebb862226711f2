"""The deployment under test as a stranger sees it: addresses from the ready file, plain HTTP calls
with nothing between a test and the bytes, and people who live somewhere.

The clients of ../clients are other people's and refuse to send what is malformed; these calls send
whatever they are given."""

import http.client
import json
import os
import pathlib
import re
import secrets
import socket
import ssl
import sys
import time
from unittest import mock

import botocore.auth
import botocore.awsrequest
import botocore.credentials

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "clients" / "py"))

import srp  # noqa: E402

PROGRAM = pathlib.Path(
    os.environ.get("DOMICILE_PROGRAM", ROOT / "build" / "release" / "domicile")
)
READY_FILE = pathlib.Path(os.environ["DOMICILE_READY"])
READY = json.loads(READY_FILE.read_text(encoding="utf-8"))
DOMAIN, PORT = READY["domain"], READY["port"]
DATA = pathlib.Path(READY["data"])
AU, US, EU = "ap-southeast-2", "us-east-2", "eu-central-1"
REGIONS = sorted(READY["regions"])
DISTRIBUTED = bool(READY["engines"]["etcd"])  # etcd and PostgreSQL, else SQLite
TABLE = "DiaryEntries"
TIMEOUT_S = 20
SILENCE_S = 3  # after an answer began

_tls = ssl.create_default_context(cafile=READY["ca"])


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        shown = {k: v for k, v in self.headers.items() if k.lower() != "content-security-policy"}
        return f"{self.status} {shown} {self.body[:500]!r}"


class _NamedHttps(http.client.HTTPSConnection):
    """Python does not resolve *.localhost: connects to loopback, and gives the name in SNI."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", PORT), timeout=TIMEOUT_S)
        try:
            self.sock = _tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def connect(host):
    """`host` without the domain ("app", "idp.us-east-2"), or a region's id after "loopback:"."""
    if host.startswith("loopback:"):
        port = READY["regions"][host.removeprefix("loopback:")]["loopback"]
        return http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    return _NamedHttps(f"{host}.{DOMAIN}", PORT, timeout=TIMEOUT_S, context=_tls)


def _encoded(body):
    if body is None or isinstance(body, bytes):
        return body
    return (body if isinstance(body, str) else json.dumps(body)).encode()


def call(host, method, path, headers=None, body=None, connection=None):
    """One request; the path goes out as it is. On a connection of its own unless one is given."""
    own = connection is None
    if own:
        connection = connect(host)
    try:
        # putrequest and a path that http.client thinks odd: it refuses blanks and controls only.
        connection.request(method, path, body=_encoded(body), headers=headers or {})
        response = connection.getresponse()
        return Reply(response.status, response.headers, response.read())
    finally:
        if own:
            connection.close()


def open_socket(host):
    """A connected socket for raw bytes; `host` as in connect()."""
    connection = connect(host)
    connection.connect()
    return connection.sock


def send_raw(host, data, half_close=False):
    """Everything that comes back until the other side closes, or until it is silent for a while
    after an answer."""
    with open_socket(host) as sock:
        received = b""
        try:
            sock.sendall(data)
            if half_close and not isinstance(sock, ssl.SSLSocket):
                sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                received += piece
                sock.settimeout(SILENCE_S)
        except (ConnectionError, ssl.SSLError):
            pass
        except TimeoutError:
            if not received:
                raise
        return received


# --- people ---------------------------------------------------------------------------------------


def describe_world():
    return call("frontend", "GET", "/domicile.json").json()


_world = describe_world()
CLIENT_ID = _world["regions"][0]["client_id"]
POOLS = {region["id"]: region["user_pool_id"] for region in _world["regions"]}


def cognito(host, operation, body, headers=None, connection=None):
    all_headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
        **(headers or {}),
    }
    return call(host, "POST", "/", all_headers, body, connection)


class Refused(AssertionError):
    def __init__(self, what, reply):
        super().__init__(f"{what}: {reply}")
        self.reply = reply


def ok(what, reply):
    if reply.status != 200:
        raise Refused(what, reply)
    return reply.json()


class Person:
    """Somebody of a country, whose home follows from it."""

    def __init__(self, country, home, label="someone", extra=None, client=CLIENT_ID,
                 username=None):
        word = secrets.token_hex(6)
        self.country, self.home = country, home
        self.email = f"{label}-{word}@example.org"
        self.password = f"Wombat-{word}-7x"
        self.extra = extra or {}
        self.client, self.user_name = client, username
        self.sub = self.tokens = None

    @property
    def username(self):
        """What they sign in with: the address, unless they have a name of their own."""
        return self.user_name or self.email

    def sign_up(self, through=None):
        attributes = {"email": self.email, "custom:country": self.country, **self.extra}
        reply = cognito(
            f"idp.{through or self.home}",
            "SignUp",
            {
                "ClientId": self.client,
                "Username": self.username,
                "Password": self.password,
                "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()],
            },
        )
        self.sub = ok("SignUp", reply)["UserSub"]
        return self

    def read_code(self):
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            reply = ok("outbox", call(self.home, "GET", "/_domicile/outbox"))
            mails = [mail for mail in reply["mails"] if mail["to"] == self.email]
            mails.sort(key=lambda mail: mail["sent_at"], reverse=True)
            code = mails and re.search(r"\b\d{6}\b", mails[0]["text"])
            if code:
                return code.group()
            time.sleep(0.05)
        raise AssertionError(f"no mail with a code arrived at {self.home}")

    def confirm(self, through=None):
        body = {
            "ClientId": self.client,
            "Username": self.username,
            "ConfirmationCode": self.read_code(),
        }
        ok("ConfirmSignUp", cognito(f"idp.{through or self.home}", "ConfirmSignUp", body))
        return self

    def start_sign_in(self, through=None, headers=None):
        """The reply to InitiateAuth, and what can answer its challenge."""
        client = srp.Client(POOLS[self.home])
        body = {
            "ClientId": self.client,
            "AuthFlow": "USER_SRP_AUTH",
            "AuthParameters": {"USERNAME": self.username, "SRP_A": client.srp_a},
        }
        return cognito(f"idp.{through or self.home}", "InitiateAuth", body, headers), client

    def sign_in(self, through=None, headers=None):
        reply, client = self.start_sign_in(through, headers)
        challenge = ok("InitiateAuth", reply)
        body = {
            "ClientId": self.client,
            "ChallengeName": challenge["ChallengeName"],
            "ChallengeResponses": client.answer(challenge["ChallengeParameters"], self.password),
        }
        host = f"idp.{through or self.home}"
        answer = ok("Respond", cognito(host, "RespondToAuthChallenge", body, headers))
        self.tokens = answer["AuthenticationResult"]
        return self.tokens

    def settle(self, through=None):
        """Signs up, confirms and signs in, all through one region."""
        self.sign_up(through).confirm(through).sign_in(through)
        return self

    @property
    def bearer(self):
        return {"Authorization": f"Bearer {self.tokens['AccessToken']}"}

    def api(self, host, method, path, body=None, headers=None, connection=None):
        all_headers = {"Content-Type": "application/json", **self.bearer, **(headers or {})}
        return call(host, method, path, all_headers, body, connection)

    def write(self, text, host=None, date="2026-11-20", **more):
        entry = {"date": date, "mood": 4, "text": text}
        reply = self.api(host or self.home, "POST", "/entries", entry, **more)
        if reply.status != 201:
            raise Refused("POST /entries", reply)
        return reply.json()

    def entries(self, host=None):
        reply = self.api(host or self.home, "GET", "/entries")
        if reply.status != 200:
            raise Refused("GET /entries", reply)
        return reply.json()["entries"]


# --- access keys and SigV4 ------------------------------------------------------------------------


class Key:
    def __init__(self, access_key_id, secret_access_key):
        self.id, self.secret = access_key_id, secret_access_key


def signed(key, region, service, url, body=b"", method="POST", headers=None, when=None):
    """The headers of a request signed by botocore; `when` is what its clock says."""
    request = botocore.awsrequest.AWSRequest(method, url, headers=headers or {}, data=body)
    credentials = botocore.credentials.Credentials(key.id, key.secret)
    signer = botocore.auth.SigV4Auth(credentials, service, region)
    if when is None:
        signer.add_auth(request)
    else:
        with mock.patch("botocore.auth.datetime") as clock:
            clock.datetime.utcnow.return_value = when
            signer.add_auth(request)
    return dict(request.headers.items())


def admin_call(region, method, path, body=None, key=None):
    """A call of the region's admin port, by the operator's key unless another is given."""
    if key is None:
        operator = json.loads((DATA / region / "admin-credentials.json").read_text())
        key = Key(operator["access_key_id"], operator["secret_access_key"])
    port = READY["regions"][region]["admin"]
    data = _encoded(body) or b""
    url = f"http://127.0.0.1:{port}{path}"
    headers = signed(key, region, "domicile-admin", url, data, method)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        return call(None, method, path, headers, data, connection)
    finally:
        connection.close()


def create_key(region, operations=("dynamodb:*",), resources=("table/*",)):
    policy = {"statements": [{"operations": list(operations), "resources": list(resources)}]}
    body = {"description": "black-box tests", "policy": policy}
    made = ok("create key", admin_call(region, "POST", "/keys", body))
    return Key(made["access_key_id"], made["secret_access_key"])


# --- processes ------------------------------------------------------------------------------------


def region_pid(region):
    """The process of a region now: the ready file's is out of date once it was started again."""
    ours = int(os.environ.get("DOMICILE_PID") or 0)
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        serves = b"serve" in words and region.encode() in words
        if serves and str(DATA).encode() in words and (not ours or parent == ours):
            return int(entry.name)
    return READY["regions"][region]["pid"]


def switch(region, action):
    """Starts or stops a region; a start returns when the region answers."""
    return call("front", "POST", f"/regions/{region}/{action}")


def poll(what, condition, deadline_s=15):
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.05)
