"""A PostgreSQL server of a test's own: Debian's binaries, on a Unix socket in a folder of its own. The
machine's servers are left alone."""

import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
PORT = 5432  # part of the socket's name only
READY_S = 60
_HANDED_ON = "DOMICILE_TEST_POSTGRES"


def _owner():
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Server:
    def __init__(self, *databases, settings=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-postgres."))
        self.settings, self.process, self.pid = list(settings), None, None
        owner = _owner()
        if owner:
            os.chown(self.folder, owner["user"], owner["group"])
        self.folder.chmod(0o755)
        self._run("initdb", "-D", self.folder / "data", "-U", "domicile", "--auth=trust",
                  "--locale=C", "-E", "UTF8", "--no-sync")
        self.start()
        for database in databases:
            self.psql(f"CREATE DATABASE {database} TEMPLATE template0", "postgres")

    # Tests that run in a second process (variant.py) take the server over for their time.
    def hand_on(self):
        os.environ[_HANDED_ON] = json.dumps(
            {"folder": str(self.folder), "pid": self.pid, "settings": self.settings})

    @classmethod
    def handed_on(cls):
        out = cls.__new__(cls)
        state = json.loads(os.environ[_HANDED_ON])
        out.folder, out.pid = pathlib.Path(state["folder"]), state["pid"]
        out.settings, out.process = state["settings"], None
        return out

    def endpoint(self):
        return f"{self.folder}:{PORT}"

    def _run(self, program, *words):
        done = subprocess.run([BINARIES / program, *words], capture_output=True, timeout=READY_S,
                              cwd="/", **_owner())
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stderr.decode()}")
        return done.stdout.decode()

    def psql(self, sql, database):
        """PostgreSQL's own client, as somebody who looks from outside."""
        return self._run("psql", "-h", self.folder, "-p", str(PORT), "-U", "domicile", "-d", database,
                         "-v", "ON_ERROR_STOP=1", "-qAtc", sql)

    def start(self):
        command = [BINARIES / "postgres", "-D", self.folder / "data", "-k", self.folder,
                   "-c", "listen_addresses=", "-c", f"port={PORT}"]
        for setting in self.settings:
            command += ["-c", setting]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/",
                                            stdin=subprocess.DEVNULL, **_owner())
        self.pid = self.process.pid
        end = time.monotonic() + READY_S
        ask = [BINARIES / "pg_isready", "-q", "-h", self.folder, "-p", str(PORT)]
        while subprocess.run(ask).returncode != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"PostgreSQL did not start:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT ends sessions and shuts down; SIGQUIT is as a crash."""
        pid, self.pid = self.pid, None
        if pid is None or not self._is_ours(pid):
            return
        os.kill(pid, how)
        if self.process:
            self.process.wait(READY_S)
        else:  # another process of the test started it, and reaps it
            end = time.monotonic() + READY_S
            while self._is_ours(pid):
                if time.monotonic() > end:
                    raise AssertionError("PostgreSQL did not stop")
                time.sleep(0.05)

    def _is_ours(self, pid):
        try:
            return str(self.folder).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def close(self):
        # A later process may have started it anew.
        pid = self.folder / "data" / "postmaster.pid"
        if pid.exists():
            self.pid = int(pid.read_text().splitlines()[0])
            if self.process and self.process.pid != self.pid:
                self.process = None
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
