"""SRP-6a as user pools do it, the client's side: RFC 5054's 3072-bit group, SHA-256, and a key that
is derived from the shared secret by HKDF. Written apart from any other code of this project."""

import base64
import datetime
import hashlib
import hmac
import secrets

# RFC 3526, group 15.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2


def pad(number):
    """Big-endian, with a zero byte in front if the top bit is set."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def digest_int(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def timestamp():
    # Not strftime: names of days and months are English, whatever the locale is.
    now = datetime.datetime.now(datetime.timezone.utc)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[now.weekday()]
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    return f"{day} {months[now.month - 1]} {now.day} {now:%H:%M:%S} UTC {now.year}"


class Client:
    def __init__(self, pool_id):
        self._pool = pool_id.split("_")[1].encode()
        self._a = secrets.randbits(1024)
        self._public = pow(G, self._a, N)

    @property
    def srp_a(self):
        return f"{self._public:x}"

    def answer(self, challenge, password):
        """The responses to a PASSWORD_VERIFIER challenge."""
        user = challenge["USER_ID_FOR_SRP"]
        salt, b = int(challenge["SALT"], 16), int(challenge["SRP_B"], 16)
        inner = hashlib.sha256(self._pool + f"{user}:{password}".encode()).digest()
        x = digest_int(pad(salt), inner)
        u = digest_int(pad(self._public), pad(b))
        k = digest_int(pad(N), pad(G))
        shared = pow(b - k * pow(G, x, N), self._a + u * x, N)
        prk = hmac.digest(pad(u), pad(shared), "sha256")
        key = hmac.digest(prk, b"Caldera Derived Key\x01", "sha256")[:16]
        when, block = timestamp(), base64.b64decode(challenge["SECRET_BLOCK"])
        message = self._pool + user.encode() + block + when.encode()
        return {
            "USERNAME": user,
            "PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(
                hmac.digest(key, message, "sha256")
            ).decode(),
            "TIMESTAMP": when,
        }
