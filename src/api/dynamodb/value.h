// AttributeValue (DynamoDB API reference): {"S": "text"} and its kin, to and from documents' types.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "documents/documents.h"

namespace domicile::api::dynamodb {

// malformed where the JSON type is wrong (SerializationException), invalid_argument where the value
// is (ValidationException). Numbers come out normalised.
Result<documents::Attribute> parse_attribute(const json::value& value);
Result<documents::Item> parse_item(const json::object& object);

json::object print_attribute(const documents::Attribute& attribute);
json::object print_item(const documents::Item& item);

}  // namespace domicile::api::dynamodb
