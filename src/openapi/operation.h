// One operation of a document: what its requests may be.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openapi/schema.h"

namespace domicile::openapi {

enum class In : std::uint8_t { path, query, header };

struct Parameter {
    std::string name;  // of a header in lower case
    In in = In::query;
    bool required = false;
    bool empty_is_good = false;  // allowEmptyValue
    bool list = false;           // an array
    bool comma = false;          // its values are in one text, with commas between
    SchemaId schema = 0;
    std::optional<SchemaId> items;  // of a list
};

struct Media {
    std::string type;  // in lower case: "application/json", "text/*", "*/*"
    bool json = false;
    std::optional<SchemaId> schema;  // of JSON; nullopt: anything
};

// What came with a request; decoded.
struct Given {
    std::vector<std::pair<std::string, std::string>> path, query, headers;
};

class Operation {
  public:
    std::string pointer;  // in the document: "/paths/~1entries/get"
    std::string path;     // "/entries/{id}"
    std::string method;   // empty: any
    std::shared_ptr<const Schemas> schemas;
    std::vector<Parameter> parameters;
    bool has_body = false;  // requestBody is there; without it a body is not looked at
    bool body_required = false;
    std::vector<Media> media;

    Violations check_parameters(const Given& given) const;
    // What is said of a body with this Content-Type; null: it may not have it.
    const Media* media_of(std::string_view content_type) const;
    Violations check_body(const Media& media, std::string_view body) const;
};

}  // namespace domicile::openapi
