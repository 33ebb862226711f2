import unittest
import uuid

import boto3
from botocore.config import Config

import target
from person import Person

db = boto3.client(
    "dynamodb",
    region_name=target.REGION,
    endpoint_url=target.DYNAMODB,
    config=Config(retries={"max_attempts": 1}),
)


class DynamoDb(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The table is resident: an item belongs to a person who lives here."""
        person = Person()
        person.sign_up()
        person.confirm()
        cls.sub = person.sub

    def key(self, entry_id):
        return {"subject": {"S": self.sub}, "entryId": {"S": entry_id}}

    def put(self, **more):
        item = {
            **self.key(str(uuid.uuid4())),
            "date": {"S": "2026-11-23"},
            "mood": {"N": "4"},
            **more,
        }
        db.put_item(TableName=target.TABLE, Item=item)
        return item

    def get(self, entry_id):
        return db.get_item(TableName=target.TABLE, Key=self.key(entry_id)).get("Item")

    def query(self, **more):
        return db.query(
            TableName=target.TABLE,
            KeyConditionExpression="#subject = :subject",
            ExpressionAttributeNames={"#subject": "subject"},
            ExpressionAttributeValues={":subject": {"S": self.sub}},
            **more,
        )

    def test_an_item_reads_back_as_it_was_written(self):
        item = self.put(
            text={"S": "Grüße, 世界 🌿"},
            bytes={"B": b"\x00\xff\n"},
            yes={"BOOL": True},
            nothing={"NULL": True},
            list={"L": [{"S": "a"}, {"N": "1"}]},
            map={"M": {"inner": {"S": "b"}}},
        )
        self.assertEqual(self.get(item["entryId"]["S"]), item)

    def test_an_absent_item_reads_as_no_item(self):
        self.assertIsNone(self.get(str(uuid.uuid4())))

    def test_an_update_sets_and_removes_and_keeps_the_rest(self):
        item = self.put(text={"S": "first"}, extra={"S": "x"})
        db.update_item(
            TableName=target.TABLE,
            Key=self.key(item["entryId"]["S"]),
            UpdateExpression="SET #text = :text, mood = :mood REMOVE extra",
            ExpressionAttributeNames={"#text": "text"},
            ExpressionAttributeValues={":text": {"S": "second"}, ":mood": {"N": "1"}},
        )
        expected = {**item, "text": {"S": "second"}, "mood": {"N": "1"}}
        del expected["extra"]
        self.assertEqual(self.get(item["entryId"]["S"]), expected)

    def test_a_query_finds_one_partition_in_the_order_of_the_sort_key(self):
        written = [self.put()["entryId"]["S"] for _ in range(3)]
        reply = self.query()
        ids = [item["entryId"]["S"] for item in reply["Items"]]
        self.assertEqual(reply["Count"], len(ids))
        self.assertEqual(ids, sorted(ids))
        self.assertLessEqual(set(written), set(ids))

    def test_a_query_in_pages_finds_each_item_once(self):
        for _ in range(3):
            self.put()
        everything = [item["entryId"]["S"] for item in self.query()["Items"]]
        paged, more = [], {}
        while True:
            page = self.query(Limit=2, **more)
            paged += [item["entryId"]["S"] for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self.assertEqual(paged, everything)

    def test_a_deleted_item_is_gone_and_deleting_it_again_is_fine(self):
        item = self.put()
        for _ in range(2):
            db.delete_item(TableName=target.TABLE, Key=self.key(item["entryId"]["S"]))
        self.assertIsNone(self.get(item["entryId"]["S"]))

    def test_an_unknown_table_is_not_found(self):
        with self.assertRaises(db.exceptions.ResourceNotFoundException):
            db.get_item(TableName="NoSuchTable", Key=self.key("1"))


if __name__ == "__main__":
    unittest.main()
