#include "base/format_version.h"

#include <charconv>

namespace domicile {
namespace {

constexpr std::string_view kSecretMark = "domicile secret ";

}  // namespace

bool needs_operator(const Error& error) {
    for (const char* reason :
         {kReasonNewerFormat, kReasonDamaged, kReasonForeign, kReasonSecretMissing}) {
        if (error.reason == reason) return true;
    }
    return false;
}

Result<void> check_format(std::string_view file, std::int64_t version, std::int64_t known) {
    if (version < 1)
        return fail(Code::malformed, std::string(file) + " is damaged: it names no format.",
                    kReasonDamaged);
    if (version <= known) return {};
    return fail(Code::failed_precondition,
                std::string(file) + " is of format " + std::to_string(version) +
                    "; this program knows formats up to " + std::to_string(known) +
                    ". Run the version of Domicile that wrote it, or a newer one, or restore the "
                    "data folder from before the upgrade.",
                kReasonNewerFormat);
}

Result<std::string> secret_of(std::string_view file, std::string content) {
    if (content.size() == kSecretBytes) return content;
    if (content.starts_with(kSecretMark)) {
        std::int64_t version = 0;
        const char* start = content.data() + kSecretMark.size();
        (void)std::from_chars(start, content.data() + content.size(), version);
        TRY_VOID(check_format(file, version, 1));
    }
    return fail(Code::malformed,
                std::string(file) + " is damaged: it does not hold " +
                    std::to_string(kSecretBytes) + " bytes. Restore it from your copy.",
                kReasonDamaged);
}

}  // namespace domicile
