#!/usr/bin/env python3
"""`make bench`: every suite in a process group of its own, with a bound on its time; a suite that
fails is reported and the others still run. Prints the table and writes build/bench.json.

  bench/run.py [--suites "proxy tls"] [--rounds 5] [--seconds 2] [--build DIR] [--before DIR]
               [--json FILE]

Absolute figures vary with the machine: the ratios within a round are what counts, and differences
under 10 % are ties. How each suite measures is in docs/performance.md.
"""
import argparse
import json
import os
import resource
import signal
import sys
import tempfile
import time

from harness import ROOT, Failed, Machine, log, run_bounded, table
from suites import SUITES, Suite


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suites", default="", help="some of " + " ".join(SUITES))
    parser.add_argument("--suite", help=argparse.SUPPRESS)  # this process is the one that runs it
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "release"))
    parser.add_argument("--before", default="",
                        help="the build of another commit, for the suite before")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="of one measurement")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--idle-connections", type=int, default=10000)
    parser.add_argument("--users", type=int, default=20_000,
                        help="people of the suite users; its figure is for 1000000")
    parser.add_argument("--json", default=os.path.join(ROOT, "build", "bench.json"))
    return parser.parse_args()


def raise_descriptor_limit():
    """For ten thousand connections; what is started inherits it."""
    wanted = 2 * 10_000 + 2_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(hard, wanted), max(hard, wanted)))
    except (ValueError, OSError):  # only root may raise the hard limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_suite(options):
    """In the child process: rows to the JSON file, or a reason on standard error."""
    # So that folders go and programs end also when the time is over.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_descriptor_limit()
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(options, Machine(), folder)
        try:
            rows = SUITES[options.suite][0](suite)
        finally:
            suite.closing.close()
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(rows, file)


def run_child(options, name, path):
    """What went wrong, or None."""
    command = [sys.executable, os.path.abspath(__file__), "--suite", name, "--json", path]
    for option in ("build", "before", "rounds", "seconds", "connections", "idle_connections", "users"):
        command += ["--" + option.replace("_", "-"), str(getattr(options, option))]
    return run_bounded(command, SUITES[name][1])


def print_rows(name, rows):
    print(f"\n### {name}\n")
    measured = [row for row in rows if "note" not in row]
    if measured:
        print(table(measured))
    for row in rows:
        if "note" in row:
            print(f"- {row['name']}: {row['note']}")
    sys.stdout.flush()


def main():
    options = arguments()
    if options.suite:
        try:
            return run_suite(options)
        except Failed as failed:
            log(f"bench: {options.suite}: {failed}")
            return 1
    names = options.suites.split() or [name for name in SUITES if name != "before" or options.before]
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        sys.exit(f"bench: no such suite: {' '.join(unknown)}; there are {' '.join(SUITES)}")
    started, load = time.time(), os.getloadavg()[0]
    out = {"when": time.strftime("%F %T"), "load_before": load, "cores": os.cpu_count(),
           "options": {"rounds": options.rounds, "seconds": options.seconds,
                       "connections": options.connections}, "suites": {}, "failed": {}}
    for name in names:
        log(f"bench: {name} ...")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.json")
            problem = run_child(options, name, path)
            if problem is None:
                with open(path, encoding="utf-8") as file:
                    out["suites"][name] = json.load(file)
                print_rows(name, out["suites"][name])
            else:
                out["failed"][name] = problem
    errors = sum(row["errors"] for rows in out["suites"].values() for row in rows)
    os.makedirs(os.path.dirname(os.path.abspath(options.json)), exist_ok=True)
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(out, file, indent=2)
    print(f"\n{out['when']}, {out['cores']} cores, load before {load:.1f} (0 is best), "
          f"{options.rounds} rounds of {options.seconds:g} s, {time.time() - started:.0f} s in all; "
          f"{options.json}")
    for name, problem in out["failed"].items():
        print(f"FAILED {name}: {problem}")
    if errors:
        print(f"There were {errors} errors: see the rows.")
    return 1 if errors or out["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
