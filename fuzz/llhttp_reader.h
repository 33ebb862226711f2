// llhttp, the parser of Node.js, as the other opinion on what a request says: strict mode, no
// leniency. Used by the differential target only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace domicile::fuzz {

struct LlhttpMessage {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;  // of the head, without trailers
    int major = 0, minor = 0;
    bool head_complete = false;
    bool complete = false;
    bool keep_alive = false;
    std::size_t end = 0;  // offset behind the message, when complete
};

struct LlhttpReading {
    std::vector<LlhttpMessage> messages;  // the last may be incomplete
    bool refused = false;
    std::string reason;  // of the refusal
};

LlhttpReading read_with_llhttp(std::string_view input);

}  // namespace domicile::fuzz
