"""A small deployment of a test's own, with a configuration that the test writes and changes, and an
HTTP server behind it whose answers the test holds back and lets go."""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build" / "release" / "domicile"
TIMEOUT_S = 30
REGION, DOMAIN = "r1", "own.localhost"


def poll(what, condition, deadline_s=TIMEOUT_S):
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)


class Upstream:
    """GET /quick answers at once. /slow answers when let go; /stream sends "one", waits, "two"."""

    def __init__(self, name="upstream"):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.rpartition("/")[2]
                if path == "stream":
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    self.wfile.write(b"3\r\none\r\n")
                    self.wfile.flush()
                    outer.hold()
                    self.wfile.write(b"3\r\ntwo\r\n0\r\n\r\n")
                    return
                if path == "slow":
                    outer.hold()
                body = f"{name} {path}".encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.waiting, self.released = 0, threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # a region that went away
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hold(self):
        self.waiting += 1
        self.released.wait(TIMEOUT_S)

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class Teller(Upstream):
    """Answers with the headers that it was sent."""

    def __init__(self):
        super().__init__()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                body = json.dumps(self.headers.items()).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server.RequestHandlerClass = Handler


def config(upstream, routes=("quick", "slow", "stream"), extra="", listen="{}"):
    """One region; every route is public and leads to the upstream."""
    text = (
        f"domain: {DOMAIN}\njurisdictions: {{A: {{countries: [AU], regions: [{REGION}]}}}}\n"
        f"regions: {{{REGION}: {{listen: {listen}}}}}\nreactors: 2\n"
        f"upstreams: {{back: {{url: http://127.0.0.1:{upstream.port}}}}}\n"
    )
    lines = [f"  - {{path: /{r}, upstream: back, residency: public}}\n" for r in routes]
    return text + "routes:\n" + "".join(lines) + extra


class Deployment:
    """`domicile up` with a configuration of its own, or after `up` one `domicile serve` without it."""

    def __init__(self, text):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-own."))
        self.folder.chmod(0o711)  # engines that run as another user pass through
        self.file = self.folder / "domicile.yaml"
        self.data = self.folder / "data"
        self.write(text)
        self.process, self.ready = None, None
        self.out = open(self.folder / "out.log", "wb")

    def write(self, text):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.file)

    def up(self, *options):
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [PROGRAM, "up", self.file, "--data", self.data, "--listen", "127.0.0.1:0",
             "--ready-file", ready, *options], stdout=self.out, stderr=self.out, start_new_session=True)
        poll("up", lambda: ready.exists() or self.process.poll() is not None, 2 * TIMEOUT_S)
        assert self.process.poll() is None, (self.folder / "out.log").read_text()
        self.ready = json.loads(ready.read_text())
        return self

    def serve(self):
        """The region's process as a child of the test, so that its exit status can be seen."""
        if self.process and self.process.stdout:
            self.process.stdout.close()
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", self.data, "--region", REGION],
            stdout=subprocess.PIPE, stderr=self.out, start_new_session=True)
        line = self.process.stdout.readline()
        assert line == b"ready\n", (line, (self.folder / "out.log").read_text())
        return self

    def stop(self, number=signal.SIGTERM):
        """The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(TIMEOUT_S)
        if self.process.stdout:
            self.process.stdout.close()
        return status

    def close(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(TIMEOUT_S)
        if self.process and self.process.stdout:
            self.process.stdout.close()
        self.out.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def port(self, name):
        return json.loads((self.data / "deployment.json").read_text())["regions"][REGION][name]

    def log(self):
        lines = (self.data / REGION / "log.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def key(self, operations):
        """An access key for them, as the environment of a client has it."""
        out = subprocess.run(
            [PROGRAM, "keys", "create", "--data", self.data, "--region", REGION,
             "--operations", operations],
            capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout
        return dict(line.split("=", 1) for line in out.splitlines())

    def client(self, service, operations):
        """boto3's, of the loopback port, which never tries again."""
        import boto3
        from botocore.config import Config

        key = self.key(operations)
        return boto3.client(
            service, region_name=REGION, endpoint_url=f"http://127.0.0.1:{self.port('loopback')}",
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            config=Config(retries={"max_attempts": 0}, read_timeout=TIMEOUT_S))

    def readiness(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port("admin"), timeout=TIMEOUT_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        finally:
            connection.close()

    def connect(self):
        """A keep-alive connection to the region through the front of `up`."""
        connection = _Named(f"{REGION}.{DOMAIN}", self.ready["port"], timeout=TIMEOUT_S)
        connection.context = ssl.create_default_context(cafile=self.ready["ca"])
        connection.connect()
        return connection

    def connect_plain(self):
        """The same without TLS and front, where `listen: {http: ...}` gives the region a port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port("http"), timeout=TIMEOUT_S)
        connection.connect()
        return connection


def deploy(add_cleanup, text, files=()):
    """A deployment that runs, with these files (name: content) beside its configuration."""
    deployment = Deployment(text)
    add_cleanup(deployment.close)
    for name, content in dict(files).items():
        (deployment.folder / name).write_text(content)
    return deployment.up()


class _Named(http.client.HTTPConnection):
    def connect(self):
        plain = http.client.socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self.context.wrap_socket(plain, server_hostname=self.host)


def send(connection, path, method="GET", body=None):
    host = f"{REGION}.{DOMAIN}"
    connection.request(method, path, body=body, headers={"Host": host})


def get(connection, path):
    """Status, body, and whether the connection goes on."""
    send(connection, path)
    response = connection.getresponse()
    body = response.read().decode()
    return response.status, body, not response.will_close


def free_port():
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]
