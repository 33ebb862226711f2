"""What every suite stands on: processes on a core, rounds that alternate, ratios and their noise.

A suite makes cases. In a round every case is measured once, one after the other, every other round
backwards, so that drift favours no place in it. A ratio is the median over the rounds of
ours / theirs of the same round; its noise is the interquartile range of those ratios.
"""
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Failed(Exception):
    """A suite cannot go on; the others can."""


class Machine:
    """Which core is whose."""

    def __init__(self):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            raise Failed("two cores are needed: one for the program under test, one for the "
                         "generator")
        self.server, self.generator = cores[0], cores[1]


class Case:
    """One row: how it is measured, and the rows that it is compared with.

    `measure` returns a dict with at least per_second and errors. `pid` is the process whose
    processor time is counted, or a list of some: a value or a callable. `peers` are (case, wanted ratio or None).
    """

    def __init__(self, name, measure, peers=(), pid=None, unit="requests", peer=False):
        self.name, self.measure, self.peers = name, measure, list(peers)
        self.pid, self.unit, self.is_peer = pid, unit, peer
        self.rounds = []

    def run_once(self):
        pid = self.pid() if callable(self.pid) else self.pid
        before = cpu_seconds(pid) if pid else 0
        result = self.measure()
        if pid and result.get("all_units"):
            result["cpu_us"] = (cpu_seconds(pid) - before) * 1e6 / result["all_units"]
        self.rounds.append(result)


def children_of(pid):
    """Those that it started, which still live."""
    out = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
            out += [int(child) for child in file.read().split()]
    return out


def cpu_seconds(pid):
    """Of all threads of a process, or of several, that still live, to the nanosecond."""
    if isinstance(pid, list):
        return sum(cpu_seconds(one) for one in pid)
    total = 0
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    except (FileNotFoundError, ProcessLookupError) as gone:
        raise Failed(f"process {pid} is gone") from gone
    return total / 1e9


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_rounds(cases, rounds):
    for number in range(rounds):
        for case in cases[:: -1 if number % 2 else 1]:
            case.run_once()


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def median_of(rounds, key):
    values = [r[key] for r in rounds if key in r]
    return statistics.median(values) if values else None


def compare(case, peer, target):
    pairs = list(zip(case.rounds, peer.rounds))
    ratios = [ours["per_second"] / theirs["per_second"] for ours, theirs in pairs]
    low, high = quartiles(ratios)
    out = {"peer": peer.name, "ratio": statistics.median(ratios), "low": low, "high": high}
    if target is not None:
        out["target"] = target
    late = [ours["p99_ms"] / theirs["p99_ms"] for ours, theirs in pairs
            if ours.get("p99_ms") and theirs.get("p99_ms")]
    if late:
        out["p99_ratio"] = statistics.median(late)
    # What it would be if nothing else took the core.
    costs = [theirs["cpu_us"] / ours["cpu_us"] for ours, theirs in pairs
             if ours.get("cpu_us") and theirs.get("cpu_us")]
    if costs:
        out["cpu_ratio"] = statistics.median(costs)
    return out


def row_of(case):
    row = {"name": case.name, "unit": case.unit, "peer": case.is_peer,
           "per_second": median_of(case.rounds, "per_second"),
           "errors": sum(r.get("errors", 0) for r in case.rounds)}
    for key in ("p50_ms", "p99_ms", "cpu_us", "busy"):
        value = median_of(case.rounds, key)
        if value is not None:
            row[key] = value
    row["compared"] = [compare(case, peer, target) for peer, target in case.peers]
    return row


def number(value, digits):
    return "" if value is None else f"{value:,.{digits}f}"


def table(rows):
    """Markdown, one line for each comparison."""
    head = ["", "per second", "p50 ms", "p99 ms", "CPU µs", "to", "ratio", "noise (IQR)", "p99 ratio",
            "CPU ratio", "wanted"]
    lines = []
    for row in rows:
        digits = 0 if (row["per_second"] or 0) >= 100 else 1
        first = [row["name"], number(row["per_second"], digits), number(row.get("p50_ms"), 2),
                 number(row.get("p99_ms"), 2), number(row.get("cpu_us"), 1)]
        for compared in row["compared"] or [None]:
            rest = [""] * 6
            if compared:
                rest = [compared["peer"], f"{compared['ratio']:.2f}",
                        f"{compared['low']:.2f}-{compared['high']:.2f}",
                        number(compared.get("p99_ratio"), 2), number(compared.get("cpu_ratio"), 2),
                        f"{compared['target']:g}" if "target" in compared else ""]
            lines.append(first + rest)
            first = [""] * 5
    widths = [max(len(line[i]) for line in lines + [head]) for i in range(len(head))]
    show = lambda line: "| " + " | ".join(t.ljust(w) for t, w in zip(line, widths)) + " |"
    rule = "|" + "|".join("-" * (w + 2) for w in widths) + "|"
    return "\n".join([show(head), rule] + [show(line) for line in lines])


def run_json(command, core, seconds, beside=None):
    """What a program of ours prints, on a core; it gets 30 s more than it should need. `beside` is
    another command and its core, for the same time."""
    with contextlib.ExitStack() as closing:
        if beside is not None:
            other, other_core = beside
            companion = closing.enter_context(subprocess.Popen(
                ["taskset", "-c", str(other_core)] + other, stdout=subprocess.DEVNULL))
            closing.callback(companion.kill)
        try:
            done = subprocess.run(["taskset", "-c", str(core)] + command, stdout=subprocess.PIPE,
                                  timeout=seconds + 30, check=False)
        except subprocess.TimeoutExpired as late:
            raise Failed(f"{os.path.basename(command[0])} did not end in time") from late
    if not done.stdout:
        raise Failed(f"{os.path.basename(command[0])} printed nothing (status {done.returncode})")
    return json.loads(done.stdout)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(ready, process, what, deadline_s=60):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        if process.poll() is not None:
            raise Failed(f"{what}: the program ended with {process.returncode}")
        if ready():
            return
        time.sleep(0.02)
    raise Failed(f"{what}: not in {deadline_s} s")


def wait_for_port(port, process):
    def listens():
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        except OSError:
            return False

    wait_until(listens, process, f"waiting for port {port}")


def stop(process, deadline_s=15):
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_bounded(command, seconds):
    """Runs a command in a process group of its own; all of the group is gone when this returns.

    Returns what went wrong, or None.
    """
    process = subprocess.Popen(command, start_new_session=True)
    try:
        status = process.wait(seconds)
        return None if status == 0 else f"it ended with status {status}"
    except subprocess.TimeoutExpired:
        return f"it took more than {seconds:.0f} s"
    finally:
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(process.pid, how)
                time.sleep(0.5)
            except ProcessLookupError:
                break
        process.wait()


def log(text):
    print(text, file=sys.stderr, flush=True)
