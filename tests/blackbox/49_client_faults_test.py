#!/usr/bin/python3
"""Clients that are slow, leave, break off or ask for too much, as they see it themselves: what is wrong
with their own side is never said to be the upstream's fault. After each the region answers as before.
(Upstreams that fail: 47_gateway_faults_test.py.)"""

import json
import socket
import threading
import unittest

import own
from own import DOMAIN, REGION

HUGE = 32_000_000  # more than the buffers on the way hold

# What the upstream says to a path, byte by byte, before it closes.
OK = b"HTTP/1.1 200 OK\r\n"
SAYS = {
    "long": OK + b"Content-Length: %d\r\n\r\n" % HUGE + b"b" * HUGE,
    "fine": OK + b"Content-Length: 4\r\n\r\nfine",
}


class Upstream:
    """Says to each path what SAYS has for it; to "hang" nothing until it is let go; to others that all
    is fine when the whole body has come."""

    def __init__(self):
        self.released = threading.Event()
        self.holding, self.left = 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                with connection.makefile("rb") as file:
                    self.answer(connection, file)
            except OSError:
                self.left += 1

    def answer(self, connection, file):
        first = file.readline().split(b" ")
        if len(first) < 2:
            return
        path = first[1].decode().strip("/")
        length = 0
        while (line := file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        file.read(length)
        if path == "hang":
            self.holding += 1
            self.released.wait(own.TIMEOUT_S)
        connection.sendall(SAYS.get(path, SAYS["fine"]))

    def close(self):
        self.released.set()
        self.listener.close()


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Upstream()
        cls.addClassCleanup(cls.upstream.close)
        text = own.config(
            cls.upstream, routes=(*SAYS, "take"), listen=f"{{http: {own.free_port()}}}",
            extra="  - {path: /hang, upstream: back, residency: public, concurrency_max: 2}\n"
                  "  - {path: /rare, upstream: back, residency: public,"
                  " throttle: [{by: address, per_second: 1, burst: 3}]}\n"
                  "shutdown: {delay_ms: 0, deadline_ms: 200}\n"
                  "limits: {head_timeout_ms: 1000, body_timeout_ms: 1000}\n")
        cls.region = own.Deployment(text)
        cls.addClassCleanup(cls.region.close)
        cls.region.up()

    def setUp(self):
        self.upstream.released.clear()
        # Whatever the test has done: the next call is answered.
        self.addCleanup(lambda: self.assertEqual(self.get("fine")[0], 200))

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.region.port("http")), own.TIMEOUT_S)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def head(path, *lines, method="GET"):
        first = [f"{method} /{path} HTTP/1.1", f"Host: {REGION}.{DOMAIN}", *lines]
        return "\r\n".join([*first, "", ""]).encode()

    def get(self, path):
        connection = self.region.connect_plain()
        self.addCleanup(connection.close)
        own.send(connection, "/" + path)
        response = connection.getresponse()
        return response.status, response.read(), response

    def answer(self, connection):
        """Status and fields of the next answer, and its body by its length."""
        file = connection.makefile("rb")
        self.addCleanup(file.close)
        status = int(file.readline().split(b" ")[1])
        fields = {}
        while (line := file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return status, fields, file.read(int(fields.get("content-length", 0)))

    def assert_refused(self, wanted, status, kind=None):
        """As API Gateway says it, or with the type of a problem of ours."""
        code, body, response = wanted
        self.assertEqual(code, status, body)
        said = json.loads(body)
        if kind is None:
            self.assertEqual(response.headers["Content-Type"], "application/json")
            self.assertEqual(list(said), ["message"])
        else:
            self.assertEqual(response.headers["Content-Type"], "application/problem+json")
            self.assertEqual((said["status"], said["type"]),
                             (status, f"https://domicile.dev/problems/{kind}"))
        return response

    # ---- Slow clients --------------------------------------------------------------------------

    def test_a_head_and_a_body_that_come_byte_by_byte_are_taken(self):
        connection = self.connect()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in self.head("take", "Content-Length: 5", method="POST") + b"small":
            connection.sendall(bytes([byte]))
        self.assertEqual(self.answer(connection)[::2], (200, b"fine"))

    def test_a_head_and_a_body_without_end_are_408_and_cut(self):
        # All at a time; others are answered meanwhile.
        halves = {"head": self.head("fine")[:-2],
                  "first line": b"GET /fi",
                  "body": self.head("take", "Content-Length: 5", method="POST") + b"sm"}
        waiting = {name: self.connect() for name in halves}
        for name, connection in waiting.items():
            connection.sendall(halves[name])
        self.assertEqual(self.get("fine")[0], 200)
        for name, connection in waiting.items():
            with self.subTest(half=name):  # the upstream is not said to be late
                status, fields, _ = self.answer(connection)
                self.assertEqual((status, fields["connection"]), (408, "close"))
                self.assertEqual(connection.recv(1), b"")

    def test_who_leaves_in_the_middle_takes_the_call_along(self):
        left = self.upstream.left
        connection = self.connect()
        connection.sendall(self.head("long"))
        connection.recv(8)
        connection.close()
        own.poll("the upstream to be left", lambda: self.upstream.left > left)

    def test_a_body_that_breaks_its_framing_is_400_and_not_the_upstreams_fault(self):
        connection = self.connect()
        connection.sendall(self.head("take", "Transfer-Encoding: chunked", method="POST") +
                           b"1\r\na\r\nxyz\r\n")
        self.assertEqual(self.answer(connection)[0], 400)
        self.assertEqual(connection.recv(1), b"")

    # ---- Edges ---------------------------------------------------------------------------------

    def test_a_call_more_than_concurrency_max_is_429(self):
        before = self.upstream.holding
        held = [self.connect() for _ in range(2)]
        for connection in held:
            connection.sendall(self.head("hang"))
        own.poll("both calls", lambda: self.upstream.holding == before + 2)
        response = self.assert_refused(self.get("hang"), 429, "too-many-requests")
        self.assertEqual(response.headers["Retry-After"], "1")
        self.upstream.released.set()
        for connection in held:
            self.assertEqual(self.answer(connection)[0], 200)
        self.assertEqual(self.get("hang")[0], 200, "there is room again")

    def test_a_call_more_than_the_bucket_is_429(self):
        for _ in range(3):
            self.assertEqual(self.get("rare")[0], 200)
        for _ in range(10):  # one more is in it when a second went by
            status, body, response = self.get("rare")
            if status != 200:
                break
        self.assert_refused((status, body, response), 429, "too-many-requests")
        self.assertIn("Retry-After", response.headers)


if __name__ == "__main__":
    unittest.main()
