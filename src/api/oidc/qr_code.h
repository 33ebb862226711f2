// QR codes (ISO/IEC 18004), model 2: bytes, error correction M, versions 1 to 20. They hold what a
// page shows for a camera to read, with no library: the text is ours, and nothing is read back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace domicile::api::oidc {

inline constexpr std::size_t kQrBytesMax = 666;  // of version 20

// A square of modules; true is dark. Without the quiet zone of four modules around it.
struct QrCode {
    int size = 0;
    std::vector<std::vector<bool>> dark;  // rows
};

// nullopt: the text is longer than kQrBytesMax. `mask` chooses one of the eight patterns; left out,
// the one that is easiest to read.
std::optional<QrCode> make_qr_code(std::string_view text, std::optional<int> mask = std::nullopt);
// The dark modules as the path of an SVG, in units of a module.
std::string qr_path(const QrCode& code);

}  // namespace domicile::api::oidc
