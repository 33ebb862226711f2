// What people ask about their own account, signed in; also the messages that carry it to their
// home.
#pragma once

#include <string>
#include <vector>

#include "identity/messages.h"
#include "identity/types.h"

namespace domicile::identity {

// An empty value takes an attribute away.
struct AttributesRequest {
    std::string access_token;
    Attributes attributes;
    std::optional<Attributes> client_metadata = std::nullopt;
};
// Where codes went; they prove what stays as it was until then.
struct CodeDeliveries {
    std::vector<CodeDelivery> sent;
};
struct AttributeCodeRequest {
    std::string access_token, attribute;
    std::optional<Attributes> client_metadata = std::nullopt;
};
struct ProveAttributeRequest {
    std::string access_token, attribute, code;
};

namespace message {
inline constexpr const char* kUpdateAttributes = "identity.update_attributes";
inline constexpr const char* kAttributeCode = "identity.attribute_code";
inline constexpr const char* kProveAttribute = "identity.prove_attribute";
inline constexpr const char* kDeleteUser = "identity.delete_user";
}  // namespace message

BOOST_DESCRIBE_STRUCT(AttributesRequest, (), (access_token, attributes, client_metadata))
BOOST_DESCRIBE_STRUCT(CodeDeliveries, (), (sent))
BOOST_DESCRIBE_STRUCT(AttributeCodeRequest, (), (access_token, attribute, client_metadata))
BOOST_DESCRIBE_STRUCT(ProveAttributeRequest, (), (access_token, attribute, code))

}  // namespace domicile::identity
