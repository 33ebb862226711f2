#include "http/message.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"

namespace domicile::http {

namespace {

// Lengths are compared first: most names of a message differ in length.
bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && equals_ignore_case(a, b);
}

}  // namespace

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const Header& header : items_) {
        if (same_name(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
    return std::count_if(items_.begin(), items_.end(),
                         [&](const Header& header) { return same_name(header.name, name); });
}

void Headers::remove(std::string_view name) {
    std::erase_if(items_, [&](const Header& header) { return same_name(header.name, name); });
}

const std::string* ResponseHead::find(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (same_name(key, name)) return &value;
    }
    return nullptr;
}

void ResponseHead::set(std::string_view name, std::string value) {
    remove(name);
    headers.emplace_back(std::string(name), std::move(value));
}

void ResponseHead::remove(std::string_view name) {
    std::erase_if(headers, [&](const auto& header) { return same_name(header.first, name); });
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 203:
            return "Non-Authoritative Information";
        case 204:
            return "No Content";
        case 205:
            return "Reset Content";
        case 206:
            return "Partial Content";
        case 300:
            return "Multiple Choices";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 407:
            return "Proxy Authentication Required";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 425:
            return "Too Early";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 451:
            return "Unavailable For Legal Reasons";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "";
    }
}

std::string problem_json(int status, std::string_view type, std::string_view title,
                         std::string_view detail) {
    json::object problem;
    problem["type"] = type.empty() ? "about:blank" : type;
    problem["title"] = title;
    problem["status"] = status;
    if (!detail.empty()) problem["detail"] = detail;
    return json::serialize(problem);
}

}  // namespace domicile::http
