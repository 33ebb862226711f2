#include "crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/openssl.h"

namespace domicile::crypto {
namespace {

constexpr std::size_t kCommonNameMax = 64;  // RFC 5280, ub-common-name
constexpr std::size_t kNamesMax = 100;

std::unexpected<Error> bad_argument(std::string why) {
    return fail(Code::invalid_argument, std::move(why));
}

bool is_label(std::string_view label) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, allowed);
}

// RFC 1123 host name, with "*" allowed as the whole leftmost of several labels (RFC 6125 6.4.3).
bool is_dns_name(std::string_view name) {
    if (name.size() > 253) return false;
    if (name.starts_with("*.")) name.remove_prefix(2);
    for (;;) {
        const auto dot = name.find('.');
        if (!is_label(name.substr(0, dot))) return false;
        if (dot == name.npos) return true;
        name.remove_prefix(dot + 1);
    }
}

bool is_address(const std::string& text) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

// The subjectAltName in OpenSSL's own notation. The names were checked, so none can smuggle in a
// comma and with it another entry.
std::string alternative_names(const LeafRequest& request) {
    std::string out;
    for (const auto& name : request.dns_names) out += (out.empty() ? "DNS:" : ",DNS:") + name;
    for (const auto& ip : request.ip_addresses) out += (out.empty() ? "IP:" : ",IP:") + ip;
    return out;
}

Result<void> check_serial_and_validity(std::string_view serial16, Timestamp from, Timestamp to) {
    if (serial16.size() != 16)
        return bad_argument("the serial number is made from 16 random bytes");
    if (from >= to) return bad_argument("the certificate would never be valid");
    return {};
}

Result<void> check_leaf(const LeafRequest& request) {
    if (request.dns_names.empty() && request.ip_addresses.empty()) {
        return bad_argument("a certificate needs a name or an address");
    }
    if (request.dns_names.size() + request.ip_addresses.size() > kNamesMax) {
        return bad_argument("too many names for one certificate");
    }
    if (!std::ranges::all_of(request.dns_names, is_dns_name)) {
        return bad_argument("not a host name");
    }
    if (!std::ranges::all_of(request.ip_addresses, is_address)) {
        return bad_argument("not an IP address");
    }
    if (!request.is_server && !request.is_client) {
        return bad_argument("a leaf is for servers, clients or both");
    }
    if (request.not_after - request.not_before > kLeafValidityMax) {
        return bad_argument("a leaf is valid for at most 825 days");
    }
    return {};
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    DOMICILE_CHECK(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// The top bits make the number positive and never zero (RFC 5280 4.1.2.2).
void set_serial(X509* certificate, std::string_view serial16) {
    std::string bytes(serial16);
    bytes[0] = static_cast<char>((static_cast<unsigned char>(bytes[0]) & 0x7f) | 0x40);
    const BnPtr number = bn_from_bytes(bytes);
    DOMICILE_CHECK(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr);
}

struct Draft {
    X509Ptr certificate{X509_new()};
    PkeyPtr key{EVP_EC_gen("P-256")};
};

// A certificate with a new key and everything but extensions, issuer and signature.
Draft make_draft(std::string_view common_name, Timestamp from, Timestamp to,
                 std::string_view serial16) {
    Draft out;
    DOMICILE_CHECK(out.certificate && out.key);
    X509* const c = out.certificate.get();
    DOMICILE_CHECK(X509_set_version(c, X509_VERSION_3) == 1);
    set_serial(c, serial16);
    DOMICILE_CHECK(ASN1_TIME_set(X509_getm_notBefore(c), static_cast<std::time_t>(from.seconds())));
    DOMICILE_CHECK(ASN1_TIME_set(X509_getm_notAfter(c), static_cast<std::time_t>(to.seconds())));
    DOMICILE_CHECK(X509_set_pubkey(c, out.key.get()) == 1);
    if (!common_name.empty()) {
        DOMICILE_CHECK(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                                  bytes_of(common_name), int_size(common_name), -1,
                                                  0) == 1);
    }
    return out;
}

CertificateAndKey signed_by(const Draft& draft, EVP_PKEY* issuer_key) {
    X509* const c = draft.certificate.get();
    DOMICILE_CHECK(X509_sign(c, issuer_key, EVP_sha256()) > 0);
    const BioPtr certificate(BIO_new(BIO_s_mem())), key(BIO_new(BIO_s_secmem()));
    DOMICILE_CHECK(PEM_write_bio_X509(certificate.get(), c) == 1);
    DOMICILE_CHECK(PEM_write_bio_PKCS8PrivateKey(key.get(), draft.key.get(), nullptr, nullptr, 0,
                                                 nullptr, nullptr) == 1);
    return {bio_text(certificate.get()), bio_text(key.get())};
}

X509Ptr read_certificate(std::string_view pem) {
    const BioPtr bio(BIO_new_mem_buf(bytes_of(pem), int_size(pem)));
    return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// PKCS #8 without a passphrase; without the callback OpenSSL would ask for one at the terminal.
PkeyPtr read_key(std::string_view pem) {
    const BioPtr bio(BIO_new_mem_buf(bytes_of(pem), int_size(pem)));
    const auto no_passphrase = [](char*, int, int, void*) { return -1; };
    return PkeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
}

Timestamp time_of(const ASN1_TIME* time) {
    std::tm parts{};
    DOMICILE_CHECK(ASN1_TIME_to_tm(time, &parts) == 1);
    return {static_cast<std::int64_t>(timegm(&parts)) * 1000};
}

std::vector<std::string> dns_names_of(const X509* certificate) {
    using Names = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
    const Names names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> out;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS) continue;
        out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                         static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    }
    return out;
}

}  // namespace

Result<CertificateAndKey> make_ca(std::string_view common_name, Timestamp not_before,
                                  Timestamp not_after, std::string_view serial16) {
    if (common_name.empty() || common_name.size() > kCommonNameMax || !is_utf8(common_name)) {
        return bad_argument("the CA's name has 1 to 64 bytes");
    }
    TRY_VOID(check_serial_and_validity(serial16, not_before, not_after));
    const Draft draft = make_draft(common_name, not_before, not_after, serial16);
    X509* const c = draft.certificate.get();
    DOMICILE_CHECK(X509_set_issuer_name(c, X509_get_subject_name(c)) == 1);
    add_extension(c, c, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(c, c, NID_subject_key_identifier, "hash");
    return signed_by(draft, draft.key.get());
}

Result<CertificateAndKey> make_leaf(const CertificateAndKey& ca, const LeafRequest& request,
                                    std::string_view serial16) {
    const ErrorsTakenBack errors;
    TRY_VOID(check_serial_and_validity(serial16, request.not_before, request.not_after));
    TRY_VOID(check_leaf(request));
    const X509Ptr issuer = read_certificate(ca.certificate_pem);
    const PkeyPtr issuer_key = read_key(ca.key_pem);
    if (!issuer || !issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
        return fail(Code::malformed, "the CA's certificate and key do not parse or fit");
    }
    if (request.not_after > time_of(X509_get0_notAfter(issuer.get()))) {
        return bad_argument("the leaf would outlive its CA");
    }
    const auto& first = request.dns_names.empty() ? request.ip_addresses[0] : request.dns_names[0];
    const bool named = request.has_common_name && first.size() <= kCommonNameMax;
    const std::string common_name = named ? first : std::string();
    const Draft draft = make_draft(common_name, request.not_before, request.not_after, serial16);
    X509* const c = draft.certificate.get();
    DOMICILE_CHECK(X509_set_issuer_name(c, X509_get_subject_name(issuer.get())) == 1);
    add_extension(c, issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(c, issuer.get(), NID_key_usage, "critical,digitalSignature");
    const std::string usage = !request.is_client   ? "serverAuth"
                              : !request.is_server ? "clientAuth"
                                                   : "serverAuth,clientAuth";
    add_extension(c, issuer.get(), NID_ext_key_usage, usage);
    add_extension(c, issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(c, issuer.get(), NID_authority_key_identifier, "keyid");
    // RFC 5280 4.2.1.6: critical when the subject is empty.
    const std::string critical = common_name.empty() ? "critical," : "";
    add_extension(c, issuer.get(), NID_subject_alt_name, critical + alternative_names(request));
    return signed_by(draft, issuer_key.get());
}

Result<Timestamp> certificate_not_after(std::string_view certificate_pem) {
    const ErrorsTakenBack errors;
    const X509Ptr certificate = read_certificate(certificate_pem);
    if (!certificate) return fail(Code::malformed, "not a PEM certificate");
    return time_of(X509_get0_notAfter(certificate.get()));
}

bool certificate_covers(std::string_view certificate_pem, std::string_view ca_certificate_pem,
                        const std::vector<std::string>& dns_names, Timestamp now) {
    const ErrorsTakenBack errors;
    const X509Ptr certificate = read_certificate(certificate_pem);
    const X509Ptr ca = read_certificate(ca_certificate_pem);
    if (!certificate || !ca) return false;
    if (X509_verify(certificate.get(), X509_get0_pubkey(ca.get())) != 1) return false;
    if (now < time_of(X509_get0_notBefore(certificate.get()))) return false;
    if (now > time_of(X509_get0_notAfter(certificate.get()))) return false;
    const auto names = dns_names_of(certificate.get());
    return std::ranges::all_of(dns_names, [&](const std::string& name) {
        return std::ranges::find(names, name) != names.end();
    });
}

}  // namespace domicile::crypto
