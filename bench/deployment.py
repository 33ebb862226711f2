"""A deployment of one region for the benchmark, and a person who signs up in it."""
import base64
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

REGION = "eu-central-1"
CLIENT = "bench0client0bench0client0"
MAIL = "bench@example.org"
PASSWORD = "Bench-Passw0rd!"

CONFIG = """\
domain: bench.localhost
listen: 127.0.0.1:0
jurisdictions:
  EU: {{countries: [DE], regions: [{region}]}}
regions:
  {region}: {{listen: {{http: {http_port}}}}}
pools:
  bench:
    id_suffix: Bench1
    clients:
      web: {{id: {client}, flows: [USER_PASSWORD_AUTH]}}
    attributes:
      - {{name: email, required: true}}
      - {{name: custom:country, required: true}}
upstreams:
  generator: {{url: ["http://127.0.0.1:{upstream_port}"]}}
routes:
  - {{path: "/diary/{{rest+}}", hosts: [api], upstream: generator, residency: public}}
  - {{path: "/guarded/{{rest+}}", hosts: [api], upstream: generator, authorizer: bench}}
mail: {{outbox: true}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(ready, process, what, deadline_s=30):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit(f"{what}: the program ended with {process.returncode}")
        if ready():
            return
        time.sleep(0.02)
    sys.exit(f"{what}: not in {deadline_s} s")


def wait_for(port, process):
    def listens():
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            return False

    wait_until(listens, process, f"waiting for port {port}")


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def der_unsigned(raw):
    """A leading zero keeps a number with its top bit set from being negative."""
    return der(0x02, (b"\0" if raw[0] & 0x80 else b"") + raw)


def rsa_pem(jwk):
    """SubjectPublicKeyInfo of a JWK (RFC 5280; RFC 8017, A.1.1)."""
    numbers = [der_unsigned(from_base64url(jwk[name])) for name in ("n", "e")]
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101") + b"\x05\x00")
    info = der(0x30, algorithm + der(0x03, b"\0" + der(0x30, b"".join(numbers))))
    text = base64.encodebytes(info).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


class Deployment:
    def __init__(self, build, folder, upstream_port):
        self.program = os.path.join(build, "domicile")
        self.folder = folder
        self.upstream_port = upstream_port
        self.http_port = free_port()
        self.process = None
        self.ready = {}
        self.token = ""

    def start(self):
        config = os.path.join(self.folder, "domicile.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(region=REGION, client=CLIENT, http_port=self.http_port,
                                     upstream_port=self.upstream_port))
        ready = os.path.join(self.folder, "ready.json")
        with open(os.path.join(self.folder, "up.log"), "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "up", config, "--data", os.path.join(self.folder, "data"),
                 "--listen", "127.0.0.1:0", "--ready-file", ready], stdout=log)
        wait_until(lambda: os.path.exists(ready), self.process, "domicile up")
        with open(ready, encoding="utf-8") as file:
            self.ready = json.load(file)["regions"][REGION]
        self.sign_up()

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()

    def pin(self, core):
        """All threads of the region; what `up` itself does is none of a request's path."""
        subprocess.run(["taskset", "-a", "-p", "-c", str(core), str(self.ready["pid"])],
                       stdout=subprocess.DEVNULL, check=True)

    def get(self, path):
        with urllib.request.urlopen(self.loopback() + path, timeout=10) as reply:
            return json.load(reply)

    def loopback(self):
        return f"http://127.0.0.1:{self.ready['loopback']}"

    def call(self, operation, **members):
        request = urllib.request.Request(
            self.loopback() + "/", json.dumps(members).encode(),
            {"Content-Type": "application/x-amz-json-1.1",
             "X-Amz-Target": "AWSCognitoIdentityProviderService." + operation})
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def code(self):
        mails = self.get("/_domicile/outbox")["mails"]
        found = [re.search(r"\b\d{6}\b", mail["text"]) for mail in mails if mail["to"] == MAIL]
        return found[0].group() if found and found[0] else None

    def sign_up(self):
        attributes = {"email": MAIL, "custom:country": "DE"}
        self.call("SignUp", ClientId=CLIENT, Username=MAIL, Password=PASSWORD,
                  UserAttributes=[{"Name": n, "Value": v} for n, v in attributes.items()])
        wait_until(self.code, self.process, "the mail with the code")
        self.call("ConfirmSignUp", ClientId=CLIENT, Username=MAIL, ConfirmationCode=self.code())
        reply = self.call("InitiateAuth", ClientId=CLIENT, AuthFlow="USER_PASSWORD_AUTH",
                          AuthParameters={"USERNAME": MAIL, "PASSWORD": PASSWORD})
        self.token = reply["AuthenticationResult"]["AccessToken"]

    def write_jwt_files(self, folder):
        """What HAProxy needs: the key of the token, and a map from its subject to a home."""
        os.makedirs(folder)
        header, claims = (json.loads(from_base64url(part)) for part in self.token.split(".")[:2])
        keys = self.get("/.well-known/jwks.json")["keys"]
        jwk = next(key for key in keys if key["kid"] == header["kid"])
        with open(os.path.join(folder, "RS256.pem"), "w", encoding="utf-8") as file:
            file.write(rsa_pem(jwk))
        with open(os.path.join(folder, "users.map"), "w", encoding="utf-8") as file:
            file.write(claims["sub"] + " eu\n")
