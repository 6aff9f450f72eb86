#!/usr/bin/python3
"""A hundred clients at once for something cold: one request to the upstream, right bytes for all, and the first byte for everybody long before
the upstream has sent the last.

BODEGA_CLIENTS (default 100) and BODEGA_BIG_MB (default 200) say how many and how large."""
import hashlib
import os
import pathlib
import re
import selectors
import socket
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import JSON_TYPE, ask  # noqa: E402

CLIENTS = int(os.environ.get("BODEGA_CLIENTS") or 100)
BIG_MB = int(os.environ.get("BODEGA_BIG_MB") or 200)


class Client:
    """One GET over a socket of its own; compares what arrives with what is right, without keeping it."""

    def __init__(self, url, right, headers):
        parts = urllib.parse.urlsplit(url)
        self.right, self.at, self.head, self.length, self.status = right, 0, b"", None, None
        self.first = self.last = None
        self.problem = None
        lines = ["GET %s HTTP/1.1" % parts.path, "Host: " + parts.netloc, "Connection: close"] + ["%s: %s" % h for h in headers.items()]
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode()
        self.socket = socket.create_connection((parts.hostname, parts.port), 30)

    def received(self, piece):
        """True when this was the end."""
        if not piece:
            self.finish()
            return True
        if self.length is None:
            self.head += piece
            head, found, piece = self.head.partition(b"\r\n\r\n")
            if not found:
                return False
            lines = head.decode("latin-1").split("\r\n")
            self.status = int(lines[0].split()[1])
            fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
            if self.status != 200 or "content-length" not in fields:
                self.problem = "%s" % head[:300]
                return True
            self.length = int(fields["content-length"])
        if piece:
            now = time.monotonic()
            self.first = self.first or now
            self.last = now
            if not self.right.startswith(piece, self.at):
                self.problem = "wrong bytes near %d" % self.at
                return True
            self.at += len(piece)
        if self.at == self.length:
            self.finish()
            return True
        return False

    def finish(self):
        if self.at != len(self.right) or self.at != self.length:
            self.problem = self.problem or "ended after %s of %s bytes" % (self.at, self.length)


def all_at_once(url, right, headers=None, seconds=240):
    """CLIENTS requests sent together; the clients when all have ended."""
    clients = [Client(url, right, headers or {}) for _ in range(CLIENTS)]
    selector = selectors.DefaultSelector()
    for client in clients:
        client.socket.sendall(client.request)
        client.socket.setblocking(False)
        selector.register(client.socket, selectors.EVENT_READ, client)
    end, left = time.monotonic() + seconds, len(clients)
    while left and time.monotonic() < end:
        for key, _ in selector.select(1):
            client = key.data
            try:
                done = client.received(client.socket.recv(1 << 20))
            except BlockingIOError:
                continue
            except OSError as error:
                client.problem, done = "%s" % error, True
            if done:
                selector.unregister(client.socket)
                client.socket.close()
                left -= 1
    selector.close()
    return clients


class Sent(threading.Thread):
    """Follows how much of an answer the upstream has sent; `unfinished` is the last moment at which it surely was not done."""

    def __init__(self, origin, pattern, size):
        super().__init__(daemon=True)
        self.origin, self.pattern, self.size = origin, pattern, size
        self.unfinished, self.stopping = None, threading.Event()

    def run(self):
        while not self.stopping.wait(0.02):
            asked_at = time.monotonic()
            for entry in self.origin.log():
                if re.search(self.pattern, entry["path"]) and 0 < entry["sent"] < self.size:
                    self.unfinished = asked_at


class OneRequest(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin(args=["--big", "giant:%d" % BIG_MB, "--big", "medium:20"])
        cls.bodega = cls.make_bodega(cls.origin.index)

    def setUp(self):
        self.origin.reset()

    def check(self, clients):
        problems = [c.problem for c in clients if c.problem] + ["no end"] * sum(c.length is None or c.at < c.length for c in clients)
        self.assertEqual(problems[:3], [], "%d of %d clients" % (len(problems), len(clients)))

    def tell(self, what, clients, began):
        print("\n%s: %d clients, first bytes after %.3f to %.3f s, last after %.3f s, %.0f MB" %
              (what, len(clients), min(c.first for c in clients) - began, max(c.first for c in clients) - began,
               max(c.last for c in clients) - began, sum(c.at for c in clients) / 1e6))

    def test_a_cold_page(self):
        # What is right is not known before, so it is learnt from a second server.
        other = self.make_bodega(self.origin.index, name="other")
        right = ask(other.index + "flask/", headers={"Accept": JSON_TYPE}).body
        self.origin.reset(match="^/simple/flask/", latency_ms=1000)
        began = time.monotonic()
        clients = all_at_once(self.bodega.index + "flask/", right, {"Accept": JSON_TYPE})
        self.check(clients)
        self.tell("a cold page", clients, began)
        self.assertEqual(self.origin.asked(), ["/simple/flask/"])

    def test_a_cold_project_list(self):
        self.origin.reset(match="^/simple/$", latency_ms=500)
        answers = harness.in_threads([lambda: ask(self.bodega.index, headers={"Accept": JSON_TYPE})] * CLIENTS)
        self.assertEqual({a.status for a in answers}, {200})
        self.assertEqual(len({hashlib.sha256(a.body).digest() for a in answers}), 1)
        self.assertEqual(self.origin.asked(), ["/simple/"])

    def test_a_cold_metadata(self):
        entry, _ = self.origin.file("jinja2", "whl$")
        right = ask(entry["url"] + ".metadata").body
        url, _ = self.bodega.link("jinja2", "whl$")
        self.origin.reset(match=r"\.metadata$", latency_ms=1000)
        began = time.monotonic()
        clients = all_at_once(url + ".metadata", right)
        self.check(clients)
        self.tell("a cold .metadata", clients, began)
        self.assertEqual(len(self.origin.asked()), 1, self.origin.asked())

    def test_a_cold_large_file(self):
        entry = self.origin.page("giant")["files"][0]
        url, _ = self.bodega.link("giant", "whl$")
        right = ask(entry["url"]).body
        self.assertEqual(hashlib.sha256(right).hexdigest(), entry["hashes"]["sha256"])
        # Five seconds at the upstream: time to see who gets what when.
        self.origin.reset(match=r"\.whl$", bandwidth_bytes_per_s=(BIG_MB << 20) // 5)
        sent = Sent(self.origin, r"\.whl$", BIG_MB << 20)
        sent.start()
        began = time.monotonic()
        clients = all_at_once(url, right)
        sent.stopping.set()
        sent.join(30)
        self.check(clients)
        self.tell("a cold file of %d MB" % BIG_MB, clients, began)
        self.assertEqual(len(self.origin.asked()), 1, self.origin.asked())
        print("the upstream was not done before %.3f s" % (sent.unfinished - began))
        self.assertLess(max(c.first for c in clients), sent.unfinished, "somebody waited for the whole file")
        self.assertLess(max(c.first for c in clients) - began, 3)
        # And now it is here: nobody is asked any more.
        self.origin.reset(status_override=[{"path": "", "status": 500}])
        again = ask(url, headers={"Range": "bytes=-1000"})
        self.assertStatus(again, 206)
        self.assertEqual(self.origin.asked(), [])

    def test_a_slow_reader_slows_nobody(self):
        # The first asker takes 20 MB that nobody has yet, and then reads nothing at all: more than all buffers in between can hold.
        entry = self.origin.page("medium")["files"][0]
        right = ask(entry["url"]).body
        url, _ = self.bodega.link("medium", "whl$")
        self.origin.reset()
        slow = Client(url, right, {})
        slow.socket.sendall(slow.request)
        for _ in range(5):
            answer = ask(url, timeout=20)
            self.assertEqual(answer.body, right)
            self.assertLess(answer.seconds, 10)
        self.assertEqual(len(self.origin.asked()), 1, self.origin.asked())
        # It still gets its file, when it wants to.
        while not slow.received(slow.socket.recv(1 << 20)):
            pass
        slow.socket.close()
        self.check([slow])

    @classmethod
    def stop_all(cls):
        for line in pathlib.Path("/proc/%d/status" % cls.bodega.process.pid).read_text().splitlines():
            if line.startswith(("VmHWM", "VmRSS")):
                print("memory of the server: " + " ".join(line.split()))
        super().stop_all()


if __name__ == "__main__":
    harness.main()
