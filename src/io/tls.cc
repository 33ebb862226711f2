#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <map>
#include <mutex>

#include "base/encoding.h"
#include "io/tls_socket.h"

namespace domicile::io {
namespace {

struct Free {
    void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
    void operator()(BIO* p) const { BIO_free(p); }
    void operator()(X509* p) const { X509_free(p); }
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
template <class T>
using Ptr = std::unique_ptr<T, Free>;

Ptr<BIO> reader(std::string_view pem) {
    return Ptr<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

constexpr unsigned char kAlpn[] = "\x08http/1.1";

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, kAlpn, sizeof kAlpn - 1, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

Ptr<SSL_CTX> make_context(const SSL_METHOD* method) {
    Ptr<SSL_CTX> context(SSL_CTX_new(method));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_CIPHER_SERVER_PREFERENCE |
                                           SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_cipher_list(context.get(),
                            "ECDHE+AESGCM:ECDHE+CHACHA20");  // TLS 1.2; 1.3 has its own list
    SSL_CTX_set_read_ahead(context.get(), 1);
    return context;
}

Result<void> use_certificate(SSL_CTX* context, const TlsCertificate& certificate) {
    const auto bad = [](const char* what) {
        ERR_clear_error();
        return fail(Code::invalid_argument, what);
    };
    auto bio = reader(certificate.certificate_pem);
    Ptr<X509> leaf(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        return bad("The certificate is not valid PEM.");
    }
    for (;;) {
        X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
        if (next == nullptr) break;
        if (SSL_CTX_add0_chain_cert(context, next) != 1) X509_free(next);
    }
    ERR_clear_error();
    auto key_bio = reader(certificate.key_pem);
    Ptr<EVP_PKEY> key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
    if (!key || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        return bad("The key is not valid PEM or does not belong to the certificate.");
    }
    return {};
}

Result<void> trust(SSL_CTX* context, const std::string& ca_pem) {
    auto bio = reader(ca_pem);
    std::size_t count = 0;
    while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), next);
        X509_free(next);
        ++count;
    }
    ERR_clear_error();
    if (count == 0) return fail(Code::invalid_argument, "The CA certificate is not valid PEM.");
    return {};
}

}  // namespace

struct TlsServer::Impl {
    struct Entry {
        Ptr<SSL_CTX> context;
        Ptr<X509> leaf;
    };
    std::vector<Entry> entries;

    static int pick(SSL* ssl, int*, void* self) {
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        if (name == nullptr) return SSL_TLSEXT_ERR_OK;
        for (const Entry& entry : static_cast<Impl*>(self)->entries) {
            if (X509_check_host(entry.leaf.get(), name, 0, 0, nullptr) == 1) {
                SSL_set_SSL_CTX(ssl, entry.context.get());
                break;
            }
        }
        return SSL_TLSEXT_ERR_OK;
    }
};

TlsServer::TlsServer(std::unique_ptr<Impl> impl, std::string client_ca_pem)
    : client_ca_pem_(std::move(client_ca_pem)), current_(impl.get()) {
    all_.push_back(std::move(impl));
}
TlsServer::~TlsServer() = default;

Result<std::unique_ptr<TlsServer>> TlsServer::make(const std::vector<TlsCertificate>& certificates,
                                                   const std::string& client_ca_pem) {
    TRY(std::unique_ptr<Impl> impl, make_impl(certificates, client_ca_pem));
    return std::unique_ptr<TlsServer>(new TlsServer(std::move(impl), client_ca_pem));
}

Result<void> TlsServer::replace(const std::vector<TlsCertificate>& certificates) {
    TRY(std::unique_ptr<Impl> impl, make_impl(certificates, client_ca_pem_));
    current_.store(impl.get(), std::memory_order_release);
    all_.push_back(std::move(impl));
    return {};
}

Result<std::unique_ptr<TlsServer::Impl>> TlsServer::make_impl(
    const std::vector<TlsCertificate>& certificates, const std::string& client_ca_pem) {
    if (certificates.empty()) return fail(Code::invalid_argument, "TLS needs a certificate.");
    auto impl = std::make_unique<Impl>();
    for (const TlsCertificate& certificate : certificates) {
        Ptr<SSL_CTX> context = make_context(TLS_server_method());
        TRY_VOID(use_certificate(context.get(), certificate));
        SSL_CTX_set_alpn_select_cb(context.get(), select_alpn, nullptr);
        constexpr unsigned char kSessionId[] = "domicile";
        SSL_CTX_set_session_id_context(context.get(), kSessionId, sizeof kSessionId - 1);
        SSL_CTX_set_tlsext_servername_callback(context.get(), &Impl::pick);
        SSL_CTX_set_tlsext_servername_arg(context.get(), impl.get());
        if (!client_ca_pem.empty()) {
            TRY_VOID(trust(context.get(), client_ca_pem));
            SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                               nullptr);
        }
        X509* leaf = SSL_CTX_get0_certificate(context.get());
        X509_up_ref(leaf);
        impl->entries.push_back({std::move(context), Ptr<X509>(leaf)});
    }
    return impl;
}

SSL* new_server_ssl(const TlsServer& tls) {
    SSL* ssl = SSL_new(tls.impl().entries.front().context.get());
    SSL_set_accept_state(ssl);
    return ssl;
}

// Keeps the latest session of each server name for resumption; at most kSessionsMax names.
struct TlsClient::Impl {
    static constexpr std::size_t kSessionsMax = 1024;
    Ptr<SSL_CTX> context;
    std::mutex mutex;
    std::map<std::string, SSL_SESSION*> sessions;

    ~Impl() {
        for (auto& [name, session] : sessions) SSL_SESSION_free(session);
    }
    static int remember(SSL* ssl, SSL_SESSION* session) {
        auto* self = static_cast<Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        if (name == nullptr) return 0;
        std::lock_guard lock(self->mutex);
        auto found = self->sessions.find(name);
        if (found == self->sessions.end()) {
            if (self->sessions.size() >= kSessionsMax) return 0;
            found = self->sessions.emplace(name, nullptr).first;
        }
        if (found->second != nullptr) SSL_SESSION_free(found->second);
        found->second = session;
        return 1;
    }
};

TlsClient::TlsClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsClient::~TlsClient() = default;

Result<std::unique_ptr<TlsClient>> TlsClient::make(const std::string& ca_pem,
                                                   const TlsCertificate* own) {
    auto impl = std::make_unique<Impl>();
    impl->context = make_context(TLS_client_method());
    SSL_CTX* context = impl->context.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (ca_pem.empty()) {
        SSL_CTX_set_default_verify_paths(context);
    } else {
        TRY_VOID(trust(context, ca_pem));
    }
    if (own != nullptr) TRY_VOID(use_certificate(context, *own));
    SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_set_app_data(context, impl.get());
    SSL_CTX_sess_set_new_cb(context, &Impl::remember);
    return std::unique_ptr<TlsClient>(new TlsClient(std::move(impl)));
}

SSL* new_client_ssl(const TlsClient& tls, const std::string& server_name) {
    TlsClient::Impl& impl = tls.impl();
    SSL* ssl = SSL_new(impl.context.get());
    SSL_set_connect_state(ssl);
    SSL_set_tlsext_host_name(ssl, server_name.c_str());
    SSL_set1_host(ssl, server_name.c_str());
    std::lock_guard lock(impl.mutex);
    const auto found = impl.sessions.find(server_name);
    if (found != impl.sessions.end() && found->second != nullptr) {
        SSL_set_session(ssl, found->second);
        // TLS 1.3 tickets are for one use.
        SSL_SESSION_free(std::exchange(found->second, nullptr));
    }
    return ssl;
}

}  // namespace domicile::io
