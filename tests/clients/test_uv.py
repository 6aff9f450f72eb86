#!/usr/bin/python3
"""uv through the mirror and `uv publish` to a hosted index. Needs ../shared/clients."""
import re

import harness
from harness import Venv, packages


class Uv(harness.Case):
    @classmethod
    def world(cls):
        harness.shared("clients/make-venv")
        super().world()
        cls.uv_home = Venv(cls.directory / "uv", ["uv"])
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/prod", bases=["root/pypi"], volatile=False)

    def uv(self, *args, check=True, **env):
        # Copies, because temporary directories may be on another file system; one retry, because failures are what some tests want.
        base = {"UV_NO_CONFIG": 1, "UV_LINK_MODE": "copy", "UV_NO_PROGRESS": 1, "UV_PYTHON": harness.PYTHON, "UV_PYTHON_DOWNLOADS": "never",
                "UV_HTTP_RETRIES": 0, "NO_COLOR": 1, "UV_CACHE_DIR": self.directory / "uv-cache"}
        return self.uv_home.run("uv", *args, check=check, env={**base, **env})

    def install(self, name, *what, index=None, **more):
        venv = Venv(self.directory / name)
        done = self.uv("pip", "install", "--no-cache", "--python", venv.bin / "python", "--default-index", index or self.bodega.index, *what, **more)
        return venv, done

    def test_installs_online_then_the_same_set_with_the_upstream_gone(self):
        self.origin.reset()
        first, _ = self.install("online", "flask", "six==1.16.0")
        have = first.installed()
        self.assertLessEqual({"flask", "werkzeug", "jinja2", "markupsafe", "six"}, set(have))
        asked = self.origin.asked()
        self.assertEqual(len(asked), len(set(asked)), "the upstream was asked for the same thing twice: %s" % asked)
        self.assertTrue([p for p in asked if p.endswith(".metadata")], "uv resolves with .metadata")
        self.origin.stop()
        try:
            second, _ = self.install("offline", "flask", "six==1.16.0")
            self.assertEqual(second.installed(), have)
            second.run("python", "-c", "import flask, six")
            # uv shows the problem document's detail.
            _, done = self.install("never", "sampleproject", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(re.sub(r"\s+", " ", done.stdout), r"(?i)50[234]")
            self.assertRegex(re.sub(r"\s+", " ", done.stdout), r"(?i)the upstream 127\.0\.0\.1\S* \w+", "uv shows no sentence that says why")
        finally:
            self.origin.start()

    def test_a_closed_index(self):
        self.bodega.make_index("alice/closed", bases=["root/pypi"], acl_pkg_read=["alice"])
        name, wheel = packages.make_wheel("acme-closed", "1.0", ["six"])
        headers, body = harness.form(harness.upload_fields("acme-closed", "1.0", wheel), name, wheel)
        answer = harness.ask(self.bodega.url + "/alice/closed/", "POST", {**headers, **harness.basic("alice", self.password)}, body)
        self.assertStatus(answer, 200)
        index = self.bodega.url + "/alice/closed/+simple/"
        known = index.replace("://", "://alice:%s@" % self.password)
        venv, _ = self.install("closed", "acme-closed", index=known)
        self.assertLessEqual({"acme-closed", "six"}, set(venv.installed()))
        for url in (index, index.replace("://", "://alice:wrong@")):
            venv, done = self.install("refused", "six", index=url, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"401 Unauthorized|without a login|credentials")
            self.assertEqual(venv.installed(), {})
        # Wherever it looks for them: uv asks once without credentials, then with those of netrc.
        netrc = self.directory / "netrc"
        netrc.write_text("machine 127.0.0.1 login alice password %s\n" % self.password)
        venv, _ = self.install("from-netrc", "acme-closed", index=index, NETRC=netrc)
        self.assertIn("acme-closed", venv.installed())

    def test_index_url_without_simple(self):
        venv, _ = self.install("short", "click==8.1.7", index=self.bodega.url + "/root/pypi/")
        self.assertEqual(venv.installed(), {"click": "8.1.7"})

    def test_second_run_with_a_cache_asks_for_little(self):
        before = 0
        for name in ("warm", "cached"):
            before = self.bodega.log().count("http.request")
            venv = Venv(self.directory / name)
            self.uv("pip", "install", "--python", venv.bin / "python", "--default-index", self.bodega.index, "flask")
        # Pages are fresh for minutes, files for ever: uv has no reason to ask at all.
        self.assertEqual(self.bodega.log().count("http.request"), before)

    def test_cooldown_by_upload_time(self):
        # uv fails closed where pages have no upload-time.
        self.install("cooldown", "six==1.16.0", "--exclude-newer", "2026-06-01T00:00:00Z")

    def test_lock_file_urls_are_portable(self):
        out = self.directory / "pylock.toml"
        source = self.directory / "in.txt"
        source.write_text("six==1.16.0\n")
        self.uv("pip", "compile", "--no-cache", "--format", "pylock.toml", "--default-index", self.bodega.index, "-o", out, source)
        self.assertRegex(out.read_text(), r"/root/pypi/\+f/packages/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{60}/six-1\.16\.0-py2?\S*none-any\.whl")

    def publish(self, filename, content, password=None, check=True):
        path = self.directory / filename
        path.write_bytes(content)
        return self.uv("publish", "--publish-url", self.bodega.url + "/alice/prod/", "--username", "alice",
                       "--password", password or self.password, "--trusted-publishing", "never", path, check=check)

    def test_publish_then_install(self):
        name, content = packages.make_wheel("acme-tool", "1.0", ["six"])
        self.publish(name, content)
        venv, _ = self.install("published", "acme-tool", index=self.bodega.url + "/alice/prod/+simple/")
        self.assertEqual(venv.installed()["acme-tool"], "1.0")
        self.assertIn("six", venv.installed())
        self.publish(name, content)  # the same bytes again

        _, other = packages.make_wheel("acme-tool", "1.0", ["six"], marker="other bytes")
        done = self.publish(name, other, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(re.sub(r"\s+", " ", done.stdout), r"already exists")
        url, _ = self.bodega.link("acme-tool", "whl", "alice/prod")
        self.assertEqual(harness.ask(url).body, content)

    def test_publish_with_the_wrong_password(self):
        name, content = packages.make_wheel("acme-secret", "1.0")
        done = self.publish(name, content, password="wrong", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"40[13]")
        self.assertRegex(re.sub(r"\s+", " ", done.stdout), r"(?i)wrong user name or password")
        self.assertStatus(self.bodega.page("acme-secret", "alice/prod"), 404)

    def test_a_refused_archive_says_why(self):
        # The file name says 1.0, the metadata inside 2.0.
        done = self.publish("acme_broken-1.0-py3-none-any.whl", packages.make_wheel("acme-broken", "2.0")[1], check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(re.sub(r"\s+", " ", done.stdout), r"400.*(version|acme)")


if __name__ == "__main__":
    harness.main()
