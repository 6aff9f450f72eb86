#!/usr/bin/python3
"""Paths that climb, hide or can be read in two ways, in hundreds of spellings, at every route: none reaches a file outside the data directory, another
index, or a handler's crash. (Nexus CVE-2024-4956, Reposilite CVE-2024-36117, Artifactory CVE-2024-6915.)"""
import itertools
import os
import re
import shutil
import subprocess

import victim
from victim import harness

# One of these before the target, once to eight times.
CLIMBS = ("../", "..%2f", "..%2F", "%2e%2e/", "%2e%2e%2f", ".%2e/", "%2e./", "..\\", "..%5c", "%2e%2e%5c", "..;/", "..;x=y/", "..%00/", "..%c0%af",
          "%c0%ae%c0%ae/", "%e0%80%ae%e0%80%ae/", "%252e%252e/", "%252e%252e%252f", "..%252f", "%25252e%25252e/", "..%25c0%25af", "....//",
          "..././", "/../", "//..//", "/%2f..%2f", "%2f..%2f", "..%ef%bc%8f", "%u002e%u002e/", "..%u2215", "..//", ".%00./", "..%09/", "..%0d%0a/",
          "..%20/", "..?/", "..#/", "~/", "./../", "%2e/%2e%2e/", "..%2f.%2f")
TARGETS = ("etc/passwd", "%65tc/passwd", "proc/self/environ", "catalog.db", "root-password", "etc/passwd%00.whl")
ROUTES = ("/", "/+status/", "/+api/", "/+login/", "/+health/", "/+metrics/", "/+token/", "/+admin/", "/ann/", "/ann/dev/", "/ann/dev/+simple/", "/ann/dev/+f/",
          "/ann/dev/+e/", "/ann/dev/+f/abc/", "/ann/dev/openpkg/", "/ann/dev/openpkg/1.0/", "/ann/dev/openpkg/1.0/+doc/", "/root/pypi/+simple/",
          "/root/pypi/+f/", "/root/pypi/+f/packages/", "/root/pypi/+e/", "/root/pypi/some-project/", "/+static-1/", "/+theme-static-1/", "/+search/")
# What the files that are aimed at begin with, and what this server's own hold.
LOOT = (b"root:", b"SQLite format", b"PATH=", b"HOME=")


class Paths(victim.Victim):
    def spellings(self):
        for climb, target in itertools.product(CLIMBS, TARGETS):
            yield climb * 8 + target
        for climb in CLIMBS:
            yield climb + "closed/+simple/secretpkg/"
            yield climb * 2 + "ann/closed/+simple/secretpkg/"
            yield "openpkg/" + climb * 2 + "closed/+simple/secretpkg/"

    def test_every_spelling_at_every_route(self):
        spellings = list(self.spellings())
        self.assertGreaterEqual(len(spellings), 300)
        allowed, tried, seen = {400, 401, 403, 404, 405, 406, 415, 301, 302, 502}, 0, {}
        for route in ROUTES:
            for spelling in spellings:
                for method in ("GET",) if tried % 7 else ("GET", "DELETE", "PUT", "POST"):
                    answer = self.raw("%s %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n" % (method, route, spelling))
                    told = victim.statuses(answer)
                    self.assertEqual(len(told), 1, (route, spelling, answer[:200]))
                    tried += 1
                    seen[told[0]] = seen.get(told[0], 0) + 1
                    body = answer.split(b"\r\n\r\n", 1)[1]
                    self.assertFalse(any(loot in body for loot in LOOT), (route, spelling, body[:200]))
                    self.assertNotIn(b"secretpkg-1.0", body, (route, spelling))
                    if told[0] not in allowed:  # a spelling that is an ordinary name; then it is what the name says, no more
                        self.assertEqual((told[0], method), (200, "GET"), (route, spelling, answer[:300]))
                    if told[0] in (301, 302):
                        where = re.search(rb"^location: (.*?)\r$", answer, re.M | re.I).group(1)
                        self.assertNotRegex(where, rb"^(//|\\\\|https?:(?!//127\.0\.0\.1))", (route, spelling))
        print("\n%d requests: %s" % (tried, dict(sorted(seen.items()))))
        self.assertGreater(tried, 5000)
        self.assertAlive()
        for path in self.origin.asked():
            self.assertNotRegex(path, r"\.\.|%2e|%2f|\\|secretpkg|passwd%00", "the upstream was asked for a path that climbs")

    def test_no_file_outside_is_opened(self):
        """Seen by strace: what the server opens while it is asked all that."""
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        log = self.directory / "strace"
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=open,openat,openat2,execve,unlink,unlinkat,rename,renameat2", "-o", log, "-p",
                                   str(self.bodega.process.pid)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            try:
                harness.wait_for(lambda: log.exists() and self.bodega.get("/ann/dev/+simple/nothing-%d/" % os.getpid()) and
                                 tracer.poll() is None, 10)
            except TimeoutError:
                self.skipTest("strace may not trace here: " + tracer.stderr.read().decode(errors="replace")[:200])
            for route, spelling in itertools.product(ROUTES, list(self.spellings())[::5]):
                self.raw("GET %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % (route, spelling))
            self.bodega.link("openpkg", "whl", "ann/dev")
        finally:
            tracer.terminate()
            tracer.wait(10)
            tracer.stderr.close()
        opened = re.findall(r'\b(?:open\w*|unlink\w*|rename\w*|execve)\((?:AT_FDCWD, |\d+, )?"([^"]*)"', log.read_text(errors="replace"))
        outside = {path for path in opened if path.startswith("/") and not path.startswith((str(self.bodega.data), "/proc/self", "/sys", "/dev"))}
        self.assertFalse({path for path in outside if "passwd" in path or "environ" in path}, outside)
        self.assertFalse([path for path in opened if ".." in path.split("/")], opened)


if __name__ == "__main__":
    harness.main()
