"""What the suite talks to; every part is a parameter, so that the same tests could run against the
original services. The variables are those of ../js/target.mjs."""

import http.client
import json
import os
import ssl
import socket
import urllib.request


class _LoopbackHttps(http.client.HTTPSConnection):
    """Python does not resolve *.localhost: connects to loopback, and gives the name in SNI."""

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.sock = self._context.wrap_socket(plain, server_hostname=self.host)


def _read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _fetch_world(ready):
    context = ssl.create_default_context(cafile=ready["ca"])
    connection = _LoopbackHttps(f"frontend.{ready['domain']}", ready["port"], context=context)
    connection.request("GET", "/domicile.json")
    world = json.loads(connection.getresponse().read())
    connection.close()
    return world


_ready = _read_json(os.environ["DOMICILE_READY"]) if "DOMICILE_READY" in os.environ else {}
_regions = _ready.get("regions", {})

REGION = os.environ.get("DOMICILE_REGION") or next(iter(_regions), "us-east-2")

_loopback = f"http://localhost:{_regions.get(REGION, {}).get('loopback')}"
_world = _fetch_world(_ready) if _ready else {"regions": []}
_here = next((region for region in _world["regions"] if region["id"] == REGION), {})

IDP = os.environ.get("DOMICILE_IDP_ENDPOINT", _loopback)
DYNAMODB = os.environ.get("DOMICILE_DYNAMODB_ENDPOINT", _loopback)
OUTBOX = os.environ.get("DOMICILE_OUTBOX", f"{_loopback}/_domicile/outbox")
POOL_ID = os.environ.get("DOMICILE_POOL_ID") or _here.get("user_pool_id")
CLIENT_ID = os.environ.get("DOMICILE_CLIENT_ID") or _here.get("client_id")
COUNTRY = os.environ.get("DOMICILE_COUNTRY") or next(iter(_here.get("countries", [])), None)
TABLE = os.environ.get("DOMICILE_TABLE", "DiaryEntries")


def mails():
    with urllib.request.urlopen(OUTBOX, timeout=10) as response:
        return json.load(response)["mails"]
