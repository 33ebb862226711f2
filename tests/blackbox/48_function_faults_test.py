#!/usr/bin/python3
"""What callers see of a function that misbehaves, through the gateway and by Invoke: the status, the type of the
error, and that the next call is answered by a process that works."""

import json
import pathlib
import unittest

from botocore.exceptions import ClientError

import own
from own import DOMAIN, REGION

PAYLOAD_MAX = 6 << 20

# A runtime in miniature; an event's "do" (Invoke), or its body (the gateway), is what goes wrong.
RUNTIME = r'''
import http.client, json, os, signal, sys, time
def connect():
    return http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
api = connect()
def send(method, path, body=None, connection=None):
    (connection or api).request(method, "/2018-06-01/runtime/" + path, body)
    reply = (connection or api).getresponse()
    return reply, reply.read()
def children(count, leave):
    for _ in range(count):
        child = os.fork()
        if not child:
            if leave:
                os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True:
                time.sleep(1)
        with open("pids", "a") as file:
            file.write("%d\n" % child)
while True:
    head, body = send("GET", "invocation/next")
    event, id = json.loads(body), head.headers["Lambda-Runtime-Aws-Request-Id"]
    what = event.get("do") or event.get("body", "echo")
    answer = {"statusCode": 200, "body": what, "pid": os.getpid()}
    if what in ("fork and hang", "leave and hang"):
        children(5, what.startswith("leave"))
        while True:
            time.sleep(1)
    if what == "leak":
        held = []
        while True:
            held.append(bytearray(os.urandom(1 << 20)))
    if what == "flood":
        line = b"f" * 100 + b"\n"
        for _ in range(20):
            os.write(1, line * 1000)
    if what == "late":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open("pids", "a") as file:
            file.write("%d\n" % os.getpid())
        time.sleep(600)
    if what == "after its poll":
        api.close()  # the poll's own connection; the answer comes by another
        send("POST", "invocation/" + id + "/response", json.dumps(answer), connect())
        continue
    if what == "ignore SIGTERM":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open("pids", "a") as file:
            file.write("%d\n" % os.getpid())
    if what == "garbage":
        send("POST", "invocation/" + id + "/response", b"\xff{ no JSON")
        continue
    if what == "size":
        whole = json.dumps("x" * (event["bytes"] - 2))
        status = send("POST", "invocation/" + id + "/response", whole)[0].status
        with open("statuses", "a") as file:
            file.write("%d\n" % status)
        continue
    send("POST", "invocation/" + id + "/response", json.dumps(answer))
'''

CONFIG = """
functions:
  faulty:
    command: [/usr/bin/python3, runtime.py]
    timeout_seconds: 2
    concurrency: {maximum: 1}
  bounded:
    command: [/usr/bin/python3, runtime.py]
    timeout_seconds: 20
    memory_megabytes: 128
    concurrency: {maximum: 1}
shutdown: {deadline_ms: 200}
"""


def runs(pid):
    """Whether there is such a process that is not only waited for."""
    try:
        return ") Z " not in pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


class FunctionFaults(unittest.TestCase):
    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        text = own.config(self.upstream)
        for name in ("faulty", "bounded"):
            text += f"  - {{path: /{name}, function: {name}, residency: public}}\n"
        self.deployment = own.deploy(self.addCleanup, text + CONFIG, {"runtime.py": RUNTIME})
        self.folder = self.deployment.folder
        self.calls = self.deployment.client("lambda", "lambda:*")
        self.addCleanup(self.calls.close)
        self.connection = self.deployment.connect()
        self.addCleanup(self.connection.close)

    def post(self, what, name="faulty"):
        """Status and body, on one connection that stays open whatever the function does."""
        self.connection.request("POST", f"/{name}", what, {"Host": f"{REGION}.{DOMAIN}",
                                                           "Content-Type": "text/plain"})
        response = self.connection.getresponse()
        body = response.read().decode()
        self.assertFalse(response.will_close)
        return response.status, body

    def invoke(self, name="faulty", **event):
        """The error's type, or None, and the payload."""
        got = self.calls.invoke(FunctionName=name, Payload=json.dumps(event))
        payload = json.loads(got["Payload"].read())
        return (payload.get("errorType") if "FunctionError" in got else None), payload

    def pids(self):
        try:
            return [int(line) for line in (self.folder / "pids").read_text().split()]
        except FileNotFoundError:
            return []

    def assert_works(self, name="faulty"):
        own.poll("a good answer", lambda: self.post("fine", name) == (200, "fine"))

    def assert_gone(self, count):
        self.assertEqual(len(self.pids()), count)
        own.poll("all to be gone", lambda: not any(map(runs, self.pids())))

    # ---- Processes -----------------------------------------------------------------------------

    def test_what_it_forked_ends_with_it(self):
        self.assert_works()
        self.assertEqual(self.post("fork and hang")[0], 504)
        self.assert_gone(5)
        self.assert_works()

    def test_what_left_its_group_ends_with_it_where_control_groups_are_to_be_had(self):
        self.assert_works("bounded")
        groups = pathlib.Path("/proc/self/cgroup").read_text()
        own.poll("the process", lambda: self.invoke("bounded", do="fine")[0] is None)
        pid = self.invoke("bounded", do="fine")[1]["pid"]
        if pathlib.Path(f"/proc/{pid}/cgroup").read_text() == groups:
            self.skipTest("no control group may be made here")
        self.invoke("bounded", do="leave and hang")
        self.assert_gone(5)
        self.assert_works("bounded")

    def test_one_that_leaks_crashes_at_its_bound_and_takes_nobody_along(self):
        self.assert_works("bounded")
        kind, payload = self.invoke("bounded", do="leak")
        self.assertIn(kind, ("Runtime.ExitError",), payload)
        self.assert_works("bounded")
        self.assertEqual(self.post("leak", "bounded")[0], 500, "HTTP APIs' word for it")
        self.assert_works("bounded")
        self.assert_works()

    def test_a_flood_of_output_is_bounded_and_the_answer_comes(self):
        self.assert_works()
        self.assertEqual(self.post("flood"), (200, "flood"))
        own.poll("what was left out to be counted", lambda: any(
            line.get("event") == "function_output_dropped" or "function_output_dropped" in str(line)
            for line in self.deployment.log()))
        kept = sum("function_output" in str(line) and "fff" in str(line) for line in self.deployment.log())
        self.assertLessEqual(kept, 3 * 500, "lines for a second, three at most")
        self.assert_works()

    def test_one_that_ignores_SIGTERM_does_not_hold_up_a_stop(self):
        self.assert_works()
        self.assertEqual(self.post("ignore SIGTERM")[0], 200)
        self.deployment.stop()
        self.assert_gone(1)

    # ---- Answers -------------------------------------------------------------------------------

    def test_a_late_answer_is_504_and_its_process_is_gone(self):
        self.assert_works()
        self.assertEqual(self.post("late"), (504, '{"message":"Endpoint request timed out"}'))
        self.assert_gone(1)
        self.assert_works()
        kind, payload = self.invoke(do="late")
        self.assertEqual(kind, "Sandbox.Timedout", payload)
        self.assert_gone(2)
        self.assert_works()

    def test_an_answer_after_the_connection_of_its_poll_was_closed_counts(self):
        self.assert_works()
        self.assertEqual(self.post("after its poll"), (200, "after its poll"))
        self.assert_works()

    def test_an_answer_that_is_none_is_500_and_the_process_goes_on(self):
        self.assert_works()
        pid = self.invoke(do="fine")[1]["pid"]
        self.assertEqual(self.post("garbage")[0], 500)
        self.assertEqual(self.invoke(do="fine")[1]["pid"], pid)

    # ---- Bounds --------------------------------------------------------------------------------

    def test_a_result_at_its_bound_is_passed_on_and_one_byte_more_is_an_error_at_once(self):
        kind, payload = self.invoke("bounded", do="size", bytes=PAYLOAD_MAX)
        self.assertEqual((kind, len(payload)), (None, PAYLOAD_MAX - 2))
        pid = self.invoke("bounded", do="fine")[1]["pid"]
        kind, payload = self.invoke("bounded", do="size", bytes=PAYLOAD_MAX + 1)
        self.assertEqual(kind, "Function.ResponseSizeTooLarge", payload)
        self.assertEqual(self.invoke("bounded", do="fine")[1]["pid"], pid, "the process goes on")
        # It has written what it was told by then: who invoked it may hear of the error before it does.
        self.assertEqual((self.folder / "statuses").read_text().split(), ["202", "413"])

    def test_a_payload_at_its_bound_is_taken_and_one_byte_more_is_413(self):
        bare = len(json.dumps({"pad": ""}))
        self.assertIsNone(self.invoke("bounded", pad="x" * (PAYLOAD_MAX - bare))[0])
        with self.assertRaises(ClientError) as refused:
            self.invoke("bounded", pad="x" * (PAYLOAD_MAX - bare + 1))
        self.assertEqual(refused.exception.response["Error"]["Code"], "RequestTooLargeException")
        self.assert_works("bounded")


if __name__ == "__main__":
    unittest.main()
