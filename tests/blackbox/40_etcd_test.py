#!/usr/bin/python3
"""The three regions with their directory on a real etcd cluster of three members: people sign up at
the wrong region and sign in anywhere; the cluster loses a member, its leader, its quorum. Claims go
on as long as there is a quorum, then they are refused with a 5xx; whoever is known is still found,
and everybody is served at home (I7)."""

import base64
import json
import os
import subprocess
import unittest
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import etcd
import variant


def on_etcd(text, cluster):
    endpoints = ", ".join(f'"{endpoint}"' for endpoint in cluster.endpoints())
    return text + f"\ndirectory:\n  engine: etcd\n  endpoints: [{endpoints}]\n"


variant.run_beside(__file__, etcd.Cluster, on_etcd)

import world  # noqa: E402
from world import AU, DATA, EU, US, Person  # noqa: E402

cluster = etcd.Cluster.handed_on()


class DirectoryOnEtcd(unittest.TestCase):
    """In the order of their names: each leaves the cluster whole."""

    def test_1_sign_up_at_the_wrong_region_and_sign_in_anywhere(self):
        person = Person("DE", EU, "etcd").settle(US)
        person.write("at home in Europe", AU)
        self.assertEqual([e["text"] for e in person.entries()], ["at home in Europe"])
        self.assertEqual(person.sign_in(AU).keys(), person.tokens.keys())
        twin = Person("AU", AU, "etcd")
        twin.email = person.email
        twin.sign_up()  # answered like any other, and comes to nothing
        with self.assertRaises(world.Refused, msg="one home") as refused:
            twin.sign_in()
        self.assertEqual(refused.exception.reply.json()["__type"], "NotAuthorizedException")

    def test_2_etcd_holds_pseudonyms_and_nothing_else(self):
        person = Person("US", US, "planted").settle()
        entries = cluster.entries("domicile/")
        self.assertGreaterEqual(len([key for key, _ in entries if key.startswith(b"domicile/k/")]), 2)
        stored = b"".join(key + value for key, value in entries)
        for trace in (person.email, person.email.upper(), "planted", person.sub):
            self.assertNotIn(trace.encode(), stored)
        self.assertFalse(os.path.exists(DATA / "shared" / "directory.db"), "nothing beside etcd")

    def test_3_sign_ups_go_on_without_a_member_and_without_the_leader(self):
        leader = cluster.leader()
        other = (leader + 1) % 3
        cluster.kill(other)
        for region in world.REGIONS:
            Person("NZ", AU, "memberless").settle(region)
        cluster.start(other)
        cluster.kill(leader)
        for region in world.REGIONS:
            Person("CA", US, "leaderless").settle(region)
        cluster.start(leader)

    def test_4_without_a_quorum_new_claims_stop_and_everybody_else_goes_on(self):
        known = Person("FR", EU, "known").settle()
        known.sign_in(US)  # the copy at US has them, or the quorum was asked
        cluster.kill(0)
        cluster.kill(1)
        with self.assertRaises(world.Refused) as refused:
            Person("FR", EU, "new").sign_up()
        self.assertGreaterEqual(refused.exception.reply.status, 500)
        known.sign_in()
        known.write("nobody needs etcd for this")
        world.poll("a look-up from the copy", lambda: known.start_sign_in(US)[0].status == 200)
        known.sign_in(AU)
        unknown = Person("FR", EU, "unknown").start_sign_in(US)[0]
        self.assertGreaterEqual(unknown.status, 500, "a negative answer is never told from a copy")
        cluster.start(0)
        Person("FR", EU, "after").settle(AU)
        cluster.start(1)

    def test_5_a_region_starts_while_etcd_is_away(self):
        person = Person("IT", EU, "early").settle()
        for member in range(3):
            cluster.kill(member)
        world.ok("stop", world.switch(EU, "stop"))
        world.ok("start", world.switch(EU, "start"))
        world.poll("the region's own people are served",
                   lambda: person.api(EU, "GET", "/entries").status == 200)
        cluster.start(0, 1, 2)
        Person("IT", EU, "late").settle(US)

    def test_6_an_export_holds_every_claim_and_an_import_changes_nothing_that_is_there(self):
        person = Person("DE", EU, "carried").settle()
        file = DATA / "directory.export"

        def directory(action):
            command = [world.PROGRAM, "directory", action, file, "--data", DATA]
            return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout.decode()

        directory("export")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        stored = {key.removeprefix(b"domicile/"): value for key, value in cluster.entries("domicile/")
                  if not key.startswith(b"domicile/p/")}  # who lives at the moment
        told = {base64.b64decode(line["key"]): base64.b64decode(line["value"])
                for line in lines[1:-1]}
        self.assertEqual(told.keys(), stored.keys())
        # Regions that start publish their keys again, under a fresh signature.
        for key in (key for key in told if not key.startswith(b"r/")):
            self.assertEqual(told[key], stored[key])
        self.assertIn("0 entries were written", directory("import"))
        cluster.etcdctl("del", "--prefix", "domicile/k/")
        self.assertNotIn("0 entries were written", directory("import"))
        person.sign_in(AU)


    def test_7_the_directory_tells_which_regions_live(self):
        def regions():
            command = [world.PROGRAM, "directory", "regions", "--data", DATA]
            done = subprocess.run(command, capture_output=True, timeout=60)
            return {line.split()[0]: line.split(maxsplit=1)[1]
                    for line in done.stdout.decode().splitlines()}, done.returncode

        alive = {EU: "1 node", US: "1 node", AU: "1 node"}
        world.poll("all regions say that they live", lambda: regions() == (alive, 0))
        world.ok("stop", world.switch(US, "stop"))
        world.poll("nobody has heard of it while a lease lasts",
                   lambda: regions() == (alive | {US: "nobody has been heard of"}, 1), deadline_s=90)
        world.ok("start", world.switch(US, "start"))
        world.poll("it lives again", lambda: regions() == (alive, 0))

    def test_8_without_a_quorum_global_tables_are_503_and_come_back_with_what_was_there(self):
        clients = {region: documents(region) for region in world.REGIONS}
        key = {"audience": {"S": f"test-{uuid.uuid4()}"}, "noticeId": {"S": "n1"}}
        item = {**key, "title": {"S": "before"}}
        clients[EU].put_item(TableName=NOTICES, Item=item)
        cluster.kill(0)
        cluster.kill(1)
        for region, db in clients.items():
            calls = {
                "put": lambda db=db: db.put_item(TableName=NOTICES, Item={**key, "title": {"S": "lost"}}),
                "update": lambda db=db: db.update_item(
                    TableName=NOTICES, Key=key, UpdateExpression="SET title = :t",
                    ExpressionAttributeValues={":t": {"S": "lost"}}),
                "delete": lambda db=db: db.delete_item(TableName=NOTICES, Key=key),
                "get": lambda db=db: db.get_item(TableName=NOTICES, Key=key, ConsistentRead=True),
                "query": lambda db=db: db.query(
                    TableName=NOTICES, KeyConditionExpression="audience = :a",
                    ExpressionAttributeValues={":a": key["audience"]}),
            }
            for name, call in calls.items():
                with self.subTest(region=region, call=name):
                    with self.assertRaises(ClientError) as refused:
                        call()
                    told = refused.exception.response
                    self.assertEqual(told["ResponseMetadata"]["HTTPStatusCode"], 503)
                    self.assertEqual(told["Error"]["Code"], "ServiceUnavailableException")
        cluster.start(0, 1)
        for region, db in clients.items():
            world.poll(f"{region} to answer again", lambda db=db: found(db, key) is not None)
        # 503 says that nobody knows: what was with the last member may be done when the others are back. All
        # regions see the same.
        seen = [found(db, key) for db in clients.values()]
        self.assertEqual(seen, 3 * seen[:1])
        self.assertIn(seen[0].get("title", {"S": "deleted"})["S"], ("before", "lost", "deleted"))
        for region, db in clients.items():
            db.put_item(TableName=NOTICES, Item={**key, "title": {"S": region}})
            self.assertEqual(found(clients[EU], key)["title"]["S"], region)


NOTICES = "Notices"  # examples/health/domicile.yaml


def documents(region):
    key = world.create_key(region, ("dynamodb:*",), ("*",))
    return boto3.client(
        "dynamodb", region_name=region, aws_access_key_id=key.id, aws_secret_access_key=key.secret,
        endpoint_url=f"http://127.0.0.1:{world.READY['regions'][region]['loopback']}",
        config=Config(retries={"max_attempts": 0}, read_timeout=world.TIMEOUT_S))


def found(db, key):
    """The item, empty where there is none; None while the store is away."""
    try:
        return db.get_item(TableName=NOTICES, Key=key, ConsistentRead=True).get("Item", {})
    except ClientError:
        return None


def tearDownModule():
    for member in range(3):
        cluster.kill(member)


if __name__ == "__main__":
    unittest.main()
