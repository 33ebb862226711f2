#include "api/cognito/admin.h"

#include "identity/administration.h"

namespace domicile::api::cognito {

Outcome<void> allow(const AdminCall& call, const std::string& resource) {
    DialectError denied{400, "AccessDeniedException",
                        "The access key's policy does not allow cognito-idp:" + call.name + " on " +
                            resource + "."};
    if (call.who.subject) return std::unexpected(std::move(denied));
    if (!access::authorize(call.who, "cognito-idp:" + call.name, resource)) {
        return std::unexpected(std::move(denied));
    }
    return {};
}

Outcome<AdminTarget> administered_pool(const AdminCall& call, const std::string& pool_id) {
    if (auto allowed = allow(call, "userpool/" + pool_id); !allowed) {
        return std::unexpected(std::move(allowed.error()));
    }
    const auto pool = call.identity.administration().pool(pool_id);
    if (!pool) return std::unexpected(to_dialect(pool.error()));
    return AdminTarget{pool_id, (*pool)->id_suffix, {}};
}

double to_seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000.0; }

json::object described(const identity::PersonDescription& person, std::string_view attributes) {
    json::array list;
    for (const auto& [name, value] : person.attributes) {
        list.push_back(json::object{{"Name", name}, {"Value", value}});
    }
    json::object out{{"Username", person.username},
                     {"UserCreateDate", to_seconds(person.created_ms)},
                     {"UserLastModifiedDate", to_seconds(person.modified_ms)},
                     {"Enabled", person.enabled},
                     {"UserStatus", person.status}};
    out[attributes] = std::move(list);
    return out;
}

}  // namespace domicile::api::cognito
