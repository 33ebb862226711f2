// A value that is replaced whole while it is in use. Live<T> holds the address of the one in force;
// a Ref<T> is how a part takes it: always the same value (a reference to a T converts, as in tests)
// or whatever is in force now.
//
// What a reader got stays valid for as long as the request during which it asked: whoever replaces
// a value keeps the old one until all requests that began before have ended.
#pragma once

#include <atomic>

namespace domicile {

template <class T>
class Live {
  public:
    explicit Live(const T& value) : value_(&value) {}
    Live(const Live&) = delete;
    const T& get() const { return *value_.load(std::memory_order_acquire); }
    void set(const T& value) { value_.store(&value, std::memory_order_release); }

  private:
    std::atomic<const T*> value_;
};

template <class T>
class Ref {
  public:
    Ref(const T& value) : fixed_(&value) {}     // NOLINT(google-explicit-constructor)
    Ref(const Live<T>& live) : live_(&live) {}  // NOLINT(google-explicit-constructor)

    const T& get() const { return live_ == nullptr ? *fixed_ : live_->get(); }
    operator const T&() const { return get(); }  // NOLINT(google-explicit-constructor)
    const T* operator->() const { return &get(); }

  private:
    const T* fixed_ = nullptr;
    const Live<T>* live_ = nullptr;
};

}  // namespace domicile
