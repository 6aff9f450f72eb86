#!/usr/bin/python3
"""devpi push with the real client: to another index, from a mirror, to another Bodega and to a server that only writes down what it is sent.
Needs ../shared/clients."""
import email
import hashlib
import http.server
import re
import threading

import harness
from harness import Venv, packages


def flat(text):
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", text))


class Recorder(http.server.ThreadingHTTPServer):
    """Says `status` to every POST; keeps (path, headers, body)."""

    def __init__(self):
        self.posts, self.status = [], 200

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.server.posts.append((self.path, self.headers, body))
                said = b"as you say"
                self.send_response(self.server.status)
                if self.server.status in (301, 307):
                    self.send_header("Location", self.server.url + "elsewhere/")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


def parts_of(headers, body):
    """{name: [values]} of a multipart form; of a file (name, bytes)."""
    whole = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body)
    parts = {}
    for part in whole.get_payload():
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        parts.setdefault(name, []).append((part.get_filename(), value) if part.get_filename() else value.decode())
    return parts


class DevpiPush(harness.Case):
    @classmethod
    def world(cls):
        harness.shared("clients/make-venv")
        super().world()
        cls.client = Venv(cls.directory / "client", ["devpi-client"])
        cls.recorder = Recorder()
        cls.addClassCleanup(cls.recorder.server_close)
        cls.addClassCleanup(cls.recorder.shutdown)
        cls.bodega.make_user("alice", "secret")
        for name, options in (("dev", {"bases": ["root/pypi"]}), ("rel", {"volatile": False}), ("mirrored", {})):
            answer = cls.bodega.api("PUT", "/alice/" + name, {"type": "stage", **options}, user="alice", password="secret")
            assert answer.status == 200, answer
        cls.wheel = packages.make_wheel("acme-push", "1.0", ["six"])
        cls.sdist = packages.make_sdist("acme-push", "1.0", ["six"])
        cls.devpi("use", cls.bodega.url + "/alice/dev")
        cls.devpi("login", "alice", "--password=secret")
        dist = cls.directory / "dist"
        dist.mkdir()
        for filename, content in (cls.wheel, cls.sdist):
            (dist / filename).write_bytes(content)
        cls.devpi("upload", "--from-dir", dist)

    @classmethod
    def devpi(cls, command, *args, check=True):
        env = {"NO_COLOR": 1, "COLUMNS": 200}
        done = cls.client.run("devpi", command, "--clientdir", cls.directory / "state", *args, check=False, env=env)
        if check and done.returncode != 0:
            raise AssertionError("devpi %s %s ended with %d:\n%s" % (command, " ".join(map(str, args)), done.returncode, done.stdout[-3000:]))
        return done.returncode, flat(done.stdout)

    def setUp(self):
        self.recorder.posts.clear()
        self.recorder.status = 200

    def pypirc(self, url, user="uu", password="pp"):
        path = self.directory / "pypirc"
        path.write_text("[distutils]\nindex-servers = up\n\n[up]\nrepository: %s\nusername: %s\npassword: %s\n" % (url, user, password))
        return "--pypirc", path

    def test_to_another_index(self):
        said = self.devpi("push", "acme-push==1.0", "alice/rel")[1]
        self.assertIn("200 register acme-push 1.0 -> alice/rel", said)
        for filename, content in (self.wheel, self.sdist):
            self.assertRegex(said, r"200 store_releasefile alice/rel/\+f/\w{3}/\w{13}/" + re.escape(filename))
            url, entry = self.bodega.link("acme-push", re.escape(filename), "alice/rel")
            self.assertEqual(harness.ask(url).body, content)
        meta = harness.ask(self.bodega.link("acme-push", r"\.whl$", "alice/rel")[0] + ".metadata")
        self.assertEqual(meta.body, packages.wheel_metadata(self.wheel[1]))
        venv = Venv(self.directory / "venv")
        venv.pip("install", "--no-deps", "--index-url", self.bodega.url + "/alice/rel/+simple/", "acme-push")
        self.assertIn("acme-push", venv.installed())
        code, said = self.devpi("push", "acme-push==1.0", "alice/rel", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("409", said)
        self.assertIn("already exists in non-volatile index", said)

    def test_what_cannot_be_pushed(self):
        for spec, target, code, why in (("acme-push==9", "alice/rel", "400", "there are no files for acme-push 9 on stage alice/dev"),
                                        ("six==1.16.0", "alice/rel", "400", "there are no files for six 1.16.0"),
                                        ("acme-push==1.0", "root/pypi", "401", "user 'alice' cannot upload to 'root/pypi'"),
                                        ("acme-push==1.0", "alice/nope", "404", "could not be found")):
            failed, said = self.devpi("push", spec, target, check=False)
            self.assertNotEqual(failed, 0, said)
            self.assertIn(code, said)
            self.assertIn(why, said)

    def test_from_a_mirror(self):
        entry, content = self.origin.file("six", r"\.whl$")
        version = entry["filename"].split("-")[1]
        said = self.devpi("push", "--index", "root/pypi", "six==" + version, "alice/mirrored")[1]
        self.assertIn("200 register six %s -> alice/mirrored" % version, said)
        url, shown = self.bodega.link("six", re.escape(entry["filename"]), "alice/mirrored")
        self.assertEqual(harness.ask(url).body, content)
        self.assertEqual(shown["hashes"]["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(harness.ask(url + ".metadata").body, packages.wheel_metadata(content))

    def test_to_a_server_of_another_kind(self):
        said = self.devpi("push", *self.pypirc(self.recorder.url + "legacy/"), "acme-push==1.0", "pypi:up")[1]
        for filename, _ in (self.wheel, self.sdist):
            self.assertRegex(said, r"200 upload alice/dev/\+f/\w{3}/\w{13}/" + re.escape(filename))
        self.assertEqual(len(self.recorder.posts), 2)
        for (path, headers, body), (filename, content) in zip(self.recorder.posts, sorted((self.wheel, self.sdist))):
            self.assertEqual(path, "/legacy/")
            self.assertEqual(headers["Authorization"], harness.basic("uu", "pp")["Authorization"])
            parts = parts_of(headers, body)
            self.assertEqual(parts["content"], [(filename, content)])
            self.assertEqual(parts[":action"], ["file_upload"])
            self.assertEqual(parts["name"], ["acme-push"])
            self.assertEqual(parts["version"], ["1.0"])
            self.assertEqual(parts["sha256_digest"], [hashlib.sha256(content).hexdigest()])
            self.assertEqual(parts["requires_dist"], ["six"])
            self.assertEqual((parts["filetype"], parts["pyversion"]), (["bdist_wheel"], ["3"]) if filename.endswith(".whl") else (["sdist"], ["source"]))

    def test_registration(self):
        self.devpi("push", *self.pypirc(self.recorder.url), "--register-project", "acme-push==1.0", "pypi:up")
        path, headers, body = self.recorder.posts[0]
        self.assertEqual(headers["Content-Type"], "application/x-www-form-urlencoded")
        self.assertIn(b"name=acme-push&version=1.0&metadata_version=2.1&", body)
        self.assertEqual(len(self.recorder.posts), 3)

    def test_to_another_bodega(self):
        other = self.make_bodega(name="other", args=["--offline", "on"])
        other.make_user("bob", "geheim")
        self.assertStatus(other.api("PUT", "/bob/in", {"type": "stage", "volatile": False}, user="bob", password="geheim"), 200)
        target = self.pypirc(other.url + "/bob/in/", "bob", "geheim")
        self.devpi("push", *target, "acme-push==1.0", "pypi:up")
        for filename, content in (self.wheel, self.sdist):
            self.assertEqual(harness.ask(other.link("acme-push", re.escape(filename), "bob/in")[0]).body, content)
        self.devpi("push", *target, "acme-push==1.0", "pypi:up")  # the same bytes again
        code, said = self.devpi("push", *self.pypirc(other.url + "/bob/in/", "bob", "wrong"), "acme-push==1.0", "pypi:up", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("401 upload", said)

    def test_servers_that_refuse_redirect_or_are_not_there(self):
        self.recorder.status = 403
        code, said = self.devpi("push", *self.pypirc(self.recorder.url), "acme-push==1.0", "pypi:up", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("403 upload", said)
        self.assertIn("as you say", said)
        for status in (301, 307):
            self.recorder.posts.clear()
            self.recorder.status = status
            code, said = self.devpi("push", *self.pypirc(self.recorder.url), "acme-push==1.0", "pypi:up", check=False)
            self.assertNotEqual(code, 0)
            self.assertIn("%d upload" % status, said)
            self.assertEqual({path for path, _, _ in self.recorder.posts}, {"/"}, "credentials follow no redirect")
        code, said = self.devpi("push", *self.pypirc("http://127.0.0.1:%d/" % harness.free_port()), "acme-push==1.0", "pypi:up", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("-1 exception on release upload:", said)
        log = self.bodega.log()
        self.assertNotIn(harness.basic("uu", "pp")["Authorization"], log)

    def test_a_large_file_is_not_held_in_memory(self):
        filename, content = packages.make_wheel("acme-big", "1.0", filler=96 << 20)
        kind, body = harness.form(harness.upload_fields("acme-big", "1.0", content), filename, content)
        answer = harness.ask(self.bodega.url + "/alice/dev/", "POST", {**kind, **harness.basic("alice", "secret")}, body)
        self.assertStatus(answer, 200)
        with open("/proc/%d/clear_refs" % self.bodega.process.pid, "w") as refs:
            refs.write("5")  # the peak begins anew
        before = self.peak()
        self.devpi("push", *self.pypirc(self.recorder.url), "acme-big==1.0", "pypi:up")
        body = self.recorder.posts[0][2]
        begin = body.index(b"\r\n\r\n", body.index(filename.encode())) + 4
        self.assertTrue(body[begin:begin + len(content)] == content)
        grown = self.peak() - before
        print("\n%d MiB sent; the server's peak grew by %.1f MiB" % (len(content) >> 20, grown / 1024))
        self.assertLess(grown, 24 << 10)

    def peak(self):
        """KiB that the server held at most."""
        with open("/proc/%d/status" % self.bodega.process.pid) as status:
            return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


if __name__ == "__main__":
    harness.main()
