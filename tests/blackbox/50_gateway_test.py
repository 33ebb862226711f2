#!/usr/bin/python3
"""What passes through the gateway as it is, seen by a client that we did not write: WebSockets of
Node's own client through the front and TLS, server-sent events, and what an upstream is told."""

import base64
import hashlib
import http.server
import json
import os
import subprocess
import threading
import unittest

import own
from own import DOMAIN, REGION

WEBSOCKET_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3

# Resolves every name to this machine, as `up` wants it, and prints what becomes of the socket.
CLIENT = """
const dns = require('dns');
dns.lookup = (host, options, done) => {
    if (typeof options === 'function') done = options;
    options.all ? done(null, [{address: '127.0.0.1', family: 4}]) : done(null, '127.0.0.1', 4);
};
const [url, ...messages] = process.argv.slice(1);
const socket = new WebSocket(url);
let left = messages.length;
socket.onopen = () => messages.forEach((message) => socket.send(
    message === 'large' ? 'l'.repeat(200000) : message));
socket.onmessage = (event) => {
    console.log(event.data.length > 1000 ? event.data.length : event.data);
    if (--left === 0) socket.close(1000, 'done');
};
socket.onerror = () => console.log('error');
socket.onclose = (event) => console.log('closed', event.code);
"""


def frame(opcode, payload):
    if len(payload) < 126:
        return bytes([0x80 | opcode, len(payload)]) + payload
    if len(payload) < 1 << 16:
        return bytes([0x80 | opcode, 126]) + len(payload).to_bytes(2, "big") + payload
    return bytes([0x80 | opcode, 127]) + len(payload).to_bytes(8, "big") + payload


def read_frame(file):
    opcode, length = file.read(2)
    length &= 0x7F
    if length > 125:
        length = int.from_bytes(file.read(2 if length == 126 else 8), "big")
    mask = file.read(4)
    payload = bytes(b ^ mask[i % 4] for i, b in enumerate(file.read(length)))
    return opcode & 0xF, payload


class Upstream:
    """/echo speaks WebSocket and says everything back but silence; /events sends one, waits, sends another;
    anything else answers with the headers that it was sent."""

    def __init__(self):
        outer = self
        self.holding, self.released, self.broken = 0, threading.Event(), 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.path == "/echo" and self.headers["Upgrade"] == "websocket":
                    return self.echo()
                if self.path == "/events":
                    return self.events()
                body = json.dumps(self.headers.items()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def echo(self):
                key = self.headers["Sec-WebSocket-Key"].encode()
                accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest()).decode()
                self.send_response(101)
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", accept)
                self.end_headers()
                self.close_connection = True
                outer.holding += 1
                try:
                    while True:
                        opcode, payload = read_frame(self.rfile)
                        if payload != b"silence":
                            self.wfile.write(frame(opcode, payload))
                        if opcode == 8:
                            return
                except (OSError, ValueError):
                    outer.broken += 1

            def events(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for number in range(2):
                    event = f"data: {number}\n\n".encode()
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                    if number == 0:
                        outer.holding += 1
                        outer.released.wait(own.TIMEOUT_S)
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class PassedThrough(unittest.TestCase):
    def setUp(self):
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        text = own.config(self.upstream, routes=("echo", "events", "plain"),
                          extra="shutdown: {delay_ms: 0, deadline_ms: 200}\n")
        text = text.replace(f"{self.upstream.port}}}", f"{self.upstream.port}, websocket: true}}")
        self.region = own.Deployment(text)
        self.addCleanup(self.region.close)
        self.region.up()

    def socket(self, *messages):
        url = f"wss://{REGION}.{DOMAIN}:{self.region.ready['port']}/echo"
        environment = {**os.environ, "NODE_EXTRA_CA_CERTS": self.region.ready["ca"]}
        return subprocess.Popen(["node", "--no-warnings", "-e", CLIENT, url, *messages],
                                stdout=subprocess.PIPE, text=True, env=environment)

    def test_a_websocket_of_node_through_tls(self):
        client = self.socket("hello", "large", "J\u00fcrgen")
        out, _ = client.communicate(timeout=own.TIMEOUT_S)
        self.assertEqual(out.split("\n"), ["hello", "200000", "J\u00fcrgen", "closed 1000", ""])

    def test_a_websocket_is_cut_when_the_region_stops(self):
        client = self.socket("hello", "silence")
        self.addCleanup(client.kill)
        own.poll("the socket", lambda: self.upstream.holding == 1)
        self.assertEqual(client.stdout.readline(), "hello\n")
        self.assertEqual(self.region.stop(), 0)
        rest = client.stdout.read()
        self.assertIn("closed 100", rest)
        client.stdout.close()
        client.wait(own.TIMEOUT_S)

    def test_events_come_one_by_one(self):
        connection = self.region.connect()
        self.addCleanup(connection.close)
        own.send(connection, "/events")
        response = connection.getresponse()
        self.assertEqual(response.read1(), b"data: 0\n\n")
        self.upstream.released.set()
        self.assertEqual(response.read(), b"data: 1\n\n")

    def test_an_upstream_is_told_by_nobody_else(self):
        connection = self.region.connect()
        self.addCleanup(connection.close)
        connection.request("GET", "/plain", headers={
            "Host": f"{REGION}.{DOMAIN}", "Domicile-Subject": "planted", "X-Request-Id": "planted",
            "Forwarded": "for=planted", "X-Forwarded-For": "planted"})
        response = connection.getresponse()
        told = json.loads(response.read())
        self.assertNotIn("planted", str(told))
        headers = {name.lower(): value for name, value in told}
        self.assertEqual(headers["forwarded"],
                         f'for=127.0.0.1;by=_{REGION};host="{REGION}.{DOMAIN}";proto=https')
        self.assertEqual(headers["x-request-id"], response.headers["X-Request-Id"])
        self.assertEqual(response.headers["Domicile-Served-By"], REGION)


if __name__ == "__main__":
    unittest.main()
