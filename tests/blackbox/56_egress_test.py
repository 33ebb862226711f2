#!/usr/bin/python3
"""`egress: enforced`: a function reaches its region and what it is allowed by name, and nothing else;
attempts are in the audit log; a region that cannot enforce it does not start."""

import json
import subprocess
import unittest

import own
from own import REGION, poll

RUNTIME = r'''
import http.client, json, os, sys, urllib.request
sys.path.append("/usr/lib/python3/dist-packages")
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()
def get(url):
    try:
        return urllib.request.urlopen(url, timeout=5).read().decode()
    except OSError as error:
        return str(error)
while True:
    head, body = send("GET", "invocation/next")
    event, id = json.loads(body), head.headers["Lambda-Runtime-Aws-Request-Id"]
    import boto3
    ssm = boto3.client("ssm", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    answer = {"theme": ssm.get_parameter(Name="/app/theme")["Parameter"]["Value"],
              "got": [get(url) for url in event["urls"]]}
    send("POST", "invocation/" + id + "/response", json.dumps(answer))
'''

CONFIG = """
functions:
  held:
    command: [/usr/bin/python3, runtime.py]
    parameters: [/app/*]
    egress: enforced
    egress_allow: ["localhost:%d"]
parameters:
  /app/theme: {value: dark}
"""
WITHOUT = ["setpriv", "--bounding-set", "-sys_admin"]


def may():
    return subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode == 0


@unittest.skipUnless(may(), "no network namespace can be made here")
class Egress(unittest.TestCase):
    def setUp(self):
        self.upstream, self.other = own.Upstream(), own.Upstream("other")
        self.addCleanup(self.upstream.close)
        self.addCleanup(self.other.close)
        text = own.config(self.upstream, extra=CONFIG % self.upstream.port)
        self.deployment = own.Deployment(text)
        self.addCleanup(self.deployment.close)
        (self.deployment.folder / "runtime.py").write_text(RUNTIME)

    def test_a_function_reaches_its_region_and_what_it_is_allowed(self):
        self.deployment.up()
        calls = self.deployment.client("lambda", "lambda:*")
        self.addCleanup(calls.close)
        urls = [f"http://localhost:{self.upstream.port}/quick",
                f"http://127.0.0.1:{self.other.port}/quick",
                f"http://127.0.0.1:{self.deployment.port('admin')}/metrics",
                "http://192.0.2.1/", "http://somewhere.example/"]
        got = json.load(calls.invoke(FunctionName="held", Payload=json.dumps({"urls": urls}))["Payload"])
        self.assertEqual(got["theme"], "dark", got)
        allowed, *refused = got["got"]
        self.assertEqual(allowed, "upstream quick")
        for said, why in zip(refused, ("refused", "refused", "unreachable", "resolution")):
            self.assertIn(why, said)

        def attempts():
            lines = (self.deployment.data / REGION / "audit.log").read_text().splitlines()
            records = [json.loads(line) for line in lines if '"egress_refused"' in line]
            return sum(record["details"]["attempts"] for record in records)

        poll("the evidence", lambda: attempts() >= 3)
        self.assertNotIn("192.0.2.1", (self.deployment.data / REGION / "audit.log").read_text())

    def test_a_region_that_cannot_enforce_it_does_not_start(self):
        file = self.deployment.file
        good = subprocess.run([own.PROGRAM, "check", file], capture_output=True, text=True)
        self.assertNotIn("would not start", good.stdout)
        check = subprocess.run([*WITHOUT, own.PROGRAM, "check", file], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0)
        self.assertIn("functions.held.egress: a region would not start here", check.stdout)
        up = subprocess.run(
            [*WITHOUT, own.PROGRAM, "up", file, "--data", self.deployment.data,
             "--listen", "127.0.0.1:0"], capture_output=True, text=True, timeout=2 * own.TIMEOUT_S)
        self.assertNotEqual(up.returncode, 0)
        self.assertIn("The egress of the function held is to be enforced", up.stdout + up.stderr)


if __name__ == "__main__":
    unittest.main()
