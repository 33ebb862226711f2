"""boto3 against the user pools of the deployment under test; for tests that are there to show that
somebody else's client works, or that want its errors."""

import base64
import json

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from world import READY, create_key


def user_pools(region, key=None):
    """Of the region's endpoint; what it sends is signed if there is a key, and never sent again."""
    once = {"retries": {"total_max_attempts": 1}}
    signer = {"config": Config(signature_version=UNSIGNED, **once)}
    if key:
        signer = {"config": Config(**once), "aws_access_key_id": key.id,
                  "aws_secret_access_key": key.secret}
    port = READY["regions"][region]["loopback"]
    return boto3.client("cognito-idp", region_name=region,
                        endpoint_url=f"http://127.0.0.1:{port}", **signer)


def administrator(region, operations=("cognito-idp:*",), resources=("userpool/*",)):
    """With a new key of the region."""
    return user_pools(region, create_key(region, operations, resources))


def claims(token):
    """Of a JSON Web Token, unverified."""
    middle = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))


class Refusals:
    """For test cases."""

    def refused(self, code, call, /, **arguments):
        """The message of the error that the call ends with."""
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        return error["Message"]
