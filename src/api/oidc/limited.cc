// What the pages and the token endpoint say to an address, or through a client, that was wrong too
// often or asked for too much. The page is the same whatever was being done, so that it tells
// nothing but that.
#include "api/oidc/oidc.h"
#include "api/oidc/reply.h"

namespace domicile::api::oidc {
namespace {

// "45 s", "15 min": read the same in every language that the pages have.
std::string time_in_words(std::int64_t seconds) {
    if (seconds < 120) return std::to_string(seconds) + " s";
    return std::to_string((seconds + 59) / 60) + " min";
}

}  // namespace

io::Task<Result<limits::Admission>> Oidc::admit(http::Exchange& exchange, limits::Kind kind,
                                                std::string client_id) {
    if (limiter_ == nullptr) co_return limits::Admission();
    std::string address = exchange.peer().remote.host;
    co_return co_await limiter_->begin(kind, std::move(address), std::move(client_id));
}

io::Task<Result<void>> Oidc::show_limited(http::Exchange& exchange, limits::Refusal refusal) {
    const Language& words = language(exchange);
    const bool is_network = refusal.by == limits::By::address;
    Page page{words, words[Text::please_wait]};
    page.problem = std::string(words[is_network ? Text::network_limited : Text::client_limited]);
    const std::string text = std::string(words[Text::come_again]) + " " +
                             time_in_words(refusal.retry_after_seconds) + ".";
    page.text = text;
    page.links.push_back({"/login?" + std::string(exchange.request().query), words[Text::sign_in]});
    const std::string html = write_page(page);
    std::vector<std::string> cookies;
    co_return co_await reply_page(exchange, 429, html, "", std::move(cookies), false,
                                  static_cast<int>(refusal.retry_after_seconds));
}

io::Task<Result<void>> Oidc::reply_limited(http::Exchange& exchange, limits::Refusal refusal) {
    OAuthError error{429, "temporarily_unavailable", "Too many requests."};
    error.retry_after_seconds = static_cast<int>(refusal.retry_after_seconds);
    co_return co_await reply_error(exchange, std::move(error));
}

}  // namespace domicile::api::oidc
