"""A soak: mixed traffic of installers, uploaders, pushers, deleters, readers of pages and rude clients, with a fault every few seconds, for as long as
--minutes says. Meant for a program built with a sanitizer (BODEGA_BINARY=build/asan/bodega): whatever it reports is a violation. No reader
may get wrong bytes, and at the end everything acknowledged is there."""
import os
import random
import re
import signal
import socket
import threading
import time
import urllib.parse

import bench
from bench import CHANGES, EVERY, READ, SYNC, WRITE, Broken, ask, basic, packages

EIO, ENOSPC = 5, 28
FAULT_EVERY = 5.0
REPORT = re.compile(r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|AddressSanitizer:DEADLYSIGNAL)")


class World:
    """What all workers share: the server, and what it has promised."""

    def __init__(self, bodega, wheels, credentials, tally, seed):
        self.bodega, self.wheels, self.credentials, self.tally, self.seed = bodega, wheels, credentials, tally, seed
        self.kept, self.passing, self.lock = {}, {}, threading.Lock()
        self.stopping, self.requests, self.faults = threading.Event(), {}, {}
        self.reports, self.trouble, self.damaged_at = 0, "none yet", 0.0

    def count(self, table, what):
        with self.lock:
            table[what] = table.get(what, 0) + 1

    def right(self, answer, content, what):
        if answer.status in (200, 206) and answer.body != content:
            if self.damaged_at > time.time() - answer.seconds - 0.02:
                return  # by another hand while it was sent: the kernel sends the pages as they are then (docs/faults.md)
            places = [n for n, pair in enumerate(zip(answer.body, content)) if pair[0] != pair[1]]
            self.tally.violation("wrong bytes for %s (%d of %d; at %s); X-Cache %s; answered in %.3f s; last fault: %s" % (
                what, len(answer.body), len(content), places[:9], answer["x-cache"], answer.seconds, self.trouble))


class Worker(threading.Thread):
    def __init__(self, world, number):
        super().__init__(daemon=True)
        self.world, self.bodega, self.number, self.done = world, world.bodega, number, 0
        self.chance = random.Random("%s %s %s" % (world.seed, type(self).__name__, number))
        self.start()

    def run(self):
        while not self.world.stopping.is_set():
            try:
                self.step()
            except (Broken, OSError, LookupError, AssertionError, ValueError, KeyError):
                time.sleep(0.05)  # the fault of the moment
            self.world.count(self.world.requests, type(self).__name__)
            time.sleep(self.chance.uniform(0, 0.05))


class Installer(Worker):
    """Pages in both forms and with their validators, files whole and in part, metadata."""

    def step(self):
        name = self.chance.choice(list(self.world.wheels))
        content = self.world.wheels[name][1]
        page = self.bodega.page(name, **self.chance.choice(({}, {"Accept": "text/html"}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "zstd"})))
        if page.status == 200 and page["etag"]:
            self.bodega.page(name, **{"If-None-Match": page["etag"]})
        url, _ = self.bodega.link(name, "whl$")
        kind = self.chance.randrange(4)
        if kind == 0:
            ask(url + ".metadata", timeout=20)
        elif kind == 1:
            first = self.chance.randrange(len(content))
            self.world.right(ask(url, headers={"Range": "bytes=%d-" % first}, timeout=20), content[first:], "a part of " + name)
        else:
            self.world.right(ask(url, timeout=20), content, name)


class Uploader(Worker):
    """Wheels that stay, and wheels that Deleter takes away again."""

    def step(self):
        self.done += 1
        stays = self.chance.random() < 0.5
        name, version = ("stays%d" if stays else "goes%d") % self.number, "1.%d" % self.done
        filename, content = packages.make_wheel(name, version, filler=self.chance.choice((0, 20_000, 300_000)), marker=str(self.world.seed))
        answer = bench.upload(self.bodega, "alice/dev", self.world.credentials, filename, content, name, version)
        if answer.status == 200:
            with self.world.lock:
                (self.world.kept if stays else self.world.passing)[filename] = (name, version, content)


class Deleter(Worker):
    def step(self):
        with self.world.lock:
            if len(self.world.passing) < 4:
                return
            filename = self.chance.choice(list(self.world.passing))
            name, version, _ = self.world.passing.pop(filename)
        if self.chance.random() < 0.3:
            self.bodega.api("PUSH", "/alice/dev", {"name": name, "version": version, "targetindex": "alice/prod"}, user=None, **self.world.credentials)
        self.bodega.api("DELETE", "/alice/dev/%s/%s" % (name, version), user=None, **self.world.credentials)
        time.sleep(0.2)


class Reader(Worker):
    """What was acknowledged and stays, by its address."""

    def step(self):
        with self.world.lock:
            if not self.world.kept:
                return
            filename = self.chance.choice(list(self.world.kept))
            content = self.world.kept[filename][2]
        self.world.right(ask(self.bodega.url + bench.hosted_path("alice/dev", filename, bench.sha256(content)), timeout=20), content, filename)


class Visitor(Worker):
    """A browser and its feeds."""

    PATHS = ("/", "/alice", "/alice/dev", "/root/pypi", "/alice/dev/stays0", "/alice/dev/stays0/latest", "/root/pypi/pkg1", "/+search?query=stays*",
             "/+search?query=made+test&page=2", "/+search?prefix=st", "/+searchhelp", "/+status", "/+metrics", "/+health/ready", "/alice/dev/+feed", "/+api", "/nobody/there")

    def step(self):
        path = self.chance.choice(self.PATHS)
        answer = ask(self.bodega.url + path, headers={"Accept": self.chance.choice(("text/html", "application/json"))}, timeout=20)
        if answer.status in (500, 501):
            self.world.tally.note("%s gives %s" % (path, answer))


class Keeper(Worker):
    """Users, indexes and tokens that come and go."""

    def step(self):
        self.done += 1
        user = "keeper%dx%d" % (self.number, self.done)
        password = self.bodega.make_user(user)
        self.bodega.api("PUT", "/%s/dev" % user, {"type": "stage", "bases": ["alice/dev", "root/pypi"]}, user=user, password=password)
        self.bodega.api("PATCH", "/%s/dev" % user, ["volatile=False"], user=user, password=password)
        self.bodega.page("stays0", "%s/dev" % user)
        self.bodega.api("POST", "/+login", {"user": user, "password": "wrong"}, user=None)
        self.bodega.api("DELETE", "/%s/dev" % user, user=user, password=password)
        self.bodega.api("DELETE", "/" + user, user=user, password=password)
        time.sleep(0.5)


class Rude(Worker):
    """Half requests, pipelines, nonsense, and leaving in the middle of an answer."""

    def step(self):
        parts = urllib.parse.urlsplit(self.bodega.url)
        with socket.create_connection((parts.hostname, parts.port), 5) as client:
            head = b"GET /root/pypi/+simple/pkg1/ HTTP/1.1\r\nHost: %s:%d\r\n\r\n" % (parts.hostname.encode(), parts.port)
            kind = self.chance.randrange(4)
            if kind == 0:
                client.sendall(head[:self.chance.randrange(len(head))])
            elif kind == 1:
                client.sendall(head * 20)
                client.recv(self.chance.randrange(1, 5000))
            elif kind == 2:
                client.sendall(self.chance.randbytes(300) + b"\r\n\r\n")
                client.recv(500)
            else:
                body = b"POST /alice/dev/ HTTP/1.1\r\nHost: %s:%d\r\nContent-Length: 100000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
                client.sendall(body % (parts.hostname.encode(), parts.port))


def inspect(world):
    """Whatever a sanitizer has said so far; the process that said it may be gone."""
    said = world.bodega.process.stderr_path.read_text(errors="replace")
    found = [match.start() for match in REPORT.finditer(said)]
    for start in found[world.reports:world.reports + 1]:
        world.tally.violation("the sanitizer says:\n" + said[start:start + 2500])
    world.reports = len(found)


class Trouble:
    """One fault at a time, for at most two seconds each."""

    def __init__(self, world, origin, chance):
        self.world, self.bodega, self.origin, self.chance = world, world.bodega, origin, chance
        self.kinds = [self.upstream, self.upstream, self.disk, self.disk, self.killed, self.ended, self.stopped, self.reloaded, self.damaged]

    def next(self):
        kind = self.chance.choice(self.kinds)
        self.world.count(self.world.faults, kind.__name__)
        self.world.trouble = "%s at %s" % (kind.__name__, time.strftime("%H:%M:%S"))
        kind()
        if not self.bodega.alive():
            self.world.tally.violation("the server died by itself in or after: %s" % kind.__name__)
            self.bodega.start()

    def upstream(self):
        knobs = self.chance.choice((
            {"latency_ms": 800}, {"never_answer": True}, {"stall_after_bytes": 1000}, {"drop_connection_after_bytes": 5000},
            {"corrupt_byte_at": 700}, {"wrong_content_length": 50}, {"garbage": True}, {"drop_connection_after_bytes": 3000, "drop_mode": "chunked"}))
        self.world.trouble += " %s" % knobs
        self.origin.control(**knobs)
        self.forget_some()
        time.sleep(2)
        self.origin.reset()

    def forget_some(self):
        """Cached files go, so that there are misses."""
        blobs = self.blobs(cached=True)
        for path in self.chance.sample(blobs, min(3, len(blobs))):
            path.unlink(missing_ok=True)

    def blobs(self, cached):
        digests = {bench.sha256(content) for _, content in self.world.wheels.values()}
        return [p for p in (self.bodega.data / "blobs").rglob("*") if len(p.name) == 64 and (p.name in digests) == cached]

    def disk(self):
        error, kinds = self.chance.choice(((EIO, READ), (EIO, SYNC), (ENOSPC, WRITE), (EIO, WRITE), (30, CHANGES)))
        first = self.chance.randrange(1, 30)
        self.world.trouble += " errno %d on calls %d from %d on" % (error, kinds, first)
        self.bodega.faults.set(kinds=kinds, error=error, error_from=first, error_to=self.chance.choice((first, first + 5, EVERY)))
        time.sleep(1.5)
        self.bodega.faults.off()
        if kinds & SYNC:  # after a failed sync nothing more is trusted until a restart
            self.ended()

    def killed(self):
        self.bodega.kill()
        self.bodega.start()

    def ended(self):
        code = self.bodega.stop(120)
        if code != 0:
            self.world.tally.violation("SIGTERM ends it with %s:\n%s" % (code, self.bodega.log()[-3000:]))
        inspect(self.world)
        self.bodega.start()

    def stopped(self):
        os.kill(self.bodega.process.pid, signal.SIGSTOP)
        time.sleep(1.5)
        os.kill(self.bodega.process.pid, signal.SIGCONT)

    def reloaded(self):
        os.kill(self.bodega.process.pid, signal.SIGHUP)

    def damaged(self):
        blobs = self.blobs(cached=True)
        if blobs:
            path = self.chance.choice(blobs)
            try:
                self.world.trouble += " %s" % path.name[:12]
                self.world.damaged_at = time.time()
                with open(path, "r+b", buffering=0) as file:
                    file.seek(self.chance.randrange(path.stat().st_size))
                    file.write(b"\xff\x00\xff")
            except OSError:
                pass  # evicted or healed meanwhile


def heals(bodega, name, content):
    """Whether a cached file comes whole, at the second time at the latest: where the damage shows only while it is sent, that answer is cut off."""
    for _ in range(2):
        try:
            if ask(bodega.link(name, "whl$")[0], timeout=30).body == content:
                return True
        except Broken:
            pass
    return False


def run(tally, options):
    chance = random.Random(tally.seed)
    ends = time.monotonic() + 60 * options.minutes
    with bench.World("soak") as place:
        origin = place.origin(count=12)
        # The shim comes before the sanitizer's own library, which only counts calls.
        quiet = {"ASAN_OPTIONS": "verify_asan_link_order=0:detect_stack_use_after_return=0", "TSAN_OPTIONS": "report_signal_unsafe=1:exitcode=66:suppressions=%s" % (bench.harness.ROOT / "tools/tsan.supp")}
        bodega = place.server(origin.index, env=quiet, start=False)
        bodega.start()
        password = bodega.make_user("alice")
        bodega.make_index("alice/dev", volatile=True, bases=["root/pypi"])
        bodega.api("PATCH", "/root/pypi", ["mirror_cache_expiry=2"])
        bodega.make_index("alice/prod", volatile=True, bases=[])
        token = bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        world = World(bodega, place.wheels, basic("alice", token), tally, tally.seed)
        crew = ((Installer, 6), (Uploader, 2), (Deleter, 1), (Reader, 2), (Visitor, 2), (Keeper, 1), (Rude, 1))
        workers = [kind(world, n) for kind, count in crew for n in range(count)]
        trouble, descriptors = Trouble(world, origin, chance), 0
        while time.monotonic() < ends and len(tally.violations) < 20:
            time.sleep(FAULT_EVERY)
            trouble.next()
            tally.tries += 1
            inspect(world)
            descriptors = max(descriptors, bodega.descriptors())
        world.stopping.set()
        for worker in workers:
            worker.join(60)
        origin.reset()
        bodega.faults.off()
        trouble.ended()
        for filename, (_, _, content) in world.kept.items():
            answer = bodega.get(bench.hosted_path("alice/dev", filename, bench.sha256(content)))
            if answer.status != 200 or answer.body != content:
                tally.violation("acknowledged and not there: %s: %s" % (filename, answer.status))
        for name, (_, content) in world.wheels.items():  # what was damaged and not read since heals now
            if not heals(bodega, name, content):
                tally.violation("a cached file does not heal: %s" % name)
        if bench.left_over(bodega):
            tally.violation("temp files stay: %s" % bench.left_over(bodega))
        if bodega.stop(120) != 0:
            tally.violation("the last stop is not clean:\n" + bodega.log()[-3000:])
        inspect(world)
        bench.check_fsck(bodega, tally, "soak")
        tally.note("requests by worker: %s" % world.requests)
        tally.note("faults: %s; %d wheels kept; at most %d descriptors" % (world.faults, len(world.kept), descriptors))
