#!/usr/bin/python3
"""A region stops gracefully: not ready first, then nothing new, and whatever it has taken is
answered whole (docs/lifecycle.md). Seen by the process's own exit status and, over restarts behind
the front, by clients that never stop asking."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
import unittest

import own
import world
from own import REGION
from world import EU, US, Person


class OneRegion(unittest.TestCase):
    """`domicile serve` by itself, behind nothing: its clients speak to its plain HTTP port."""

    SHUTDOWN = "shutdown: {delay_ms: 0, deadline_ms: 20000}\n"

    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        text = own.config(self.upstream, listen=f"{{http: {own.free_port()}}}")
        self.region = own.Deployment(text)
        self.addCleanup(self.region.close)
        self.assertEqual(self.region.up().stop(), 0)  # `up` prepares the folder
        self.region.write(text + self.SHUTDOWN)
        self.region.serve()

    def not_ready(self):
        try:
            return self.region.readiness() != 200
        except OSError:
            return True

    def start(self, path):
        """A request that the upstream holds back."""
        connection = self.region.connect_plain()
        self.addCleanup(connection.close)
        before = self.upstream.waiting
        own.send(connection, path)
        own.poll("the upstream to have it", lambda: self.upstream.waiting > before)
        return connection

    def refuses(self):
        try:
            self.region.connect_plain().close()
            return False
        except ConnectionRefusedError:
            return True

    def test_what_is_under_way_ends_whole_and_the_exit_status_is_0(self):
        slow, stream = self.start("/slow"), self.start("/stream")
        idle = self.region.connect_plain()
        self.addCleanup(idle.close)
        self.assertEqual(own.get(idle, "/quick"), (200, "upstream quick", True))
        self.region.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.sock.recv(1), b"", "an idle connection is closed")
        own.poll("no new connections", self.refuses)
        self.assertEqual(self.region.readiness(), 503)
        self.assertIsNone(self.region.process.poll())
        self.upstream.released.set()
        answer = slow.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"upstream slow"))
        self.assertEqual(answer.headers["Connection"], "close")
        answer = stream.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"onetwo"))
        self.assertEqual(self.region.process.wait(own.TIMEOUT_S), 0)
        left = [f.name for f in (self.region.data / REGION).iterdir() if f.name.endswith("-wal")]
        self.assertEqual(left, [], "the databases are closed: nothing waits in a write-ahead log")
        self.assertIn("region_stopped", [line.get("event") for line in self.region.log()])

    def test_the_operator_drains_it_through_the_admin_port(self):
        slow = self.start("/slow")
        operator = json.loads((self.region.data / REGION / "admin-credentials.json").read_text())
        key = world.Key(operator["access_key_id"], operator["secret_access_key"])
        port = self.region.port("admin")
        url = f"http://127.0.0.1:{port}/drain"

        def drain(headers):
            admin = http.client.HTTPConnection("127.0.0.1", port, timeout=own.TIMEOUT_S)
            self.addCleanup(admin.close)
            return world.call(None, "POST", "/drain", headers, b"", admin)

        self.assertEqual(drain({}).status, 401)
        self.assertEqual(self.region.readiness(), 200)
        reply = drain(world.signed(key, REGION, "domicile-admin", url))
        self.assertEqual(reply.status, 200, reply)
        own.poll("not ready", self.not_ready)
        self.upstream.released.set()
        self.assertEqual(slow.getresponse().read(), b"upstream slow")
        self.assertEqual(self.region.process.wait(own.TIMEOUT_S), 0)

    def test_a_second_signal_forces_the_stop(self):
        self.start("/slow")
        self.region.process.send_signal(signal.SIGTERM)
        own.poll("not ready", self.not_ready)
        self.assertIsNone(self.region.process.poll())
        self.region.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.region.process.wait(own.TIMEOUT_S), 1)
        self.region.serve()  # and it starts again
        self.assertEqual(self.region.readiness(), 200)


class ShortDeadline(OneRegion):
    SHUTDOWN = "shutdown: {deadline_ms: 50}\n"
    test_what_is_under_way_ends_whole_and_the_exit_status_is_0 = None
    test_the_operator_drains_it_through_the_admin_port = None
    test_a_second_signal_forces_the_stop = None

    def test_the_deadline_forces_the_stop(self):
        self.start("/slow")
        self.region.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.region.process.wait(own.TIMEOUT_S), 1)
        self.assertEqual(self.region.log()[-1]["event"], "region_stop_forced")


class Delay(OneRegion):
    SHUTDOWN = "shutdown: {delay_ms: 600000}\n"
    test_what_is_under_way_ends_whole_and_the_exit_status_is_0 = None
    test_the_operator_drains_it_through_the_admin_port = None
    test_a_second_signal_forces_the_stop = None

    def test_it_is_not_ready_first_and_goes_on_serving(self):
        kept = self.region.connect_plain()
        self.addCleanup(kept.close)
        self.assertEqual(own.get(kept, "/quick"), (200, "upstream quick", True))
        self.region.process.send_signal(signal.SIGTERM)
        own.poll("not ready", self.not_ready)
        # The admin port says so before the others were told.
        own.poll("the last answer", lambda: not self.goes_on())
        self.assertEqual(own.get(kept, "/quick"), (200, "upstream quick", False))
        fresh = self.region.connect_plain()
        self.addCleanup(fresh.close)
        self.assertEqual(own.get(fresh, "/quick"), (200, "upstream quick", False))


    def goes_on(self):
        fresh = self.region.connect_plain()
        try:
            return own.get(fresh, "/quick")[2]
        finally:
            fresh.close()


class Asking(threading.Thread):
    """Asks again and again over a kept connection. A connection that closes without a byte of an
    answer after an earlier answer is what RFC 9112, 9.3.1 tells clients to expect: asked anew. So
    is one that never came about. Anything else is a failure."""

    def __init__(self, host, path, headers, good):
        super().__init__(daemon=True)
        self.host, self.path, self.headers, self.good = host, path, headers, good
        self.ended = threading.Event()
        self.answers, self.failures, self.reconnects = 0, [], 0

    def run(self):
        connection, used = None, False
        while not self.ended.is_set():
            if connection is None:
                connection, used = world.connect(self.host), False
                try:
                    connection.connect()
                except (OSError, ssl.SSLError):
                    connection = None
                    self.reconnects += 1
                    self.ended.wait(0.02)
                    continue
            try:
                connection.request("GET", self.path, headers=self.headers)
                response = connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLError) as error:
                if not used:
                    self.failures.append(f"a fresh connection ended unanswered: {error!r}")
                connection.close()
                connection = None
                continue
            except Exception as error:
                self.failures.append(repr(error))
                connection.close()
                connection = None
                continue
            try:
                body = response.read()
                if response.status not in self.good:
                    self.failures.append(f"{response.status} {body[:200]!r}")
                self.answers, used = self.answers + 1, True
            except Exception as error:
                self.failures.append(f"an answer was cut off: {error!r}")
                connection.close()
                connection = None
                continue
            if response.will_close:
                connection.close()
                connection = None
        if connection:
            connection.close()


class Restarts(unittest.TestCase):
    """The European region is replaced under load, again and again."""

    ROUNDS = 4

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(world.switch, EU, "start")
        cls.jonas = Person("DE", EU, "drain").settle()
        cls.jonas.write("before")
        bearer = cls.jonas.bearer
        diary, page = "/entries", "/.well-known/openid-configuration"
        pool = world.POOLS[EU]
        cls.asking = {
            "a function at home": Asking(EU, diary, bearer, {200}),
            "a function at home too": Asking(EU, diary, bearer, {200}),
            "discovery": Asking(f"idp.{EU}", f"/{pool}{page}", {}, {200}),
            # 503: the home is down. What had reached it before is answered.
            "over the border": Asking(US, diary, bearer, {200, 503}),
        }
        cls.statuses, cls.process = [], None
        for asking in cls.asking.values():
            asking.start()
        try:
            os.kill(world.region_pid(EU), signal.SIGTERM)
            world.poll("the first to end", lambda: cls.state() == "down", 30)
            for _ in range(cls.ROUNDS):
                cls.serve()
                before = {name: asking.answers for name, asking in cls.asking.items()}
                world.poll("answers", lambda: all(a.answers > before[n] + 20 or a.failures
                                                  for n, a in cls.asking.items()), 60)
                cls.process.send_signal(signal.SIGTERM)
                cls.statuses.append(cls.process.wait(30))
        finally:
            for asking in cls.asking.values():
                asking.ended.set()
            if cls.process and cls.process.poll() is None:
                cls.process.kill()
            for asking in cls.asking.values():
                asking.join(30)

    @classmethod
    def serve(cls):
        cls.process = subprocess.Popen(
            [world.PROGRAM, "serve", "--data", world.DATA, "--region", EU], stdout=subprocess.PIPE)
        line = cls.process.stdout.readline()
        cls.process.stdout.close()
        assert line == b"ready\n", line

    @classmethod
    def state(cls):
        states = world.call("front", "GET", "/regions").json()["regions"]
        return next(region["state"] for region in states if region["id"] == EU)

    def test_every_region_process_ended_well(self):
        self.assertEqual(self.statuses, [0] * self.ROUNDS)

    def test_nobody_saw_half_an_answer_or_none(self):
        for name, asking in self.asking.items():
            with self.subTest(name, answers=asking.answers, reconnects=asking.reconnects):
                self.assertEqual(asking.failures[:5], [], f"{len(asking.failures)} failures")
                self.assertGreater(asking.answers, 20 * self.ROUNDS)


class UnderWay(unittest.TestCase):
    """Requests of which half has come when the region is told to stop."""

    def upload(self, host, person):
        """Sends the head and half of the body of a new entry; the rest is for later."""
        text = "written while the region stopped"
        body = json.dumps({"date": "2026-11-20", "mood": 4, "text": text}).encode()
        connection = world.connect(host)
        connection.putrequest("POST", "/entries")
        for name, value in {"Content-Type": "application/json", "Content-Length": len(body),
                            **person.bearer}.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        connection.send(body[:20])
        return connection, body[20:]

    def test_they_end_at_home_and_over_the_border(self):
        self.addCleanup(world.switch, EU, "start")
        person = Person("DE", EU, "drain").settle()
        uploads = [self.upload(EU, person), self.upload(US, person)]
        # Both have arrived when a request behind them on the same path was answered.
        for host in (EU, US):
            self.assertEqual(person.entries(host), [])
        pid = world.region_pid(EU)
        os.kill(pid, signal.SIGTERM)
        world.poll("not ready", lambda: self.readiness() != 200)
        for connection, rest in uploads:
            connection.send(rest)
        for connection, _ in uploads:
            answer = connection.getresponse()
            self.assertEqual(answer.status, 201, answer.read())
            answer.read()
            connection.close()
        world.poll("the end", lambda: not os.path.exists(f"/proc/{pid}"))
        world.poll("down", lambda: Restarts.state() == "down")
        self.assertEqual(world.switch(EU, "start").status, 200)
        self.assertEqual(len(person.entries()), 2)

    @staticmethod
    def readiness():
        port = world.READY["regions"][EU]["admin"]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main()
