#include "sql/reads_together.h"

#include <gtest/gtest.h>

#include "io/runtime.h"
#include "io/testing.h"

namespace domicile::sql {
namespace {

using Answer = Result<BatchResult>;
using Answers = std::vector<Answer>;

Statement ask(const std::string& what) { return {"SELECT $1", {Value(what)}}; }

// Answers each statement with its parameter; holds pipelines back until it is told.
class Server {
  public:
    io::Task<Answer> carry(std::vector<Statement> statements) {
        std::string names;
        bool refused = false;
        BatchResult out;
        for (const Statement& statement : statements) {
            const std::string& name = std::get<std::string>(statement.parameters[0]);
            names += name;
            refused = refused || name == "!";
            StatementResult result;
            result.rows.push_back({{Value(name)}});
            out.push_back(std::move(result));
        }
        pipelines.push_back(names);
        ++under_way;
        most_under_way = std::max(most_under_way, under_way);
        while (held) {
            const Instant late = io::deadline_in(Seconds(30));
            co_await released.wait_until(late);
        }
        --under_way;
        if (down) co_return fail(Code::unavailable, "It is down.");
        if (refused) co_return fail(Code::internal, "It refuses.");
        co_return out;
    }
    void release() {
        held = false;
        released.notify_all();
    }

    std::vector<std::string> pipelines;  // the parameters of each
    int under_way = 0, most_under_way = 0;
    bool held = false, down = false;
    io::Event released;
};

struct ReadsTogetherTest : ::testing::Test {
    ReadsTogether::Options options{.pipelines_max = 1, .together_max = 16, .waiting_max = 100};
    Server server;

    // Reads of one letter each, all asked for in one turn; `meanwhile` comes while they are held.
    Answers read(const std::string& letters, const std::string& meanwhile = "") {
        ReadsTogether reads([this](std::vector<Statement> s) { return server.carry(std::move(s)); },
                            options);
        server.held = !meanwhile.empty();
        Answers out =
            io::run_task<Answers>([&] { return ask_all(&reads, &server, letters, meanwhile); });
        EXPECT_EQ(server.under_way, 0);
        EXPECT_EQ(reads.pipelines().value(), server.pipelines.size());
        return out;
    }
    static io::Task<Answers> ask_all(ReadsTogether* reads, Server* server, std::string letters,
                                     std::string meanwhile) {
        std::vector<io::Task<Answer>> tasks;
        for (const char letter : letters) tasks.push_back(reads->read(ask({letter})));
        for (const char letter : meanwhile)
            tasks.push_back(later(reads, server, letter, letter == meanwhile.back()));
        co_return co_await io::testing::gather<Answer>(std::move(tasks));
    }
    static io::Task<Answer> later(ReadsTogether* reads, Server* server, char letter, bool last) {
        const bool begun = co_await io::testing::until([server] { return server->under_way > 0; });
        EXPECT_TRUE(begun);
        io::Task<Answer> task = reads->read(ask({letter}));
        if (last) io::Executor::current().post([server] { server->release(); });
        co_return co_await task;
    }
    static std::string text(const Answer& answer) {
        return answer ? (*answer)[0].rows[0].text(0) : std::string(to_string(answer.error().code));
    }
    static std::string texts(const Answers& answers) {
        std::string out;
        for (const Answer& answer : answers) out += text(answer) + " ";
        return out;
    }
};

using Pipelines = std::vector<std::string>;

TEST_F(ReadsTogetherTest, reads_of_one_turn_go_in_one_pipeline_and_equal_ones_once) {
    EXPECT_EQ(texts(read("abcabca")), "a b c a b c a ");
    EXPECT_EQ(server.pipelines, Pipelines{"abc"});
}

TEST_F(ReadsTogetherTest, a_read_is_sent_after_it_was_asked_for) {
    EXPECT_EQ(texts(read("a", "aba")), "a a b a ");
    EXPECT_EQ(server.pipelines, (Pipelines{"a", "ab"})) << "not answered by the first a";
}

TEST_F(ReadsTogetherTest, a_pipeline_is_bounded_and_the_rest_follows_in_order) {
    options.together_max = 3;
    EXPECT_EQ(texts(read("abcdefgh")), "a b c d e f g h ");
    EXPECT_EQ(server.pipelines, (Pipelines{"abc", "def", "gh"}));
    EXPECT_EQ(server.most_under_way, 1);
}

TEST_F(ReadsTogetherTest, as_many_pipelines_as_allowed_are_under_way_at_once) {
    options.together_max = 2;
    options.pipelines_max = 2;
    EXPECT_EQ(texts(read("abcdef", "gh")), "a b c d e f g h ");
    EXPECT_EQ(server.most_under_way, 2);
}

TEST_F(ReadsTogetherTest, one_that_is_refused_fails_no_other) {
    EXPECT_EQ(texts(read("a!b!")), "a internal b internal ");
    EXPECT_EQ(server.pipelines, (Pipelines{"a!b", "a", "!", "b"}));
}

TEST_F(ReadsTogetherTest, a_server_that_is_down_is_not_asked_for_each_of_them) {
    server.down = true;
    EXPECT_EQ(texts(read("aab")), "unavailable unavailable unavailable ");
    EXPECT_EQ(server.pipelines.size(), 1u);
}

TEST_F(ReadsTogetherTest, those_who_wait_are_bounded) {
    options.waiting_max = 2;
    EXPECT_EQ(texts(read("ab", "cdcef")), "a b c d c resource_exhausted resource_exhausted ");
}

io::Task<void> turns(int count) {
    for (; count > 0; --count) {
        io::Completion<bool> turn;
        turn.set(true);
        co_await turn;
    }
}

io::Task<Answer> answer_later(std::vector<Statement> statements, int* count) {
    const int number = ++*count * 7 % 5;  // of turns: pipelines end in any order
    co_await turns(number);
    BatchResult out;
    for (const Statement& statement : statements) {
        StatementResult result;
        result.rows.push_back({{statement.parameters[0]}});
        out.push_back(std::move(result));
    }
    co_return out;
}

// One after the other, each a little later than the one before was answered.
io::Task<Answer> ask_often(ReadsTogether* reads, int reader) {
    for (int i = 0; i < 100; ++i) {
        const std::string name = std::to_string((reader + i) % 13);
        const Answer answer = co_await reads->read(ask(name));
        EXPECT_TRUE(answer && (*answer)[0].rows[0].text(0) == name);
        co_await turns((reader * i) % 4);
    }
    co_return BatchResult();
}

io::Task<Answers> ask_all_often(ReadsTogether* reads) {
    std::vector<io::Task<Answer>> tasks;
    for (int reader = 0; reader < 20; ++reader) tasks.push_back(ask_often(reads, reader));
    co_return co_await io::testing::gather<Answer>(std::move(tasks));
}

// A pipeline may end while another reader still gathers.
TEST_F(ReadsTogetherTest, each_read_gets_its_own_answer_in_whatever_order_they_come) {
    for (options.pipelines_max = 1; options.pipelines_max < 4; ++options.pipelines_max) {
        int count = 0;
        ReadsTogether reads(
            [&](std::vector<Statement> s) { return answer_later(std::move(s), &count); }, options);
        EXPECT_EQ(io::run_task<Answers>([&] { return ask_all_often(&reads); }).size(), 20u);
        EXPECT_LT(reads.pipelines().value(), reads.statements().value());
    }
}

TEST_F(ReadsTogetherTest, executors_do_not_wait_for_each_other) {
    ReadsTogether reads([this](std::vector<Statement> s) { return server.carry(std::move(s)); },
                        options);
    io::testing::Loop other;
    const auto there = [&] { return other.run<Answer>([&] { return reads.read(ask("there")); }); };
    EXPECT_EQ(text(there()), "there");
    EXPECT_EQ(text(io::run_task<Answer>([&] { return reads.read(ask("here")); })), "here");
    EXPECT_EQ(text(there()), "there");
}

}  // namespace
}  // namespace domicile::sql
