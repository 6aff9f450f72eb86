#!/usr/bin/python3
"""twine against hosted indexes: Debian's `twine` where it is installed, else the one of ../shared/clients. Then what goes with hosted files:
replacing, deleting, yanking."""
import re
import shutil

import harness
from harness import Venv, ask, packages


def flat(text):
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", text))


class Twine(harness.Case):
    @classmethod
    def world(cls):
        cls.twine = shutil.which("twine", path="/usr/bin")
        if cls.twine is None and (harness.SHARED / "clients/make-venv").exists():
            cls.twine = Venv(cls.directory / "twine", ["twine"]).bin / "twine"
        super().world()
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/prod", bases=["root/pypi"], volatile=False)
        cls.bodega.make_index("alice/dev", bases=["root/pypi"], volatile=True)
        cls.bodega.make_user("bob", "bobs password")

    def stored(self, *paths, index="alice/prod"):
        """Uploads, by twine where there is one, for tests of what comes after."""
        if self.twine:
            return self.upload(*paths, index=index)
        for path in paths:
            content, (name, version) = path.read_bytes(), path.name.split("-")[:2]
            kind, body = harness.form(harness.upload_fields(name, version, content), path.name, content)
            self.assertStatus(ask("%s/%s/" % (self.bodega.url, index), "POST", {**kind, **harness.basic("alice", self.password)}, body), 200)
        return None

    def upload(self, *paths, index="alice/prod", user="alice", password=None, check=True, more=()):
        if not self.twine:
            self.skipTest("needs twine: Debian's, or ../shared/clients")
        env = harness.clean_environment(HOME=self.directory, TWINE_NON_INTERACTIVE=1, NO_COLOR=1, COLUMNS=200, PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
        return harness.run([self.twine, "upload", "--repository-url", "%s/%s/" % (self.bodega.url, index), "-u", user,
                            "-p", password or self.password, *more, *paths], check=check, env=env)

    def written(self, filename, content, folder="dist"):
        path = self.directory / folder / filename
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def wheel(self, name, version, marker="", folder="dist", **more):
        return self.written(*packages.make_wheel(name, version, marker=marker, **more), folder=folder)

    def served(self, project, index="alice/prod", pattern="whl$"):
        url, entry = self.bodega.link(project, pattern, index)
        return ask(url).body, entry, url

    def test_twenty_wheels_and_an_sdist_then_pip_installs_them(self):
        paths = [self.wheel("acme-%02d" % n, "1.%d" % n, requires=["acme-%02d" % (n - 1)] if n else ["six"], filler=1000 * n) for n in range(20)]
        paths.append(self.written(*packages.make_sdist("acme-source", "2.0", ["acme-03"])))
        self.upload(*paths)
        for n, path in enumerate(paths[:20]):
            body, entry, _ = self.served("acme-%02d" % n)
            self.assertEqual(body, path.read_bytes())
            self.assertEqual(entry["filename"], path.name)
        venv = Venv(self.directory / "venv")
        venv.pip("install", "--index-url", self.bodega.url + "/alice/prod/+simple/", "acme-19", "acme-source")
        have = venv.installed()
        self.assertEqual({k for k in have if k.startswith("acme-")}, {"acme-%02d" % n for n in range(20)} | {"acme-source"})
        self.assertIn("six", have)
        venv.run("python", "-c", "import acme_19, acme_source; assert acme_source.__version__ == '2.0'")
        # The same again from a server that was started anew.
        self.assertEqual(self.bodega.stop(), 0)
        self.bodega.start()
        for n, path in enumerate(paths[:20]):
            self.assertEqual(self.served("acme-%02d" % n)[0], path.read_bytes())

    def test_the_same_bytes_again_are_a_success(self):
        path = self.wheel("again", "1.0")
        self.upload(path)
        self.upload(path)
        self.assertEqual(len(self.bodega.page("again", "alice/prod").json()["files"]), 1)

    def test_other_bytes_under_the_same_name_are_refused(self):
        path = self.wheel("conflict", "1.0")
        self.upload(path)
        first = path.read_bytes()
        other = self.wheel("conflict", "1.0", marker="other", folder="other")
        done = self.upload(other, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("409", done.stdout)
        self.assertRegex(flat(done.stdout), r"conflict-1\.0-py3-none-any\.whl already exists")
        self.assertEqual(self.served("conflict")[0], first)

    def test_skip_existing(self):
        path = self.wheel("skip", "1.0")
        self.upload(path)
        other, fresh = self.wheel("skip", "1.0", marker="other", folder="other"), self.wheel("skip", "1.1")
        done = self.upload(other, fresh, check=False, more=["--skip-existing"])
        if "UnsupportedConfiguration" in done.stdout:
            self.skipTest("this twine knows --skip-existing for the public index only")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(flat(done.stdout), r"(?i)skipping")
        self.assertEqual(self.served("skip", pattern=r"1\.0")[0], path.read_bytes())
        self.assertEqual(self.served("skip", pattern=r"1\.1")[0], fresh.read_bytes())

    def test_wrong_password_and_no_permission(self):
        path = self.wheel("forbidden", "1.0")
        done = self.upload(path, password="wrong", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("401", done.stdout)
        self.assertRegex(flat(done.stdout), r"(?i)wrong user name or password")
        done = self.upload(path, user="bob", password="bobs password", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("403", done.stdout)
        self.assertRegex(flat(done.stdout), r"(?i)no permission to submit")
        self.assertStatus(self.bodega.page("forbidden", "alice/prod"), 404)
        # A refused upload leaves nothing: neither a name nor bytes.
        self.assertEqual([p for p in (self.bodega.data / "tmp").glob("*")], [])

    def test_an_index_that_takes_no_uploads(self):
        done = self.upload(self.wheel("mirrored", "1.0"), index="root/pypi", user="root", password=harness.ROOT_PASSWORD, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(flat(done.stdout), r"(?i)cannot submit to mirror index")
        done = self.upload(self.wheel("nowhere", "1.0"), index="alice/nope", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(flat(done.stdout), r"(?i)could not be found")

    def test_a_volatile_index_replaces(self):
        path = self.wheel("replaced", "1.0")
        self.stored(path, index="alice/dev")
        _, entry, url = self.served("replaced", "alice/dev")
        other = self.wheel("replaced", "1.0", marker="other", folder="other")
        self.stored(other, index="alice/dev")
        body, changed, fresh = self.served("replaced", "alice/dev")
        self.assertEqual(body, other.read_bytes())
        self.assertNotEqual(changed["hashes"], entry["hashes"])
        self.assertNotEqual(fresh, url)
        self.assertEqual(len(self.bodega.page("replaced", "alice/dev").json()["files"]), 1)
        # The old address never gives other bytes than its digest says.
        old = ask(url)
        self.assertIn(old.status, (200, 404, 410))
        if old.status == 200:
            self.assertEqual(old.sha256(), entry["hashes"]["sha256"])

    def test_broken_archives_are_refused_with_a_reason(self):
        _, content = packages.make_wheel("broken", "1.0")
        for number, (filename, data) in enumerate((("broken-1.0-py3-none-any.whl", content[:-30]), ("broken-1.0-py3-none-any.whl", b"not a zip"),
                                                   ("broken-2.0-py3-none-any.whl", content), ("other-1.0-py3-none-any.whl", content),
                                                   ("broken-1.0.tar.gz", packages.make_sdist("broken", "1.0")[1][:-40]))):
            kind, body = harness.form(harness.upload_fields("broken", "1.0", data), filename, data)
            answer = ask(self.bodega.url + "/alice/prod/", "POST", {**kind, **harness.basic("alice", self.password)}, body)
            self.assertStatus(answer, 400, "%d %s" % (number, filename))
            self.assertGreater(len(answer.reason), 15, answer.reason)
        self.assertStatus(self.bodega.page("broken", "alice/prod"), 404)

    def test_digests_are_checked(self):
        filename, content = packages.make_wheel("digests", "1.0")
        for field in ("sha256_digest", "md5_digest"):
            fields = [(k, "0" * len(v) if k == field else v) for k, v in harness.upload_fields("digests", "1.0", content)]
            kind, body = harness.form(fields, filename, content)
            answer = ask(self.bodega.url + "/alice/prod/", "POST", {**kind, **harness.basic("alice", self.password)}, body)
            self.assertStatus(answer, 400, field)
            self.assertIn(field, answer.reason)
        self.assertStatus(self.bodega.page("digests", "alice/prod"), 404)

    def test_a_client_that_waits_for_100_is_told_before_it_sends(self):
        # curl and some others announce themselves; nobody may be made to send 2 GiB to hear "no".
        import socket
        for credentials, wanted in ((harness.basic("alice", "wrong"), b"HTTP/1.1 401"), (harness.basic("alice", self.password), b"HTTP/1.1 100")):
            with socket.create_connection(("127.0.0.1", self.bodega.port), 20) as raw:
                lines = ["POST /alice/prod/ HTTP/1.1", "Host: x", "Expect: 100-continue", "Content-Length: 1000000000",
                         "Content-Type: multipart/form-data; boundary=b", "Authorization: " + credentials["Authorization"]]
                raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                self.assertEqual(raw.recv(4096)[:12], wanted)

    def test_delete_file_version_project(self):
        for version in ("1.0", "1.1", "1.2"):
            self.stored(self.wheel("doomed", version), index="alice/dev")
        url, _ = self.bodega.link("doomed", r"-1\.0-", "alice/dev")
        path = url[len(self.bodega.url):]
        self.assertStatus(self.bodega.api("DELETE", path, user=None), 403, "a stranger deletes")
        self.assertStatus(self.bodega.api("DELETE", path, user="alice", password=self.password), 200)
        self.assertStatus(ask(url), 410)
        self.assertStatus(ask(url + ".metadata"), 410)
        self.assertEqual([f["filename"] for f in self.bodega.page("doomed", "alice/dev").json()["files"]],
                         ["doomed-1.1-py3-none-any.whl", "doomed-1.2-py3-none-any.whl"])
        self.assertStatus(self.bodega.api("DELETE", "/alice/dev/doomed/1.1", user="alice", password=self.password), 200)
        self.assertStatus(self.bodega.api("DELETE", "/alice/dev/doomed", user="alice", password=self.password), 200)
        self.assertStatus(self.bodega.page("doomed", "alice/dev"), 404)
        # A non-volatile index keeps what it has.
        self.stored(self.wheel("kept", "1.0"))
        self.assertStatus(self.bodega.api("DELETE", "/alice/prod/kept/1.0", user="alice", password=self.password), 403)
        self.assertStatus(self.bodega.api("DELETE", "/alice/prod/kept", user="alice", password=self.password), 403)
        self.served("kept")

    def test_yank_and_unyank(self):
        self.stored(self.wheel("yanked", "1.0"), self.wheel("yanked", "2.0"))
        url, _ = self.bodega.link("yanked", r"-2\.0-", "alice/prod")
        path = url[len(self.bodega.url):]
        index = self.bodega.url + "/alice/prod/+simple/"

        def newest():
            venv = Venv(self.directory / ("yank-%d" % len(list(self.directory.glob("yank-*")))))
            venv.pip("install", "--index-url", index, "yanked")
            return venv.installed()["yanked"]
        self.assertEqual(newest(), "2.0")
        self.assertStatus(self.bodega.api("PATCH", path, {"yanked": "breaks <everything>"}, user="alice", password=self.password), 200)
        _, entry = self.bodega.link("yanked", r"-2\.0-", "alice/prod")
        self.assertEqual(entry["yanked"], "breaks <everything>")
        html = ask(index + "yanked/", headers={"Accept": "text/html"}).text
        self.assertIn('data-yanked="breaks &lt;everything&gt;"', html)
        self.assertEqual(newest(), "1.0")
        self.assertStatus(self.bodega.api("PATCH", path, {"yanked": False}, user="alice", password=self.password), 200)
        self.assertFalse(self.bodega.link("yanked", r"-2\.0-", "alice/prod")[1].get("yanked", False))
        self.assertEqual(newest(), "2.0")


if __name__ == "__main__":
    harness.main()
