#!/usr/bin/python3
"""Whether answers to what concerns somebody take as long as to what concerns nobody (I8), for homes
in every region, asked there and elsewhere.

For each operation requests about known and unknown identifiers take turns in random order, each
identifier once, so that no limit and no cache of an identifier is what is measured. The times are
compared by rank (Mann-Whitney U): the chance that one about somebody takes longer than one about
nobody is to be a half, plus or minus a tenth. No time is compared with a limit, so a slow machine
changes nothing. By chance one comparison in two hundred is beyond that; to the same side in a second sample
too, one in seventy thousand. A difference is.

Unknown identifiers are taken so that their decoy home is the known ones' home: to forward a request
takes longer than to answer it, and that it does is the last test, which shows that differences are
found."""

import base64
import contextlib
import functools
import gc
import hashlib
import hmac
import json
import os
import random
import re
import secrets
import socket
import sys
import threading
import time
import unittest

import variant

# Its counters of attempts and its mails are nobody else's.
variant.run(__file__, lambda text: text.replace(
    "    id_suffix: ", "    email_otp: true\n    id_suffix: ", 1).replace(
    "REFRESH_TOKEN_AUTH]", "REFRESH_TOKEN_AUTH, USER_AUTH]", 1))

import world  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, READY, REGIONS, US, call, ok, srp  # noqa: E402

COUNTRIES = {AU: "AU", EU: "DE", US: "US"}
# The home, and where it is asked: each home, there and elsewhere.
PAIRS = [(EU, EU), (EU, US), (US, EU), (AU, AU)]
SAMPLE = int(os.environ.get("SAMPLE", 130))
PEOPLE = 2 * SAMPLE  # of each home
BOUND = 0.1
PASSWORD = f"Wombat-{secrets.token_hex(6)}-7x"
SRP_A = srp.Client(POOLS[EU]).srp_a


def chance(longer, than):
    """That one of the first is above one of the second: U / (n m), ties counted as halves."""
    ranked = sorted([(value, 1) for value in longer] + [(value, 0) for value in than])
    sum_of_ranks, i = 0.0, 0
    while i < len(ranked):
        j = i
        while j < len(ranked) and ranked[j][0] == ranked[i][0]:
            j += 1
        middle = (i + 1 + j) / 2
        sum_of_ranks += middle * sum(first for _, first in ranked[i:j])
        i = j
    n = len(longer)
    return (sum_of_ranks - n * (n + 1) / 2) / (n * len(than))


# --- who is asked about ---------------------------------------------------------------------------


def pepper():
    text = (DATA / "shared" / "pepper").read_bytes().strip()
    return bytes.fromhex(text.decode()) if len(text) == 64 else text


def decoy_home(address, key=pepper()):
    """As src/directory does it: docs/formats/directory.md."""
    def text(value):
        return len(value).to_bytes(4, "big") + value

    message = (b"domicile subject key" + (1).to_bytes(8, "big")
               + text(POOLS[EU].split("_")[1].encode()) + b"\x01" + text(address.encode()))
    subject = hmac.digest(key, message, hashlib.sha256)[:16]
    mac = hmac.digest(key, b"decoy" + subject, hashlib.sha256)
    return REGIONS[int.from_bytes(mac[:8], "big") % len(REGIONS)]


def address():
    return f"person-{secrets.token_hex(6)}@example.org"


def nobody_of(home):
    while True:
        made = address()
        if decoy_home(made) == home:
            return made


# --- requests -------------------------------------------------------------------------------------


class Line:
    """A keep-alive connection to a region, with as little as possible beside what is measured."""

    def __init__(self, region):
        self.socket = socket.create_connection(
            ("127.0.0.1", READY["regions"][region]["loopback"]), timeout=world.TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, operation, body):
        """Seconds, status, body."""
        text = json.dumps({"ClientId": CLIENT_ID, **body}).encode()
        data = (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
                f"X-Amz-Target: AWSCognitoIdentityProviderService.{operation}\r\n"
                f"Content-Length: {len(text)}\r\n\r\n").encode() + text
        began = time.perf_counter_ns()
        self.socket.sendall(data)
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self.receive()
        size = int(re.search(rb"(?i)content-length: (\d+)", received).group(1))
        while len(received) < end + 4 + size:
            received += self.receive()
        taken = time.perf_counter_ns() - began
        return taken, int(received[9:12]), json.loads(received[end + 4:] or b"{}")

    def receive(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the region closed the connection")
        return piece

    def close(self):
        self.socket.close()


def sign_up_body(username, country):
    attributes = {"email": username, "custom:country": country}
    return {"Username": username, "Password": PASSWORD,
            "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()]}


def settle(home, people):
    line = Line(home)
    with contextlib.closing(line):
        for i in range(0, len(people), 40):
            some = people[i:i + 40]
            for person in some:
                _, status, body = line.ask("SignUp", sign_up_body(person, COUNTRIES[home]))
                assert status == 200, body
            mails = ok("outbox", call(home, "GET", "/_domicile/outbox"))["mails"]
            codes = {mail["to"]: re.search(r"\d{6}", mail["text"]).group() for mail in mails}
            for person in some:
                _, status, body = line.ask(
                    "ConfirmSignUp", {"Username": person, "ConfirmationCode": codes[person]})
                assert status == 200, body


def password(line, username):
    return line.ask("InitiateAuth", {
        "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": {"USERNAME": username, "PASSWORD": "Wombat-wrong-7x"}})


def srp_start(line, username):
    return line.ask("InitiateAuth", {
        "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": username, "SRP_A": SRP_A}})


def srp_answer(line, username):
    _, status, challenge = srp_start(line, username)
    assert status == 200, challenge
    given = challenge["ChallengeParameters"]
    return line.ask("RespondToAuthChallenge", {
        "ChallengeName": "PASSWORD_VERIFIER",
        "ChallengeResponses": {
            "USERNAME": given["USER_ID_FOR_SRP"],
            "PASSWORD_CLAIM_SECRET_BLOCK": given["SECRET_BLOCK"], "TIMESTAMP": srp.timestamp(),
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(bytes(32)).decode()}})


def recovery(line, username):
    return line.ask("ForgotPassword", {"Username": username})


def resending(line, username):
    return line.ask("ResendConfirmationCode", {"Username": username})


def mailed_code(line, username):
    return line.ask("InitiateAuth", {
        "AuthFlow": "USER_AUTH",
        "AuthParameters": {"USERNAME": username, "PREFERRED_CHALLENGE": "EMAIL_OTP"}})


def mailed_code_answer(line, username):
    _, status, challenge = mailed_code(line, username)
    assert status == 200, challenge
    return line.ask("RespondToAuthChallenge", {
        "ChallengeName": "EMAIL_OTP", "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": username, "EMAIL_OTP_CODE": "x"}})


def confirming(line, username):
    return line.ask("ConfirmSignUp", {"Username": username, "ConfirmationCode": "x"})


class Timing(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known = {home: [address() for _ in range(PEOPLE)] for home in REGIONS}
        workers = [threading.Thread(target=settle, args=item) for item in cls.known.items()]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        gc.disable()

    @classmethod
    def tearDownClass(cls):
        gc.enable()

    def times(self, through, ask, ones, others):
        """Of requests about both, in turns; all are answered alike."""
        out, answers = ([], []), set()
        line = Line(through)
        with contextlib.closing(line):
            for pair in zip(ones, others):
                for which in random.sample((0, 1), 2):
                    taken, status, body = ask(line, pair[which])
                    out[which].append(taken)
                    answers.add((status, body.get("__type")))
        self.assertEqual(len(answers), 1, answers)
        return chance(*out)

    def compare(self, what, through, ask, known, unknown, first=0):
        """`known` gives the people of one of two halves, `unknown` as many others."""
        seen = self.times(through, ask, known(first), unknown())
        if os.environ.get("VERBOSE"):
            print(f"{what}: {seen:.3f}", file=sys.stderr)
        if abs(seen - 0.5) <= BOUND:
            return
        again = self.times(through, ask, known(1 - first), unknown())
        least = min(seen, again) - 0.5 if seen > 0.5 else 0.5 - max(seen, again)
        self.assertLessEqual(
            least, BOUND,
            f"{what}: one about somebody takes longer in {seen:.2f}, then {again:.2f} of all pairs")

    def half(self, home, which):
        return self.known[home][SAMPLE * which:][:SAMPLE]

    def each_pair(self, ask):
        for at, (home, through) in enumerate(PAIRS):
            with self.subTest(home=home, through=through):
                self.compare(f"{ask.__name__} {home} through {through}", through, ask,
                             functools.partial(self.half, home),
                             lambda h=home: [nobody_of(h) for _ in range(SAMPLE)], at % 2)

    def test_signing_in_by_password(self):
        self.each_pair(password)

    def test_beginning_to_sign_in_by_srp(self):
        self.each_pair(srp_start)

    def test_signing_in_by_srp(self):
        self.each_pair(srp_answer)

    def test_recovery(self):
        self.each_pair(recovery)

    def test_resending(self):
        self.each_pair(resending)

    def test_asking_for_a_mailed_code(self):
        self.each_pair(mailed_code)

    def test_answering_with_a_mailed_code(self):
        self.each_pair(mailed_code_answer)

    def test_confirming(self):
        self.each_pair(confirming)

    def test_signing_up(self):
        for at, (owner, home, through) in enumerate(
                ((EU, EU, EU), (US, EU, EU), (AU, US, EU), (US, US, US))):
            with self.subTest(owner=owner, home=home, through=through):
                def signing_up(line, username, country=COUNTRIES[home]):
                    return line.ask("SignUp", sign_up_body(username, country))

                self.compare(f"sign-up with {owner}'s at {home} through {through}", through,
                             signing_up, functools.partial(self.half, owner),
                             lambda: [address() for _ in range(SAMPLE)], at % 2)

    def test_whether_a_request_is_forwarded_is_seen(self):
        seen = self.times(EU, password, [nobody_of(US) for _ in range(SAMPLE)],
                          [nobody_of(EU) for _ in range(SAMPLE)])
        self.assertGreater(seen, 0.5 + BOUND)


if __name__ == "__main__":
    unittest.main()
