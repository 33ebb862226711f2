#!/usr/bin/python3
"""Global tables by boto3, in all regions of the deployment: one table, conditions that hold everywhere, and
nothing about people."""

import concurrent.futures
import json
import unittest
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import world

TABLE = "Notices"  # examples/health/domicile.yaml


def client(region):
    key = world.create_key(region, ("dynamodb:*",), ("*",))
    return boto3.client(
        "dynamodb", region_name=region, aws_access_key_id=key.id, aws_secret_access_key=key.secret,
        endpoint_url=f"http://127.0.0.1:{world.READY['regions'][region]['loopback']}",
        config=Config(retries={"max_attempts": 1}, connect_timeout=world.TIMEOUT_S,
                      read_timeout=world.TIMEOUT_S))


class GlobalTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clients = {region: client(region) for region in world.REGIONS}

    def setUp(self):
        self.audience = f"test-{uuid.uuid4()}"

    def item(self, notice="n1", **more):
        return {"audience": {"S": self.audience}, "noticeId": {"S": notice}, **more}

    def refused(self, call, code):
        with self.assertRaises(ClientError) as raised:
            call()
        self.assertEqual(raised.exception.response["Error"]["Code"], code)
        return raised.exception.response["Error"]["Message"]

    def test_what_one_region_writes_all_read_at_once(self):
        for number, (writer, db) in enumerate(self.clients.items()):
            item = self.item(priority={"N": str(number)}, title={"S": f"from {writer}"})
            db.put_item(TableName=TABLE, Item=item)
            for reader, other in self.clients.items():
                found = other.get_item(TableName=TABLE, Key=self.item(), ConsistentRead=True)
                self.assertEqual(found.get("Item"), item, f"{writer} to {reader}")
        self.clients[world.EU].delete_item(TableName=TABLE, Key=self.item())
        for other in self.clients.values():
            self.assertNotIn("Item", other.get_item(TableName=TABLE, Key=self.item()))

    def test_of_contenders_in_all_regions_one_gets_in(self):
        def contend(region, notice):
            try:
                self.clients[region].put_item(
                    TableName=TABLE, Item=self.item(notice, title={"S": region}),
                    ConditionExpression="attribute_not_exists(noticeId)")
                return region
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "ConditionalCheckFailedException")
                return None

        with concurrent.futures.ThreadPoolExecutor(len(world.REGIONS)) as pool:
            for notice in map(str, range(20)):
                winners = [w for w in pool.map(lambda r, n=notice: contend(r, n), world.REGIONS) if w]
                self.assertEqual(len(winners), 1, winners)
                for db in self.clients.values():
                    found = db.get_item(TableName=TABLE, Key=self.item(notice))["Item"]
                    self.assertEqual(found["title"]["S"], winners[0])

    def test_a_query_pages_forward_and_backward(self):
        names = [f"n{number:02}" for number in range(25)]
        for name in reversed(names):
            self.clients[world.US].put_item(TableName=TABLE, Item=self.item(name))
        for forward in (True, False):
            pages = self.clients[world.AU].get_paginator("query").paginate(
                TableName=TABLE, KeyConditionExpression="audience = :a", ScanIndexForward=forward,
                ExpressionAttributeValues={":a": {"S": self.audience}},
                PaginationConfig={"PageSize": 7})
            found = [item["noticeId"]["S"] for page in pages for item in page["Items"]]
            self.assertEqual(found, names if forward else names[::-1])

    def test_what_is_about_people_or_undeclared_is_refused_and_audited(self):
        db, region = self.clients[world.EU], world.EU
        address = f"{uuid.uuid4()}@example.com"
        cases = {
            "an e-mail address": {"body": {"S": f"write to {address}"}},
            "a phone number": {"title": {"S": "call +49 170 1234567"}},
            "a card number": {"priority": {"N": "4111111111111111"}},
            "a national identity number": {"body": {"S": "SSN 078-05-1120"}},
            "does not declare the attribute email": {"email": {"S": "x"}},
            "does not declare this type": {"priority": {"S": "high"}},
        }
        for words, more in cases.items():
            with self.subTest(words):
                said = self.refused(lambda m=more: db.put_item(TableName=TABLE, Item=self.item(**m)),
                                    "ValidationException")
                self.assertIn(words, said)
                self.assertNotIn(address, said)
        self.refused(lambda: db.update_item(
            TableName=TABLE, Key=self.item(), UpdateExpression="SET body = :b",
            ExpressionAttributeValues={":b": {"S": address}}), "ValidationException")
        self.assertNotIn("Item", db.get_item(TableName=TABLE, Key=self.item()))
        log = (world.DATA / region / "audit.log").read_text(encoding="utf-8")
        self.assertNotIn(address, log)
        refusals = [json.loads(line) for line in log.splitlines() if f'"table":"{TABLE}"' in line]
        reasons = [str(one).count("looks_personal") for one in refusals]
        self.assertEqual(sum(reasons), 5)

    def test_resident_tables_stay_their_regions_own(self):
        for db in self.clients.values():
            self.assertIn(TABLE, db.list_tables()["TableNames"])
            self.refused(lambda d=db: d.put_item(TableName=world.TABLE, Item={
                "subject": {"S": str(uuid.uuid4())}, "entryId": {"S": "e"}}), "NotHomeException")


if __name__ == "__main__":
    unittest.main()
