// Makes schemas of a document's JSON. Internal.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "openapi/document.h"

namespace domicile::openapi {

using Steps = std::vector<std::string>;
Steps operator/(Steps steps, std::string_view step);

struct Located {
    const json::value* value = nullptr;
    Steps steps;
};

class Compiler {
  public:
    static constexpr std::size_t kProblemsMax = 100;
    // Of allOf and its like within each other, which all look at the same value.
    static constexpr std::size_t kChainMax = 32;
    // Each may take up to a megabyte while it is matched.
    static constexpr std::size_t kPatternsMax = 500;

    Compiler(const json::value& root, bool version_3_1, std::vector<Problem>& problems)
        : root_(root), v31_(version_3_1), problems_(problems) {}

    void problem(const Steps& at, std::string message, std::string hint = {});
    // Follows $ref while there is one; nullopt and a problem where it leads nowhere.
    std::optional<Located> resolve(Located at);
    // The schema there, which is compiled by finish().
    SchemaId schema(Located at);
    // The bits of `type`, behind references; kAny when it does not say.
    unsigned types_at(Located at);

    // Whether there is a keyword that only counts for values of one type.
    static bool depends_on_type(const json::object& schema);

    // Compiles what was asked for, with all that it refers to.
    void finish();
    std::shared_ptr<const Schemas> schemas() const { return schemas_; }
    bool is_3_1() const { return v31_; }

  private:
    struct Todo {
        SchemaId id;
        Located at;
    };

    void compile(SchemaId id, const Located& at);
    void keyword(Schema& out, const json::object& from, std::string_view name,
                 const json::value& value, const Steps& at);
    bool combining(Schema& out, std::string_view name, const json::value& value, const Steps& at);
    bool counting(Schema& out, std::string_view name, const json::value& value, const Steps& at);
    bool numbering(Schema& out, const json::object& from, std::string_view name,
                   const json::value& value, const Steps& at);
    void type_keyword(Schema& out, const json::object& from, const json::value& value,
                      const Steps& at);
    void choices(Schema& out, const json::array& values);
    void pattern(Schema& out, const json::value& value, const Steps& at);
    void members(Schema& out, const json::value& value, const Steps& at);
    std::vector<SchemaId> list(const json::value& value, const Steps& at);
    void check_chains();
    bool is_read_only(SchemaId id, std::size_t depth = 0) const;
    void forget_read_only();

    const json::value& root_;
    const bool v31_;
    std::vector<Problem>& problems_;
    std::shared_ptr<Schemas> schemas_ = std::make_shared<Schemas>();
    std::map<std::string, SchemaId> known_;  // by pointer
    std::map<std::string, std::shared_ptr<const re2::RE2>, std::less<>> patterns_;
    std::vector<Steps> places_;  // of each schema
    std::deque<Todo> todo_;
};

}  // namespace domicile::openapi
