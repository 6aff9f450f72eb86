#!/usr/bin/python3
"""Memory by one parameter: whatever a single request says or holds, its answer is quick and the process does not grow.
(distribution CVE-2023-2253 and CVE-2017-11468, cpp-httplib CVE-2025-46728 and -53629.)"""
import json
import re
import socket
import time

import victim
from victim import ask, basic, form, harness

GROWTH_MB = 24  # at any one request's peak


class Limits(victim.Victim):
    def memory(self):
        with open("/proc/%d/status" % self.bodega.process.pid, encoding="ascii") as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024

    @classmethod
    def world(cls):
        super().world()
        cls.bodega.stop()  # what making users took is not what is measured
        cls.bodega.start()
        cls.bodega.api("GET", "/ann", None, "ann", cls.passwords["ann"])  # one argon2
        cls.bodega.page("openpkg", "ann/dev")

    def send(self, head, body=b"", body_parts=(), seconds=20):
        """(statuses, seconds) of one request with a body in parts, which may be longer than anybody would hold."""
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.bodega.port), timeout=seconds) as wire:
            answer = b""
            try:
                wire.sendall(head.encode() + body)
                for part in body_parts:
                    wire.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                pass
            try:
                wire.settimeout(seconds)
                while piece := wire.recv(1 << 16):
                    answer += piece
                    if len(answer) > 1 << 16:
                        break
            except (TimeoutError, ConnectionResetError):
                pass
        return victim.statuses(answer), time.monotonic() - began

    def case(self, name, head, allowed, **more):
        with open("/proc/%d/clear_refs" % self.bodega.process.pid, "w", encoding="ascii") as reset:
            reset.write("5")  # the peak begins anew (proc(5)): the password that was hashed took 64 MB
        before = self.memory()
        told, took = self.send(head, **more)
        self.assertTrue(told and set(told) <= set(allowed), (name, told))
        self.assertLess(took, 15, name)
        self.rows.append((name, told[0], took, self.memory() - before))

    def test_one_request_takes_little(self):
        self.rows = []
        line, end = "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n", "\r\n"
        known = "Authorization: %s\r\n" % basic("ann", self.passwords["ann"])["Authorization"]
        big = "x" * 60_000
        self.case("path of 60 KB", line % ("/" + big) + end, (400, 404, 414, 431))
        self.case("path of 20,000 segments", line % ("/a" * 20_000) + end, (400, 404, 414, 431))
        self.case("query of 60 KB", line % ("/ann/dev?" + "a=b&" * 15_000) + end, (200, 414, 415, 431))
        self.case("a field of 60 KB", line % "/" + "X: " + big + "\r\n" + end, (200, 400, 431))
        self.case("20,000 fields", line % "/" + "X: y\r\n" * 20_000 + end, (400, 431))
        self.case("a field without end", line % "/" + "X: ", (400, 431, 408), body_parts=[b"x" * 65536] * 200)
        self.case("Accept with 10,000 types", line % "/ann/dev/+simple/openpkg/" + "Accept: " + "a/b;q=0.1," * 5_000 + "*/*\r\n" + end, (200, 400, 406, 431))
        self.case("Range with 5,000 parts", line % "/ann/dev/+simple/openpkg/" + "Range: bytes=" + ",".join("%d-%d" % (n, n) for n in range(0, 5000)) + "\r\n" + end, (200, 206, 400, 406, 416, 431))
        self.case("If-None-Match with 10,000 tags", line % "/ann/dev/+simple/openpkg/" + "If-None-Match: " + '"abc",' * 8_000 + '"d"\r\n' + end, (200, 400, 406, 431))
        self.case("Basic of 40 KB", line % "/ann" + "Authorization: Basic " + "QUJD" * 10_000 + "\r\n" + end, (200, 400, 401, 415, 431))
        self.case("X-Forwarded-For with 5,000 hops", line % "/" + "X-Forwarded-For: " + "1.2.3.4, " * 5_000 + "1.2.3.4\r\n" + end, (200, 400, 431))
        for value in ("99999999999999999999", "-1", "0", "1e9", "", "%00", "9" * 1000):
            for route in ("/ann/dev?page=%s", "/+search?query=a&page=%s", "/+search?prefix=a&n=%s", "/ann/dev/+simple/?n=%s", "/ann/dev/openpkg?limit=%s"):
                self.case(route % value[:20], line % (route % value) + "Accept: text/html\r\n" + end, (200, 302, 400, 404))
        self.case("search for 30 KB", line % ("/+search?query=" + "(a%20OR%20" * 3_000) + end, (200, 400, 404, 414, 431))

        post = "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAccept: application/json\r\nContent-Type: %s\r\n" + known
        megabyte = b"x" * (1 << 20)
        kind = "application/json"
        self.case("a login of 1 GB", post % ("/+login", kind) + "Content-Length: 1073741824\r\n\r\n", (400, 413), body_parts=[megabyte] * 64)
        self.case("a login without end", post % ("/+login", kind) + "Transfer-Encoding: chunked\r\n\r\n", (400, 413), body_parts=[b"100000\r\n" + megabyte + b"\r\n"] * 64)
        for name, text in (("arrays", "[" * 100_000), ("objects", '{"a":' * 100_000), ("a number", "9" * 500_000), ("keys", "{" + ",".join('"k%d":1' % n for n in range(100_000)) + "}")):
            self.case("JSON: 100,000 " + name, post % ("/+login", kind) + "Content-Length: %d\r\n\r\n" % len(text), (400, 401, 413), body=text.encode())
            self.case("options: 100,000 " + name, "PUT" + (post % ("/ann/limits", kind))[4:] + "Content-Length: %d\r\n\r\n" % len(text), (400, 413), body=text.encode())
        multipart = "multipart/form-data; boundary=b"
        part = b'--b\r\nContent-Disposition: form-data; name="classifiers"\r\n\r\nx\r\n'
        self.case("100,000 parts", post % ("/ann/dev/", multipart) + "Content-Length: %d\r\n\r\n" % (len(part) * 100_000), (400, 413), body_parts=[part * 1000] * 100)
        begin = b'--b\r\nContent-Disposition: form-data; name="description"\r\n\r\n'
        self.case("a field of 64 MB", post % ("/ann/dev/", multipart) + "Content-Length: %d\r\n\r\n" % (len(begin) + (64 << 20)), (400, 413), body=begin, body_parts=[megabyte] * 64)
        self.case("a part's head without end", post % ("/ann/dev/", multipart) + "Content-Length: %d\r\n\r\n" % (64 << 20), (400, 413), body=b"--b\r\nX: ", body_parts=[megabyte] * 64)
        self.case("a boundary of 10 KB", post % ("/ann/dev/", "multipart/form-data; boundary=" + "b" * 10_000) + "Content-Length: 10\r\n\r\n", (400, 431), body=b"0123456789")
        self.case("a form of 64 MB", post % ("/ann/dev/", "application/x-www-form-urlencoded") + "Content-Length: %d\r\n\r\n" % (64 << 20), (400, 413, 415), body=b":action=submit&name=", body_parts=[megabyte] * 64)
        headers, body = form([(":action", "doc_upload"), ("name", "openpkg"), ("version", "1.0")], "openpkg.zip", b"PK\x05\x06" + b"\xff" * 18)
        self.case("a zip that says it has 65,535 members", post % ("/ann/dev/", headers["Content-Type"]) + "Content-Length: %d\r\n\r\n" % len(body), (400,), body=body)
        self.case("a token book", post % ("/+token", kind) + "Content-Length: 1100000\r\n\r\n", (400, 413), body=b'{"scope": "read", "comment": "' + b"x" * 1_099_969 + b'"}')

        for row in sorted(self.rows, key=lambda row: -row[3])[:6]:
            print("\n  %-50s %s  %.2f s  +%d MB" % row, end="")
        grown = max(row[3] for row in self.rows)
        print("\n%d cases, none took more than %d MB; in the end %d MB" % (len(self.rows), grown, self.memory()))
        self.assertLess(grown, GROWTH_MB)
        self.assertLess(self.memory(), 96)
        self.assertAlive()

    def test_tokens_and_results_are_bounded(self):
        """What a client may pile up has an end."""
        result = json.dumps({"testenvs": {"py": {"x": "y" * 1000}}})
        where, _ = self.bodega.link("openpkg", "whl", "ann/dev")
        big = json.dumps({"testenvs": {"py": {"x": "y" * (20 << 20)}}})
        self.assertEqual(ask(where.split("#")[0], "POST", {"Content-Type": "application/json"}, big).status, 413)
        self.assertEqual(ask(where.split("#")[0], "POST", {"Content-Type": "application/json"}, result).status, 200)


if __name__ == "__main__":
    harness.main()
