#!/usr/bin/python3
"""Mails with codes go to the region's own mail server: Debian's aiosmtpd, with STARTTLS, a user and
faults. What the region sends is read from there, as a person would."""

import email
import email.policy
import json
import logging
import pathlib
import re
import signal
import ssl
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

import own
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # clients that turn away are what is tested
USER, PASSWORD = "region", "mail-secret"
CLIENT = "client1"
ADDRESS = "anna.mustermann@example.de"


class Server:
    """Takes mails over STARTTLS from one user. `says` are answers to the next RCPT commands."""

    def __init__(self, folder, port=0, tls=True):
        self.mails, self.says, self.in_clear = [], [], 0
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(folder / "mail.pem", folder / "mail.key")
        self.port = port or own.free_port()
        outer = self

        class Handler:
            async def handle_RCPT(self, server, session, envelope, address, options):
                if session.ssl is None:
                    outer.in_clear += 1
                if outer.says:
                    return outer.says.pop(0)
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server, session, envelope):
                outer.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
                return "250 taken"

        def authenticate(server, session, envelope, mechanism, data):
            fits = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
            return AuthResult(success=fits, handled=False)

        class Starttls(Controller):
            def factory(self):
                return SMTP(self.handler, tls_context=context, require_starttls=tls,
                            authenticator=authenticate, auth_require_tls=tls, auth_required=tls,
                            hostname="mail.test", loop=self.loop)

        self.controller = Starttls(Handler(), hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def code(self):
        """That of the newest mail; its text is checked to be one that people can read."""
        message = email.message_from_bytes(self.mails[-1][2], policy=email.policy.default)
        text = message.get_content()
        return re.search(r"\b\d{6}\b", text).group()

    def message(self):
        return email.message_from_bytes(self.mails[-1][2], policy=email.policy.default)

    def close(self):
        self.controller.stop()


def certificates(folder):
    """An authority and, from it, the server's certificate for 127.0.0.1."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "mail.key", "-out", "mail.csr", "-subj", "/CN=mail")
    openssl("x509", "-req", "-in", "mail.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "mail.pem", "-days", "2", "-extfile", "names")


def config(port, ca="ca.pem", extra="", more=""):
    return (
        f"domain: {own.DOMAIN}\njurisdictions: {{A: {{countries: [DE], regions: [{own.REGION}]}}}}\n"
        f"regions:\n  {own.REGION}:\n    mail:\n      server: 127.0.0.1:{port}\n      user: {USER}\n"
        f"      password_file: mail.password\n      ca_file: {ca}\n      retry_seconds: 1\n{extra}"
        f"pools:\n  p:\n    id_suffix: P1\n    clients:\n      web: {{id: {CLIENT}}}\n"
        f"mail:\n  from: Häuser <no-reply@example.com>\n{more}"
    )


class Deployment(own.Deployment):
    def __init__(self, folder, text):
        super().__init__(text)
        for name in ("ca.pem", "other.pem"):
            (self.folder / name).write_bytes((folder / name).read_bytes())
        (self.folder / "mail.password").write_text(PASSWORD + "\n")
        (self.folder / "mail.password").chmod(0o600)

    def call(self, operation, **body):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port('loopback')}/", json.dumps(body).encode(),
            {"X-Amz-Target": f"AWSCognitoIdentityProviderService.{operation}",
             "Content-Type": "application/x-amz-json-1.1"})
        try:
            with urllib.request.urlopen(request, timeout=own.TIMEOUT_S) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def sign_up(self, address=ADDRESS, **attributes):
        attributes = {"email": address, "custom:country": "DE", **attributes}
        return self.call("SignUp", ClientId=CLIENT, Username=address, Password="Sicher-1234",
                         UserAttributes=[{"Name": k, "Value": v} for k, v in attributes.items()])

    def failures(self):
        return " ".join(line["why"] for line in self.log() if line["event"] == "mail_not_sent")

    def metrics(self):
        url = f"http://127.0.0.1:{self.port('admin')}/metrics"
        with urllib.request.urlopen(url, timeout=own.TIMEOUT_S) as answer:
            text = answer.read().decode()
        return dict(re.findall(r'domicile_identity_mails_total\{[^}]*step="(\w+)"[^}]*\} (\d+)', text))


class Mail(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.held = tempfile.TemporaryDirectory(prefix="domicile-mail.")
        cls.folder = pathlib.Path(cls.held.name)
        certificates(cls.folder)

    @classmethod
    def tearDownClass(cls):
        cls.held.cleanup()

    def start(self, port, **options):
        deployment = Deployment(self.folder, config(port, **options))
        self.addCleanup(deployment.close)
        return deployment.up()

    def serve(self, **options):
        server = Server(self.folder, **options)
        self.addCleanup(server.close)
        return server

    def test_a_person_signs_up_with_the_code_from_the_mail(self):
        server = self.serve()
        there = self.start(server.port)
        self.assertEqual(there.sign_up()[0], 200)
        own.poll("the mail", lambda: server.mails)
        sender, recipients, _ = server.mails[0]
        self.assertEqual((sender, recipients, server.in_clear),
                         ("no-reply@example.com", [ADDRESS], 0))
        message = server.message()
        self.assertEqual(message["From"], "Häuser <no-reply@example.com>")
        self.assertEqual(message["To"], ADDRESS)
        self.assertEqual(message["Subject"], "Your verification code")
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertTrue(message["Message-ID"] and message["Date"].datetime.tzinfo)
        status, _ = there.call("ConfirmSignUp", ClientId=CLIENT, Username=ADDRESS,
                               ConfirmationCode=server.code())
        self.assertEqual(status, 200)
        status, _ = there.call("ForgotPassword", ClientId=CLIENT, Username=ADDRESS)
        self.assertEqual(status, 200)
        own.poll("the second mail", lambda: len(server.mails) == 2)
        status, _ = there.call("ConfirmForgotPassword", ClientId=CLIENT, Username=ADDRESS,
                               Password="Anders-1234", ConfirmationCode=server.code())
        self.assertEqual(status, 200)
        own.poll("the count", lambda: there.metrics().get("sent") == "2")

    def test_words_are_the_operators_in_the_persons_language(self):
        server = self.serve()
        there = self.start(server.port, more=(
            "  templates:\n"
            "    verification: {subject: Code, text: 'Your code: {####}'}\n"
            "    verification.de: {subject: 'Dein Schlüssel', text: 'Grüß dich {username}: {####}'}\n"))
        there.sign_up(locale="de-AT")
        own.poll("the mail", lambda: server.mails)
        self.assertEqual(server.message()["Subject"], "Dein Schlüssel")
        self.assertRegex(server.message().get_content(), rf"^Grüß dich {ADDRESS}: \d{{6}}\s*$")
        there.sign_up("bert@example.de", locale="fr")
        own.poll("the mail", lambda: len(server.mails) == 2)
        self.assertRegex(server.message().get_content(), r"^Your code: \d{6}\s*$")

    def test_a_server_that_is_away_loses_no_mail_not_even_over_a_crash(self):
        port = own.free_port()
        there = self.start(port)
        self.assertEqual(there.sign_up()[0], 200)
        own.poll("an attempt", lambda: int(there.metrics().get("failed", 0)) > 0)
        # Nothing of the mail is in clear in the region's files.
        for file in there.data.rglob("*"):
            if file.is_file():
                self.assertNotIn(ADDRESS.encode(), file.read_bytes(), file)
        there.stop(signal.SIGKILL)
        own.poll("the region to end", lambda: not self.region_runs(there))
        there.up()
        server = self.serve(port=port)
        own.poll("the mail", lambda: server.mails)
        status, _ = there.call("ConfirmSignUp", ClientId=CLIENT, Username=ADDRESS,
                               ConfirmationCode=server.code())
        self.assertEqual(status, 200)

    def region_runs(self, there):
        try:
            return there.readiness() > 0
        except OSError:
            return False

    def test_later_is_tried_again_and_no_is_final(self):
        server = self.serve()
        server.says = ["451 greylisted", "451 greylisted"]
        there = self.start(server.port)
        there.sign_up()
        own.poll("the mail", lambda: server.mails)
        self.assertEqual(there.metrics().get("deferred"), "2")
        server.says = ["550 no such user here"]
        there.sign_up("gone@example.de")
        own.poll("the refusal", lambda: there.metrics().get("refused") == "1")
        there.sign_up("bert@example.de")
        own.poll("the mail after it", lambda: len(server.mails) == 2)
        own.poll("the reason", lambda: "550" in there.failures())
        log = json.dumps(there.log())
        for secret in (ADDRESS, "gone@example.de", "no such user", PASSWORD):
            self.assertNotIn(secret, log)

    def test_nothing_is_sent_without_trust(self):
        server = self.serve()
        there = self.start(server.port, ca="other.pem")
        there.sign_up()
        own.poll("the reason", lambda: "certificate is not trusted" in there.failures())
        self.assertEqual(server.mails, [])

        plain = self.serve(tls=False)
        there = self.start(plain.port)
        there.sign_up()
        own.poll("the reason", lambda: "offers no TLS" in there.failures())
        self.assertEqual((plain.mails, plain.in_clear), ([], 0))

    def test_a_wrong_password_is_said_and_a_changed_one_is_used(self):
        server = self.serve()
        there = Deployment(self.folder, config(server.port))
        self.addCleanup(there.close)
        password = there.folder / "mail.password"
        password.write_text("wrong")
        there.up().sign_up()
        own.poll("the reason", lambda: "does not accept the user" in there.failures())
        password.write_text(PASSWORD)
        own.poll("the mail", lambda: server.mails)

    def test_a_full_queue_is_said_to_everybody(self):
        port = own.free_port()
        there = self.start(port, extra="      queue_max: 2\n")
        for name in ("a@example.de", "b@example.de"):
            self.assertEqual(there.sign_up(name)[0], 200)
        for name in ("a@example.de", "nobody@example.de"):
            status, answer = there.call("ForgotPassword", ClientId=CLIENT, Username=name)
            self.assertEqual((status, answer["__type"]), (400, "CodeDeliveryFailureException"))
        self.assertEqual(there.sign_up("c@example.de")[1]["__type"], "CodeDeliveryFailureException")
        server = self.serve(port=port)
        own.poll("the mails", lambda: len(server.mails) == 2)
        own.poll("room", lambda: there.sign_up("c@example.de")[0] == 200)


if __name__ == "__main__":
    unittest.main(warnings="ignore")
