// What the configuration says about pools and clients. There are no dates: a file has none.
#include "api/cognito/admin.h"
#include "identity/administration.h"

namespace domicile::api::cognito {
namespace {

using identity::Administration;

constexpr std::int64_t kResultsMax = 60;

json::object password_policy(const config::PasswordPolicy& policy) {
    return {{"MinimumLength", policy.length_min},
            {"RequireUppercase", policy.upper},
            {"RequireLowercase", policy.lower},
            {"RequireNumbers", policy.digit},
            {"RequireSymbols", policy.symbol},
            {"PasswordHistorySize", policy.history},
            {"TemporaryPasswordValidityDays", policy.temporary_days}};
}

json::array schema_of(const config::Pool& pool) {
    json::array out;
    for (const config::Attribute& attribute : pool.attributes) {
        out.push_back(json::object{{"Name", attribute.name},
                                   {"AttributeDataType", "String"},
                                   {"Mutable", attribute.is_mutable},
                                   {"Required", attribute.required}});
    }
    return out;
}

json::object pool_summary(const config::Pool& pool, const std::string& id) {
    return {{"Id", id}, {"Name", pool.name}, {"LambdaConfig", json::object()}};
}

json::object client_summary(const config::Client& client, const std::string& pool_id) {
    return {{"ClientId", client.id}, {"UserPoolId", pool_id}, {"ClientName", client.name}};
}

const char* flow_name(config::AuthFlow flow) {
    switch (flow) {
        case config::AuthFlow::user_srp_auth:
            return "ALLOW_USER_SRP_AUTH";
        case config::AuthFlow::user_password_auth:
            return "ALLOW_USER_PASSWORD_AUTH";
        case config::AuthFlow::refresh_token_auth:
            return "ALLOW_REFRESH_TOKEN_AUTH";
        case config::AuthFlow::admin_user_password_auth:
            return "ALLOW_ADMIN_USER_PASSWORD_AUTH";
        case config::AuthFlow::custom_auth:
            return "ALLOW_CUSTOM_AUTH";
        case config::AuthFlow::user_auth:
            return "ALLOW_USER_AUTH";
    }
    return "";
}

// Entries of a list whose token is the number of the first that is still to come.
template <class Entry, class Show>
Outcome<json::object> listed(const std::vector<Entry>& entries, const char* name,
                             const std::optional<std::string>& token, std::int64_t most,
                             Show show) {
    std::size_t from = 0;
    if (token) {
        const bool is_number =
            !token->empty() && token->size() < 9 &&
            std::ranges::all_of(*token, [](char c) { return c >= '0' && c <= '9'; });
        if (!is_number) return std::unexpected(invalid_parameter("The NextToken is not valid."));
        from = std::stoul(*token);
    }
    json::array out;
    const auto limit = static_cast<std::size_t>(most < 1 ? kResultsMax : most);
    std::size_t at = std::min(from, entries.size());
    for (; at < entries.size() && out.size() < limit; ++at) out.push_back(show(entries[at]));
    json::object answer;
    answer[name] = std::move(out);
    if (at < entries.size()) answer["NextToken"] = std::to_string(at);
    return answer;
}

Reply describe_pool(AdminCall call) {
    Members members(call.request);
    POOL(pool, call, members);
    ANSWER(found, call.identity.administration().pool(pool.id));
    json::object out = pool_summary(*found, pool.id);
    json::array factors{"PASSWORD"};
    if (found->passkeys) factors.emplace_back("WEB_AUTHN");
    if (found->email_otp) factors.emplace_back("EMAIL_OTP");
    out["Policies"] =
        json::object{{"PasswordPolicy", password_policy(found->password)},
                     {"SignInPolicy", json::object{{"AllowedFirstAuthFactors", factors}}}};
    out["SchemaAttributes"] = schema_of(*found);
    json::array verified{"email"};
    json::array recovery{json::object{{"Priority", 1}, {"Name", "verified_email"}}};
    if (found->sms) {
        verified.emplace_back("phone_number");
        recovery.push_back(json::object{{"Priority", 2}, {"Name", "verified_phone_number"}});
    }
    out["AutoVerifiedAttributes"] = verified;
    out["UserAttributeUpdateSettings"] =
        json::object{{"AttributesRequireVerificationBeforeUpdate", verified}};
    out["MfaConfiguration"] = mfa_word(found->mfa);
    if (found->devices != config::Devices::off) {
        out["DeviceConfiguration"] = json::object{
            {"ChallengeRequiredOnNewDevice", found->devices_replace_mfa},
            {"DeviceOnlyRememberedOnUserPrompt", found->devices == config::Devices::user_opt_in}};
    }
    out["DeletionProtection"] = "ACTIVE";
    out["AdminCreateUserConfig"] =
        json::object{{"AllowAdminCreateUserOnly", false},
                     {"UnusedAccountValidityDays", found->password.temporary_days}};
    out["AccountRecoverySetting"] = json::object{{"RecoveryMechanisms", std::move(recovery)}};
    co_return json::object{{"UserPool", std::move(out)}};
}

Reply list_pools(AdminCall call) {
    Members members(call.request);
    const auto most = members.number("MaxResults", kResultsMax);
    const auto token = members.optional("NextToken");
    CHECK_MEMBERS(members);
    if (auto allowed = allow(call, "userpool/*"); !allowed) {
        co_return std::unexpected(std::move(allowed.error()));
    }
    const Administration& admin = call.identity.administration();
    co_return listed(
        admin.pools(), "UserPools", token, most.value_or(0),
        [&](const config::Pool& pool) { return pool_summary(pool, pool.id_in(admin.region())); });
}

json::array names(const std::vector<std::string>& from) {
    json::array out;
    for (const std::string& name : from) out.emplace_back(name);
    return out;
}

Reply describe_client(AdminCall call) {
    Members members(call.request);
    const std::string client_id = members.required("ClientId", kClientIdBytesMax);
    POOL(pool, call, members);
    DO(call.identity.administration().check_client(pool.id, client_id));
    ANSWER(found, call.identity.administration().pool(pool.id));
    const config::Client& client = *found->find_client(client_id);
    json::array flows;
    for (const config::AuthFlow flow : client.flows) flows.emplace_back(flow_name(flow));
    json::object out = client_summary(client, pool.id);
    out["ExplicitAuthFlows"] = std::move(flows);
    out["AccessTokenValidity"] = client.access_token_minutes;
    out["IdTokenValidity"] = client.id_token_minutes;
    out["RefreshTokenValidity"] = client.refresh_token_days;
    out["TokenValidityUnits"] =
        json::object{{"AccessToken", "minutes"}, {"IdToken", "minutes"}, {"RefreshToken", "days"}};
    if (const auto& rotation = client.refresh_token_rotation) {
        out["RefreshTokenRotation"] = json::object{
            {"Feature", "ENABLED"}, {"RetryGracePeriodSeconds", rotation->grace_seconds}};
    }
    if (!client.read_attributes.empty()) out["ReadAttributes"] = names(client.read_attributes);
    if (!client.write_attributes.empty()) out["WriteAttributes"] = names(client.write_attributes);
    if (client.oauth) out["SupportedIdentityProviders"] = names(client.oauth->identity_providers);
    out["PreventUserExistenceErrors"] = found->reveal_existing ? "LEGACY" : "ENABLED";
    out["EnableTokenRevocation"] = true;
    out["AllowedOAuthFlowsUserPoolClient"] = false;
    co_return json::object{{"UserPoolClient", std::move(out)}};
}

Reply list_clients(AdminCall call) {
    Members members(call.request);
    const auto most = members.number("MaxResults", kResultsMax);
    const auto token = members.optional("NextToken");
    POOL(pool, call, members);
    ANSWER(found, call.identity.administration().pool(pool.id));
    co_return listed(found->clients, "UserPoolClients", token, most.value_or(0),
                     [&](const config::Client& client) { return client_summary(client, pool.id); });
}

}  // namespace

void add_description_operations(AdminOperations& into) {
    into["DescribeUserPool"] = describe_pool;
    into["ListUserPools"] = list_pools;
    into["DescribeUserPoolClient"] = describe_client;
    into["ListUserPoolClients"] = list_clients;
}

}  // namespace domicile::api::cognito
