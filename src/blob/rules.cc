#include "blob/rules.h"

namespace domicile::blob {

std::unexpected<Error> absent() { return fail(Code::not_found, "There is no such blob."); }
std::unexpected<Error> exists() { return fail(Code::already_exists, "The key has a blob."); }

Result<void> check_range(const Range& range) {
    if (!range.length || *range.length > 0) return {};
    return fail(Code::invalid_argument, "A range has at least one byte.");
}

Result<Range> within(Range range, std::uint64_t size) {
    if (range.offset > 0 && range.offset >= size)
        return fail(Code::invalid_argument, "The range begins behind the end of the blob.",
                    std::string(kReasonRange));
    range.length = std::min(range.length.value_or(size), size - range.offset);
    return range;
}

Result<void> check_growth(std::uint64_t size, const Expected& expected, std::uint64_t most) {
    if (std::max(size, expected.size.value_or(0)) > most)
        return fail(Code::too_large, "The blob is too large.");
    if (size > expected.size.value_or(most))
        return fail(Code::invalid_argument, "The body is longer than was said.",
                    std::string(kReasonSize));
    return {};
}

Result<void> check_whole(const Stored& stored, const Expected& expected) {
    if (stored.size != expected.size.value_or(stored.size))
        return fail(Code::invalid_argument, "The body is not as long as was said.",
                    std::string(kReasonSize));
    if (!expected.sha256.empty() && expected.sha256 != stored.sha256)
        return fail(Code::invalid_argument, "The body does not have the digest that was said.",
                    std::string(kReasonDigest));
    return {};
}

Result<Turn> Turn::take(Count taken, std::size_t most) {
    if (taken->fetch_add(1) < most) return Turn(std::move(taken));
    taken->fetch_sub(1);
    return fail(Code::resource_exhausted, "Too many blobs are being written and read.");
}

}  // namespace domicile::blob
