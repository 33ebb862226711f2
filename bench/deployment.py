"""A deployment for the benchmark, of one region or two, and people who sign up in the first."""
import base64
import json
import os
import re
import subprocess
import urllib.request

from harness import Failed, free_port, stop, wait_until

REGION, NEIGHBOUR = "eu-central-1", "us-east-1"
POOL = "Bench1"
CLIENTS = {"RS256": "bench0rs256client", "ES256": "bench0es256client"}
TABLE = "Diary"
MAIL = "bench{}@example.org"
PASSWORD = "Bench-Passw0rd!"

CONFIG = """\
domain: bench.localhost
listen: 127.0.0.1:0
reactors: {reactors}
log: {{requests: {request_log}}}
jurisdictions:
  EU: {{countries: [DE], regions: [{region}]}}{other_jurisdiction}
regions:
  {region}: {{listen: {{http: {http_port}}}{database}}}{other_region}
pools:
  bench:
    id_suffix: {pool}{pool_more}
    clients:
      rs256: {{id: {rs256}, flows: {flows}}}
      es256: {{id: {es256}, flows: {flows}, token_algorithm: ES256}}
    attributes:
      - {{name: email, required: true}}
      - {{name: custom:country, required: true}}
tables:
  {table}:
    partition_key: {{name: subject}}
    sort_key: {{name: entry}}
    resident: {{subject: subject}}
upstreams:
  generator: {{url: ["http://127.0.0.1:{upstream_port}"]}}
routes:
  - {{path: "/diary/{{rest+}}", hosts: [api], upstream: generator, residency: public}}
  - {{path: "/guarded/{{rest+}}", hosts: [api], upstream: generator, authorizer: bench}}
{routes}mail: {{outbox: true}}
{more}"""


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


def public_pem(jwk):
    """SubjectPublicKeyInfo of a JWK (RFC 5280; RFC 8017, A.1.1; RFC 5480)."""
    if jwk["kty"] == "RSA":
        algorithm = der(0x30, bytes.fromhex("06092a864886f70d010101") + b"\x05\x00")
        key = der(0x30, b"".join(der_unsigned(from_base64url(jwk[name])) for name in ("n", "e")))
    else:  # P-256, a point that is not compressed
        algorithm = der(0x30, bytes.fromhex("06072a8648ce3d0201" "06082a8648ce3d030107"))
        key = b"\x04" + from_base64url(jwk["x"]) + from_base64url(jwk["y"])
    info = der(0x30, algorithm + der(0x03, b"\0" + key))
    text = base64.encodebytes(info).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{text}-----END PUBLIC KEY-----\n"


class Deployment:
    """`domicile up` with one region, pinned to a core, and the people who signed up in it."""

    def __init__(self, build, folder, core, upstream_port=9, reactors=1, people=1,
                 request_log=False, database="", neighbour=False, routes="", more="", argon2id=None):
        self.program = os.path.join(build, "domicile")
        self.folder, self.core, self.upstream_port = folder, core, upstream_port
        self.reactors, self.people, self.request_log = reactors, people, request_log
        self.database = database  # of the region, as the configuration has it
        self.neighbour = neighbour  # another region, in another jurisdiction, on the same core
        self.http_port, self.neighbour_port = free_port(), free_port()
        self.routes, self.more = routes, more  # of the configuration, beside what is there
        # (KiB, iterations): passwords are kept so, and nobody signs in by SRP.
        self.argon2id = argon2id
        self.process = None
        self.ready, self.ready_neighbour = {}, {}
        self.tokens = {}  # algorithm -> what a sign-in of the first person gave
        os.makedirs(folder, exist_ok=True)

    def start(self):
        config = os.path.join(self.folder, "domicile.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(
                region=REGION, http_port=self.http_port,
                database=self.database and ", database: " + self.database,
                routes=self.routes, more=self.more,
                other_jurisdiction=self.neighbour and
                f"\n  US: {{countries: [US], regions: [{NEIGHBOUR}]}}" or "",
                other_region=self.neighbour and
                f"\n  {NEIGHBOUR}: {{listen: {{http: {self.neighbour_port}}}}}" or "",
                upstream_port=self.upstream_port, reactors=self.reactors,
                request_log=str(self.request_log).lower(), pool=POOL, table=TABLE,
                rs256=CLIENTS["RS256"],
                es256=CLIENTS["ES256"],
                pool_more=self.argon2id and
                "\n    password: {argon2id: {memory_kib: %d, iterations: %d}}" % self.argon2id or "",
                flows=f"[USER_PASSWORD_AUTH, {'' if self.argon2id else 'USER_SRP_AUTH, '}"
                      "REFRESH_TOKEN_AUTH]"))
        ready = os.path.join(self.folder, "ready.json")
        with open(os.path.join(self.folder, "up.log"), "wb") as log:
            self.process = subprocess.Popen(
                [self.program, "up", config, "--data", os.path.join(self.folder, "data"),
                 "--listen", "127.0.0.1:0", "--ready-file", ready], stdout=log, stderr=log)
        wait_until(lambda: os.path.exists(ready), self.process, "domicile up")
        with open(ready, encoding="utf-8") as file:
            regions = json.load(file)["regions"]
        self.ready, self.ready_neighbour = regions[REGION], regions.get(NEIGHBOUR)
        self.pin(self.core)
        for number in range(self.people):
            self.sign_up(MAIL.format(number))
        for algorithm in CLIENTS if self.people else ():
            self.tokens[algorithm] = self.sign_in(algorithm, MAIL.format(0))

    def stop(self):
        stop(self.process)

    def pid(self):
        return self.ready["pid"]

    def pin(self, cores):
        """All threads of the regions; what `up` itself does is none of a request's path."""
        for ready in filter(None, (self.ready, self.ready_neighbour)):
            subprocess.run(["taskset", "-a", "-p", "-c", str(cores), str(ready["pid"])],
                           stdout=subprocess.DEVNULL, check=True)

    def token(self, algorithm):
        return self.tokens[algorithm]["AccessToken"]

    def bearer(self, algorithm):
        return "Authorization: Bearer " + self.token(algorithm)

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

    def code(self, mail):
        mails = self.get("/_domicile/outbox")["mails"]
        found = [re.search(r"\b\d{6}\b", sent["text"]) for sent in mails if sent["to"] == mail]
        return found[0].group() if found and found[0] else None

    def sign_up(self, mail):
        client = CLIENTS["RS256"]
        attributes = {"email": mail, "custom:country": "DE"}
        self.call("SignUp", ClientId=client, Username=mail, Password=PASSWORD,
                  UserAttributes=[{"Name": n, "Value": v} for n, v in attributes.items()])
        wait_until(lambda: self.code(mail), self.process, "the mail with the code")
        self.call("ConfirmSignUp", ClientId=client, Username=mail,
                  ConfirmationCode=self.code(mail))

    def sign_in(self, algorithm, mail):
        reply = self.call("InitiateAuth", ClientId=CLIENTS[algorithm],
                          AuthFlow="USER_PASSWORD_AUTH",
                          AuthParameters={"USERNAME": mail, "PASSWORD": PASSWORD})
        return reply["AuthenticationResult"]

    def subjects(self):
        return [json.loads(from_base64url(
            self.sign_in("ES256", MAIL.format(number))["AccessToken"].split(".")[1]))["sub"]
            for number in range(self.people)]

    def access_key(self, *operations):
        """(id, secret) of a key that may do this, or everything with the tables."""
        more = ["--operations", ",".join(operations)] if operations else []
        made = subprocess.run(
            [self.program, "keys", "create", "--data", os.path.join(self.folder, "data"),
             "--region", REGION, *more], stdout=subprocess.PIPE, check=True, text=True).stdout
        # A secret is base64 and may begin with + or /.
        found = [re.search(f"^{name}=(.+)$", made, re.MULTILINE)
                 for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
        if not all(found):
            raise Failed("domicile keys create printed something else: " + made)
        return tuple(match.group(1) for match in found)

    def write_jwt_files(self, folder):
        """What HAProxy needs: the keys of the tokens, and a map from the subject to a home."""
        os.makedirs(folder, exist_ok=True)
        keys = self.get("/.well-known/jwks.json")["keys"]
        for algorithm in CLIENTS:
            header, claims = (json.loads(from_base64url(part))
                              for part in self.token(algorithm).split(".")[:2])
            jwk = next(key for key in keys if key["kid"] == header["kid"])
            with open(os.path.join(folder, algorithm + ".pem"), "w", encoding="utf-8") as file:
                file.write(public_pem(jwk))
            with open(os.path.join(folder, "users.map"), "w", encoding="utf-8") as file:
                file.write(claims["sub"] + " eu\n")

    def write_tls_file(self, path):
        """The region's own certificate and key, as HAProxy wants them."""
        with open(path, "w", encoding="utf-8") as out:
            for end in ("pem", "key"):
                with open(os.path.join(self.ready["data"], "tls." + end), encoding="utf-8") as file:
                    out.write(file.read())
