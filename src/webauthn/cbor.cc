#include "webauthn/cbor.h"

#include <limits>
#include <utility>

#include "base/encoding.h"

namespace domicile::webauthn::cbor {
namespace {

enum Major : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

std::unexpected<Error> broken(const char* why) {
    return fail(Code::malformed, std::string("The CBOR is not valid: ") + why);
}

bool is_same(const Value& a, const Value& b) {
    return a.kind == b.kind && a.number == b.number && a.bytes == b.bytes;
}

class Reader {
  public:
    explicit Reader(std::string_view& rest) : rest_(rest) {}

    Result<Value> value(int depth) {
        if (depth > kDepthMax) return broken("it is too deep.");
        if (++items_ > kItemsMax) return broken("it has too many items.");
        TRY(const auto head, this->head());
        const auto [major, argument] = head;
        Value out;
        switch (major) {
            case kUnsigned:
            case kNegative:
                if (argument > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
                    return broken("a number is too large.");
                }
                out.kind = Kind::integer;
                out.number = static_cast<std::int64_t>(argument);
                if (major == kNegative) out.number = -1 - out.number;
                return out;
            case kBytes:
            case kText:
                return text(major, argument);
            case kArray:
                out.kind = Kind::array;
                TRY_VOID(items(out, argument, depth));
                return out;
            case kMap:
                return map(argument, depth);
            default:
                return simple(major, argument);
        }
    }

  private:
    using Head = std::pair<std::uint8_t, std::uint64_t>;

    Result<Head> head() {
        if (rest_.empty()) return broken("it ends too early.");
        const auto first = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        const std::uint8_t low = first & 0x1f;
        if (low < 24) return Head{first >> 5, low};
        if (low > 27) return broken("a length is left open.");
        const std::size_t size = std::size_t{1} << (low - 24);
        if (rest_.size() < size) return broken("it ends too early.");
        std::uint64_t argument = 0;
        for (std::size_t i = 0; i < size; ++i) {
            argument = (argument << 8) | static_cast<std::uint8_t>(rest_[i]);
        }
        rest_.remove_prefix(size);
        const bool is_shortest =
            size == 1 ? argument >= 24 : argument >= std::uint64_t{1} << (4 * size);
        if (!is_shortest) return broken("a number could be shorter.");
        return Head{first >> 5, argument};
    }

    Result<Value> text(std::uint8_t major, std::uint64_t size) {
        if (size > rest_.size()) return broken("it ends too early.");
        Value out;
        out.kind = major == kText ? Kind::text : Kind::bytes;
        out.bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        if (major == kText && !is_utf8(out.bytes)) return broken("a text is not UTF-8.");
        return out;
    }

    Result<void> items(Value& into, std::uint64_t count, int depth) {
        for (std::uint64_t i = 0; i < count; ++i) {
            TRY(Value item, value(depth + 1));
            into.items.push_back(std::move(item));
        }
        return {};
    }

    Result<Value> map(std::uint64_t pairs, int depth) {
        if (pairs > kItemsMax) return broken("it has too many items.");
        Value out;
        out.kind = Kind::map;
        TRY_VOID(items(out, 2 * pairs, depth));
        for (std::size_t i = 0; i < out.items.size(); i += 2) {
            const Value& key = out.items[i];
            if (key.kind != Kind::integer && key.kind != Kind::text) {
                return broken("a key is neither a number nor a text.");
            }
            for (std::size_t j = 0; j < i; j += 2) {
                if (is_same(out.items[j], key)) return broken("a key is there twice.");
            }
        }
        return out;
    }

    Result<Value> simple(std::uint8_t major, std::uint64_t argument) {
        constexpr std::uint64_t kFalse = 20, kTrue = 21, kNull = 22;
        Value out;
        if (major != kSimple || argument < kFalse || argument > kNull) {
            return broken("it has what authenticators do not write.");
        }
        out.kind = argument == kNull ? Kind::null : Kind::boolean;
        out.number = argument == kTrue ? 1 : 0;
        return out;
    }

    std::string_view& rest_;
    std::size_t items_ = 0;
};

template <class Fits>
const Value* find_where(const Value& map, Fits fits) {
    if (map.kind != Kind::map) return nullptr;
    for (std::size_t i = 0; i + 1 < map.items.size(); i += 2) {
        if (fits(map.items[i])) return &map.items[i + 1];
    }
    return nullptr;
}

}  // namespace

const Value* Value::find(std::int64_t key) const {
    return find_where(
        *this, [&](const Value& is) { return is.kind == Kind::integer && is.number == key; });
}

const Value* Value::find(std::string_view key) const {
    return find_where(*this,
                      [&](const Value& is) { return is.kind == Kind::text && is.bytes == key; });
}

Result<Value> take(std::string_view& rest) { return Reader(rest).value(0); }

Result<Value> decode(std::string_view bytes) {
    TRY(Value out, take(bytes));
    if (!bytes.empty()) return broken("something follows it.");
    return out;
}

}  // namespace domicile::webauthn::cbor
