#!/usr/bin/python3
"""Answers in pieces, by AWS's own runtime for Node as it is: to AWS's SDK and through the gateway, each
piece when it is there, and what a client sees when the function fails in the middle."""

import http.client
import json
import os
import subprocess
import unittest
import urllib.parse

import own
from own import REGION

RIC = own.ROOT / "tests" / "node_modules" / "aws-lambda-ric"
NODE = own.ROOT / ".tools" / "node_modules" / ".bin" / "node"

# A piece, and the next when the file that the event names is there.
HANDLER = """
import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
export const handler = awslambda.streamifyResponse(async (event, stream) => {
    const what = event.queryStringParameters ?? event;
    if (what.head) {
        const head = { statusCode: 201, headers: { 'Content-Type': 'text/plain', 'X-Own': 'yes' },
                       cookies: ['a=b'] };
        stream = awslambda.HttpResponseStream.from(stream, head);
    }
    stream.write('one,');
    while (what.until && !existsSync(what.until)) await setTimeout(5);
    if (what.fail) throw new TypeError('in the middle');
    if (what.exit) process.exit(1);
    for (let i = 0; i < (what.many ?? 0); i += 1) {
        if (!stream.write('x'.repeat(65536))) await new Promise((go) => stream.once('drain', go));
    }
    stream.write('two');
    stream.end();
});
"""

WHOLE = "export const handler = async (event) => { if (event.fail) throw new Error('no'); return 7; };"

# What it gets, a line each; a file is made when the first piece has come.
CLIENT = """
import { writeFileSync } from 'node:fs';
import { InvokeWithResponseStreamCommand, LambdaClient } from '@aws-sdk/client-lambda';
const [endpoint, name, payload] = process.argv.slice(2);
const lambda = new LambdaClient({ region: '%s', endpoint, maxAttempts: 1 });
const input = { FunctionName: name, Payload: payload, LogType: 'Tail' };
const say = (value) => console.log(JSON.stringify(value));
try {
    const { EventStream, StatusCode } = await lambda.send(new InvokeWithResponseStreamCommand(input));
    say({ status: StatusCode });
    for await (const { PayloadChunk, InvokeComplete } of EventStream) {
        if (PayloadChunk) say({ piece: Buffer.from(PayloadChunk.Payload).toString() });
        if (InvokeComplete) say({ end: InvokeComplete });
        const { until } = JSON.parse(payload);
        if (until) writeFileSync(until, '');
    }
} catch (error) {
    say({ error: error.name });
}
""" % REGION

CONFIG = f"""
  - {{path: /pieces, function: pieces, residency: public}}
functions:
  pieces: {{command: [{NODE}, {RIC}/index.mjs, pieces.handler], timeout_seconds: 20, concurrency: {{maximum: 2}}}}
  whole: {{command: [{NODE}, {RIC}/index.mjs, whole.handler]}}
"""


class Streaming(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = own.Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.deployment = own.Deployment(own.config(cls.upstream, extra=CONFIG))
        cls.addClassCleanup(cls.deployment.close)
        folder = cls.deployment.folder
        (folder / "pieces.mjs").write_text(HANDLER)
        (folder / "whole.mjs").write_text(WHOLE)
        (folder / "client.mjs").write_text(CLIENT)
        (folder / "node_modules").symlink_to(own.ROOT / "tests" / "node_modules")
        cls.deployment.up()
        cls.key = cls.deployment.key("lambda:*")

    def said(self, name, **event):
        url = f"http://127.0.0.1:{self.deployment.port('loopback')}"
        out = subprocess.run(
            [NODE, self.deployment.folder / "client.mjs", url, name, json.dumps(event)],
            env={**os.environ, **self.key}, capture_output=True, text=True, timeout=own.TIMEOUT_S,
            check=True)
        return [json.loads(line) for line in out.stdout.splitlines()]

    def pieces(self, said):
        return "".join(one["piece"] for one in said if "piece" in one)

    def until(self):
        return str(self.deployment.folder / f"go-{self.id().rpartition('.')[2]}")

    def get(self, query):
        connection = self.deployment.connect()
        self.addCleanup(connection.close)
        own.send(connection, "/pieces?" + query)
        return connection.getresponse()

    # ---- The SDK -------------------------------------------------------------------------------

    def test_the_sdk_gets_each_piece_when_it_is_there(self):
        said = self.said("pieces", until=self.until())
        self.assertEqual(said[:2], [{"status": 200}, {"piece": "one,"}])
        self.assertEqual(self.pieces(said), "one,two")
        self.assertEqual(set(said[-1]["end"]), {"LogResult"})

    def test_a_failure_in_the_middle_is_told_at_the_end(self):
        said = self.said("pieces", fail=True)
        self.assertEqual(self.pieces(said), "one,")
        end = said[-1]["end"]
        self.assertEqual(end["ErrorCode"], "TypeError")
        self.assertEqual(json.loads(end["ErrorDetails"])["errorMessage"], "in the middle")
        gone = self.said("pieces", exit=True)
        self.assertEqual(gone[-1]["end"]["ErrorCode"], "Runtime.ExitError")
        self.assertEqual(self.pieces(self.said("pieces")), "one,two")

    def test_a_function_that_answers_whole_is_one_piece(self):
        said = self.said("whole")
        self.assertEqual(said[:2], [{"status": 200}, {"piece": "7"}])
        end = self.said("whole", fail=True)[-1]["end"]
        self.assertEqual(end["ErrorCode"], "Error")
        self.assertEqual(self.said("none"), [{"error": "ResourceNotFoundException"}])

    # ---- The gateway ---------------------------------------------------------------------------

    def test_the_gateway_passes_each_piece_on_when_it_is_there(self):
        until = self.until()
        answer = self.get("head=1&until=" + until)
        self.assertEqual((answer.status, answer.headers["X-Own"]), (201, "yes"))
        self.assertEqual(answer.headers["Set-Cookie"], "a=b")
        self.assertEqual(answer.headers["Domicile-Served-By"], REGION)
        self.assertEqual(answer.read(4), b"one,")
        open(until, "w").close()
        self.assertEqual(answer.read(), b"two")

    def test_without_a_head_of_its_own_it_is_200(self):
        answer = self.get("")
        self.assertEqual((answer.status, answer.read()), (200, b"one,two"))
        self.assertEqual(answer.headers["Content-Type"], "application/octet-stream")

    def test_a_failure_in_the_middle_is_a_body_without_an_end(self):
        for query in ("fail=1", "exit=1", "head=1&fail=1"):
            until = f"{self.until()}-{query}".replace("&", "-")
            answer = self.get(f"{query}&until={urllib.parse.quote(until)}")
            self.assertEqual(answer.read(4), b"one,")
            open(until, "w").close()
            with self.assertRaises(http.client.IncompleteRead, msg=query):
                answer.read()

    def test_a_long_answer_is_not_held(self):
        def resident():
            connection = http.client.HTTPConnection("127.0.0.1", self.deployment.port("admin"))
            self.addCleanup(connection.close)
            connection.request("GET", "/metrics")
            for line in connection.getresponse().read().decode().splitlines():
                if line.startswith("process_resident_memory_bytes "):
                    return float(line.split()[1])

        before = resident()
        answer = self.get("many=1600")  # 100 MiB, of which nobody reads anything yet
        self.assertEqual(answer.read(4), b"one,")
        grown = max(resident() - before for _ in range(20))
        self.assertLess(grown, 30 << 20)
        self.assertEqual(len(answer.read()), 1600 * 65536 + 3)


if __name__ == "__main__":
    unittest.main()
