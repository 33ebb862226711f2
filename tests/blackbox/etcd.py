"""An etcd cluster of a test's own: real members on free loopback ports, in a folder of their own."""

import base64
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

READY_S = 60
_HANDED_ON = "DOMICILE_TEST_ETCD"


def _reserve():
    """A free port that stays ours: bound but not listening, so that only etcd, which is told, may
    listen on it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


class Cluster:
    def __init__(self, members=3):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-etcd."))
        self.held = [_reserve() for _ in range(2 * members)]
        ports = [held.getsockname()[1] for held in self.held]
        self.clients, self.peers = ports[:members], ports[members:]
        self.started = {}  # by this process, which has to reap them
        self.pids = [self._start(member) for member in range(members)]
        self.wait_until_ready()

    # Tests that run in a second process (variant.py) take the cluster over for their time.
    def hand_on(self):
        state = {"folder": str(self.folder), "clients": self.clients, "peers": self.peers,
                 "pids": self.pids}
        os.environ[_HANDED_ON] = json.dumps(state)

    @classmethod
    def handed_on(cls):
        out = cls.__new__(cls)
        state = json.loads(os.environ[_HANDED_ON])
        out.started = {}
        out.folder, out.held = pathlib.Path(state["folder"]), []
        out.clients, out.peers, out.pids = state["clients"], state["peers"], state["pids"]
        return out

    def endpoints(self):
        return [f"127.0.0.1:{port}" for port in self.clients]

    def _start(self, member):
        client = f"http://127.0.0.1:{self.clients[member]}"
        peer = f"http://127.0.0.1:{self.peers[member]}"
        cluster = ",".join(f"m{i}=http://127.0.0.1:{port}" for i, port in enumerate(self.peers))
        command = ["etcd", f"--name=m{member}", f"--data-dir={self.folder}/m{member}",
                   f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
                   f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
                   f"--initial-cluster={cluster}", "--logger=zap"]
        with open(self.folder / f"m{member}.log", "ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.started[process.pid] = process
        return process.pid

    def start(self, *members):
        for member in members:
            self.pids[member] = self._start(member)
        self.wait_until_ready()

    def kill(self, member):
        pid, self.pids[member] = self.pids[member], None
        if pid is None:
            return
        if pid in self.started:
            self.started[pid].kill()
            self.started.pop(pid).wait()
        elif self._is_etcd(pid):  # another process of the test started it, and reaps it
            os.kill(pid, signal.SIGKILL)

    def _is_etcd(self, pid):
        try:
            command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return str(self.folder).encode() in command

    def _ask(self, member, path, body):
        url = f"http://127.0.0.1:{self.clients[member]}{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=2) as reply:
            return json.load(reply)

    def _answers(self, member):
        try:
            self._ask(member, "/v3/kv/range", {"key": base64.b64encode(b"a").decode()})
            return True
        except OSError:
            return False

    def wait_until_ready(self):
        """Every member that runs answers by quorum."""
        end = time.monotonic() + READY_S
        for member, pid in enumerate(self.pids):
            while pid is not None and not self._answers(member):
                if time.monotonic() > end:
                    log = (self.folder / f"m{member}.log").read_text()[-3000:]
                    raise AssertionError(f"etcd member {member} does not answer:\n{log}")
                time.sleep(0.05)

    def leader(self):
        for member, pid in enumerate(self.pids):
            if pid is not None:
                status = self._ask(member, "/v3/maintenance/status", {})
                if status.get("leader") == status["header"]["member_id"]:
                    return member
        raise AssertionError("no member leads")

    def etcdctl(self, *words):
        """Debian's own client, as somebody who looks from outside."""
        command = ["etcdctl", "--endpoints", ",".join(self.endpoints()), *words]
        environment = {**os.environ, "ETCDCTL_API": "3"}
        return subprocess.run(command, env=environment, check=True, capture_output=True,
                              timeout=20).stdout

    def entries(self, prefix):
        """Key and value, as bytes."""
        told = json.loads(self.etcdctl("get", "--prefix", prefix, "-w", "json"))
        return [(base64.b64decode(kv["key"]), base64.b64decode(kv.get("value", "")))
                for kv in told.get("kvs", [])]

    def close(self):
        for member in range(len(self.pids)):
            self.kill(member)
        for held in self.held:
            held.close()
        shutil.rmtree(self.folder, ignore_errors=True)
