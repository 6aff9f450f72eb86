#!/usr/bin/python3
"""Bytes that would begin a header, a log line or a terminal's command, in every place that takes bytes; and secrets, sent in every way, looked
for in every log, metric, answer and file. (pypiserver CVE-2019-6802, uvicorn CVE-2020-7694 and -7695, zot CVE-2025-48374.)"""
import json
import re
import urllib.parse

import victim
from victim import CANARY, ask, basic, form, harness, packages, upload_fields

# Percent-encoded in URLs, as they are elsewhere.
NASTY = ("\r\nX-Injected: 1", "\nX-Injected: 1", "\rX-Injected: 1", "\r\n\r\n<h1>x", "\x00X-Injected", "\x1b[2J\x1b]0;x\x07", "\x7f\x9b31m", "\u2028X", "\u0085X",
         "\xff\xfe", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "é\u202e", '"quoted" and \\back', "{json}", "a=b level=error")
ROUTES = ("/%s", "/%s/", "/ann/%s", "/ann/dev/%s", "/ann/dev/%s/", "/ann/dev/+simple/%s", "/ann/dev/+simple/%s/", "/ann/dev/openpkg/%s", "/ann/dev/+f/%s", "/root/pypi/+simple/%s/",
          "/root/pypi/+f/%s", "/ann/dev/openpkg/1.0/+doc/%s", "/+search?query=%s", "/ann/dev/+simple/openpkg?x=%s", "/ann/dev/openpkg/?y=%s", "/+health/%s", "/root/%s?no_projects=")
KNOWN = {"content-type", "content-length", "date", "x-request-id", "cache-control", "etag", "vary", "location", "www-authenticate", "connection", "accept-ranges", "last-modified",
         "content-range", "x-cache", "retry-after", "content-security-policy", "x-content-type-options", "referrer-policy", "allow", "content-disposition", "content-encoding",
         "x-pypi-last-serial", "x-bodega-version", "set-cookie", "link", "age", "cross-origin-resource-policy", "cross-origin-opener-policy", "x-frame-options", "permissions-policy"}


class Injection(victim.Victim):
    log_format = "text"

    @classmethod
    def world(cls):
        cls.arguments = ["--log-format", cls.log_format, "--log-level", "debug"]
        super().world()

    def check(self, answer, what):
        head = answer.split(b"\r\n\r\n", 1)[0].split(b"\r\n")
        self.assertRegex(head[0], rb"^HTTP/1\.1 \d{3} [\x20-\x7e]*$", what)
        for line in head[1:]:
            name = line.split(b":", 1)[0].decode().lower()
            self.assertTrue(name in KNOWN or name.startswith("x-devpi-"), (what, line))
            self.assertRegex(line, rb"^[\x20-\x7e\t]*$", what)
        return head

    def test_no_byte_begins_a_header_or_a_line(self):
        tried = 0
        for nasty in NASTY:
            quoted = urllib.parse.quote(nasty.encode("latin-1", "replace") if max(nasty) < "\u0100" else nasty.encode())
            for route in ROUTES:
                for method, accept in (("GET", "*/*"), ("GET", "text/html"), ("GET", "application/json"), ("POST", "*/*"), ("DELETE", "application/json")):
                    self.check(self.raw("%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nConnection: close\r\n\r\n" % (method, route % quoted, accept)), (route, nasty))
                    tried += 1
            # Field values as far as HTTP lets them be said; the rest is refused.
            for field in ("User-Agent", "Host", "X-Forwarded-For", "X-Forwarded-Host", "X-Outside-Url", "X-Request-Id", "Referer", "Authorization", "Cookie", "Accept", "Origin", "X-Devpi-Auth"):
                plain = nasty.encode("utf-8", "surrogatepass").replace(b"\r", b"").replace(b"\n", b"").replace(b"\x00", b"")
                other = b"" if field == "Host" else b"Host: 127.0.0.1\r\n"
                self.check(self.raw(b"GET /ann/dev/+simple/openpkg HTTP/1.1\r\n" + other + field.encode() + b": " + plain + b"\r\nConnection: close\r\n\r\n"), (field, nasty))
                tried += 1
            # What is stored and given again.
            for fields in ([("name", "p" + nasty), ("version", "1.0")], [("name", "openpkg"), ("version", "1.0" + nasty)],
                           [("name", "openpkg"), ("version", "3.0"), ("summary", nasty), ("home_page", "http://x/" + nasty)]):
                headers, body = form([(":action", "submit"), *fields])
                self.check(self.post("/ann/dev/", headers, body), fields)
            filename, content = packages.make_wheel("openpkg", "4.0")
            headers, body = form(upload_fields("openpkg", "4.0", content), "openpkg-4.0%s-py3-none-any.whl" % nasty.replace('"', ""), content)
            self.check(self.post("/ann/dev/", headers, body), ("filename", nasty))
            for options in ({"title": nasty}, {"description": nasty}, {"custom_data": nasty}, {"bases": [nasty]}, {"type": nasty}, {nasty: "x"}):
                answer = self.bodega.api("PUT", "/ann/other%d" % tried, options, user="ann", password=self.passwords["ann"])
                self.assertLess(answer.status, 500)
                self.bodega.api("DELETE", "/ann/other%d" % tried, user="ann", password=self.passwords["ann"])
            self.bodega.api("POST", "/+login", {"user": nasty, "password": nasty}, user=None)
        for path in ("/ann/dev", "/ann/dev/openpkg", "/ann/dev/+simple/openpkg/", "/ann", "/"):
            for accept in ("text/html", "application/json", harness.JSON_TYPE):
                self.check(self.raw("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: %s\r\nConnection: close\r\n\r\n" % (path, accept)), path)
        self.assertGreater(tried, 1000)
        self.assertAlive()
        self.check_log()

    def post(self, path, headers, body):
        head = "".join("%s: %s\r\n" % field for field in {**headers, **basic("ann", self.passwords["ann"])}.items())
        return self.raw(("POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n" % (path, len(body), head)).encode() + body)

    def check_log(self):
        self.bodega.log()
        lines = self.bodega.process.stderr_path.read_bytes().split(b"\n")[:-1]
        self.assertGreater(len(lines), 1000)
        for line in lines:
            line.decode()  # UTF-8
            self.assertNotRegex(line, rb"[\x00-\x08\x0a-\x1f\x7f]")
            self.assertFalse(re.search("[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]", line.decode()), line)
            if self.log_format == "json":
                self.assertIn("event" if b'"event"' in line else "msg" if b'"msg"' in line else "time", json.loads(line))
            else:
                self.assertRegex(line, rb"^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info|warning|error) ")
        print("\n%d log lines" % len(lines))


class InjectionIntoJson(Injection):
    log_format = "json"


class Canaries(victim.Victim):
    arguments = ["--log-level", "debug"]

    def test_secrets_are_nowhere_but_where_they_were_given(self):
        base, ann = self.bodega.url, basic("ann", self.passwords["ann"])
        login = self.bodega.api("POST", "/+login", {"user": "ann", "password": self.passwords["ann"]}, user=None).json()["result"]["password"]
        token = self.bodega.api("POST", "/+token", {"scope": "upload"}, user="ann", password=self.passwords["ann"]).json()["result"]["token"]
        secret = token.rsplit("_", 1)[1]
        for headers in (basic("ann", CANARY + "-wrong"), {"Authorization": "Bearer " + CANARY}, {"Authorization": "Basic " + CANARY}, {"Authorization": CANARY + " x"},
                        basic("__token__", token), basic("ann", login), {"X-Devpi-Auth": CANARY}, {"Cookie": "session=" + CANARY}, {"Proxy-Authorization": CANARY}):
            for path in ("/ann/dev/+simple/openpkg/", "/ann/closed/+simple/secretpkg/", "/ann", "/+api", "/+login", "/+status"):
                ask(base + path, headers=headers)
                ask(base + path, "POST", headers)
        for target in ("/ann/dev?token=" + CANARY, "/ann/dev?" + CANARY, "http://user:%s@127.0.0.1/ann/dev" % CANARY):
            self.raw("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % target)
        for options in ({"mirror_url": "http://mirror:%s@127.0.0.1:9/simple/" % CANARY, "type": "mirror"}, {"mirror_url": "http://mirror:%s@[bad/" % CANARY, "type": "mirror"}):
            self.bodega.api("PUT", "/ann/mirror", options, user="ann", password=self.passwords["ann"])
        self.assertEqual(self.bodega.api("PATCH", "/bob", {"password": CANARY + "-new"}, user="bob", password=self.passwords["bob"]).status, 200)
        self.bodega.api("PATCH", "/bob", {"password": CANARY}, user="ann", password=self.passwords["ann"])
        self.bodega.api("POST", "/+login", {"user": "bob", "password": CANARY + "-neither"}, user=None)
        self.bodega.api("POST", "/ann/dev", {"name": "openpkg", "version": "1.0", "posturl": "http://x:%s@127.0.0.1:9/legacy/" % CANARY, "username": "x", "password": CANARY},
                        user="ann", password=self.passwords["ann"])
        self.bodega.get("/ann/mirror/+simple/any/")
        # What strangers can see, all of it, and what the log says.
        for path in ("/", "/ann", "/bob", "/ann/dev", "/ann/mirror", "/+status", "/+metrics", "/+api", "/ann/mirror/+simple/any/", "/+health/ready"):
            for accept in ("application/json", "text/html", "*/*"):
                self.assertNotIn(CANARY, self.bodega.get(path, {"Accept": accept}).body.decode(errors="replace"), path)
        self.assertNotIn("secretpkg", self.bodega.get("/+metrics").text)
        log = self.bodega.log() + self.bodega.process.output()
        self.bodega.stop()
        for line in (log + self.bodega.log()).splitlines():
            self.assertFalse(CANARY in line, line)
            self.assertNotIn(secret, line)
            self.assertNotIn(login.rsplit(".", 1)[-1], line)
        for name in ("ann", "root"):
            encoded = basic(name, self.passwords.get(name, harness.ROOT_PASSWORD))["Authorization"].split()[1]
            self.assertNotIn(encoded, log)
        # At rest: hashes, but for what must be said to upstreams.
        for path in self.bodega.data.rglob("*"):
            if not path.is_file():
                continue
            held = path.read_bytes()
            self.assertNotIn(secret.encode(), held, path)
            for password in (*self.passwords.values(), CANARY + "-new", harness.ROOT_PASSWORD):
                self.assertNotIn(password.encode(), held, path)
            self.assertEqual(path.stat().st_mode & 0o007, 0, (path, oct(path.stat().st_mode)))


if __name__ == "__main__":
    harness.main()
