// Chunked bodies. The same bytes come out, and the same bytes are left over, however the input is
// cut; the decoder never holds back more than a line; and what the printer of chunks makes of any
// bytes is decoded to them.
#include <algorithm>
#include <string>

#include "fuzz.h"
#include "http/outbound.h"
#include "http/parser.h"

namespace domicile::fuzz {
namespace {

using http::ChunkedDecoder;

struct Decoded {
    std::string data;
    std::size_t consumed = 0;
    ChunkedDecoder::Step::Status end = ChunkedDecoder::Step::need_more;

    bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view input, unsigned round) {
    Decoded out;
    ChunkedDecoder decoder;
    Cuts cuts(input, round);
    std::string pending;
    while (!input.empty()) {
        const std::size_t size = cuts.next(input.size());
        pending += input.substr(0, size);
        input.remove_prefix(size);
        for (;;) {
            const auto step = decoder.next(pending);
            DOMICILE_CHECK(step.data.size() <= step.consumed && step.consumed <= pending.size());
            out.data += step.data;
            out.consumed += step.consumed;
            pending.erase(0, step.consumed);
            out.end = step.status;
            if (step.status == ChunkedDecoder::Step::end) return out;
            if (step.status == ChunkedDecoder::Step::bad) return {.data = out.data, .end = out.end};
            if (step.status == ChunkedDecoder::Step::need_more) break;
        }
        DOMICILE_CHECK(pending.size() <= ChunkedDecoder::kTrailerLineMax);
    }
    return out;
}

std::string encode(std::string_view bytes) {
    std::string out;
    Cuts cuts(bytes, 3);
    while (!bytes.empty()) {
        const std::size_t size = cuts.next(bytes.size());
        http::print_chunk_size(size, out);
        out.append(bytes.substr(0, size)).append("\r\n");
        bytes.remove_prefix(size);
    }
    return out + "0\r\n\r\n";
}

}  // namespace
}  // namespace domicile::fuzz

FUZZ_TARGET(http_chunked) {
    using namespace domicile::fuzz;
    const Decoded whole = decode(input, 0);
    // Byte by byte costs the most and finds nothing more in long inputs.
    for (unsigned round = input.size() <= 512 ? 1 : 2; round < Cuts::kRounds; ++round) {
        DOMICILE_CHECK(decode(input, round) == whole);
    }
    const std::string chunks = encode(input);
    for (const unsigned round : {0u, 3u}) {
        const Decoded again = decode(chunks, round);
        DOMICILE_CHECK(again.end == ChunkedDecoder::Step::end);
        DOMICILE_CHECK(again.data == input && again.consumed == chunks.size());
    }
}
