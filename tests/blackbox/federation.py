"""Somebody in front of a browser without scripts who signs in with another provider, and an
application that gets tokens for them. Beside a deployment with what `providers.py` configures."""

import base64
import hashlib
import html
import http.client
import json
import os
import re
import secrets
import urllib.parse

from providers import APP, CALLBACK, SECRET
from world import DOMAIN, PORT, REGIONS, call, ok

ORIGIN = f"http://127.0.0.1:{os.environ['PROVIDER_PORT']}"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def control(**wish):
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PROVIDER_PORT"]), timeout=20)
    try:
        connection.request("POST", "/control", json.dumps(wish))
        assert connection.getresponse().status == 200
    finally:
        connection.close()


def query(provider="Partner", client=APP, **changes):
    out = {"client_id": client, "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid",
           "state": "a&b", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
           "identity_provider": provider, **changes}
    return urllib.parse.urlencode({k: v for k, v in out.items() if v is not None})


class Page:
    def __init__(self, url, status, text):
        self.url, self.status, self.text = url, status, text


class Browser:
    """At the pages of all regions and at the providers; stops where the application is."""

    def __init__(self):
        self.cookies = {}

    def once(self, url, method, body):
        at = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(at.netloc, {})
        headers = {**(FORM if body is not None else {}), "Cookie": "; ".join(f"{k}={v}" for k, v in jar.items())}
        path = f"{at.path}?{at.query}" if at.query else at.path
        if at.hostname.endswith(DOMAIN):
            reply = call(at.hostname.removesuffix("." + DOMAIN), method, path, headers, body)
            status, fields, text = reply.status, reply.headers, reply.body.decode()
        else:
            connection = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            status, fields, text = answer.status, answer.headers, answer.read().decode()
            connection.close()
        for line in fields.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            jar[name] = value
        return status, fields, text

    def open(self, url, method="GET", body=None):
        for _ in range(12):
            status, fields, text = self.once(url, method, body)
            if status not in (302, 303):
                return Page(url, status, text)
            url, method, body = urllib.parse.urljoin(url, fields["Location"]), "GET", None
            if url.startswith(CALLBACK):
                self.landed = url
                return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        raise AssertionError("redirects without an end")

    def submit(self, page, **fields):
        action = html.unescape(re.search(r'action="([^"]*)"', page.text).group(1))
        hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        form = {**{k: html.unescape(v) for k, v in hidden}, **fields}
        return self.open(urllib.parse.urljoin(page.url, action), "POST", urllib.parse.urlencode(form))

    def start(self, region, **changes):
        return self.open(f"https://idp.{region}.{DOMAIN}:{PORT}/oauth2/authorize?{query(**changes)}")

    def sign_in(self, region, account, **changes):
        """At oidc-provider's own pages: who it is, and consent."""
        return self.at_provider(self.start(region, **changes), account)

    def at_provider(self, page, account):
        while isinstance(page, Page) and page.url.startswith(ORIGIN):
            fields = {"login": account, "password": "any"} if 'name="login"' in page.text else {}
            page = self.submit(page, **fields)
        return page


def tokens(region, code, client=APP):
    form = {"grant_type": "authorization_code", "client_id": client, "code": code,
            "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return ok("token", call(f"idp.{region}", "POST", "/oauth2/token", FORM, urllib.parse.urlencode(form)))


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def somebody(country="DE", **more):
    account = f"p{secrets.token_hex(6)}"
    said = {"email": f"{account}@partner.example", "email_verified": True, "name": "P", **more}
    if country:
        said["country"] = country
    control(person=account, claims=said)
    return account


def configure():
    """Once, before anybody signs in."""
    control(configure={"secret": SECRET, "redirect_uris": [
        f"https://idp.{region}.{DOMAIN}:{PORT}/oauth2/idpresponse" for region in REGIONS]})
