// An executor that is a function of its input: one thread, a clock that stands still while anything
// can run and then jumps to the next deadline, random bytes that are always the same, blocking work
// in between, and a network whose peers say what the target gives them.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "fuzz.h"
#include "io/executor.h"
#include "io/network.h"
#include "io/wheel.h"

namespace domicile::fuzz {

inline constexpr Timestamp kStart{1'795'378'613'000};  // 2026-11-22T20:16:53Z

class StillClock final : public io::Clock {
  public:
    Timestamp now() const override { return kStart + (monotonic() - Instant{}); }
    Instant monotonic() const override { return now_; }
    void jump(Millis by) { now_ = now_ + by; }

  private:
    Instant now_;
};

class SameRandom final : public io::Random {
  public:
    void fill(void* into, std::size_t size) override {
        for (std::size_t i = 0; i < size; ++i) static_cast<unsigned char*>(into)[i] = ++last_;
    }

  private:
    unsigned char last_ = 0;
};

// Reads are what `input` holds, cut into pieces; then it ends. Writes are kept.
class ScriptedStream final : public io::Stream {
  public:
    ScriptedStream(std::string_view input, unsigned round, std::string* written = nullptr)
        : rest_(input), cuts_(input, round), written_(written) {
        peer_.remote = {"192.0.2.7", 40000};
    }
    ~ScriptedStream() override { cancel(); }

    bool is_idle() override { return false; }  // never worth keeping
    void shutdown_write() override {}
    std::string_view rest() const { return rest_; }
    io::PeerInfo& peer_info() { return peer_; }

  protected:
    Attempt try_read(std::span<char> into) override {
        const std::size_t size = std::min(cuts_.next(rest_.size()), into.size());
        rest_.copy(into.data(), size);
        rest_.remove_prefix(size);
        return {Attempt::done, size};
    }
    Attempt try_write(std::span<const std::string_view> pieces) override {
        std::size_t size = 0;
        for (const std::string_view piece : pieces) {
            if (written_ != nullptr) written_->append(piece);
            size += piece.size();
        }
        return {Attempt::done, size};
    }
    void do_close() override {}

  private:
    std::string_view rest_;
    Cuts cuts_;
    std::string* written_;
};

class InlineExecutor final : public io::Executor, private io::BlockingPool, private io::Network {
  public:
    InlineExecutor() : wheel_(clock_.monotonic()) { set_current(this); }
    ~InlineExecutor() override {
        settle();
        set_current(nullptr);
    }

    // The task must come to its end.
    template <class T>
    T run(io::Task<T> task) {
        std::optional<T> out;
        io::spawn(keep(std::move(task), out));
        while (!out && step()) {
        }
        DOMICILE_CHECK(out.has_value());
        return std::move(*out);
    }
    // Lets everything that still waits run into its deadline.
    void settle() {
        while (step()) {
        }
    }
    // What connections made from here will read; what is written to them.
    void script(std::string_view input, unsigned round) {
        input_ = input;
        round_ = round;
    }
    const std::string& written() const { return written_; }

    void post(std::move_only_function<void()> work) override { queue_.push_back(std::move(work)); }
    void arm(io::Timer& timer, Instant at) override { wheel_.arm(timer, at); }
    io::Clock& clock() override { return clock_; }
    io::Random& random() override { return random_; }
    io::Network& network() override { return *this; }
    io::BlockingPool& blocking() override { return *this; }

  private:
    template <class T>
    static io::Task<void> keep(io::Task<T> task, std::optional<T>& out) {
        out.emplace(co_await task);
    }
    // False when there is nothing left to do.
    bool step() {
        if (!queue_.empty()) {
            auto work = std::move(queue_.front());
            queue_.pop_front();
            work();
            return true;
        }
        const auto wait = wheel_.next(clock_.monotonic());
        if (!wait) return false;
        clock_.jump(std::max(*wait, Millis(8)));
        wheel_.advance(clock_.monotonic());
        return true;
    }

    // Later, as a pool does: the caller may hold a lock.
    bool submit(std::move_only_function<void()> work) override {
        post(std::move(work));
        return true;
    }
    Result<std::unique_ptr<io::Listener>> listen(const io::Endpoint&, io::ListenOptions) override {
        return fail(Code::unavailable, "There are no listeners here.");
    }
    io::Task<Result<std::unique_ptr<io::Stream>>> connect(io::Endpoint, io::ConnectOptions,
                                                          Instant) override {
        std::unique_ptr<io::Stream> stream =
            std::make_unique<ScriptedStream>(input_, round_, &written_);
        co_return std::move(stream);
    }
    io::Task<Result<std::unique_ptr<io::Stream>>> accept_tls(std::unique_ptr<io::Stream>,
                                                             const io::TlsServer&,
                                                             Instant) override {
        co_return fail(Code::unavailable, "There is no TLS here.");
    }

    StillClock clock_;
    SameRandom random_;
    io::Wheel wheel_;
    std::deque<std::move_only_function<void()>> queue_;
    std::string_view input_;
    unsigned round_ = 0;
    std::string written_;
};

}  // namespace domicile::fuzz
