// QR codes (ISO/IEC 18004) that a page shows for a camera to read: bytes, error correction M, up to
// version 20. By libqrencode.
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

// nullopt: the text is empty or longer than kQrBytesMax, or there is no memory for it.
std::optional<QrCode> make_qr_code(std::string_view text);
// The dark modules as the path of an SVG, in units of a module.
std::string qr_path(const QrCode& code);

}  // namespace domicile::api::oidc
