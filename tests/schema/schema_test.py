#!/usr/bin/python3
"""The published JSON Schema, by somebody else's validator: it takes what `domicile check` takes.

What spans sections (a route to a function that is not there) only `check` sees; whatever the schema
refuses, `check` must refuse too, at the same line where both name one.
"""

import copy
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import jsonschema
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = TOP / "build/release/domicile"
EXAMPLE = TOP / "examples/health/domicile.yaml"
SCHEMA = json.loads((TOP / "docs/domicile.schema.json").read_text())


class Yaml12(yaml.SafeLoader):
    """Only true and false are booleans, as in YAML 1.2: NO is a country."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:bool"]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def domicile(*arguments):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20)


def check(document, form="json"):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(document, file)  # JSON is YAML
        file.flush()
        return domicile("check", file.name, f"--format={form}")


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.example = yaml.load(EXAMPLE.read_text(), Yaml12)
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        cls.validator = jsonschema.Draft202012Validator(SCHEMA)

    def changed(self, path, value):
        document = copy.deepcopy(self.example)
        *inner, last = path
        at = document
        for step in inner:
            at = at[step]
        if value is None:
            del at[last]
        else:
            at[last] = value
        return document

    def test_the_program_prints_the_published_schema(self):
        printed = domicile("config", "schema")
        self.assertEqual(printed.returncode, 0)
        self.assertEqual(json.loads(printed.stdout), SCHEMA)
        self.assertEqual(domicile("config", "nothing").returncode, 2)

    def test_the_example_names_the_schema_in_its_first_line(self):
        first = EXAMPLE.read_text().splitlines()[0]
        found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        self.assertEqual((EXAMPLE.parent / found[1]).resolve(), TOP / "docs/domicile.schema.json")

    def test_the_example_is_accepted(self):
        self.validator.validate(self.example)
        self.assertEqual(check(self.example).returncode, 0)

    def test_what_a_full_file_may_hold_is_accepted_by_both(self):
        region, client = "ap-southeast-2", ("pools", "health", "clients", "web")
        for path, value in [
            (("listen",), "[::1]:8443"),
            (("issuer",), "aws"),
            (("log",), {"level": "debug"}),
            (("regions", region, "listen"), {"https": 0, "http": 8080, "admin": 65535}),
            (("functions", "diary", "environment"), {"PORT": "8080", "A_B": "x"}),
            (("upstreams",), {"a": {"url": "http://127.0.0.1:9000"},
                              "b": {"url": ["http://a:1", "http://[::1]:2"]}}),
            (("routes", 0, "path"), "/proxy/{rest+}"),
            (("routes", 0, "body_bytes_max"), 0),
            (("limits",), {"head_timeout_ms": 10, "body_timeout_ms": 600_000}),
            (("functions", "diary", "concurrency"), {"per_process": 1000}),
            ((*client, "access_token_minutes"), 5),
            (("pools", "health", "country_attribute"), "locale"),
            (("sites", "frontend", "host"), "www.example.org"),
        ]:
            with self.subTest(path=path, value=value):
                document = self.changed(path, value)
                self.validator.validate(document)
                answer = check(document)
                self.assertEqual(answer.returncode, 0, answer.stdout)

    def test_what_is_wrong_is_refused_by_both(self):
        region, client = "ap-southeast-2", ("pools", "health", "clients", "web")
        for path, value in [
            (("jurisdictions",), None),
            (("regions",), {}),
            (("regions",), []),
            (("domian",), "example.org"),
            (("domain",), "Example.org"),
            (("domain",), "a..b"),
            (("listen",), "8443"),
            (("issuer",), "other"),
            (("reactors",), 0),
            (("reactors",), 65),
            (("reactors",), "two"),
            (("reactors",), 1.5),
            (("limits",), {"header_bytes_max": 1}),
            (("limits",), {"body_timeout_ms": 9}),
            (("functions", "diary", "concurrency"), {"per_process": 0}),
            (("jurisdictions", "AU", "countries"), ["UK"]),
            (("jurisdictions", "AU", "countries"), []),
            (("jurisdictions", "AU", "transit"), "maybe"),
            (("regions", "Bad_Name"), {}),
            (("regions", region, "latitude"), 91),
            (("regions", region, "listen"), {"https": 65536}),
            (("regions", region, "listen"), {"https": -1}),
            ((*client, "id"), "no spaces"),
            ((*client, "id"), None),
            ((*client, "flows"), ["DEVICE_AUTH"]),
            ((*client, "flows"), []),
            ((*client, "access_token_minutes"), 4),
            (("pools", "health", "attributes", 0, "name"), "custom:" + "x" * 21),
            (("pools", "health", "attributes", 0, "required"), "yes"),
            (("tables", "DiaryEntries", "partition_key", "type"), "X"),
            (("tables", "ab"), {"partition_key": {"name": "k"}}),
            (("functions", "diary", "command"), "node index.mjs"),
            (("functions", "diary", "environment"), {"1A": "x"}),
            (("functions", "diary", "timeout_seconds"), 901),
            (("upstreams",), {"a": {"url": "https://127.0.0.1"}}),
            (("upstreams",), {"a": {"url": []}}),
            (("routes", 0, "path"), "entries"),
            (("routes", 0, "path"), "/{rest+}/x"),
            (("routes", 0, "methods"), ["get"]),
            (("routes", 0, "cors", "origins"), ["frontend"]),
            (("sites", "frontend", "fallback"), "../index.html"),
            (("mail", "outbox"), "on"),
        ]:
            with self.subTest(path=path, value=value):
                document = self.changed(path, value)
                self.assertFalse(self.validator.is_valid(document))
                answer = check(document)
                self.assertEqual(answer.returncode, 1, answer.stdout)
                self.assertTrue(json.loads(answer.stdout)["problems"])


class Check(unittest.TestCase):
    """`domicile check --format`: what editors read."""

    def setUp(self):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".yaml")
        text = EXAMPLE.read_text()
        self.line = text.splitlines().index("reactors: 2") + 1
        self.file.write(text.replace("reactors: 2", "reactors: 'many'  # a comment"))
        self.file.flush()
        self.addCleanup(self.file.close)

    def test_json_gives_the_extent_of_every_problem(self):
        answer = domicile("check", self.file.name, "--format", "json")
        self.assertEqual(answer.returncode, 1)
        [problem] = json.loads(answer.stdout)["problems"]
        expected = {"line": self.line, "column": 11, "end_line": self.line, "end_column": 17,
                    "severity": "error", "path": "reactors"}
        self.assertEqual({key: problem[key] for key in expected}, expected)
        self.assertTrue(problem["message"])

    def test_gcc_gives_one_line_for_each(self):
        answer = domicile("check", self.file.name, "--format=gcc")
        self.assertEqual(answer.returncode, 1)
        prefix = re.escape(f"{self.file.name}:{self.line}:11: error: reactors: ")
        self.assertRegex(answer.stdout, rf"\A{prefix}[^\n]+\n\Z")

    def test_a_good_file_has_no_lines_and_no_problems(self):
        self.assertEqual(domicile("check", str(EXAMPLE), "--format=gcc").stdout, "")
        answer = domicile("check", str(EXAMPLE), "--format=json")
        self.assertEqual((answer.returncode, json.loads(answer.stdout)["problems"]), (0, []))

    def test_another_format_is_bad_usage(self):
        self.assertEqual(domicile("check", str(EXAMPLE), "--format=xml").returncode, 2)


if __name__ == "__main__":
    unittest.main()
