#!/usr/bin/python3
"""Groups, lists of people, and what a pool says of itself, with boto3: each region tells of its own
groups and people; what tokens say of groups is the same through every region."""

import re
import unittest

import variant


def two_in_one_jurisdiction(text):
    text = re.sub(r"  US:\n(    .*\n)+", "", text)
    text = text.replace("regions: [eu-central-1]", "regions: [eu-central-1, us-east-2]")
    return text.replace("IS, LI, NO]", "IS, LI, NO, US, CA]")


variant.run(__file__, two_in_one_jurisdiction)


from clients import Refusals, administrator, claims  # noqa: E402
from world import AU, CLIENT_ID, DATA, EU, POOLS, US, Person  # noqa: E402

ROLE = "arn:aws:iam::123456789012:role/nurse"


class Groups(Refusals, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.eu, cls.us, cls.au = (administrator(region) for region in (EU, US, AU))

    def test_tokens_name_the_groups_through_every_region(self):
        person = Person("DE", EU, "nurse").settle()
        made = self.eu.create_group(UserPoolId=POOLS[EU], GroupName="nurses-of-ward-7",
                                    RoleArn=ROLE, Precedence=1, Description="Ward 7")["Group"]
        self.assertEqual(made["Precedence"], 1)
        self.refused("GroupExistsException", self.eu.create_group, UserPoolId=POOLS[EU],
                     GroupName="nurses-of-ward-7")
        # From another region of the jurisdiction, and not from another jurisdiction.
        self.us.admin_add_user_to_group(UserPoolId=POOLS[US], Username=person.email,
                                        GroupName="nurses-of-ward-7")
        self.refused("UserNotFoundException", self.au.admin_add_user_to_group,
                     UserPoolId=POOLS[AU], Username=person.email, GroupName="nurses-of-ward-7")
        listed = self.us.admin_list_groups_for_user(UserPoolId=POOLS[US], Username=person.email)
        self.assertEqual([one["GroupName"] for one in listed["Groups"]], ["nurses-of-ward-7"])
        for through in (EU, AU, US):
            tokens = person.sign_in(through)
            self.assertEqual(claims(tokens["AccessToken"])["cognito:groups"], ["nurses-of-ward-7"])
            of_id = claims(tokens["IdToken"])
            self.assertEqual(of_id["cognito:groups"], ["nurses-of-ward-7"])
            self.assertEqual(of_id["cognito:roles"], [ROLE])
            self.assertEqual(of_id["cognito:preferred_role"], ROLE)
        self.refused("ResourceNotFoundException", self.us.get_group, UserPoolId=POOLS[US],
                     GroupName="nurses-of-ward-7")
        users = self.eu.list_users_in_group(UserPoolId=POOLS[EU], GroupName="nurses-of-ward-7")
        self.assertEqual([one["Username"] for one in users["Users"]], [person.email])
        # At rest nobody can tell which group it is.
        for path in DATA.rglob("*"):
            if path.is_file():
                self.assertNotIn(b"nurses-of-ward-7", path.read_bytes(), path)
        self.eu.admin_remove_user_from_group(UserPoolId=POOLS[EU], Username=person.email,
                                             GroupName="nurses-of-ward-7")
        self.assertNotIn("cognito:groups", claims(person.sign_in(US)["IdToken"]))
        self.eu.update_group(UserPoolId=POOLS[EU], GroupName="nurses-of-ward-7", Precedence=9)
        shown = self.eu.get_group(UserPoolId=POOLS[EU], GroupName="nurses-of-ward-7")["Group"]
        self.assertEqual((shown["Precedence"], shown["RoleArn"]), (9, ROLE))
        self.eu.delete_group(UserPoolId=POOLS[EU], GroupName="nurses-of-ward-7")
        self.refused("ResourceNotFoundException", self.eu.delete_group, UserPoolId=POOLS[EU],
                     GroupName="nurses-of-ward-7")

    def test_a_region_lists_its_own_people(self):
        people = [Person("DE", EU, "list").sign_up() for _ in range(3)]
        stranger = Person("AU", AU, "list").sign_up()
        pages = self.eu.get_paginator("list_users").paginate(
            UserPoolId=POOLS[EU], Filter='username ^= "list-"', PaginationConfig={"PageSize": 2})
        names = [user["Username"] for page in pages for user in page["Users"]]
        self.assertEqual(sorted(names), sorted(person.email for person in people))
        self.assertNotIn(stranger.email, names)
        (one,) = self.eu.list_users(UserPoolId=POOLS[EU], AttributesToGet=["email"],
                                    Filter=f'email = "{people[0].email}"')["Users"]
        self.assertEqual(one["Attributes"], [{"Name": "email", "Value": people[0].email}])
        self.assertEqual(one["UserStatus"], "UNCONFIRMED")
        token = self.eu.list_users(UserPoolId=POOLS[EU], Limit=1)["PaginationToken"]
        self.refused("InvalidParameterException", self.eu.list_users, UserPoolId=POOLS[EU],
                     PaginationToken=token, Filter='username ^= "list-"')
        self.refused("InvalidParameterException", self.eu.list_users, UserPoolId=POOLS[EU],
                     Filter='custom:country = "DE"')

    def test_a_pool_says_what_the_configuration_says(self):
        pool = self.eu.describe_user_pool(UserPoolId=POOLS[EU])["UserPool"]
        self.assertEqual((pool["Id"], pool["Name"]), (POOLS[EU], "health"))
        self.assertEqual(pool["Policies"]["PasswordPolicy"]["MinimumLength"], 8)
        pools = self.eu.list_user_pools(MaxResults=10)["UserPools"]
        self.assertEqual([one["Id"] for one in pools], [POOLS[EU]])
        clients = self.eu.list_user_pool_clients(UserPoolId=POOLS[EU])["UserPoolClients"]
        self.assertIn(CLIENT_ID, [one["ClientId"] for one in clients])
        client = self.eu.describe_user_pool_client(UserPoolId=POOLS[EU], ClientId=CLIENT_ID)
        client = client["UserPoolClient"]
        self.assertIn("ALLOW_USER_SRP_AUTH", client["ExplicitAuthFlows"])
        self.assertEqual(client["AccessTokenValidity"], 60)
        self.assertEqual(
            self.eu.get_user_pool_mfa_config(UserPoolId=POOLS[EU])["MfaConfiguration"], "OFF")
        self.refused("ResourceNotFoundException", self.eu.describe_user_pool_client,
                     UserPoolId=POOLS[EU], ClientId="none")


if __name__ == "__main__":
    unittest.main()
