"""Other people's programs on the server's core: HAProxy, dynalite and cognito-local."""
import json
import os
import re
import shutil
import subprocess
import urllib.request

from harness import HERE, ROOT, Failed, free_port, stop, wait_for_port


class Peers:
    def __init__(self, folder, core):
        self.folder, self.core = folder, core
        self.processes = []

    def start(self, command, port, environment=None, folder=None):
        process = subprocess.Popen(["taskset", "-c", str(self.core)] + command, env=environment, cwd=folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        wait_for_port(port, process)
        return process

    def stop(self):
        for process in self.processes:
            stop(process)

    def haproxy(self, name, upstream_port):
        """One thread, with the settings of peers/haproxy_<name>.cfg. (port, process id)"""
        program = shutil.which("haproxy") or "/usr/sbin/haproxy"
        if not os.path.exists(program):
            raise Failed("haproxy is not installed: scripts/setup bench")
        port = free_port()
        with open(os.path.join(HERE, "peers", f"haproxy_{name}.cfg"), encoding="utf-8") as file:
            text = file.read().replace("@DIR@", self.folder)
        text = text.replace("127.0.0.1:9001", f"127.0.0.1:{upstream_port}")
        text = re.sub(r"bind 127\.0\.0\.1:\d+", f"bind 127.0.0.1:{port}", text)
        path = os.path.join(self.folder, name + ".cfg")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return port, self.start([program, "-db", "-f", path], port).pid

    def node(self, script, *arguments):
        """A Node program that listens on the port of its first argument. (port, process id)"""
        node = os.path.join(ROOT, ".tools", "node_modules", ".bin", "node")
        port = free_port()
        return port, self.start([node, script, str(port), *arguments], port).pid

    def dynalite(self, table):
        """In memory, which is its best case, with the table in it. (port, process id)"""
        program = os.path.join(HERE, "node_modules", "dynalite", "cli.js")
        node = os.path.join(ROOT, ".tools", "node_modules", ".bin", "node")
        if not os.path.exists(program):
            raise Failed("dynalite is not installed: scripts/setup bench")
        port = free_port()
        process = self.start([node, program, "--port", str(port), "--createTableMs", "0"], port,
                             {**os.environ, "NODE_ENV": "production"})
        self._create_table(port, table)
        return port, process.pid

    def cognito_local(self, user, password):
        """With a user pool in its files, and somebody in it. (port, process id, client id)"""
        program = os.path.join(HERE, "node_modules", "cognito-local", "lib", "bin", "start.js")
        node = os.path.join(ROOT, ".tools", "node_modules", ".bin", "node")
        if not os.path.exists(program):
            raise Failed("cognito-local is not installed: scripts/setup bench")
        port = free_port()
        process = self.start([node, program], port, {
            **os.environ, "PORT": str(port), "HOST": "127.0.0.1", "NODE_ENV": "production",
            "CODE": "123456"}, self.folder)

        def call(operation, **members):
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/", json.dumps(members).encode(),
                {"Content-Type": "application/x-amz-json-1.1",
                 "X-Amz-Target": "AWSCognitoIdentityProviderService." + operation})
            with urllib.request.urlopen(request, timeout=20) as reply:
                return json.loads(reply.read() or b"{}")

        pool = call("CreateUserPool", PoolName="bench", UsernameAttributes=["email"],
                    AutoVerifiedAttributes=["email"])["UserPool"]["Id"]
        client = call("CreateUserPoolClient", UserPoolId=pool, ClientName="bench",
                      ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"])
        client = client["UserPoolClient"]["ClientId"]
        call("SignUp", ClientId=client, Username=user, Password=password,
             UserAttributes=[{"Name": "email", "Value": user}])
        call("ConfirmSignUp", ClientId=client, Username=user, ConfirmationCode="123456")
        return port, process.pid, client

    @staticmethod
    def _create_table(port, table):
        keys = [("subject", "HASH"), ("entry", "RANGE")]
        body = {"TableName": table, "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"}
                                         for n, _ in keys],
                "KeySchema": [{"AttributeName": n, "KeyType": kind} for n, kind in keys]}
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/", json.dumps(body).encode(),
            {"Content-Type": "application/x-amz-json-1.0",
             "X-Amz-Target": "DynamoDB_20120810.CreateTable",
             "X-Amz-Date": "20300101T000000Z",
             "Authorization": "AWS4-HMAC-SHA256 Credential=local/20300101/local/dynamodb/"
                              "aws4_request, SignedHeaders=host, Signature=" + "0" * 64})
        urllib.request.urlopen(request, timeout=20).read()
