"""Row 2: kill -9 at random moments, with 8 uploaders and 32 readers at work. Everything acknowledged is there after each start, and no reader ever gets a complete
wrong answer."""
import random
import threading
import time

import bench
from bench import Broken, ask, basic, packages

UPLOADERS, READERS = 8, 32


class Worker(threading.Thread):
    def __init__(self, shared, number):
        super().__init__(daemon=True)
        self.shared, self.chance = shared, random.Random("%s %s" % (shared.seed, number))
        self.number = number
        self.start()

    def run(self):
        while not self.shared.stopping.is_set():
            try:
                self.step()
            except (Broken, LookupError, OSError):
                time.sleep(0.02)


class Shared:
    def __init__(self, bodega, credentials, wheels, seed, tally):
        self.bodega, self.credentials, self.wheels, self.seed, self.tally = bodega, credentials, wheels, seed, tally
        self.acknowledged, self.tried, self.refused = {}, {}, []
        self.reads = 0
        self.stopping = threading.Event()


class Uploader(Worker):
    count = 0

    def step(self):
        self.count += 1
        name, version = "load%d" % self.number, "%d.%d" % (self.count // 50 + 1, self.count % 50)
        filename, content = packages.make_wheel(name, version, filler=self.chance.choice((0, 20_000, 500_000)), marker=str(self.shared.seed))
        self.shared.tried[filename] = bench.sha256(content)
        while not self.shared.stopping.is_set():
            try:
                answer = bench.upload(self.shared.bodega, "alice/dev", self.shared.credentials, filename, content, name, version)
            except Broken:
                time.sleep(0.02)
                continue
            if answer.status == 200:
                self.shared.acknowledged[filename] = (name, bench.sha256(content))
            else:
                self.shared.refused.append((filename, answer.status, answer.reason))
            return


class Reader(Worker):
    def step(self):
        shared = self.shared
        if self.chance.random() < 0.5 and shared.acknowledged:
            filename, (name, digest) = self.chance.choice(list(shared.acknowledged.items()))
            path = bench.hosted_path("alice/dev", filename, digest)
            answer = ask(shared.bodega.url + path, timeout=20)
            right = digest
        else:
            name = self.chance.choice(list(shared.wheels))
            url, _ = shared.bodega.link(name, "whl$")
            answer, right = ask(url, timeout=20), bench.sha256(shared.wheels[name][1])
        shared.reads += 1
        if answer.status == 200 and answer.sha256() != right:
            shared.tally.violation("a reader got wrong bytes: %s" % answer)
        if answer.status not in (200, 502, 503):
            shared.tally.violation("a reader got %s for a file that is there" % answer)


def run(tally, options):
    kills = options.tries or (200 if options.long else 8)
    chance = random.Random(tally.seed)
    with bench.World("load") as world:
        origin = world.origin()
        bodega = world.server(origin.index).with_faults(False)
        password = bodega.make_user("alice")
        bodega.make_index("alice/dev", volatile=False, bases=[])
        token = bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        shared = Shared(bodega, basic("alice", token), world.wheels, tally.seed, tally)
        workers = [Uploader(shared, n) for n in range(UPLOADERS)] + [Reader(shared, 100 + n) for n in range(READERS)]
        longest = 0
        for _ in range(kills):
            time.sleep(chance.choice((chance.uniform(0, 0.1), chance.uniform(0, 1.5))))
            bodega.kill()
            tally.tries += 1
            began = time.monotonic()
            bodega.start()
            longest = max(longest, time.monotonic() - began)
        time.sleep(0.5)
        shared.stopping.set()
        for worker in workers:
            worker.join(60)
        for filename, (name, digest) in shared.acknowledged.items():
            path = bench.hosted_path("alice/dev", filename, digest)
            if bodega.get(path).sha256() != digest:
                tally.violation("acknowledged and lost: " + filename)
        seen = bench.observe(bodega, ["alice/dev"])["alice/dev"]["files"]
        for project, files in seen.items():
            for filename, digest in files.items():
                if digest != shared.tried.get(filename):
                    tally.violation("half or foreign bytes are listed: %s %s" % (filename, digest))
        if shared.refused:
            tally.violation("uploads refused for another reason than the kill: %s" % shared.refused[:5])
        if len(shared.acknowledged) < kills / 4:
            tally.violation("too few uploads for a test: %d" % len(shared.acknowledged))
        tally.note("%d uploads tried, %d acknowledged, %d reads, longest start %.2f s" %
                   (len(shared.tried), len(shared.acknowledged), shared.reads, longest))
        bodega.stop()
        bodega.start()
        if bench.left_over(bodega):
            tally.violation("temp files stay: %s" % bench.left_over(bodega))
        bodega.stop()
        bench.check_fsck(bodega, tally, "after all kills")
