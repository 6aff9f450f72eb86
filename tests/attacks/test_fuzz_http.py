#!/usr/bin/python3
"""The whole HTTP front under random bytes: requests of every kind are spliced, cut, repeated and spoilt, and sent to a real server in random
pieces. Whatever comes: it answers in HTTP or closes, never 500, never hangs, never dies, and is as large and as open afterwards as before.
Debian's clang does not compile coroutines, so no coverage leads the way here; the parsers alone are in fuzz/. BODEGA_SECONDS (15 by
default) and BODEGA_SEED; a failure prints both the seed and the bytes."""
import base64
import json
import os
import random
import re
import socket
import time

import victim
from victim import ask, basic, form, harness, packages, upload_fields

TOKENS = [b"\r\n", b"\n", b"\r", b"\0", b"\r\n\r\n", b":", b" ", b"\t", b"/", b"//", b"/../", b"%2e%2e", b"%2F", b"%00", b"%", b"%%", b"%c0%af", b"?", b"#", b";", b"&", b"=",
          b"Content-Length: 5\r\n", b"Content-Length: 18446744073709551616\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n",
          b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Host: a\r\n", b"Host: b\r\n", b"Range: bytes=0-0\r\n", b"Range: bytes=-1\r\n",
          b"Range: bytes=9223372036854775807-\r\n", b"If-None-Match: *\r\n", b"If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n", b"Accept-Encoding: gzip, zstd;q=0\r\n",
          b"Content-Encoding: gzip\r\n", b"Upgrade: h2c\r\n", b"X-Forwarded-For: 127.0.0.1\r\n", b"Origin: http://evil.test\r\n", b"Sec-Fetch-Site: cross-site\r\n",
          b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.0", b"HTTP/2.0", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"5;x=y\r\n", b"\xff", b"\xe2\x80\xae",
          b"--b", b"--b--", b'name="content"', b'filename="x"', b"application/json", b"application/vnd.pypi.simple.v1+json", b"*/*", b"a" * 5000, b"[" * 500, b'{"a":' * 200]


class Mutator:
    def __init__(self, seeds, chance):
        self.seeds, self.chance = seeds, chance

    def one(self):
        case = bytearray(self.chance.choice(self.seeds))
        for _ in range(self.chance.choice((0, 1, 1, 2, 3, 5, 12))):
            at = self.chance.randrange(len(case) + 1)
            self.chance.choice((self.flip, self.insert, self.cut, self.repeat, self.splice, self.number))(case, at)
        if self.chance.random() < 0.2:
            case += self.chance.choice(self.seeds)
        return bytes(case[:200_000])

    def flip(self, case, at):
        if at < len(case):
            case[at] = self.chance.randrange(256)

    def insert(self, case, at):
        case[at:at] = self.chance.choice(TOKENS)

    def cut(self, case, at):
        del case[at:at + self.chance.choice((1, 2, 10, 100, 10_000))]

    def repeat(self, case, at):
        piece = case[at:at + self.chance.choice((1, 10, 100))]
        case[at:at] = piece * self.chance.choice((1, 2, 50))

    def splice(self, case, at):
        other = self.chance.choice(self.seeds)
        begin = self.chance.randrange(len(other))
        case[at:] = other[begin:]

    def number(self, case, at):
        found = list(re.finditer(rb"\d+", case))
        if found:
            chosen = self.chance.choice(found)
            case[chosen.start():chosen.end()] = self.chance.choice((b"0", b"1", b"65536", b"4294967296", b"-1", b"99999999999999999999"))


def well_formed(answer):
    """Whether the bytes are whole responses one after the other, the last of which may be cut off; the statuses."""
    statuses = []
    while answer:
        head, mark, rest = answer.partition(b"\r\n\r\n")
        line = re.match(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*(\r\n|$)", head)
        if not line:
            return False, statuses
        statuses.append(int(line.group(1)))
        length = re.search(rb"\r\ncontent-length: *(\d+)\s*(\r\n|$)", head, re.I)
        if not mark:
            return True, statuses
        if statuses[-1] in (100, 204, 304):
            answer = rest
        elif re.search(rb"\r\ntransfer-encoding: chunked", head, re.I):
            end = rest.find(b"0\r\n\r\n")
            answer = rest[end + 5:] if end >= 0 else b""
        else:
            answer = rest[int(length.group(1)):] if length else b""
    return True, statuses


class FuzzHttp(victim.Victim):
    def seeds(self):
        def raw(method, path, headers=(), body=b""):
            lines = ["%s %s HTTP/1.1" % (method, path), "Host: 127.0.0.1:%d" % self.bodega.port, *("%s: %s" % pair for pair in headers)]
            if body:
                lines.append("Content-Length: %d" % len(body))
            return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

        token = self.bodega.api("POST", "/+login", {"user": "ann", "password": self.passwords["ann"]}, user=None).json()["result"]["password"]
        mine = list(basic("ann", token).items())
        filename, content = packages.make_wheel("fuzzed", "1.0", filler=300)
        upload, body = form(upload_fields("fuzzed", "1.0", content), filename, content, boundary="b")
        json_type = [("Content-Type", "application/json")]
        link = self.bodega.link("openpkg", "whl$", "ann/dev")[0].removeprefix(self.bodega.url).split("#")[0]
        chunked = b"".join(b"%x\r\n%s\r\n" % (len(body[at:at + 97]), body[at:at + 97]) for at in range(0, len(body), 97)) + b"0\r\n\r\n"
        pages = [raw("GET", path, [("Accept", accept)]) for accept in (harness.JSON_TYPE, harness.HTML_TYPE, "application/json", "text/html")
                 for path in ("/", "/root/pypi/+simple/", "/root/pypi/+simple/six/", "/ann/dev/+simple/openpkg/", "/ann/dev", "/ann", "/ann/dev/openpkg/1.0", "/+search?query=open&page=1",
                              "/+api", "/+status", "/+health/ready", "/ann/closed/+simple/secretpkg/", "/+static/style.css", "/ann/dev/openpkg/1.0/+doc/index.html")]
        return [*pages, raw("GET", link), raw("HEAD", link), raw("GET", link, [("Range", "bytes=0-9,20-30")]), raw("GET", link + ".metadata", [("Accept-Encoding", "gzip")]),
                raw("POST", "/+login", json_type, json.dumps({"user": "ann", "password": "wrong"}).encode()), raw("POST", "/ann/dev/", [*mine, *upload.items()], body),
                raw("POST", "/ann/dev/", [*mine, *upload.items(), ("Transfer-Encoding", "chunked")]) + chunked,
                raw("POST", "/ann/dev/", [*mine, *upload.items(), ("Expect", "100-continue")], body), raw("PATCH", "/ann/dev", [*mine, *json_type], b'["title=fuzzed"]'),
                raw("PUT", "/ann/extra", [*mine, *json_type], b'{"type": "stage", "bases": ["ann/dev"]}'), raw("DELETE", "/ann/extra", mine), raw("POST", link, json_type, b'{"testenvs": {}}'),
                raw("PUSH", "/ann/dev", [*mine, *json_type], b'{"name": "openpkg", "version": "1.0", "targetindex": "ann/extra"}'), raw("OPTIONS", "*"),
                raw("POST", "/+search", [("Content-Type", "text/xml")], b"<?xml version='1.0'?><methodCall><methodName>search</methodName><params><param><value><struct><member><name>name"
                    b"</name><value><string>open</string></value></member></struct></value></param></params></methodCall>"), pages[0] + pages[4] + pages[7]]

    def send(self, case, chance):
        """What the server answers until it closes; the client has said all it will say."""
        answer = b""
        with socket.create_connection(("127.0.0.1", self.bodega.port), timeout=10) as wire:
            try:
                pieces = chance.choice((1, 7, 100, 5000, 1 << 20)) if len(case) < 3000 else 1 << 20
                for at in range(0, len(case), pieces):
                    wire.sendall(case[at:at + pieces])
                wire.shutdown(socket.SHUT_WR)
                while piece := wire.recv(1 << 20):
                    answer += piece
            except (ConnectionResetError, BrokenPipeError, OSError) as error:
                self.assertNotIsInstance(error, TimeoutError, "hangs")
        return answer

    def test_no_bytes_harm(self):
        seed, seconds = int(os.environ.get("BODEGA_SEED", time.time())), float(os.environ.get("BODEGA_SECONDS", 15))
        print("seed %d" % seed, flush=True)
        chance = random.Random(seed)
        mutator = Mutator(self.seeds(), chance)
        for case in mutator.seeds:
            self.send(case, chance)
        before, descriptors, ends, count, seen = self.resident(), self.descriptors(), time.monotonic() + seconds, 0, {}
        while time.monotonic() < ends:
            case = mutator.one()
            try:
                answer = self.send(case, chance)
                right, statuses = well_formed(answer)
                self.assertTrue(right or b"HEAD" in case, answer[:2000])
                self.assertNotIn(500, statuses[:1] if b"HEAD" in case else statuses)
                self.assertIsNone(self.bodega.process.popen.poll(), "it died")
            except (AssertionError, OSError) as error:
                self.fail("seed %d, case %d: %s\nthe bytes: %s\n%s" % (seed, count, error, base64.b64encode(case).decode(), self.bodega.process.errors()[-2000:]))
            count += 1
            for status in statuses:
                seen[status] = seen.get(status, 0) + 1
        self.assertEqual(ask(self.bodega.url + "/+health/live").status, 200)
        self.assertNotRegex(self.bodega.log(), r"(?m)^\S+ +\w+ +(http\.)?bug ")
        self.assertLess(self.resident() - before, 200 << 20)
        self.assertLess(self.descriptors(), descriptors + 40)
        self.assertGreater(count, seconds)
        print("%d cases, answers %s" % (count, dict(sorted(seen.items()))), flush=True)

    def resident(self):
        with open("/proc/%d/statm" % self.bodega.process.pid, encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.bodega.process.pid))


if __name__ == "__main__":
    harness.main()
