// What Lambda's and SSM's dialects read from requests: a name that is taken is one, whatever it was
// written as; read again from its plain form it is the same; numbers are within bounds; a page's
// token is read back.
#include <algorithm>

#include "api/lambda/target.h"
#include "api/ssm/request.h"
#include "fuzz.h"

namespace domicile::fuzz {
namespace {

constexpr std::string_view kRegion = "eu-central-1";

bool is_word(std::string_view text, std::string_view also) {
    return !text.empty() && std::ranges::all_of(text, [also](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               also.contains(c);
    });
}

void check_lambda(std::string_view input) {
    const std::size_t query = std::min(input.find('?'), input.size());
    const std::string path =
        std::string(api::lambda::kPathPrefix) + std::string(input.substr(0, query));
    const std::string_view rest = input.substr(std::min(query + 1, input.size()));
    for (const char* method : {"GET", "POST"}) {
        const auto target = api::lambda::parse_target(method, path, rest, kRegion);
        if (!target) continue;
        DOMICILE_CHECK(target->items >= 1 && target->items <= 50);
        const bool list = target->operation == api::lambda::Operation::list_functions;
        DOMICILE_CHECK(list == target->function.empty());
        if (list) continue;
        DOMICILE_CHECK(target->function.size() <= 64 && is_word(target->function, "-_."));
        const std::string plain = std::string(api::lambda::kPathPrefix) + '/' + target->function;
        const auto again = api::lambda::parse_target("GET", plain, "", kRegion);
        DOMICILE_CHECK(again && again->function == target->function);
    }
}

void check_ssm(std::string_view input) {
    const auto name = api::ssm::parse_name(input, kRegion);
    if (name) {
        DOMICILE_CHECK(is_word(name->name, "/_.-"));
        const auto again = api::ssm::parse_name(name->name, kRegion);
        DOMICILE_CHECK(again && again->name == name->name && again->selector.empty());
    }
    const auto request = parse_json_object(input);
    if (!request) return;
    (void)api::ssm::parse_one(*request, kRegion);
    const auto several = api::ssm::parse_several(*request, kRegion);
    DOMICILE_CHECK(!several || (!several->names.empty() && several->names.size() <= 10));
    const auto below = api::ssm::parse_below(*request);
    if (!below) return;
    DOMICILE_CHECK(below->path[0] == '/' && below->most >= 1 && below->most <= 10);
    if (below->after.empty()) return;
    json::object next{{"Path", below->path}, {"NextToken", api::ssm::token_after(below->after)}};
    DOMICILE_CHECK(api::ssm::parse_below(next)->after == below->after);
}

}  // namespace

FUZZ_TARGET(aws_rest) {
    check_lambda(input);
    check_ssm(input);
}

}  // namespace domicile::fuzz
