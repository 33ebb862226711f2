#!/usr/bin/python3
"""/metrics, /healthz and /readyz of a region's admin port, as a collector and a balancer see them."""

import json
import re
import time
import unittest
import urllib.error
import urllib.request

import world
from world import AU, EU, US, Person

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)$")


def get(region, path):
    port = world.READY["regions"][region]["admin"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as reply:
            return reply.status, dict(reply.headers), reply.read().decode()
    except urllib.error.HTTPError as reply:
        return reply.code, dict(reply.headers), reply.read().decode()


class Exposition:
    """Text format 0.0.4, read as strictly as its description allows."""

    def __init__(self, text):
        self.types, self.samples = {}, {}
        assert text.endswith("\n"), "the last line must end"
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in self.types, f"two TYPE lines for {name}"
                self.types[name] = kind
            elif not line.startswith("# HELP "):
                match = SAMPLE.match(line)
                assert match, f"not a sample: {line!r}"
                key = (match[1], match[2] or "")
                assert key not in self.samples, f"twice: {line!r}"
                self.samples[key] = float(match[3])

    def sum(self, name, *labels):
        return sum(value for (of, text), value in self.samples.items()
                   if of == name and all(label in text for label in labels))


def metrics(region):
    status, headers, text = get(region, "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), headers
    return Exposition(text)


class Health(unittest.TestCase):
    def test_a_region_that_serves_is_alive_and_ready(self):
        for region in world.REGIONS:
            self.assertEqual(get(region, "/healthz")[0], 200)
            status, _, text = get(region, "/readyz")
            document = json.loads(text)
            self.assertEqual((status, document["region"]), (200, region))
            for name in ("serving", "region_store", "key_store", "directory", "functions"):
                self.assertIn(name, document["checks"])
            self.assertTrue(document["checks"]["serving"]["good"])


class Metrics(unittest.TestCase):
    def test_every_family_has_a_type_and_keeps_the_conventions(self):
        read = metrics(EU)
        for name, _ in read.samples:
            family = re.sub(r"_(bucket|sum|count)$", "", name)
            kind = read.types.get(family) or read.types.get(name)
            self.assertIsNotNone(kind, name)
            self.assertEqual(kind == "counter", name.endswith("_total"), name)

    def test_the_process_says_what_every_client_library_says(self):
        read = metrics(EU)
        for name in ("process_resident_memory_bytes", "process_cpu_seconds_total",
                     "process_open_fds", "process_start_time_seconds", "domicile_build_info"):
            self.assertGreater(read.sum(name), 0, name)
        self.assertGreater(read.sum("process_start_time_seconds"), 1.5e9)

    def test_what_somebody_does_is_counted_in_each_part_that_took_part(self):
        before = {region: metrics(region) for region in (AU, EU, US)}
        person = Person("DE", EU, "metrics")
        person.sign_up(US)
        person.confirm(US)
        person.sign_in(US)
        person.write("Counted.", US)
        after = {}

        def grew(region, name, *labels):
            return after[region].sum(name, *labels) - before[region].sum(name, *labels)

        peer = f'peer="{EU}"'
        expected = [
            (US, "domicile_http_requests_total", ['service="identity"', 'route="SignUp"', "2xx"]),
            (US, "domicile_http_requests_total", ['service="gateway"', 'method="POST"', "2xx"]),
            (EU, "domicile_http_requests_total", ['service="gateway"', 'method="POST"', "2xx"]),
            (EU, "domicile_http_requests_total", ['service="documents"', 'route="PutItem"']),
            (US, "domicile_identity_operations_total", ['operation="sign_up"', 'outcome="ok"']),
            (US, "domicile_gateway_decisions_total", ['decision="forward"']),
            (EU, "domicile_gateway_decisions_total", ['decision="serve"']),
            (US, "domicile_border_crossings_total", [peer, 'kind="call"', 'direction="sent"']),
            (US, "domicile_border_crossings_total", [peer, 'kind="message"', 'outcome="ok"']),
            (EU, "domicile_border_crossings_total", ['direction="received"', f'peer="{US}"']),
            (EU, "domicile_function_invocations_total", ['outcome="ok"']),
            (EU, "domicile_documents_operations_total", ['operation="put"', 'outcome="ok"']),
            (EU, "domicile_directory_changes_total", ['change="claim"', "decided"]),
            (US, "domicile_directory_lookups_total", ['source="linearizable"']),
            (EU, "domicile_sql_batches_total", ['database="region"', 'kind="write"']),
            (EU, "domicile_sql_commit_duration_seconds_count", ['database="region"']),
            (EU, "domicile_audit_records_total", []),
            (EU, "domicile_audit_sync_duration_seconds_count", []),
            (US, "domicile_http_received_bytes_total", ['listener="https"']),
            (US, "domicile_http_connections_secured_total", ['listener="https"']),
        ]
        # A region counts a request just after its answer has gone out.
        deadline = time.monotonic() + world.TIMEOUT_S
        missing = expected
        while missing and time.monotonic() < deadline:
            after.update({region: metrics(region) for region in (AU, EU, US)})
            missing = [item for item in expected if grew(item[0], item[1], *item[2]) <= 0]
        self.assertEqual(missing, [])
        self.assertEqual(after[EU].sum("domicile_http_handler_failures_total"), 0)


if __name__ == "__main__":
    unittest.main()
