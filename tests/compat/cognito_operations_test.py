#!/usr/bin/python3
"""docs/compat/cognito.md against the service model in botocore, the commands of the AWS SDK for
JavaScript, and the program's own table of operations."""

import gzip
import json
import pathlib
import re
import unittest

import botocore

TOP = pathlib.Path(__file__).resolve().parents[2]
SDK = TOP / "tests/node_modules/@aws-sdk/client-cognito-identity-provider/dist-es/commands"
STATES = {"done", "partly", "not done"}


def documented():
    """Operation to state, of the tables whose first column is that."""
    out, is_of_operations = {}, False
    for line in (TOP / "docs/compat/cognito.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_of_operations = False
        if cells[0] == "operation":
            is_of_operations = True
            continue
        if not is_of_operations or not line.startswith("| "):
            continue
        for name in cells[0].split(", "):
            assert name not in out, f"{name} is there twice"
            out[name] = cells[1]
    return out


def of_botocore():
    folder = pathlib.Path(botocore.__file__).parent / "data/cognito-idp/2016-04-18"
    file = next(folder.glob("service-2.json*"))
    open_it = gzip.open if file.suffix == ".gz" else open
    with open_it(file) as model:
        return set(json.load(model)["operations"])


def of_the_sdk():
    return {file.name.removesuffix("Command.js") for file in SDK.glob("*Command.js")}


def of_the_program():
    out = set()
    for file in (TOP / "src/api/cognito").glob("*operations.cc"):
        text = file.read_text()
        out |= set(re.findall(r'(?:into\[|^ *\{)"([A-Z]\w+)"(?:\] =|, \w+\},)', text, re.M))
    return out


class Operations(unittest.TestCase):
    def test_every_operation_of_the_service_is_listed_and_nothing_else(self):
        self.assertTrue(SDK.is_dir(), "npm ci in tests/ first")
        self.assertEqual(set(documented()), of_botocore() | of_the_sdk())

    def test_what_is_said_to_be_there_is_there_and_nothing_else(self):
        there = {name for name, state in documented().items() if state != "not done"}
        self.assertEqual(there, of_the_program())

    def test_states_are_those_of_the_readme(self):
        self.assertLessEqual(set(documented().values()), STATES)


if __name__ == "__main__":
    unittest.main()
