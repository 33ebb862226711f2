// Hands mails to one SMTP server through libcurl, on threads of its own, so that a slow server
// keeps nobody else waiting. A thread keeps its connection for the next mail.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "io/executor.h"
#include "io/network.h"
#include "io/runtime.h"
#include "io/secret_file.h"
#include "io/task.h"
#include "smtp/message.h"

namespace domicile::smtp {

// The mail will never be taken: the server said so for good (5yz), or its address is none.
inline constexpr std::string_view kReasonRefused = "mail_refused";
// The server is there and asked for this mail to be sent again later (4yz).
inline constexpr std::string_view kReasonLater = "mail_later";

enum class Security : std::uint8_t {
    starttls,  // in clear until STARTTLS (RFC 3207), without which nothing is sent
    tls,       // from the first byte (RFC 8314)
    none,
};

struct Options {
    io::Endpoint server;
    Security security = Security::starttls;
    std::string ca_file = {};  // PEM; empty: the system's authorities
    std::string user = {};     // empty: no authentication
    std::shared_ptr<io::SecretFile> password = {};
    std::string greeting = {};  // how we call ourselves (EHLO); a host name
    std::size_t connections_max = 2;
    Millis connect_timeout{10'000};
    Millis timeout{60'000};  // of one mail, the connection included
};

class Client {
  public:
    explicit Client(Options options);
    ~Client();  // after the last send() has returned

    // True once the server has taken responsibility for it (250 after the data). From any executor.
    // invalid_argument (reason mail_refused), unavailable (reason mail_later, or none where the
    // server cannot be used at all), permission_denied (its certificate, the user's password, or no
    // TLS), cancelled by stop(), resource_exhausted (too many at once).
    io::Task<Result<void>> send(Message message);
    // Cuts off what is under way, within a second.
    void stop() { stopping_ = true; }

  private:
    struct Handle;  // of libcurl
    void set_server(void* curl, const std::string& password) const;
    Result<void> send_now(const Message& message, const std::string& password);
    std::unique_ptr<Handle> take();
    void give_back(std::unique_ptr<Handle> handle);

    const Options options_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Handle>> idle_;  // guarded by mutex_
    std::unique_ptr<io::BlockingPool> threads_;  // the last: its work uses the rest
};

}  // namespace domicile::smtp
