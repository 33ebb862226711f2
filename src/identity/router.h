// Where a request goes: residency decides, this carries it out. What belongs to another home is
// sent over the border as it came, in memory only, and nothing of it is kept or logged here.
#pragma once

#include <string>

#include "audit/log.h"
#include "base/live.h"
#include "border/border.h"
#include "config/config.h"
#include "directory/directory.h"
#include "identity/home.h"
#include "identity/messages.h"
#include "identity/token_verifier.h"
#include "io/executor.h"
#include "residency/residency.h"

namespace domicile::identity {

class Router {
  public:
    struct Parts {
        Ref<config::Config> config;
        Ref<residency::Policy> policy;
        directory::Directory& directory;
        border::Border& border;
        audit::Log& audit;
        Home& home;
        TokenVerifier& verifier;
        std::string region;
        std::uint16_t public_port;
    };
    explicit Router(Parts parts) : p_(std::move(parts)) {}

    // Of a pool that stands alone (ADR 0033) this region is the home of whoever asks, and nothing
    // goes to another one, whatever it names.

    // The region a person signs up in. invalid_argument when the country has none.
    Result<std::string> home_of_sign_up(const config::Pool& pool,
                                        const Attributes& attributes) const;
    // The home, or the decoy. While the directory is out of reach, people whose rows are here are
    // still served (I7).
    io::Task<Result<std::string>> home_of_username(std::string client_id, std::string username);
    io::Task<Result<std::string>> home_in_pool(std::string pool, std::string username);
    // No decoy: for who has proven to be whom the name means, and for nobody else (I8).
    io::Task<Result<std::optional<std::string>>> home_if_known(std::string pool,
                                                               std::string username);

    // The region that a value names which a client brings back; nullopt when it is none of ours, or
    // another one than this in a pool that stands alone. `client_id` may be empty where the value
    // is all there is: see name_at_home().
    std::optional<std::string> named(const Result<std::string>& region,
                                     std::string_view client_id) const;
    // The home of whose token it is, if that may be asked: unauthenticated with reason
    // access_invalid.
    Result<std::string> home_of(const VerifiedToken& token) const;

    // Here, over the border, or an error: misdirected with reason not_in_region (recorded before it
    // is returned), unavailable.
    template <class Request, class Answer>
    io::Task<Result<Answer>> run(std::string home, residency::Operation operation, std::string type,
                                 Request request, io::Task<Result<Answer>> (Home::*here)(Request)) {
        CO_TRY(const std::string to, co_await decide(std::move(home), operation, type));
        if (to != p_.region) CO_TRY_VOID(check_leaves(request));
        if (to == p_.region) co_return co_await (p_.home.*here)(std::move(request));
        json::value payload = to_message(request);
        CO_TRY(const json::value answer, co_await call(to, std::move(type), std::move(payload)));
        co_return from_message<Answer>(answer);
    }
    io::Task<Result<json::value>> call(std::string region, std::string type, json::value payload);
    // What administrators ask: the home takes it from regions of its own jurisdiction only, unless
    // it is `open`.
    template <class Request, class Answer>
    void answer_administrators(const char* type, io::Task<Result<Answer>> (Home::*here)(Request),
                               bool open = false) {
        p_.border.handle(type, [this, here, open](std::string from, json::value payload) {
            return receive_administrators<Request, Answer>(std::move(from), std::move(payload),
                                                           here, open);
        });
    }

    // Registers what the home answers to other regions.
    void register_handlers();
    template <class Request, class Answer>
    void answer(const char* type, io::Task<Result<Answer>> (Home::*here)(Request)) {
        // Not a coroutine itself: it only starts one, whose parameters hold all it needs.
        p_.border.handle(type, [this, here](std::string, json::value payload) {
            return receive<Request, Answer>(std::move(payload), here);
        });
    }

  private:
    io::Task<Result<std::string>> decide(std::string home, residency::Operation operation,
                                         std::string type);
    template <class Request, class Answer>
    io::Task<Result<json::value>> receive(json::value payload,
                                          io::Task<Result<Answer>> (Home::*here)(Request)) {
        CO_TRY(Request request, from_message<Request>(payload));
        CO_TRY_VOID(check_leaves(request));
        CO_TRY_VOID(co_await check_token(token_in(request)));
        CO_TRY(const Answer answer, co_await (p_.home.*here)(std::move(request)));
        co_return to_message(answer);
    }
    template <class Request, class Answer>
    io::Task<Result<json::value>> receive_administrators(
        std::string from, json::value payload, io::Task<Result<Answer>> (Home::*here)(Request),
        bool open) {
        if (!open) CO_TRY_VOID(check_administrators(from));
        CO_TRY(Request request, from_message<Request>(payload));
        CO_TRY_VOID(check_leaves(request));
        request.who.region = std::move(from);
        CO_TRY(const Answer answer, co_await (p_.home.*here)(std::move(request)));
        co_return to_message(answer);
    }
    Result<void> check_administrators(const std::string& from) const;
    // permission_denied for what is about a pool that stands alone: as far as the request says so
    // itself, and by its token.
    template <class Request>
    Result<void> check_leaves(const Request& request) const {
        if constexpr (requires { request.client_id; }) {
            return check_client_leaves(request.client_id);
        } else if constexpr (requires { request.asked.client_id; }) {
            return check_client_leaves(request.asked.client_id);
        } else if constexpr (requires { request.pool; }) {
            return check_pool_leaves(request.pool);
        }
        return {};
    }
    Result<void> check_client_leaves(std::string_view client_id) const;
    Result<void> check_pool_leaves(std::string_view id_suffix) const;
    template <class Request>
    static std::string token_in(const Request& request) {
        if constexpr (requires { request.access_token; }) {
            return std::optional<std::string>(request.access_token).value_or(std::string());
        }
        return {};
    }
    io::Task<Result<void>> check_token(std::string access_token);

    Parts p_;
};

}  // namespace domicile::identity
