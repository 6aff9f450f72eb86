#!/usr/bin/python3
"""An upstream that means harm: pages that lead this server into its own network, redirects that fetch credentials away, names that would be
paths or headers, answers for other questions. (Nexus CVE-2022-27907, distribution CVE-2026-33540, pip CVE-2019-20916, Artifactory CVE-2024-6915.)"""
import base64
import hashlib
import html
import http.server
import json
import re
import socket
import threading
import unittest
import urllib.parse

import victim
from victim import CANARY, ask, harness, packages

NAME, WHEEL = packages.make_wheel("bait", "1.0")
SHA = hashlib.sha256(WHEEL).hexdigest()


class Upstream:
    """Answers as told: `answers` maps a path to (status, headers, body); "*" is for all others. `asked` is what came."""

    def __init__(self, address="127.0.0.1"):
        upstream = self
        self.answers, self.asked = {}, []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                upstream.asked.append((self.path, dict(self.headers.items())))
                status, headers, body = upstream.answers.get(self.path) or upstream.answers.get("*") or (404, {}, b"")
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_HEAD = do_POST = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = "http://%s:%d" % (address, self.port)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, project, *files):
        listed = [{"filename": name, "url": url, "hashes": {"sha256": sha}} for name, url, sha in files]
        body = json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": listed}).encode()
        self.answers["/simple/%s/" % project] = (200, {"Content-Type": harness.JSON_TYPE}, body)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def own_address():
    """An address of this machine that is not loopback, and is not literally in the mirror's URL."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.2"


class Trust(harness.Case):
    arguments = ()

    @classmethod
    def world(cls):
        cls.upstream, cls.inside = Upstream(), Upstream()
        cls.servers += [cls.upstream, cls.inside]
        cls.inside.answers["*"] = (200, {"Content-Type": "text/plain"}, WHEEL)
        # A name, so that nothing private is written in the mirror's URL.
        cls.bodega = cls.make_bodega("http://%s:%d/simple/" % (cls.host_of_loopback(), cls.upstream.port), args=cls.arguments)

    @classmethod
    def host_of_loopback(cls):
        """A name that resolves to 127.0.0.1 and is not localhost: this machine's own."""
        name = socket.gethostname()
        try:
            if socket.gethostbyname(name).startswith("127.") and name != "localhost":
                return name
        except OSError:
            pass
        with open("/etc/hosts", encoding="utf-8") as hosts:
            for line in hosts:
                fields = line.split("#")[0].split()
                for name in fields[1:] if fields and fields[0].startswith("127.") else []:
                    if name != "localhost" and not name.endswith(".localhost"):
                        return name
        raise unittest.SkipTest("no name but localhost leads to the loopback here (/etc/hosts)")

    def file_of(self, project, url, sha=SHA, name=NAME):
        self.upstream.page(project, (name.replace("bait", project), url, sha))
        where, _ = self.bodega.link(project, ".")
        return ask(where.split("#")[0])


class PrivateAddresses(Trust):
    def test_a_page_does_not_lead_inside(self):
        port, tried = self.inside.port, 0
        for number, host in enumerate(("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0",
                                       "0", "127.0.0.2", "[::]", "[64:ff9b::7f00:1]", "user@127.0.0.1", "index.test@127.0.0.1", "169.254.169.254", "10.0.0.1", "192.168.0.1",
                                       "[fe80::1]", "[fd00:ec2::254]", "100.64.0.1", "127.0.0.1.", "localhost.", own_address(), "127。0。0。1", "%6c%6fcalhost", "LOCALHOST", "①②⑦.0.0.1")):
            url = "http://%s:%d/inside-%d" % (host, port, number)
            try:
                answer = self.file_of("bait%d" % number, url)
            except LookupError:
                tried += 1  # the page's link was no link
                continue
            self.assertIn(answer.status, (400, 403, 404, 502), (url, answer))
            tried += 1
        self.assertGreater(tried, 25)
        self.assertEqual(self.inside.asked, [])

    def test_a_redirect_does_not_lead_inside(self):
        for number, (status, where) in enumerate([(s, w) for s in (301, 302, 303, 307, 308) for w in ("http://127.0.0.1:%d/", "http://localhost:%d/", "//[::1]:%d/", "http://0:%d/")]):
            self.upstream.answers["/moved-%d" % number] = (status, {"Location": where % self.inside.port}, b"")
            # The mirror's own host may be private; where it leads may be what the first hop is. A host of nobody's may not.
            self.file_of("moved%d" % number, "http://127.0.0.2:%d/moved-%d" % (self.upstream.port, number))
        for scheme in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:70/", "dict://127.0.0.1:11211/", "scp://x/", "data:,x"):
            self.upstream.answers["/other"] = (302, {"Location": scheme}, b"")
            answer = self.file_of("scheme" + re.sub(r"\W", "", scheme)[:8].lower(), "%s/other" % self.bodega.upstream.removesuffix("/simple/"))
            self.assertIn(answer.status, (502, 404), (scheme, answer))
        self.assertEqual(self.inside.asked, [])

    def test_no_redirect_leads_to_the_machines_credentials(self):
        """The mirror is inside, so what it redirects to may be; the addresses where clouds answer for the machine may not."""
        for number, host in enumerate(("169.254.169.254", "2852039166", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]")):
            self.upstream.answers["/cloud-%d" % number] = (302, {"Location": "http://%s:9/latest/meta-data/" % host}, b"")
            answer = self.file_of("cloud%d" % number, "%s/cloud-%d" % (self.bodega.upstream.removesuffix("/simple/"), number))
            self.assertEqual(answer.status, 502, (host, answer))
            self.assertIn("link-local", answer.text)


class Named(Trust):
    arguments = ["--upstream-private-hosts", "127.0.0.1", "--upstream-private-hosts", "169.254.169.254"]

    def test_what_the_operator_named_is_fetched(self):
        answer = self.file_of("named", "http://127.0.0.1:%d/fine" % self.inside.port)
        self.assertEqual((answer.status, answer.body), (200, WHEEL))
        answer = self.file_of("credentials", "http://169.254.169.254:9/latest/meta-data/", sha=hashlib.sha256(b"another").hexdigest())
        self.assertEqual(answer.status, 502)
        self.assertIn("link-local", answer.text)
        answer = self.file_of("unnamed", "http://127.0.0.2:%d/not-fine" % self.inside.port, sha=hashlib.sha256(b"other").hexdigest())
        self.assertEqual(answer.status, 502)
        self.assertIn("upstream-private-hosts", answer.text)


class CredentialsStay(harness.Case):
    """Upstream's credentials, in the mirror's URL: the next host, the next port and the next scheme do not get them."""

    @classmethod
    def world(cls):
        cls.upstream, cls.other = Upstream(), Upstream()
        cls.servers += [cls.upstream, cls.other]
        cls.other.answers["*"] = (401, {"WWW-Authenticate": 'Basic realm="please"'}, b"")
        cls.bodega = cls.make_bodega("http://user:%s@127.0.0.1:%d/simple/" % (CANARY, cls.upstream.port))

    def test_no_other_host_gets_them(self):
        said = base64.b64encode(("user:" + CANARY).encode()).decode()
        for number, url in enumerate((self.other.url + "/x", self.other.url.replace("127.0.0.1", "localhost") + "/y", "http://localhost:%d/z" % self.upstream.port)):
            self.upstream.page("away%d" % number, ("away%d-1.0-py3-none-any.whl" % number, url, SHA))
            where, _ = self.bodega.link("away%d" % number, "whl")
            self.assertNotEqual(ask(where.split("#")[0]).status, 200)
        for status in (301, 302, 307, 308):
            name = "moved%d" % status
            self.upstream.answers["/simple/%s/" % name] = (status, {"Location": self.other.url + "/simple/%s/" % name}, b"")
            self.bodega.page(name)
            self.upstream.page("f" + name, ("f%s-1.0-py3-none-any.whl" % name, self.upstream.url + "/m%d" % status, SHA))
            self.upstream.answers["/m%d" % status] = (status, {"Location": self.other.url + "/m"}, b"")
            where, _ = self.bodega.link("f" + name, "whl")
            ask(where.split("#")[0])
        self.assertGreaterEqual(len(self.other.asked), 6)
        for path, headers in self.other.asked:
            self.assertNotIn("Authorization", headers, path)
            self.assertNotIn(CANARY, json.dumps([path, headers]))
        self.assertTrue(all(headers.get("Authorization") == "Basic " + said for path, headers in self.upstream.asked if headers.get("Host", "").startswith("127")))
        self.assertNotIn(CANARY, self.bodega.log())
        self.assertNotIn(said, self.bodega.log())


class Names(harness.Case):
    """What an upstream calls things never becomes a path, a header, markup or another question's answer."""

    @classmethod
    def world(cls):
        cls.upstream = Upstream()
        cls.servers.append(cls.upstream)
        cls.bodega = cls.make_bodega(cls.upstream.url + "/simple/")

    HOSTILE = ("../../../../etc/cron.d/x-1.0.tar.gz", "..\\..\\x-1.0.tar.gz", "/etc/passwd", "x-1.0.tar.gz\r\nX-Injected: 1", "x-1.0.tar.gz\x00.whl", "<script>alert(1)</script>-1.0.tar.gz",
               '"><img src=x onerror=alert(1)>-1.0.tar.gz', "x-1.0.tar.gz?q", "x-1.0.tar.gz#sha256=" + "0" * 64, "%2e%2e%2fx-1.0.tar.gz", ".", "..", "", " ", "con.tar.gz", "x" * 5000 + "-1.0.tar.gz",
               "x-1.0.tar.gz/../y-1.0.tar.gz", "\u202egpj.exe-1.0.tar.gz", "x-1.0.tar.gz;y=z", "javascript:alert(1)//-1.0.tar.gz")

    def test_hostile_file_names(self):
        before = {path for path in self.directory.rglob("*")}
        for number, hostile in enumerate(self.HOSTILE):
            project = "names%d" % number
            self.upstream.answers["/f%d" % number] = (200, {"Content-Disposition": 'attachment; filename="../../../evil"', "X-Injected": "1", "Set-Cookie": "a=b"}, WHEEL)
            for kind in ("json", "html"):
                if kind == "json":
                    self.upstream.page(project, (hostile, "%s/f%d" % (self.upstream.url, number), SHA), (project + "-1.0-py3-none-any.whl", "%s/f%d" % (self.upstream.url, number), SHA))
                else:
                    project += "h"
                    text = '<!DOCTYPE html><a href="%s/f%d#sha256=%s">%s</a>' % (self.upstream.url, number, SHA, html.escape(hostile))
                    self.upstream.answers["/simple/%s/" % project] = (200, {"Content-Type": "text/html"}, text.encode())
                for accept in (harness.JSON_TYPE, "text/html", harness.HTML_TYPE):
                    answer = self.bodega.get("/root/pypi/+simple/%s/" % project, {"Accept": accept})
                    self.assertIn(answer.status, (200, 502), (hostile, answer))
                    self.assertIsNone(answer["X-Injected"])
                    if accept != harness.JSON_TYPE and answer.status == 200:
                        self.assertNotRegex(answer.text, "(?i)<script>alert|<img src=x|href=.javascript:")
                if answer.status == 200:
                    for entry in self.bodega.page(project).json()["files"]:
                        where = urllib.parse.urljoin(self.bodega.url + "/root/pypi/+simple/%s/" % project, entry["url"])
                        self.assertTrue(where.startswith(self.bodega.url + "/"), where)
                        got = ask(where.split("#")[0])
                        self.assertIn(got.status, (200, 400, 404), (hostile, got))
                        self.assertIsNone(got["X-Injected"])
                        self.assertIsNone(got["Set-Cookie"])
                        self.assertNotIn("evil", got["Content-Disposition"] or "")
        for path in {path for path in self.directory.rglob("*")} - before:
            self.assertTrue(str(path).startswith((str(self.bodega.data), str(self.directory))), path)
            self.assertNotRegex(path.name, "evil|passwd|cron|x-1")

    def test_a_page_for_one_name_never_answers_for_another(self):
        """The same upstream body under every spelling and trick; and HEAD or another Accept fills nothing."""
        self.upstream.page("target", ("target-1.0-py3-none-any.whl", self.upstream.url + "/target", SHA))
        self.upstream.page("evil", ("evil-1.0-py3-none-any.whl", self.upstream.url + "/evil", hashlib.sha256(b"good").hexdigest()))
        self.upstream.answers["/evil"] = (200, {}, b"evil" + WHEEL)
        self.upstream.answers["/target"] = (200, {}, WHEEL)
        for trick in ("target;/../evil", "target/..;/evil", "target%2f..%2fevil", "evil/../target", "target%00evil", "target%3f/evil", "target%23evil", "evil%0d%0a", "target%20", "target/%2e%2e/evil",
                      "target?x=/../evil", "target%5c..%5cevil", "./target", "target//", "target/.", "target%252f..%252fevil"):
            for method in ("HEAD", "GET"):
                victim.exchange(self.bodega.port, ("%s /root/pypi/+simple/%s/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n" % (method, trick)).encode())
        for accept in (harness.HTML_TYPE, harness.JSON_TYPE, "text/html"):
            ask(self.bodega.url + "/root/pypi/+simple/target/", "HEAD", {"Accept": accept})
        page = self.bodega.page("target")
        self.assertEqual([entry["filename"] for entry in page.json()["files"]], ["target-1.0-py3-none-any.whl"])
        where, _ = self.bodega.link("target", "whl")
        self.assertEqual(ask(where.split("#")[0]).body, WHEEL)
        where, _ = self.bodega.link("evil", "whl")
        try:
            self.assertEqual(ask(where.split("#")[0]).status, 502)
        except harness.Broken:
            pass  # as good: the client knows that it has no whole file
        for path, _ in self.upstream.asked:
            self.assertNotRegex(path, r"\.\.|;|%00|%0d|\\", path)


if __name__ == "__main__":
    harness.main()
