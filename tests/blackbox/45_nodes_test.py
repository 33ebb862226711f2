#!/usr/bin/python3
"""A region of two nodes on one PostgreSQL: what one does the other knows, within a stated time; a
rolling restart under load fails no request; nodes killed at random lose nothing that was
acknowledged, and no identifier gets two homes."""

import http.client
import json
import os
import pathlib
import random
import secrets
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import unittest
import uuid

import postgres
import variant

EU_LINE = "  eu-central-1: {latitude: 50.11, longitude: 8.68}"


def make_server():
    return postgres.Server("domicile", "domicile_keys")


def two_nodes(text, server):
    database = f'{{engine: postgres, endpoints: ["{server.endpoint()}"], name: domicile}}'
    line = f"{EU_LINE[:-1]}, nodes: 2, database: {database}}}"
    # Two who contend for an address read the same mailbox here: the loser has to be told.
    told = text.replace("    id_suffix: ", "    reveal_existing: true\n    id_suffix: ", 1)
    return told.replace(EU_LINE, line)


variant.run_beside(__file__, make_server, two_nodes)

import world  # noqa: E402
import srp  # noqa: E402  (found by way of world)
from world import AU, EU, TABLE, US, Person, cognito  # noqa: E402

NODES = (1, 2)
ROUNDS = 3  # of a rolling restart
CHAOS_S = 20
REVOKED_MAX_S = 11  # docs/nodes.md


# --- nodes ----------------------------------------------------------------------------------------


def ports(node):
    return world.READY["regions"][EU]["nodes"][node - 1]


def node_pid(node):
    ours = int(os.environ["DOMICILE_PID"])
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == ours and EU.encode() in words and b"--node" in words:
            if words[words.index(b"--node") + 1] == str(node).encode():
                return int(entry.name)
    return None


def states():
    regions = world.call("front", "GET", "/regions").json()["regions"]
    eu = next(region for region in regions if region["id"] == EU)
    return {entry["node"]: entry["state"] for entry in eu["nodes"]}


def idp(node):
    """The AWS dialects of one node."""
    return http.client.HTTPConnection("127.0.0.1", ports(node)["loopback"], timeout=20)


class PastTheFront(http.client.HTTPSConnection):
    """To one node's TLS port, as the front would connect."""

    def __init__(self, node):
        super().__init__(f"{EU}.{world.DOMAIN}", timeout=20)
        self.node = node

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", ports(self.node)["https"]), timeout=20)
        local = socket.inet_aton("127.0.0.1") * 2 + struct.pack("!HH", 40000, 443)
        plain.sendall(b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", len(local)) + local)
        self.sock = world._tls.wrap_socket(plain, server_hostname=self.host)


def at(node, operation, body):
    connection = idp(node)
    try:
        return cognito(None, operation, {"ClientId": world.CLIENT_ID, **body}, None, connection)
    finally:
        connection.close()


def entries(node, person):
    connection = PastTheFront(node)
    try:
        return person.api(None, "GET", "/entries", connection=connection)
    finally:
        connection.close()


class Crosswise(unittest.TestCase):
    """One step here, the next one there."""

    def sign_up(self, node):
        person = Person("DE", EU, "nodes")
        attributes = {"email": person.email, "custom:country": "DE"}
        body = {"Username": person.email, "Password": person.password,
                "UserAttributes": [{"Name": k, "Value": v} for k, v in attributes.items()]}
        person.sub = world.ok("SignUp", at(node, "SignUp", body))["UserSub"]
        return person

    def confirm(self, node, person):
        body = {"Username": person.email, "ConfirmationCode": person.read_code()}
        world.ok("ConfirmSignUp", at(node, "ConfirmSignUp", body))

    def sign_in(self, first, second, person, password=None):
        client = srp.Client(world.POOLS[EU])
        body = {"AuthFlow": "USER_SRP_AUTH",
                "AuthParameters": {"USERNAME": person.email, "SRP_A": client.srp_a}}
        challenge = world.ok("InitiateAuth", at(first, "InitiateAuth", body))
        answers = client.answer(challenge["ChallengeParameters"], password or person.password)
        return at(second, "RespondToAuthChallenge",
                  {"ChallengeName": challenge["ChallengeName"], "ChallengeResponses": answers})

    def settled(self):
        person = self.sign_up(1)
        self.confirm(2, person)
        reply = world.ok("Respond", self.sign_in(1, 2, person))
        person.tokens = reply["AuthenticationResult"]
        return person

    def test_each_step_of_a_life_may_go_to_another_node(self):
        person = self.settled()
        for node in NODES:
            self.assertEqual(entries(node, person).status, 200)
        refresh = {"AuthFlow": "REFRESH_TOKEN_AUTH",
                   "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]}}
        fresh = world.ok("refresh", at(1, "InitiateAuth", refresh))
        person.tokens["AccessToken"] = fresh["AuthenticationResult"]["AccessToken"]
        self.assertEqual(entries(2, person).status, 200)

    def test_a_code_may_be_guessed_as_often_at_two_nodes_as_at_one(self):
        person = self.sign_up(1)
        right = person.read_code()
        wrong = "000000" if right != "000000" else "000001"
        said = []
        for attempt in range(6):
            reply = at(1 + attempt % 2, "ConfirmSignUp",
                       {"Username": person.email, "ConfirmationCode": wrong})
            said.append(reply.json()["__type"])
        self.assertEqual(said, ["CodeMismatchException"] * 5 + ["ExpiredCodeException"])

    def test_guesses_of_a_password_are_counted_together(self):
        person = self.settled()
        for attempt in range(5):
            reply = self.sign_in(1 + attempt % 2, 1 + attempt % 2, person, "Falsch-12345")
            self.assertEqual(reply.json()["__type"], "NotAuthorizedException")
        reply = self.sign_in(1, 1, person)
        self.assertIn("attempt", reply.json()["message"].lower())
        reply = self.sign_in(2, 2, person, "Falsch-12345")
        self.assertIn("attempt", reply.json()["message"].lower())

    def test_a_revoked_token_is_refused_by_the_other_node_within_the_stated_time(self):
        person = self.settled()
        for node in NODES:
            self.assertEqual(entries(node, person).status, 200)
        world.ok("RevokeToken", at(1, "RevokeToken", {"Token": person.tokens["RefreshToken"]}))
        revoked = time.monotonic()
        self.assertEqual(entries(1, person).status, 401)
        world.poll("the other node", lambda: entries(2, person).status == 401, REVOKED_MAX_S)
        print(f"revoked at the other node after {time.monotonic() - revoked:.2f} s")
        refresh = {"AuthFlow": "REFRESH_TOKEN_AUTH",
                   "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]}}
        self.assertEqual(at(2, "InitiateAuth", refresh).status, 400)

    def test_both_publish_the_same_keys(self):
        found = set()
        for node in NODES:
            connection = PastTheFront(node)
            reply = world.call(None, "GET", f"/{world.POOLS[EU]}/.well-known/jwks.json",
                               {"Host": f"idp.{EU}.{world.DOMAIN}:{world.PORT}"}, None, connection)
            connection.close()
            found.add(tuple(sorted(key["kid"] for key in reply.json()["keys"])))
        self.assertEqual(len(found), 1, found)

    def test_one_of_them_sweeps(self):
        def sweepers():
            out = []
            for node in NODES:
                connection = http.client.HTTPConnection("127.0.0.1", ports(node)["admin"],
                                                        timeout=20)
                text = world.call(None, "GET", "/metrics", {}, None, connection).body.decode()
                connection.close()
                out.append([line for line in text.splitlines()
                            if line.startswith("domicile_region_")])
            return out

        def settled():
            both = [dict(line.rsplit(" ", 1) for line in lines) for lines in sweepers()]
            named = [{key.partition("{")[0]: value for key, value in node.items()} for node in both]
            return (sum(float(node["domicile_region_sweeper"]) for node in named) == 1 and
                    all(float(node["domicile_region_nodes"]) == 2 for node in named))

        world.poll("one sweeper of two nodes", settled, 20)

    def test_a_third_process_is_refused(self):
        for words, said in (("--node 2", "already runs"), ("--node 3", "2 node(s)")):
            done = subprocess.run([world.PROGRAM, "serve", "--data", world.DATA, "--region", EU,
                                   *words.split()], capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(said, done.stderr)
        done = subprocess.run([world.PROGRAM, "serve", "--data", world.DATA, "--region", US,
                               "--node", "2"], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("SQLite", done.stderr)

    def test_the_logs_of_all_nodes_are_the_evidence(self):
        files = [world.DATA / EU / "audit.log", world.DATA / EU / "node-2" / "audit.log"]
        done = subprocess.run([world.PROGRAM, "audit", "verify", *files], capture_output=True,
                              text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(done.stdout.count("The chain holds"), 2, done.stdout)


# --- under load -----------------------------------------------------------------------------------


class Kept:
    """A connection kept over many requests. One that a server closed after an earlier answer,
    without a byte of the next, is what RFC 9112, 9.3.1 tells clients to expect: asked anew."""

    def __init__(self, host):
        self.host, self.connection, self.used = host, None, False

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection, self.used = None, False

    def call(self, method, path, headers=None, body=None):
        while True:
            if self.connection is None:
                self.connection = world.connect(self.host)
                self.connection.connect()
            used = self.used
            try:
                reply = world.call(self.host, method, path, headers, body, self.connection)
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError):
                self.close()
                if used:
                    continue
                raise
            except Exception:
                self.close()
                raise
            self.used = True
            if (reply.headers.get("Connection") or "").lower() == "close":
                self.close()
            return reply


class Store:
    """The region's documents by an access key, through the front."""

    def __init__(self, person):
        self.person, self.key = person, world.create_key(EU)
        self.host = f"dynamodb.{EU}"
        self.url = f"https://{self.host}.{world.DOMAIN}:{world.PORT}/"
        self.acknowledged, self.kept = {}, Kept(self.host)

    def call(self, operation, body):
        data = json.dumps(body).encode()
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}",
                   "Content-Type": "application/x-amz-json-1.0"}
        headers = world.signed(self.key, EU, "dynamodb", self.url, data, "POST", headers)
        return world.ok(operation, self.kept.call("POST", "/", headers, data))

    def put(self):
        entry_id, text = str(uuid.uuid4()), secrets.token_hex(20)
        item = {"subject": {"S": self.person.sub}, "entryId": {"S": entry_id}, "text": {"S": text},
                "date": {"S": "2026-11-20"}, "mood": {"N": "3"}}
        self.call("PutItem", {"TableName": TABLE, "Item": item})
        self.acknowledged[entry_id] = text

    def everything(self):
        items, more = {}, {}
        while True:
            page = self.call("Query", {
                "TableName": TABLE, "KeyConditionExpression": "subject = :s",
                "ExpressionAttributeValues": {":s": {"S": self.person.sub}},
                "ConsistentRead": True, **more})
            items |= {item["entryId"]["S"]: item["text"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                return items
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


class Loop(threading.Thread):
    def __init__(self, step):
        super().__init__(daemon=True)
        self.step, self.ended = step, threading.Event()
        self.rounds, self.failures = 0, []

    def run(self):
        while not self.ended.is_set():
            try:
                self.step()
                self.rounds += 1
            except Exception as failure:
                self.failures.append(f"{time.time():.3f} {type(failure).__name__}: {failure}")
                self.ended.wait(0.05)


def reading(person, host):
    kept = Kept(host)

    def step():
        reply = kept.call("GET", "/entries", person.bearer)
        if reply.status != 200:
            raise world.Refused("GET /entries", reply)
    return step


class Rolling(unittest.TestCase):
    """The nodes are restarted one after the other, again and again, under load."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(world.switch, EU, "start")
        person, other = (Person("DE", EU, "roll").settle() for _ in range(2))
        cls.store = Store(person)
        cls.loops = {
            "sign-ins": Loop(other.sign_in),
            "sign-ups": Loop(lambda: Person("DE", EU, "roll").settle()),
            "documents": Loop(cls.store.put),
            "gateway calls": Loop(reading(person, EU)),
            "gateway calls too": Loop(reading(person, EU)),
        }
        cls.statuses = []
        for loop in cls.loops.values():
            loop.start()
        try:
            for _ in range(ROUNDS):
                for node in NODES:
                    cls.restart(node)
        finally:
            for loop in cls.loops.values():
                loop.ended.set()
            for loop in cls.loops.values():
                loop.join(60)

    @classmethod
    def restart(cls, node):
        before = {name: loop.rounds for name, loop in cls.loops.items()}
        world.poll("answers", lambda: all(loop.rounds >= before[name] + 3 or loop.failures
                                          for name, loop in cls.loops.items()), 60)
        os.kill(node_pid(node), signal.SIGTERM)
        world.poll("its end", lambda: states()[node] == "down", 30)
        reply = world.switch(EU, "start")
        assert reply.status == 200, reply

    def test_no_request_failed(self):
        for name, loop in self.loops.items():
            with self.subTest(name, rounds=loop.rounds):
                self.assertEqual(loop.failures[:5], [], f"{len(loop.failures)} failures")
                self.assertGreater(loop.rounds, 3 * ROUNDS)

    def test_what_was_acknowledged_is_there(self):
        self.assertEqual(self.store.everything(), self.store.acknowledged)


class Contest:
    """Two sign up for one address, in two regions or at two nodes of one. What they were told is
    the history."""

    def __init__(self, countries):
        word = secrets.token_hex(6)
        self.email = f"contest-{word}@example.org"
        self.people = []
        for country, home in countries:
            person = Person(country, home, "contest")
            person.email = self.email
            self.people.append(person)
        self.confirmed = [None] * len(self.people)  # None: nobody knows

    def run(self):
        both = [threading.Thread(target=self.take_part, args=(i,)) for i in range(len(self.people))]
        for one in both:
            one.start()
        for one in both:
            one.join()

    def take_part(self, index):
        person = self.people[index]
        try:
            person.sign_up()
        except world.Refused as refused:
            if refused.reply.status == 400:
                self.confirmed[index] = False  # for certain: somebody else has it
            return
        except OSError:
            return
        for _ in range(40):  # the node may be down; the code stays good for five wrong tries
            try:
                person.confirm()
                self.confirmed[index] = True
                return
            except (world.Refused, AssertionError, OSError, http.client.HTTPException):
                time.sleep(0.1)


class Chaos(unittest.TestCase):
    """Nodes are killed at random under mixed load; then everything that was said is checked."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(world.switch, EU, "start")
        seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
        print(f"SEED={seed}")
        cls.dice = random.Random(seed)
        owner = Person("DE", EU, "chaos").settle()
        cls.store = Store(owner)
        cls.contests, cls.lock = [], threading.Lock()
        cls.loops = {"documents": Loop(cls.store.put), "reads": Loop(reading(owner, EU)),
                     "one region": Loop(lambda: cls.contest([("DE", EU), ("FR", EU)])),
                     "two regions": Loop(lambda: cls.contest([("DE", EU), ("AU", AU)]))}
        for loop in cls.loops.values():
            loop.start()
        cls.kills, cls.outages = 0, 0
        end = time.monotonic() + CHAOS_S
        while time.monotonic() < end:
            cls.kill_one()
        for loop in cls.loops.values():
            loop.ended.set()
        for loop in cls.loops.values():
            loop.join(120)
        assert world.switch(EU, "start").status == 200
        print(f"{cls.kills} kills, {len(cls.store.acknowledged)} documents, "
              f"{len(cls.contests)} contests, "
              f"{ {name: len(loop.failures) for name, loop in cls.loops.items()} } failures")

    @classmethod
    def contest(cls, countries):
        contest = Contest(countries)
        with cls.lock:
            cls.contests.append(contest)
        contest.run()
        time.sleep(0.2)  # some hundred are enough: each is checked in the end

    @classmethod
    def kill_one(cls):
        node = cls.dice.choice(NODES)
        pid = node_pid(node)
        if pid:
            os.kill(pid, signal.SIGKILL)
            cls.kills += 1
            world.poll("its end", lambda: states()[node] == "down", 30)
            # One node is left: the region is not down.
            reply = world.call(EU, "GET", "/.well-known/none")
            cls.outages += reply.status >= 500
        time.sleep(cls.dice.uniform(0, 0.5))  # the moment of the next kill
        assert world.switch(EU, "start").status == 200
        time.sleep(cls.dice.uniform(0, 0.5))

    def test_a_killed_node_was_no_outage_of_the_region(self):
        self.assertGreater(self.kills, 3)
        self.assertEqual(self.outages, 0)

    def test_no_acknowledged_document_is_lost(self):
        found = self.store.everything()
        self.assertGreater(len(self.store.acknowledged), 10)
        lost = {key: text for key, text in self.store.acknowledged.items()
                if found.get(key) != text}
        self.assertEqual(lost, {})

    def test_each_address_has_one_home_and_it_is_the_acknowledged_one(self):
        settled = 0
        for contest in self.contests:
            won = [i for i, said in enumerate(contest.confirmed) if said]
            self.assertLessEqual(len(won), 1, contest.email)
            able = [i for i, person in enumerate(contest.people) if self.can_sign_in(person)]
            self.assertLessEqual(len(able), 1, contest.email)
            if won:
                settled += 1
                self.assertEqual(able, won, contest.email)
        print(f"{settled} of {len(self.contests)} contests had an acknowledged winner")
        self.assertGreater(settled, 3)

    @staticmethod
    def can_sign_in(person):
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": person.email, "PASSWORD": person.password}}
        reply = cognito(f"idp.{person.home}", "InitiateAuth", body)
        assert reply.status in (200, 400), reply
        return reply.status == 200


if __name__ == "__main__":
    unittest.main()
