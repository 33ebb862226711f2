// Writes a JSON text from its beginning to its end, without a tree between: events are made for
// every call. Strings that are not UTF-8 are read as ISO 8859-1 (text_of). Internal to functions.
#pragma once

#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include "base/json.h"

namespace domicile::functions {

class JsonText {
  public:
    JsonText() { out_.reserve(2048); }

    JsonText& object() { return open('{'); }
    JsonText& array() { return open('['); }
    JsonText& end_object() { return close('}'); }
    JsonText& end_array() { return close(']'); }
    // Of the value that follows.
    JsonText& key(std::string_view name) {
        string(name);
        out_ += ':';
        first_ = true;
        return *this;
    }
    JsonText& string(std::string_view value);
    JsonText& number(std::int64_t value) {
        comma();
        std::array<char, 24> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        out_.append(digits.data(), end);
        return *this;
    }
    JsonText& boolean(bool value) { return raw(value ? "true" : "false"); }
    JsonText& null() { return raw("null"); }
    JsonText& value(const json::value& value) { return raw(json::serialize(value)); }
    // What is a value already.
    JsonText& raw(std::string_view text) {
        comma();
        out_ += text;
        return *this;
    }
    JsonText& member(std::string_view name, std::string_view value) {
        return key(name).string(value);
    }

    std::string take() { return std::move(out_); }

  private:
    void comma() {
        if (!first_) out_ += ',';
        first_ = false;
    }
    JsonText& open(char with) {
        comma();
        out_ += with;
        first_ = true;
        return *this;
    }
    JsonText& close(char with) {
        out_ += with;
        first_ = false;
        return *this;
    }
    void escape(unsigned char c);

    std::string out_;
    bool first_ = true;
};

}  // namespace domicile::functions
