#include "parameters/parameters.h"

#include "base/log.h"
#include "io/executor.h"

namespace domicile::parameters {
namespace {

// Not in the coroutine that awaits it: see run_blocking.
io::Task<Result<std::string>> read(io::Files& files, std::string path) {
    return io::run_blocking([&files, path = std::move(path)]() -> Result<std::string> {
        return files.read(path, Parameters::kValueBytesMax);
    });
}

}  // namespace

Parameters::Parameters(const config::Config& config, const std::string& region,
                       const std::string& directory, io::Files& files)
    : files_(files) {
    for (const config::Parameter& parameter : config.parameters) {
        Entry entry{parameter.name, parameter.value.value_or(""), parameter.file.value_or(""),
                    parameter.type == config::ParameterType::string_list};
        if (entry.secret() && !entry.file.starts_with('/'))
            entry.file = directory + '/' + entry.file;
        add(std::move(entry));
    }
    for (const config::Pool& pool : config.pools) {
        const std::string own = "/domicile/pools/" + pool.name;
        add({own + "/id", pool.id_in(region), "", false});
        for (const config::Client& client : pool.clients)
            add({own + "/clients/" + client.name + "/id", client.id, "", false});
    }
}

void Parameters::add(Entry entry) {
    std::string name = entry.name;
    entries_.insert_or_assign(std::move(name), std::move(entry));
}

const Entry* Parameters::find(std::string_view name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? nullptr : &found->second;
}

std::vector<const Entry*> Parameters::below(std::string_view path, bool deep,
                                            std::string_view after, std::size_t most) const {
    std::string prefix(path);
    if (!prefix.ends_with('/')) prefix += '/';
    std::vector<const Entry*> out;
    auto at = after < prefix ? entries_.lower_bound(prefix) : entries_.upper_bound(after);
    for (; at != entries_.end() && at->first.starts_with(prefix) && out.size() <= most; ++at) {
        const bool direct = at->first.find('/', prefix.size()) == std::string::npos;
        if (deep || direct) out.push_back(&at->second);
    }
    return out;
}

io::Task<Result<Redacted<std::string>>> Parameters::value_of(const Entry& entry) const {
    if (!entry.secret()) co_return Redacted<std::string>(entry.value);
    std::string path = entry.file;
    Result<std::string> text = co_await read(files_, std::move(path));
    if (text && text->ends_with('\n')) text->pop_back();
    if (text && text->ends_with('\r')) text->pop_back();
    if (!text || text->empty()) {
        log::error("parameter_unreadable", {{"parameter", entry.name}});
        co_return fail(Code::unavailable, "The parameter's file cannot be read.");
    }
    co_return Redacted<std::string>(std::move(*text));
}

}  // namespace domicile::parameters
