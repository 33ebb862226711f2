// docs/config.md from the descriptions of the sections.
#include "config/config.h"
#include "config/sections.h"

namespace domicile::config {
namespace {

// A table's cell: a bar would end it, and <...> would be taken for HTML.
std::string cell(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '|' || c == '<') out += '\\';
        out += c;
    }
    return out;
}

std::string row(const FieldInfo& field, const std::string& child_path) {
    std::string type = cell(field.type);
    if (field.child) type = fmt::format("[{}](#{})", type, child_path);
    const std::string fallback = field.required               ? "**required**"
                                 : field.default_text.empty() ? ""
                                                              : "`" + field.default_text + "`";
    return fmt::format("| `{}` | {} | {} | {} | {} |\n", field.key, type, fallback,
                       cell(field.bounds), cell(field.doc));
}

// The anchor that a heading gets: lower case, without the dots.
std::string anchor(const std::string& path) {
    std::string out;
    for (char c : path)
        if (c != '.') out += c;
    return out;
}

std::string join_path(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
}

void write_section(const ObjectInfo& section, const std::string& path, std::string& out) {
    out += fmt::format("\n## {}\n\n{}\n\n", path.empty() ? "top level" : path, section.doc);
    out += "| key | type | default | bounds | meaning |\n|---|---|---|---|---|\n";
    for (const FieldInfo& field : section.fields)
        out += row(field, anchor(join_path(path, field.key)));
    for (const FieldInfo& field : section.fields)
        if (field.child) write_section(*field.child, join_path(path, field.key), out);
}

}  // namespace

std::string reference() {
    std::string out =
        "# domicile.yaml\n\n"
        "Every key of the configuration file. Generated from `src/config/sections*.cc`; to renew "
        "it, "
        "run\n`DOMICILE_UPDATE=1 domicile_config_test`. `domicile check FILE` prints every problem "
        "of "
        "a file at once.\nUnknown and duplicate keys are errors; YAML anchors, aliases and tags "
        "are "
        "refused.\nA commented example is `examples/health/domicile.yaml`.\n";
    write_section(describe<Config>().info(), "", out);
    return out;
}

}  // namespace domicile::config
