#!/usr/bin/python3
"""kill -9 of a region while writes are under way: what was acknowledged is there after the restart
(I5), its people get 503 and are told to come back (I4), and everybody else notices nothing (I7)."""

import json
import os
import signal
import subprocess
import threading
import time
import unittest
import uuid

import world
from world import AU, EU, TABLE, US, Person, call, cognito

WRITERS = 4
WRITES_BEFORE = 60  # acknowledged by the store before the kill
OUTAGE_ROUNDS = 5  # of everybody else, at least, while the region is down


class Loop(threading.Thread):
    """Does something again and again until told to stop."""

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

    def stop(self):
        self.ended.set()
        self.join(60)


class Writer(threading.Thread):
    """Writes until the first failure; remembers what was acknowledged."""

    def __init__(self, write):
        super().__init__(daemon=True)
        self.write, self.acknowledged, self.failure = write, [], None

    def run(self):
        while self.failure is None:
            try:
                self.acknowledged.append(self.write())
            except Exception as failure:
                self.failure = failure


class Store:
    """The document endpoint of a region, by an access key."""

    def __init__(self, region, subject):
        self.region, self.subject = region, subject
        self.key = world.create_key(region)
        self.url = f"http://127.0.0.1:{world.READY['regions'][region]['loopback']}/"

    def call(self, operation, body, connection=None):
        data = json.dumps(body).encode()
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}",
                   "Content-Type": "application/x-amz-json-1.0"}
        headers = world.signed(self.key, self.region, "dynamodb", self.url, data, "POST", headers)
        reply = call(f"loopback:{self.region}", "POST", "/", headers, data, connection)
        return world.ok(operation, reply)

    def put(self, connection=None):
        entry_id, text = str(uuid.uuid4()), f"kept {uuid.uuid4()} " + "x" * 400
        item = {"subject": {"S": self.subject}, "entryId": {"S": entry_id}, "text": {"S": text},
                "date": {"S": "2026-11-20"}, "mood": {"N": "3"}}
        self.call("PutItem", {"TableName": TABLE, "Item": item}, connection)
        return entry_id, text

    def everything(self):
        items, more = {}, {}
        while True:
            page = self.call("Query", {
                "TableName": TABLE,
                "KeyConditionExpression": "subject = :s",
                "ExpressionAttributeValues": {":s": {"S": self.subject}},
                "ConsistentRead": True,
                **more,
            })
            items |= {item["entryId"]["S"]: item["text"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                return items
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def connected_put(store):
    connection = world.connect(f"loopback:{store.region}")
    return lambda: store.put(connection)


class Kill(unittest.TestCase):
    """One outage, in the order in which things happen; the tests look at what was seen."""

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(world.switch, AU, "start")
        cls.addClassCleanup(call, "front", "POST", "/where", {}, b'{"country": null}')
        cls.matilda = Person("AU", AU, "kill").settle()
        cls.unconfirmed = Person("NZ", AU, "kill").sign_up()
        cls.jonas = Person("DE", EU, "kill").settle()
        cls.claire = Person("CA", US, "kill").settle()
        cls.signed_out = Person("AU", AU, "kill").settle()
        cls.signed_out.entries(US)
        body = {"ClientId": world.CLIENT_ID, "Token": cls.signed_out.tokens["RefreshToken"]}
        world.ok("RevokeToken", cognito(f"idp.{AU}", "RevokeToken", body))

        cls.store = Store(AU, cls.matilda.sub)
        writers = [Writer(connected_put(cls.store)) for _ in range(WRITERS)]
        for host in (AU, EU):  # at home, and on the way through another region
            writers.append(Writer(lambda host=host: cls.api_write(host)))
        others = cls.start_others()
        try:
            for writer in writers:
                writer.start()
            world.poll("writes", lambda: cls.enough(writers), 60)
            cls.early = [str(w.failure) for w in writers if w.failure]
            cls.pid = world.region_pid(AU)
            os.kill(cls.pid, signal.SIGKILL)
            for writer in writers:
                writer.join(60)
            world.poll("the front to see it", lambda: cls.state() == "down")
            cls.look_around()
            before = {name: loop.rounds for name, loop in others.items()}
            world.poll(
                "rounds during the outage",
                lambda: all(loop.rounds >= before[name] + OUTAGE_ROUNDS or loop.failures
                            for name, loop in others.items()),
                120,
            )
            cls.look_from_australia([others["a diary through the global name"], others["the page"]])
            cls.restarted = world.switch(AU, "start")
        finally:
            for loop in others.values():
                loop.ended.set()
            for loop in others.values():
                loop.stop()
        cls.writers, cls.others = writers, others

    @classmethod
    def enough(cls, writers):
        written = sum(len(w.acknowledged) for w in writers)
        each = all(w.acknowledged or w.failure for w in writers)
        return any(w.failure for w in writers) or (each and written >= WRITES_BEFORE)

    @classmethod
    def api_write(cls, host):
        text = f"kept {uuid.uuid4()} through {host}"
        return cls.matilda.write(text, host)["entryId"], text

    @classmethod
    def state(cls):
        states = call("front", "GET", "/regions").json()["regions"]
        return next(region["state"] for region in states if region["id"] == AU)

    @classmethod
    def start_others(cls):
        """What people of other regions do all the while."""
        def diary(person, host):
            def step():
                text = f"day {uuid.uuid4()}"
                entry = person.write(text, host)
                if text not in [e["text"] for e in person.entries(host)]:
                    raise AssertionError("the entry does not read back")
                reply = person.api(host, "DELETE", f"/entries/{entry['entryId']}")
                if reply.status != 204:
                    raise world.Refused("DELETE", reply)
            return step

        def get_user(person, host):
            token = {"AccessToken": person.tokens["AccessToken"]}
            return lambda: world.ok("GetUser", cognito(f"idp.{host}", "GetUser", token))

        def sign_in(country, home, host):
            person = Person(country, home, "kill").settle()
            return lambda: person.sign_in(host)

        def sign_up(country, home, through):
            return lambda: Person(country, home, "kill").settle(through)

        # Somebody in Europe who uses the global name is answered by Europe all the while.
        world.ok("where", call("front", "POST", "/where", {}, b'{"country": "DE"}'))
        loops = {
            "a diary at home": Loop(diary(cls.jonas, EU)),
            "a diary through another region": Loop(diary(cls.claire, EU)),
            "a diary through the global name": Loop(diary(cls.jonas, "app")),
            "profile": Loop(get_user(cls.claire, US)),
            "profile through another region": Loop(get_user(cls.jonas, US)),
            "sign-in": Loop(sign_in("US", US, US)),
            "sign-in through another region": Loop(sign_in("FR", EU, US)),
            "sign-up": Loop(sign_up("DE", EU, EU)),
            "sign-up through another region": Loop(sign_up("US", US, EU)),
            "the page": Loop(lambda: world.ok("page", cls.page())),
        }
        for loop in loops.values():
            loop.start()
        return loops

    @classmethod
    def page(cls):
        return call("frontend", "GET", "/domicile.json")

    @classmethod
    def look_around(cls):
        """What a person of the dead region and a stranger get from the others meanwhile."""
        matilda, seen = cls.matilda, {}
        for host in (EU, US, "app"):
            seen[f"read at {host}"] = matilda.api(host, "GET", "/entries")
            body = {"date": "2026-11-20", "mood": 3, "text": "lost at sea"}
            seen[f"write at {host}"] = matilda.api(host, "POST", "/entries", body)
        cls.api_seen, seen = seen, {}
        for region in (EU, US):
            seen[f"sign-in at {region}"] = matilda.start_sign_in(region)[0]
            password = {"USERNAME": matilda.email, "PASSWORD": matilda.password}
            seen[f"password at {region}"] = cls.initiate(region, "USER_PASSWORD_AUTH", password)
            refresh = {"REFRESH_TOKEN": matilda.tokens["RefreshToken"]}
            seen[f"refresh at {region}"] = cls.initiate(region, "REFRESH_TOKEN_AUTH", refresh)
            token = {"AccessToken": matilda.tokens["AccessToken"]}
            seen[f"profile at {region}"] = cognito(f"idp.{region}", "GetUser", token)
            code = {"ClientId": world.CLIENT_ID, "Username": cls.unconfirmed.email,
                    "ConfirmationCode": "123456"}
            seen[f"confirm at {region}"] = cognito(f"idp.{region}", "ConfirmSignUp", code)
            try:
                Person("AU", AU, "kill").sign_up(region)
                seen[f"sign-up at {region}"] = None
            except world.Refused as refusal:
                seen[f"sign-up at {region}"] = refusal.reply
        cls.pool_seen = seen
        cls.strangers = [Person("AU", AU, "stranger").start_sign_in(EU)[0].status
                         for _ in range(60)]
    @classmethod
    def look_from_australia(cls, global_loops):
        """Whoever moves is disconnected from the global names, so that those loops end first."""
        for loop in global_loops:
            loop.stop()
        world.ok("where", call("front", "POST", "/where", {}, b'{"country": "AU"}'))
        entries = cls.matilda.api("app", "GET", "/entries")
        cls.seen_from_australia = (cls.page(), entries)

    def test_nothing_failed_before_the_kill(self):
        self.assertEqual(self.early, [])
        for writer in self.writers:
            self.assertGreater(len(writer.acknowledged), 0)

    def test_the_region_starts_again(self):
        self.assertEqual(self.restarted.status, 200, self.restarted)
        self.assertEqual(self.state(), "up")
        self.assertNotEqual(world.region_pid(AU), self.pid)

    def test_every_acknowledged_write_is_there_afterwards(self):
        acknowledged = dict(entry for w in self.writers for entry in w.acknowledged)
        kept = self.store.everything()
        lost = [entry for entry, text in acknowledged.items() if kept.get(entry) != text]
        self.assertEqual(lost, [], f"{len(lost)} of {len(acknowledged)} are lost")
        shown = {e["entryId"]: e["text"] for e in self.matilda.entries()}
        self.assertLessEqual(acknowledged.items(), shown.items())

    def test_its_people_get_503_and_when_to_come_back(self):
        for what, reply in self.api_seen.items():
            with self.subTest(what):
                self.assertEqual(reply.status, 503, reply)
                self.assertGreater(int(reply.headers["Retry-After"] or 0), 0, reply)
                self.assertTrue(reply.json()["message"])

    def test_signing_in_gets_503_meanwhile(self):
        for what, reply in self.pool_seen.items():
            with self.subTest(what):
                self.assertIsNotNone(reply, "it went through without its home")
                self.assertEqual(reply.status, 503, reply)
                self.assertGreater(int(reply.headers["Retry-After"] or 0), 0, reply)
                self.assertEqual(reply.headers["x-amzn-ErrorType"], "ServiceUnavailableException:")
                self.assertEqual(reply.headers["Access-Control-Allow-Origin"], "*")

    def test_an_outage_does_not_tell_who_exists(self):
        """Strangers have homes, too (I8): the dead region's answer like its people."""
        self.assertIn(503, self.strangers)
        self.assertLessEqual(set(self.strangers), {200, 503})
        self.assertIn(200, self.strangers)

    def test_the_global_name_leads_to_a_region_that_lives(self):
        page, entries = self.seen_from_australia
        self.assertEqual(page.status, 200, page)
        self.assertNotEqual(page.json()["served_by"], AU)
        self.assertEqual(entries.status, 503, entries)
        self.assertTrue(entries.headers["Retry-After"])

    def test_people_of_other_regions_notice_nothing(self):
        for what, loop in self.others.items():
            with self.subTest(what, rounds=loop.rounds):
                self.assertEqual(loop.failures[:5], [], f"{len(loop.failures)} failures")
                self.assertGreaterEqual(loop.rounds, OUTAGE_ROUNDS)

    def test_life_goes_on_afterwards(self):
        tokens_from_before = self.matilda.tokens
        for host in (AU, US, EU):
            self.assertTrue(self.matilda.entries(host))
        self.matilda.sign_in(EU)
        self.matilda.write("back again", US)
        self.unconfirmed.confirm(US).sign_in(US)
        newcomer = Person("AU", AU, "kill").settle(EU)
        self.assertEqual(newcomer.entries(), [])
        refresh = {"REFRESH_TOKEN": tokens_from_before["RefreshToken"]}
        world.ok("refresh", self.initiate(US, "REFRESH_TOKEN_AUTH", refresh))

    def test_what_was_revoked_stays_revoked(self):
        for host in (AU, US):
            self.assertEqual(self.signed_out.api(host, "GET", "/entries").status, 401)

    def test_the_audit_log_holds_through_a_crash(self):
        log = world.DATA / AU / "audit.log"
        done = subprocess.run([world.PROGRAM, "audit", "verify", log], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @staticmethod
    def initiate(region, flow, parameters):
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": flow, "AuthParameters": parameters}
        return cognito(f"idp.{region}", "InitiateAuth", body)


if __name__ == "__main__":
    unittest.main()
