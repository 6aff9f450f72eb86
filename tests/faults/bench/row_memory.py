"""Row 10: 200 clients at once for the largest pages, in a memory cgroup of 128 MB. Nobody is killed; who cannot be served is told to come back."""
import collections
import json
import os
import pathlib
import threading
import time

import bench
import row_upstream
from bench import HTML_TYPE, JSON_TYPE, Broken, ask, harness

LIMIT = 128 << 20


class Group:
    """A memory cgroup (v1 or v2) of the bench's own."""

    def __init__(self):
        name = "bodega-bench-%d" % os.getpid()
        for root, limit, peak in ((pathlib.Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
                                  (pathlib.Path("/sys/fs/cgroup"), "memory.max", "memory.peak")):
            try:
                self.path = root / name
                self.path.mkdir()
                (self.path / limit).write_text(str(LIMIT))
                self.peak = self.path / peak
                return
            except OSError:
                try:
                    self.path.rmdir()
                except OSError:
                    pass
        raise bench.Skip("no memory cgroup can be made here")

    def wrap(self, command):
        return ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', self.path / "cgroup.procs", *command]

    def failures(self):
        for name in ("memory.oom_control", "memory.events"):
            if (self.path / name).exists():
                for line in (self.path / name).read_text().splitlines():
                    if line.startswith("oom_kill ") and int(line.split()[1]) > 0:
                        return int(line.split()[1])
        return 0

    def close(self):
        for _ in range(50):
            try:
                self.path.rmdir()
                return
            except OSError:
                time.sleep(0.1)


def large_page(name, files):
    entries = []
    for number in range(files):
        digest = bench.sha256(("%s %d" % (name, number)).encode())
        filename = "%s-%d.0-py3-none-any.whl" % (name, number)
        entries.append({"filename": filename, "url": "http://127.0.0.1:9/packages/%s/%s/%s/%s" % (digest[:2], digest[2:4], digest[4:], filename),
                        "hashes": {"sha256": digest}, "size": 1000 + number, "requires-python": ">=3.%d" % (number % 12), "core-metadata": {"sha256": digest},
                        "upload-time": "2026-01-01T00:00:00.%06dZ" % number, "yanked": False, "provenance": None})
    return json.dumps({"meta": {"api-version": "1.4", "_last-serial": 1}, "name": name, "files": entries, "versions": []}).encode()


def run(tally, options):
    pages, files = (16, 12_000) if options.long else (6, 12_000)
    bodies = {"large%d" % n: large_page("large%d" % n, files) for n in range(pages)}

    class Pages(row_upstream.Bad):
        def do_GET(self):
            body = bodies.get(self.path.strip("/").split("/")[-1])
            self.page(body or b"none", 200 if body else 404)

    upstream = row_upstream.Upstream(("127.0.0.1", 0), Pages)
    upstream.asked = []
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    group = Group()
    try:
        with bench.World("memory") as world:
            bodega = world.server("http://127.0.0.1:%d/simple/" % upstream.server_port, start=False).with_faults(False)
            plain = bodega.command
            bodega.command = lambda: group.wrap(map(str, plain()))
            bodega.start()
            statuses, wrong = [], []

            def client(number):
                name = "large%d" % (number % pages)
                for kind in (JSON_TYPE, HTML_TYPE):
                    try:
                        answer = ask("%s/root/pypi/+simple/%s/" % (bodega.url, name), headers={"Accept": kind}, timeout=120)
                    except Broken as broken:
                        wrong.append("%s" % broken)
                        continue
                    statuses.append(answer.status)
                    if answer.status == 200 and answer.body.count(b".whl") < files:
                        wrong.append("a page of %d files" % answer.body.count(b".whl"))
                    if answer.status == 503 and not answer["Retry-After"]:
                        wrong.append("503 without Retry-After")

            threads = [threading.Thread(target=client, args=(n,)) for n in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(240)
            tally.tries += 400
            counts = collections.Counter(statuses)
            if not bodega.alive() or group.failures():
                tally.violation("the server was killed for want of memory: exit %s, %d kills: %s" % (bodega.process.popen.poll(), group.failures(), bodega.process.errors()[-1500:]))
            else:
                if set(counts) - {200, 503} or wrong or len(statuses) != 400:
                    tally.violation("answers %s, wrong: %s" % (dict(counts), wrong[:5]))
                harness.wait_for(lambda: bodega.page("large0").status == 200, 30, "an answer after the rush")
                tally.note("%d pages of %.1f MB, 200 clients: %s, own memory now %d MB, peak of the group %d MB" %
                           (pages, len(bodies["large0"]) / 1e6, dict(sorted(counts.items())), bodega.resident() >> 20, int(group.peak.read_text()) >> 20))
                bodega.stop()
    finally:
        upstream.shutdown()
        group.close()
