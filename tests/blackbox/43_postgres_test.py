#!/usr/bin/python3
"""The three regions, one of them with its data on a real PostgreSQL server: people of that region sign
up, sign in and keep their diary from anywhere; the server is restarted and crashes under way. What
was acknowledged is there (I5), and nobody else notices (I7)."""

import signal
import threading
import unittest

import postgres
import variant


def make_server():
    return postgres.Server("domicile", "domicile_keys", settings=["max_connections=40"])


def on_postgres(text, server):
    database = f'database: {{engine: postgres, endpoints: ["{server.endpoint()}"]}}'
    return text.replace("eu-central-1: {", "eu-central-1: {" + database + ", ")


variant.run_beside(__file__, make_server, on_postgres)

import world  # noqa: E402
from world import AU, DATA, EU, US, Person  # noqa: E402

server = postgres.Server.handed_on()


class Writers:
    """Several people who write until told to stop; what was acknowledged and what was refused."""

    def __init__(self, people):
        self.ended, self.acknowledged, self.refused = threading.Event(), [], []
        self.threads = [threading.Thread(target=self._write, args=[p], daemon=True) for p in people]
        for thread in self.threads:
            thread.start()

    def _write(self, person):
        number = 0
        while not self.ended.is_set():
            number += 1
            try:
                self.acknowledged.append((person, person.write(f"{person.sub} {number}")["text"]))
            except world.Refused as refused:
                self.refused.append(refused.reply)
                self.ended.wait(0.05)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(60)


class RegionOnPostgres(unittest.TestCase):
    """In the order of their names: each leaves the server running."""

    def test_1_the_journey_from_anywhere(self):
        person = Person("DE", EU, "postgres").settle(US)
        person.write("at home in Europe", AU)
        person.write("and there", EU, date="2026-11-21")
        self.assertEqual([e["text"] for e in person.entries()], ["and there", "at home in Europe"])
        self.assertEqual(person.sign_in(AU).keys(), person.tokens.keys())
        twin = Person("DE", EU, "postgres")
        twin.email = person.email
        twin.sign_up(EU)  # answered like any other, and comes to nothing
        with self.assertRaises(world.Refused) as refused:
            twin.sign_in(EU)
        self.assertEqual(refused.exception.reply.json()["__type"], "NotAuthorizedException")

    def test_2_the_data_is_there_and_sealed_and_nothing_beside_it(self):
        person = Person("FR", EU, "planted").settle()
        person.write("a secret of mine")
        count = "SELECT count(*) FROM identity_users WHERE sub = '{}'".format(person.sub)
        self.assertEqual(server.psql(count, "domicile").strip(), "1")
        keys = "SELECT count(*) FROM keyring_subjects WHERE subject = '{}'".format(person.sub)
        self.assertEqual(server.psql(keys, "domicile_keys").strip(), "1")
        tables = "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
        self.assertNotIn("keyring", server.psql(tables, "domicile"))
        for name in ("region.db", "keys.db"):
            self.assertFalse((DATA / EU / name).exists(), name)
        dump = server._run("pg_dump", "-h", server.folder, "-p", str(postgres.PORT), "-U", "domicile",
                           "domicile")
        for trace in (person.email, "planted", "a secret of mine"):
            self.assertNotIn(trace, dump)
            self.assertNotIn(trace.encode().hex(), dump)

    def restarted_under_load(self, how):
        people = [Person("IT", EU, "writer").settle() for _ in range(3)]
        neighbour = Person("US", US, "neighbour").settle()
        writers = Writers(people)
        world.poll("writes", lambda: len(writers.acknowledged) >= 20)
        server.stop(how)
        before = len(writers.refused)
        world.poll("a refusal", lambda: len(writers.refused) > before)
        neighbour.write("nobody here needs it")
        neighbour.sign_in()
        server.start()
        written = len(writers.acknowledged)
        world.poll("writes again", lambda: len(writers.acknowledged) >= written + 20)
        writers.stop()
        for reply in writers.refused:
            self.assertGreaterEqual(reply.status, 500, reply)
        for person in people:
            kept = [entry["text"] for entry in person.entries()]
            told = [text for who, text in writers.acknowledged if who is person]
            self.assertEqual([text for text in told if text not in kept], [])
            self.assertEqual(len(kept), len(set(kept)), "none was written twice")
        Person("IT", EU, "after").settle(AU)

    def test_3_a_restart_costs_only_what_was_under_way(self):
        self.restarted_under_load(signal.SIGINT)

    def test_4_what_was_acknowledged_survives_a_crash(self):
        self.restarted_under_load(signal.SIGQUIT)

    def test_5_a_session_that_is_killed_costs_nothing(self):
        person = Person("ES", EU, "killed").settle()
        kill = ("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE application_name = 'domicile'")
        for number in range(5):
            person.write(f"before {number}")
            self.assertGreater(int(server.psql(kill, "postgres")), 0)
            person.write(f"after {number}")  # the idle sessions were seen to be gone
        self.assertEqual(len(person.entries()), 10)

    def test_6_a_region_starts_again_on_what_is_there(self):
        person = Person("NL", EU, "lasting").settle()
        person.write("kept")
        world.ok("stop", world.switch(EU, "stop"))
        world.ok("start", world.switch(EU, "start"))
        person.sign_in(US)
        self.assertEqual([entry["text"] for entry in person.entries()], ["kept"])


if __name__ == "__main__":
    unittest.main()
