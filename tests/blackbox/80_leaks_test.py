#!/usr/bin/python3
"""I2: nothing resident is on any disk but its home's. I3: no identifier in clear in the directory.

Three people live through the wrong regions; then every file of every other region, of the
directory, of the front and of the `up` process is searched for what they typed, in each form in
which a careless program writes a value down. At home it is on the disk as well, but encrypted."""

import base64
import hashlib
import json
import pathlib
import re
import secrets
import tempfile
import unittest
import urllib.parse

import world
from world import AU, DATA, EU, REGIONS, US, Person


def base64_cores(value, encode):
    """What stands in the Base64 form of any text that contains `value`, whatever comes before and
    after it: the characters that depend on `value` alone, for each of the three alignments."""
    for before in range(3):
        text = encode(b"\0" * before + value)
        start = -(-before * 8 // 6)  # characters that also hold bits of what comes before
        end = (before + len(value)) * 8 // 6  # complete characters only
        yield text[start:end]


def forms_of(value):
    raw = value.encode()
    forms = {"plain": [raw, json.dumps(value)[1:-1].encode()]}
    forms["upper case"] = [value.upper().encode()]
    forms["base64"] = list(base64_cores(raw, base64.b64encode))
    forms["base64url"] = list(base64_cores(raw, base64.urlsafe_b64encode))
    forms["hex"] = [raw.hex().encode(), raw.hex().upper().encode()]
    quoted = urllib.parse.quote(value, safe="")
    forms["url"] = [quoted.encode(), urllib.parse.quote_plus(value).encode()]
    forms["url"].append(urllib.parse.quote(value, safe="@:/,").encode())
    forms["url, every byte"] = ["".join(f"%{byte:02X}" for byte in raw).encode()]
    forms["url, every byte"].append(forms["url, every byte"][0].lower())
    forms["utf-16"] = [value.encode("utf-16-le"), value.encode("utf-16-be")]
    return forms


class Needle:
    """A planted value with every form of it. `word`: a part of it by which many can be ruled out at
    once, since any form of the value has the same form of its parts in it."""

    def __init__(self, what, value, word=None):
        self.what, self.value, self.word = what, value, word
        pairs = {(form, needle) for form, all in forms_of(value).items() for needle in all}
        self.forms = sorted(pairs)

    def found_in(self, data):
        return sorted({form for form, needle in self.forms if needle in data})


def files_under(folder):
    for path in sorted(pathlib.Path(folder).rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a journal that ended meanwhile
        return b""


def without_function_output(data):
    """At home a function may log what it likes."""
    lines = data.split(b"\n")
    return b"\n".join(line for line in lines if b'"function_output"' not in line)


def search(paths, needles, transform=lambda data: data):
    """["<file>: <what> (<form>) at byte n"]"""
    strays, clean = [], set()
    words = [Needle("word", word) for word in {needle.word for needle in needles} - {None}]
    for path in paths:
        # Journals that engines make in advance are zeros; many files of PostgreSQL are the same.
        data = re.sub(rb"\0{4096,}", bytes(4096), transform(read(path)))
        digest = hashlib.sha256(data).digest()
        if digest in clean:
            continue
        absent = {word.value for word in words if not word.found_in(data)}
        found = [f"{path}: {needle.what} {needle.value!r} as {form}"
                 for needle in needles if needle.word not in absent
                 for form in needle.found_in(data)]
        strays += found
        if not found:
            clean.add(digest)
    return strays


# What holds the data of each engine, in the data folder and in a region's.
SHARED = ["engines/etcd-0/data/member/snap/db", "engines/etcd-0.log"] if world.DISTRIBUTED else [
    "shared/directory.db"]
OWN = ["postgres/data/PG_VERSION", "postgres/data/global/pg_control", "postgres.log", "audit.log"
       ] if world.DISTRIBUTED else ["region.db", "keys.db", "audit.log"]


class TheSearch(unittest.TestCase):
    """It can fail: what is planted is found, in each form and at each alignment."""

    def found(self, data, value, word=None):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "a" / "b.db"
            path.parent.mkdir()
            path.write_bytes(data)
            return search(files_under(folder), [Needle("value", value, word)])

    VALUE = "mail-ä b@example.org"

    def test_finds_each_form_wherever_it_stands(self):
        raw = self.VALUE.encode()
        for junk in (b"", b"x", b"xy", b"xyz", secrets.token_bytes(4097)):
            inner = junk + raw + b"~end"
            planted = {
                "plain": inner,
                "base64": base64.b64encode(inner),
                "base64url": base64.urlsafe_b64encode(inner),
                "hex": inner.hex().encode(),
                "HEX": inner.hex().upper().encode(),
                "url": junk + urllib.parse.quote(self.VALUE, safe="").encode(),
                "form": junk + urllib.parse.quote_plus(self.VALUE).encode(),
                "json": junk + json.dumps(self.VALUE).encode(),
                "utf-16": junk + self.VALUE.encode("utf-16-le"),
            }
            for name, data in planted.items():
                with self.subTest(form=name, before=len(junk)):
                    self.assertTrue(self.found(b"\0" * 5 + data + b"\xff", self.VALUE))
                    self.assertTrue(self.found(b"\0" * 5 + data + b"\xff", self.VALUE, "example"))

    def test_finds_nothing_where_nothing_is(self):
        other = self.VALUE.replace("example", "exampel").encode()
        data = other + base64.b64encode(other) + other.hex().encode() + secrets.token_bytes(65536)
        self.assertEqual(self.found(data, self.VALUE), [])

    def test_finds_a_word_that_an_sqlite_file_holds(self):
        import sqlite3

        with tempfile.TemporaryDirectory() as folder:
            database = sqlite3.connect(f"{folder}/x.db")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE t (v)")
            database.execute("INSERT INTO t VALUES (?)", (self.VALUE.encode(),))
            database.commit()
            self.assertTrue(search(files_under(folder), [Needle("value", self.VALUE)]))
            database.close()


class Traveller:
    """Somebody who does everything through the wrong regions, and what they leave behind."""

    def __init__(self, country, home, through, others):
        self.run = run = secrets.token_hex(5)
        self.word = lambda label: f"{label}-{country.lower()}-{run}"
        self.through, self.others = through, others
        self.person = Person(country, home, self.word("mail"))
        self.agent = self.word("agent")
        self.planted = {"e-mail": self.person.email, "password": self.person.password}
        self.planted["user agent"] = self.agent

    @property
    def home(self):
        return self.person.home

    def plant(self, what, value):
        self.planted[f"{what} {len(self.planted)}"] = value
        return value

    def travel(self):
        person, headers = self.person, {"User-Agent": self.agent}
        self.sign_up()
        for region in (self.through, *self.others, self.home):
            person.sign_in(region, headers)
            self.plant("refresh token", person.tokens["RefreshToken"])
            self.plant("access token", person.tokens["AccessToken"].split(".")[2])
            self.use_api(region, headers)
            self.fail_somehow(region, headers)
        self.use_api("app", headers)
        self.use_pool(self.through)
        self.planted["subject"] = person.sub
        return self

    def sign_up(self):
        """With a name, if the pool takes one."""
        self.person.extra = {"name": self.word("name")}
        try:
            self.person.sign_up(self.through)
            self.planted["name"] = self.person.extra["name"]
        except world.Refused as refusal:
            if refusal.reply.status != 400:
                raise
            # Refused is not stored: it must be nowhere, too.
            self.planted["refused name"] = self.person.extra["name"]
            self.person.extra = {}
            self.person.sign_up(self.through)
        self.person.confirm(self.through)

    def use_api(self, host, headers):
        person = self.person
        text = self.plant("diary text", f"Walked by the sea. {self.word('text')} {host}")
        changed = self.plant("changed text", f"{self.word('changed')} after all, {host}")
        entry = person.write(text, host, headers=headers)
        query = self.plant("query", f"{self.word('query')}-{host}")
        shown = person.api(host, "GET", f"/entries?note={query}", headers=headers)
        if shown.status != 200 or text not in [e["text"] for e in shown.json()["entries"]]:
            raise world.Refused("the entry does not read back", shown)
        path = f"/entries/{entry['entryId']}"
        body = {"date": "2026-11-21", "mood": 2, "text": changed}
        reply = person.api(host, "PUT", path, body, headers)
        if reply.status != 200:
            raise world.Refused("PUT", reply)
        reply = person.api(host, "DELETE", path, headers=headers)
        if reply.status != 204:
            raise world.Refused("DELETE", reply)
        # One that stays.
        person.write(self.plant("diary text", f"{self.word('stays')} {host}"), host)

    def fail_somehow(self, host, headers):
        """Refused requests are the ones that get logged."""
        person = self.person
        segment = self.plant("path", f"{self.word('path')}-{host}")
        person.api(host, "GET", f"/entries/{segment}", headers=headers)
        person.api(host, "PUT", f"/entries/{segment}", {"text": segment}, headers)
        person.api(host, "GET", f"/nowhere/{segment}?also={segment}", headers=headers)
        world.call(host, "GET", f"/entries/{segment}?also={segment}", headers)
        garbled = self.plant("garbled body", f"{self.word('garbled')}-{host}")
        person.api(host, "POST", "/entries", '{"text": "' + garbled, headers)
        world.cognito(f"idp.{host}", "InitiateAuth", '{"Username": "' + garbled, headers)
        wrong = {"USERNAME": person.email, "PASSWORD": self.plant("wrong password", garbled + "x")}
        body = {"ClientId": world.CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH"}
        world.cognito(f"idp.{host}", "InitiateAuth", {**body, "AuthParameters": wrong}, headers)
        stranger = self.plant("stranger", f"{self.word('stranger')}-{host}@example.org")
        wrong = {"USERNAME": stranger, "PASSWORD": "Something-1x"}
        world.cognito(f"idp.{host}", "InitiateAuth", {**body, "AuthParameters": wrong}, headers)

    def use_pool(self, through):
        person, host = self.person, f"idp.{through}"
        token = {"AccessToken": person.tokens["AccessToken"]}
        world.ok("GetUser", world.cognito(host, "GetUser", token))
        refresh = {
            "ClientId": world.CLIENT_ID,
            "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": {"REFRESH_TOKEN": person.tokens["RefreshToken"]},
        }
        world.ok("refresh", world.cognito(host, "InitiateAuth", refresh))
        body = {"ClientId": world.CLIENT_ID, "Username": person.email}
        world.cognito(host, "ResendConfirmationCode", body)
        body = {"ClientId": world.CLIENT_ID, "Token": person.tokens["RefreshToken"]}
        world.ok("RevokeToken", world.cognito(host, "RevokeToken", body))
        person.sign_in(through)
        token = {"AccessToken": person.tokens["AccessToken"]}
        world.ok("GlobalSignOut", world.cognito(host, "GlobalSignOut", token))

    def needles(self):
        return [Needle(what, value, self.run if self.run in value else None)
                for what, value in self.planted.items()]


class Leaks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.travellers = [
            Traveller("AU", AU, US, [EU]).travel(),
            Traveller("DE", EU, EU, [AU, US]).travel(),
            Traveller("CA", US, AU, [EU]).travel(),
        ]

    def assert_none(self, strays):
        self.assertEqual(strays, [], f"{len(strays)} planted values were found")

    def foreign_files(self, home):
        """All that is not the home's own: the other regions, the directory, the front, the CA, what
        stands beside them, and what `up` printed."""
        for path in files_under(DATA):
            if path.relative_to(DATA).parts[0] != home:
                yield path
        log = world.READY_FILE.parent / "up.log"
        if log.exists():
            yield log

    def test_the_search_covers_the_files_that_matter(self):
        for home in REGIONS:
            searched = [str(path.relative_to(DATA)) for path in self.foreign_files(home)
                        if path.is_relative_to(DATA)]
            for name in SHARED:
                self.assertIn(name, searched)
            for region in REGIONS:
                for name in OWN:
                    (self.assertNotIn if region == home else self.assertIn)(
                        f"{region}/{name}", searched
                    )

    def test_what_the_home_keeps_in_clear_is_found_in_its_engine(self):
        """The search reads what the engine wrote: subjects are the keys of rows."""
        for traveller in self.travellers:
            with self.subTest(home=traveller.home):
                subject = [n for n in traveller.needles() if n.what == "subject"]
                place = "postgres/data" if world.DISTRIBUTED else ""
                own = files_under(DATA / traveller.home / place)
                self.assertTrue([stray for stray in search(own, subject) if "as plain" in stray])

    def test_nothing_of_a_person_is_in_a_file_outside_their_home(self):
        for traveller in self.travellers:
            with self.subTest(home=traveller.home):
                self.assert_none(search(self.foreign_files(traveller.home), traveller.needles()))

    def test_the_home_keeps_nothing_of_a_person_in_clear(self):
        for traveller in self.travellers:
            open_at_home = {"subject"}  # the key of the rows, a random UUID
            needles = [n for n in traveller.needles() if n.what not in open_at_home]
            with self.subTest(home=traveller.home):
                own = list(files_under(DATA / traveller.home))
                for name in OWN:
                    self.assertIn(DATA / traveller.home / name, own)
                self.assert_none(search(own, needles, without_function_output))

    def test_what_people_typed_in_the_browser_is_nowhere_else_either(self):
        """tests/journey leaves a list of it."""
        file = world.ROOT / "build" / "planted.json"
        if not file.exists():
            self.skipTest("the journey did not run")
        for person in json.loads(file.read_text(encoding="utf-8")):
            needles = [Needle("typed", value) for value in person["values"]]
            with self.subTest(home=person["home"]):
                self.assert_none(search(self.foreign_files(person["home"]), needles))
                own = files_under(DATA / person["home"])
                self.assert_none(search(own, needles, without_function_output))


if __name__ == "__main__":
    unittest.main()
