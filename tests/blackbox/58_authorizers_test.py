#!/usr/bin/python3
"""Authorizers that are functions: who is let in, who is not, how often the function is asked, what
those behind are told, and what becomes of a function that fails. The functions are in Node."""

import json
import pathlib
import unittest

import own
from own import DOMAIN, REGION

BOOTSTRAP = own.ROOT / "examples" / "health" / "functions" / "runtime" / "bootstrap.mjs"

# Counts its calls in its answers, and does what the token says.
HANDLER = r"""
let calls = 0;
const policy = (effect, resource, more) => ({
    principalId: 'p-1',
    policyDocument: { Version: '2012-10-17', Statement: [
        { Action: 'execute-api:Invoke', Effect: effect, Resource: resource }, ...(more ?? [])] },
});
const wait = () => new Promise((resolve) => setTimeout(resolve, 60_000));

export async function simple(event) {
    ++calls;
    const [token] = event.identitySource ?? ['allow'];
    switch (token) {
    case 'deny': return { isAuthorized: false, context: { secret: 'not for clients' } };
    case 'text': return 'yes';
    case 'both': return { isAuthorized: true, ...policy('Allow', '*') };
    case 'word': return { isAuthorized: 'true' };
    case 'raise': throw new Error('Unauthorized, secretly');
    case 'exit': return process.exit(1);
    case 'hang': return wait();
    case 'policy': return { ...policy('Allow', event.routeArn.replace(/[^/]*$/, '*'),
                                      [{ Action: '*', Effect: 'Deny', Resource: '*/secret' }]),
                            context: { calls } };
    default: return { isAuthorized: true, context: { calls, plan: 'gold', list: [1], event } };
    }
}

export async function rest(event) {
    ++calls;
    const token = event.authorizationToken;
    if (token === 'unknown') throw new Error('Unauthorized');
    if (token === 'nested') return { ...policy('Allow', event.methodArn), context: { a: {} } };
    const effect = token === 'deny' ? 'Deny' : 'Allow';
    return { ...policy(effect, event.methodArn), usageIdentifierKey: token === 'key' ? 'secret-key' : undefined,
             context: { calls, plan: 'gold', yes: true, keys: Object.keys(event).sort().join() } };
}

export const told = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });
"""

MORE = """functions:
  simple: {{command: [node, {0}, index.simple], timeout_seconds: 2}}
  rest: {{command: [node, {0}, index.rest]}}
  told: {{command: [node, {0}, index.told]}}
api_keys: {{acme: {{sha256: 85dbe15d75ef9308c7ae0f33c7a324cc6f4bf519a2ed2f3027bd33c140a4f9aa}}}}
authorizers:
  gate: {{function: {{name: simple, headers: [X-Token]}}}}
  each: {{function: {{name: simple, headers: [X-Token], ttl_seconds: 0}}}}
  two: {{function: {{name: simple, headers: [X-Token], query: [tenant]}}}}
  open: {{function: {{name: simple, ttl_seconds: 0}}}}
  token: {{function: {{name: rest, event: v1, input: token, headers: [Authorization]}}}}
  rest: {{function: {{name: rest, event: v1, headers: [Authorization]}}}}
"""

ROUTES = """routes:
  - {path: /gate, function: told, authorizer: gate, residency: public}
  - {path: /gate/other, function: told, authorizer: gate, residency: public}
  - {path: /each, function: told, authorizer: each, residency: public}
  - {path: /two, function: told, authorizer: two, residency: public}
  - {path: /open, function: told, authorizer: open, residency: public}
  - {path: "/things/{id}", function: told, authorizer: gate, residency: public}
  - {path: /token, function: told, event: v1, authorizer: token, residency: public}
  - {path: /rest, function: told, event: v1, authorizer: rest, residency: public}
  - {path: /keyed, function: told, authorizer: rest, residency: public, api_key: true}
  - {path: /up, upstream: back, authorizer: gate, residency: public, claims: [plan, list]}
  - {path: /up-rest, upstream: back, authorizer: rest, residency: public, claims: [plan]}
  - {path: /silver, function: told, authorizer: gate, residency: public, where: {plan: silver}}
  - {path: /gold, function: told, authorizer: gate, residency: public, where: {plan: gold}}
"""


class Authorizers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.upstream = own.Teller()
        cls.addClassCleanup(cls.upstream.close)
        text = own.config(cls.upstream, routes=()).replace("routes:\n", MORE.format(BOOTSTRAP) + ROUTES)
        cls.region = own.deploy(cls.addClassCleanup, text, {"index.mjs": HANDLER})

    def ask(self, path, headers=None, method="GET", body=None):
        connection = self.region.connect()
        connection.request(method, path, body, {"Host": f"{REGION}.{DOMAIN}", **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text) if text else None, response.headers

    def status(self, path, headers=None):
        return self.ask(path, headers)[0]

    def lambda_context(self, path, token):
        status, event, _ = self.ask(path, {"X-Token": token})
        self.assertEqual(status, 200, event)
        return event["requestContext"]["authorizer"]["lambda"]

    # ---- Who is let in -------------------------------------------------------------------------

    def test_without_an_identity_source_the_function_is_not_asked(self):
        before = self.lambda_context("/each", "count")["calls"]
        for headers in ({}, {"X-Token": ""}):
            status, body, _ = self.ask("/each", headers)
            self.assertEqual((status, body), (401, {"message": "Unauthorized"}))
        self.assertEqual(self.status("/two", {"X-Token": "allow"}), 401)
        self.assertEqual(self.status("/two?tenant=", {"X-Token": "allow"}), 401)
        self.assertEqual(self.lambda_context("/each", "count")["calls"], before + 1)
        self.assertEqual(self.status("/two?tenant=t", {"X-Token": "allow"}), 200)

    def test_one_that_names_no_identity_source_is_asked_about_everybody(self):
        self.assertEqual(self.status("/open"), 200)

    def test_denied_is_403_and_says_nothing_of_why(self):
        status, body, headers = self.ask("/gate", {"X-Token": "deny"})
        self.assertEqual((status, body), (403, {"message": "Forbidden"}))
        self.assertNotIn("not for clients", str(headers))
        self.assertEqual(self.status("/token", {"Authorization": "deny"}), 403)

    def test_a_function_that_fails_or_says_nonsense_lets_nobody_in(self):
        for token in ("text", "both", "word", "raise", "exit", "hang"):
            status, body, _ = self.ask("/gate", {"X-Token": token})
            self.assertEqual((status, body), (500, {"message": "Internal Server Error"}), token)
        self.assertEqual(self.status("/token", {"Authorization": "nested"}), 500)
        # Nothing of it was kept, and a good caller is let in.
        self.assertEqual(self.status("/gate", {"X-Token": "allow"}), 200)

    def test_format_1_says_401_by_its_error(self):
        self.assertEqual(self.status("/token", {"Authorization": "unknown"}), 401)
        self.assertEqual(self.status("/token"), 401)

    # ---- How often it is asked -----------------------------------------------------------------

    def test_an_answer_counts_for_those_with_the_same_identity_on_the_same_route(self):
        first = self.lambda_context("/gate", "kept")["calls"]
        self.assertEqual(self.lambda_context("/gate", "kept")["calls"], first)
        # The simple form is about the route that was asked for.
        self.assertNotEqual(self.lambda_context("/gate/other", "kept")["calls"], first)
        self.assertNotEqual(self.lambda_context("/gate", "kept2")["calls"], first)
        each = self.lambda_context("/each", "kept")["calls"]
        self.assertEqual(self.lambda_context("/each", "kept")["calls"], each + 1)

    def test_a_policy_is_kept_and_looked_at_for_each_call(self):
        calls = self.lambda_context("/things/1", "policy")["calls"]
        self.assertEqual(self.lambda_context("/things/2", "policy")["calls"], calls)
        # However the name is spelt.
        for path in ("/things/secret", "/things/%73ecret", "/things/%73%65cret"):
            self.assertEqual(self.status(path, {"X-Token": "policy"}), 403, path)
        self.assertEqual(self.status("/gate", {"X-Token": "policy"}), 403)
        self.assertEqual(self.lambda_context("/things/3", "policy")["calls"], calls)

    # ---- What is told --------------------------------------------------------------------------

    def test_the_function_is_told_of_the_call_without_its_body(self):
        status, event, _ = self.ask("/two?tenant=t%20u&x=1", {"X-Token": "look", "Domicile-Subject": "planted",
                                                             "X-Forwarded-For": "1.2.3.4"}, "POST", "body")
        self.assertEqual(status, 200)
        self.assertEqual(event["body"], "body")
        asked = event["requestContext"]["authorizer"]["lambda"]["event"]
        self.assertEqual(asked["version"], "2.0")
        self.assertEqual(asked["type"], "REQUEST")
        self.assertEqual(asked["identitySource"], ["look", "t u"])
        self.assertEqual(asked["routeArn"],
                         f"arn:aws:execute-api:{REGION}:000000000000:domicile/$default/POST/two")
        self.assertEqual(asked["requestContext"]["http"]["method"], "POST")
        self.assertEqual(asked["queryStringParameters"], {"tenant": "t u", "x": "1"})
        self.assertNotIn("body", asked)
        self.assertNotIn("planted", json.dumps(asked))
        self.assertNotIn("1.2.3.4", json.dumps(asked))

    def test_a_token_function_is_told_of_the_token_only(self):
        status, event, _ = self.ask("/token", {"Authorization": "Bearer x"})
        self.assertEqual(status, 200)
        said = event["requestContext"]["authorizer"]
        self.assertEqual(said["keys"], "authorizationToken,methodArn,type")
        # Format 1.0 has texts only, and the principal among them.
        self.assertEqual((said["plan"], said["yes"], said["principalId"]), ("gold", "true", "p-1"))

    def test_an_upstream_is_told_and_no_client_can_say_so(self):
        planted = {"X-Token": "allow", "Domicile-Authorizer": "planted", "Domicile-Principal": "planted",
                   "Domicile-Claim-plan": "planted", "Domicile-Claim-list": "planted"}
        status, told, _ = self.ask("/up", planted)
        self.assertEqual(status, 200)
        headers = {name.lower(): value for name, value in told}
        self.assertEqual(headers["domicile-authorizer"], "gate")
        self.assertEqual(headers["domicile-claim-plan"], "gold")
        self.assertEqual(headers["domicile-claim-list"], "[1]")
        self.assertNotIn("planted", str(told))
        # None of our people: it names nobody's home.
        self.assertNotIn("domicile-subject", headers)
        self.assertNotIn("domicile-principal", headers)
        _, told, _ = self.ask("/up-rest", {"Authorization": "x"})
        self.assertEqual(dict(told)["Domicile-Principal"], "p-1")

    def test_clients_are_not_told_the_context(self):
        _, _, headers = self.ask("/up", {"X-Token": "allow"})
        self.assertNotIn("gold", str(headers))

    def test_a_route_may_ask_for_what_it_said(self):
        self.assertEqual(self.status("/gold", {"X-Token": "allow"}), 200)
        self.assertEqual(self.status("/silver", {"X-Token": "allow"}), 403)

    def test_it_may_name_the_api_key(self):
        self.assertEqual(self.status("/keyed", {"Authorization": "none"}), 403)
        status, event, _ = self.ask("/keyed", {"Authorization": "key"})
        self.assertEqual(status, 200)
        self.assertEqual(event["requestContext"]["domicile"]["apiKey"], "acme")

    # ---- What stays ----------------------------------------------------------------------------

    def test_tokens_are_in_no_log(self):
        token = "a-token-like-no-other"
        self.lambda_context("/gate", token)
        for file in pathlib.Path(self.region.data).rglob("*"):
            if file.is_file():
                self.assertNotIn(token.encode(), file.read_bytes(), file)


if __name__ == "__main__":
    unittest.main()
