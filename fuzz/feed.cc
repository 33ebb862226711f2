// What a function's process says on its feed: the same replies however it is cut into pieces, none
// beyond the bound, and nothing after what is no reply.
#include "functions/feed.h"

#include "fuzz.h"

namespace domicile::fuzz {
namespace {

constexpr std::size_t kPayloadBytes = 100;

std::string replies_of(std::string_view input, unsigned round) {
    std::string out;
    std::size_t payloads = 0;
    const functions::FeedReader::Sink keep = [&](const functions::FeedReply& reply) {
        DOMICILE_CHECK(reply.payload.size() <= kPayloadBytes);
        DOMICILE_CHECK(!reply.too_large || reply.payload.empty());
        payloads += reply.payload.size();
        out += std::to_string(reply.number) + (reply.raised ? '!' : '.') +
               (reply.too_large ? '+' : '.') + reply.payload + '|';
    };
    functions::FeedReader reader(kPayloadBytes);
    Cuts cuts(input, round);
    for (std::string_view left = input; !left.empty();) {
        const std::size_t size = cuts.next(left.size());
        if (!reader.take(left.substr(0, size), keep)) return out + "malformed";
        left.remove_prefix(size);
    }
    DOMICILE_CHECK(payloads <= input.size());
    return out;
}

}  // namespace

FUZZ_TARGET(feed) {
    const std::string replies = replies_of(input, 0);
    for (unsigned round = 1; round < Cuts::kRounds; ++round)
        DOMICILE_CHECK(replies_of(input, round) == replies);
}

}  // namespace domicile::fuzz
