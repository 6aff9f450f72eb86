#!/usr/bin/python3
"""The mirror as plain HTTP: headers, conditions, ranges, codings, negotiation, links, .metadata, the project list."""
import gzip
import html.parser
import io
import re
import shutil
import socket
import subprocess
import urllib.parse
import zipfile

import harness
from harness import HTML_TYPE, JSON_TYPE, PIP_ACCEPT, ask

CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class Links(html.parser.HTMLParser):
    """The anchors of a page: [(attributes, text)]."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.open = (dict(attributes), "")

    def handle_data(self, data):
        if self.open:
            self.open = (self.open[0], self.open[1] + data)

    def handle_endtag(self, tag):
        if tag == "a" and self.open:
            self.found.append(self.open)
            self.open = None


def settled_list(bodega, **headers):
    """The project list once it is whole and compressed: while it is on its way it streams through, without a validator."""
    def look():
        answer = ask(bodega.index, headers={k.replace("_", "-"): v for k, v in headers.items()})
        wanted = headers.get("Accept_Encoding") in (None, "identity", answer["Content-Encoding"])
        return answer if answer.status != 200 or answer["ETag"] and wanted else None
    return harness.wait_for(look, 30, "a list with its ETag and coding")


class Pages(harness.Case):
    def flask(self, **headers):
        return ask(self.bodega.index + "flask/", headers={"Accept": JSON_TYPE, **{k.replace("_", "-"): v for k, v in headers.items()}})

    def test_the_json_page_has_what_the_upstream_gave(self):
        ours, theirs = self.flask().json(), self.origin.page("flask")
        self.assertEqual(ours["name"], "flask")
        self.assertEqual(ours["meta"]["api-version"], "1.4")
        self.assertEqual(ours["meta"]["_last-serial"], theirs["meta"]["_last-serial"])
        self.assertEqual(sorted(ours["versions"]), sorted(theirs["versions"]))
        self.assertEqual(ours.get("project-status", {"status": "active"})["status"], "active")
        self.assertEqual([f["filename"] for f in ours["files"]], [f["filename"] for f in theirs["files"]])
        for mine, other in zip(ours["files"], theirs["files"]):
            for key in ("hashes", "size", "upload-time", "requires-python", "core-metadata", "provenance"):
                if other.get(key) not in (None, False):
                    self.assertEqual(mine.get(key), other[key], (mine["filename"], key))
            self.assertEqual(bool(mine.get("yanked", False)), bool(other["yanked"]))
            if isinstance(other["yanked"], str):
                self.assertEqual(mine["yanked"], other["yanked"])
            self.assertFalse(urllib.parse.urlsplit(mine["url"]).netloc, "links are relative")
            upstream_path = urllib.parse.urlsplit(other["url"]).path
            self.assertTrue(mine["url"].endswith("+f" + upstream_path), mine["url"])

    def test_yanked_files_stay_with_their_reason(self):
        theirs = {f["filename"]: f["yanked"] for f in self.origin.page("requests")["files"] if f["yanked"]}
        self.assertTrue(theirs)
        ours = {f["filename"]: f["yanked"] for f in self.bodega.page("requests").json()["files"] if f.get("yanked")}
        self.assertEqual(ours, theirs)

    def test_the_html_page_says_the_same(self):
        answer = ask(self.bodega.index + "requests/", headers={"Accept": "text/html"})
        self.assertStatus(answer, 200)
        self.assertRegex(answer["Content-Type"], r"^text/html(; ?charset=utf-8)?$")
        self.assertIn('<meta name="pypi:repository-version" content="1.4">', answer.text)
        links, files = Links(answer.text).found, self.bodega.page("requests").json()["files"]
        self.assertEqual([text for _, text in links], [f["filename"] for f in files])
        for (attributes, _), file in zip(links, files):
            url, _, fragment = attributes["href"].partition("#")
            self.assertEqual(url, file["url"])
            self.assertEqual(fragment, "sha256=" + file["hashes"]["sha256"])
            self.assertEqual(attributes.get("data-requires-python"), file.get("requires-python"))
            self.assertEqual("data-yanked" in attributes, bool(file.get("yanked")))
            if file.get("core-metadata"):
                digest = "sha256=" + file["core-metadata"]["sha256"]
                self.assertEqual(attributes["data-core-metadata"], digest)
                self.assertEqual(attributes["data-dist-info-metadata"], digest)

    def test_headers_of_a_page(self):
        self.flask()
        for answer in (self.flask(), self.flask()):  # from the home loop, from the hot table
            self.assertStatus(answer, 200)
            self.assertEqual(answer["Content-Type"], JSON_TYPE)
            self.assertRegex(answer["ETag"], r'^"[^"]+"$')
            self.assertRegex(answer["Last-Modified"], r"^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$")
            vary = {v.strip().lower() for v in answer["Vary"].split(",")}
            self.assertLessEqual({"accept", "accept-encoding"}, vary)
            found = re.search(r"\bmax-age=(\d+)", answer["Cache-Control"])
            self.assertTrue(found, answer["Cache-Control"])
            self.assertTrue(1 <= int(found.group(1)) <= 600)
            self.assertNotIn("immutable", answer["Cache-Control"])
            self.assertEqual(int(answer["Content-Length"]), len(answer.body))
            self.assertIsNone(answer["Transfer-Encoding"])
            self.assertEqual(answer["X-PyPI-Last-Serial"], str(self.origin.page("flask")["meta"]["_last-serial"]))
            self.assertIn("X-Cache", answer.headers)

    def test_the_second_time_is_a_hit(self):
        ask(self.bodega.index + "blinker/", headers={"Accept": JSON_TYPE})
        self.assertEqual(self.bodega.page("blinker")["X-Cache"], "hit")

    def test_not_modified(self):
        for encoding in ("identity", "gzip", "zstd"):
            first = self.flask(Accept_Encoding=encoding)
            again = self.flask(Accept_Encoding=encoding, If_None_Match=first["ETag"])
            self.assertStatus(again, 304, encoding)
            self.assertEqual(again.body, b"")
            for name in ("ETag", "Vary", "Cache-Control"):
                self.assertIsNotNone(again[name], name)
            self.assertEqual(again["ETag"], first["ETag"])
            self.assertStatus(self.flask(Accept_Encoding=encoding, If_None_Match='"no", W/%s' % first["ETag"]), 304)
            self.assertStatus(self.flask(Accept_Encoding=encoding, If_None_Match="*"), 304)
            self.assertStatus(self.flask(Accept_Encoding=encoding, If_None_Match='"other"'), 200)
            self.assertStatus(self.flask(Accept_Encoding=encoding, If_Modified_Since=first["Last-Modified"]), 304)
            self.assertStatus(self.flask(Accept_Encoding=encoding, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT"), 200)
            # If-None-Match wins over If-Modified-Since.
            both = self.flask(Accept_Encoding=encoding, If_None_Match='"other"', If_Modified_Since=first["Last-Modified"])
            self.assertStatus(both, 200)

    def test_a_strong_etag_for_each_representation_and_coding(self):
        self.flask(Accept_Encoding="gzip"), self.flask(Accept_Encoding="zstd")
        seen = {}
        for accept in (JSON_TYPE, "text/html"):
            for encoding in ("identity", "gzip", "zstd"):
                answer = ask(self.bodega.index + "flask/", headers={"Accept": accept, "Accept-Encoding": encoding})
                seen.setdefault(answer["ETag"], set()).add((accept, answer["Content-Encoding"]))
                self.assertFalse(answer["ETag"].startswith("W/"))
        for etag, representations in seen.items():
            self.assertEqual(len(representations), 1, "%s stands for %s" % (etag, representations))

    def test_codings_carry_the_same_bytes(self):
        name = "requests"  # large enough to be compressed
        plain = ask(self.bodega.index + name + "/", headers={"Accept": JSON_TYPE, "Accept-Encoding": "identity"})
        self.assertIsNone(plain["Content-Encoding"])
        zipped = ask(self.bodega.index + name + "/", headers={"Accept": JSON_TYPE, "Accept-Encoding": "gzip, deflate"})
        self.assertEqual(zipped["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(zipped.body), plain.body)
        self.assertLess(len(zipped.body), len(plain.body))
        zstd = ask(self.bodega.index + name + "/", headers={"Accept": JSON_TYPE, "Accept-Encoding": "gzip, deflate, br, zstd"})
        self.assertEqual(zstd["Content-Encoding"], "zstd")
        self.assertTrue(zstd.body.startswith(b"\x28\xb5\x2f\xfd"))
        if shutil.which("zstd"):
            self.assertEqual(subprocess.run(["zstd", "-dc"], input=zstd.body, capture_output=True, check=True).stdout, plain.body)
        refused = ask(self.bodega.index + name + "/", headers={"Accept": JSON_TYPE, "Accept-Encoding": "gzip;q=0, zstd;q=0"})
        self.assertIsNone(refused["Content-Encoding"])

    def test_head_is_get_without_the_body(self):
        _, entry = self.bodega.link("six", r"whl$")
        file = urllib.parse.urljoin(self.bodega.url + "/root/pypi/+simple/six/", entry["url"])
        pages = [self.bodega.index + "flask/", self.bodega.index, file, file + ".metadata",
                 self.bodega.url + "/+health/live", self.bodega.index + "no-such-project-there/", self.bodega.index + "Flask/"]
        for url in pages:
            for headers in ({"Accept": JSON_TYPE, "Accept-Encoding": "gzip"}, {"Accept": "text/html"}):
                if url == self.bodega.index:
                    settled_list(self.bodega, **{k.replace("-", "_"): v for k, v in headers.items()})
                ask(url, headers=headers)
                get, head = ask(url, headers=headers), ask(url, "HEAD", headers)
                self.assertEqual(head.body, b"")
                self.assertEqual((get.status, get.reason), (head.status, head.reason), url)
                skip = ("date", "x-cache", "x-request-id", "cache-control")
                self.assertEqual({k.lower(): v for k, v in get.headers.items() if k.lower() not in skip},
                                 {k.lower(): v for k, v in head.headers.items() if k.lower() not in skip}, url)

    def test_negotiation(self):
        table = [
            (PIP_ACCEPT, 200, JSON_TYPE), (harness.UV_ACCEPT, 200, JSON_TYPE), ("*/*", 200, "text/html"), (None, 200, "text/html"),
            (CHROME, 200, "text/html"), (HTML_TYPE, 200, HTML_TYPE), ("application/vnd.pypi.simple.latest+json", 200, JSON_TYPE),
            ("application/vnd.pypi.simple.latest+html", 200, HTML_TYPE), ("text/html, " + JSON_TYPE + ";q=0.9", 200, "text/html"),
            (JSON_TYPE + ";q=0.5, text/html;q=0.5", 200, JSON_TYPE), (JSON_TYPE + ";q=0, */*;q=0.1", 200, "text/html"),
            ("application/json", 406, None), ("image/png", 406, None), ("application/vnd.pypi.simple.v2+json", 406, None),
        ]
        for accept, status, kind in table:
            for path in ("", "flask/"):
                answer = ask(self.bodega.index + path, headers={"Accept": accept} if accept else {})
                self.assertStatus(answer, status, "%r on /%s" % (accept, path))
                if kind:
                    self.assertEqual(answer["Content-Type"].split(";")[0], kind, accept)
        for query in ("format=application/vnd.pypi.simple.v1%2Bjson", "format=application/vnd.pypi.simple.latest%2Bjson"):
            answer = ask(self.bodega.index + "flask/?" + query, headers={"Accept": "text/html"})
            self.assertEqual(answer["Content-Type"], JSON_TYPE)

    def test_redirects_to_the_one_address_of_a_page(self):
        for path, wanted in (("Flask/", "flask/"), ("flask", "flask/"), ("Flask", "flask/"), ("zope.interface/", "zope-interface/"),
                             ("Zope__Interface", "zope-interface/")):
            answer = ask(self.bodega.index + path, headers={"Accept": PIP_ACCEPT})
            self.assertStatus(answer, 301, path)
            self.assertEqual(urllib.parse.urljoin(self.bodega.index + path, answer["Location"]), self.bodega.index + wanted, path)
            self.assertIn("max-age", answer["Cache-Control"])
        answer = ask(self.bodega.index.rstrip("/"))
        self.assertStatus(answer, 301)
        self.assertEqual(urllib.parse.urljoin(self.bodega.index.rstrip("/"), answer["Location"]), self.bodega.index)

    def test_installers_need_no_simple_in_the_address(self):
        agents = {"User-Agent": "pip/23.0.1 {}", "Accept": PIP_ACCEPT}
        for path in ("/root/pypi/flask/", "/root/pypi/flask"):
            answer = self.bodega.get(path, agents)
            self.assertStatus(answer, 200, path)
            for file in answer.json()["files"]:
                url = urllib.parse.urljoin(self.bodega.url + path, file["url"])
                self.assertTrue(url.startswith(self.bodega.url + "/root/pypi/+f/"), url)
        self.assertStatus(self.bodega.get("/root/pypi/", agents), 200)
        self.assertEqual(self.bodega.get("/root/pypi/", agents)["Content-Type"], JSON_TYPE)

    def test_links_work_behind_a_prefix(self):
        # A proxy that serves us below /packages/ strips that and tells nobody: only relative links survive it.
        answer = self.bodega.page("six")
        outside = "http://proxy.example/some/where/root/pypi/+simple/six/"
        for file in answer.json()["files"]:
            url = urllib.parse.urljoin(outside, file["url"])
            self.assertTrue(url.startswith("http://proxy.example/some/where/root/pypi/+f/"), url)

    def test_absolute_links_for_nobody_who_does_not_ask(self):
        for headers in ({"X-Forwarded-Host": "evil.example"}, {"X-Outside-Url": "http://evil.example/"}, {"Host": "evil.example"},
                        {"Forwarded": "host=evil.example"}):
            answer = ask(self.bodega.index + "six/", headers={"Accept": JSON_TYPE, **headers})
            self.assertStatus(answer, 200)
            self.assertNotIn("evil.example", answer.text)


class ProjectList(harness.Case):
    def test_json_and_html(self):
        answer = ask(self.bodega.index, headers={"Accept": JSON_TYPE})
        self.assertStatus(answer, 200)
        self.assertEqual(answer["Content-Type"], JSON_TYPE)
        listed = answer.json()
        theirs = ask(self.origin.index, headers={"Accept": JSON_TYPE, "Accept-Encoding": "identity"}).json()
        self.assertEqual([p["name"] for p in listed["projects"]], [p["name"] for p in theirs["projects"]])
        self.assertEqual(listed["meta"]["_last-serial"], theirs["meta"]["_last-serial"])
        self.assertRegex(listed["meta"]["api-version"], r"^1\.\d$")
        page = ask(self.bodega.index, headers={"Accept": "text/html"})
        self.assertStatus(page, 200)
        links = Links(page.text).found
        self.assertEqual([text for _, text in links], [p["name"] for p in theirs["projects"]])
        for attributes, name in links:
            self.assertEqual(urllib.parse.urljoin(self.bodega.index, attributes["href"]), self.bodega.index + harness.packages.normalize(name) + "/")

    def test_compressed_once_and_conditional(self):
        plain = settled_list(self.bodega, Accept=JSON_TYPE, Accept_Encoding="identity")
        self.origin.log(clear=True)
        zipped = settled_list(self.bodega, Accept=JSON_TYPE, Accept_Encoding="gzip")
        self.assertEqual(zipped["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(zipped.body), plain.body)
        self.assertRegex(zipped["ETag"], r'^"[^"]+"$')
        self.assertNotEqual(zipped["ETag"], plain["ETag"])
        again = ask(self.bodega.index, headers={"Accept": JSON_TYPE, "Accept-Encoding": "gzip", "If-None-Match": zipped["ETag"]})
        self.assertStatus(again, 304)
        self.assertEqual(self.origin.asked(), [], "the list is fresh")


class Files(harness.Case):
    @classmethod
    def world(cls):
        super().world()
        cls.entry, cls.content = cls.origin.file("jinja2", r"whl$")
        cls.url, cls.listed = cls.bodega.link("jinja2", r"whl$")

    def get(self, **headers):
        return ask(self.url, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def test_headers_of_a_file(self):
        self.get()
        for _ in range(2):
            answer = self.get(Accept_Encoding="gzip, zstd")
            self.assertStatus(answer, 200)
            self.assertEqual(answer.body, self.content)
            self.assertEqual(answer["ETag"], '"%s"' % self.entry["hashes"]["sha256"])
            self.assertIn("immutable", answer["Cache-Control"])
            self.assertGreaterEqual(int(re.search(r"max-age=(\d+)", answer["Cache-Control"]).group(1)), 31536000)
            self.assertEqual(answer["Accept-Ranges"], "bytes")
            self.assertEqual(int(answer["Content-Length"]), len(self.content))
            self.assertEqual(answer["Content-Type"], "application/octet-stream")
            self.assertIsNone(answer["Content-Encoding"], "never a coding on a file")
            self.assertIsNone(answer["Transfer-Encoding"])
            self.assertIsNotNone(answer["Last-Modified"])

    def test_not_modified(self):
        self.get()
        again = self.get(If_None_Match='"%s"' % self.entry["hashes"]["sha256"])
        self.assertStatus(again, 304)
        self.assertIn("immutable", again["Cache-Control"])
        self.assertStatus(self.get(If_Modified_Since=self.get()["Last-Modified"]), 304)

    def test_ranges(self):
        self.get()
        size = len(self.content)
        for spec, start, end in (("0-9", 0, 10), ("5-5", 5, 6), ("100-", 100, size), ("-10", size - 10, size), ("%d-" % (size - 1), size - 1, size),
                                 ("0-%d" % (size * 2), 0, size), ("-%d" % (size * 2), 0, size)):
            answer = self.get(Range="bytes=" + spec)
            self.assertStatus(answer, 206, spec)
            self.assertEqual(answer["Content-Range"], "bytes %d-%d/%d" % (start, end - 1, size))
            self.assertEqual(answer.body, self.content[start:end], spec)
            self.assertEqual(int(answer["Content-Length"]), end - start)
        for spec in ("%d-" % size, "%d-%d" % (size + 5, size + 9), "-0"):
            answer = self.get(Range="bytes=" + spec)
            self.assertStatus(answer, 416, spec)
            self.assertEqual(answer["Content-Range"], "bytes */%d" % size)
        for spec in ("pages=0-1", "bytes=9-5", "bytes=", "bytes=a-b"):
            answer = self.get(Range=spec)
            self.assertStatus(answer, 200, spec)
            self.assertEqual(answer.body, self.content)

    def test_several_ranges_are_the_whole_or_right(self):
        answer = self.get(Range="bytes=0-9,20-29")
        self.assertIn(answer.status, (200, 206))
        if answer.status == 200:
            self.assertEqual(answer.body, self.content)
        else:
            self.assertIn("multipart/byteranges", answer["Content-Type"])

    def test_if_range(self):
        etag = '"%s"' % self.entry["hashes"]["sha256"]
        modified = self.get()["Last-Modified"]
        self.assertStatus(self.get(Range="bytes=0-9", If_Range=etag), 206)
        self.assertStatus(self.get(Range="bytes=0-9", If_Range=modified), 206)
        for other in ('"other"', "W/" + etag, "Thu, 01 Jan 1970 00:00:00 GMT"):
            answer = self.get(Range="bytes=0-9", If_Range=other)
            self.assertStatus(answer, 200, other)
            self.assertEqual(answer.body, self.content)

    def test_a_range_of_a_cold_file(self):
        entry, content = self.origin.file("werkzeug", r"whl$")
        url, _ = self.bodega.link("werkzeug", r"whl$")
        answer = ask(url, headers={"Range": "bytes=-1000"})
        self.assertIn(answer.status, (200, 206))
        self.assertEqual(answer.body, content[-1000:] if answer.status == 206 else content)
        self.assertEqual(ask(url).body, content)
        self.assertEqual(ask(url).sha256(), entry["hashes"]["sha256"])

    def test_three_shapes_of_a_link(self):
        sha = self.entry["hashes"]["sha256"]
        upstream = urllib.parse.urlsplit(self.entry["url"])
        name = self.entry["filename"]
        external = re.sub(r"[^A-Za-z0-9_.-]", "_", "http_%s%s" % (upstream.netloc, upstream.path.rsplit("/", 1)[0]))
        base = self.bodega.url + "/root/pypi/"
        self.assertEqual(self.url, base + "+f" + upstream.path)
        for shape in ("+f" + upstream.path, "+f/%s/%s/%s" % (sha[:3], sha[3:16], name), "+e/%s/%s" % (external, name),
                      "%2Bf" + upstream.path):
            answer = ask(base + shape)
            self.assertStatus(answer, 200, shape)
            self.assertEqual(answer.body, self.content, shape)
        for wrong in ("+f/%s/%s/%s" % (sha[:3], "0" * 13, name), "+f/packages/00/00/%s/%s" % ("0" * 60, name), "+e/elsewhere/" + name,
                      "+f/../../../etc/passwd", "+f/packages/../" + name):
            self.assertIn(ask(base + wrong).status, (400, 404), wrong)

    def test_links_of_a_lock_file_work_on_an_empty_server(self):
        # The page was never asked for: the server finds the project from the file's name.
        fresh = self.make_bodega(self.origin.index, name="fresh")
        sha = self.entry["hashes"]["sha256"]
        answer = fresh.get("/root/pypi/+f/%s/%s/%s" % (sha[:3], sha[3:16], self.entry["filename"]))
        self.assertStatus(answer, 200)
        self.assertEqual(answer.body, self.content)

    def test_metadata_is_the_wheels_own(self):
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            inside = archive.read([n for n in archive.namelist() if n.endswith(".dist-info/METADATA")][0])
        for _ in range(2):
            answer = ask(self.url + ".metadata")
            self.assertStatus(answer, 200)
            self.assertEqual(answer.body, inside)
            self.assertEqual(answer.sha256(), self.listed["core-metadata"]["sha256"])
            self.assertIn("immutable", answer["Cache-Control"])
        sdist, _ = self.bodega.link("sampleproject", r"\.tar\.gz$")
        self.assertStatus(ask(sdist + ".metadata"), 404, "an sdist has none")

    def test_paths_that_mean_mischief(self):
        for path in ("/root/pypi/+simple/..%2f..%2fetc/", "/root/pypi/+simple/%00/", "/root/pypi/+simple/-/", "/root/pypi/+simple/a%2Fb/",
                     "/root/pypi/+f/packages/..%2f..%2f/x.whl", "/%2e%2e/%2e%2e/etc/passwd", "//root/pypi/+simple/", "/root/pypi/+simple/" + "a" * 5000 + "/"):
            self.assertIn(self.bodega.get(path).status, (301, 400, 404, 414), path)
        parts = urllib.parse.urlsplit(self.bodega.url)
        with socket.create_connection((parts.hostname, parts.port), 10) as raw:
            raw.sendall(b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            self.assertRegex(raw.makefile("rb").read(20), rb"^HTTP/1\.1 40[04]")
        self.assertStatus(self.bodega.get("/+health/live"), 200)


if __name__ == "__main__":
    harness.main()
