#include "smtp/message.h"

#include <algorithm>

#include "base/encoding.h"

namespace domicile::smtp {
namespace {

constexpr std::size_t kAddressBytesMax = 254;  // RFC 5321, 4.5.3.1.3, less the brackets
constexpr std::size_t kLineBytes = 76;         // of encoded text (RFC 2045, 6.8)
// Of UTF-8 in one encoded word, whose 75 bytes (RFC 2047, 2) hold 60 of base64 beside its frame.
constexpr std::size_t kWordBytes = 45;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

bool is_address(std::string_view text) {
    const auto at = text.find('@');
    if (at == text.npos || at == 0 || at + 1 == text.size()) return false;
    if (text.find('@', at + 1) != text.npos || text.size() > kAddressBytesMax) return false;
    return std::ranges::none_of(
        text, [](char c) { return is_control(c) || c == ' ' || c == '<' || c == '>'; });
}

std::unexpected<Error> bad(const char* what) { return fail(Code::invalid_argument, what); }

// Cut between characters: no word may end within one.
std::size_t whole_characters(std::string_view text, std::size_t bytes_max) {
    if (text.size() <= bytes_max) return text.size();
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return end == 0 ? bytes_max : end;
}

// As it is where it is short ASCII, else in encoded words on lines of their own.
std::string header_text(std::string_view text) {
    const bool plain = text.size() <= kLineBytes && !text.contains("=?") &&
                       std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
    if (plain) return std::string(text);
    std::string out;
    while (!text.empty()) {
        const std::size_t bytes = whole_characters(text, kWordBytes);
        if (!out.empty()) out += "\r\n ";
        out += "=?utf-8?B?" + to_base64(text.substr(0, bytes)) + "?=";
        text.remove_prefix(bytes);
    }
    return out;
}

// The name before a `<`, quoted where it is ASCII.
std::string mailbox_text(std::string_view mailbox, const std::string& address) {
    const auto open = mailbox.find('<');
    const std::string_view name = open == mailbox.npos ? "" : trim(mailbox.substr(0, open));
    if (name.empty()) return address;
    std::string shown = header_text(name);
    if (shown == name) {
        std::erase_if(shown, [](char c) { return c == '"' || c == '\\'; });
        shown = '"' + shown + '"';
    }
    return shown + " <" + address + '>';
}

std::string body(std::string_view text) {
    std::string lines;
    for (const char c : text) {
        if (c == '\n' && (lines.empty() || lines.back() != '\r')) lines += '\r';
        lines += c;
    }
    const std::string encoded = to_base64(lines);
    std::string out;
    for (std::size_t at = 0; at < encoded.size(); at += kLineBytes)
        out += encoded.substr(at, kLineBytes) + "\r\n";
    return out;
}

std::string date(Timestamp time) {
    std::string out = to_http_date(time);
    out.replace(out.size() - 3, 3, "+0000");  // for "GMT", which mails have given up
    return out;
}

}  // namespace

Result<std::string> address_of(std::string_view mailbox) {
    mailbox = trim(mailbox);
    const auto open = mailbox.find('<');
    if (open != mailbox.npos) {
        const std::string_view name = mailbox.substr(0, open);
        if (!mailbox.ends_with('>') || std::ranges::any_of(name, is_control))
            return bad("The mailbox is not `Name <address>`.");
        mailbox = mailbox.substr(open + 1, mailbox.size() - open - 2);
    }
    if (!is_address(mailbox)) return bad("The address cannot be one.");
    return std::string(mailbox);
}

Result<std::string> to_text(const Message& message) {
    TRY(const std::string from, address_of(message.from));
    TRY(const std::string to, address_of(message.to));
    if (std::ranges::any_of(message.subject, is_control)) return bad("The subject is one line.");
    std::string out;
    const auto add = [&out](std::string_view name, std::string_view value) {
        out.append(name).append(": ").append(value).append("\r\n");
    };
    add("Date", date(message.time));
    add("From", mailbox_text(message.from, from));
    add("To", to);
    add("Subject", header_text(message.subject));
    add("Message-ID", '<' + message.id + from.substr(from.find('@')) + '>');
    add("Auto-Submitted", "auto-generated");  // RFC 3834: no answer of a holiday is wanted
    add("MIME-Version", "1.0");
    add("Content-Type", message.html ? "text/html; charset=utf-8" : "text/plain; charset=utf-8");
    add("Content-Transfer-Encoding", "base64");
    out += "\r\n";
    out += body(message.text);
    return out;
}

}  // namespace domicile::smtp
