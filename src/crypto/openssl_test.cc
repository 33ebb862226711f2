#include "crypto/openssl.h"

#include <gtest/gtest.h>

#include "crypto/aead.h"
#include "crypto/key_wrap.h"
#include "crypto/keys.h"
#include "crypto/x509.h"

namespace domicile::crypto {
namespace {

// A leftover would make the next SSL_get_error on the thread report a healthy connection as broken.
TEST(openssl, failures_leave_nothing_on_the_threads_error_queue) {
    ERR_clear_error();
    const std::string key(32, 'k');
    EXPECT_FALSE(open(key, std::string(12, 'n'), "", std::string(40, 'x')));
    EXPECT_FALSE(unwrap_key(key, "c", std::string(40, 'x')));
    const auto rsa = SigningKey::generate(Algorithm::rs256).value();
    const auto ec = SigningKey::generate(Algorithm::es256).value();
    EXPECT_FALSE(rsa.public_key().verify("m", std::string(256, 'x')));
    EXPECT_FALSE(rsa.public_key().verify("m", "short"));
    EXPECT_FALSE(ec.public_key().verify("m", std::string(64, '\xff')));
    EXPECT_FALSE(SigningKey::from_pkcs8_der("junk"));
    EXPECT_FALSE(SigningKey::from_pkcs8_pem("junk"));
    auto off_curve = ec.public_jwk();
    off_curve["x"] = off_curve.at("y");
    EXPECT_FALSE(PublicKey::from_jwk(off_curve));
    EXPECT_FALSE(certificate_not_after("junk"));
    EXPECT_FALSE(certificate_covers("junk", "junk", {}, {}));
    const LeafRequest request{
        .dns_names = {"a"}, .ip_addresses = {}, .not_before = {0}, .not_after = {1000}};
    EXPECT_FALSE(make_leaf({"junk", "junk"}, request, std::string(16, 's')));
    EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace domicile::crypto
