// TLS on a socket, OpenSSL reading and writing the descriptor itself. Internal to io.
#pragma once

#include <openssl/ssl.h>

#include <memory>

#include "io/socket.h"
#include "io/tls.h"

namespace domicile::io {

Task<Result<std::unique_ptr<Stream>>> connect_tls(std::unique_ptr<Socket> socket,
                                                  const TlsClient& tls, std::string server_name,
                                                  Instant deadline);
Task<Result<std::unique_ptr<Stream>>> accept_tls_on(std::unique_ptr<Socket> socket,
                                                    const TlsServer& tls, Instant deadline);

// A new SSL object with the settings, for one connection.
SSL* new_server_ssl(const TlsServer& tls);
SSL* new_client_ssl(const TlsClient& tls, const std::string& server_name);

}  // namespace domicile::io
