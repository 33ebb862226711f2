#!/usr/bin/python3
"""Runtimes that other people wrote run as they are: AWS's own for Node, and a program that was
compiled. (A Python handler is in 50_functions_test.py.)"""

import json
import subprocess
import unittest

import boto3
from botocore.config import Config

import own
from own import REGION

RUNTIMES = own.ROOT / "tests" / "blackbox" / "runtimes"
RIC = own.ROOT / "tests" / "node_modules" / "aws-lambda-ric"
NODE = own.ROOT / ".tools" / "node_modules" / ".bin" / "node"

HANDLER = """
import { setTimeout } from 'node:timers/promises';
export const handler = async (event, context) => {
    console.log('event of anna@example.com');
    if (event.fail) throw new TypeError('as asked');
    if (event.reject) return Promise.reject(new Error('later'));
    await setTimeout(1);
    return { event, name: context.functionName, left: context.getRemainingTimeInMillis(),
             id: context.awsRequestId, arn: context.invokedFunctionArn };
};
"""

CONFIG = f"""
functions:
  node: {{command: [{NODE}, {RIC}/index.mjs, index.handler], timeout_seconds: 25}}
  compiled: {{command: [./bootstrap]}}
"""


class Runtimes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = own.Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.deployment = own.Deployment(own.config(cls.upstream, extra=CONFIG))
        cls.addClassCleanup(cls.deployment.close)
        folder = cls.deployment.folder
        (folder / "index.mjs").write_text(HANDLER)
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", folder / "bootstrap",
                        RUNTIMES / "bootstrap.c"], check=True)
        cls.deployment.up()
        out = subprocess.run(
            [own.PROGRAM, "keys", "create", "--data", cls.deployment.data, "--region", REGION,
             "--operations", "lambda:*"],
            capture_output=True, text=True, timeout=own.TIMEOUT_S, check=True).stdout
        key = dict(line.split("=", 1) for line in out.splitlines())
        cls.calls = boto3.client(
            "lambda", region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{cls.deployment.port('loopback')}",
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 0}, read_timeout=own.TIMEOUT_S))

    def invoke(self, name, event):
        got = self.calls.invoke(FunctionName=name, Payload=json.dumps(event))
        return got, json.load(got["Payload"])

    def test_the_runtime_of_aws_for_node_runs_a_handler(self):
        for turn in range(3):
            got, result = self.invoke("node", {"turn": turn})
            self.assertNotIn("FunctionError", got, result)
            self.assertEqual((result["event"], result["name"]), ({"turn": turn}, "node"))
            self.assertEqual(result["id"], got["ResponseMetadata"]["RequestId"])
            self.assertTrue(0 < result["left"] <= 25_000)
            self.assertTrue(result["arn"].endswith(":function:node"))

    def test_its_errors_are_the_functions_errors(self):
        got, error = self.invoke("node", {"fail": True})
        self.assertEqual(got["FunctionError"], "Unhandled")
        self.assertEqual((error["errorType"], error["errorMessage"]), ("TypeError", "as asked"))
        got, error = self.invoke("node", {"reject": True})
        self.assertEqual((got["FunctionError"], error["errorMessage"]), ("Unhandled", "later"))
        got, result = self.invoke("node", {"after": 1})
        self.assertEqual(result["event"], {"after": 1})

    def test_what_it_logs_has_the_request_and_no_address(self):
        got, _ = self.invoke("node", {})
        request = got["ResponseMetadata"]["RequestId"]

        def lines():
            return [line["line"] for line in self.deployment.log()
                    if line["event"] == "function_output" and line["request_id"] == request]

        own.poll("the line", lambda: any("event of [e-mail]" in line for line in lines()))
        self.assertTrue(all("anna" not in line for line in lines()))

    def test_a_compiled_bootstrap_runs(self):
        for turn in range(3):
            got, result = self.invoke("compiled", {"turn": turn})
            self.assertEqual(result, {"compiled": True, "event": {"turn": turn}})


if __name__ == "__main__":
    unittest.main()
