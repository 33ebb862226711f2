#include "api/oidc/qr_code.h"

#include <qrencode.h>

#include <algorithm>
#include <memory>

namespace domicile::api::oidc {
namespace {

struct FreeQr {
    void operator()(QRcode* code) const { QRcode_free(code); }
};

}  // namespace

std::optional<QrCode> make_qr_code(std::string_view text) {
    if (text.empty() || text.size() > kQrBytesMax) return std::nullopt;
    constexpr int kSmallest = 0;  // the version is the least that holds the text
    const std::unique_ptr<QRcode, FreeQr> made(QRcode_encodeData(
        static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()),
        kSmallest, QR_ECLEVEL_M));
    if (made == nullptr) return std::nullopt;
    QrCode out;
    out.size = made->width;
    const auto width = static_cast<std::size_t>(made->width);
    for (std::size_t y = 0; y < width; ++y) {
        const unsigned char* row = made->data + y * width;
        std::vector<bool>& dark = out.dark.emplace_back(width);
        std::transform(row, row + width, dark.begin(),
                       [](unsigned char module) { return (module & 1) != 0; });
    }
    return out;
}

std::string qr_path(const QrCode& code) {
    std::string out;
    for (int y = 0; y < code.size; ++y) {
        const std::vector<bool>& row = code.dark[static_cast<std::size_t>(y)];
        for (auto at = std::ranges::find(row, true); at != row.end();) {
            const auto end = std::find(at, row.end(), false);
            const std::string length = std::to_string(end - at);
            out += "M" + std::to_string(at - row.begin()) + " " + std::to_string(y) + "h" + length +
                   "v1h-" + length + "z";
            at = std::find(end, row.end(), true);
        }
    }
    return out;
}

}  // namespace domicile::api::oidc
