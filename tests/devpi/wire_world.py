"""What the tables of wire/ play with: the files they send, and an upstream behind the mirrors."""
import base64
import gzip
import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile

import harness


# ---- Files ----

def _record(members, info):
    lines = []
    for path, data in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        lines.append("%s,sha256=%s,%d" % (path, digest, len(data)))
    return ("\n".join(lines + [info + "/RECORD,,"]) + "\n").encode()


def make_zip(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in members:
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def make_wheel(name, version, metadata, marker=b""):
    module = name.replace("-", "_").replace(".", "_")
    info = "%s-%s.dist-info" % (module, version)
    members = [(module + "/__init__.py", b"x=" + marker), (info + "/METADATA", metadata),
               (info + "/WHEEL", b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")]
    return make_zip(members + [(info + "/RECORD", _record(members, info))])


def make_sdist(name, version, metadata, marker=b""):
    top = "%s-%s" % (name, version)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, data in (("PKG-INFO", metadata), ("pyproject.toml", b"[build-system]\nrequires = []\n"), ("x.py", b"x=" + marker)):
            entry = tarfile.TarInfo(top + "/" + path)
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    return gzip.compress(raw.getvalue(), 6, mtime=0)


def metadata(name, version, *more):
    return "".join(line + "\n" for line in ("Metadata-Version: 2.1", "Name: " + name, "Version: " + version, *more)).encode()


RICH = ("Classifier: A :: B", "Classifier: C :: D", "Requires-Dist: a", "Requires-Dist: b; extra=='x'", "Requires-Python: >=3.8")
DOCS = [("index.html", b"<html><head><title>Doc Title</title></head><body><div class='body'>searchable zebra text</div></body></html>"),
        ("sub/page.html", b"<html><head><title>Sub</title></head><body>giraffe</body></html>"), ("a.css", b"b{}")]


def _files():
    """What the tables send, by file name; "#2" are other bytes under the same name."""
    files = {}
    for variant, marker in (("", b"1"), ("#2", b"2")):
        files["hello-1.0-py3-none-any.whl" + variant] = make_wheel("hello", "1.0", metadata("hello", "1.0", *RICH), marker)
        files["hello-1.0.tar.gz" + variant] = make_sdist("hello", "1.0", metadata("hello", "1.0", *RICH), marker)
        docs = make_zip([("index.html", b"<h1>docs " + marker + b"</h1>")])
        files["hello-1.0.zip" + variant] = files["hello-1.0.doc.zip" + variant] = docs
        files["Hello.Pkg-2.0.tar.gz" + variant] = make_sdist("Hello.Pkg", "2.0", metadata("Hello.Pkg", "2.0", "Requires-Python: >=3.9"), marker)
    files["hello-1.0-py3-none-any.whl#plain"] = make_wheel("hello", "1.0", metadata("hello", "1.0", "Requires-Python: >=3.8"))
    files["hello-1.1-py3-none-any.whl"] = b"no zip at all"
    files["hello-1.0.txt"] = b"text"
    files["h_llo-1.0.tar.gz"] = b"bytes"
    files["upkg-3.0.tar.gz"] = make_sdist("upkg", "3.0", metadata("upkg", "3.0"))
    files["upkg-1.0.tar.gz#ours"] = make_sdist("upkg", "1.0", metadata("upkg", "1.0"))
    web = metadata("Hello.Pkg", "1.0", "Summary: a summary", "Author: Ann", "Keywords: foo,bar", "Classifier: Framework :: Pytest",
                   "Classifier: Programming Language :: Python", "Project-URL: Home, https://example.com", "Requires-Python: >=3.8")
    files["Hello_Pkg-1.0-py3-none-any.whl"] = make_wheel("Hello.Pkg", "1.0", web + b"\nsome *rst* `x`\n\n- a\n")
    files["Hello.Pkg-1.1a1.tar.gz"] = make_sdist("Hello.Pkg", "1.1a1", metadata("Hello.Pkg", "1.1a1"))
    files["docs.zip"] = files["hello-pkg-1.0.doc.zip"] = make_zip(DOCS)
    # Of the stand-in upstream:
    files["upkg-1.0-py3-none-any.whl"] = make_wheel("upkg", "1.0", metadata("upkg", "1.0"))
    files["upkg-1.0.tar.gz"] = b"sdist-bytes" * 10
    files["Mixed_Case-1.0.tar.gz"] = b"sdist-bytes" * 10
    files["nohash-2.0.zip"] = b"zipzip"
    files["badhash-1.0.tar.gz"] = b"evil"
    return files


FILES = _files()


def sha256(name):
    return hashlib.sha256(FILES[name]).hexdigest()


# ---- The stand-in upstream ----

class Upstream:
    """A small index with what goes wrong in real ones. Knobs: fail=STATUS (pages; 0 = none), post=STATUS (what uploads to it get)."""

    def __init__(self):
        self.knobs, self.log, self.lock = {"fail": 0, "post": 200}, [], threading.Lock()
        upstream = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                upstream.answer(self)

            do_HEAD = do_POST = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)

    def file(self, name, hashed=True, **more):
        url = self.url + "/files/" + name + ("#sha256=" + hashed if hashed else "")
        return {"filename": name, "url": url.partition("#")[0], "hashes": {"sha256": hashed} if hashed else {}, **more}

    def projects(self):
        return {
            "upkg": [self.file("upkg-1.0-py3-none-any.whl", sha256("upkg-1.0-py3-none-any.whl"), **{"requires-python": ">=3.7", "core-metadata": True}),
                     self.file("upkg-1.0.tar.gz", sha256("upkg-1.0.tar.gz"), yanked="broken")],
            "empty": [], "nohash": [self.file("nohash-2.0.zip", None)],
            "mixed-case": [self.file("Mixed_Case-1.0.tar.gz", sha256("Mixed_Case-1.0.tar.gz"))],
            "badhash": [self.file("badhash-1.0.tar.gz", "0" * 64, yanked=True)]}

    def answer(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        with self.lock:
            self.log.append({"method": request.command, "path": request.path, "headers": dict(request.headers.items()), "body": body})
            fail, post = self.knobs["fail"], self.knobs["post"]
        status, content, headers = self.page(request.path, fail, post)
        if status == 200 and headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
            status, content = 304, b""
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if status != 304:
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(content)

    def page(self, path, fail, post):
        if path.startswith("/post"):
            return post, b"", {}
        if path.startswith("/files/"):
            name = path[7:]
            if name.endswith(".metadata") and name[:-9] in FILES:
                return 200, metadata("upkg", "1.0"), {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
            if name not in FILES:
                return 404, b"", {}
            return 200, FILES[name], {"Content-Type": "application/octet-stream", "Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
        if fail:
            return fail, b"", {}
        headers = {"Content-Type": harness.JSON_TYPE, "X-PyPI-Last-Serial": "1234"}
        meta = {"api-version": "1.0"}
        name = path.removeprefix("/simple/").strip("/")
        if not name:
            listed = ["upkg", "empty", "nohash", "Mixed_Case", "badhash"]
            return 200, json.dumps({"meta": meta, "projects": [{"name": n} for n in listed]}).encode(), {**headers, "ETag": '"root1"'}
        if name not in self.projects():
            return 404, b"", {}
        return 200, json.dumps({"meta": meta, "name": name, "files": self.projects()[name]}).encode(), {**headers, "ETag": '"%s-1"' % name}
