#!/usr/bin/python3
"""A small stand-in for the public Python package index, with the faults that tests need. Python 3.11's standard library only.

    mini_origin.py [--port N] [--big NAME:MB] [--extra DIR]     first line on stdout: ORIGIN http://127.0.0.1:PORT

Serves /simple/, /simple/<name>/ (JSON 1.4 and HTML) and /packages/aa/bb/<60 hex>/<file>[.metadata] with ETag, Range and If-Range.
GET /_log (?clear=1) is what was asked; POST /_control sets knobs; {"reset": true} puts all back and empties the log.

Knobs (default). Those with * strike where `match` (regex on the path; "") fits, at most `times` (null = always) times.
  latency_ms (0) *                     before the head
  never_answer (false) *               no answer at all
  bandwidth_bytes_per_s (0) *          of bodies, for each connection
  stall_after_bytes (null) *           so many body bytes, then nothing more
  drop_connection_after_bytes (null) * so many body bytes, then the end of the connection, as drop_mode says:
  drop_mode ("close")                  close: a FIN before Content-Length; reset: an RST; chunked: no last chunk;
                                       eof: no length at all, so that nothing marks the end
  corrupt_byte_at (null) *             flips one byte of the body (negative: from the end)
  wrong_content_length (0) *           added to Content-Length; the body stays
  chunked (false) *                    bodies in chunks
  garbage (false) *                    the head is no HTTP
  status_override ([])                 [{"path": regex, "status": 503, "retry_after": 1, "body": "", "times": 2, "location": URL}]
  refuse_connections_s (0)             no listener and no connection for so long
  no_etag, no_range, no_metadata, html_only (false), gzip (true), max_age (600), gone ([]), serial_bump (0)
All faults strike pages as well as files.
"""
import argparse
import gzip
import hashlib
import html
import json
import os
import random
import re
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib
from email.utils import formatdate

import packages

JSON_TYPE, HTML_TYPE, TEXT_HTML = "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html", "text/html"
KNOBS = dict(match="", times=None, latency_ms=0, never_answer=False, bandwidth_bytes_per_s=0, stall_after_bytes=None,
             drop_connection_after_bytes=None, drop_mode="close", corrupt_byte_at=None, wrong_content_length=0, chunked=False,
             garbage=False, status_override=[], refuse_connections_s=0, no_etag=False, no_range=False, no_metadata=False,
             html_only=False, gzip=True, max_age=600, gone=[], serial_bump=0)
FAULTS = ("latency_ms", "never_answer", "bandwidth_bytes_per_s", "stall_after_bytes", "drop_connection_after_bytes", "corrupt_byte_at",
          "wrong_content_length", "chunked", "garbage")
UPLOADED = "2026-01-01T00:00:00.000000Z"
REASONS = {200: "OK", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified", 403: "Forbidden",
           404: "Not Found", 405: "Method Not Allowed", 416: "Range Not Satisfiable", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}


class Abort(Exception):
    """The connection ends here."""


class Corpus:
    def __init__(self):
        self.pages, self.display, self.files, self.sizes = {}, {}, {}, {}  # files: path -> bytes, or a path on disk
        self.temporary = []

    def path_for(self, blake2, filename):
        return "packages/%s/%s/%s/%s" % (blake2[:2], blake2[2:4], blake2[4:], filename)

    def add(self, project, filename, data, yanked=False):
        path = self.path_for(hashlib.blake2b(data, digest_size=32).hexdigest(), filename)
        self.files[path] = data
        meta = packages.wheel_metadata(data) if filename.endswith(".whl") else None
        if meta is not None:
            self.files[path + ".metadata"] = meta
        found = re.search(rb"(?im)^Requires-Python: *(.+)$", meta) if meta else None
        self.enter(project, path, filename, hashlib.sha256(data).hexdigest(), len(data), yanked,
                   hashlib.sha256(meta).hexdigest() if meta else None, found.group(1).decode().strip() if found else None)

    def add_big(self, project, mib):
        filename = packages.module_of(project) + "-1.0-py3-none-any.whl"
        sha, blake = hashlib.sha256(), hashlib.blake2b(digest_size=32)
        out = tempfile.NamedTemporaryFile(prefix="origin-big-")
        for i in range(mib):
            block = random.Random("%s/%d/%d" % (project, mib, i)).randbytes(1 << 20)
            for sink in (sha.update, blake.update, out.write):
                sink(block)
        out.flush()
        self.temporary.append(out)
        path = self.path_for(blake.hexdigest(), filename)
        self.files[path] = out.name
        self.enter(project, path, filename, sha.hexdigest(), mib << 20, False, None, None)

    def enter(self, project, path, filename, sha256, size, yanked, metadata_sha, requires_python):
        name = packages.normalize(project)
        self.display.setdefault(name, project)
        self.sizes[path] = size
        meta = {"sha256": metadata_sha} if metadata_sha else False
        self.pages.setdefault(name, []).append(
            {"filename": filename, "url": "@BASE@/" + path, "hashes": {"sha256": sha256}, "size": size, "upload-time": UPLOADED,
             "requires-python": requires_python, "core-metadata": meta, "yanked": yanked, "provenance": None})

    def serial(self, name):
        return 20_000_000 + zlib.crc32(name.encode()) % 10_000_000

    def page(self, name, knobs):
        files = self.pages.get(name)
        if files is None or name in knobs["gone"]:
            return None
        if knobs["no_metadata"]:
            files = [dict(f, **{"core-metadata": False}) for f in files]
        versions = []
        for f in files:
            version = f["filename"].split("-")[1].removesuffix(".tar.gz")
            if version not in versions:
                versions.append(version)
        return {"meta": {"api-version": "1.4", "_last-serial": self.serial(name) + knobs["serial_bump"]}, "name": name,
                "versions": versions, "files": files, "project-status": {"status": "active"}}


def render_html(page):
    rows = []
    for f in page["files"]:
        row = '<a href="%s#sha256=%s"' % (html.escape(f["url"]), f["hashes"]["sha256"])
        if f["requires-python"]:
            row += ' data-requires-python="%s"' % html.escape(f["requires-python"])
        if f["yanked"]:
            row += ' data-yanked="%s"' % html.escape(f["yanked"])
        if f["core-metadata"]:
            digest = f["core-metadata"]["sha256"]
            row += ' data-dist-info-metadata="sha256=%s" data-core-metadata="sha256=%s"' % (digest, digest)
        rows.append(row + ">%s</a><br />\n" % html.escape(f["filename"]))
    return ('<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.4"><title>Links for %s</title></head>\n<body>\n%s'
            "</body></html>\n<!--SERIAL %d-->" % (page["name"], "".join(rows), page["meta"]["_last-serial"]))


def media_type(accept, html_only):
    if html_only or not accept:
        return TEXT_HTML
    best, best_q = TEXT_HTML, 0.0
    for part in accept.split(","):
        kind, _, parameters = part.strip().partition(";")
        found = re.search(r"q=([0-9.]+)", parameters)
        q = float(found.group(1)) if found else 1.0
        kind = {"*/*": TEXT_HTML, "text/*": TEXT_HTML}.get(kind.strip().lower(), kind.strip().lower())
        if kind in (JSON_TYPE, HTML_TYPE, TEXT_HTML) and q > best_q:
            best, best_q = kind, q
    return best


class Origin:
    def __init__(self, args):
        self.corpus = Corpus()
        for project, files in packages.corpus():
            for filename, data, yanked in files:
                self.corpus.add(project, filename, data, yanked)
        for spec in args.big:
            name, _, mib = spec.rpartition(":")
            self.corpus.add_big(name, int(mib))
        for folder in args.extra:
            for name in sorted(os.listdir(folder)):
                if name.endswith((".whl", ".tar.gz")):
                    with open(os.path.join(folder, name), "rb") as file:
                        self.corpus.add(name.split("-")[0], name, file.read())
        self.lock = threading.Lock()
        self.log, self.connections, self.knobs = [], set(), json.loads(json.dumps(KNOBS))
        self.listener, self.port, self.number = None, args.port, 0

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(512)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.accept, args=(listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=Connection(self, connection).run, daemon=True).start()

    def refuse(self, seconds):
        time.sleep(0.02)  # lets the answer to /_control leave
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in list(self.connections):
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        time.sleep(seconds)
        self.knobs["refuse_connections_s"] = 0
        self.listen()

    def strikes(self, path):
        """Whether the faults strike this request; counts down `times`."""
        with self.lock:
            knobs = self.knobs
            if knobs["match"] and not re.search(knobs["match"], path):
                return False
            if knobs["times"] is None or not any(knobs[f] != KNOBS[f] for f in FAULTS):
                return True
            if knobs["times"] <= 0:
                return False
            knobs["times"] -= 1
            return True

    def control(self, body):
        wanted = json.loads(body or b"{}")
        reset = wanted.pop("reset", False)
        unknown = sorted(set(wanted) - set(KNOBS))
        if unknown:
            return 400, {"error": "unknown knobs", "names": unknown}
        with self.lock:
            self.knobs = json.loads(json.dumps(KNOBS)) if reset else dict(self.knobs)
            if reset:
                self.log.clear()
            self.knobs.update(wanted)
        if wanted.get("refuse_connections_s"):
            threading.Thread(target=self.refuse, args=(float(wanted["refuse_connections_s"]),), daemon=True).start()
        return 200, self.knobs


class Connection:
    def __init__(self, origin, connection):
        self.origin, self.socket = origin, connection
        self.entry, self.fault, self.knobs = None, False, origin.knobs

    def run(self):
        with self.origin.lock:
            self.origin.connections.add(self.socket)
        try:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = self.socket.makefile("rb")
            while self.one(reader):
                pass
        except (Abort, OSError, ValueError):
            pass
        finally:
            with self.origin.lock:
                self.origin.connections.discard(self.socket)
            try:
                self.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self.socket.close()

    def one(self, reader):
        line = reader.readline(65536).decode("latin-1").split()
        if len(line) != 3:
            return False
        self.method, target, _ = line
        self.headers, pairs = {}, []
        while (header := reader.readline(65536).strip()):
            name, _, value = header.decode("latin-1").partition(":")
            pairs.append([name, value.strip()])
            self.headers[name.lower()] = value.strip()
        body = reader.read(int(self.headers.get("content-length", 0)))
        self.path, _, query = target.partition("?")
        self.path = urllib.parse.unquote(self.path)
        self.keep = self.headers.get("connection", "").lower() != "close"
        origin, self.knobs = self.origin, self.origin.knobs
        if self.path.startswith("/_"):
            return self.answer_control(query, body)
        with origin.lock:
            origin.number += 1
            self.entry = {"n": origin.number, "t": round(time.time(), 4), "method": self.method, "path": self.path, "query": query,
                          "headers": pairs, "status": None, "sent": 0}
            origin.log.append(self.entry)
        self.fault = origin.strikes(self.path)
        knobs = self.knobs
        if self.fault and knobs["latency_ms"]:
            time.sleep(knobs["latency_ms"] / 1000)
        if self.fault and knobs["never_answer"]:
            self.wait_while(lambda: origin.knobs is knobs)
        if self.fault and knobs["garbage"]:
            self.socket.sendall(b"this is not HTTP\r\n\r\n" * 4)
            raise Abort
        self.dispatch()
        return self.keep

    def wait_while(self, holds):
        self.socket.settimeout(0.05)
        while holds():
            try:
                if self.socket.recv(1) == b"":
                    break
            except TimeoutError:
                pass
        raise Abort

    def answer_control(self, query, body):
        origin = self.origin
        if self.path == "/_control":
            status, answer = origin.control(body) if self.method == "POST" else (200, origin.knobs)
        else:
            with origin.lock:
                status, answer = 200, [dict(entry) for entry in origin.log]
                if "clear=1" in query:
                    origin.log.clear()
        text = json.dumps(answer).encode()
        self.socket.sendall(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text)
        return self.keep

    def override(self):
        for rule in self.knobs["status_override"]:
            if rule.get("times", 1) and re.search(rule.get("path", ""), self.path):
                if "times" in rule:
                    rule["times"] -= 1
                return rule
        return None

    def dispatch(self):
        rule = self.override()
        if rule:
            headers = [("Content-Type", "text/plain")]
            headers += [("Retry-After", str(rule["retry_after"]))] if rule.get("retry_after") is not None else []
            headers += [("Location", rule["location"])] if rule.get("location") else []
            return self.send(rule["status"], headers, rule.get("body", "made by the origin\n").encode())
        if self.method not in ("GET", "HEAD"):
            return self.send(405, [("Allow", "GET, HEAD")], b"")
        found = re.fullmatch(r"/simple/(?:([^/]+)(/?))?", self.path)
        if found and found.group(1):
            return self.send_project(found.group(1), found.group(2))
        if found:
            corpus = self.origin.corpus
            names = sorted(corpus.pages)
            data = {"meta": {"api-version": "1.4", "_last-serial": 30_000_000},
                    "projects": [{"name": corpus.display[n], "_last-serial": corpus.serial(n)} for n in names]}
            links = "".join('<a href="/simple/%s/">%s</a>\n' % (n, corpus.display[n]) for n in names)
            return self.send_page(data, "<!DOCTYPE html><html><body>\n%s</body></html>" % links, 30_000_000)
        if self.path.startswith("/packages/"):
            return self.send_file(self.path[1:])
        return self.send(404, [("Content-Type", "text/plain")], b"404 Not Found")

    def send_project(self, name, slash):
        normal = packages.normalize(name)
        if normal != name or not slash:
            return self.send(301, [("Location", "/simple/%s/" % normal)], b"")
        page = self.origin.corpus.page(name, self.knobs)
        if page is None:
            return self.send(404, [("Content-Type", "text/plain")], b"404 Not Found")
        return self.send_page(page, render_html(page), page["meta"]["_last-serial"])

    def send_page(self, data, text, serial):
        kind = media_type(self.headers.get("accept", ""), self.knobs["html_only"])
        body = json.dumps(data).encode() if kind == JSON_TYPE else text.encode()
        body = body.replace(b"@BASE@", b"http://" + self.headers["host"].encode())
        etag = '"%s"' % hashlib.md5(body + kind.encode()).hexdigest()
        headers = [("Content-Type", kind), ("Vary", "Accept, Accept-Encoding"), ("X-PyPI-Last-Serial", str(serial))]
        if self.knobs["max_age"] is not None:
            headers.append(("Cache-Control", "max-age=%d, public" % self.knobs["max_age"]))
        if not self.knobs["no_etag"]:
            headers.append(("ETag", etag))
            if self.headers.get("if-none-match") == etag:
                return self.send(304, headers, None)
        if self.knobs["gzip"] and "gzip" in self.headers.get("accept-encoding", ""):
            headers.append(("Content-Encoding", "gzip"))
            body = gzip.compress(body, 5, mtime=0)
        return self.send(200, headers, body)

    def send_file(self, path):
        body = self.origin.corpus.files.get(path)
        if body is None or path.endswith(".metadata") and self.knobs["no_metadata"]:
            return self.send(404, [("Content-Type", "text/plain")], b"404 Not Found")
        size = self.origin.corpus.sizes.get(path, 0) if isinstance(body, str) else len(body)
        etag = '"%s"' % hashlib.md5(path.encode()).hexdigest()
        headers = [("Content-Type", "application/octet-stream"), ("Last-Modified", formatdate(packages.STAMP_UNIX, usegmt=True))]
        headers += [] if self.knobs["no_etag"] else [("ETag", etag)]
        status, start, end = 200, 0, size
        found = None if self.knobs["no_range"] else re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range", ""))
        if found and self.headers.get("if-range", etag) == etag:
            start = int(found.group(1))
            end = min(size, int(found.group(2)) + 1) if found.group(2) else size
            if start >= end:
                return self.send(416, [("Content-Range", "bytes */%d" % size)], b"")
            status = 206
            headers.append(("Content-Range", "bytes %d-%d/%d" % (start, end - 1, size)))
        if not self.knobs["no_range"]:
            headers.append(("Accept-Ranges", "bytes"))
        if isinstance(body, str):
            with open(body, "rb") as file:
                file.seek(start)
                return self.send(status, headers, file, end - start)
        return self.send(status, headers, body[start:end])

    # `body`: bytes, an open file, or None for no body at all.
    def send(self, status, headers, body, length=None):
        knobs = self.knobs if self.fault else KNOBS
        if length is None:
            length = len(body or b"")
        drop = knobs["drop_connection_after_bytes"]
        mode = knobs["drop_mode"] if drop is not None else None
        chunked = body is not None and (knobs["chunked"] or mode == "chunked")
        lines = ["HTTP/1.1 %d %s" % (status, REASONS.get(status, "Unknown")), "Date: " + formatdate(usegmt=True)]
        lines += ["%s: %s" % header for header in headers]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif mode != "eof" and body is not None:
            lines.append("Content-Length: %d" % max(0, length + knobs["wrong_content_length"]))
        if knobs["wrong_content_length"] or mode == "eof":
            self.keep = False
        lines.append("Connection: " + ("keep-alive" if self.keep else "close"))
        self.entry["status"] = status
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        if body is None or self.method == "HEAD":
            return
        self.send_body(body, length, knobs, chunked)

    def send_body(self, body, length, knobs, chunked):
        drop, stall, flip = knobs["drop_connection_after_bytes"], knobs["stall_after_bytes"], knobs["corrupt_byte_at"]
        rate = knobs["bandwidth_bytes_per_s"]
        if flip is not None and flip < 0:
            flip += length
        step = max(1, min(1 << 18, rate // 20)) if rate else 1 << 18
        limit = min(length if x is None else x for x in (drop, stall, length))
        sent, began = 0, time.monotonic()
        while sent < limit:
            count = min(step, limit - sent)
            piece = body[sent:sent + count] if isinstance(body, bytes) else body.read(count)
            if flip is not None and sent <= flip < sent + len(piece):
                piece = bytearray(piece)
                piece[flip - sent] ^= 0xFF
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), bytes(piece)) if chunked else piece)
            sent += len(piece)
            self.entry["sent"] += len(piece)
            if rate and (wait := sent / rate - (time.monotonic() - began)) > 0:
                time.sleep(wait)
        if stall is not None and stall <= length and (drop is None or stall <= drop):
            origin, mine = self.origin, self.knobs
            self.wait_while(lambda: origin.knobs is mine)
        if drop is not None and drop <= length:
            if knobs["drop_mode"] == "reset":
                time.sleep(0.05)  # lets what was written arrive before the RST
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                with self.origin.lock:
                    self.origin.connections.discard(self.socket)
                self.socket.close()
            raise Abort
        if chunked:
            self.socket.sendall(b"0\r\n\r\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--big", action="append", default=[], metavar="NAME:MB")
    parser.add_argument("--extra", action="append", default=[], metavar="DIR")
    parser.add_argument("--only-held", action="store_true", help="everything here is held")
    args = parser.parse_args()
    origin = Origin(args)
    origin.listen()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    print("ORIGIN http://127.0.0.1:%d" % origin.port, flush=True)
    stop.wait()
    for file in origin.corpus.temporary:
        file.close()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
