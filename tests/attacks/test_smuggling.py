#!/usr/bin/python3
"""Requests that two readers could cut in different places. Straight: one refusal, and the connection ends; what was hidden behind is never
taken for a request. Behind caddy, nginx and haproxy: whatever they pass on, we see the requests that they saw and no other.
(waitress CVE-2019-16785 and CVE-2022-24761, gunicorn CVE-2024-1135, Varnish VSV00016.)"""
import re
import shutil
import textwrap
import time
import unittest

import victim
from victim import harness

HOST = "Host: 127.0.0.1\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"


def post(fields, body="", number="NUMBER"):
    return "POST /case-%s HTTP/1.1\r\n%s%s\r\n%s" % (number, HOST, fields, body)


def get(fields, line="GET /case-NUMBER HTTP/1.1\r\n"):
    return line + HOST + fields + "\r\n"


# What can be read in two ways, or in none. HIDDEN is where the second request is; it comes at the end where it is not named.
AMBIGUOUS = [
    # both framings
    post("Content-Length: 6\r\n" + CHUNKED, "0\r\n\r\n"), post(CHUNKED + "Content-Length: 6\r\n", "0\r\n\r\n"),
    post("Content-Length: 0\r\n" + CHUNKED, "0\r\n\r\n"), post(CHUNKED + "Content-Length: 0\r\n"),
    post("Content-Length: 4\r\nTransfer-Encoding: identity\r\n", "abcd"), post("Content-Length: 4\r\nTransfer-Encoding:\r\n", "abcd"),
    # a transfer coding that is none, or not the last
    *[post("Transfer-Encoding: %s\r\n" % coding, "0\r\n\r\n") for coding in (
        "xchunked", "chunkedx", "chunked, identity", "identity, chunked", "chunked, chunked", "gzip", "gzip, chunked", "chunked;q=1", '"chunked"',
        "chunked\x0b", "\x0bchunked", "chunked\x00", "chunked\x0c", "chunked,", ",chunked", "chunked ,identity", "c hunked", "chunke", "identity",
        "\x85chunked", "chunked\x7f", "deflate, chunked", "cow", "chunked\tx", "chun\r\n ked", "chunked\r\n x")],
    post(CHUNKED * 2, "0\r\n\r\n"), post("Transfer-Encoding: identity\r\n" + CHUNKED, "0\r\n\r\n"), post(CHUNKED + "Transfer-Encoding: identity\r\n", "0\r\n\r\n"),
    post(CHUNKED + "Transfer-Encoding: cow\r\n", "0\r\n\r\n"),
    "POST /case-NUMBER HTTP/1.0\r\n" + HOST + CHUNKED + "\r\n0\r\n\r\n",
    # names that are nearly one
    *[post("Content-Length: 5\r\n" + name + "\r\n", "0\r\n\r\n") for name in (
        "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked",
        "Transfer-Encoding\x00: chunked", "Transfer-Encoding\x0b: chunked", "Transfer Encoding: chunked", "\x00Transfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked", "Transfer-Encoding\r\n : chunked", "Transfer-Encoding\r: chunked", "X: y\rTransfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked", "X: y\r\n\x20\r\nTransfer-Encoding: chunked", "X:\x00\nTransfer-Encoding: chunked", "(Transfer-Encoding): chunked",
        "Transfer-Encoding;: chunked", "Transfer-Enc\x6fding=: chunked", "Transfer-Encoding", ": chunked", ":", "\"Transfer-Encoding\": chunked",
        "Tr\xc3\xa4nsfer: chunked")],
    # lengths
    *[post("Content-Length: %s\r\n" % length, "abcd") for length in (
        "+4", "-4", "-0", "0x4", "4;", "4 4", "4, 4", "4,5", "4,", ",4", "1e0", "4.0", "", " ", "four", "4\x0b", "4\x00", "\x0b4", "4\t5", "4_0", "0b100", "٤",
        "99999999999999999999", "18446744073709551620", "9223372036854775808", "4\r\n 0", "\r\n 4", "4\x0c", "--4", "4\"", "'4'", "4\x85", "0o4")],
    post("Content-Length: 4\r\nContent-Length: 5\r\n", "abcd"), post("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"),
    post("Content-Length: 4\r\ncontent-length: 0\r\n", "abcd"), post("Content-Length: 0\r\nContent-Length: 4\r\n", "abcd"),
    post("Content-Length : 4\r\n", "abcd"), post(" Content-Length: 4\r\n", "abcd"), post("Content-Length\x00: 4\r\n", "abcd"), post("X: y\nContent-Length: 4\r\n", "abcd"),
    post("X: y\rContent-Length: 4\r\n", "abcd"), post("Content Length: 4\r\n", "abcd"), post("Content-Length\t: 4\r\n", "abcd"),
    # lines
    *[line + HOST + "\r\n" for line in (
        "GET /case-NUMBER HTTP/1.1\n", "GET /case-NUMBER\r\n", "GET  /case-NUMBER HTTP/1.1\r\n", "GET /case-NUMBER  HTTP/1.1\r\n", "GET\t/case-NUMBER HTTP/1.1\r\n",
        " GET /case-NUMBER HTTP/1.1\r\n", "GET /case-NUMBER HTTP/1.1 \r\n", "GET /case-NUMBER HTTP/1.2\r\n", "GET /case-NUMBER HTTP/2.0\r\n",
        "GET /case-NUMBER HTTP/0.9\r\n", "GET /case-NUMBER http/1.1\r\n", "GET /case-NUMBER HTTP/1.1x\r\n", "GET /case-NUMBER HTTP/01.1\r\n",
        "GET /case-NUMBER HTTP/1.10\r\n", "GET /case-NUMBER\x00 HTTP/1.1\r\n", "GET /case-NUMBER x HTTP/1.1\r\n", "G(T /case-NUMBER HTTP/1.1\r\n", "GET case-NUMBER HTTP/1.1\r\n",
        "GET /case-NUMBER\x0b HTTP/1.1\r\n", "GET /case-NUMBER\x7f HTTP/1.1\r\n", "GET /case-NUMBER#x HTTP/1.1\r\n", "\r\n\r\n\r\nGET /case-NUMBER HTTP/1.1\r\n",
        "\x00GET /case-NUMBER HTTP/1.1\r\n", "\nGET /case-NUMBER HTTP/1.1\n", "GET /case-NUMBER HTTP/1.1\r", "GET /case-NUMBER HTTP/1.1\r\r\n", "GET /case-NUMBER HTTP /1.1\r\n",
        "GET ftp://127.0.0.1/case-NUMBER HTTP/1.1\r\n", "CONNECT 127.0.0.1:1 HTTP/1.1\r\n", "GET * HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n", "\x16\x03\x01\x02\x00")],
    # fields
    *[get(field) for field in (
        "Host: evil.test\r\n", "X y: z\r\n", "X\r\n", ": y\r\n", "X: y\x00z\r\n", "X: y\rz\r\n", "X: y\r\n z\r\n", "X: y\n", "\r Host: x\r\n", "X\x00: y\r\n",
        "X: \x01\r\n", "X: y\x1bz\r\n", "X\x7f: y\r\n", "X@y: z\r\n", "Expect: 200-ok\r\n")],
    "GET /case-NUMBER HTTP/1.1\r\n\r\n", "GET /case-NUMBER HTTP/1.1\r\nHost: a b\r\n\r\n", "GET /case-NUMBER HTTP/1.1\r\nHost: 127.0.0.1, 127.0.0.1\r\n\r\n",
    "GET /case-NUMBER HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n", "GET /case-NUMBER HTTP/1.1\r\nHost: x@127.0.0.1\r\n\r\n", "GET /case-NUMBER HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n",
    "GET /case-NUMBER HTTP/1.1\r\nX: y\r\n" + "Y: z\r\n" * 3000 + HOST + "\r\n", "GET /case-NUMBER" + "x" * 70_000 + " HTTP/1.1\r\n" + HOST + "\r\n",
]
# The body decides; the route that they go to reads it. The hidden request is where a sloppy reader would look for the next one.
BAD_BODIES = [
    "5\nhello\n0\n\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "5\r\nhell\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n",
    " 5\r\nhello\r\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "\r\n5\r\nhello\r\n0\r\n\r\n", "g\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello", "10000000000000005\r\nhello\r\n0\r\n\r\n",
    "5;x\ny\r\nhello\r\n0\r\n\r\n", "5;\x00\r\nhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\r\n0\n\n", "5\r\nhello\r\n0\r\nX\r\n\r\n",
    "5\r\nhello\r\n0\r\nX y: z\r\n\r\n", "5\r\nhello\r\n0\r\nX: y\n\r\n", "5\r\nhello\r\n0\r\n X: y\r\n\r\n", "5\r\nhello\r\n0\r\nX: \x00\r\n\r\n", "٥\r\nhello\r\n0\r\n\r\n", "5\r\n" + "hello" + "\r0\r\n\r\n", "\x0b5\r\nhello\r\n0\r\n\r\n",
    "5;" + "x" * 100_000 + "\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n" + "X: y\r\n" * 3000 + "\r\n", "5.\r\nhello\r\n0\r\n\r\n", "5,\r\nhello\r\n0\r\n\r\n", "0_5\r\nhello\r\n0\r\n\r\n",
]


def hidden(number):
    return "GET /hidden-%d HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % number


def cases():
    texts = [*AMBIGUOUS, *("POST /+login HTTP/1.1\r\n" + HOST + CHUNKED + "X-Case: case-NUMBER\r\n\r\n" + body for body in BAD_BODIES)]
    for number, text in enumerate(texts):
        yield number, (text.replace("NUMBER", str(number)) + hidden(number)).encode()


class Straight(victim.Victim):
    def hidden_seen(self):
        return set(re.findall(r"hidden-(\d+)", "\n".join(line for line in self.bodega.log().splitlines() if "http.request" in line)))

    def test_every_ambiguity_is_refused_and_ends_the_connection(self):
        count = 0
        for number, sent in cases():
            for pieces in (1 << 20, 11):
                if pieces == 11 and len(sent) > 2000:
                    continue
                told = victim.statuses(self.raw(sent, pieces=pieces))
                # A connection that is closed without a word (TLS, HTTP/2) is as good.
                self.assertLessEqual(len(told), 1, (number, sent[:300], told))
                self.assertTrue(all(status in (400, 403, 404, 408, 413, 414, 415, 417, 421, 431, 501, 505) for status in told), (number, sent[:300], told))
                count += 1
        print("\n%d connections, %d cases" % (count, number + 1))
        self.assertGreaterEqual(number, 170)
        self.assertFalse(self.hidden_seen(), "a hidden request was answered")
        self.assertAlive()

    def test_what_is_well_formed_is_read_whole(self):
        number, body = 9000, None
        for fields, wrap, read in (("Content-Length: %d\r\n", "%s", 1), (CHUNKED, "%x\r\n%s\r\n0\r\n\r\n", 1), (CHUNKED, "%x;x=y\r\n%s\r\n0\r\nX: y\r\n\r\n", 1),
                                   ("transfer-encoding:\tCHUNKED \r\n", "%x\r\n%s\r\n0\r\n\r\n", 1)):
            body = hidden(number)
            text = wrap % ((len(body), body) if "%x" in wrap else body)
            head = fields % len(text) if "%d" in fields else fields
            answer = self.raw("POST /+login HTTP/1.1\r\n%s%s\r\n%sGET /+health/live HTTP/1.1\r\n%sConnection: close\r\n\r\n" % (HOST, head, text, HOST))
            self.assertEqual(victim.statuses(answer), [400, 200], answer)
            number += 1
        self.assertFalse({seen for seen in self.hidden_seen() if int(seen) >= 9000})


class Front:
    """A proxy in front. `config` writes it down; `log` gives what it was asked and passed on."""

    program = ""

    @classmethod
    def world(cls):
        found = shutil.which(cls.program) or shutil.which(cls.program, path="/usr/sbin:/usr/bin")
        if not found:
            raise unittest.SkipTest("needs %s (a Debian package)" % cls.program)
        super().world()
        with victim.socket.create_server(("127.0.0.1", 0)) as free:
            cls.port = free.getsockname()[1]
        cls.folder = cls.directory / "front"
        cls.folder.mkdir()
        home = harness.clean_environment(HOME=cls.folder, XDG_DATA_HOME=cls.folder, XDG_CONFIG_HOME=cls.folder)
        cls.front = harness.Process([found, *cls.configure()], cls.folder, "front", home)
        cls.servers.append(cls.front)
        harness.wait_for(cls.answers, 20, "the proxy")

    @classmethod
    def answers(cls):
        try:
            return harness.ask("http://127.0.0.1:%d/+health/live" % cls.port).status == 200
        except (harness.Broken, OSError):
            return False

    def test_the_front_and_we_see_the_same_requests(self):
        for number, sent in cases():
            victim.exchange(self.port, sent)
        for number in range(9000, 9003):  # and one whose body holds it, as it may
            body = hidden(number)
            victim.exchange(self.port, ("POST /case-%d HTTP/1.1\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (number, HOST, len(body), body)).encode())
        time.sleep(0.5)  # what it logs late
        self.front.stop()
        theirs = re.findall(r"(?:hidden|case)-\d+", self.log())
        ours = [found for line in self.bodega.log().splitlines() if "http.request" in line for found in re.findall(r"target=/((?:hidden|case)-\d+)", line)]
        self.assertGreater(len(ours), 0)
        print("\n%s passed on %d requests of %d connections" % (self.program, len(ours), number + 1 - 9000 + len(list(cases()))))
        for path in set(ours):
            self.assertLessEqual(ours.count(path), theirs.count(path), path)
        self.assertAlive()


class Caddy(Front, victim.Victim):
    program = "caddy"

    @classmethod
    def configure(cls):
        (cls.folder / "Caddyfile").write_text(textwrap.dedent("""\
            {
              admin off
              auto_https off
            }
            http://:%d {
              bind 127.0.0.1
              log {
                output file %s/access.log
              }
              reverse_proxy 127.0.0.1:%d
            }
            """) % (cls.port, cls.folder, cls.bodega.port))
        return ["run", "--config", cls.folder / "Caddyfile", "--adapter", "caddyfile"]

    def log(self):
        return "\n".join(found for found in re.findall(r'"uri":"([^"]*)"', (self.folder / "access.log").read_text(errors="replace")))


class Nginx(Front, victim.Victim):
    program = "nginx"

    @classmethod
    def configure(cls):
        (cls.folder / "nginx.conf").write_text(textwrap.dedent("""\
            daemon off; worker_processes 1; pid %(folder)s/pid; error_log %(folder)s/error.log;
            events {}
            http {
              log_format uri '$request';
              access_log %(folder)s/access.log uri;
              client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/f; uwsgi_temp_path %(folder)s/u; scgi_temp_path %(folder)s/s;
              upstream bodega { server 127.0.0.1:%(bodega)d; keepalive 4; }
              server {
                listen 127.0.0.1:%(port)d;
                location / { proxy_pass http://bodega; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_request_buffering off; }
              }
            }
            """) % {"folder": cls.folder, "port": cls.port, "bodega": cls.bodega.port})
        return ["-p", cls.folder, "-c", cls.folder / "nginx.conf"]

    def log(self):
        return (self.folder / "access.log").read_text(errors="replace")


class Haproxy(Front, victim.Victim):
    program = "haproxy"

    @classmethod
    def configure(cls):
        (cls.folder / "haproxy.cfg").write_text(textwrap.dedent("""\
            global
              log stdout format raw local0
            defaults
              mode http
              timeout connect 5s
              timeout client 5s
              timeout server 5s
              log global
              log-format "%%r"
            frontend front
              bind 127.0.0.1:%d
              default_backend back
            backend back
              http-reuse always
              server bodega 127.0.0.1:%d
            """) % (cls.port, cls.bodega.port))
        return ["-db", "-f", cls.folder / "haproxy.cfg"]

    def log(self):
        return self.front.output()


if __name__ == "__main__":
    harness.main()
