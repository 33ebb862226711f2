"""A browser without scripts at the sign-in pages of a region: keeps cookies, fills in forms."""

import html
import re
import urllib.parse

from world import call

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Browser:
    """Of one region's pages."""

    def __init__(self, region, headers=None):
        self.host, self.cookies, self.headers = f"idp.{region}", {}, headers or {}

    def get(self, path, method="GET", headers=None, body=None):
        cookies = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        reply = call(self.host, method, path, {**self.headers, **cookies, **(headers or {})}, body)
        for line in reply.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return reply

    def page(self, query):
        reply = self.get(f"/oauth2/authorize?{query}")
        return self.get(reply.headers["Location"]) if reply.status == 302 else reply

    def submit(self, reply, **fields):
        text = reply.body.decode()
        path = html.unescape(re.search(r'action="([^"]*)"', text).group(1))
        hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', text)
        form = {**{k: html.unescape(v) for k, v in hidden}, **fields}
        return self.get(path, "POST", FORM, urllib.parse.urlencode(form))
