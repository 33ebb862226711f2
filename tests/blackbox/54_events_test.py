#!/usr/bin/python3
"""Event invocations: what was acknowledged is run, also when the region is killed in between; what
fails is tried again, and what became of it is told to another function."""

import json
import signal
import unittest

import own
from own import poll

# Notes what it was given once its answer is taken. "wait": not before the file `go` is there.
RUNTIME = r'''
import http.client, json, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()
def note(file, event, id):
    with open(file, "a") as out:
        out.write(json.dumps({"event": event, "id": id}) + "\n")
while True:
    head, body = send("GET", "invocation/next")
    event, id = json.loads(body), head.headers["Lambda-Runtime-Aws-Request-Id"]
    note("begun", event, id)
    if event.get("do") == "raise":
        send("POST", "invocation/" + id + "/error", '{"errorType": "Oops", "errorMessage": "no"}')
        continue
    while event.get("do") == "wait" and not os.path.exists("go"):
        time.sleep(0.01)
    if send("POST", "invocation/" + id + "/response", "{}")[0].status == 202:
        note("done", event, id)
'''

CONFIG = """
functions:
  demo:
    command: [/usr/bin/python3, runtime.py]
    concurrency: {maximum: 2, reserved: 0}
    events: {retries: 1, retry_seconds: 1, queue_max: 60, on_failure: undertaker}
  undertaker: {command: [/usr/bin/python3, runtime.py], concurrency: {reserved: 0}}
  greeter: {command: [/usr/bin/python3, runtime.py], concurrency: {reserved: 0}, events: {on_success: undertaker}}
"""


class Events(unittest.TestCase):
    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        self.deployment = own.deploy(self.addCleanup, own.config(self.upstream, extra=CONFIG),
                                     {"runtime.py": RUNTIME})
        self.calls = self.deployment.client("lambda", "lambda:*")
        self.addCleanup(self.calls.close)

    def send(self, function="demo", **event):
        """The id of the invocation."""
        got = self.calls.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))
        self.assertEqual((got["StatusCode"], got["Payload"].read()), (202, b""))
        return got["ResponseMetadata"]["RequestId"]

    def noted(self, file):
        try:
            lines = (self.deployment.folder / file).read_text().splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def go(self):
        (self.deployment.folder / "go").touch()

    def test_what_was_acknowledged_is_run_after_kill_9(self):
        self.deployment.stop()
        self.deployment.serve()
        sent = {self.send(do="wait", n=n) for n in range(40)}
        poll("two to begin", lambda: len(self.noted("begun")) == 2)
        self.deployment.stop(signal.SIGKILL)
        self.assertEqual(self.noted("done"), [])
        self.go()
        self.deployment.serve()
        poll("all of them", lambda: sent <= {one["id"] for one in self.noted("done")})
        self.assertEqual({one["event"]["n"] for one in self.noted("done")}, set(range(40)))

    def test_a_failure_is_tried_again_and_told(self):
        id = self.send(do="raise")
        poll("the undertaker", lambda: len(self.noted("done")) == 1)
        self.assertEqual([one["id"] for one in self.noted("begun")][:2], [id, id])
        record = self.noted("done")[0]["event"]
        self.assertEqual(record["requestContext"]["requestId"], id)
        self.assertEqual(record["requestContext"]["condition"], "RetriesExhausted")
        self.assertEqual(record["requestPayload"], {"do": "raise"})
        self.assertEqual(record["responsePayload"]["errorType"], "Oops")

    def test_an_answer_is_told(self):
        id = self.send("greeter", text="hello")
        poll("both", lambda: len(self.noted("done")) == 2)
        [record] = [one["event"] for one in self.noted("done") if one["id"] != id]
        self.assertEqual((record["requestContext"]["requestId"], record["requestContext"]["condition"]), (id, "Success"))
        self.assertEqual((record["requestPayload"], record["responsePayload"]), ({"text": "hello"}, {}))

    def test_what_the_queue_does_not_hold_is_429_and_a_stop_loses_nothing(self):
        taken = set()
        with self.assertRaises(self.calls.exceptions.TooManyRequestsException):
            for n in range(100):
                taken.add(self.send(do="wait", n=n))
        self.assertEqual(len(taken), 60)
        with self.assertRaises(self.calls.exceptions.RequestTooLargeException):
            self.send(text="x" * (1 << 20))
        self.go()
        self.deployment.stop()
        self.deployment.serve()
        poll("all of them", lambda: taken <= {one["id"] for one in self.noted("done")})


if __name__ == "__main__":
    unittest.main()
