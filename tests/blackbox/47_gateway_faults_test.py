#!/usr/bin/python3
"""What a client of the gateway sees of bad input and of upstreams that fail, byte by byte: the status, the body,
and what becomes of its connection; and that the region goes on. And 10,000 connections that say nothing."""

import resource
import select
import socket
import threading
import unittest
import unittest.mock

import own
from own import DOMAIN, REGION

HOST = f"{REGION}.{DOMAIN}"
IDLE = 10_000
FEW_DESCRIPTORS = 1024  # what a shell gives
BODY_MAX = 1000  # of the route /small


class Rogue:
    """Reads the head of a request and does what the last segment of its path says, on a socket of its own."""

    ANSWERS = {
        "ok": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "small": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "nul": b"HTTP/1.1 200 OK\r\nX-Nul: a\0b\r\nContent-Length: 2\r\n\r\nok",
        "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "both": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "half_a_head": b"HTTP/1.1 200 OK\r\nContent-Le",
        "nothing": b"",
        "short": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "long": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged",
        "cut_length": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + 50_000 * b"h",
        "cut_chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nC350\r\n" + 50_000 * b"h" + b"\r\n",
    }

    def __init__(self):
        self.asked, self.holding, self.left = [], 0, 0
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
                while True:
                    head = b""
                    while b"\r\n\r\n" not in head:
                        piece = connection.recv(65536)
                        if not piece:
                            return
                        head += piece
                    what = head.split(b" ")[1].rpartition(b"/")[2].decode()
                    self.asked.append(what)
                    if what == "small":
                        self.read_body(connection, *head.split(b"\r\n\r\n", 1))
                    if what == "hang":
                        return self.hold(connection)
                    if what == "flood":
                        return self.flood(connection)
                    connection.sendall(self.ANSWERS[what])
                    if what not in ("ok", "long") or not head.startswith(b"GET"):
                        return
            except OSError:
                return

    @staticmethod
    def read_body(connection, head, body):
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                       if line.startswith(b"content-length:")), None)
        while len(body) < length if length is not None else not body.endswith(b"0\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return
            body += piece

    def hold(self, connection):
        self.holding += 1
        if not connection.recv(1):
            self.left += 1

    def flood(self, connection):
        """An answer larger than what all buffers on its way hold, until somebody has had enough."""
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        self.holding += 1
        piece = bytes(1 << 16)
        try:
            for _ in range(1_000_000_000 >> 16):
                connection.sendall(piece)
        except OSError:
            self.left += 1

    def close(self):
        self.listener.close()


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_DESCRIPTORS, hard))  # the region raises it itself
        cls.upstream = Rogue()
        cls.addClassCleanup(cls.upstream.close)
        text = own.config(cls.upstream, routes=Rogue.ANSWERS.keys() - {"small"} | {"flood"},
                          listen=f"{{http: {own.free_port()}}}")
        text = text.replace(f"{cls.upstream.port}}}", f"{cls.upstream.port}, ejection: {{failures: 0}}}}")
        text += f"  - {{path: /small, upstream: back, residency: public, body_bytes_max: {BODY_MAX}}}\n"
        text += "  - {path: /hang, upstream: back, residency: public, timeout_seconds: 1}\n"
        cls.region = own.Deployment(text)
        cls.addClassCleanup(cls.region.close)
        cls.region.up()
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def tearDown(self):
        self.assertEqual(self.status(self.exchange(self.request("GET", "/ok"))), 200, "the region goes on")

    # ---- What is sent and what comes -----------------------------------------------------------

    @staticmethod
    def request(method, path, *lines, body=b"", close=True):
        head = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(["Connection: close"] if close else [])]
        return "\r\n".join(head).encode() + b"".join(b"\r\n" + line for line in lines) + b"\r\n\r\n" + body

    def dial(self):
        connection = socket.create_connection(("127.0.0.1", self.region.port("http")), own.TIMEOUT_S)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def rest(connection):
        """All that comes until the region closes the connection."""
        out = b""
        try:
            while piece := connection.recv(1 << 16):
                out += piece
        except ConnectionResetError:
            pass
        return out

    def exchange(self, request):
        connection = self.dial()
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent
        return self.rest(connection)

    @staticmethod
    def answer(connection):
        """One answer with a length, on a connection that stays open."""
        got = b""
        while b"\r\n\r\n" not in got:
            piece = connection.recv(1 << 16)
            if not piece:
                return got
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        while len(body) < int(lengths[0].partition(b":")[2]):
            body += connection.recv(1 << 16)
        return head + b"\r\n\r\n" + body

    @staticmethod
    def status(answer):
        return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else answer

    # ---- Clients -------------------------------------------------------------------------------

    def test_hostile_heads_are_refused_and_reach_no_upstream(self):
        cases = {
            "a length and a coding": (400, (b"Content-Length: 3", b"Transfer-Encoding: chunked")),
            "two lengths": (400, (b"Content-Length: 3", b"Content-Length: 4")),
            "a length that is none": (400, (b"Content-Length: +3",)),
            "another coding": (None, (b"Transfer-Encoding: gzip",)),
            "a bare LF": (400, (b"X-A: b\nX-C: d",)),
            "a NUL": (400, (b"X-A: b\0c",)),
            "a blank before the colon": (400, (b"X-A : b",)),
            "a folded line": (400, (b"X-A: b", b" c")),
            "a huge line": (431, (b"X-A: " + 40_000 * b"b",)),
            "a huge number of lines": (431, 20_000 * (b"a: b",)),
        }
        for name, (status, lines) in cases.items():
            with self.subTest(name):
                before = len(self.upstream.asked)
                got = self.exchange(self.request("POST", "/ok", *lines, body=b"0\r\n\r\n", close=False)
                                    + self.request("GET", "/garbage"))
                self.assertIn(self.status(got), [status] if status else [400, 501])
                self.assertEqual(got.count(b"HTTP/1.1 "), 1, "nothing behind it was read")
                self.assertEqual(len(self.upstream.asked), before)

    def test_a_head_at_its_bound_is_taken_and_one_byte_more_is_431(self):
        def padded(size):
            bare = len(self.request("GET", "/ok", b"X-A: "))
            return self.request("GET", "/ok", b"X-A: " + (size - bare) * b"a")

        low, high = 1 << 10, 1 << 20  # the greatest that is taken is looked for
        self.assertEqual(self.status(self.exchange(padded(low))), 200)
        self.assertEqual(self.status(self.exchange(padded(high))), 431)
        while high - low > 1:
            middle = (low + high) // 2
            taken = self.status(self.exchange(padded(middle)))
            self.assertIn(taken, (200, 431), middle)
            low, high = (middle, high) if taken == 200 else (low, middle)
        self.assertIn(low, (32 << 10, (32 << 10) - 1), "32 KiB")

    def test_a_body_at_its_bound_is_taken_and_one_byte_more_is_413(self):
        for size, status in ((BODY_MAX, 200), (BODY_MAX + 1, 413)):
            with self.subTest(size=size):
                length = f"Content-Length: {size}".encode()
                got = self.exchange(self.request("POST", "/small", length, body=size * b"b"))
                self.assertEqual(self.status(got), status)
                chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (size, size * b"b")
                got = self.exchange(self.request("POST", "/small", b"Transfer-Encoding: chunked", body=chunk))
                self.assertEqual(self.status(got), status, "in chunks")

    def test_slow_clients_hold_up_nobody(self):
        """Half a head, half a body and an answer that nobody reads, all at once, while others are answered. Their
        own ends are 408 after 10 and 30 s and a closed connection: http/server_test.cc, on shorter times."""
        head, body, reader = self.dial(), self.dial(), self.dial()
        head.sendall(b"GET /ok HT")
        body.sendall(self.request("POST", "/ok", b"Content-Length: 100", body=b"half"))
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
        before = self.upstream.holding
        reader.sendall(self.request("GET", "/flood"))
        own.poll("an answer under way", lambda: self.upstream.holding == before + 1)
        for _ in range(20):
            self.assertEqual(self.status(self.exchange(self.request("GET", "/ok"))), 200)
        head.sendall(f"TP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        self.assertEqual(self.status(self.rest(head)), 200, "late is not too late")
        left = self.upstream.left
        reader.close()
        own.poll("its upstream to hear of it", lambda: self.upstream.left == left + 1)

    # ---- Upstreams -----------------------------------------------------------------------------

    def test_an_upstream_without_a_good_answer_is_502_and_the_connection_stays(self):
        connection = self.dial()
        for what in ("nothing", "garbage", "nul", "two_lengths", "both", "half_a_head", "short"):
            with self.subTest(what):
                connection.sendall(self.request("GET", f"/{what}", close=False))
                got = self.answer(connection)
                self.assertEqual(self.status(got), 502)
                self.assertTrue(got.endswith(b'{"message":"Bad Gateway"}'), got)
        connection.sendall(self.request("GET", "/ok"))
        self.assertEqual(self.status(self.rest(connection)), 200)

    def test_a_body_that_breaks_off_ends_early_with_the_connection(self):
        got = self.exchange(self.request("GET", "/cut_length", close=False))
        head, _, body = got.partition(b"\r\n\r\n")
        self.assertEqual(self.status(head), 200)
        self.assertIn(b"Content-Length: 100000", head)
        self.assertLess(len(body), 100_000)
        got = self.exchange(self.request("GET", "/cut_chunked", close=False))
        self.assertEqual(self.status(got), 200)
        self.assertFalse(got.endswith(b"\r\n0\r\n\r\n"), "the last chunk is missing")

    def test_what_comes_behind_an_answer_is_nobodys(self):
        connection = self.dial()
        for _ in range(3):
            connection.sendall(self.request("GET", "/long", close=False))
            got = self.answer(connection)
            self.assertTrue(got.endswith(b"\r\n\r\nok"), got)
        connection.sendall(self.request("GET", "/ok"))
        self.assertTrue(self.rest(connection).endswith(b"\r\n\r\nok"))

    def test_an_upstream_that_hangs_is_504_and_is_given_up(self):
        left = self.upstream.left
        connection = self.dial()
        connection.sendall(self.request("GET", "/hang", close=False))
        got = self.answer(connection)
        self.assertEqual(self.status(got), 504)
        self.assertTrue(got.endswith(b'{"message":"Endpoint request timed out"}'), got)
        own.poll("the call to be given up", lambda: self.upstream.left == left + 1)
        connection.sendall(self.request("GET", "/ok"))
        self.assertEqual(self.status(self.rest(connection)), 200, "the connection stayed")

    def assert_open(self, connections):
        closed = select.poll()
        for connection in connections:
            closed.register(connection, select.POLLIN)
        self.assertEqual(closed.poll(0), [], "none was closed for another")

    # ---- Many ----------------------------------------------------------------------------------

    def test_10_000_idle_connections_keep_nobody_out(self):
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft < IDLE + 500:
            self.skipTest(f"this machine allows {soft} descriptors for a process")
        idle = [self.dial() for _ in range(IDLE)]
        for connection in idle[::100]:
            connection.sendall(self.request("GET", "/ok", close=False))
            self.assertEqual(self.status(self.answer(connection)), 200)
        for _ in range(20):
            self.assertEqual(self.status(self.exchange(self.request("GET", "/ok"))), 200, "a new one")
        self.assert_open(idle)
        idle[-1].sendall(self.request("GET", "/ok"))
        self.assertEqual(self.status(self.rest(idle[-1])), 200)

    def test_the_front_takes_more_connections_than_a_shell_gives_descriptors(self):
        """Each waits for the name of a region, which it does not say."""
        idle = [socket.create_connection(("127.0.0.1", self.region.ready["port"]), own.TIMEOUT_S)
                for _ in range(2 * FEW_DESCRIPTORS)]
        for connection in idle:
            self.addCleanup(connection.close)
        whole = self.region.connect()
        self.addCleanup(whole.close)
        self.assertEqual(own.get(whole, "/ok"), (200, "ok", True))
        self.assert_open(idle)


class FewDescriptors(unittest.TestCase):
    def test_a_region_says_that_it_may_have_few_connections_only(self):
        upstream = Rogue()
        self.addCleanup(upstream.close)
        region = own.Deployment(own.config(upstream, routes=("ok",)))
        self.addCleanup(region.close)
        program = region.folder / "domicile"
        program.write_text(f'#!/bin/bash\nulimit -n 1500\nexec {own.PROGRAM} "$@"\n')
        program.chmod(0o755)
        with unittest.mock.patch.object(own, "PROGRAM", program):
            region.up()
        said = [line for line in region.log() if "few_descriptors" in line.values()]
        self.assertEqual([(line["limit"], line["wanted"]) for line in said], [(1500, 20_000)])
        connection = region.connect()
        self.addCleanup(connection.close)
        self.assertEqual(own.get(connection, "/ok"), (200, "ok", True))


if __name__ == "__main__":
    unittest.main()
