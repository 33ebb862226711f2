#include "crypto/openssl.h"

namespace domicile::crypto {

const EVP_MD* sha256_md() {
    // Never freed: OpenSSL's own exit handler may run before static destructors.
    static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    DOMICILE_CHECK(md != nullptr);
    return md;
}

BnPtr bn_from_bytes(std::string_view big_endian) {
    BnPtr value(BN_bin2bn(bytes_of(big_endian), int_size(big_endian), nullptr));
    DOMICILE_CHECK(value != nullptr);
    return value;
}

std::string bn_to_bytes(const BIGNUM* value) {
    return bn_to_bytes(value, static_cast<std::size_t>(BN_num_bytes(value)));
}

std::string bn_to_bytes(const BIGNUM* value, std::size_t size) {
    std::string out(size, '\0');
    DOMICILE_CHECK(BN_bn2binpad(value, bytes_of(out), int_size(out)) == int_size(out));
    return out;
}

std::string bio_text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace domicile::crypto
