// Where the application's functions take part (identity/triggers.h). They run at the home, after
// what is wrong with a request was said, and for unknown people as for known ones.
#include "identity/home.h"

namespace domicile::identity {

TriggerEvent Home::event_of(const std::string& function, const char* source,
                            ClientOfPool client) const {
    TriggerEvent out;
    out.function = function;
    out.source = source;
    out.pool_id = client.pool->id_in(p_.region);
    out.client_id = client.client->id;
    return out;
}

TriggerEvent Home::event_about(const UserRow& row, const std::string& function, const char* source,
                               ClientOfPool client) const {
    TriggerEvent out = event_of(function, source, client);
    out.username = row.username;
    out.attributes = told_of(row);
    return out;
}

io::Task<Result<PreSignUpAnswer>> Home::before_sign_up(ClientOfPool client, SignUpRequest request,
                                                       const char* source) {
    const auto& function = client.pool->triggers.pre_sign_up;
    if (!function || p_.triggers == nullptr) co_return PreSignUpAnswer();
    TriggerEvent event = event_of(*function, source, client);
    event.username = std::move(request.username);
    event.attributes = std::move(request.attributes);
    event.validation_data = std::move(request.validation_data);
    event.client_metadata = std::move(request.client_metadata);
    co_return co_await p_.triggers->pre_sign_up(std::move(event));
}

io::Task<Result<void>> Home::after_confirmation(ClientOfPool client, UserRow row,
                                                std::optional<Attributes> metadata) {
    const auto& function = client.pool->triggers.post_confirmation;
    if (!function || p_.triggers == nullptr) co_return Result<void>();
    row.confirmed = true;
    mark_confirmed(row);
    TriggerEvent event = event_about(row, *function, "PostConfirmation_ConfirmSignUp", client);
    event.client_metadata = std::move(metadata);
    co_return co_await p_.triggers->ask(std::move(event));
}

// Also for people who do not exist, where that is not told: the same function, the same time (I8).
io::Task<Result<void>> Home::before_authentication(ClientOfPool client, std::optional<UserRow> row,
                                                   std::string username,
                                                   std::optional<Attributes> metadata) {
    const auto& function = client.pool->triggers.pre_authentication;
    if (!function || p_.triggers == nullptr) co_return Result<void>();
    if (!row && client.pool->reveal_existing) co_return Result<void>();
    constexpr const char* kSource = "PreAuthentication_Authentication";
    TriggerEvent event =
        row ? event_about(*row, *function, kSource, client) : event_of(*function, kSource, client);
    if (!row) event.username = std::move(username);
    if (!client.pool->reveal_existing) event.user_not_found = !row;
    event.validation_data = std::move(metadata);
    co_return co_await p_.triggers->ask(std::move(event));
}

io::Task<Result<void>> Home::after_authentication(ClientOfPool client, UserRow row,
                                                  bool on_new_device) {
    const auto& function = client.pool->triggers.post_authentication;
    if (!function || p_.triggers == nullptr) co_return Result<void>();
    TriggerEvent event = event_about(row, *function, "PostAuthentication_Authentication", client);
    event.new_device_used = on_new_device;
    co_return co_await p_.triggers->ask(std::move(event));
}

io::Task<Result<TokenChanges>> Home::before_tokens(ClientOfPool client, UserRow row,
                                                   const char* source, std::vector<Group> groups) {
    const auto& trigger = client.pool->triggers.pre_token_generation;
    if (!trigger || p_.triggers == nullptr) co_return TokenChanges();
    TriggerEvent event = event_about(row, trigger->function, source, client);
    GroupChanges now;
    for (Group& group : groups) {
        now.names.push_back(std::move(group.name));
        if (group.role) now.roles.push_back(std::move(*group.role));
    }
    if (!now.roles.empty()) now.preferred_role = now.roles.front();
    co_return co_await p_.triggers->pre_token_generation(std::move(event), trigger->version,
                                                         std::move(now));
}

}  // namespace domicile::identity
