#include "smtp/client.h"

#include <curl/curl.h>

#include <cstring>

#include "base/encoding.h"
#include "base/log.h"

namespace domicile::smtp {
namespace {

constexpr std::size_t kQueuedMax = 64;  // that wait for a thread

struct Upload {
    std::string text;
    std::size_t sent = 0;
};

std::size_t read_more(char* into, std::size_t size, std::size_t count, void* from) {
    Upload& upload = *static_cast<Upload*>(from);
    const std::size_t bytes = std::min(size * count, upload.text.size() - upload.sent);
    std::memcpy(into, upload.text.data() + upload.sent, bytes);
    upload.sent += bytes;
    return bytes;
}

int go_on(void* stopping, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return *static_cast<const std::atomic<bool>*>(stopping) ? 1 : 0;
}

// What the server last said, as its number only: its words may repeat the address.
std::unexpected<Error> error_of(CURLcode result, long reply, bool body_was_sent) {
    const std::string number = reply == 0 ? std::string() : ' ' + std::to_string(reply);
    switch (result) {
        case CURLE_ABORTED_BY_CALLBACK:
            return fail(Code::cancelled, "Sending of mails has stopped.");
        case CURLE_LOGIN_DENIED:
            return fail(Code::permission_denied,
                        "The mail server does not accept the user:" + number);
        case CURLE_USE_SSL_FAILED:
            return fail(Code::permission_denied, "The mail server offers no TLS.");
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
            return fail(Code::permission_denied, "The mail server's certificate is not trusted.");
        default:
            break;
    }
    // A reply to a command about this mail, or to its text; 53z is about who we are.
    const bool about_mail =
        result == CURLE_SEND_ERROR || (result == CURLE_WEIRD_SERVER_REPLY && body_was_sent);
    if (about_mail && reply >= 500 && reply < 600 && reply / 10 != 53)
        return fail(Code::invalid_argument, "The mail server refused the mail:" + number,
                    std::string(kReasonRefused));
    if (about_mail && reply >= 400 && reply < 500)
        return fail(Code::unavailable, "The mail server wants the mail later:" + number,
                    std::string(kReasonLater));
    return fail(Code::unavailable, "The mail server cannot be used: " +
                                       std::string(curl_easy_strerror(result)) + number);
}

}  // namespace

struct Client::Handle {
    Handle() : curl(curl_easy_init()) {}
    ~Handle() { curl_easy_cleanup(curl); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    CURL* curl;
};

Client::Client(Options options)
    : options_(std::move(options)),
      threads_(io::make_blocking_pool("mail", options_.connections_max, kQueuedMax)) {
    static const CURLcode once =
        curl_global_init(CURL_GLOBAL_DEFAULT);  // the first client's thread
    if (once != CURLE_OK) log::error("libcurl_unusable", {{"code", static_cast<int>(once)}});
}

Client::~Client() { stop(); }

std::unique_ptr<Client::Handle> Client::take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Handle>();
    auto out = std::move(idle_.back());
    idle_.pop_back();
    return out;
}

void Client::give_back(std::unique_ptr<Handle> handle) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(handle));
}

io::Task<Result<void>> Client::send(Message message) {
    std::string password;
    if (options_.password) {
        CO_TRY(Redacted<std::string> read, co_await options_.password->read());
        password = std::move(read.expose());
    }
    auto work = [this, message = std::move(message), password = std::move(password)] {
        return send_now(message, password);
    };
    co_return co_await io::run_blocking_on(*threads_, std::move(work));
}

// Where, and as whom.
void Client::set_server(void* curl, const std::string& password) const {
    const auto set = [curl](CURLoption option, auto value) {
        curl_easy_setopt(curl, option, value);
    };
    const char* scheme = options_.security == Security::tls ? "smtps://" : "smtp://";
    const std::string url = scheme + options_.server.to_string() + '/' + options_.greeting;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    set(CURLOPT_PROXY, "");
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &go_on);
    set(CURLOPT_XFERINFODATA, &stopping_);
    if (!options_.user.empty()) {
        set(CURLOPT_USERNAME, options_.user.c_str());
        set(CURLOPT_PASSWORD, password.c_str());
    }
    if (options_.security == Security::none) return;
    set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (options_.ca_file.empty()) return;
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

Result<void> Client::send_now(const Message& message, const std::string& password) {
    auto text = to_text(message);
    if (!text) return fail(text.error().code, text.error().message, std::string(kReasonRefused));
    Upload upload{std::move(*text)};
    const std::string from = '<' + address_of(message.from).value_or("") + '>';
    const std::string to = '<' + address_of(message.to).value_or("") + '>';

    auto handle = take();
    CURL* curl = handle->curl;
    if (curl == nullptr) return fail(Code::resource_exhausted, "libcurl gives no handle.");
    curl_easy_reset(curl);  // connections stay
    set_server(curl, password);
    const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> recipients(
        curl_slist_append(nullptr, to.c_str()), &curl_slist_free_all);
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from.c_str());
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, &read_more);
    curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
    const CURLcode result = curl_easy_perform(curl);
    long reply = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply);
    // A connection that failed is not kept by libcurl; its handle is as good as new.
    give_back(std::move(handle));
    if (result == CURLE_OK) return {};
    return error_of(result, reply, upload.sent > 0);
}

}  // namespace domicile::smtp
