#include "llhttp_reader.h"

#include <llhttp/llhttp.h>

namespace domicile::fuzz {
namespace {

struct Reader {
    LlhttpReading reading;
    bool fresh_header = true;

    LlhttpMessage& message() { return reading.messages.back(); }
};

Reader& reader_of(llhttp_t* parser) { return *static_cast<Reader*>(parser->data); }

int on_begin(llhttp_t* parser) {
    reader_of(parser).reading.messages.emplace_back();
    return 0;
}
int on_url(llhttp_t* parser, const char* at, std::size_t size) {
    reader_of(parser).message().target.append(at, size);
    return 0;
}
int on_field(llhttp_t* parser, const char* at, std::size_t size) {
    Reader& reader = reader_of(parser);
    if (reader.message().head_complete) return 0;
    if (std::exchange(reader.fresh_header, false)) reader.message().headers.emplace_back();
    reader.message().headers.back().first.append(at, size);
    return 0;
}
int on_value(llhttp_t* parser, const char* at, std::size_t size) {
    LlhttpMessage& message = reader_of(parser).message();
    if (!message.head_complete) message.headers.back().second.append(at, size);
    return 0;
}
int on_value_complete(llhttp_t* parser) {
    reader_of(parser).fresh_header = true;
    return 0;
}
int on_head(llhttp_t* parser) {
    LlhttpMessage& message = reader_of(parser).message();
    message.head_complete = true;
    message.method = llhttp_method_name(static_cast<llhttp_method_t>(parser->method));
    message.major = parser->http_major;
    message.minor = parser->http_minor;
    return 0;
}
int on_body(llhttp_t* parser, const char* at, std::size_t size) {
    reader_of(parser).message().body.append(at, size);
    return 0;
}
int on_complete(llhttp_t* parser) {
    LlhttpMessage& message = reader_of(parser).message();
    message.complete = true;
    message.keep_alive = llhttp_should_keep_alive(parser) != 0;
    return HPE_PAUSED;  // tells where the message ends
}

llhttp_settings_t make_settings() {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_message_begin = on_begin;
    settings.on_url = on_url;
    settings.on_header_field = on_field;
    settings.on_header_value = on_value;
    settings.on_header_value_complete = on_value_complete;
    settings.on_headers_complete = on_head;
    settings.on_body = on_body;
    settings.on_message_complete = on_complete;
    return settings;
}

}  // namespace

LlhttpReading read_with_llhttp(std::string_view input) {
    static const llhttp_settings_t kSettings = make_settings();
    Reader reader;
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &kSettings);
    parser.data = &reader;
    const char* at = input.data();
    const char* end = at + input.size();
    while (at != end) {
        const llhttp_errno_t error =
            llhttp_execute(&parser, at, static_cast<std::size_t>(end - at));
        if (error == HPE_OK) break;
        at = llhttp_get_error_pos(&parser);
        if (error == HPE_PAUSED) {
            reader.message().end = static_cast<std::size_t>(at - input.data());
            llhttp_resume(&parser);
        } else if (error == HPE_PAUSED_UPGRADE) {
            llhttp_resume_after_upgrade(&parser);
        } else {
            reader.reading.refused = true;
            reader.reading.reason = llhttp_get_error_reason(&parser);
            break;
        }
    }
    return std::move(reader.reading);
}

}  // namespace domicile::fuzz
