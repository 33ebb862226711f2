"""The AWS SDK for JavaScript against the user pools of the deployment under test, for operations that
are younger than Debian's boto3 (sdk/calls.mjs)."""

import json
import os
import pathlib
import subprocess

from world import READY, REGIONS, create_key

SCRIPT = pathlib.Path(__file__).resolve().parent / "sdk" / "calls.mjs"


class Sdk:
    """A process of Node with a client of each region; close() in the end."""

    def __init__(self, administered=(), operations=("cognito-idp:*",)):
        """`administered`: regions whose calls are signed with a new key of theirs."""
        keys = {region: create_key(region, operations, ("userpool/*",)) for region in administered}
        given = {"endpoints": {region: f"http://127.0.0.1:{READY['regions'][region]['loopback']}/"
                               for region in REGIONS},
                 "keys": {region: {"id": key.id, "secret": key.secret} for region, key in keys.items()}}
        self.process = subprocess.Popen(
            ["node", "--no-warnings", SCRIPT, json.dumps(given)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=os.environ)

    def close(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def ask(self, region, operation, **members):
        line = {"region": region, "operation": operation, "input": members}
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def call(self, region, operation, **members):
        answer = self.ask(region, operation, **members)
        if "output" not in answer:
            raise AssertionError(f"{operation} through {region}: {answer}")
        return answer["output"]

    def refused(self, code, region, operation, **members):
        """The message of the error that the call ends with."""
        answer = self.ask(region, operation, **members)
        if answer.get("error") != code:
            raise AssertionError(f"{operation} through {region} instead of {code}: {answer}")
        return answer["message"]
