"""What the suite of functions runs: handlers, a Node server with the same one, and cold starts."""
import http.client
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.request

from harness import ROOT, Failed, wait_until

NODE = os.path.join(ROOT, ".tools", "node_modules", ".bin", "node")
RIC = os.path.join(ROOT, "tests", "node_modules", "aws-lambda-ric")
OWN = os.path.join(ROOT, "runtimes", "node", "index.mjs")

ANSWER = "{ statusCode: 200, headers: { 'content-type': 'text/plain' }, body: 'hello, world' }"
HANDLER = {
    "warm": f"export const handler = async () => ({ANSWER});\n",
    # The next call finds no process.
    "cold": "export const handler = async () => {\n    setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300);\n"
            f"    return {ANSWER};\n}};\n",
}
SERVER = """\
import { createServer } from 'node:http';
import { handler } from './warm.mjs';
createServer(async (request, response) => {
    const { statusCode, headers, body } = await handler({ path: request.url });
    response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');
"""
EVENT = json.dumps({"version": "2.0", "rawPath": "/cold"}).encode()


# What a function of this benchmark gets, but for names and times.
WHOLE_EVENT = {
    "version": "2.0", "routeKey": "ANY /one", "rawPath": "/one", "rawQueryString": "",
    "headers": {"host": "app.bench.localhost", "traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-00",
                "x-amzn-trace-id": "Root=1-00000000-" + "0" * 24, "x-forwarded-for": "127.0.0.1",
                "x-request-id": "6f0f1b1e-90ab-4cde-8f01-23456789abcd"},
    "requestContext": {
        "accountId": "domicile", "apiId": "domicile", "domainName": "app.bench.localhost",
        "domainPrefix": "app", "requestId": "6f0f1b1e-90ab-4cde-8f01-23456789abcd",
        "http": {"method": "GET", "path": "/one", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                 "userAgent": ""},
        "routeKey": "ANY /one", "stage": "$default", "time": "22/Nov/2026:20:16:53 +0000",
        "timeEpoch": 1790000000000,
        "domicile": {"region": "eu-central-1",
                     "credentials": {"accessKeyId": "0" * 20, "secretAccessKey": "0" * 40,
                                     "sessionToken": "0" * 200, "expiration": "2026-11-22T20:31:53Z"}}},
    "isBase64Encoded": False}


def write_event(folder):
    path = os.path.join(folder, "event.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(WHOLE_EVENT, file, separators=(",", ":"))
    return path


def alone_command(folder, core):
    """AWS's runtime with the warm handler, for a shell."""
    environment = {"_HANDLER": "warm.handler", "LAMBDA_TASK_ROOT": folder,
                   "AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                   "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_GROUP_NAME": "/f",
                   "AWS_LAMBDA_LOG_STREAM_NAME": "stdout"}
    said = " ".join(f"{name}={value}" for name, value in environment.items())
    return f"{said} exec taskset -c {core} {NODE} {RIC}/index.mjs warm.handler >/dev/null 2>&1"


class RuntimeApi(http.server.BaseHTTPRequestHandler):
    """As much of it as one invocation takes."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "6f0f1b1e-90ab-4cde-8f01-23456789abcd")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(int(time.time() * 1000) + 20000))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:r:0:function:f")
        self.send_header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(EVENT)))
        self.end_headers()
        self.wfile.write(EVENT)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.answered.set()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def by_hand(folder, core):
    """Milliseconds from the start of the process to its answer."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi)
    server.handle_error = lambda *_: None  # a runtime that was ended
    server.daemon_threads, server.answered = True, threading.Event()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
                   "_HANDLER": "cold.handler", "LAMBDA_TASK_ROOT": folder,
                   "AWS_LAMBDA_FUNCTION_NAME": "cold", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
                   "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_GROUP_NAME": "/cold",
                   "AWS_LAMBDA_LOG_STREAM_NAME": "stdout"}
    began = time.monotonic()
    process = subprocess.Popen(
        ["taskset", "-c", str(core), NODE, os.path.join(RIC, "index.mjs"), "cold.handler"],
        cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if not server.answered.wait(20):
            raise Failed("the runtime did not answer")
        return (time.monotonic() - began) * 1000
    finally:
        process.kill()
        process.wait()
        server.shutdown()
        server.server_close()


def by_region(region):
    """The same for a request to a function that has no process."""
    connection = http.client.HTTPConnection("127.0.0.1", region.http_port, timeout=20)
    connection.connect()
    began = time.monotonic()
    connection.request("GET", "/cold", headers={"Host": "app.bench.localhost"})
    response = connection.getresponse()
    response.read()
    took = (time.monotonic() - began) * 1000
    connection.close()
    if response.status != 200:
        raise Failed(f"a cold start was answered with {response.status}")
    return took


def has_processes(region, function, count):
    url = f"http://127.0.0.1:{region.ready['admin']}/metrics"
    with urllib.request.urlopen(url, timeout=10) as reply:
        text = reply.read().decode()
    return f'domicile_function_processes{{function="{function}"}} {count}\n' in text


def cold_starts(region, folder, machine, rounds):
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(by_hand(folder, machine.server))
        ours.append(by_region(region))
        wait_until(lambda: has_processes(region, "cold", 0), region.process, "the end of the process")
        time.sleep(0.2)  # the pause before the next start
    return ours, theirs
