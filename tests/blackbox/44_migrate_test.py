#!/usr/bin/python3
"""`domicile migrate-store`: people and their documents go from SQLite files to etcd and PostgreSQL
and back; killed in the middle it goes on; nobody serves a half of it; the source stays as it was."""

import os
import pathlib
import pty
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import own
import variant

EXAMPLE = (variant.EXAMPLE / "domicile.yaml").read_text(encoding="utf-8")
BULK = 20_000  # rows beside those of people, so that there is a middle to be killed in


class Whole(own.Deployment):
    """The example's three regions, and what carries their data."""

    def __init__(self):
        super().__init__(variant._absolute(EXAMPLE))

    def run(self, *words):
        return subprocess.run([own.PROGRAM, *words], capture_output=True, text=True, timeout=120)

    def migrate(self, *words):
        return self.run("migrate-store", "--data", self.data, *words)

    def migrate_and_kill(self, when, *words):
        """On a terminal; killed when what it shows matches. Everything that it has shown."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(own.PROGRAM, [own.PROGRAM, "migrate-store", "--data", self.data, *words])
        shown, end = "", time.monotonic() + 120
        while not re.search(when, shown):
            assert time.monotonic() < end, shown
            try:
                shown += os.read(terminal, 65536).decode()
            except OSError:  # the end
                raise AssertionError(f"ended by itself before {when}: {shown}") from None
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        own.poll("its engines to end with it", lambda: not self.engines_that_run())
        return shown

    def engines_that_run(self):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self.data).encode() in command:
                found.append(command)
        return found

    def embedded_files(self):
        return sorted(self.data.rglob("*.db"))

    def dumps(self):
        """All that is in the SQLite files, as SQL."""
        out = {}
        for file in self.embedded_files():
            database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
            out[file.name, file.parent.name] = "\n".join(database.iterdump())
            database.close()
        return out

    def up_again(self, *options):
        self.up(*options)
        world.READY, world.PORT = self.ready, self.ready["port"]
        return self


deployment = Whole()
unittest.addModuleCleanup(deployment.close)
try:
    deployment.up()
except BaseException:
    deployment.close()
    raise
os.environ["DOMICILE_READY"] = str(deployment.folder / "ready")

import world  # noqa: E402
from world import AU, EU, US, Person  # noqa: E402


def add_rows(file):
    database = sqlite3.connect(file)
    rows = ((f"pk{i}".encode(), os.urandom(8), os.urandom(200)) for i in range(BULK))
    database.executemany("INSERT INTO items VALUES ('bulk', ?, ?, ?, 1)", rows)
    database.commit()
    database.close()


class Journey(unittest.TestCase):
    """In the order of their names: there and back."""

    people, written = [], {}

    def check_people(self, through):
        """Everybody is known, signs in anew, and has what they wrote; nobody gets a second home."""
        for person in self.people:
            fresh = world.ok("a session of before", self.refresh(person))
            person.tokens["AccessToken"] = fresh["AuthenticationResult"]["AccessToken"]
            shown = [entry["text"] for entry in person.entries()]
            self.assertEqual(sorted(shown), sorted(self.written[person.email]))
            person.sign_in(through)
            shown = [entry["text"] for entry in person.entries(through)]
            self.assertEqual(sorted(shown), sorted(self.written[person.email]))
            twin = Person("DE" if person.home != EU else "AU", EU if person.home != EU else AU)
            twin.email = person.email
            twin.sign_up()  # answered like any other, and comes to nothing
            with self.assertRaises(world.Refused) as refused:
                twin.sign_in()
            self.assertIn("NotAuthorized", refused.exception.reply.json()["__type"])

    @staticmethod
    def refresh(person):
        return world.cognito(f"idp.{person.home}", "InitiateAuth", {
            "ClientId": world.CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]}})

    @staticmethod
    def published_keys():
        paths = {region: f"/{world.POOLS[region]}/.well-known/jwks.json" for region in world.REGIONS}
        return {region: sorted(key["kid"] for key in world.call(
            f"idp.{region}", "GET", path).json()["keys"]) for region, path in paths.items()}

    def live(self, country, home, through):
        person = Person(country, home, "migrant").settle(through)
        self.people.append(person)
        self.written[person.email] = []
        self.write(person, f"first words in {home}")

    def write(self, person, text):
        person.write(text)
        self.written[person.email].append(text)

    def check_audit(self):
        for region in world.REGIONS:
            done = deployment.run("audit", "verify", deployment.data / region / "audit.log")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def refused(self, *words):
        done = deployment.run(*words)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def test_1_while_anything_runs_nothing_is_carried(self):
        for country, home, through in (("AU", AU, US), ("US", US, EU), ("DE", EU, AU)):
            self.live(country, home, through)
        self.check_people(US)
        Journey.keys = self.published_keys()
        Journey.gone = Person("FR", EU, "gone").settle()
        world.ok("RevokeToken", world.cognito(f"idp.{EU}", "RevokeToken", {
            "ClientId": world.CLIENT_ID, "Token": self.gone.tokens["RefreshToken"]}))
        told = self.refused("migrate-store", "--data", deployment.data, "--engines", "distributed")
        self.assertIn("A `domicile up` runs", told)
        self.assertFalse((deployment.data / "stores.json").exists())
        self.assertEqual(deployment.stop(), 0)
        add_rows(deployment.data / EU / "region.db")
        Journey.source = deployment.dumps()
        self.assertEqual(len(self.source), 7, "one of all, two of each region")

    def test_2_killed_in_the_middle_nothing_serves_and_it_goes_on(self):
        there = ("--engines", "distributed")
        shown = deployment.migrate_and_kill(rf"copying  {EU} data items  [1-9]\d+ of", *there)
        self.assertRegex(shown, r"copying  directory  \d+")
        self.assertRegex(shown, r"\d+ a second")
        data = ("--data", str(deployment.data))
        for words in (("up", deployment.file, *data, "--listen", "127.0.0.1:0"),
                      ("serve", *data, "--region", EU),
                      ("directory", "export", deployment.folder / "export", *data)):
            self.assertIn("is being carried to other stores", self.refused(*words), words)
        self.assertIn("is being carried", self.refused(
            "up", deployment.file, *data, "--listen", "127.0.0.1:0", "--engines", "distributed"))
        deployment.migrate_and_kill(rf"comparing  {EU} data items", *there)
        done = deployment.migrate(*there)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("DIFFERENT", done.stdout)
        self.assertRegex(done.stdout, rf"same +{EU} data items +{BULK + 1} rows +sha256 [0-9a-f]{{64}}")
        for region in world.REGIONS:
            people = 2 if region == EU else 1  # and those whose address was somebody's: nobody
            for table in ("keys keyring_subjects", "data identity_users"):
                self.assertRegex(done.stdout, rf"same +{region} {table} +[{people}-9] rows")
        self.assertEqual(deployment.dumps(), self.source, "the source stays as it was")
        again = deployment.migrate(*there)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertIn("there already", again.stdout)

    def test_3_people_go_on_with_the_distributed_engines(self):
        self.assertIn("has distributed engines", self.refused(
            "up", deployment.file, "--data", deployment.data, "--engines", "embedded"))
        deployment.up_again()
        self.assertEqual(len(world.READY["engines"]["etcd"]), 3)
        self.check_people(US)
        self.assertEqual(self.published_keys(), self.keys)
        self.assertEqual(self.refresh(self.gone).status, 400, "revoked is revoked")
        for person in self.people:
            self.write(person, "on other engines")
        self.live("NZ", AU, EU)
        self.check_people(AU)
        self.check_audit()
        self.assertEqual(deployment.stop(), 0)
        self.assertEqual(deployment.dumps(), self.source, "nobody writes to what was left")

    def test_4_and_back(self):
        back = ("--engines", "embedded")
        refused = deployment.migrate(*back)
        self.assertNotEqual(refused.returncode, 0, "what is there is not written over")
        self.assertIn(f"{deployment.data}/shared/directory.db", refused.stderr)
        self.assertIn("Move that away", refused.stderr)
        self.assertEqual(deployment.dumps(), self.source)
        deployment.up_again().stop()  # nothing was begun
        for file in deployment.embedded_files():
            shutil.move(file, f"{file}.before")
        deployment.migrate_and_kill(rf"copying  {EU} data items  [1-9]\d+ of", *back)
        done = deployment.migrate(*back)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("DIFFERENT", done.stdout)
        deployment.up_again()
        self.assertEqual(world.READY["engines"]["etcd"], [])
        self.check_people(EU)
        self.live("CA", US, AU)
        self.check_people(US)
        self.check_audit()
        self.assertEqual(deployment.stop(), 0)


if __name__ == "__main__":
    unittest.main()
