#!/usr/bin/python3
"""`domicile migrate-store --to FILE`: to a database of one's own; what is not empty, damaged, given
up or interrupted at the last step."""

import json
import os
import shutil
import sqlite3
import subprocess
import unittest

import etcd
import own
import postgres
from own import REGION

ROWS = 3


class Stores(unittest.TestCase):
    """One region, whose data and keys go to a PostgreSQL; its directory stays."""

    def setUp(self):
        self.upstream = own.Upstream()
        self.addCleanup(self.upstream.close)
        self.deployment = own.Deployment(own.config(self.upstream))
        self.addCleanup(self.deployment.close)
        self.server = postgres.Server("domicile", "domicile_keys")
        self.addCleanup(self.server.close)
        self.assertEqual(self.deployment.up().stop(), 0)
        database = sqlite3.connect(self.deployment.data / REGION / "region.db")
        database.executemany("INSERT INTO items VALUES ('t', ?, ?, ?, 1)",
                             [(os.urandom(8), b"", os.urandom(50)) for _ in range(ROWS)])
        database.commit()
        database.close()
        self.first = self.deployment.file
        self.second = self.deployment.folder / "second.yaml"
        section = f'database: {{engine: postgres, endpoints: ["{self.server.endpoint()}"], user: domicile}}'
        text = self.first.read_text().replace("{listen: {}}", f"{{{section}}}")
        self.assertIn(section, text)
        self.second.write_text(text)

    def run_program(self, *words):
        return subprocess.run([own.PROGRAM, *words], capture_output=True, text=True, timeout=60)

    def migrate(self, *words):
        return self.run_program("migrate-store", "--data", self.deployment.data,
                                *(words or ("--to", self.second)))

    def expect_done(self):
        done = self.migrate()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Everything was carried over", done.stdout)
        self.assertEqual(self.server.psql("SELECT COUNT(*) FROM items", "domicile").strip(), str(ROWS))

    def expect_refused(self, words, *command):
        done = self.run_program(*command) if command else self.migrate()
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(words, done.stderr)

    def start(self, file):
        return ("up", file, "--data", self.deployment.data, "--listen", "127.0.0.1:0")

    def starts(self, file):
        self.deployment.file = file
        self.deployment.up()
        connection = self.deployment.connect()
        self.assertEqual(own.get(connection, "/quick")[:2], (200, "upstream quick"))
        connection.close()
        self.assertEqual(self.deployment.stop(), 0)

    def renew(self, database):
        self.server.psql(f"DROP DATABASE {database}", "postgres")
        self.server.psql(f"CREATE DATABASE {database} TEMPLATE template0", "postgres")

    def place(self):
        return json.loads((self.deployment.data / "stores.json").read_text())

    def test_a_region_is_carried_and_only_its_new_stores_are_used(self):
        self.expect_done()
        self.expect_refused(f"{REGION} data is in postgres domicile", *self.start(self.first))
        self.starts(self.second)
        self.assertIn("there already", self.migrate().stdout)
        for name in ("region.db", "keys.db"):
            (self.deployment.data / REGION / name).rename(self.deployment.folder / name)
        back = self.migrate("--to", self.first)
        self.assertEqual(back.returncode, 0, back.stdout + back.stderr)
        self.expect_refused(f"{REGION} data is in sqlite", *self.start(self.second))
        self.starts(self.first)

    def test_what_is_not_empty_is_refused_before_anything_is_begun(self):
        self.server.psql("CREATE TABLE others (id BIGINT)", "domicile")
        self.expect_refused(f"Store {REGION} data, to postgres domicile: The database is not empty")
        self.assertFalse((self.deployment.data / "stores.json").exists())
        tables = self.server.psql("SELECT COUNT(*) FROM information_schema.tables WHERE "
                                  "table_schema = 'public'", "domicile_keys")
        self.assertEqual(tables.strip(), "0", "nor in the one that is empty")
        self.starts(self.first)
        self.renew("domicile")
        self.expect_done()

    def test_damage_is_found_and_a_copy_may_be_given_up(self):
        # An interrupted copy whose target somebody writes to: half of it is there, and wrong.
        self.expect_done()
        self.server.psql("INSERT INTO transfer VALUES "
                         f"('{self.place()['copy_id']}', 1)", "domicile")
        self.server.psql("INSERT INTO transfer VALUES "
                         f"('{self.place()['copy_id']}', 1)", "domicile_keys")
        self.begun_again()
        self.server.psql("UPDATE items SET version = 2 WHERE pk = (SELECT pk FROM items ORDER BY pk "
                         "LIMIT 1)", "domicile")
        done = self.migrate()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(f"DIFFERENT  {REGION} data items", done.stdout)
        self.assertIn("same       r1 keys keyring_marks", done.stdout)
        self.expect_refused("is being carried", *self.start(self.second))
        self.expect_refused("is being carried", *self.start(self.first))
        given_up = self.migrate("--give-up")
        self.assertEqual(given_up.returncode, 0, given_up.stderr)
        self.starts(self.first)
        (self.deployment.data / "stores.json").unlink()  # as in another folder, where it never was
        self.expect_refused("did not end", *self.start(self.second))
        self.starts(self.first)
        self.expect_refused("Another copy")
        self.renew("domicile")
        self.renew("domicile_keys")
        self.expect_done()
        self.starts(self.second)

    def begun_again(self, state="copying"):
        """The folder as it was before the last steps."""
        place = {**self.place(), "state": state}
        (self.deployment.data / "stores.json").write_text(json.dumps(place))
        deployment = json.loads((self.deployment.data / "deployment.json").read_text())
        deployment["config"] = str(self.first)
        (self.deployment.data / "deployment.json").write_text(json.dumps(deployment))

    def test_killed_before_the_last_steps_it_takes_them(self):
        self.expect_done()
        self.begun_again("verified")
        self.expect_refused("is being carried", *self.start(self.second))
        self.expect_refused("Everything is carried already", "migrate-store", "--data",
                            self.deployment.data, "--give-up")
        self.expect_done()
        self.assertEqual(self.place()["state"], "settled")
        self.starts(self.second)

    def test_what_makes_no_sense_is_said(self):
        data = ("migrate-store", "--data", self.deployment.data)
        self.expect_refused("one of --to", *data)
        self.expect_refused("one of --to", *data, "--to", self.second, "--give-up")
        self.expect_refused("has this configuration already", *data, "--to", self.first)
        same = self.deployment.folder / "same.yaml"
        shutil.copy(self.first, same)
        self.expect_refused("name the same stores", *data, "--to", same)
        self.expect_refused("No data is being carried", *data, "--give-up")
        same.write_text(self.second.read_text().replace(REGION, "r2"))
        self.expect_refused("same regions", *data, "--to", same)
        (self.deployment.data / REGION / "keys.db").unlink()
        self.expect_refused("keys.db is not there", *data, "--to", self.second)
        self.assertFalse((self.deployment.data / "stores.json").exists())

    def test_a_node_on_another_machine_is_seen_where_the_directory_is_shared(self):
        cluster = etcd.Cluster(1)
        self.addCleanup(cluster.close)
        shared = f"directory: {{engine: etcd, endpoints: {json.dumps(cluster.endpoints())}}}\n"
        for file in (self.first, self.second):
            file.write_text(file.read_text() + shared)
        shutil.rmtree(self.deployment.data)
        self.deployment.up()
        here = self.deployment.data
        elsewhere = self.deployment.folder / "elsewhere"
        shutil.copytree(here, elsewhere, ignore=shutil.ignore_patterns("*.lock"))
        self.deployment.data = elsewhere
        own.poll("the node's entry", lambda: self.run_program(
            "directory", "regions", "--data", here).returncode == 0)
        self.expect_refused(f"A node of {REGION} lives")
        self.assertEqual(self.deployment.stop(), 0)
        self.deployment.data = here
        self.assertEqual(self.migrate().returncode, 0)


if __name__ == "__main__":
    unittest.main()
