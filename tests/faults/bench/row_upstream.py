"""Row 5: an upstream that fails, lies, stalls and dies. The table of tests/faults/test_upstream_faults.py, and what it lacks: 429, loops of redirects,
pages that are too large or too deep, bombs, silence."""
import gzip
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

import bench
from bench import JSON_TYPE, Broken, ask, harness

FAILED = (502, 503, 504)
BOMB = gzip.compress(b'{"meta":{"api-version":"1.0"},"name":"bomb","files":[' + b" " * (200 << 20), 1)


class Bad(http.server.BaseHTTPRequestHandler):
    """An upstream whose answer to a project's page is the name of the fault."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def page(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header("Content-Type", headers.pop("type", JSON_TYPE))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.server.asked.append(self.path)
        name = self.path.strip("/").split("/")[-1]
        fault = getattr(self, name.rstrip("0123456789").replace("-", "_"), None)
        if fault is None:
            self.page(b"no such project", 404, type="text/plain")
        else:
            fault()

    def busy(self):
        self.page(b"", 429, Retry_After="30")

    def loop(self):
        self.page(b"", 302, Location=self.path)

    def chain(self):
        self.page(b"", 302, Location=re.sub(r"(\d+)/$", lambda m: "%d/" % (int(m.group(1)) + 1), self.path))

    def to_file(self):
        self.page(b"", 302, Location="file:///etc/passwd")

    def to_metadata(self):
        self.page(b"", 302, Location="http://169.254.169.254/latest/")

    def deep(self):
        self.page(b'{"meta":{"api-version":"1.0"},"name":"deep","files":' + b"[" * 200_000)

    def huge(self):
        self.send_response(200)
        self.send_header("Content-Type", JSON_TYPE)
        self.send_header("Content-Length", str(400 << 20))
        self.end_headers()
        try:
            self.wfile.write(b'{"meta":{"api-version":"1.0"},"name":"huge","files":[')
            piece = b" " * (1 << 20)
            for _ in range(400):
                self.wfile.write(piece)
        except OSError:
            self.server.cut_off = True

    def bomb(self):
        self.page(BOMB, Content_Encoding="gzip")

    def long_name(self):
        self.page(json.dumps({"meta": {"api-version": "1.0"}, "name": "x", "files": [{"filename": "a" * (30 << 20), "url": "u", "hashes": {}}]}).encode())

    def giant_header(self):
        self.page(b"{}", X_Giant="x" * 2_000_000)

    def many_headers(self):
        self.page(b"{}", **{"X-%d" % n: "x" * 50 for n in range(10_000)})


class Upstream(http.server.ThreadingHTTPServer):
    """The one that is tested hangs up on some of these answers; that is as it should be."""

    daemon_threads = True

    def handle_error(self, request, address):
        pass


FAULTS = ("busy", "loop", "chain0", "to-file", "to-metadata", "deep", "huge", "bomb", "long-name", "giant-header", "many-headers")


def bad_pages(tally):
    server = Upstream(("127.0.0.1", 0), Bad)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with bench.World("upstream") as world:
        bodega = world.server("http://127.0.0.1:%d/simple/" % server.server_port,
                              args=["--negative-ttl", "0s", "--upstream-head-timeout", "2s", "--upstream-stall-timeout", "2s"]).with_faults(False)
        before = bodega.resident()
        for fault in FAULTS:
            tally.tries += 1
            began = time.monotonic()
            try:
                answer = bodega.page(fault)
            except Broken as broken:
                tally.violation("%s: a broken connection: %s" % (fault, broken))
                continue
            if answer.status not in FAILED:
                tally.violation("%s: answered with %s" % (fault, answer))
            tally.note("%-14s %d %-60s %5.1f s" % (fault, answer.status, answer.reason[:60], time.monotonic() - began))
            time.sleep(0)
        grown = bodega.resident() - before
        if grown > 160 << 20:
            tally.violation("memory grew by %d MB" % (grown >> 20))
        if bodega.get("/+health/ready").status != 200:
            tally.violation("not ready afterwards")
        bodega.stop()
    server.shutdown()


def nothing_there(tally):
    """Refused, a name that does not resolve, a black hole; what is cached is served at once."""
    with bench.World("nothing") as world:
        origin = world.origin()
        bodega = world.server(origin.index, args=["--upstream-connect-timeout", "1s", "--upstream-head-timeout", "1s", "--stale-patience", "1s"]).with_faults(False)
        url, _ = bodega.link("pkg0", "whl$")
        right = ask(url).body
        bodega.stop()
        hole = socket.socket()
        hole.bind(("127.0.0.1", 0))
        hole.listen(64)  # and nobody ever answers
        for what, upstream in (("refused", "http://127.0.0.1:9/simple/"), ("no such name", "http://nowhere.invalid/simple/"),
                               ("silence", "http://127.0.0.1:%d/simple/" % hole.getsockname()[1])):
            bodega.upstream = upstream
            bodega.start()
            tally.tries += 2
            answer = bodega.page("pkg1")
            if answer.status not in FAILED:
                tally.violation("%s: %s" % (what, answer))
            began = time.monotonic()
            answer = bodega.get("/" + url.split("/", 3)[3])
            if answer.status != 200 or answer.body != right or time.monotonic() - began > 0.5:
                tally.violation("%s: what is cached: %s after %.2f s" % (what, answer.status, time.monotonic() - began))
            bodega.stop()
        hole.close()


def table(tally):
    done = subprocess.run([sys.executable, bench.HERE.parent / "test_upstream_faults.py"], capture_output=True, text=True, timeout=900,
                          env={**os.environ, "BODEGA_BINARY": str(harness.BINARY)})
    said = done.stdout + done.stderr
    cases = sum(int(n) for n in re.findall(r": (\d+) cases$", said, re.M))
    tally.tries += cases
    tally.note("the table of test_upstream_faults.py: %d cases" % cases)
    if done.returncode not in (0, 77):
        tally.violation("test_upstream_faults.py ends with %d: %s" % (done.returncode, said[-1500:]))


def run(tally, options):
    bad_pages(tally)
    nothing_there(tally)
    if options.long:  # in CI it is a test of its own
        table(tally)
