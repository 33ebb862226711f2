#!/usr/bin/python3
"""A changed configuration is taken over while requests go on: SIGHUP, POST /reload on the admin port
and `domicile reload` (docs/lifecycle.md)."""

import hashlib
import json
import os
import signal
import ssl
import subprocess
import threading
import unittest

import own
from own import DOMAIN, REGION

RELOADS = 20


class Hammer(threading.Thread):
    """Asks over one kept connection, which must never close, and never get anything but 200."""

    def __init__(self, deployment):
        super().__init__(daemon=True)
        self.connection = deployment.connect()
        self.ended, self.answers, self.failure = threading.Event(), 0, None

    def run(self):
        try:
            while not self.ended.is_set():
                got = own.get(self.connection, "/quick")
                assert got == (200, "upstream quick", True), got
                self.answers += 1
        except Exception as failure:
            self.failure = repr(failure)

    def stop(self):
        self.ended.set()
        self.join(own.TIMEOUT_S)
        self.connection.close()


class Reload(unittest.TestCase):
    def setUp(self):
        self.upstream, self.other = own.Upstream(), own.Upstream("other")
        self.addCleanup(self.upstream.close)
        self.addCleanup(self.other.close)
        self.deployment = own.Deployment(own.config(self.upstream))
        self.addCleanup(self.deployment.close)
        self.deployment.up()

    def pid(self):
        return self.deployment.ready["regions"][REGION]["pid"]

    def seen(self, event):
        return sum(line["event"] == event for line in self.deployment.log())

    def reload(self, text, event="config_reloaded"):
        """Writes the file, sends SIGHUP to the region and waits until it has said what it did."""
        self.deployment.write(text)
        before = self.seen(event)
        os.kill(self.pid(), signal.SIGHUP)
        own.poll(event, lambda: self.seen(event) > before)

    def command(self):
        return subprocess.run([own.PROGRAM, "reload", "--data", self.deployment.data],
                              capture_output=True, text=True, timeout=own.TIMEOUT_S)

    def metric(self, outcome):
        connection = own.http.client.HTTPConnection("127.0.0.1", self.deployment.port("admin"))
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        start = f'domicile_config_reloads_total{{outcome="{outcome}"}} '
        return next(line[len(start):] for line in text.splitlines() if line.startswith(start))

    def test_routes_change_under_load_and_no_connection_notices(self):
        hammers = [Hammer(self.deployment) for _ in range(4)]
        for hammer in hammers:
            self.addCleanup(hammer.stop)
            hammer.start()
        kept = self.deployment.connect()
        self.addCleanup(kept.close)
        for turn in range(RELOADS):
            self.assertEqual(own.get(kept, f"/turn{turn}")[0::2], (404, True))
            self.reload(own.config(self.upstream, routes=("quick", f"turn{turn}")))
            # The new route answers on the same connection, and the one before it is gone.
            self.assertEqual(own.get(kept, f"/turn{turn}"), (200, f"upstream turn{turn}", True))
            self.assertEqual(own.get(kept, f"/turn{turn - 1}")[0::2], (404, True))
        for hammer in hammers:
            hammer.stop()
            self.assertIsNone(hammer.failure)
            self.assertGreater(hammer.answers, RELOADS)
        self.assertEqual(self.metric("applied"), str(RELOADS))

    def test_a_request_under_way_ends_as_it_began(self):
        connection = self.deployment.connect()
        self.addCleanup(connection.close)
        own.send(connection, "/slow")
        own.poll("the upstream to have it", lambda: self.upstream.waiting == 1)
        self.reload(own.config(self.other, routes=("quick",)))
        self.upstream.released.set()
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, b"upstream slow"))
        self.assertEqual(own.get(connection, "/slow")[0], 404)
        self.assertEqual(own.get(connection, "/quick")[1], "other quick")

    def test_a_broken_file_changes_nothing_and_is_told(self):
        connection = self.deployment.connect()
        self.addCleanup(connection.close)
        broken = own.config(self.other, routes=("quick", "x")).replace("upstream: back", "upstream: gone")
        self.reload(broken, "config_reload_refused")
        self.assertEqual(own.get(connection, "/quick"), (200, "upstream quick", True))
        [line] = [l for l in self.deployment.log() if l["event"] == "config_reload_refused"]
        self.assertIn("gone", json.dumps(line))
        self.assertEqual(self.metric("refused"), "1")
        self.deployment.write("domain: [\n")
        done = self.command()
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("domicile.yaml:", done.stdout + done.stderr)
        self.assertEqual(own.get(connection, "/quick"), (200, "upstream quick", True))

    def test_what_needs_a_restart_is_named(self):
        connection = self.deployment.connect()
        self.addCleanup(connection.close)
        text = own.config(self.other, routes=("quick",))
        changed = text.replace("reactors: 2", "reactors: 3").replace("[AU]", "[AU, NZ]")
        self.deployment.write(changed)
        done = self.command()
        self.assertEqual(done.returncode, 1)
        for word in ("reactors", "jurisdictions.A", "a restart is needed"):
            self.assertIn(word, done.stdout)
        self.assertEqual(own.get(connection, "/quick"), (200, "upstream quick", True))
        self.deployment.write(text)
        done = self.command()
        self.assertEqual((done.returncode, done.stdout), (0, f"{REGION}: reloaded\n"))
        self.assertEqual(own.get(connection, "/quick"), (200, "other quick", True))

    def test_up_passes_it_on(self):
        connection = self.deployment.connect()
        self.addCleanup(connection.close)
        self.deployment.write(own.config(self.other))
        self.deployment.process.send_signal(signal.SIGHUP)
        own.poll("the reload", lambda: self.seen("config_reloaded") == 1)
        self.assertEqual(own.get(connection, "/quick"), (200, "other quick", True))
        self.deployment.write("nonsense: 1\n")
        self.deployment.process.send_signal(signal.SIGHUP)
        out = self.deployment.folder / "out.log"
        own.poll("the refusal", lambda: "stays as it is" in out.read_text())
        self.assertIsNone(self.deployment.process.poll())
        self.assertEqual(own.get(connection, "/quick"), (200, "other quick", True))

    def certificate(self):
        """The hash of what a new connection is shown."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        address = ("127.0.0.1", self.deployment.ready["port"])
        with own.http.client.socket.create_connection(address, own.TIMEOUT_S) as plain:
            with context.wrap_socket(plain, server_hostname=f"{REGION}.{DOMAIN}") as secured:
                return hashlib.sha256(secured.getpeercert(True)).hexdigest()

    def test_a_renewed_certificate_is_shown_to_new_connections(self):
        kept = self.deployment.connect()
        self.addCleanup(kept.close)
        self.assertEqual(own.get(kept, "/quick")[0], 200)
        before = self.certificate()
        folder = self.deployment.data / REGION
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "30", "-subj", "/CN=renewed", "-addext",
             f"subjectAltName=DNS:{REGION}.{DOMAIN}", "-keyout", folder / "tls.key", "-out",
             folder / "tls.pem"], check=True, capture_output=True)
        self.assertEqual(self.certificate(), before)
        self.reload(own.config(self.upstream))
        self.assertNotEqual(self.certificate(), before)
        self.assertEqual(own.get(kept, "/quick"), (200, "upstream quick", True))
        renewed = self.certificate()
        (folder / "tls.key").write_text("no key")
        self.reload(own.config(self.upstream), "config_reload_refused")
        self.assertEqual(self.certificate(), renewed)


class Functions(unittest.TestCase):
    """Functions and their processes across a reload."""

    RUNTIME = """
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()
while True:
    head, _ = send("GET", "invocation/next")
    id = head.headers["Lambda-Runtime-Aws-Request-Id"]
    body = json.dumps({"pid": os.getpid(), "word": os.environ.get("WORD")})
    send("POST", "invocation/" + id + "/response", json.dumps({"statusCode": 200, "body": body}))
"""

    def config(self, word="one", more=""):
        command = "command: [python3, runtime.py]"
        return (
            f"domain: {DOMAIN}\njurisdictions: {{A: {{countries: [AU], regions: [{REGION}]}}}}\n"
            f"regions: {{{REGION}: {{}}}}\nreactors: 2\n"
            f"functions:\n  same: {{{command}}}\n"
            f"  changing: {{{command}, environment: {{WORD: {word}}}}}\n{more}"
            "routes:\n  - {path: /same, function: same, residency: public}\n"
            "  - {path: /changing, function: changing, residency: public}\n")

    def test_what_did_not_change_goes_on_in_its_process(self):
        deployment = own.Deployment(self.config())
        self.addCleanup(deployment.close)
        (deployment.folder / "runtime.py").write_text(self.RUNTIME)
        deployment.up()
        connection = deployment.connect()
        self.addCleanup(connection.close)

        def ask(path):
            status, body, goes_on = own.get(connection, path)
            self.assertEqual((status, goes_on), (200, True), body)
            return json.loads(body)

        same, changing = ask("/same"), ask("/changing")
        deployment.write(self.config("two"))
        done = subprocess.run([own.PROGRAM, "reload", "--data", deployment.data],
                              capture_output=True, text=True, timeout=own.TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(ask("/same"), same)
        changed = ask("/changing")
        self.assertEqual((changing["word"], changed["word"]), ("one", "two"))
        own.poll("the old process to end", lambda: not os.path.exists(f"/proc/{changing['pid']}"))


if __name__ == "__main__":
    unittest.main()
