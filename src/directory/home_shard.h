// Subject keys and the number of their home, 18 bytes each, in one array that is kept ordered.
//
// A subject key is the output of an HMAC, so its first bits say well enough where in the array it
// belongs: no hashing. Who has no pepper cannot choose keys; who has one, and may write to the
// directory, can crowd a place, and then put() says no, so that a look-up stays short. The caller
// keeps what was refused elsewhere.
//
// Linear probing with all keys in order: a look-up goes from the key's place upwards, and ends at
// the key or at the first greater one, so that an absent key costs no more than one that is there,
// and deleting leaves no marks. An empty slot has the greatest key there is, which is refused too.
// No locks in here.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace domicile::directory {

// A subject key as two numbers in the order of its bytes.
struct KeyBits {
    std::uint64_t high = 0, low = 0;
    static KeyBits of(std::string_view bytes);  // 16
    auto operator<=>(const KeyBits&) const = default;
};

struct HomeNumber {
    std::uint8_t region = 0;
    std::uint8_t epoch = 0;
    bool operator==(const HomeNumber&) const = default;
};

class HomeShard {
  public:
    // Keys whose first `shared_bits` bits are the same.
    explicit HomeShard(unsigned shared_bits = 0) : shared_bits_(shared_bits) {}
    HomeShard(HomeShard&& other) noexcept { swap(other); }
    HomeShard& operator=(HomeShard&& other) noexcept {
        swap(other);
        return *this;
    }
    ~HomeShard();
    void swap(HomeShard& other) noexcept;

    std::optional<HomeNumber> find(KeyBits key) const {
        if (slots_ == nullptr || key.high == kNone) return std::nullopt;
        const char* at = first_not_below(key);
        for (; high_of(at) == key.high; at += kSlotBytes) {
            const std::uint64_t low = low_of(at);
            if (low > key.low) break;
            if (low == key.low) return number_of(at);
        }
        return std::nullopt;
    }
    // Asks for the memory that find() is going to read.
    void prefetch(KeyBits key) const {
        if (slots_ == nullptr) return;
        const char* at = slot(place_of(key));
        __builtin_prefetch(at);
        __builtin_prefetch(at + 64);
        __builtin_prefetch(at + 128);
    }

    // An empty one for so many keys, for append() in their order. (In that order put() would crowd
    // the first places of a small array, before it has grown.)
    static HomeShard for_keys(unsigned shared_bits, std::size_t keys);
    bool append(KeyBits key, HomeNumber home);  // as put(), for one greater than all

    // Whether another key fits; if not, the next put() of a new one is for grown().
    bool has_room() const { return size_ < size_max_; }
    HomeShard grown() const;  // with the same keys and room for more
    // False: the key cannot be kept here; nothing is changed. Needs has_room().
    bool put(KeyBits key, HomeNumber home);
    bool erase(KeyBits key);  // whether it was there

    std::size_t size() const { return size_; }
    std::size_t bytes() const { return bytes_; }  // of memory, empty slots included

  private:
    static constexpr std::size_t kSlotBytes = 18;
    static constexpr std::size_t kAtOnce = 8;
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    static std::uint64_t high_of(const char* at) { return word(at); }
    static std::uint64_t low_of(const char* at) { return word(at + 8); }
    static KeyBits key_of(const char* at) { return {word(at), word(at + 8)}; }
    static HomeNumber number_of(const char* at) {
        return {static_cast<std::uint8_t>(at[16]), static_cast<std::uint8_t>(at[17])};
    }
    static std::uint64_t word(const char* at) {
        std::uint64_t out;
        std::memcpy(&out, at, sizeof out);
        return out;
    }
    static void write(char* at, KeyBits key, HomeNumber home);

    char* slot(std::size_t number) const { return slots_ + number * kSlotBytes; }
    // Grows with the key, so that the order of places is the order of keys.
    std::size_t place_of(KeyBits key) const {
        const std::uint64_t own = key.high << shared_bits_;
        return static_cast<std::size_t>(static_cast<unsigned __int128>(own) * places_ >> 64);
    }
    // From the key's place upwards. Mostly it is one of the first eight, and to count those below
    // is faster than to guess, wrongly as often as not, which is the last one.
    const char* first_not_below(KeyBits key) const {
        const char* at = slot(place_of(key));
        while (true) {
            std::size_t below = 0;
            for (std::size_t i = 0; i < kAtOnce; ++i)
                below += high_of(at + i * kSlotBytes) < key.high ? 1 : 0;
            at += below * kSlotBytes;
            if (below < kAtOnce) return at;
        }
    }
    void allocate(std::size_t places);
    char* seek(KeyBits key) const;  // to it, or to where it belongs

    unsigned shared_bits_ = 0;
    char* slots_ = nullptr;
    std::size_t places_ = 0;    // that keys can belong to; some slots more follow
    std::size_t end_ = 0;       // number of the first of the last slots, which stay empty
    std::size_t size_ = 0;      // keys
    std::size_t size_max_ = 0;  // keys before it has to grow
    std::size_t next_ = 0;      // number of the slot after the last one appended
    std::size_t bytes_ = 0;
};

}  // namespace domicile::directory
