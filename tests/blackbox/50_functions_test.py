#!/usr/bin/python3
"""Functions, Lambda's Invoke API and SSM's parameters, by boto3 against a deployment of its own."""

import base64
import concurrent.futures
import json
import subprocess
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import own
from own import REGION

# A runtime in miniature; what it does with an event is the event's "do".
RUNTIME = r'''
import http.client, json, os, sys, time
sys.path.append("/usr/lib/python3/dist-packages")
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
def send(method, path, body=None):
    api.request(method, "/2018-06-01/runtime/" + path, body)
    reply = api.getresponse()
    return reply, reply.read()
def allowed(call):
    try:
        call()
        return "yes"
    except Exception as error:
        return error.response["Error"]["Code"]
while True:
    head, body = send("GET", "invocation/next")
    event, id = json.loads(body), head.headers["Lambda-Runtime-Aws-Request-Id"]
    what = event.get("do", "echo")
    answer = {"event": event, "pid": os.getpid()}
    if what == "raise":
        send("POST", "invocation/" + id + "/error",
             json.dumps({"errorType": "Oops", "errorMessage": "no"}))
        continue
    if what == "crash":
        os._exit(3)
    if what == "hang":
        time.sleep(60)
    if what == "wait":
        time.sleep(0.2)
    if what == "print":
        print("mail to anna@example.com of 6f0f1b1e-90ab-4cde-8f01-23456789abcd", flush=True)
    if what == "client context":
        answer["context"] = head.headers["Lambda-Runtime-Client-Context"]
    if what == "reach":
        import boto3  # finds endpoint and credentials in the environment, as everywhere
        url = os.environ["AWS_ENDPOINT_URL"]
        ssm, calls = boto3.client("ssm", endpoint_url=url), boto3.client("lambda", endpoint_url=url)
        db = boto3.client("dynamodb", endpoint_url=url)
        answer["theme"] = ssm.get_parameter(Name="/app/theme")["Parameter"]["Value"]
        answer["allowed"] = [
            allowed(lambda: ssm.get_parameter(Name="/other/secret", WithDecryption=True)),
            allowed(lambda: ssm.get_parameters_by_path(Path="/")),
            allowed(lambda: calls.invoke(FunctionName="friend")),
            allowed(lambda: calls.invoke(FunctionName="stranger")),
            allowed(lambda: calls.list_functions()),
            allowed(lambda: db.describe_table(TableName="Shared")),
            allowed(lambda: db.describe_table(TableName="Diary"))]
    send("POST", "invocation/" + id + "/response", json.dumps(answer))
'''

CONFIG = """
tables:
  Diary: {partition_key: {name: owner, type: S}, resident: {subject: owner}}
  Shared: {partition_key: {name: id, type: S}}
functions:
  demo:
    command: [/usr/bin/python3, runtime.py]
    timeout_seconds: 20
    concurrency: {maximum: 4, reserved: 0}
    tables: [Diary, Shared]
    invokes: [friend]
    parameters: [/app/*]
  friend: {command: [/usr/bin/python3, runtime.py], concurrency: {reserved: 0}}
  stranger: {command: [/usr/bin/python3, runtime.py], concurrency: {reserved: 0}}
  short: {command: [/usr/bin/python3, runtime.py], timeout_seconds: 1}
  narrow:
    command: [/usr/bin/python3, runtime.py]
    concurrency: {maximum: 1, queue_max: 1}
parameters:
  /app/theme: {value: dark}
  /app/hosts: {value: "a,b", type: StringList}
  /app/deep/key: {file: key.txt}
  /other/secret: {file: key.txt}
"""


class Functions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = own.Upstream()
        cls.addClassCleanup(cls.upstream.close)
        cls.deployment = own.Deployment(own.config(cls.upstream, extra=CONFIG))
        cls.addClassCleanup(cls.deployment.close)
        (cls.deployment.folder / "runtime.py").write_text(RUNTIME)
        (cls.deployment.folder / "key.txt").write_text("s3cret\n")
        cls.deployment.up()
        cls.key = cls.make_key("lambda:*,ssm:*")
        cls.calls, cls.ssm = cls.client("lambda"), cls.client("ssm")

    @classmethod
    def make_key(cls, operations, resources="*"):
        out = subprocess.run(
            [own.PROGRAM, "keys", "create", "--data", cls.deployment.data, "--region", REGION,
             "--operations", operations, "--resources", resources],
            capture_output=True, text=True, timeout=own.TIMEOUT_S, check=True).stdout
        return dict(line.split("=", 1) for line in out.splitlines())

    @classmethod
    def client(cls, service, key=None):
        key = key or cls.key
        return boto3.client(
            service, region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{cls.deployment.port('loopback')}",
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 0}, read_timeout=own.TIMEOUT_S))

    def invoke(self, what, name="demo", **more):
        return self.calls.invoke(FunctionName=name, Payload=json.dumps({"do": what}), **more)

    def refused(self, code, call, *args, **more):
        with self.assertRaises(ClientError) as caught:
            call(*args, **more)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)
        return caught.exception.response

    # ---- Lambda --------------------------------------------------------------------------------

    def test_the_handlers_result_comes_back(self):
        got = self.invoke("echo")
        self.assertEqual((got["StatusCode"], got["ExecutedVersion"]), (200, "$LATEST"))
        self.assertNotIn("FunctionError", got)
        self.assertEqual(json.load(got["Payload"])["event"], {"do": "echo"})
        arn = f"arn:aws:lambda:{REGION}:000000000000:function:demo"
        self.assertEqual(self.invoke("echo", name=arn)["StatusCode"], 200)
        self.assertEqual(self.calls.invoke(FunctionName="demo")["StatusCode"], 200)

    def test_an_error_of_the_handler_and_a_crash_are_told_apart(self):
        raised = self.invoke("raise")
        self.assertEqual((raised["StatusCode"], raised["FunctionError"]), (200, "Unhandled"))
        self.assertEqual(json.load(raised["Payload"]), {"errorType": "Oops", "errorMessage": "no"})
        crashed = self.invoke("crash")
        self.assertEqual(crashed["FunctionError"], "Unhandled")
        self.assertEqual(json.load(crashed["Payload"])["errorType"], "Runtime.ExitError")
        late = self.invoke("hang", name="short")
        self.assertEqual(json.load(late["Payload"])["errorType"], "Sandbox.Timedout")

    def test_the_tail_of_the_log_has_no_identifiers_and_neither_has_the_log(self):
        got = self.invoke("print", LogType="Tail")
        tail = base64.b64decode(got["LogResult"]).decode()
        self.assertIn("mail to [e-mail] of [id]\n", tail)
        request = got["ResponseMetadata"]["RequestId"]
        self.assertTrue(tail.startswith(f"START RequestId: {request} "), tail)

        def mine():
            return [line["line"] for line in self.deployment.log()
                    if line.get("event") == "function_output" and line["request_id"] == request]

        own.poll("the line, which a thread of its own writes", mine)
        self.assertEqual(mine(), ["mail to [e-mail] of [id]"])

    def test_calls_at_once_run_in_processes_of_their_own(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            got = list(pool.map(lambda _: json.load(self.invoke("wait")["Payload"])["pid"], range(8)))
        self.assertGreater(len(set(got)), 1)
        self.assertLessEqual(len(set(got)), 4)

    def test_what_the_queue_cannot_take_is_429(self):
        self.invoke("echo", name="narrow")  # its process is there
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            futures = [pool.submit(self.invoke, "wait", "narrow") for _ in range(6)]
            errors = [future.exception() for future in futures]
        refused = [error for error in errors if error is not None]
        self.assertTrue(0 < len(refused) < 6, errors)
        for error in refused:
            self.assertEqual(error.response["Error"]["Code"], "TooManyRequestsException")

    def test_requests_that_are_wrong_have_typed_errors(self):
        self.refused("ResourceNotFoundException", self.invoke, "echo", name="none")
        self.refused("ResourceNotFoundException", self.invoke, "echo", Qualifier="7")
        self.refused("InvalidRequestContentException", self.calls.invoke, FunctionName="demo",
                     Payload=b"{no json")
        self.refused("InvalidParameterValueException", self.invoke, "echo", LogType="All")
        dry = self.invoke("echo", InvocationType="DryRun")
        self.assertEqual(dry["StatusCode"], 204)

    def test_the_client_context_reaches_the_process(self):
        context = base64.b64encode(b'{"custom":{}}').decode()
        got = self.invoke("client context", ClientContext=context)
        self.assertEqual(json.load(got["Payload"])["context"], context)

    def test_functions_are_described_and_listed_in_pages(self):
        got = self.calls.get_function(FunctionName="demo")
        self.assertEqual(got["Configuration"]["Timeout"], 20)
        self.assertEqual(got["Concurrency"]["ReservedConcurrentExecutions"], 4)
        self.assertEqual(self.calls.get_function_configuration(FunctionName="demo")["State"], "Active")
        pages = self.calls.get_paginator("list_functions").paginate(
            PaginationConfig={"PageSize": 2})
        names = [one["FunctionName"] for page in pages for one in page["Functions"]]
        self.assertEqual(names, ["demo", "friend", "narrow", "short", "stranger"])

    def test_a_key_invokes_what_its_policy_names(self):
        narrow = self.client("lambda", self.make_key("lambda:InvokeFunction", "function/friend"))
        self.assertEqual(narrow.invoke(FunctionName="friend")["StatusCode"], 200)
        for call in (lambda: narrow.invoke(FunctionName="demo"),
                     lambda: narrow.invoke(FunctionName="demo", InvocationType="DryRun"),
                     lambda: narrow.get_function(FunctionName="friend"), narrow.list_functions):
            self.refused("AccessDeniedException", call)
        wrong = {**self.key, "AWS_SECRET_ACCESS_KEY": "x" * 40}
        self.refused("InvalidSignatureException", self.client("lambda", wrong).list_functions)

    # ---- SSM -----------------------------------------------------------------------------------

    def test_parameters_come_in_the_order_asked_for(self):
        got = self.ssm.get_parameters(
            Names=["/app/theme", "/none", "/app/hosts", "/app/deep/key"], WithDecryption=True)
        self.assertEqual([(p["Type"], p["Value"]) for p in got["Parameters"]],
                         [("String", "dark"), ("StringList", "a,b"), ("SecureString", "s3cret")])
        self.assertEqual(got["InvalidParameters"], ["/none"])

    def test_a_secret_is_only_given_decrypted_when_asked_for(self):
        sealed = self.ssm.get_parameter(Name="/app/deep/key")["Parameter"]
        self.assertEqual(sealed["Type"], "SecureString")
        self.assertNotIn("s3cret", sealed["Value"])
        for name in self.deployment.data.rglob("*"):
            if name.is_file():
                self.assertNotIn(b"s3cret", name.read_bytes(), name)

    def test_below_a_path_in_pages(self):
        flat = self.ssm.get_parameters_by_path(Path="/app")["Parameters"]
        self.assertEqual([p["Name"] for p in flat], ["/app/hosts", "/app/theme"])
        pages = self.ssm.get_paginator("get_parameters_by_path").paginate(
            Path="/app", Recursive=True, WithDecryption=True, PaginationConfig={"PageSize": 1})
        names = [p["Name"] for page in pages for p in page["Parameters"]]
        self.assertEqual(names, ["/app/deep/key", "/app/hosts", "/app/theme"])

    def test_ids_of_pools_need_the_right_to_read_them_and_errors_have_types(self):
        self.refused("ParameterNotFound", self.ssm.get_parameter, Name="/none")
        self.refused("ParameterVersionNotFound", self.ssm.get_parameter, Name="/app/theme:7")
        self.refused("InvalidNextToken", self.ssm.get_parameters_by_path, Path="/", NextToken="!")
        self.refused("ValidationException", self.ssm.get_parameters_by_path, Path="app")
        narrow = self.client("ssm", self.make_key("ssm:*", "parameter/app/*"))
        self.assertEqual(narrow.get_parameter(Name="/app/theme")["Parameter"]["Value"], "dark")
        self.assertEqual(len(narrow.get_parameters_by_path(Path="/app")["Parameters"]), 2)
        for call in (lambda: narrow.get_parameter(Name="/other/secret"),
                     lambda: narrow.get_parameter(Name="/none"),
                     lambda: narrow.get_parameters(Names=["/app/theme", "/other/secret"]),
                     lambda: narrow.get_parameters_by_path(Path="/"),
                     lambda: narrow.get_parameters_by_path(Path="/other")):
            self.refused("AccessDeniedException", call)

    # ---- What a function itself may do ---------------------------------------------------------

    def test_a_function_reaches_what_it_declared_and_nothing_else(self):
        got = json.load(self.invoke("reach")["Payload"])
        self.assertEqual(got["theme"], "dark")
        denied = "AccessDeniedException"
        self.assertEqual(got["allowed"], [denied, denied, "yes", denied, denied, "yes", denied],
                         "of tables whose items belong to people only a request's credentials do")

    def test_the_regions_own_names_answer(self):
        import ssl
        for name in ("lambda", "ssm"):
            connection = own._Named(f"{name}.{REGION}.{own.DOMAIN}", self.deployment.ready["port"],
                                    timeout=own.TIMEOUT_S)
            connection.context = ssl.create_default_context(cafile=self.deployment.ready["ca"])
            self.addCleanup(connection.close)
            connection.request("GET", "/2015-03-31/functions/")
            response = connection.getresponse()
            self.assertEqual(response.status, {"lambda": 403, "ssm": 400}[name], response.read())


if __name__ == "__main__":
    unittest.main()
