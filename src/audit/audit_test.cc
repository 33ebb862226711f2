#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "audit/log.h"
#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::audit {
namespace {

class AuditTest : public ::testing::Test {
  protected:
    std::unique_ptr<Log> open_log() {
        auto log = Log::open(io::system_files(), path_, "eu-central-1", io::system_clock());
        EXPECT_TRUE(log) << log.error().message;
        return log ? std::move(*log) : nullptr;
    }
    void record(Log& log, int count) {
        io::run_task<bool>([&]() -> io::Task<bool> { return record_all(log, count); });
    }
    static io::Task<bool> record_all(Log& log, int count) {
        for (int i = 0; i < count; ++i) {
            Event event{"refusal", {{"i", i}, {"reason", "not_home"}}};
            auto done = co_await log.record(event);
            EXPECT_TRUE(done) << done.error().message;
        }
        co_return true;
    }
    std::string contents() {
        std::ifstream in(path_, std::ios::binary);
        std::stringstream out;
        out << in.rdbuf();
        return out.str();
    }
    std::vector<std::string> lines() {
        std::istringstream in(contents());
        std::vector<std::string> out;
        for (std::string line; std::getline(in, line);) out.push_back(line);
        return out;
    }
    void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
    void write_lines(const std::vector<std::string>& all) {
        std::string bytes;
        for (const auto& line : all) bytes += line + '\n';
        write(bytes);
    }
    Verification verify_file() {
        auto result = verify(io::system_files(), path_);
        EXPECT_TRUE(result) << result.error().message;
        return result ? *result : Verification{};
    }
    void write_log_of(int events) {
        auto log = open_log();
        record(*log, events);
    }

    io::testing::TemporaryFolder folder_;
    const std::string path_ = folder_.file("audit.log");
};

TEST_F(AuditTest, a_new_log_begins_with_a_header_that_names_format_and_region) {
    open_log();
    auto all = lines();
    ASSERT_EQ(all.size(), 1u);
    auto header = parse_json_object(all[0]);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->at("kind").as_string(), "log_opened");
    EXPECT_EQ(header->at("details").at("format").as_int64(), 1);
    EXPECT_EQ(header->at("details").at("region").as_string(), "eu-central-1");
}

TEST_F(AuditTest, recorded_events_are_in_the_file_when_record_returns_and_verify) {
    auto log = open_log();
    record(*log, 20);
    EXPECT_EQ(lines().size(), 21u);
    auto result = verify_file();
    EXPECT_EQ(result.entries, 21u);
    EXPECT_EQ(result.broken_line, 0u);
    EXPECT_EQ(result.head.size(), 64u);
}

TEST_F(AuditTest, the_chain_goes_on_after_a_restart) {
    write_log_of(3);
    const std::string head = verify_file().head;
    write_log_of(3);
    auto result = verify_file();
    EXPECT_EQ(result.entries, 7u);
    EXPECT_EQ(result.broken_line, 0u);
    EXPECT_NE(result.head, head);
}

TEST_F(AuditTest, concurrent_records_are_all_kept_in_one_unbroken_chain) {
    auto log = open_log();
    io::Runtime runtime;
    runtime.run([&]() -> io::Task<void> {
        return [](Log& log) -> io::Task<void> {
            io::TaskGroup group;
            for (int i = 0; i < 200; ++i) {
                group.spawn([](Log& log) -> io::Task<void> {
                    Event event{"sign_up", {}};
                    auto done = co_await log.record(event);
                    EXPECT_TRUE(done);
                }(log));
            }
            EXPECT_TRUE(co_await group.drain(io::deadline_in(Seconds(30))));
        }(*log);
    });
    auto result = verify_file();
    EXPECT_EQ(result.entries, 201u);
    EXPECT_EQ(result.broken_line, 0u);
}

TEST_F(AuditTest, events_recorded_soon_are_written_at_the_latest_when_the_log_closes) {
    {
        auto log = open_log();
        log->record_soon({"crossing_sent", {}});
        log->record_soon({"crossing_sent", {}});
    }
    EXPECT_EQ(verify_file().entries, 3u);
}

TEST_F(AuditTest, events_recorded_soon_are_written_before_a_later_durable_one) {
    auto log = open_log();
    log->record_soon({"crossing_sent", {}});
    record(*log, 1);
    auto all = lines();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_NE(all[1].find("crossing_sent"), std::string::npos);
}

TEST_F(AuditTest, events_beyond_the_queue_bound_are_counted_in_the_log) {
    {
        auto log = open_log();
        for (int i = 0; i < 8192 + 5; ++i) log->record_soon({"crossing_sent", {}});
    }
    EXPECT_EQ(verify_file().entries, 1u + 8192u + 1u);
    EXPECT_NE(contents().find(R"("kind":"events_dropped","details":{"count":5})"),
              std::string::npos);
}

TEST_F(AuditTest, an_event_too_large_for_a_line_is_refused_and_the_chain_holds) {
    auto log = open_log();
    io::run_task<bool>([&]() -> io::Task<bool> {
        return [](Log& log) -> io::Task<bool> {
            Event event{"refusal", {{"x", std::string(70'000, 'x')}}};
            auto done = co_await log.record(event);
            EXPECT_FALSE(done);
            if (!done) {
                EXPECT_EQ(done.error().code, Code::too_large);
            }
            co_return true;
        }(*log);
    });
    record(*log, 1);
    EXPECT_EQ(verify_file().entries, 2u);
    EXPECT_EQ(verify_file().broken_line, 0u);
}

TEST_F(AuditTest, a_changed_line_is_found_at_the_line_after_it) {
    write_log_of(5);
    auto all = lines();
    all[2].replace(all[2].find("not_home"), 8, "not_hOme");
    write_lines(all);
    EXPECT_EQ(verify_file().broken_line, 4u);
}

TEST_F(AuditTest, a_change_of_the_last_line_changes_the_head) {
    write_log_of(5);
    const std::string head = verify_file().head;
    auto all = lines();
    all.back().replace(all.back().find("not_home"), 8, "not_hOme");
    write_lines(all);
    EXPECT_NE(verify_file().head, head);
}

TEST_F(AuditTest, swapped_lines_are_found) {
    write_log_of(5);
    auto all = lines();
    std::swap(all[2], all[3]);
    write_lines(all);
    EXPECT_EQ(verify_file().broken_line, 3u);
}

TEST_F(AuditTest, a_line_deleted_in_the_middle_is_found) {
    write_log_of(5);
    auto all = lines();
    all.erase(all.begin() + 2);
    write_lines(all);
    EXPECT_EQ(verify_file().broken_line, 3u);
}

TEST_F(AuditTest, a_deleted_beginning_is_found) {
    write_log_of(5);
    auto all = lines();
    all.erase(all.begin());
    write_lines(all);
    EXPECT_EQ(verify_file().broken_line, 1u);
}

TEST_F(AuditTest, an_empty_file_does_not_verify) {
    write("");
    EXPECT_EQ(verify_file().broken_line, 1u);
}

TEST_F(AuditTest, a_torn_last_line_is_no_break_and_is_cut_off_when_the_log_opens) {
    write_log_of(3);
    const std::string whole = contents();
    write(whole + R"({"n":5,"time":"20)");
    auto torn = verify_file();
    EXPECT_EQ(torn.entries, 4u);
    EXPECT_EQ(torn.broken_line, 0u);
    EXPECT_NE(torn.problem, "");
    open_log();
    EXPECT_EQ(contents(), whole);
}

TEST_F(AuditTest, a_log_with_a_broken_tail_is_not_opened) {
    write_log_of(5);
    auto all = lines();
    std::swap(all[2], all[3]);
    write_lines(all);
    auto log = Log::open(io::system_files(), path_, "eu-central-1", io::system_clock());
    ASSERT_FALSE(log);
    EXPECT_EQ(log.error().code, Code::failed_precondition);
}

TEST_F(AuditTest, a_log_longer_than_the_window_that_opening_looks_at_goes_on) {
    {
        auto log = open_log();
        for (int i = 0; i < 4000; ++i) log->record_soon({"crossing_sent", {{"i", i}}});
    }
    ASSERT_GT(contents().size(), 512u * 1024);
    write_log_of(2);
    auto result = verify_file();
    EXPECT_EQ(result.entries, 4003u);
    EXPECT_EQ(result.broken_line, 0u);
}

TEST_F(AuditTest, a_format_of_a_later_version_is_refused) {
    write(
        R"({"n":1,"time":"2026-01-01T00:00:00.000Z","kind":"log_opened","details":{"format":2,"region":"x"},"prev":")" +
        std::string(64, '0') + "\"}\n");
    EXPECT_EQ(verify_file().broken_line, 1u);
}

// The header of a long log is out of the window that opening looks at.
TEST_F(AuditTest, a_long_log_of_a_later_format_is_not_opened) {
    {
        auto log = open_log();
        for (int i = 0; i < 4000; ++i) log->record_soon({"crossing_sent", {{"i", i}}});
    }
    std::string all = contents();
    all.replace(all.find("\"format\":1"), 10, "\"format\":2");
    write(all);
    const auto refused = Log::open(io::system_files(), path_, "eu-central-1", io::system_clock());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::failed_precondition);
    EXPECT_TRUE(refused.error().message.starts_with(path_)) << refused.error().message;
    EXPECT_NE(refused.error().message.find("is of format 2"), std::string::npos);
    EXPECT_EQ(contents(), all);
}

TEST_F(AuditTest, verifying_a_missing_file_says_not_found) {
    auto result = verify(io::system_files(), folder_.file("none.log"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::not_found);
}

}  // namespace
}  // namespace domicile::audit
