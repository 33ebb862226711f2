#!/usr/bin/python3
"""Writes sigv4_vectors.json beside itself: requests signed by botocore (Debian: python3-botocore)."""
import datetime
import json
import os
from unittest import mock
from urllib.parse import urlsplit

from botocore import auth, awsrequest, credentials

ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = datetime.datetime(2026, 11, 23, 9, 42, 7)

CASES = [
    ("dynamodb", "us-east-2", "POST", "http://localhost:9001/", b'{"TableName":"Entries"}',
     {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem"}, None),
    ("ssm", "eu-central-1", "POST", "https://ssm.eu-central-1.example.org/", b"{}",
     {"X-Amz-Target": "AmazonSSM.GetParameters", "User-Agent": "x"}, "a/session+token=="),
    ("lambda", "us-east-2", "POST",
     "https://lambda.example.org/2015-03-31/functions/arn%3Aaws%3Alambda%3Aa%3A1%3Afunction%3Af/invocations",
     b"\x00\xff", {"X-Amz-Invocation-Type": "  a   b  "}, None),
    ("execute-api", "us-east-2", "GET", "https://api.example.org/a//b/./c/../d%20e/?b=2&a=1&b=1&c&d=x%2Fy%20z",
     b"", {}, None),
    ("s3", "ap-southeast-2", "PUT", "https://s3.example.org/bucket/a%20key/..//with%2B%C3%A9", b"body", {}, None),
    ("s3", "ap-southeast-2", "GET", "https://s3.example.org/bucket?list-type=2&prefix=a%2Fb&delimiter=%2F",
     b"", {"Range": "bytes=0-9"}, "token"),
]


class Fixed(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return NOW

    @classmethod
    def now(cls, tz=None):
        return NOW.replace(tzinfo=tz)


def signed(service, region, method, url, body, headers, token):
    request = awsrequest.AWSRequest(method, url, headers=headers, data=body)
    kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    signer = kind(credentials.Credentials(ACCESS, SECRET, token), service, region)
    with mock.patch("datetime.datetime", Fixed):
        signer.add_auth(request)
    parts = urlsplit(url)
    sent = {k: v for k, v in request.headers.items()}
    sent.setdefault("Host", parts.netloc)
    return {"method": method, "path": parts.path, "query": parts.query, "headers": sent,
            "body_hex": body.hex(), "service": service, "region": region}


def main():
    out = {"access_key_id": ACCESS, "secret": SECRET, "cases": [signed(*case) for case in CASES]}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "sigv4_vectors.json"), "w") as f:
        json.dump(out, f, indent=1)
        f.write("\n")


main()
