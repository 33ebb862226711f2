// What members of an etcd cluster say: answers of the JSON gateway, errors, the stream of a watch.
// What is taken over is under the store's prefix, has a revision, and is of the key that was asked
// for; printed in etcd's form and read again it is the same. An error that is not known for one
// before anything was proposed leaves the outcome open, and none blames the caller's credentials.
#include <string>
#include <vector>

#include "base/encoding.h"
#include "fuzz.h"
#include "kv/etcd_codec.h"

namespace domicile::fuzz {
namespace {

using namespace kv;

const std::string kPrefix = "domicile/";
const std::string kFirst = "a", kSecond = "b";

json::object printed(const Entry& entry) {
    return {{"key", to_base64(kPrefix + entry.key)},
            {"value", to_base64(entry.value)},
            {"create_revision", std::to_string(entry.create_revision)},
            {"mod_revision", std::to_string(entry.revision)}};
}

void check_entries(const json::object& response) {
    const auto entries = etcd::decode_entries(response, kPrefix);
    if (!entries) return;
    json::array kvs;
    for (const Entry& entry : *entries) {
        DOMICILE_CHECK(entry.revision > 0);
        kvs.push_back(printed(entry));
    }
    const json::object again{{"kvs", kvs}};
    const auto same = etcd::decode_entries(again, kPrefix);
    DOMICILE_CHECK(same.has_value() && *same == *entries);
}

void check_transaction(const json::object& response) {
    Transaction asked;
    for (const std::string& key : {kFirst, kSecond})
        asked.compares.push_back({Compare::Kind::absent, key, "", 0});
    const auto result = etcd::decode_transaction(response, asked, kPrefix);
    if (!result) return;
    DOMICILE_CHECK(result->revision > 0);
    DOMICILE_CHECK(result->current.size() == (result->applied ? 0u : 2u));
    for (std::size_t i = 0; i < result->current.size(); ++i)
        DOMICILE_CHECK(!result->current[i] || result->current[i]->key == asked.compares[i].key);
}

void check_one(const json::object& response) {
    const auto entry = etcd::decode_one(response, kFirst, kPrefix);
    if (entry && *entry) DOMICILE_CHECK((*entry)->key == kFirst);
}

void check_watch(std::string_view line) {
    const auto message = etcd::decode_watch(line, kPrefix);
    if (!message) return;
    json::array events;
    for (const Change& change : message->changes) {
        DOMICILE_CHECK(change.entry.revision > 0);
        json::object event{{"kv", printed(change.entry)}};
        if (change.deleted) event["type"] = "DELETE";
        events.push_back(std::move(event));
    }
    const json::object result{{"events", events}};
    const std::string again = json::serialize(json::object{{"result", result}});
    const auto same = etcd::decode_watch(again, kPrefix);
    DOMICILE_CHECK(same.has_value() && same->changes.size() == message->changes.size());
    for (std::size_t i = 0; i < same->changes.size(); ++i) {
        DOMICILE_CHECK(same->changes[i].entry == message->changes[i].entry);
        DOMICILE_CHECK(same->changes[i].deleted == message->changes[i].deleted);
    }
}

void check_error(std::string_view body) {
    for (const int status : {400, 401, 404, 429, 500, 503}) {
        const etcd::Refused refused = etcd::decode_error(status, body);
        const Code code = refused.error.code;
        DOMICILE_CHECK(code == Code::unavailable || code == Code::failed_precondition ||
                       code == Code::too_large || code == Code::resource_exhausted ||
                       code == Code::already_exists || code == Code::internal);
        if (refused.kind == etcd::Refusal::unknown) DOMICILE_CHECK(code == Code::unavailable);
    }
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(etcd) {
    using namespace domicile;
    using namespace domicile::fuzz;
    check_error(input);
    std::size_t from = 0;
    for (auto end = input.find('\n'); end != input.npos; end = input.find('\n', from)) {
        check_watch(input.substr(from, end - from));
        from = end + 1;
    }
    const auto response = parse_json_object(input);
    if (!response) return;
    check_entries(*response);
    check_one(*response);
    check_transaction(*response);
    (void)kv::etcd::lease_lives(*response);
}
