// What the descriptions of sections are written with. Internal to sections*.cc.
#pragma once

#include "config/sections.h"
#include "config/text_rules.h"

// The words of an enumeration in the file, in the order of its values.
#define DOMICILE_WORDS(type, ...)                                   \
    template <>                                                     \
    std::span<const std::string_view> words_of<type>() {            \
        static constexpr std::string_view kWords[] = {__VA_ARGS__}; \
        return kWords;                                              \
    }

namespace domicile::config {

inline Limit required() { return {.required = true}; }

inline Limit text(bool (*fits)(std::string_view), const char* pattern, std::string words,
                  bool required = false) {
    return {.required = required, .fits = fits, .words = std::move(words), .pattern = pattern};
}
inline Limit methods() {
    return {.fits = is_method,
            .words = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            .choices = method_choices};
}
inline Limit range(double min, double max) { return {.min = min, .max = max}; }

inline Limit names() {
    return text(is_name, pattern::kName, "1 to 64 of A-Z a-z 0-9 _ . -, first a letter or digit");
}
inline Limit labels() {
    return text(is_dns_label, pattern::kDnsLabel, "a DNS label in lower case: a-z 0-9 -");
}

inline Limit required_and_filled(Limit limit) {
    limit.required = limit.filled = true;
    return limit;
}

inline constexpr std::int64_t kGibibyte = 1 << 30;

}  // namespace domicile::config
