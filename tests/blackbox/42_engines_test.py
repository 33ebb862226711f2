#!/usr/bin/python3
"""`domicile up --engines distributed`: the regions' directory on an etcd cluster of three, and each
region on a PostgreSQL server of its own, all run by `up`, with TLS and users. What is killed is an
outage of that, and comes back."""

import base64
import json
import os
import pathlib
import pwd
import signal
import subprocess
import unittest

import variant

variant.run(__file__, options=("--engines", "distributed"))

import own  # noqa: E402
import world  # noqa: E402
from world import AU, DATA, EU, READY, US, Person  # noqa: E402

DISTRIBUTED = ("--engines", "distributed")


class Members:
    """The cluster of a deployment as somebody sees it who has its files."""

    def __init__(self, data, ready):
        self.data = pathlib.Path(data)
        self.all = ready["engines"]["etcd"]

    def pid(self, member):
        """0 while it does not run."""
        try:
            return int((self.data / f"engines/etcd-{member}.pid").read_text().split()[0])
        except OSError:
            return 0

    def runs(self, member):
        try:
            command = pathlib.Path(f"/proc/{self.pid(member)}/cmdline").read_bytes()
        except OSError:
            return False
        return f"--name=etcd-{member}".encode() in command

    def signal(self, member, number):
        os.kill(self.pid(member), number)

    def etcdctl(self, *words, user=True, certificate=True):
        engines = self.data / "engines"
        ends = ",".join(f"https://127.0.0.1:{member['clients']}" for member in self.all)
        command = ["etcdctl", "--endpoints", ends, "--command-timeout=10s",
                   "--cacert", self.data / "ca/engines_ca.pem"]
        if certificate:
            command += ["--cert", engines / "client.pem", "--key", engines / "client.key"]
        if user:
            password = (engines / "directory.password").read_text().strip()
            command += ["--user", f"domicile:{password}"]
        return subprocess.run([*command, *words], env={**os.environ, "ETCDCTL_API": "3"},
                              capture_output=True, timeout=60)

    def entries(self):
        done = self.etcdctl("get", "--prefix", "domicile/", "-w", "json")
        assert done.returncode == 0, done.stderr
        return [(base64.b64decode(kv["key"]), base64.b64decode(kv.get("value", "")))
                for kv in json.loads(done.stdout).get("kvs", [])]


class Server:
    """The PostgreSQL of a region."""

    def __init__(self, data, ready, region):
        self.data, self.folder = pathlib.Path(data), pathlib.Path(data) / region
        self.port = ready["engines"]["postgres"][region]["port"]

    def pid(self):
        try:
            return int((self.folder / "postgres.pid").read_text().split()[0])
        except OSError:
            return 0

    def psql(self, sql, database="domicile", password=True, certificate=True, tls=True):
        environment = {"PATH": os.environ["PATH"], "PGHOST": "127.0.0.1", "PGPORT": str(self.port),
                       "PGUSER": "domicile", "PGCONNECT_TIMEOUT": "10", "PGPASSWORD": "wrong",
                       "PGSSLMODE": "verify-full" if tls else "disable", "PGDATABASE": database,
                       "PGSSLROOTCERT": str(self.data / "ca/engines_ca.pem")}
        if password:
            environment["PGPASSWORD"] = (self.folder / "postgres.password").read_text().strip()
        if certificate:
            environment["PGSSLCERT"] = str(self.data / "engines/client.pem")
            environment["PGSSLKEY"] = str(self.data / "engines/client.key")
        return subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-XAtc", sql], env=environment,
                              capture_output=True, text=True, timeout=60)


def users_of(folder):
    """Processes with the folder in their command line."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


class ThreeRegions(unittest.TestCase):
    """In the order of their names."""

    cluster = Members(DATA, READY)

    def test_1_people_live_as_with_the_embedded_engines(self):
        person = Person("DE", EU, "dist").settle(US)
        person.write("at home in Europe", AU)
        self.assertEqual([e["text"] for e in person.entries()], ["at home in Europe"])
        twin = Person("AU", AU, "dist")
        twin.email = person.email
        twin.sign_up()  # answered like any other, and comes to nothing
        with self.assertRaises(world.Refused, msg="one home") as refused:
            twin.sign_in()
        self.assertEqual(refused.exception.reply.json()["__type"], "NotAuthorizedException")
        self.assertFalse((DATA / "shared" / "directory.db").exists())
        keys = [key for key, _ in self.cluster.entries() if key.startswith(b"domicile/k/")]
        self.assertGreaterEqual(len(keys), 2)

    def test_2_nobody_gets_in_without_a_certificate_or_without_a_password(self):
        refused = self.cluster.etcdctl("get", "--prefix", "domicile/", user=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn(b"permission denied", refused.stderr)
        refused = self.cluster.etcdctl("get", "--prefix", "domicile/", certificate=False)
        self.assertNotEqual(refused.returncode, 0)
        refused = self.cluster.etcdctl("get", "--prefix", "other/")
        self.assertIn(b"permission denied", refused.stderr)
        for region in world.REGIONS:
            server = Server(DATA, READY, region)
            done = server.psql("SELECT COUNT(*) FROM identity_users")
            self.assertEqual(done.returncode, 0, done.stderr)
            for lacks in ({"password": False}, {"certificate": False}, {"tls": False},
                          {"database": "postgres", "password": False}):
                self.assertNotEqual(server.psql("SELECT 1", **lacks).returncode, 0, lacks)
        secrets = [*DATA.glob("engines/*.password"), *DATA.glob("*/*.password"),
                   *DATA.glob("engines/*.key"), *DATA.glob("*/postgres.key")]
        self.assertGreater(len(secrets), 10)
        for file in secrets:
            self.assertEqual(file.stat().st_mode & 0o777, 0o600, file)

    def test_2_a_region_keeps_nothing_in_files_of_the_embedded_engines(self):
        self.assertEqual([str(file) for file in DATA.rglob("*.db")], [])

    @unittest.skipIf(os.geteuid(), "somebody who is not root runs everything as themselves")
    def test_3_no_engine_runs_as_root(self):
        for member in range(3):
            self.assertIn(self.user_of(self.cluster.pid(member)), ("etcd", "nobody"))
        for region in world.REGIONS:
            server = Server(DATA, READY, region)
            self.assertIn(self.user_of(server.pid()), ("postgres", "nobody"))

    @staticmethod
    def user_of(pid):
        return pwd.getpwuid(pathlib.Path(f"/proc/{pid}").stat().st_uid).pw_name

    def test_4_a_member_that_is_killed_is_missed_by_nobody_and_comes_back(self):
        for member in range(3):
            before = self.cluster.pid(member)
            self.cluster.signal(member, signal.SIGKILL)
            Person("NZ", AU, "memberless").settle(US)
            world.poll("another process of the member",
                       lambda: self.cluster.pid(member) not in (0, before))
            world.poll("the member", lambda: self.cluster.etcdctl(
                "endpoint", "health").returncode == 0, 60)

    def test_5_without_a_majority_claims_stop_and_people_at_home_go_on(self):
        known = Person("FR", EU, "known").settle()
        for member in (0, 1):
            self.cluster.signal(member, signal.SIGSTOP)
        try:
            with self.assertRaises(world.Refused) as refused:
                Person("FR", EU, "new").sign_up()
            self.assertGreaterEqual(refused.exception.reply.status, 500)
            known.sign_in()
            known.write("nobody needs etcd for this")
        finally:
            for member in (0, 1):
                self.cluster.signal(member, signal.SIGCONT)
        world.poll("claims to go on", self.can_sign_up, 60)

    def test_6_a_database_that_is_killed_is_an_outage_of_its_region_and_loses_nothing(self):
        person, other = Person("FR", EU, "pg").settle(), Person("CA", US, "pg").settle()
        server, written = Server(DATA, READY, EU), []
        for round in range(3):
            for number in range(5):
                written.append(f"acknowledged {round} {number}")
                person.write(written[-1])
            before = server.pid()
            os.kill(before, signal.SIGKILL)
            other.write("nobody there notices")
            world.poll("another server", lambda: server.pid() not in (0, before))
            world.poll("the region", lambda: self.can_read(person), 60)
            shown = [entry["text"] for entry in person.entries()]
            self.assertEqual(sorted(shown), sorted(written))
        person.sign_in(AU)

    @staticmethod
    def can_read(person):
        return person.api(EU, "GET", "/entries").status == 200

    @staticmethod
    def can_sign_up():
        try:
            return Person("FR", EU, "after").sign_up(AU)
        except world.Refused:
            return False


class Deployments(unittest.TestCase):
    """Of one region each; what is about starting and stopping."""

    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        self.deployment = own.Deployment(own.config(self.upstream))
        self.addCleanup(self.deployment.close)

    def refusal(self, *options, **more):
        command = [own.PROGRAM, "up", self.deployment.file, "--data", self.deployment.data,
                   "--listen", "127.0.0.1:0", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, **more)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr

    def members(self):
        return Members(self.deployment.data, self.deployment.ready)

    def test_what_is_there_is_there_after_a_stop_and_after_kill_9(self):
        deployment = self.deployment.up(*DISTRIBUTED)
        ports = self.members().all
        entries = {key: value for key, value in self.members().entries()
                   if not key.startswith(b"domicile/p/")}  # who lives at the moment
        self.assertTrue(entries, "a region publishes its keys")
        self.assertIn("Another `domicile up` runs", self.refusal())
        self.assertEqual(deployment.stop(), 0)
        self.assertEqual(users_of(deployment.data), [])
        self.assertEqual(list((deployment.data / "engines").glob("*.pid")), [])
        deployment.up()  # the folder says which engines it has
        self.assertEqual([m["clients"] for m in self.members().all], [m["clients"] for m in ports])
        self.assertLessEqual(entries.keys(), dict(self.members().entries()).keys())
        deployment.stop(signal.SIGKILL)
        own.poll("everything to be gone", lambda: users_of(deployment.data) == [])
        deployment.up(*DISTRIBUTED)
        self.assertLessEqual(entries.keys(), dict(self.members().entries()).keys())
        self.assertEqual(deployment.stop(), 0)
        self.assertIn("has distributed engines", self.refusal("--engines", "embedded"))
        (deployment.data / "deployment.json").unlink()
        self.assertIn("deployment.json is lost", self.refusal())

    def test_no_data_is_left_behind_by_other_engines(self):
        self.assertEqual(self.deployment.up().stop(), 0)
        self.assertIn("has embedded engines", self.refusal(*DISTRIBUTED))

    def test_a_region_comes_back_to_its_database(self):
        deployment = self.deployment.up(*DISTRIBUTED)
        database = Server(deployment.data, deployment.ready, own.REGION)
        before = database.psql("SELECT * FROM identity_signing_keys")
        self.assertEqual(before.returncode, 0, before.stderr)
        self.assertTrue(before.stdout)
        deployment.stop(signal.SIGKILL)
        own.poll("everything to be gone", lambda: users_of(deployment.data) == [])
        deployment.up()
        database = Server(deployment.data, deployment.ready, own.REGION)
        self.assertEqual(database.psql("SELECT * FROM identity_signing_keys").stdout, before.stdout)
        self.assertEqual(deployment.stop(), 0)

    def test_a_missing_engine_is_named_with_its_package(self):
        self.assertIn("apt-get install etcd-server",
                      self.refusal(*DISTRIBUTED, env={"PATH": "/nonexistent"}))

    def test_a_configuration_that_names_engines_keeps_them(self):
        self.deployment.write(own.config(
            self.upstream, extra='directory: {engine: etcd, endpoints: ["127.0.0.1:1"]}\n'))
        self.assertIn("names engines itself", self.refusal(*DISTRIBUTED))


if __name__ == "__main__":
    unittest.main()
