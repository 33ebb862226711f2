#!/usr/bin/python3
"""Nothing of a person is in what a region says about itself: its log, its metrics, its spans, and
what it passes on as a trace. And what is there is enough to follow a request through the regions.

A deployment of its own that sends all its spans to a collector here. Travellers of the leak tests
live through it, with credentials and a tracestate that say who they are."""

import base64
import http.server
import importlib
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEADLINE_S = 30
FOLDER = tempfile.TemporaryDirectory(prefix="domicile-redaction.")
HEALTH = ROOT / "examples" / "health"


class Collector(http.server.ThreadingHTTPServer):
    """Takes OTLP over HTTP in JSON, as an OpenTelemetry collector does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.bodies = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def spans(self):
        """[(region, span)]"""
        out = []
        for body in list(self.bodies):
            for resource in json.loads(body)["resourceSpans"]:
                region = attributes(resource["resource"])["domicile.region"]
                for scope in resource["scopeSpans"]:
                    out += [(region, span) for span in scope["spans"]]
        return out


class CollectorHandler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def attributes(holder):
    return {item["key"]: next(iter(item["value"].values())) for item in holder["attributes"]}


def wait_for(condition, what):
    deadline = time.monotonic() + DEADLINE_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.02)
    return found


COLLECTOR = Collector()


def start():
    """A deployment whose every trace is recorded. The config is the example's, beside links to what
    it names relative to itself."""
    folder = pathlib.Path(FOLDER.name)
    for name in ("web", "functions"):
        (folder / name).symlink_to(HEALTH / name)
    config = (HEALTH / "domicile.yaml").read_text(encoding="utf-8")
    config = re.sub(r"^(log|traces):.*\n(?: .*\n)*", "", config, flags=re.M)
    port = COLLECTOR.server_address[1]
    config += f"\nlog:\n  level: debug\ntraces:\n  collector: http://127.0.0.1:{port}\n  sample_ratio: 1\n"
    (folder / "domicile.yaml").write_text(config, encoding="utf-8")
    ready = folder / "ready"
    with open(folder / "up.log", "wb") as log:
        up = subprocess.Popen(
            [ROOT / "build" / "release" / "domicile", "up", folder / "domicile.yaml", "--data",
             folder / "data", "--listen", "127.0.0.1:0", "--ready-file", ready],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_for(lambda: up.poll() is not None or (ready.exists() and ready.stat().st_size > 0), "up")
        assert up.poll() is None, (folder / "up.log").read_text(encoding="utf-8")
    except BaseException:
        up.kill()
        raise
    os.environ["DOMICILE_READY"] = str(ready)
    return up


UP = start()
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import world  # noqa: E402
from world import AU, EU, US  # noqa: E402

leaks = importlib.import_module("80_leaks_test")


def tearDownModule():
    UP.send_signal(signal.SIGTERM)
    UP.wait(DEADLINE_S)
    FOLDER.cleanup()


def metrics(region):
    port = world.READY["regions"][region]["admin"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as reply:
        return reply.read()


def log_of(region):
    """Whole lines: the last one may be half written."""
    path = pathlib.Path(world.READY["regions"][region]["data"]) / "log.jsonl"
    data = path.read_bytes()
    return leaks.without_function_output(data[:data.rfind(b"\n") + 1])


class Tattler(leaks.Traveller):
    """A traveller who also says who they are where a careless program would write it down."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.trace_state = self.plant("tracestate", self.word("state"))

    def travel(self):
        super().travel()
        for host in (self.through, *self.others, self.home, "app"):
            secret = self.plant("credentials", f"{self.word('credential')}-{host}")
            basic = base64.b64encode(f"{self.person.email}:{secret}".encode()).decode()
            for value in (f"Bearer {secret}", f"Basic {basic}", secret):
                world.call(host, "GET", f"/entries?secret={secret}", {
                    "Authorization": value, "Cookie": f"session={secret}", "X-Api-Key": secret,
                    "X-Forwarded-For": secret, "Referer": f"https://{secret}.example/",
                    "tracestate": f"t={self.trace_state}"})
            world.call(host, secret, "/entries")  # a method of their own
            world.call(f"idp.{host}" if host != "app" else EU, "POST", "/", {
                "X-Amz-Target": f"AWSCognitoIdentityProviderService.{secret}"}, "{}")
        # In a trace that goes through two regions.
        headers = {**self.trace_headers(), "User-Agent": self.agent}
        self.person.sign_in(self.home)
        text = self.plant("diary text", self.word("traced"))
        reply = self.person.api(self.through, "POST", "/entries",
                                {"date": "2026-11-21", "mood": 2, "text": text}, headers)
        assert reply.status == 201, reply
        return self

    def trace_headers(self):
        self.trace = secrets.token_hex(16)
        self.caller = secrets.token_hex(8)
        return {"traceparent": f"00-{self.trace}-{self.caller}-01",
                "tracestate": f"t={self.trace_state}"}


class Redaction(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.traveller = Tattler("DE", EU, US, [AU]).travel()

        def last_words():
            """Spans come in batches: the trace is whole when it holds what it is about and every
            span's parent."""
            spans = {span["spanId"]: span for _, span in COLLECTOR.spans()
                     if span["traceId"] == cls.traveller.trace}
            names = {span["name"].split(" ")[0] for span in spans.values()}
            parents = {span["parentSpanId"] for span in spans.values()}
            return (names >= {"POST", "crossing", "function", "commit"}
                    and parents <= {cls.traveller.caller, *spans}
                    and cls.traveller.trace.encode() in log_of(US))

        wait_for(last_words, "the traced request's spans and lines")

    def said(self):
        """{where: bytes} of all that the regions say."""
        out = {"spans": b"\n".join(COLLECTOR.bodies)}
        for region in world.REGIONS:
            out[f"log of {region}"] = log_of(region)
            out[f"metrics of {region}"] = metrics(region)
        return out

    def test_nothing_of_a_person_is_in_any_log_metric_or_span(self):
        found = []
        for where, data in self.said().items():
            self.assertGreater(len(data), 1000, f"{where} is not empty")
            for needle in self.traveller.needles():
                found += [f"{where}: {needle.what} {needle.value!r} as {form}"
                          for form in needle.found_in(data)]
        self.assertEqual(found, [], f"{len(found)} planted values were found")

    def test_the_search_would_find_them(self):
        """Each of them, in each of the three places, in each form."""
        for what in ("a log line", "a metric", "a span"):
            for needle in self.traveller.needles():
                for form, value in needle.forms:
                    data = b'{"x":"' + value + b'"} ' + what.encode()
                    self.assertIn(form, needle.found_in(data), f"{what}: {needle.what}")

    def test_a_line_says_what_it_should_and_no_more(self):
        allowed = {"time", "level", "region", "node", "event", "listener", "service", "route",
                   "method", "status", "duration_ms", "received_bytes", "sent_bytes", "request_id",
                   "trace_id", "span_id", "network"}
        templates = set()
        for region in world.REGIONS:
            for text in log_of(region).decode().splitlines():
                line = json.loads(text)
                self.assertEqual(line["region"], region)
                if line["event"] != "request":
                    continue
                self.assertLessEqual(set(line), allowed)
                self.assertRegex(line["network"], r"^[0-9.]+\.0/24$")
                templates.add(line["route"])
        self.assertIn("/entries/{id}", templates | {t.replace("entryId", "id") for t in templates})
        for template in templates:
            self.assertNotRegex(template, r"[0-9a-f]{8}|@")

    def test_a_trace_leads_through_both_regions_by_parents(self):
        spans = {span["spanId"]: (region, span) for region, span in COLLECTOR.spans()
                 if span["traceId"] == self.traveller.trace}

        def ancestors(span):
            while span["parentSpanId"] != self.traveller.caller:
                region, span = spans[span["parentSpanId"]]
                yield region, span["name"]

        function = next(s for _, s in spans.values() if s["name"].startswith("function "))
        above = list(ancestors(function))
        self.assertEqual([region for region, _ in above], [EU, US, US])
        self.assertTrue(above[0][1].startswith("POST /entries"), above)
        self.assertEqual(above[1][1], f"crossing {EU}")
        self.assertTrue(above[2][1].startswith("POST /entries"), above)
        # What the function does at home belongs to its invocation, down to the disk.
        commit = next(s for _, s in spans.values() if s["name"] == "commit region")
        self.assertEqual([name.split(" ")[0] for _, name in ancestors(commit)],
                         ["POST", "function", "POST", "crossing", "POST"])

    def test_spans_hold_nothing_but_what_is_on_the_list(self):
        allowed = {"http.request.method", "http.route", "http.response.status_code",
                   "domicile.service", "domicile.upstream", "domicile.peer", "faas.invoked_name",
                   "db.namespace"}
        names = set()
        for _, span in COLLECTOR.spans():
            self.assertLessEqual(set(attributes(span)), allowed)
            self.assertLessEqual(int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"]))
            names.add(span["name"].split(" ")[0])
        self.assertLessEqual({"POST", "GET", "crossing", "function", "commit"}, names)


if __name__ == "__main__":
    unittest.main()
