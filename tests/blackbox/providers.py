"""Other OpenID providers for people to sign in with: the npm package oidc-provider on loopback, and one
whose answers a test bends (`oidc/provider.mjs`); and a configuration that names them."""

import atexit
import os
import pathlib
import subprocess
import tempfile

APP, ONLY, BOTH, SECRET = "federated1", "federated2", "federated3", "a secret, 100% + more"
CALLBACK = "https://app.example/callback"
FOLDER = pathlib.Path(__file__).resolve().parent
WEB_FLOWS = "        flows: [USER_SRP_AUTH, USER_PASSWORD_AUTH, REFRESH_TOKEN_AUTH]\n"


class Engine:
    """The providers, in the first process; the second finds them by the environment."""

    def __init__(self):
        self.process = subprocess.Popen(["node", FOLDER / "oidc" / "provider.mjs"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(self.process.stdout.readline())

    def hand_on(self):
        os.environ["PROVIDER_PORT"] = str(self.port)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def with_providers(text, engine):
    handle, path = tempfile.mkstemp(prefix="domicile-secret.")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(SECRET + "\n")
    origin = f"http://127.0.0.1:{engine.port}"
    mapped = "attributes: {email: email, name: name, 'custom:country': country}"
    providers = ("    identity_providers:\n"
                 f"      Partner: {{issuer: '{origin}', client_id: domicile, client_secret_file: {path}, {mapped}}}\n"
                 f"      Hostile: {{issuer: '{origin}/hostile', client_id: at-hostile,"
                 " attributes: {email: email, 'custom:country': country}}\n")
    oauth = f"redirect_uris: ['{CALLBACK}']"
    text = text.replace("{name: email, required: true}", "{name: email}")
    return text.replace("    clients:\n", providers + "    clients:\n", 1).replace(
        WEB_FLOWS, f"{WEB_FLOWS}"
        f"      app: {{id: {APP}, oauth: {{{oauth}, identity_providers: [COGNITO, Partner, Hostile]}}}}\n"
        f"      only: {{id: {ONLY}, oauth: {{{oauth}, identity_providers: [Partner]}}}}\n"
        f"      both: {{id: {BOTH}, oauth: {{{oauth}, identity_providers: [Partner, Hostile]}}}}\n")
