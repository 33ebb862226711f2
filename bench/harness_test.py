#!/usr/bin/env python3
"""The harness's own arithmetic and its bounds; no program under test is needed."""
import os
import sys
import time
import unittest

from harness import Case, compare, quartiles, row_of, run_bounded, run_rounds, table


def rounds_of(*values, p99=None):
    return [{"per_second": v, "errors": 0, **({"p99_ms": p99} if p99 else {})} for v in values]


def case_with(name, rounds, **options):
    case = Case(name, None, **options)
    case.rounds = rounds
    return case


class Ratios(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_ratios_of_each_round(self):
        # The medians' ratio would be 20 / 10 = 2; the machine slowed down in the second round.
        peer = case_with("peer", rounds_of(10, 5, 20))
        ours = case_with("ours", rounds_of(15, 20, 30))
        found = compare(ours, peer, 1.4)
        self.assertEqual(found["ratio"], 1.5)
        self.assertEqual((found["low"], found["high"]), (1.5, 2.75))
        self.assertEqual(found["target"], 1.4)

    def test_quartiles_of_one_round_are_its_value(self):
        self.assertEqual(quartiles([3]), (3, 3))
        self.assertEqual(quartiles([1, 2, 3, 4, 5]), (2, 4))

    def test_p99_is_compared_where_both_have_it(self):
        peer = case_with("peer", rounds_of(1, 1, p99=2.0))
        self.assertEqual(compare(case_with("ours", rounds_of(1, 1, p99=1.0)), peer, None)
                         ["p99_ratio"], 0.5)
        self.assertNotIn("p99_ratio", compare(case_with("ours", rounds_of(1, 1)), peer, None))

    def test_errors_of_all_rounds_are_summed(self):
        rounds = rounds_of(1, 2)
        rounds[1]["errors"] = 3
        self.assertEqual(row_of(case_with("ours", rounds))["errors"], 3)


class Rounds(unittest.TestCase):
    def test_every_other_round_goes_backwards(self):
        order = []

        def measure(name):
            def run():
                order.append(name)
                return {"per_second": 1}
            return run

        run_rounds([Case(name, measure(name)) for name in "abc"], 3)
        self.assertEqual("".join(order), "abccbaabc")

    def test_processor_time_is_counted_by_unit(self):
        def work():
            end = time.process_time() + 0.05
            while time.process_time() < end:
                pass
            return {"per_second": 1, "all_units": 10}

        case = Case("self", work, pid=os.getpid())
        case.run_once()
        self.assertGreater(case.rounds[0]["cpu_us"], 4000)


class Table(unittest.TestCase):
    def test_a_row_has_a_line_for_each_comparison(self):
        peers = [case_with(name, rounds_of(10)) for name in ("one", "two")]
        ours = case_with("ours", rounds_of(25), peers=[(peers[0], 2), (peers[1], None)])
        lines = table([row_of(ours)]).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("2.50", lines[2])
        self.assertEqual(len({len(line) for line in lines}), 1)


class Bounds(unittest.TestCase):
    def test_what_takes_too_long_is_ended_with_everything_it_started(self):
        code = ("import os, subprocess, sys, time; child = subprocess.Popen(['sleep', '60']);"
                "print(child.pid, flush=True); time.sleep(60)")
        read, write = os.pipe()
        saved = os.dup(1)
        os.dup2(write, 1)
        try:
            problem = run_bounded([sys.executable, "-c", code], 1)
        finally:
            os.dup2(saved, 1)
            os.close(write)
        self.assertIn("more than 1 s", problem)
        child = int(os.read(read, 100))
        with self.assertRaises(ProcessLookupError):
            for _ in range(100):
                os.kill(child, 0)
                with open(f"/proc/{child}/stat", encoding="ascii") as file:
                    if file.read().split()[2] == "Z":
                        raise ProcessLookupError
                time.sleep(0.02)

    def test_a_failure_and_a_success_are_told_apart(self):
        self.assertIsNone(run_bounded([sys.executable, "-c", ""], 10))
        self.assertIn("status 3", run_bounded([sys.executable, "-c", "raise SystemExit(3)"], 10))


if __name__ == "__main__":
    unittest.main()
