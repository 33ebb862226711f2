// A value that must not be printed: passwords, codes, tokens, identifiers, attributes. It has no
// stream operator and no formatter; whoever needs the value says so with expose().
#pragma once

#include <utility>

namespace domicile {

template <class T>
class Redacted {
  public:
    Redacted() = default;
    explicit Redacted(T value) : value_(std::move(value)) {}

    const T& expose() const { return value_; }
    T& expose() { return value_; }

  private:
    T value_{};
};

}  // namespace domicile
