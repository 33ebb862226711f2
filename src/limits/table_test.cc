#include "limits/table.h"

#include <gtest/gtest.h>

namespace domicile::limits {
namespace {

const Rule kRule{3, Millis(60'000), Millis(1'000), Millis(8'000)};
constexpr Instant kStart{1'000'000};

class TableTest : public ::testing::Test {
  protected:
    // One whole attempt; how long it is kept waiting.
    Millis attempt(Table::Key key, Table::Counts counts, Instant now) {
        const auto wait = table_.enter(key, kRule, now);
        if (wait) return wait->time;
        table_.leave(key, kRule, counts, now);
        return Millis(0);
    }
    Millis wrong(Table::Key key, Instant now) { return attempt(key, Table::Counts::yes, now); }
    void use_up(Table::Key key, Instant now, Table& table) {
        for (int i = 0; i < kRule.free; ++i) table.leave(key, kRule, Table::Counts::yes, now);
    }

    Table table_{"secret"};
    const Table::Key ann_ = table_.key_of("ann"), ben_ = table_.key_of("ben");
};

TEST_F(TableTest, after_the_free_ones_each_waits_twice_as_long_up_to_a_bound) {
    Instant now = kStart;
    for (int i = 0; i < kRule.free; ++i) EXPECT_EQ(wrong(ann_, now), Millis(0)) << i;
    for (const int seconds : {1, 2, 4, 8, 8}) {
        EXPECT_EQ(wrong(ann_, now), Seconds(seconds));
        EXPECT_EQ(wrong(ann_, now + Seconds(seconds) - Millis(1)), Millis(1)) << "to the end";
        now = now + Seconds(seconds);
        EXPECT_EQ(wrong(ann_, now), Millis(0)) << "and no longer";
    }
}

TEST_F(TableTest, others_are_not_kept_waiting) {
    for (int i = 0; i < 5; ++i) wrong(ann_, kStart);
    EXPECT_EQ(wrong(ben_, kStart), Millis(0));
}

TEST_F(TableTest, what_does_not_count_uses_nothing_and_gives_nothing_back) {
    for (int i = 0; i < 100; ++i) EXPECT_EQ(attempt(ann_, Table::Counts::no, kStart), Millis(0));
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, kStart);
    const Instant later = kStart + Seconds(1);
    EXPECT_EQ(attempt(ann_, Table::Counts::no, later), Millis(0));
    EXPECT_EQ(wrong(ann_, later), Millis(0));
    EXPECT_EQ(wrong(ann_, later), Seconds(2)) << "the right one between bought nothing";
}

TEST_F(TableTest, time_forgives_one_after_the_other) {
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, kStart);
    const Instant later = kStart + kRule.forgive_each;
    EXPECT_EQ(wrong(ann_, later - Millis(1)), Millis(0)) << "the delay is over";
    EXPECT_EQ(wrong(ann_, later - Millis(1)), Seconds(2)) << "nothing was forgiven yet";
    const Instant much_later = kStart + 10 * kRule.forgive_each;
    for (int i = 0; i < kRule.free; ++i) EXPECT_EQ(wrong(ann_, much_later), Millis(0)) << i;
    EXPECT_EQ(wrong(ann_, much_later), Seconds(1)) << "never more than the free ones";
}

TEST_F(TableTest, forgiving_begins_with_the_first_that_counts) {
    EXPECT_EQ(attempt(ann_, Table::Counts::no, kStart), Millis(0));
    const Instant first = kStart + kRule.forgive_each - Millis(1);
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, first);
    const Instant later = first + Seconds(1);
    EXPECT_EQ(wrong(ann_, later), Millis(0)) << "the delay is over";
    EXPECT_EQ(wrong(ann_, later), Seconds(2)) << "nothing was forgiven";
}

TEST_F(TableTest, a_count_ends_however_long_it_grew) {
    Instant now = kStart;
    for (int i = 0; i < 1'000; ++i) {
        now = now + kRule.delay_max;
        table_.leave(ann_, kRule, Table::Counts::yes, now);
    }
    now = now + 24 * kRule.forgive_each;
    for (int i = 0; i < kRule.free; ++i) EXPECT_EQ(wrong(ann_, now), Millis(0)) << i;
}

TEST_F(TableTest, no_more_are_judged_at_once_than_are_free) {
    int inside = 0;
    for (int i = 0; i < 100; ++i) inside += table_.enter(ann_, kRule, kStart) ? 0 : 1;
    EXPECT_EQ(inside, kRule.free);
    for (int i = 0; i < inside; ++i) table_.leave(ann_, kRule, Table::Counts::yes, kStart);
    const Instant later = kStart + Seconds(4);
    EXPECT_FALSE(table_.enter(ann_, kRule, later)) << "one may be tried when the delay is over";
    EXPECT_TRUE(table_.enter(ann_, kRule, later)) << "and one only";
    table_.leave(ann_, kRule, Table::Counts::no, later);
    EXPECT_FALSE(table_.enter(ann_, kRule, later));
}

TEST_F(TableTest, the_first_refusal_is_told_once_until_much_is_forgiven) {
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, kStart);
    EXPECT_TRUE(table_.enter(ann_, kRule, kStart)->begins);
    EXPECT_FALSE(table_.enter(ann_, kRule, kStart)->begins);
    EXPECT_EQ(wrong(ann_, kStart + Seconds(1)), Millis(0));
    EXPECT_FALSE(table_.enter(ann_, kRule, kStart + Seconds(1))->begins) << "it goes on";
    const Instant later = kStart + 5 * kRule.forgive_each;
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, later);
    EXPECT_TRUE(table_.enter(ann_, kRule, later)->begins) << "it begins again";
}

TEST_F(TableTest, a_flood_of_others_does_not_push_out_who_is_refused) {
    Table small("secret", 64);
    const Table::Key ann = small.key_of("ann");
    use_up(ann, kStart, small);
    for (int i = 0; i < 100'000; ++i) {
        const Table::Key other = small.key_of(std::to_string(i));
        EXPECT_FALSE(small.enter(other, kRule, kStart)) << "nor is any of them refused";
        small.leave(other, kRule, Table::Counts::yes, kStart);
    }
    EXPECT_TRUE(small.enter(ann, kRule, kStart));
    EXPECT_GT(small.pushed_out(), 0u);
}

TEST_F(TableTest, counts_that_are_forgiven_make_room_first) {
    Table small("secret", Table::kPlaces);
    for (std::size_t i = 0; i < Table::kPlaces; ++i) {
        small.leave(small.key_of(std::to_string(i)), kRule, Table::Counts::yes, kStart);
    }
    const Instant later = kStart + kRule.forgive_each;
    for (std::size_t i = 0; i < Table::kPlaces; ++i) {
        small.leave(small.key_of("new" + std::to_string(i)), kRule, Table::Counts::yes, later);
    }
    EXPECT_EQ(small.pushed_out(), 0u);
}

TEST_F(TableTest, keys_depend_on_the_secret) {
    EXPECT_EQ(table_.key_of("ann"), Table("secret").key_of("ann"));
    EXPECT_NE(table_.key_of("ann"), Table("other").key_of("ann"));
    EXPECT_NE(ann_, ben_);
}

TEST_F(TableTest, a_new_rule_counts_at_once) {
    for (int i = 0; i < kRule.free; ++i) wrong(ann_, kStart);
    EXPECT_TRUE(table_.enter(ann_, kRule, kStart));
    const Rule wider{100, Millis(60'000), Millis(1'000), Millis(8'000)};
    const Instant later = kStart + Seconds(1);
    for (int i = 0; i < 90; ++i) {
        EXPECT_FALSE(table_.enter(ann_, wider, later)) << i;
        table_.leave(ann_, wider, Table::Counts::yes, later);
    }
}

}  // namespace
}  // namespace domicile::limits
