#include "io/tls_socket.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/encoding.h"

namespace domicile::io {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPtr = std::unique_ptr<SSL, SslFree>;

std::string certificate_dns_name(SSL* ssl) {
    X509* certificate = SSL_get0_peer_certificate(ssl);
    if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return {};
    auto* names = static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    std::string out;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && out.empty(); ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DNS) continue;
        const ASN1_STRING* text = name->d.dNSName;
        out.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                   static_cast<std::size_t>(ASN1_STRING_length(text)));
    }
    GENERAL_NAMES_free(names);
    return to_lower(out);
}

class TlsSocket final : public Socket {
  public:
    TlsSocket(Reactor& reactor, int fd, SslPtr ssl) : Socket(reactor, fd), ssl_(std::move(ssl)) {
        BIO* bio = BIO_new(method());
        DOMICILE_CHECK(bio != nullptr);
        BIO_set_data(bio, this);
        BIO_set_init(bio, 1);
        SSL_set_bio(ssl_.get(), bio, bio);
    }
    ~TlsSocket() override { TlsSocket::do_close(); }

    Task<Result<void>> handshake(Instant deadline) {
        // An empty read drives the handshake, since it waits for events as any read does.
        handshaking_ = true;
        std::array<char, 1> nothing;
        const Result<std::size_t> done = co_await read_some(nothing, deadline);
        handshaking_ = false;
        if (!done) co_return std::unexpected(done.error());
        peer_.tls = true;
        if (const char* name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)) {
            peer_.server_name = to_lower(name);
        }
        const unsigned char* alpn = nullptr;
        unsigned alpn_size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &alpn, &alpn_size);
        peer_.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
        peer_.certificate_name = certificate_dns_name(ssl_.get());
        co_return Result<void>{};
    }

    bool is_idle() override { return SSL_pending(ssl_.get()) == 0 && Socket::is_idle(); }
    void shutdown_write() override { SSL_shutdown(ssl_.get()); }

  private:
    Attempt try_read(std::span<char> into) override {
        ERR_clear_error();
        if (handshaking_) return outcome(SSL_do_handshake(ssl_.get()), 1);
        // Without this OpenSSL would make a buffer, find nothing to read and free it again.
        if (!readable_ && !ended_ && SSL_has_pending(ssl_.get()) == 0)
            return {Attempt::would_block};
        std::size_t count = 0;
        const int ok = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
        if (ok != 1 && SSL_get_error(ssl_.get(), ok) == SSL_ERROR_ZERO_RETURN)
            return {Attempt::done, 0};
        return outcome(ok, count);
    }

    Attempt try_write(std::span<const std::string_view> pieces) override {
        // One record for head and body: gather up to a record's worth.
        thread_local std::array<char, kRecordBytes> gathered;
        std::size_t size = 0;
        for (std::string_view piece : pieces) {
            const std::size_t part = std::min(piece.size(), gathered.size() - size);
            std::copy_n(piece.data(), part, gathered.data() + size);
            size += part;
        }
        ERR_clear_error();
        std::size_t count = 0;
        const int ok = SSL_write_ex(ssl_.get(), gathered.data(), size, &count);
        return outcome(ok, count);
    }

    Attempt outcome(int ok, std::size_t count) {
        if (ok == 1) return {Attempt::done, count};
        const int error = SSL_get_error(ssl_.get(), ok);
        if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
            return {Attempt::would_block};
        failed_ = true;
        return {Attempt::failed};
    }

    void do_close() override {
        if (fd_ >= 0 && !failed_ && SSL_is_init_finished(ssl_.get())) {
            ERR_clear_error();
            SSL_shutdown(ssl_.get());  // close_notify, best effort
        }
        ERR_clear_error();
        Socket::do_close();
    }

    void on_events(std::uint32_t events) override {
        if (!note(events)) return;
        // Either direction of TLS may need either direction of the socket.
        wake(true, true);
    }

    // OpenSSL's bytes go through the socket's own attempts, so that what they know about edges
    // saves the same system calls as without TLS.
    static const BIO_METHOD* method() {
        static const BIO_METHOD* const kMethod = [] {
            BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "domicile");
            DOMICILE_CHECK(made != nullptr);
            BIO_meth_set_read(made, bio_read);
            BIO_meth_set_write(made, bio_write);
            BIO_meth_set_ctrl(made, bio_control);
            return made;
        }();
        return kMethod;
    }

    static int bio_read(BIO* bio, char* into, int size) {
        auto& self = *static_cast<TlsSocket*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const Attempt attempt = self.Socket::try_read({into, static_cast<std::size_t>(size)});
        if (attempt.status == Attempt::would_block) BIO_set_retry_read(bio);
        if (attempt.status != Attempt::done) return -1;
        self.end_of_stream_ = attempt.bytes == 0;
        return static_cast<int>(attempt.bytes);
    }

    static int bio_write(BIO* bio, const char* from, int size) {
        auto& self = *static_cast<TlsSocket*>(BIO_get_data(bio));
        BIO_clear_retry_flags(bio);
        const std::string_view piece(from, static_cast<std::size_t>(size));
        const Attempt attempt = self.Socket::try_write({&piece, 1});
        if (attempt.status == Attempt::would_block) BIO_set_retry_write(bio);
        return attempt.status == Attempt::done ? static_cast<int>(attempt.bytes) : -1;
    }

    static long bio_control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_FLUSH) return 1;
        if (command != BIO_CTRL_EOF) return 0;
        return static_cast<TlsSocket*>(BIO_get_data(bio))->end_of_stream_ ? 1 : 0;
    }

    SslPtr ssl_;
    bool end_of_stream_ = false;
    bool handshaking_ = false;
    bool failed_ = false;
};

Task<Result<std::unique_ptr<Stream>>> start(std::unique_ptr<Socket> socket, SslPtr ssl,
                                            Instant deadline) {
    PeerInfo peer = socket->peer();
    Reactor& reactor = socket->reactor();
    const int fd = socket->release();
    auto stream = std::make_unique<TlsSocket>(reactor, fd, std::move(ssl));
    socket.reset();
    stream->set_peer(std::move(peer));
    if (!stream->register_events()) co_return fail(Code::unavailable, "epoll refused the socket.");
    const Result<void> done = co_await stream->handshake(deadline);
    if (!done) {
        if (done.error().code != Code::unavailable) co_return std::unexpected(done.error());
        co_return fail(Code::unavailable, "The TLS handshake failed.", "tls_handshake");
    }
    co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect_tls(std::unique_ptr<Socket> socket,
                                                  const TlsClient& tls, std::string server_name,
                                                  Instant deadline) {
    SslPtr ssl(new_client_ssl(tls, server_name));
    co_return co_await start(std::move(socket), std::move(ssl), deadline);
}

Task<Result<std::unique_ptr<Stream>>> accept_tls_on(std::unique_ptr<Socket> socket,
                                                    const TlsServer& tls, Instant deadline) {
    SslPtr ssl(new_server_ssl(tls));
    co_return co_await start(std::move(socket), std::move(ssl), deadline);
}

}  // namespace domicile::io
