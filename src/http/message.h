// HTTP messages. A RequestHead as received holds views into the connection's buffer, valid until
// the exchange ends; one that is to be sent holds views of whatever its maker keeps alive.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace domicile::http {

struct Header {
    std::string_view name;
    std::string_view value;
    // The parser has found every byte of both allowed, so that whoever prints them need not look
    // again. Nobody else sets it.
    bool checked = false;
};

// In order of arrival; names compare without case.
class Headers {
  public:
    // The first value, or nullopt.
    std::optional<std::string_view> find(std::string_view name) const;
    bool contains(std::string_view name) const { return find(name).has_value(); }
    std::size_t count(std::string_view name) const;
    void add(std::string_view name, std::string_view value) {
        if (items_.capacity() == 0) items_.reserve(kUsual);
        items_.push_back({name, value});
    }
    void add(const Header& header) {
        if (items_.capacity() == 0) items_.reserve(kUsual);
        items_.push_back(header);
    }
    void remove(std::string_view name);
    void clear() { items_.clear(); }
    std::size_t size() const { return items_.size(); }
    auto begin() const { return items_.begin(); }
    auto end() const { return items_.end(); }

  private:
    static constexpr std::size_t kUsual = 16;  // room for most messages without growing
    std::vector<Header> items_;
};

struct RequestHead {
    std::string_view method;  // a token, case-sensitive
    std::string_view target;  // origin form as sent: path and query
    std::string_view path;    // of the target, not decoded
    std::string_view query;   // of the target, without '?'
    std::string_view host;    // the Host field without the port, lower case not enforced
    bool http10 = false;
    Headers headers;
};

// Owns its texts: responses are mostly made, seldom passed on.
struct ResponseHead {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;

    ResponseHead& add(std::string name, std::string value) {
        if (headers.capacity() == 0) headers.reserve(8);
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
    const std::string* find(std::string_view name) const;
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
};

// "OK", "Not Found"; "" when unknown.
std::string_view reason_phrase(int status);

// RFC 9457 problem document as a whole response body: {"type","title","status","detail",...}.
std::string problem_json(int status, std::string_view type, std::string_view title,
                         std::string_view detail);

}  // namespace domicile::http
