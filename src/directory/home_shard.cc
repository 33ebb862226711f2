#include "directory/home_shard.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <new>

#include "base/check.h"

namespace domicile::directory {
namespace {

constexpr std::size_t kPlacesMin = 64;
// Small arrays double; big ones grow by an eighth, so that they are filled between 0.75 and 0.85.
constexpr std::size_t kDoublesUpTo = 8'192;
constexpr std::size_t kSlackMin = 64, kSlackMax = 1'024;
// From a key's place to the next empty slot. With random keys it is some twenty at this filling.
constexpr std::size_t kDistanceMax = 2'048;

constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kHugePageBytes = 2 << 20;
constexpr std::size_t kMappedFrom = 64 << 10;  // smaller arrays are malloc's

std::size_t rounded_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

// At a border of a huge page: a look-up reads at a random place, and with small pages the
// processor's translation of the address is a second miss.
char* map_huge(std::size_t bytes) {
    const std::size_t all = bytes + kHugePageBytes;
    void* got = mmap(nullptr, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    char* const from = static_cast<char*>(got);
    const auto address = reinterpret_cast<std::uintptr_t>(from);
    char* const out = from + (rounded_up(address, kHugePageBytes) - address);
    if (out != from) munmap(from, static_cast<std::size_t>(out - from));
    char* const end = from + all;
    if (out + bytes != end) munmap(out + bytes, static_cast<std::size_t>(end - (out + bytes)));
    (void)madvise(out, bytes, MADV_HUGEPAGE);  // a wish
    return out;
}

char* take_memory(std::size_t& bytes) {
    if (bytes < kMappedFrom) return static_cast<char*>(::operator new(bytes));
    bytes = rounded_up(bytes, kPageBytes);
    if (bytes >= kHugePageBytes) return map_huge(bytes);
    void* got = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (got == MAP_FAILED) throw std::bad_alloc();
    return static_cast<char*>(got);
}

void give_back(char* memory, std::size_t bytes) {
    if (memory == nullptr) return;
    if (bytes < kMappedFrom)
        ::operator delete(memory);
    else
        munmap(memory, bytes);
}

std::uint64_t big_endian(const char* at) {
    std::uint64_t out;
    std::memcpy(&out, at, sizeof out);
    return std::endian::native == std::endian::little ? __builtin_bswap64(out) : out;
}

}  // namespace

KeyBits KeyBits::of(std::string_view bytes) {
    DOMICILE_CHECK(bytes.size() == 16);
    return {big_endian(bytes.data()), big_endian(bytes.data() + 8)};
}

HomeShard::~HomeShard() { give_back(slots_, bytes_); }

void HomeShard::swap(HomeShard& other) noexcept {
    std::swap(shared_bits_, other.shared_bits_);
    std::swap(slots_, other.slots_);
    std::swap(places_, other.places_);
    std::swap(end_, other.end_);
    std::swap(size_, other.size_);
    std::swap(size_max_, other.size_max_);
    std::swap(next_, other.next_);
    std::swap(bytes_, other.bytes_);
}

// An empty slot is all ones.
void HomeShard::allocate(std::size_t places) {
    const std::size_t slack = std::clamp(places / 64, kSlackMin, kSlackMax);
    places_ = places;
    end_ = places + slack;
    size_max_ = places - places / 20 * 3;  // 0.85
    bytes_ = (end_ + kAtOnce) * kSlotBytes;
    const std::size_t used = bytes_;
    slots_ = take_memory(bytes_);
    std::memset(slots_, 0xff, used);
}

void HomeShard::write(char* at, KeyBits key, HomeNumber home) {
    std::memcpy(at, &key.high, 8);
    std::memcpy(at + 8, &key.low, 8);
    at[16] = static_cast<char>(home.region);
    at[17] = static_cast<char>(home.epoch);
}

char* HomeShard::seek(KeyBits key) const {
    char* at = const_cast<char*>(first_not_below(key));
    while (high_of(at) == key.high && high_of(at) != kNone && low_of(at) < key.low)
        at += kSlotBytes;
    return at;
}

HomeShard HomeShard::for_keys(unsigned shared_bits, std::size_t keys) {
    HomeShard out(shared_bits);
    out.allocate(std::max(kPlacesMin, keys + keys / 4));
    return out;
}

// To its place, or behind the one before.
bool HomeShard::append(KeyBits key, HomeNumber home) {
    const std::size_t place = place_of(key);
    const std::size_t at = std::max(next_, place);
    if (key.high == kNone || at - place > kDistanceMax || at >= end_) return false;
    write(slot(at), key, home);
    next_ = at + 1;
    ++size_;
    return true;
}

// What crowds a place goes along: nothing gets further from its place than it was with less room.
HomeShard HomeShard::grown() const {
    HomeShard out(shared_bits_);
    const std::size_t more = places_ < kDoublesUpTo ? places_ : places_ / 8;
    out.allocate(std::max(kPlacesMin, places_ + more));
    for (std::size_t i = 0; i < end_; ++i) {
        const char* at = slot(i);
        if (high_of(at) != kNone) DOMICILE_CHECK(out.append(key_of(at), number_of(at)));
    }
    return out;
}

bool HomeShard::put(KeyBits key, HomeNumber home) {
    if (key.high == kNone) return false;
    DOMICILE_CHECK(slots_ != nullptr);
    char* const at = seek(key);
    if (key_of(at) == key) {
        write(at, key, home);
        return true;
    }
    char* empty = at;
    while (high_of(empty) != kNone) empty += kSlotBytes;
    // Nothing that moves up gets further from its place than this one is from the empty slot.
    const auto distance = static_cast<std::size_t>(empty - slot(place_of(key)));
    if (distance > kDistanceMax * kSlotBytes || empty == slot(end_)) return false;
    std::memmove(at + kSlotBytes, at, static_cast<std::size_t>(empty - at));
    write(at, key, home);
    ++size_;
    return true;
}

// Those behind it move up, as far as they do not get before their place.
bool HomeShard::erase(KeyBits key) {
    if (slots_ == nullptr || key.high == kNone) return false;
    char* const at = seek(key);
    if (key_of(at) != key) return false;
    char* last = at;
    for (char* next = at + kSlotBytes;
         high_of(next) != kNone && next > slot(place_of(key_of(next))); next += kSlotBytes)
        last = next;
    std::memmove(at, at + kSlotBytes, static_cast<std::size_t>(last - at));
    std::memset(last, 0xff, kSlotBytes);
    --size_;
    return true;
}

}  // namespace domicile::directory
