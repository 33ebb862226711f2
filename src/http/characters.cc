#include "http/characters.h"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace domicile::http {

#ifdef __SSE2__
namespace {

// 1 to 15 bytes, some of them several times: enough for a question about each of them.
__m128i short_text(std::string_view text) {
    const char* at = text.data();
    const std::size_t size = text.size();
    if (size >= 8) {
        long long first = 0, last = 0;
        std::memcpy(&first, at, 8);
        std::memcpy(&last, at + size - 8, 8);
        return _mm_set_epi64x(first, last);
    }
    if (size >= 4) {
        int first = 0, last = 0;
        std::memcpy(&first, at, 4);
        std::memcpy(&last, at + size - 4, 4);
        return _mm_set_epi32(first, last, first, last);
    }
    const unsigned first = static_cast<unsigned char>(at[0]);
    const unsigned middle = static_cast<unsigned char>(at[size / 2]);
    const unsigned last = static_cast<unsigned char>(at[size - 1]);
    return _mm_set1_epi32(static_cast<int>(first | first << 8 | middle << 16 | last << 24));
}

// `fits` says of 16 bytes which are as they should be (all bits of each set).
template <class F>
bool all_of(std::string_view text, F fits) {
    constexpr int kAll = 0xffff;
    const auto good = [&](__m128i block) { return _mm_movemask_epi8(fits(block)) == kAll; };
    const auto load = [](const char* at) {
        return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    };
    if (text.empty()) return true;
    if (text.size() < 16) return good(short_text(text));
    const char* at = text.data();
    const char* const last = at + text.size() - 16;
    for (; at < last; at += 16)
        if (!good(load(at))) return false;
    return good(load(last));
}

__m128i at_most(__m128i bytes, char most) {
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
}

// Types of their own, so that each has a loop of its own.
struct IsText {
    __m128i operator()(__m128i bytes) const {
        const __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
        const __m128i control = _mm_or_si128(at_most(bytes, 0x1f), del);
        const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
        return _mm_or_si128(tab, _mm_xor_si128(control, _mm_set1_epi8(-1)));
    }
};

struct IsLetterDigitOrDash {
    __m128i operator()(__m128i bytes) const {
        const __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        const __m128i letter = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 25);
        const __m128i digit = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
        const __m128i dash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
        return _mm_or_si128(_mm_or_si128(letter, digit), dash);
    }
};

}  // namespace

bool is_field_value(std::string_view text) { return all_of(text, IsText()); }

bool is_token(std::string_view text) {
    // Nearly every name has nothing else.
    if (!text.empty() && all_of(text, IsLetterDigitOrDash())) return true;
    return !text.empty() && is_all(text, kToken);
}
#else
bool is_field_value(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
    }
    return true;
}

bool is_token(std::string_view text) { return !text.empty() && is_all(text, kToken); }
#endif

}  // namespace domicile::http
