// Carries a deployment's data to other engines, and says how far it is.
#include "server/migrate_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/encoding.h"
#include "cmd/commands.h"
#include "io/clock.h"

namespace domicile::cmd {
namespace {

// On a terminal one line that changes; elsewhere a line for each table and one every few seconds.
class Display {
  public:
    void progress(const server::MigrateProgress& now) {
        const Instant time = io::system_clock().monotonic();
        const std::string what = name(now.store, now.table) + (now.comparing ? "c" : "");
        if (what != what_) begin(what, now.rows, time);
        waiting_ = line_of(now, time);
        if (time - told_ < (terminal_ ? Millis(100) : Millis(5'000))) return;
        told_ = time;
        print_waiting();
    }
    void compared(const server::MigrateComparison& both) {
        waiting_.clear();
        if (terminal_) fmt::print("\r\x1b[K");
        rows_ += both.source_rows;
        const std::string what = name(both.store, both.table);
        const std::string source = to_hex(both.source_sha256), target = to_hex(both.target_sha256);
        if (both.same()) {
            fmt::print("same       {}  {} rows  sha256 {}\n", what, both.source_rows, source);
        } else {
            fmt::print(
                "DIFFERENT  {}\n    source {} rows  sha256 {}\n    target {} rows  sha256 {}\n",
                what, both.source_rows, source, both.target_rows, target);
        }
        std::fflush(stdout);
    }

    std::string summary() const {
        const auto took = io::system_clock().monotonic() - start_;
        return rows_ == 0 ? ""
                          : fmt::format(" ({} rows in {:.1f} s)", rows_,
                                        static_cast<double>(took.count()) / 1000);
    }

  private:
    static std::string name(const std::string& store, const std::string& table) {
        return table.empty() ? store : store + ' ' + table;
    }
    // What was said last of the table before is its end.
    void begin(const std::string& what, std::int64_t rows, Instant time) {
        print_waiting();
        what_ = what;
        began_ = time;
        first_ = rows;
        told_ = terminal_ ? Instant{0} : time;
    }
    std::string line_of(const server::MigrateProgress& now, Instant time) const {
        const std::int64_t took = std::max<std::int64_t>((time - began_).count(), 1);
        std::string out = fmt::format("{}  {}  {}", now.comparing ? "comparing" : "copying",
                                      name(now.store, now.table), now.rows);
        if (now.total > 0)
            out += fmt::format(" of {} rows ({} %)", now.total, now.rows * 100 / now.total);
        return out + fmt::format(", {} a second", (now.rows - first_) * 1000 / took);
    }
    void print_waiting() {
        if (waiting_.empty()) return;
        if (terminal_) {
            fmt::print("\r\x1b[K{}", waiting_);
        } else {
            fmt::print("{}\n", waiting_);
        }
        waiting_.clear();
        std::fflush(stdout);
    }

    const bool terminal_ = isatty(STDOUT_FILENO) != 0;
    const Instant start_ = io::system_clock().monotonic();
    std::string what_, waiting_;
    Instant began_{0}, told_{0};
    std::int64_t first_ = 0, rows_ = 0;
};

int tell(server::Migrated outcome, const server::MigrateOptions& options, const Display& display) {
    switch (outcome) {
        case server::Migrated::done:
            fmt::print(
                "Everything was carried over{}. The next start uses the new stores. The old ones "
                "are as they were, and are refused from now on; remove them once you are sure: "
                "they hold people's data and keys.\n",
                display.summary());
            return 0;
        case server::Migrated::nothing_to_do:
            fmt::print("The data of {} is there already.\n", options.data);
            return 0;
        case server::Migrated::differs:
            fmt::print(
                "What is at the target is NOT what is at the source, and is refused. Empty the "
                "target's stores, give up (--give-up) and begin anew.\n");
            return 1;
    }
    return 1;
}

}  // namespace

Result<int> migrate_store(const Words& words) {
    TRY(const Arguments arguments, Arguments::parse(words, {"data", "to", "engines"}, {"give-up"}));
    const auto data = arguments.option("data"), to = arguments.option("to"),
               engines = arguments.option("engines");
    const int ways = (to ? 1 : 0) + (engines ? 1 : 0) + (arguments.flag("give-up") ? 1 : 0);
    if (!arguments.words().empty() || !data || ways != 1)
        return fail(Code::invalid_argument,
                    "Say --data, and one of --to, --engines and --give-up.");
    if (arguments.flag("give-up")) {
        TRY_VOID(server::give_up_migration(absolute(*data)));
        fmt::print("Given up: the stores of before are used again.\n");
        return 0;
    }
    Display display;
    server::MigrateOptions options;
    options.data = absolute(*data);
    if (to) options.config_path = absolute(*to);
    TRY(options.engines, engines_wish(engines));
    options.on_progress = [&](const server::MigrateProgress& now) { display.progress(now); };
    options.on_compared = [&](const server::MigrateComparison& both) { display.compared(both); };
    TRY(const server::Migrated outcome, server::migrate_store(options));
    return tell(outcome, options, display);
}

}  // namespace domicile::cmd
