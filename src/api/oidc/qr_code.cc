#include "api/oidc/qr_code.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

namespace domicile::api::oidc {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int kVersionMax = 20;
// Of correction M, by version (table 9): bytes of correction of a block, and number of blocks.
constexpr std::array<int, kVersionMax + 1> kCorrection = {
    0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26};
constexpr std::array<int, kVersionMax + 1> kBlocks = {0, 1, 1, 1, 2,  2,  4,  4,  4,  5, 5,
                                                      5, 8, 9, 9, 10, 10, 11, 13, 14, 16};

int size_of(int version) { return 17 + 4 * version; }

// Modules that hold data and correction: all but the function patterns.
int modules_for_data(int version) {
    int out = (16 * version + 128) * version + 64;
    if (version >= 2) {
        const int aligned = version / 7 + 2;
        out -= (25 * aligned - 10) * aligned - 55;
    }
    if (version >= 7) out -= 36;
    return out;
}

int data_bytes(int version) {
    const auto at = static_cast<std::size_t>(version);
    return modules_for_data(version) / 8 - kCorrection[at] * kBlocks[at];
}

// In GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
    int out = 0;
    for (int bit = 7; bit >= 0; --bit) {
        out = (out << 1) ^ ((out >> 7) * 0x11d);
        out ^= ((b >> bit) & 1) * a;
    }
    return static_cast<std::uint8_t>(out);
}

// Reed-Solomon: the remainder of the data by the generator of so many roots.
Bytes correction_of(const Bytes& data, int count) {
    const auto degree = static_cast<std::size_t>(count);
    Bytes generator(degree);
    generator.back() = 1;
    std::uint8_t root = 1;
    for (std::size_t i = 0; i < degree; ++i) {
        for (std::size_t j = 0; j < degree; ++j) {
            generator[j] = multiply(generator[j], root);
            if (j + 1 < degree) generator[j] ^= generator[j + 1];
        }
        root = multiply(root, 2);
    }
    Bytes out(degree);
    for (const std::uint8_t byte : data) {
        const std::uint8_t factor = byte ^ out.front();
        std::rotate(out.begin(), out.begin() + 1, out.end());
        out.back() = 0;
        for (std::size_t j = 0; j < degree; ++j) out[j] ^= multiply(generator[j], factor);
    }
    return out;
}

// The text as bytes mode writes it: a mode, a length, the bytes, an end, and filling.
Bytes encoded(std::string_view text, int version) {
    std::vector<bool> bits;
    const auto put = [&](unsigned value, int count) {
        for (int bit = count - 1; bit >= 0; --bit) bits.push_back(((value >> bit) & 1) != 0);
    };
    put(4, 4);
    put(static_cast<unsigned>(text.size()), version < 10 ? 8 : 16);
    for (const char c : text) put(static_cast<unsigned char>(c), 8);
    const auto capacity = static_cast<std::size_t>(data_bytes(version)) * 8;
    bits.resize(std::min(bits.size() + 4, capacity));
    bits.resize((bits.size() + 7) / 8 * 8);
    for (unsigned filling = 0xec; bits.size() < capacity; filling ^= 0xec ^ 0x11) put(filling, 8);
    Bytes out(bits.size() / 8);
    for (std::size_t i = 0; i < bits.size(); ++i) {
        out[i / 8] = static_cast<std::uint8_t>(out[i / 8] << 1 | (bits[i] ? 1 : 0));
    }
    return out;
}

// Cut into blocks, each with its correction, and woven into each other.
Bytes woven(const Bytes& data, int version) {
    const auto at = static_cast<std::size_t>(version);
    const auto blocks = static_cast<std::size_t>(kBlocks[at]);
    const std::size_t total = static_cast<std::size_t>(modules_for_data(version)) / 8;
    const std::size_t correction = static_cast<std::size_t>(kCorrection[at]);
    const std::size_t shorter = blocks - total % blocks;  // blocks with a byte less
    const std::size_t size = total / blocks - correction;
    std::vector<Bytes> parts, corrections;
    auto next = data.begin();
    for (std::size_t i = 0; i < blocks; ++i) {
        const auto length = static_cast<std::ptrdiff_t>(size + (i < shorter ? 0 : 1));
        parts.emplace_back(next, next + length);
        next += length;
        corrections.push_back(correction_of(parts.back(), kCorrection[at]));
    }
    Bytes out;
    for (std::size_t i = 0; i <= size; ++i) {
        for (const Bytes& part : parts) {
            if (i < part.size()) out.push_back(part[i]);
        }
    }
    for (std::size_t i = 0; i < correction; ++i) {
        for (const Bytes& part : corrections) out.push_back(part[i]);
    }
    return out;
}

bool is_masked(int mask, int x, int y) {
    switch (mask) {
        case 0:
            return (x + y) % 2 == 0;
        case 1:
            return y % 2 == 0;
        case 2:
            return x % 3 == 0;
        case 3:
            return (x + y) % 3 == 0;
        case 4:
            return (x / 3 + y / 2) % 2 == 0;
        case 5:
            return x * y % 2 + x * y % 3 == 0;
        case 6:
            return (x * y % 2 + x * y % 3) % 2 == 0;
        default:
            return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

class Drawing {
  public:
    explicit Drawing(int version) : version_(version), size_(size_of(version)) {
        const auto size = static_cast<std::size_t>(size_);
        out_.size = size_;
        out_.dark.assign(size, std::vector<bool>(size));
        is_function_ = out_.dark;
        draw_functions();
    }

    // From the lower right corner in columns of two, up and down; the sixth column is timing.
    void draw_data(const Bytes& data) {
        std::size_t bit = 0;
        for (int right = size_ - 1; right >= 1; right -= 2) {
            if (right == 6) right = 5;
            const bool upwards = ((right + 1) & 2) == 0;
            for (int i = 0; i < size_; ++i) {
                const int y = upwards ? size_ - 1 - i : i;
                for (const int x : {right, right - 1}) {
                    if (is_function(x, y) || bit >= data.size() * 8) continue;
                    set(x, y, ((data[bit / 8] >> (7 - bit % 8)) & 1) != 0);
                    ++bit;
                }
            }
        }
    }

    // Twice the same takes it away again.
    void apply(int mask) {
        for (int y = 0; y < size_; ++y) {
            for (int x = 0; x < size_; ++x) {
                if (!is_function(x, y) && is_masked(mask, x, y)) set(x, y, !get(x, y));
            }
        }
    }

    // Which correction and which mask, twice, with correction of its own (BCH).
    void draw_format(int mask) {
        const int data = mask;  // M is 00
        int remainder = data;
        for (int i = 0; i < 10; ++i) remainder = (remainder << 1) ^ ((remainder >> 9) * 0x537);
        const int bits = (data << 10 | remainder) ^ 0x5412;
        const auto bit = [&](int i) { return ((bits >> i) & 1) != 0; };
        for (int i = 0; i <= 5; ++i) set_function(8, i, bit(i));
        set_function(8, 7, bit(6));
        set_function(8, 8, bit(7));
        set_function(7, 8, bit(8));
        for (int i = 9; i < 15; ++i) set_function(14 - i, 8, bit(i));
        for (int i = 0; i < 8; ++i) set_function(size_ - 1 - i, 8, bit(i));
        for (int i = 8; i < 15; ++i) set_function(8, size_ - 15 + i, bit(i));
        set_function(8, size_ - 8, true);
    }

    // How hard it is to read: runs of one colour, squares, what looks like a finder, imbalance.
    int penalty() const {
        int out = 0, darks = 0;
        for (int i = 0; i < size_; ++i) {
            out += penalty_of_line([&](int j) { return get(j, i); });
            out += penalty_of_line([&](int j) { return get(i, j); });
        }
        for (int y = 0; y < size_; ++y) {
            for (int x = 0; x < size_; ++x) {
                if (get(x, y)) ++darks;
                if (x + 1 == size_ || y + 1 == size_) continue;
                const bool colour = get(x, y);
                if (colour == get(x + 1, y) && colour == get(x, y + 1) &&
                    colour == get(x + 1, y + 1)) {
                    out += 3;
                }
            }
        }
        return out + std::abs(darks * 20 / (size_ * size_) - 10) * 10;
    }

    QrCode take() && { return std::move(out_); }

  private:
    template <class Get>
    int penalty_of_line(Get get_at) const {
        int out = 0, run = 0;
        unsigned last = 0;  // the last eleven modules
        for (int i = 0; i < size_; ++i) {
            const bool same = i > 0 && get_at(i) == get_at(i - 1);
            run = same ? run + 1 : 1;
            if (run == 5) out += 3;
            if (run > 5) ++out;
            last = (last << 1 | (get_at(i) ? 1 : 0)) & 0x7ff;
            if (i >= 10 && (last == 0x5d0 || last == 0x05d)) out += 40;
        }
        return out;
    }

    void draw_functions() {
        for (int i = 0; i < size_; ++i) {
            set_function(6, i, i % 2 == 0);
            set_function(i, 6, i % 2 == 0);
        }
        draw_finder(3, 3);
        draw_finder(size_ - 4, 3);
        draw_finder(3, size_ - 4);
        const std::vector<int> at = alignment();
        for (const int x : at) {
            for (const int y : at) {
                const bool in_corner =
                    (x == 6 && y == 6) || (x == 6 && y == at.back()) || (x == at.back() && y == 6);
                if (!in_corner) draw_alignment(x, y);
            }
        }
        draw_format(0);
        if (version_ >= 7) draw_version();
    }

    void draw_finder(int cx, int cy) {
        for (int dy = -4; dy <= 4; ++dy) {
            for (int dx = -4; dx <= 4; ++dx) {
                const int distance = std::max(std::abs(dx), std::abs(dy));
                const int x = cx + dx, y = cy + dy;
                if (x < 0 || y < 0 || x >= size_ || y >= size_) continue;
                set_function(x, y, distance != 2 && distance != 4);
            }
        }
    }

    void draw_alignment(int cx, int cy) {
        for (int dy = -2; dy <= 2; ++dy) {
            for (int dx = -2; dx <= 2; ++dx) {
                set_function(cx + dx, cy + dy, std::max(std::abs(dx), std::abs(dy)) != 1);
            }
        }
    }

    std::vector<int> alignment() const {
        if (version_ == 1) return {};
        const int count = version_ / 7 + 2;
        const int step = (version_ * 8 + count * 3 + 5) / (count * 4 - 4) * 2;
        std::vector<int> out = {6};
        for (int i = count - 2; i >= 0; --i) out.push_back(size_ - 7 - i * step);
        return out;
    }

    void draw_version() {
        int remainder = version_;
        for (int i = 0; i < 12; ++i) remainder = (remainder << 1) ^ ((remainder >> 11) * 0x1f25);
        const int bits = version_ << 12 | remainder;
        for (int i = 0; i < 18; ++i) {
            const bool bit = ((bits >> i) & 1) != 0;
            set_function(size_ - 11 + i % 3, i / 3, bit);
            set_function(i / 3, size_ - 11 + i % 3, bit);
        }
    }

    bool get(int x, int y) const {
        return out_.dark[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
    }
    void set(int x, int y, bool dark) {
        out_.dark[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] = dark;
    }
    bool is_function(int x, int y) const {
        return is_function_[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)];
    }
    void set_function(int x, int y, bool dark) {
        set(x, y, dark);
        is_function_[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] = true;
    }

    int version_, size_;
    QrCode out_;
    std::vector<std::vector<bool>> is_function_;
};

int easiest_mask(Drawing& drawing) {
    int best = 0, least = INT32_MAX;
    for (int mask = 0; mask < 8; ++mask) {
        drawing.apply(mask);
        drawing.draw_format(mask);
        const int penalty = drawing.penalty();
        if (penalty < least) {
            best = mask;
            least = penalty;
        }
        drawing.apply(mask);
    }
    return best;
}

}  // namespace

std::optional<QrCode> make_qr_code(std::string_view text, std::optional<int> mask) {
    int version = 1;
    const auto fits = [&] {
        const std::size_t head = version < 10 ? 2 : 3;  // 12 or 20 bits
        return text.size() + head <= static_cast<std::size_t>(data_bytes(version));
    };
    while (version <= kVersionMax && !fits()) ++version;
    if (version > kVersionMax) return std::nullopt;
    Drawing drawing(version);
    drawing.draw_data(woven(encoded(text, version), version));
    const int chosen = mask ? *mask : easiest_mask(drawing);
    drawing.apply(chosen);
    drawing.draw_format(chosen);
    return std::move(drawing).take();
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
