#!/usr/bin/python3
"""Runtimes that other people wrote run as they are: AWS's own for Node, and a program that was
compiled. (A Python handler is in 50_functions_test.py.) Ours for Node runs the same handlers. Both take
several calls at once in one process."""

import json
import subprocess
import threading
import unittest

import own

RUNTIMES = own.ROOT / "tests" / "blackbox" / "runtimes"
RIC = own.ROOT / "tests" / "node_modules" / "aws-lambda-ric"
OURS = own.ROOT / "runtimes" / "node" / "index.mjs"
NODE = own.ROOT / ".tools" / "node_modules" / ".bin" / "node"

HANDLER = """
import { setTimeout } from 'node:timers/promises';
let here = 0, all;
const met = new Promise((resolve) => { all = resolve; });
export const handler = async (event, context) => {
    if (event.meet) {  // with so many calls in this process
        if (++here === event.meet) all();
        await met;
        return process.pid;
    }
    console.log('event of anna@example.com');
    if (event.fail) throw new TypeError('as asked');
    if (event.reject) return Promise.reject(new Error('later'));
    await setTimeout(1);
    return { event, name: context.functionName, left: context.getRemainingTimeInMillis(),
             id: context.awsRequestId, arn: context.invokedFunctionArn };
};
export const nothing = async () => {};
export const pieces = awslambda.streamifyResponse(async (event, out) => {
    out.setContentType('text/plain');
    out.write('one, ');
    out.write('two');
    if (event.fail) throw new TypeError('in the middle');
    out.end();
});
"""
OLD = "exports.a = { handler: (event, context, done) => { setTimeout(() => done(null, { old: event }), 1); } };"

CONFIG = f"""
functions:
  node: {{command: [{NODE}, {RIC}/index.mjs, index.handler], timeout_seconds: 25}}
  compiled: {{command: [./bootstrap]}}
  ours: {{command: [{NODE}, {OURS}, index.handler], timeout_seconds: 25}}
  aws-many: {{command: [{NODE}, {RIC}/index.mjs, index.handler], concurrency: {{maximum: 1, per_process: 4}}}}
  ours-many: {{command: [{NODE}, {OURS}, index.handler], concurrency: {{maximum: 1, per_process: 4}}}}
  old: {{command: [{NODE}, {OURS}, old.a.handler], concurrency: {{reserved: 0}}}}
  nothing: {{command: [{NODE}, {OURS}, index.nothing], concurrency: {{reserved: 0}}}}
  pieces: {{command: [{NODE}, {OURS}, index.pieces], concurrency: {{reserved: 0}}}}
  missing: {{command: [{NODE}, {OURS}, index.nobody], concurrency: {{reserved: 0}}}}
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
        (folder / "old.js").write_text(OLD)
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-o", folder / "bootstrap",
                        RUNTIMES / "bootstrap.c"], check=True)
        cls.deployment.up()
        cls.calls = cls.deployment.client("lambda", "lambda:*")

    def invoke(self, name, event):
        got = self.calls.invoke(FunctionName=name, Payload=json.dumps(event))
        return got, json.load(got["Payload"])

    def test_a_handler_runs(self):
        for name in ("node", "ours"):
            for turn in range(3):
                got, result = self.invoke(name, {"turn": turn})
                self.assertNotIn("FunctionError", got, result)
                self.assertEqual((result["event"], result["name"]), ({"turn": turn}, name))
                self.assertEqual(result["id"], got["ResponseMetadata"]["RequestId"])
                self.assertTrue(0 < result["left"] <= 25_000)
                self.assertTrue(result["arn"].endswith(f":function:{name}"))

    def test_its_errors_are_the_functions_errors(self):
        for name in ("node", "ours"):
            got, error = self.invoke(name, {"fail": True})
            self.assertEqual(got["FunctionError"], "Unhandled")
            self.assertEqual((error["errorType"], error["errorMessage"]), ("TypeError", "as asked"))
            got, error = self.invoke(name, {"reject": True})
            self.assertEqual((got["FunctionError"], error["errorMessage"]), ("Unhandled", "later"))
            got, result = self.invoke(name, {"after": 1})
            self.assertEqual(result["event"], {"after": 1})

    def test_one_process_has_several_calls_at_once(self):
        for name in ("aws-many", "ours-many"):
            pids = []
            calls = [threading.Thread(target=lambda: pids.append(self.invoke(name, {"meet": 4})[1]))
                     for _ in range(4)]
            for call in calls:
                call.start()
            for call in calls:
                call.join()
            self.assertEqual((len(pids), len(set(pids))), (4, 1), (name, pids))

    def test_ours_takes_what_is_large_and_what_is_not_ascii(self):
        event = {"text": "\u2028 \u00fc \u20ac \U0001f600 \0" + "x\u00e9" * 500_000}
        self.assertEqual(self.invoke("ours", event)[1]["event"], event)

    def test_ours_runs_handlers_of_other_forms(self):
        self.assertEqual(self.invoke("old", {"a": 1})[1], {"old": {"a": 1}})
        self.assertIsNone(self.invoke("nothing", {})[1])
        whole = self.calls.invoke(FunctionName="pieces", Payload="{}")
        self.assertEqual(whole["Payload"].read(), b"one, two")
        got, error = self.invoke("pieces", {"fail": True})
        self.assertEqual((got["FunctionError"], error["errorType"]), ("Unhandled", "TypeError"))

    def test_ours_says_that_there_is_no_such_handler(self):
        got, error = self.invoke("missing", {})
        self.assertEqual((got["FunctionError"], error["errorType"]), ("Unhandled", "Runtime.ExitError"))
        own.poll("why", lambda: any("index.nobody is no function" in line.get("line", "")
                                    for line in self.deployment.log()))

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
