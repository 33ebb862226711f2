#!/usr/bin/python3
"""An API from its OpenAPI document: the document says which routes there are, who may call them and
what their requests may be. Calls are made as people's programs make them, curl among them."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

import own
from own import DOMAIN, REGION

BOOTSTRAP = own.ROOT / "examples" / "health" / "functions" / "runtime" / "bootstrap.mjs"

HANDLER = r"""
export const told = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });
export const gate = async (event) => ({ isAuthorized: event.identitySource[0] === 'good', context: { plan: 'gold' } });
"""

DOCUMENT = r"""
openapi: 3.0.3
info: {title: A diary, version: "1"}
paths:
  /entries:
    get:
      parameters:
        - {name: limit, in: query, required: true, schema: {type: integer, minimum: 1, maximum: 50}}
        - {name: tag, in: query, schema: {type: array, items: {type: string, pattern: "^[a-z]+$"}, maxItems: 2}}
        - {name: X-Flag, in: header, schema: {type: boolean}}
    post:
      x-domicile-route: {upstream: back}
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/Entry"}}
  /entries/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
    get: {}
    put:
      requestBody:
        content: {application/octet-stream: {}}
  /secret:
    get: {security: [{token: []}]}
components:
  securitySchemes:
    token: {type: apiKey, in: header, name: X-Token, x-domicile-authorizer: gate}
  schemas:
    Entry:
      type: object
      required: [title, at]
      additionalProperties: false
      properties:
        title: {type: string, minLength: 1, maxLength: 20}
        at: {type: string, format: date-time}
        mood: {type: string, enum: [good, bad]}
        parts: {type: array, items: {$ref: "#/components/schemas/Part"}}
    Part:
      oneOf:
        - {type: object, required: [text], properties: {text: {type: string}}, additionalProperties: false}
        - {type: object, required: [number], properties: {number: {type: number, maximum: 9}}, additionalProperties: false}
"""

MORE = """functions:
  told: {{command: [node, {0}, index.told]}}
  gate: {{command: [node, {0}, index.gate]}}
authorizers:
  gate: {{function: {{name: gate, headers: [X-Token]}}}}
routes:
  - {{path: /v1, openapi: diary.yaml, function: told, residency: public, body_bytes_max: 2000}}
"""

ENTRY = {"title": "A day", "at": "2026-11-26T22:00:00Z", "mood": "good", "parts": [{"text": "x"}, {"number": 1}]}


class Echo(own.Upstream):
    """Answers with the body that it was sent, and its length field."""

    def __init__(self):
        super().__init__()

        class Handler(own.http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                if self.headers.get("Transfer-Encoding") == "chunked":
                    said = b""
                    while size := int(self.rfile.readline(), 16):
                        said += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    said = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server.RequestHandlerClass = Handler


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = Echo()
        cls.addClassCleanup(cls.upstream.close)
        text = own.config(cls.upstream, routes=()).replace("routes:\n", MORE.format(BOOTSTRAP))
        cls.region = own.Deployment(text)
        cls.addClassCleanup(cls.region.close)
        (cls.region.folder / "index.mjs").write_text(HANDLER)
        (cls.region.folder / "diary.yaml").write_text(DOCUMENT)
        cls.region.up()

    def ask(self, path, method="GET", body=None, headers=None, encode_chunked=False):
        connection = self.region.connect()
        all_headers = {"Host": f"{REGION}.{DOMAIN}", **(headers or {})}
        connection.request(method, "/v1" + path, body, all_headers, encode_chunked=encode_chunked)
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, text, response.headers

    def post(self, value, content_type="application/json", **more):
        body = value if isinstance(value, (bytes, str)) else json.dumps(value)
        return self.ask("/entries", "POST", body, {"Content-Type": content_type, **more})

    def invalid(self, answer):
        status, text, headers = answer
        self.assertEqual(status, 400, text)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        problem = json.loads(text)
        self.assertEqual(problem["type"], "https://domicile.dev/problems/invalid-request")
        return {(each["in"], each.get("name", "") + each.get("pointer", "")): each["detail"]
                for each in problem["errors"]}

    # ---- Parameters ----------------------------------------------------------------------------

    def test_what_the_document_describes_is_a_route_and_nothing_else(self):
        status, text, _ = self.ask("/entries?limit=5&tag=a&tag=b", headers={"X-Flag": "true"})
        self.assertEqual(status, 200, text)
        self.assertEqual(json.loads(text)["routeKey"], "GET /v1/entries")
        for method, path in (("GET", "/other"), ("DELETE", "/entries"), ("GET", "/entries/1/2")):
            self.assertEqual(self.ask(path, method)[0], 404, (method, path))

    def test_parameters_are_held_against_their_schemas(self):
        self.assertEqual(self.invalid(self.ask("/entries")), {("query", "limit"): "is missing"})
        wrong = self.invalid(self.ask("/entries?limit=51&tag=A&tag=b", headers={"X-Flag": "maybe"}))
        self.assertEqual(wrong, {("query", "limit"): "must be at most 50",
                                 ("query", "tag/0"): "must match the pattern",
                                 ("header", "x-flag"): "must be true or false"})
        self.assertEqual(self.invalid(self.ask("/entries?limit=1&limit=2")),
                         {("query", "limit"): "is there more than once"})
        self.assertEqual(self.invalid(self.ask("/entries/17")),
                         {("path", "id"): "must have the format that is asked for"})
        self.assertEqual(self.ask("/entries/01234567-89ab-4cde-8f01-23456789abcd")[0], 200)

    # ---- Bodies --------------------------------------------------------------------------------

    def test_a_good_body_arrives_as_it_was_sent(self):
        body = json.dumps(ENTRY, indent=3)
        status, text, _ = self.post(body)
        self.assertEqual((status, text), (200, body))
        pieces = iter([body[:10].encode(), body[10:].encode()])
        status, text, _ = self.ask("/entries", "POST", pieces, {"Content-Type": "application/json",
                                   "Transfer-Encoding": "chunked"}, encode_chunked=True)
        self.assertEqual((status, text), (200, body))

    def test_a_wrong_body_is_told_by_pointers_and_never_told_back(self):
        secret = "not to be told back"
        answer = self.post({"title": "", "mood": secret, "parts": [{"text": 1}, {"number": 10}], "why": secret})
        self.assertNotIn(secret, answer[1])
        self.assertEqual(self.invalid(answer), {
            ("body", "/at"): "is missing", ("body", "/title"): "must have at least 1 characters",
            ("body", "/mood"): "must be one of the values that are allowed",
            ("body", "/parts/0"): "fits none of the alternatives",
            ("body", "/parts/1"): "fits none of the alternatives",
            ("body", "/why"): "is not a member that is known here"})

    def test_what_is_no_json_of_one_meaning_is_refused(self):
        for body in ("{", "", '{"title": "a", "title": "b"}', '{"title": NaN}', b'"\xff"', "[" * 500):
            self.assertIn(("body", ""), self.invalid(self.post(body)), body)
        status, _, _ = self.ask("/entries", "POST", b"", {"Content-Type": "application/json"})
        self.assertEqual(status, 400)

    def test_a_body_of_another_type_is_415_and_a_large_one_413(self):
        for content_type, more in (("text/plain", {}), ("application/xml", {}), ("", {}),
                                   ("application/json", {"Content-Encoding": "gzip"})):
            status, text, _ = self.post(ENTRY, content_type, **more)
            self.assertEqual(status, 415, (content_type, text))
        self.assertEqual(self.post({**ENTRY, "title": "x" * 3000})[0], 413)

    def test_bodies_that_are_no_json_pass_as_they_are(self):
        path = "/entries/01234567-89ab-4cde-8f01-23456789abcd"
        status, text, _ = self.ask(path, "PUT", b"\x00\xff", {"Content-Type": "application/octet-stream"})
        self.assertEqual(status, 200, text)
        self.assertEqual(json.loads(text)["body"], "AP8=")
        self.assertEqual(self.ask(path, "PUT", b"x", {"Content-Type": "text/plain"})[0], 415)

    # ---- Who may call --------------------------------------------------------------------------

    def test_security_schemes_are_authorizers(self):
        self.assertEqual(self.ask("/secret")[0], 401)
        self.assertEqual(self.ask("/secret", headers={"X-Token": "bad"})[0], 403)
        status, text, _ = self.ask("/secret", headers={"X-Token": "good"})
        self.assertEqual(status, 200)
        self.assertEqual(json.loads(text)["requestContext"]["authorizer"]["lambda"], {"plan": "gold"})

    # ---- From the command line -----------------------------------------------------------------

    def test_curl_is_told_what_is_wrong(self):
        host = f"{REGION}.{DOMAIN}"
        port = self.region.ready["port"]
        said = subprocess.run(
            ["curl", "-sS", "--cacert", self.region.ready["ca"], "--resolve", f"{host}:{port}:127.0.0.1",
             "-w", "\n%{http_code}", "-H", "Content-Type: application/json", "-d", '{"title": 5}',
             f"https://{host}:{port}/v1/entries"], capture_output=True, text=True, timeout=own.TIMEOUT_S)
        body, _, status = said.stdout.rpartition("\n")
        self.assertEqual(status, "400", said)
        pointers = {each["pointer"] for each in json.loads(body)["errors"]}
        self.assertEqual(pointers, {"/title", "/at"})

    def test_what_was_sent_is_in_no_log(self):
        secret = "logged-by-nobody"
        self.invalid(self.post({"title": secret, secret: 1}))
        self.invalid(self.ask(f"/entries?limit={secret}"))
        for file in pathlib.Path(self.region.data).rglob("*"):
            if file.is_file():
                self.assertNotIn(secret.encode(), file.read_bytes(), file)


class Reload(unittest.TestCase):
    """SIGHUP reads the document again; one with problems changes nothing."""

    def test_a_reload_takes_the_document_over_or_leaves_all_as_it_is(self):
        upstream = own.Upstream()
        self.addCleanup(upstream.close)
        text = own.config(upstream, routes=()).replace(
            "routes:\n", "routes: {openapi: api.yaml, upstream: back, residency: public}\n")
        region = own.Deployment(text)
        self.addCleanup(region.close)
        document = region.folder / "api.yaml"

        def write(path, schema):
            document.write_text("openapi: 3.0.3\npaths: {%s: {get: {parameters: [{name: n, in: query, schema: %s}]}}}\n"
                                % (path, schema))

        def reload(event):
            seen = lambda: [line for line in region.log() if line["event"] == event]
            before = len(seen())
            os.kill(region.ready["regions"][REGION]["pid"], signal.SIGHUP)
            own.poll(event, lambda: len(seen()) > before)
            return seen()[-1]

        write("/quick", "{type: integer}")
        region.up()
        connection = region.connect()
        self.addCleanup(connection.close)
        statuses = lambda *paths: [own.get(connection, path)[0] for path in paths]
        self.assertEqual(statuses("/quick?n=1", "/quick?n=a", "/new?n=a"), [200, 400, 404])
        write("/new", "{type: string, format: iban}")
        told = reload("config_reload_refused")
        self.assertIn("api.yaml:2:", json.dumps(told))
        self.assertEqual(statuses("/quick?n=1", "/quick?n=a", "/new?n=a"), [200, 400, 404])
        write("/new", "{type: string, maxLength: 3}")
        reload("config_reloaded")
        self.assertEqual(statuses("/quick?n=1", "/new?n=a", "/new?n=abcd"), [404, 200, 400])


class Check(unittest.TestCase):
    """`domicile check` says what is wrong with a document, and where."""

    def check(self, document, name="diary.yaml"):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "domicile.yaml"

            class Back:
                port = 1

            text = own.config(Back, routes=()).replace("routes:\n", MORE.format("x"))
            file.write_text(text.replace("diary.yaml", name))
            (file.parent / name).write_text(document)
            said = subprocess.run([own.PROGRAM, "check", file, "--format", "json"], capture_output=True,
                                  text=True, timeout=own.TIMEOUT_S)
            return said.returncode, json.loads(said.stdout)["problems"]

    def test_a_good_document_has_no_problems(self):
        self.assertEqual(self.check(DOCUMENT), (0, []))

    def test_problems_have_the_file_the_place_and_a_pointer(self):
        status, problems = self.check(DOCUMENT.replace("format: uuid", "format: iban")
                                      .replace("maxLength: 20", "pattern: '(?!x)'"))
        self.assertEqual(status, 1)
        lines = [DOCUMENT.count("\n", 0, DOCUMENT.index(words)) + 1 for words in ("format: uuid", "maxLength: 20")]
        self.assertEqual({(p["file"], p["line"], p["path"]) for p in problems}, {
            ("diary.yaml", lines[0], "/paths/~1entries~1{id}/parameters/0/schema/format"),
            ("diary.yaml", lines[1], "/components/schemas/Entry/properties/title/pattern")})

    def test_json_is_read_as_well(self):
        good = {"openapi": "3.1.0", "paths": {"/a": {"get": {"x-other": "\t\u00e4"}}}}
        self.assertEqual(self.check(json.dumps(good, indent="\t"), "diary.json"), (0, []))
        bad = {"openapi": "3.1.0", "paths": {"/a": {"get": {"parametres": []}}}}
        status, problems = self.check(json.dumps(bad), "diary.json")
        self.assertEqual([p["path"] for p in problems], ["/paths/~1a/get/parametres"])


if __name__ == "__main__":
    unittest.main()
