#!/usr/bin/python3
"""TLS as other people's OpenSSL sees it: versions, the certificate by server name, ALPN, resumption,
and that nothing of the old ways is left."""

import socket
import ssl
import unittest
import warnings

import world
from world import AU, EU, US


def context(minimum=None, maximum=None, alpn=None, ciphers=None):
    made = ssl.create_default_context(cafile=world.READY["ca"])
    if minimum is not None:
        made.minimum_version = minimum
    if maximum is not None:
        made.maximum_version = maximum
    if alpn is not None:
        made.set_alpn_protocols(alpn)
    if ciphers is not None:
        made.set_ciphers(ciphers)
    return made


def handshake(tls, host, session=None):
    plain = socket.create_connection(("127.0.0.1", world.PORT), timeout=world.TIMEOUT_S)
    try:
        return tls.wrap_socket(plain, server_hostname=f"{host}.{world.DOMAIN}", session=session)
    except BaseException:
        plain.close()
        raise


def get(sock, host):
    """The status line of one request; TLS 1.3 tickets have arrived when it is read."""
    name = f"{host}.{world.DOMAIN}:{world.PORT}"
    sock.sendall(f"GET /healthz HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
    return sock.recv(65536).split(b"\r\n", 1)[0]


def names_of(sock):
    return {value for kind, value in sock.getpeercert()["subjectAltName"] if kind == "DNS"}


V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


class Tls(unittest.TestCase):
    def test_both_versions_are_spoken_with_forward_secrecy(self):
        for version, name in ((V12, "TLSv1.2"), (V13, "TLSv1.3")):
            with self.subTest(version=name), handshake(context(version, version), US) as sock:
                self.assertEqual(sock.version(), name)
                cipher = sock.cipher()[0]
                self.assertRegex(cipher, "^(ECDHE-|TLS_)")
                self.assertRegex(cipher, "GCM|CHACHA20|POLY1305")
                self.assertRegex(get(sock, US), b"^HTTP/1.1 ")

    def test_what_is_older_or_without_forward_secrecy_is_refused(self):
        with warnings.catch_warnings():  # Python knows that they are old, too
            warnings.simplefilter("ignore", DeprecationWarning)
            weak = context(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ciphers="ALL:@SECLEVEL=0")
        static_rsa = context(V12, V12, ciphers="AES128-GCM-SHA256")
        cbc = context(V12, V12, ciphers="ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES128-SHA")
        for what, tls in (("TLS 1.1", weak), ("static RSA", static_rsa), ("CBC", cbc)):
            with self.subTest(what=what), self.assertRaises((ssl.SSLError, ConnectionError)):
                handshake(tls, US).close()

    def test_the_certificate_goes_by_the_server_name(self):
        for region in (AU, US, EU):
            with self.subTest(region=region), handshake(context(), f"idp.{region}") as sock:
                self.assertTrue(any(region in name for name in names_of(sock)), names_of(sock))
                others = {AU, US, EU} - {region}
                self.assertFalse([n for n in names_of(sock) if any(o in n for o in others)])
        with handshake(context(), "frontend") as sock:
            self.assertTrue(any(n.endswith(world.DOMAIN) for n in names_of(sock)))

    def test_alpn_chooses_http_1_1_and_only_that(self):
        for offered in (["h2", "http/1.1"], ["http/1.1"]):
            with handshake(context(alpn=offered), US) as sock:
                self.assertEqual(sock.selected_alpn_protocol(), "http/1.1")
        with handshake(context(alpn=["h2"]), US) as sock:
            self.assertIsNone(sock.selected_alpn_protocol())

    def test_a_session_is_resumed(self):
        for version in (V12, V13):
            tls = context(version, version)
            with self.subTest(version=version):
                with handshake(tls, US) as first:
                    self.assertFalse(first.session_reused)
                    get(first, US)
                    session = first.session
                with handshake(tls, US, session) as second:
                    self.assertTrue(second.session_reused)
                    self.assertRegex(get(second, US), b"^HTTP/1.1 ")

    def test_the_session_of_one_region_is_worth_nothing_in_another(self):
        tls = context(V12, V12)
        with handshake(tls, US) as first:
            get(first, US)
            session = first.session
        with handshake(tls, EU, session) as second:
            self.assertFalse(second.session_reused)

    def test_plain_http_gets_no_answer_on_the_tls_port(self):
        with socket.create_connection(("127.0.0.1", world.PORT), timeout=world.TIMEOUT_S) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: frontend\r\n\r\n")
            self.assertEqual(sock.recv(100), b"")


if __name__ == "__main__":
    unittest.main()
