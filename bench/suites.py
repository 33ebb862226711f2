"""The suites: each makes its cases, runs its rounds and returns rows. See docs/performance.md."""
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import time

from deployment import CLIENTS, MAIL, PASSWORD, POOL, REGION, TABLE, Deployment
from harness import (ROOT, Case, Failed, children_of, free_port, quartiles, resident_bytes, row_of,
                     run_json, run_rounds, stop)
from peers import Peers

PUBLIC_PATH = "/diary/entries?limit=20"
GUARDED_PATH = "/guarded/entries?limit=20"
APP = "app.bench.localhost"


class Suite:
    """One run of one suite: the options, the machine, and what has to be stopped at its end."""

    def __init__(self, options, machine, folder):
        self.options, self.machine, self.folder = options, machine, folder
        self.closing = contextlib.ExitStack()
        self.peers = Peers(folder, machine.server)
        self.closing.callback(self.peers.stop)

    def program(self, name):
        return os.path.join(self.options.build, "bench", name)

    def deployment(self, name="region", build=None, **options):
        made = Deployment(build or self.options.build, os.path.join(self.folder, name),
                          self.machine.server, **options)
        self.closing.callback(made.stop)
        made.start()
        return made

    def load(self, program, port, **options):
        """A measurement by one of our generators."""
        seconds = options.pop("seconds", self.options.seconds)
        options.setdefault("connections", self.options.connections)
        command = [self.program(program), "--port", str(port), "--seconds", str(seconds)]
        for name, value in options.items():
            command += ["--" + name.replace("_", "-"), str(value)]
        return lambda: run_json(command, self.machine.generator, seconds)

    def engine(self, what, beside=None, **options):
        """A measurement of a raw engine, on the server's core; on the other one, `beside`."""
        seconds = options.pop("seconds", self.options.seconds)
        command = [self.program("bench_engines"), "--what", what, "--folder", self.folder,
                   "--seconds", str(seconds)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        if beside is None:
            return lambda: run_json(command, self.machine.server, seconds)
        companion = [beside if part == what else part for part in command]
        return lambda: run_json(command, self.machine.server, seconds,
                                beside=(companion, self.machine.generator))

    def run(self, cases, rounds=None):
        run_rounds(cases, rounds or self.options.rounds)
        return [row_of(case) for case in cases]


def proxy(suite):
    """Gateway against HAProxy: plain, and with a token that is checked."""
    upstream = free_port()
    region = suite.deployment(upstream_port=upstream)
    region.write_jwt_files(os.path.join(suite.folder, "jwt"))

    def case(name, port, pid, path, algorithm=None, peers=(), peer=False):
        options = {"upstream": upstream, "path": path}
        if algorithm:
            options["header"] = region.bearer(algorithm)
        return Case(name, suite.load("bench_http", port, **options), peers, pid, peer=peer)

    def haproxy(name, setting, path, algorithm=None):
        port, pid = suite.peers.haproxy(setting, upstream)
        return case(name, port, pid, path, algorithm, peer=True)

    plain = haproxy("HAProxy plain", "plain", PUBLIC_PATH)
    logging = suite.deployment("logging", upstream_port=upstream, request_log=True)
    cases = [plain, case("Domicile plain", region.http_port, region.pid, PUBLIC_PATH,
                         peers=[(plain, 1.25)]),
             case("Domicile plain, a log line each", logging.http_port, logging.pid, PUBLIC_PATH,
                  peers=[(plain, None)])]
    wanted = {"ES256": (7, 1.8), "RS256": (None, None)}
    for algorithm, (every, remembered) in wanted.items():
        verify = haproxy(f"HAProxy jwt_verify {algorithm}", algorithm, GUARDED_PATH, algorithm)
        table = haproxy(f"HAProxy stick table {algorithm}", algorithm + "c", GUARDED_PATH,
                        algorithm)
        cases += [verify, table,
                  case(f"Domicile JWT and home {algorithm}", region.http_port, region.pid,
                       GUARDED_PATH, algorithm, [(verify, every), (table, remembered)])]
    return suite.run(cases)


def before(suite):
    """The proxy's rows of this build against those of the build of another commit, in turns."""
    if not suite.options.before:
        raise Failed("say which build to compare with: BEFORE=path/to/build/release")
    upstream = free_port()
    builds = {"before": suite.deployment("before", suite.options.before, upstream_port=upstream),
              "now": suite.deployment("now", upstream_port=upstream)}
    cases = []
    for name, path, algorithm in (("plain", PUBLIC_PATH, None),
                                  ("JWT and home ES256", GUARDED_PATH, "ES256"),
                                  ("JWT and home RS256", GUARDED_PATH, "RS256")):
        pair = []
        for when, region in builds.items():
            options = {"upstream": upstream, "path": path}
            if algorithm:
                options["header"] = region.bearer(algorithm)
            pair.append(Case(f"{name}, {when}", suite.load("bench_http", region.http_port, **options),
                             [(case, 1) for case in pair], region.pid, peer=not pair))
        cases += pair
    return suite.run(cases)


def tls(suite):
    """TLS 1.3, keep-alive, behind a front that says the client's address (PROXY protocol v2)."""
    upstream = free_port()
    region = suite.deployment(upstream_port=upstream)
    os.makedirs(os.path.join(suite.folder, "tls"))
    region.write_tls_file(os.path.join(suite.folder, "tls", "site.pem"))
    options = {"upstream": upstream, "path": PUBLIC_PATH, "tls": APP, "proxy_protocol": 1}
    port, pid = suite.peers.haproxy("tls", upstream)
    peer = Case("HAProxy TLS 1.3", suite.load("bench_http", port, **options), pid=pid, peer=True)
    ours = Case("Domicile TLS 1.3", suite.load("bench_http", region.ready["https"], **options),
                [(peer, 1.1)], region.pid)
    return suite.run([peer, ours])


def reactors(suite):
    """Processor time of a request with two reactors and with one, on the same core."""
    cases = []
    for count in (1, 2):
        upstream = free_port()
        region = suite.deployment(f"reactors{count}", upstream_port=upstream, reactors=count)
        measure = suite.load("bench_http", region.http_port, upstream=upstream, path=GUARDED_PATH,
                             header=region.bearer("RS256"))
        cases.append(Case(f"{count} reactor{'s' * (count > 1)}", measure, pid=region.pid))
    cases[1].peers = [(cases[0], None)]
    rows = suite.run(cases)
    ratios = sorted(two["cpu_us"] / one["cpu_us"]
                    for one, two in zip(cases[0].rounds, cases[1].rounds))
    rows.append({"name": "CPU per request, two reactors to one (wanted: at most 1.1)",
                 "unit": "ratio", "per_second": None, "errors": 0, "peer": False,
                 "note": f"{ratios[len(ratios) // 2]:.3f} ({ratios[0]:.3f}-{ratios[-1]:.3f})",
                 "compared": []})
    return rows


def forwarding(suite):
    """A request that arrives in another region than the person's home, against one that arrives at
    home. Both regions share one core, so that the ratio is that of all the work there is."""
    upstream = free_port()
    home = suite.deployment(upstream_port=upstream, neighbour=True)

    def pair(words, connections, wanted=None):
        options = {"upstream": upstream, "path": GUARDED_PATH, "header": home.bearer("ES256"),
                   "connections": connections}
        direct = Case(f"at home, {words}", suite.load("bench_http", home.http_port, **options),
                      pid=home.pid)
        away = Case(f"forwarded, {words}",
                    suite.load("bench_http", home.neighbour_port, **options), [(direct, wanted)],
                    home.pid)
        return [direct, away]

    return suite.run(pair("64 at a time", 64) + pair("one at a time", 1))


def signin(suite):
    """SRP sign-ins and token issue against what OpenSSL alone takes for the same numbers."""
    region = suite.deployment()
    limit = Case("3 modular exponentiations", suite.engine("modexp", beside="modexp-client"), unit="sign-ins", peer=True)
    two = Case("2 modular exponentiations", suite.engine("modexp2", beside="modexp-client"), unit="sign-ins", peer=True)
    cases = [limit, two]
    for algorithm, client in CLIENTS.items():
        person = {"client": client, "pool": POOL, "user": MAIL.format(0), "password": PASSWORD}
        wanted = 0.85 if algorithm == "ES256" else None
        cases.append(Case(f"SRP sign-in, {algorithm} tokens",
                          suite.load("bench_signin", region.ready["loopback"], connections=16,
                                     **person),
                          [(limit, wanted), (two, None)], region.pid, "sign-ins"))
        bare = Case(f"1 signature {algorithm}", suite.engine(algorithm.lower()),
                    unit="signatures", peer=True)
        refresh = region.tokens[algorithm]["RefreshToken"]
        issue = suite.load("bench_signin", region.ready["loopback"], connections=16, client=client,
                           mode="refresh", refresh_token=refresh)
        # A refresh signs two tokens.
        wanted = 0.85 if algorithm == "RS256" else None
        cases += [bare, Case(f"tokens issued, {algorithm}", doubled(issue), [(bare, wanted)],
                             region.pid, "tokens")]
    return suite.run(cases)


def passwords(suite):
    """Password sign-ins where passwords are kept as Argon2id, against the bare hash: at the
    standard cost, and at that of Keycloak's figures."""
    cases = []
    for cost in ((19_456, 2), (7_168, 5)):
        words = f"{cost[1]} passes over {cost[0] // 1024} MiB"
        region = suite.deployment(f"argon2id{cost[0]}", argon2id=cost)
        bare = Case(f"Argon2id, {words}", suite.engine(
            "argon2id", **{"memory-kib": cost[0], "iterations": cost[1]}), unit="hashes", peer=True)
        ours = suite.load("bench_users", region.ready["loopback"], what="password", connections=16,
                          client=CLIENTS["ES256"], password=PASSWORD, people=1)
        cases += [bare, Case(f"password sign-in, {words}", ours, [(bare, 0.9)], region.pid,
                             "sign-ins")]
    return suite.run(cases)


def folder_bytes(folder):
    return sum(os.path.getsize(os.path.join(where, name))
               for where, _, names in os.walk(folder) for name in names)


def users(suite):
    """Sign-ins where a region has many people against one that has a thousand, and what each takes
    on the disk. They are imported by AdminCreateUser, one call each, with the password hash that
    the pool keeps too, so that their rows, keys and claims are those of anybody."""
    cost = (1_024, 1)  # it is not the hash that is to be measured
    many, few, cases = suite.options.users, 1_000, []
    notes = []
    for count in (few, many):
        region = suite.deployment(f"users{count}", people=0, argon2id=cost)
        data = os.path.join(region.folder, "data")
        before = folder_bytes(data)
        key_id, secret = region.access_key("cognito-idp:*")
        filled = fill(suite, region, count, key_id, secret, cost)
        each = (folder_bytes(data) - before) / filled
        notes.append(noted(f"bytes on disk for each of {filled:,} people, all stores",
                           f"{each:,.0f}"))
        measure = suite.load("bench_users", region.ready["loopback"], what="password",
                             connections=1, client=CLIENTS["ES256"], password=PASSWORD,
                             people=count)
        cases.append(Case(f"password sign-in among {count:,}", measure,
                          [(cases[0], None)] if cases else [], region.pid, "sign-ins"))
    rows = suite.run(cases)
    ratios = [ours["p50_ms"] / theirs["p50_ms"]
              for ours, theirs in zip(cases[1].rounds, cases[0].rounds)]
    low, high = quartiles(ratios)
    rows.append(noted(f"p50 among {many:,} to that among {few:,}",
                      f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f}); wanted: at most "
                      "1.10"))
    return rows + notes


def fill(suite, region, count, key_id, secret, cost):
    """Numbers 0 to `count` at least; how many people there are."""
    first = 0
    while first < count:
        done = suite.load("bench_users", region.ready["loopback"], what="fill", connections=64,
                          seconds=min(10, max(2, count / 2_000)), first=first, region=REGION,
                          pool_id=f"{REGION}_{POOL}", key_id=key_id, secret=secret,
                          password=PASSWORD, memory_kib=cost[0], iterations=cost[1])()
        if done["errors"]:
            raise Failed("people could not be imported")
        first += max(1, done["all_units"] - 200)  # some were under way at the end
    return first


def cognito_local(suite):
    """A sign-up and four password sign-ins, again and again, against cognito-local (npm)."""
    region = suite.deployment(argon2id=(7_168, 5))
    port, pid, client = suite.peers.cognito_local(MAIL.format(0), PASSWORD)

    def mix(name, port, pid, client, peers=()):
        # Numbers that no other run has: each sign-up is a new one.
        def measure():
            first = time.time_ns() // 1_000
            return suite.load("bench_users", port, what="mix", connections=8, client=client,
                              password=PASSWORD, user=MAIL.format(0), first=first)()
        return Case(name, measure, peers, pid, "mixes", peer=not peers)

    other = mix("cognito-local, in files", port, pid, client)
    ours = mix("Domicile, Argon2id", region.ready["loopback"], region.pid, CLIENTS["RS256"],
               [(other, None)])
    return suite.run([other, ours])


def doubled(measure):
    def run():
        result = measure()
        result["per_second"] *= 2
        return result
    return run


def documents(suite):
    """put, get and query in the DynamoDB dialect against bare SQLite and dynalite."""
    region = suite.deployment(people=10)
    key_id, secret = region.access_key()
    subjects = ",".join(region.subjects())
    dynalite_port, dynalite_pid = suite.peers.dynalite(TABLE)
    cases = []
    common = {"table": TABLE, "region": REGION, "subjects": subjects, "key_id": key_id,
              "secret": secret}
    for port in (dynalite_port, region.ready["loopback"]):
        if suite.load("bench_documents", port, operation="fill", **common)()["errors"]:
            raise Failed("the items could not be written")
    for operation, wanted in (("put", 0.5), ("get", None), ("query", None)):
        options = {**common, "operation": operation}
        bare = Case(f"SQLite {operation}", suite.engine("sqlite-" + operation), unit=operation,
                    peer=True)
        other = Case(f"dynalite {operation}",
                     suite.load("bench_documents", dynalite_port, **options), pid=dynalite_pid,
                     unit=operation, peer=True)
        ours = Case(f"Domicile {operation}",
                    suite.load("bench_documents", region.ready["loopback"], **options),
                    [(bare, wanted), (other, 20)], region.pid, operation)
        cases += [bare, other, ours]
    return suite.run(cases)


def postgres(suite):
    """Documents and sign-ins on PostgreSQL against the same statements, bare and pipelined. The
    server itself may use both cores, as one on a machine of its own would."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "blackbox"))
    from postgres import Server
    server = Server("domicile", "domicile_keys", "bare")
    suite.closing.callback(server.close)
    region = suite.deployment(people=10, database=(
        f'{{engine: postgres, endpoints: ["{server.endpoint()}"]}}'))
    key_id, secret = region.access_key()
    common = {"table": TABLE, "region": REGION, "subjects": ",".join(region.subjects()),
              "key_id": key_id, "secret": secret}
    port = region.ready["loopback"]
    if suite.load("bench_documents", port, operation="fill", **common)()["errors"]:
        raise Failed("the items could not be written")

    def statements(what, operation):
        command = [suite.program("bench_postgres"), "--what", what, "--operation", operation,
                   "--socket", str(server.folder), "--database", "bare", "--seconds",
                   str(suite.options.seconds)]
        core = suite.machine.generator if what == "bare" else suite.machine.server
        return lambda: run_json(command, core, suite.options.seconds)

    cases = []
    for operation in ("put", "get", "query", "signin"):
        unit = "sign-ins" if operation == "signin" else operation
        bare = Case(f"PostgreSQL {operation}, bare", statements("bare", operation), unit=unit,
                    peer=True)
        engine = Case(f"PostgreSQL {operation}, sql::Database", statements("sql", operation),
                      [(bare, 0.7)], unit=unit)
        if operation == "signin":
            measure = suite.load("bench_signin", port, connections=16, client=CLIENTS["ES256"],
                                 pool=POOL, user=MAIL.format(0), password=PASSWORD)
        else:
            measure = suite.load("bench_documents", port, operation=operation, **common)
        whole = Case(f"PostgreSQL {operation}, Domicile", measure, [(bare, 0.7), (engine, None)],
                     region.pid, unit)
        cases += [bare, engine, whole]
    return suite.run(cases)


def etcd(suite):
    """Claims on three members of etcd on this machine, which share its disk and both cores, against
    the bare transaction through the same member's gateway; and how long until every region has a
    change."""
    sys.path.insert(0, os.path.join(ROOT, "tests", "blackbox"))
    from etcd import Cluster
    cluster = Cluster()
    suite.closing.callback(cluster.close)
    ports = [str(port) for port in cluster.clients]
    leader = ports[cluster.leader()]

    def run(what, endpoints, seconds=None, **options):
        seconds = seconds or suite.options.seconds
        command = [suite.program("bench_etcd"), "--what", what, "--endpoints", endpoints,
                   "--seconds", str(seconds)]
        for name, value in options.items():
            command += ["--" + name, str(value)]
        return lambda: run_json(command, suite.machine.generator, seconds)

    cases = []
    for concurrency in (1, 16):
        names = f"{concurrency} at a time"
        bare = Case(f"bare transactions, {names}", run("bare", leader, concurrency=concurrency),
                    unit="claims", peer=True)
        claim = Case(f"claims, {names}", run("claim", leader, concurrency=concurrency),
                     [(bare, 0.8)], unit="claims")
        cases += [bare, claim]
    rows = suite.run(cases)
    for bare, claim in zip(cases[::2], cases[1::2]):
        ratios = [ours["p50_ms"] / theirs["p50_ms"]
                  for ours, theirs in zip(claim.rounds, bare.rounds)]
        low, high = quartiles(ratios)
        rows.append(noted(f"latency (p50) of {claim.name}, to the bare transaction's",
                          f"{statistics.median(ratios):.2f} ({low:.2f}-{high:.2f}); wanted: at "
                          f"most 1.15"))
    seen = run("visible", ",".join(ports), seconds=60, rate=50)()
    rows.append(noted("a change in the copies of three regions, 50 claims a second for a minute",
                      f"p50 {seen['p50_ms']:.1f} ms, p99 {seen['p99_ms']:.1f} ms, at most "
                      f"{seen['max_ms']:.1f} ms", seen["errors"]))
    said = subprocess.run(["etcdctl", "--endpoints", f"127.0.0.1:{leader}", "check", "perf",
                           "--load", "l"], env={**os.environ, "ETCDCTL_API": "3"}, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=150)
    figures = re.findall(r"(?:Throughput|Slowest|Stddev)[^\n\r]*", said.stdout)
    rows.append(noted("etcdctl check perf --load=l: single puts of 1 kB over gRPC, 500 clients",
                      "; ".join(figures)))
    return rows


def noted(name, note, errors=0):
    return {"name": name, "unit": "", "per_second": None, "peer": False, "errors": errors,
            "note": note, "compared": []}


def engines(suite):
    """What has no network in front of it: the audit log and the directory."""
    raw_audit = Case("lines written and synced in groups", suite.engine("audit-raw"),
                     unit="events", peer=True)
    audit = Case("audit events recorded", suite.engine("audit"), [(raw_audit, None)],
                 unit="events")
    raw_locate = Case("the same read on bare SQLite", suite.engine("locate-raw"),
                      unit="look-ups", peer=True)
    locate = Case("directory look-ups", suite.engine("locate"), [(raw_locate, None)],
                  unit="look-ups")
    return suite.run([raw_audit, audit, raw_locate, locate])


def homes(suite):
    """A region's copy of 50 million homes: look-ups on one core, and bytes for each key."""
    rows, wanted = [], {"one_by_one": "4,000,000", "batched": "12,000,000"}
    done = run_json([suite.program("bench_homes"), "--seconds", str(suite.options.seconds)],
                    suite.machine.server, 250)
    for what in ("one_by_one", "batched", "one_by_one_absent", "batched_absent", "hmac", "changes"):
        note = f"{done[what]:,.0f} a second ({1e9 / done[what]:,.0f} ns)"
        if what in wanted:
            note += f"; wanted: {wanted[what]}"
        rows.append({"name": f"homes: {what.replace('_', ' ')}", "unit": "look-ups", "peer": False,
                     "per_second": None, "errors": done["errors"], "note": note, "compared": []})
    note = (f"{done['bytes_a_key']:.1f}, resident {done['resident_bytes_a_key']:.1f}; wanted: at "
            f"most 26; filled in {done['fill_seconds']:.0f} s")
    rows.append({"name": f"bytes a key ({done['keys']:,} keys)", "unit": "bytes", "peer": False,
                 "per_second": None, "errors": 0, "note": note, "compared": []})
    return rows


def memory(suite):
    """Bytes of the region's process for each idle TLS connection."""
    upstream = free_port()
    region = suite.deployment(upstream_port=upstream)
    warm = suite.load("bench_http", region.ready["https"], upstream=upstream, path=PUBLIC_PATH,
                      tls=APP, proxy_protocol=1, seconds=1)
    warm()
    before = resident_bytes(region.pid())
    wanted = suite.options.idle_connections
    holder = subprocess.Popen(
        [suite.program("bench_idle"), "--port", str(region.ready["https"]), "--connections",
         str(wanted), "--tls", APP, "--proxy-protocol", "1", "--path", PUBLIC_PATH, "--upstream",
         str(upstream)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    suite.closing.callback(stop, holder)
    line = holder.stdout.readline()
    if not line:
        raise Failed("bench_idle ended without opening its connections")
    opened = json.loads(line)["open"]
    used = resident_bytes(region.pid()) - before
    return [{"name": f"bytes per idle TLS connection ({opened:,} open)", "unit": "bytes",
             "per_second": None, "peer": False, "errors": 0 if opened == wanted else 1,
             "note": f"{used / max(opened, 1):,.0f}", "compared": []}]


def micro(suite):
    """Google Benchmark: nanoseconds of single steps."""
    program = suite.program("bench_micro")
    if not os.path.exists(program):
        raise Failed("there is no bench_micro: scripts/setup bench, then build again")
    path = os.path.join(suite.folder, "micro.json")
    subprocess.run(["taskset", "-c", str(suite.machine.server), program,
                    "--benchmark_min_time=0.2", "--benchmark_repetitions=3",
                    "--benchmark_report_aggregates_only=true", f"--benchmark_out={path}"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=120)
    with open(path, encoding="utf-8") as file:
        results = json.load(file)["benchmarks"]
    return [{"name": each["run_name"].replace("/", " "), "unit": "calls", "peer": False,
             "per_second": 1e9 / each["cpu_time"], "errors": 0,
             "note": f"{each['cpu_time']:,.0f} ns", "compared": []}
            for each in results if each["aggregate_name"] == "median"]


def sim(suite):
    """Seeds that the simulator runs in a second, on one core."""
    program = os.path.join(suite.options.build, "sim", "domicile_sim")
    if not os.path.isfile(program):
        raise Failed("there is no simulator in this build")

    def run(seeds):
        start = time.monotonic()
        done = subprocess.run(["taskset", "-c", str(suite.machine.server), program, "--seeds",
                               f"1-{seeds}", "--jobs", "1"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False, timeout=100)
        return {"per_second": seeds / (time.monotonic() - start),
                "errors": 0 if done.returncode == 0 else 1}

    # As many as take about five seconds.
    seeds = max(5, int(5 * run(5)["per_second"]))
    return suite.run([Case("simulated seeds", lambda: run(seeds), unit="seeds")], rounds=3)


# In the order of the table, with the seconds that each may take.
def functions(suite):
    """A Node handler as a function, run by AWS's runtime as it is and by ours, against the same
    handler in a Node server behind HAProxy, and bare. One core for all of each, with all of their
    processes; for the runtime alone, the Runtime API is on the generator's."""
    from lambda_bench import (HANDLER, NODE, OWN, RIC, SERVER, alone_command, cold_starts,
                              has_processes, write_event)
    for name, text in HANDLER.items():
        with open(os.path.join(suite.folder, name + ".mjs"), "w", encoding="utf-8") as file:
            file.write(text)
    server = os.path.join(suite.folder, "server.mjs")
    with open(server, "w", encoding="utf-8") as file:
        file.write(SERVER)
    bare_port, bare_pid = suite.peers.node(server)
    proxy_port, proxy_pid = suite.peers.haproxy("plain", bare_port)
    command = f"command: [{NODE}, {RIC}/index.mjs, %s.handler], directory: {suite.folder}"
    own = f"command: [{NODE}, {OWN}, warm.handler], directory: {suite.folder}"
    once = "reserved: 0, maximum: 1, queue_max: 1000"
    region = suite.deployment(
        routes="".join(f'  - {{path: /{name}, hosts: [api], function: {name}, residency: public}}\n'
                       for name in ("one", "four", "many", "own", "cold")),
        more="functions:\n"
             f"  one: {{{command % 'warm'}, concurrency: {{{once}}}}}\n"
             f"  many: {{{command % 'warm'}, concurrency: {{{once}, per_process: 64}}}}\n"
             f"  own: {{{own}, concurrency: {{{once}, per_process: 64}}}}\n"
             f"  four: {{{command % 'warm'}, concurrency: {{reserved: 0, maximum: 4, queue_max: 1000}}}}\n"
             f"  cold: {{{command % 'cold'}, concurrency: {{reserved: 0, maximum: 1}}}}\n")

    def region_pids():
        return [region.pid(), *children_of(region.pid())]

    def warm(name, port, path, connections, peers=(), pid=region_pids, peer=False):
        measure = suite.load("bench_http", port, path=path, connections=connections)
        return Case(f"{name}, {connections} at once", measure, peers, pid, peer=peer)

    # They start here, on the server's core.
    for name, count in (("one", 1), ("four", 4), ("many", 1), ("own", 1)):
        for _ in range(20):
            suite.load("bench_http", region.http_port, path="/" + name, seconds=1)()
            if has_processes(region, name, count):
                break
        else:
            raise Failed(f"the function {name} has not its processes")
    cases = []
    alone = warm("bare Node server", bare_port, "/one", 1, pid=bare_pid, peer=True)
    single = warm("function, 1 process", region.http_port, "/one", 1, [(alone, None)])
    cases += [alone, single, warm("function, own runtime", region.http_port, "/own", 1)]
    many = suite.options.connections
    behind = warm("Node server behind HAProxy", proxy_port, "/one", many,
                  pid=[proxy_pid, bare_pid], peer=True)
    cases += [behind,
              warm("function, 1 process", region.http_port, "/one", many, [(behind, 0.8)]),
              warm("function, 4 processes", region.http_port, "/four", many, [(behind, 0.8)]),
              warm("function, 1 process with 64 calls", region.http_port, "/many", many,
                   [(behind, 0.8)]),
              warm("function, own runtime, 1 process with 64 calls", region.http_port, "/own", many,
                   [(behind, 0.8)])]
    command = [suite.program("bench_runtime_api"), "--seconds", str(suite.options.seconds),
               "--event", write_event(suite.folder),
               "--command", alone_command(suite.folder, suite.machine.server)]
    cases.append(Case("AWS's runtime alone", lambda: run_json(
        command, suite.machine.generator, suite.options.seconds), [(behind, None)]))
    rows = suite.run(cases)
    added = sorted(ours["p50_ms"] - theirs["p50_ms"]
                   for ours, theirs in zip(single.rounds, alone.rounds))
    rows.append(told("a warm invocation's p50 over the bare handler's by HTTP",
                     f"{added[len(added) // 2] * 1000:.0f} us ({added[0] * 1000:.0f} to {added[-1] * 1000:.0f})"))
    ours, theirs = cold_starts(region, suite.folder, suite.machine, rounds=3 * suite.options.rounds)
    ratio = statistics.median(ours) / statistics.median(theirs)
    rows.append(told("cold start of Node to that of the runtime by hand (wanted: at most 1.15)",
                     f"{ratio:.2f} ({statistics.median(ours):.0f} ms to {statistics.median(theirs):.0f} ms)"))
    return rows


def told(name, note):
    return {"name": name, "unit": "", "per_second": None, "errors": 0, "peer": False, "note": note,
            "compared": []}


SUITES = {
    "proxy": (proxy, 240),
    "before": (before, 180),
    "tls": (tls, 90),
    "reactors": (reactors, 90),
    "forwarding": (forwarding, 120),
    "signin": (signin, 180),
    "passwords": (passwords, 120),
    "users": (users, 3_000),
    "cognito_local": (cognito_local, 120),
    "documents": (documents, 200),
    "postgres": (postgres, 240),
    "etcd": (etcd, 280),
    "engines": (engines, 90),
    "functions": (functions, 240),
    "homes": (homes, 280),
    "memory": (memory, 90),
    "micro": (micro, 130),
    "sim": (sim, 150),
}
