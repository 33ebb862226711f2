#!/usr/bin/python3
"""Debian's awscli, as it is, against a region's loopback port: Lambda, SSM and DynamoDB."""

import base64
import json
import subprocess
import unittest

import own
from own import REGION

AWS = "/usr/bin/aws"

RUNTIME = r'''
import http.client, json, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()
while True:
    head, body = send("GET", "invocation/next")
    id = head.headers["Lambda-Runtime-Aws-Request-Id"]
    if json.loads(body).get("note"):
        open("noted", "w").close()
    send("POST", "invocation/" + id + "/response", json.dumps({"got": json.loads(body)}))
'''

CONFIG = """
functions:
  demo: {command: [/usr/bin/python3, runtime.py]}
parameters:
  /app/theme: {value: dark}
tables:
  Things: {partition_key: {name: id, type: S}}
"""


class AwsCli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        upstream = own.Upstream()
        cls.addClassCleanup(upstream.close)
        cls.deployment = own.deploy(cls.addClassCleanup, own.config(upstream, extra=CONFIG),
                                    {"runtime.py": RUNTIME})
        cls.key = cls.deployment.key("lambda:*,ssm:*,dynamodb:*")

    def aws(self, *words, good=True):
        folder = self.deployment.folder
        done = subprocess.run(
            [AWS, "--endpoint-url", f"http://127.0.0.1:{self.deployment.port('loopback')}",
             "--region", REGION, "--output", "json", *words],
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "AWS_MAX_ATTEMPTS": "1", **self.key},
            capture_output=True, text=True, timeout=2 * own.TIMEOUT_S)
        self.assertEqual(done.returncode == 0, good, done.stderr)
        if not good:
            return done.stderr
        return json.loads(done.stdout) if done.stdout else None

    def invoke(self, event, *words):
        result = self.deployment.folder / "result.json"
        said = self.aws("lambda", "invoke", "--function-name", "demo", "--cli-binary-format",
                        "raw-in-base64-out", "--payload", json.dumps(event), *words, str(result))
        return said, result.read_text()

    def test_a_function_is_invoked(self):
        said, result = self.invoke({"a": 1}, "--log-type", "Tail")
        self.assertEqual((said["StatusCode"], json.loads(result)), (200, {"got": {"a": 1}}))
        self.assertIn("START RequestId", base64.b64decode(said["LogResult"]).decode())
        said, _ = self.invoke({"note": True}, "--invocation-type", "Event")
        self.assertEqual(said["StatusCode"], 202)
        own.poll("the event", lambda: (self.deployment.folder / "noted").exists())

    def test_functions_are_listed_and_described(self):
        listed = self.aws("lambda", "list-functions")["Functions"]
        self.assertEqual([one["FunctionName"] for one in listed], ["demo"])
        one = self.aws("lambda", "get-function", "--function-name", "demo")
        self.assertEqual(one["Configuration"]["State"], "Active")
        none = self.aws("lambda", "get-function", "--function-name", "none", good=False)
        self.assertIn("ResourceNotFoundException", none)

    def test_parameters_and_items(self):
        got = self.aws("ssm", "get-parameter", "--name", "/app/theme")
        self.assertEqual(got["Parameter"]["Value"], "dark")
        item = json.dumps({"id": {"S": "1"}, "n": {"N": "7"}})
        self.aws("dynamodb", "put-item", "--table-name", "Things", "--item", item)
        got = self.aws("dynamodb", "get-item", "--table-name", "Things", "--key", '{"id": {"S": "1"}}')
        self.assertEqual(got["Item"], json.loads(item))


if __name__ == "__main__":
    unittest.main()
