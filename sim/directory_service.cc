#include "sim/directory_service.h"

#include "base/encoding.h"
#include "io/executor.h"

namespace domicile::sim {
namespace {

constexpr std::size_t kBodyBytesMax = 8 << 20;
constexpr Millis kDeadline{2'000};

json::value bytes(const std::string& raw) { return json::string(to_base64(raw)); }
std::string bytes(const json::value& from) {
    return from_base64(std::string_view(from.as_string())).value();
}
std::int64_t number(const json::object& from, const char* name) { return from.at(name).as_int64(); }

json::value to_json(const kv::Entry& entry) {
    return {bytes(entry.key), bytes(entry.value), entry.create_revision, entry.revision};
}
kv::Entry entry_of(const json::value& from) {
    const json::array& a = from.as_array();
    return {bytes(a[0]), bytes(a[1]), a[2].as_int64(), a[3].as_int64()};
}
json::value to_json(const std::optional<kv::Entry>& entry) {
    return entry ? to_json(*entry) : json::value(nullptr);
}
std::optional<kv::Entry> maybe_entry_of(const json::value& from) {
    if (from.is_null()) return std::nullopt;
    return entry_of(from);
}

json::object to_json(const kv::Transaction& transaction) {
    json::array compares, writes;
    for (const kv::Compare& c : transaction.compares)
        compares.push_back(
            {static_cast<std::int64_t>(c.kind), bytes(c.key), bytes(c.value), c.revision});
    for (const kv::Write& w : transaction.writes)
        writes.push_back({bytes(w.key), w.value ? bytes(*w.value) : json::value(nullptr)});
    return {{"compares", std::move(compares)}, {"writes", std::move(writes)}};
}
kv::Transaction transaction_of(const json::object& from) {
    kv::Transaction out;
    for (const json::value& c : from.at("compares").as_array()) {
        const json::array& a = c.as_array();
        out.compares.push_back({static_cast<kv::Compare::Kind>(a[0].as_int64()), bytes(a[1]),
                                bytes(a[2]), a[3].as_int64()});
    }
    for (const json::value& w : from.at("writes").as_array()) {
        const json::array& a = w.as_array();
        kv::Write write{bytes(a[0]), std::nullopt};
        if (!a[1].is_null()) write.value = bytes(a[1]);
        out.writes.push_back(std::move(write));
    }
    return out;
}

io::Task<Result<json::object>> do_commit(kv::Store& store, json::object request) {
    kv::Transaction transaction = transaction_of(request);
    CO_TRY(const kv::TransactionResult done, co_await store.commit(std::move(transaction)));
    json::array current;
    for (const auto& entry : done.current) current.push_back(to_json(entry));
    co_return json::object{
        {"applied", done.applied}, {"revision", done.revision}, {"current", std::move(current)}};
}

io::Task<Result<json::object>> do_get(kv::Store& store, json::object request) {
    CO_TRY(const auto entry, co_await store.get(bytes(request.at("key"))));
    co_return json::object{{"entry", to_json(entry)}};
}

io::Task<Result<json::object>> do_range(kv::Store& store, json::object request) {
    const auto limit = static_cast<std::size_t>(number(request, "limit"));
    CO_TRY(const auto entries,
           co_await store.range(bytes(request.at("prefix")), bytes(request.at("after")), limit));
    json::array out;
    for (const kv::Entry& entry : entries) out.push_back(to_json(entry));
    co_return json::object{{"entries", std::move(out)}};
}

io::Task<Result<json::object>> do_changes(kv::Store& store, json::object request) {
    const auto limit = static_cast<std::size_t>(number(request, "limit"));
    CO_TRY(const auto changes, co_await store.changes(number(request, "after"), limit));
    json::array out;
    for (const kv::Change& change : changes) out.push_back({to_json(change.entry), change.deleted});
    co_return json::object{{"changes", std::move(out)}};
}

io::Task<Result<json::object>> run(kv::Store& store, std::string path, json::object request) {
    if (path == "/commit") return do_commit(store, std::move(request));
    if (path == "/get") return do_get(store, std::move(request));
    if (path == "/range") return do_range(store, std::move(request));
    return do_changes(store, std::move(request));
}

io::Task<Result<void>> answer(http::Exchange& exchange, kv::Store& store) {
    CO_TRY(const std::string text, co_await exchange.read_all(kBodyBytesMax));
    std::string path(exchange.request().path);
    CO_TRY(json::object request, parse_json_object(text, {.bytes_max = kBodyBytesMax}));
    auto done = co_await run(store, std::move(path), std::move(request));
    json::object reply;
    if (done)
        reply = std::move(*done);
    else
        reply["error"] = json::array{to_string(done.error().code), done.error().reason};
    const std::string body = json::serialize(reply);
    http::ResponseHead head;
    co_return co_await exchange.respond(std::move(head), body);
}

}  // namespace

http::Handler directory_handler(kv::Store& store) {
    return [&store](http::Exchange& exchange) { return answer(exchange, store); };
}

io::Task<Result<json::object>> RemoteStore::call(std::string operation, json::object request) {
    const std::string target = "/" + operation;
    const std::string body = json::serialize(request);
    http::RequestHead head;
    head.method = "POST";
    head.target = target;
    const Instant deadline = io::deadline_in(kDeadline);
    http::Target to{service_};
    auto response = co_await client_.send(std::move(to), head, body, deadline);
    if (!response)
        co_return fail(Code::unavailable, "The directory cannot be reached; the outcome is open.");
    auto text = co_await (*response)->read_all(kBodyBytesMax);
    if (!text) co_return fail(Code::unavailable, "The directory's answer broke off.");
    CO_TRY(json::object reply, parse_json_object(*text, {.bytes_max = kBodyBytesMax}));
    if (const json::value* error = reply.if_contains("error")) {
        const json::array& a = error->as_array();
        co_return fail(code_from_string(std::string_view(a[0].as_string())), "The directory says.",
                       std::string(a[1].as_string()));
    }
    if ((*response)->status() != 200)
        co_return fail(Code::unavailable, "The directory cannot answer.");
    co_return reply;
}

io::Task<Result<kv::TransactionResult>> RemoteStore::commit(kv::Transaction transaction) {
    json::object request = to_json(transaction);
    CO_TRY(const json::object reply, co_await call("commit", std::move(request)));
    kv::TransactionResult out;
    out.applied = reply.at("applied").as_bool();
    out.revision = number(reply, "revision");
    for (const json::value& entry : reply.at("current").as_array())
        out.current.push_back(maybe_entry_of(entry));
    co_return out;
}

io::Task<Result<std::optional<kv::Entry>>> RemoteStore::get(std::string key) {
    json::object request{{"key", bytes(key)}};
    CO_TRY(const json::object reply, co_await call("get", std::move(request)));
    co_return maybe_entry_of(reply.at("entry"));
}

io::Task<Result<std::vector<kv::Entry>>> RemoteStore::range(std::string prefix, std::string after,
                                                            std::size_t limit) {
    json::object request{{"prefix", bytes(prefix)},
                         {"after", bytes(after)},
                         {"limit", static_cast<std::int64_t>(limit)}};
    CO_TRY(const json::object reply, co_await call("range", std::move(request)));
    std::vector<kv::Entry> out;
    for (const json::value& entry : reply.at("entries").as_array()) out.push_back(entry_of(entry));
    co_return out;
}

io::Task<Result<std::vector<kv::Change>>> RemoteStore::changes(std::int64_t after_revision,
                                                               std::size_t limit) {
    const auto pause = static_cast<std::int64_t>(io::Executor::current().random().number() % 1'500);
    co_await io::sleep_for(Millis(300 + pause));
    json::object request{{"after", after_revision}, {"limit", static_cast<std::int64_t>(limit)}};
    CO_TRY(const json::object reply, co_await call("changes", std::move(request)));
    std::vector<kv::Change> out;
    for (const json::value& change : reply.at("changes").as_array())
        out.push_back({entry_of(change.as_array()[0]), change.as_array()[1].as_bool()});
    co_return out;
}

}  // namespace domicile::sim
