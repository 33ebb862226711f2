// A small certificate authority (RFC 5280) for development certificates and the links between
// regions. EC P-256, SHA-256. Keys come from OpenSSL's generator; serial numbers from the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace domicile::crypto {

inline constexpr Seconds kLeafValidityMax{825 * 24 * 3600};  // browsers refuse longer ones

// PEM, PKCS #8 for the key. The key is secret.
struct CertificateAndKey {
    std::string certificate_pem;
    std::string key_pem;
};

struct LeafRequest {
    std::vector<std::string>
        dns_names;  // also "*.example.org" and "localhost"; the first is the CN
    std::vector<std::string> ip_addresses;  // "127.0.0.1", "::1"
    bool is_server = true;                  // extended key usage serverAuth
    bool is_client = false;                 // extended key usage clientAuth
    // The first name, as CN. Some servers (etcd) take a client's for the name of a user.
    bool has_common_name = true;
    Timestamp not_before;
    Timestamp not_after;
};

// A self-signed root that may sign leaves only (path length 0). serial16 is 16 random bytes.
// Code::invalid_argument when the name is empty or over 64 bytes, the serial is not 16 bytes, or
// the validity is empty.
Result<CertificateAndKey> make_ca(std::string_view common_name, Timestamp not_before,
                                  Timestamp not_after, std::string_view serial16);

// A certificate for the names, signed by `ca`. Code::invalid_argument for no name, a name that is
// no host name or address, no usage, an empty validity or one over kLeafValidityMax;
// Code::malformed when the CA does not parse or its key does not fit its certificate. The validity
// is not stretched to fit the CA's: outliving it is Code::invalid_argument.
Result<CertificateAndKey> make_leaf(const CertificateAndKey& ca, const LeafRequest& request,
                                    std::string_view serial16);

// When a PEM certificate ends, so that a development certificate is renewed in time.
Result<Timestamp> certificate_not_after(std::string_view certificate_pem);
// Whether the certificate was signed by the CA's key and is within its validity at `now`, and has
// all the names. For deciding whether to reuse one, not a path validation.
bool certificate_covers(std::string_view certificate_pem, std::string_view ca_certificate_pem,
                        const std::vector<std::string>& dns_names, Timestamp now);

}  // namespace domicile::crypto
