#!/usr/bin/python3
"""A data folder after a kill in the middle of its first start, and after another version of the program
(docs/lifecycle.md, docs/formats)."""

import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

import own
from own import REGION

REFUSED = 3  # exit status: a person has to do something to the files


def files_of(data):
    """Names of all files, relative; what a crash may leave of SQLite's and of a write is no name."""
    found = {str(f.relative_to(data)) for f in pathlib.Path(data).rglob("*") if f.is_file()}
    return {name for name in found if not re.search(r"-(wal|shm|journal)$", name)}


class FirstStart(unittest.TestCase):
    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)

    def deployment(self):
        made = own.Deployment(own.config(self.upstream))
        self.addCleanup(made.close)
        return made

    def kill_when_there(self, deployment, name):
        """Starts `up` and kills it, and with it its region, as soon as the file is seen."""
        process = subprocess.Popen(
            [own.PROGRAM, "up", deployment.file, "--data", deployment.data, "--listen",
             "127.0.0.1:0"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        path, end = str(deployment.data / name), time.monotonic() + own.TIMEOUT_S
        while not os.path.exists(path):
            self.assertIsNone(process.poll(), "up ended by itself")
            self.assertLess(time.monotonic(), end, name)
        process.send_signal(signal.SIGKILL)
        process.wait(own.TIMEOUT_S)
        own.poll("the region to be gone too", lambda: not self.users_of(deployment.data))

    @staticmethod
    def users_of(data):
        """Processes with the data folder in their command line."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str(data).encode() in (folder / "cmdline").read_bytes():
                    found.append(folder.name)
            except OSError:
                pass
        return found

    def check_whole(self, deployment, wanted):
        self.assertEqual(files_of(deployment.data), wanted)
        for name in wanted:
            path = deployment.data / name
            if name.endswith(".db"):
                database = sqlite3.connect(path)
                self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
                database.close()
        audit = [own.PROGRAM, "audit", "verify", deployment.data / REGION / "audit.log"]
        self.assertEqual(subprocess.run(audit, capture_output=True).returncode, 0)
        keys = [own.PROGRAM, "keys", "list", "--data", deployment.data, "--region", REGION]
        done = subprocess.run(keys, capture_output=True, text=True, timeout=own.TIMEOUT_S)
        self.assertEqual(done.returncode, 0, "the operator's key works: " + done.stderr)

    def test_kill_9_at_any_file_of_the_first_start_is_made_good_by_the_next(self):
        reference = self.deployment().up()
        wanted = files_of(reference.data)
        self.assertEqual(reference.stop(), 0)
        self.assertGreater(len(wanted), 15)
        for name in sorted(wanted):
            with self.subTest(killed_at=name):
                deployment = self.deployment()
                self.kill_when_there(deployment, name)
                deployment.up()
                connection = deployment.connect()
                self.assertEqual(own.get(connection, "/quick"), (200, "upstream quick", True))
                connection.close()
                self.check_whole(deployment, wanted)
                self.assertEqual(deployment.stop(), 0)

    def test_a_torn_line_of_the_log_swallows_no_other(self):
        deployment = self.deployment().up()
        self.assertEqual(deployment.stop(), 0)
        log = deployment.data / REGION / "log.jsonl"
        with open(log, "a") as file:
            file.write('{"time":"2026-01-0')
        deployment.up()

        def after():
            lines = log.read_text().splitlines()
            return lines[lines.index('{"time":"2026-01-0') + 1:]

        own.poll("a line after the torn one", after)
        self.assertIn("event", json.loads(after()[0]))


class Formats(unittest.TestCase):
    """Each file of a newer program is refused, by name and versions, and left as it is."""

    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        self.deployment = own.Deployment(own.config(self.upstream))
        self.addCleanup(self.deployment.close)
        self.assertEqual(self.deployment.up().stop(), 0)
        self.before = self.deployment.folder / "before"
        shutil.copytree(self.deployment.data, self.before)

    def restore(self):
        shutil.rmtree(self.deployment.data)
        shutil.copytree(self.before, self.deployment.data)

    def start(self, command):
        where = {"serve": ["--data", self.deployment.data, "--region", REGION],
                 "up": [self.deployment.file, "--data", self.deployment.data, "--listen",
                        "127.0.0.1:0"]}[command]
        return subprocess.run([own.PROGRAM, command, *where], capture_output=True, text=True,
                              timeout=own.TIMEOUT_S)

    def change(self, name, *statements):
        database = sqlite3.connect(self.deployment.data / name)
        for statement in statements:
            database.execute(statement)
        database.commit()
        database.close()

    def replace(self, name, old, new):
        path = self.deployment.data / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def expect_refused(self, name, *words, command="serve"):
        path = self.deployment.data / name
        before = path.read_bytes()
        done = self.start(command)
        self.assertEqual(done.returncode, REFUSED, done.stderr)
        for word in (str(path), *words):
            self.assertIn(word, done.stderr)
        self.assertEqual(path.read_bytes(), before)

    def expect_newer_refused(self, name, newer=2, known=1, command="serve"):
        self.expect_refused(name, f"of format {newer}", f"formats up to {known}.",
                            "Run the version of Domicile that wrote it", command=command)

    def test_a_newer_database_is_refused(self):
        for name in (f"{REGION}/keys.db", f"{REGION}/region.db", "shared/directory.db"):
            with self.subTest(name):
                self.restore()
                self.change(name, "PRAGMA user_version=2")
                self.expect_newer_refused(name)

    def test_newer_tables_of_a_part_are_refused(self):
        parts = {f"{REGION}/keys.db": set(), f"{REGION}/region.db": set()}
        for name in parts:
            database = sqlite3.connect(self.deployment.data / name)
            parts[name] = dict(database.execute("SELECT component, version FROM schema_versions"))
            database.close()
        self.assertGreater(len(parts[f"{REGION}/region.db"]), 2)
        for name, versions in parts.items():
            for part, version in versions.items():
                with self.subTest(name=name, part=part):
                    self.restore()
                    self.change(name, "UPDATE schema_versions SET version = version + 1 "
                                      f"WHERE component = '{part}'")
                    self.expect_newer_refused(name, version + 1, version)
        self.restore()
        self.change("shared/directory.db", "UPDATE meta SET value = 2 WHERE name = 'format'")
        self.expect_newer_refused("shared/directory.db")

    def test_a_newer_audit_log_is_refused(self):
        self.replace(f"{REGION}/audit.log", '"format":1', '"format":2')
        self.expect_newer_refused(f"{REGION}/audit.log")

    def test_newer_secrets_are_refused(self):
        for name in (f"{REGION}/master.key", "shared/pepper"):
            with self.subTest(name):
                self.restore()
                (self.deployment.data / name).write_text("domicile secret 2\nand then something")
                self.expect_newer_refused(name)

    def test_newer_documents_are_refused(self):
        self.replace(f"{REGION}/admin-credentials.json", '"format":1', '"format":2')
        self.expect_newer_refused(f"{REGION}/admin-credentials.json")
        self.restore()
        self.replace("deployment.json", '"format":1', '"format":3')
        self.expect_newer_refused("deployment.json", newer=3, known=2)
        self.expect_newer_refused("deployment.json", newer=3, known=2, command="up")

    def test_a_damaged_key_of_the_operator_is_made_anew(self):
        path = self.deployment.data / REGION / "admin-credentials.json"
        for damaged in ('{"format":1,"access', "{}", ""):
            path.write_text(damaged)
            self.deployment.serve()
            self.assertEqual(self.deployment.stop(), 0)
            self.assertIn("secret_access_key", json.loads(path.read_text()))

    def test_files_from_before_they_had_formats_are_taken_over(self):
        for name in (f"{REGION}/keys.db", f"{REGION}/region.db", "shared/directory.db"):
            self.change(name, "PRAGMA user_version=0", "PRAGMA application_id=0")
        self.replace(f"{REGION}/admin-credentials.json", '"format":1,', "")
        self.deployment.serve()
        self.assertEqual(self.deployment.stop(), 0)
        database = sqlite3.connect(self.deployment.data / REGION / "keys.db")
        self.assertEqual(database.execute("PRAGMA user_version").fetchone(), (1,))
        database.close()

    def test_damaged_and_lost_files_are_refused_and_never_made_anew(self):
        for name in (f"{REGION}/keys.db", f"{REGION}/region.db", "shared/directory.db"):
            with self.subTest(damaged=name):
                self.restore()
                (self.deployment.data / name).write_bytes(b"torn" * 2000)
                self.expect_refused(name, "is damaged", "Restore it from your copy")
        for name in (f"{REGION}/master.key", "shared/pepper"):
            with self.subTest(torn=name):
                self.restore()
                os.truncate(self.deployment.data / name, 16)
                self.expect_refused(name, "is damaged", "Restore it from your copy")
        self.restore()
        (self.deployment.data / REGION / "master.key").unlink()
        done = self.start("serve")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("master.key is missing", done.stderr)
        self.assertFalse((self.deployment.data / REGION / "master.key").exists())
        self.restore()
        (self.deployment.data / "shared/pepper").unlink()
        done = self.start("up")
        self.assertEqual(done.returncode, REFUSED)
        self.assertIn("pepper is missing", done.stderr)
        self.assertFalse((self.deployment.data / "shared/pepper").exists())

    def test_up_says_which_region_refuses_and_why(self):
        self.change(f"{REGION}/region.db", "PRAGMA user_version=2")
        done = self.start("up")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("region.db is of format 2", done.stderr)


if __name__ == "__main__":
    unittest.main()
