#include "crypto/x509.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "base/encoding.h"
#include "crypto/keys.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr Timestamp kNow{1'800'000'000'000};
constexpr Millis kDay{24LL * 3600 * 1000};
const std::string kSerial(16, '\xff');

const CertificateAndKey& ca() {
    static const auto made = make_ca("Development CA", kNow, kNow + 3650 * kDay, kSerial).value();
    return made;
}

LeafRequest request() {
    return {.dns_names = {"domicile.localhost", "*.domicile.localhost"},
            .ip_addresses = {"127.0.0.1", "::1"},
            .is_server = true,
            .is_client = false,
            .not_before = kNow,
            .not_after = kNow + 825 * kDay};
}

X509Ptr parse(const std::string& pem) {
    const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// OpenSSL's own path validation, as a TLS peer would do it.
int validate(const CertificateAndKey& leaf, const CertificateAndKey& root, int purpose,
             const char* host, Timestamp at) {
    using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
    using Context = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;
    const X509Ptr certificate = parse(leaf.certificate_pem), trusted = parse(root.certificate_pem);
    const Store store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), trusted.get());
    const Context context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
    X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
    X509_VERIFY_PARAM_set_time(param, at.seconds());
    X509_VERIFY_PARAM_set_purpose(param, purpose);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set1_host(param, host, 0);
    X509_verify_cert(context.get());
    return X509_STORE_CTX_get_error(context.get());
}

TEST(x509, a_leaf_without_a_common_name_validates_for_its_names) {
    LeafRequest bare = request();
    bare.has_common_name = false;
    const auto leaf = make_leaf(ca(), bare, kSerial);
    ASSERT_TRUE(leaf);
    const X509Ptr certificate = parse(leaf->certificate_pem);
    EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(certificate.get())), 0);
    EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_SERVER, "domicile.localhost", kNow + kDay),
              X509_V_OK);
}

TEST(x509, a_leaf_validates_for_its_names_and_usage_only) {
    const auto leaf = make_leaf(ca(), request(), kSerial);
    ASSERT_TRUE(leaf);
    const Timestamp at = kNow + kDay;
    for (const char* host : {"domicile.localhost", "app.domicile.localhost"}) {
        EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_SERVER, host, at), X509_V_OK) << host;
    }
    EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_SERVER, "example.org", at),
              X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_CLIENT, "domicile.localhost", at),
              X509_V_ERR_INVALID_PURPOSE);
    EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_SERVER, "domicile.localhost", kNow - kDay),
              X509_V_ERR_CERT_NOT_YET_VALID);
    const auto certificate = parse(leaf->certificate_pem);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
    EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
}

TEST(x509, a_leaf_for_both_sides_and_one_for_clients) {
    auto both = request();
    both.is_client = true;
    auto client = both;
    client.is_server = false;
    const auto two = make_leaf(ca(), both, kSerial), one = make_leaf(ca(), client, kSerial);
    ASSERT_TRUE(two && one);
    const char* const host = "domicile.localhost";
    EXPECT_EQ(validate(*two, ca(), X509_PURPOSE_SSL_CLIENT, host, kNow + kDay), X509_V_OK);
    EXPECT_EQ(validate(*two, ca(), X509_PURPOSE_SSL_SERVER, host, kNow + kDay), X509_V_OK);
    EXPECT_EQ(validate(*one, ca(), X509_PURPOSE_SSL_CLIENT, host, kNow + kDay), X509_V_OK);
    EXPECT_EQ(validate(*one, ca(), X509_PURPOSE_SSL_SERVER, host, kNow + kDay),
              X509_V_ERR_INVALID_PURPOSE);
}

TEST(x509, another_ca_of_the_same_name_is_not_trusted) {
    const auto other = make_ca("Development CA", kNow, kNow + 3650 * kDay, kSerial).value();
    const auto leaf = make_leaf(ca(), request(), kSerial).value();
    EXPECT_NE(validate(leaf, other, X509_PURPOSE_SSL_SERVER, "domicile.localhost", kNow + kDay),
              X509_V_OK);
    EXPECT_FALSE(certificate_covers(leaf.certificate_pem, other.certificate_pem, {}, kNow));
}

TEST(x509, a_leaf_cannot_sign_another) {
    const auto leaf = make_leaf(ca(), request(), kSerial).value();
    auto below = request();
    below.not_after = kNow + kDay;
    const auto forged = make_leaf(leaf, below, kSerial).value();
    EXPECT_NE(validate(forged, leaf, X509_PURPOSE_SSL_SERVER, "domicile.localhost", kNow),
              X509_V_OK);
}

TEST(x509, serial_comes_from_the_given_bytes_and_is_positive) {
    for (const std::string& serial : {std::string(16, '\0'), std::string(16, '\xff')}) {
        const auto made = parse(make_leaf(ca(), request(), serial).value().certificate_pem);
        const BnPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(made.get()), nullptr));
        const auto hex = to_hex(bn_to_bytes(number.get()));
        EXPECT_EQ(hex,
                  serial[0] == '\0' ? "40" + std::string(30, '0') : "7f" + std::string(30, 'f'));
        EXPECT_FALSE(BN_is_negative(number.get()));
    }
}

TEST(x509, key_is_pkcs8_on_p256) {
    const auto leaf = make_leaf(ca(), request(), kSerial).value();
    const auto key = SigningKey::from_pkcs8_pem(leaf.key_pem);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->algorithm(), Algorithm::es256);
    EXPECT_NE(leaf.key_pem, make_leaf(ca(), request(), kSerial).value().key_pem);
}

TEST(x509, a_name_too_long_for_the_subject_still_works) {
    auto wanted = request();
    wanted.dns_names = {std::string(60, 'a') + "." + std::string(60, 'b') + ".localhost"};
    const auto leaf = make_leaf(ca(), wanted, kSerial);
    ASSERT_TRUE(leaf);
    EXPECT_EQ(validate(*leaf, ca(), X509_PURPOSE_SSL_SERVER, wanted.dns_names[0].c_str(), kNow),
              X509_V_OK);
}

TEST(x509, impossible_requests_are_invalid) {
    const auto refused = [](auto change) {
        LeafRequest r = request();
        change(r);
        const auto made = make_leaf(ca(), r, kSerial);
        return !made && made.error().code == Code::invalid_argument;
    };
    EXPECT_TRUE(refused([](auto& r) { r.not_after = r.not_before; }));
    EXPECT_TRUE(refused([](auto& r) { r.not_after = r.not_before + 825 * kDay + Millis(1000); }));
    EXPECT_TRUE(refused([](auto& r) {
        r.not_before = kNow + 3000 * kDay;
        r.not_after = kNow + 3651 * kDay;
    }));
    EXPECT_TRUE(refused([](auto& r) { r.is_server = false; }));
    EXPECT_TRUE(refused([](auto& r) { r.dns_names.clear(), r.ip_addresses.clear(); }));
    EXPECT_TRUE(refused([](auto& r) { r.ip_addresses = {"127.0.0.1.1"}; }));
    EXPECT_TRUE(refused([](auto& r) { r.ip_addresses = {"localhost"}; }));
    for (const char* name : {"", "*", "*.", "a..b", ".a", "a.", "-a", "a-", "a b", "a,DNS:evil",
                             "a.*.b", "*a.b", "**.b", "a_b", "a\n", "@", "a:b"}) {
        EXPECT_TRUE(refused([&](auto& r) { r.dns_names = {name}; })) << name;
    }
    EXPECT_FALSE(make_leaf(ca(), request(), "short"));
    EXPECT_FALSE(make_ca("", kNow, kNow + kDay, kSerial));
    EXPECT_FALSE(make_ca(std::string(65, 'a'), kNow, kNow + kDay, kSerial));
    EXPECT_FALSE(make_ca("x", kNow, kNow, kSerial));
    EXPECT_FALSE(make_ca("x", kNow, kNow + kDay, "short"));
}

TEST(x509, a_ca_that_does_not_fit_is_malformed) {
    const auto other = make_ca("Other", kNow, kNow + 3650 * kDay, kSerial).value();
    const CertificateAndKey mixed{ca().certificate_pem, other.key_pem};
    EXPECT_EQ(make_leaf(mixed, request(), kSerial).error().code, Code::malformed);
    EXPECT_EQ(make_leaf({}, request(), kSerial).error().code, Code::malformed);
    EXPECT_EQ(make_leaf({ca().certificate_pem, "junk"}, request(), kSerial).error().code,
              Code::malformed);
}

TEST(x509, tells_whether_a_certificate_can_be_used_again) {
    const auto leaf = make_leaf(ca(), request(), kSerial).value();
    EXPECT_EQ(certificate_not_after(leaf.certificate_pem), kNow + 825 * kDay);
    EXPECT_FALSE(certificate_not_after("junk"));
    const auto covers = [&](const std::vector<std::string>& names, Timestamp now) {
        return certificate_covers(leaf.certificate_pem, ca().certificate_pem, names, now);
    };
    EXPECT_TRUE(covers({"domicile.localhost", "*.domicile.localhost"}, kNow));
    EXPECT_FALSE(covers({"other.localhost"}, kNow));
    EXPECT_FALSE(covers({}, kNow - kDay));
    EXPECT_FALSE(covers({}, kNow + 826 * kDay));
    EXPECT_FALSE(certificate_covers("junk", ca().certificate_pem, {}, kNow));
}

}  // namespace
}  // namespace domicile::crypto
