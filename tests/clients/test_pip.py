#!/usr/bin/python3
"""Debian's own pip, always there: through the mirror, then from the cache while the upstream is gone."""
import re

import harness
from harness import PIP_ACCEPT, UV_ACCEPT, Venv


class PipThroughTheMirror(harness.Case):
    def install(self, name, index, *what, **more):
        venv = Venv(self.directory / name)
        done = venv.pip("install", "--index-url", index, *(what or ("flask", "six==1.16.0")), **more)
        return venv, done

    def test_installs_online_then_the_same_set_with_the_upstream_gone(self):
        self.origin.reset()
        first, _ = self.install("online", self.bodega.index)
        have = first.installed()
        self.assertEqual(have["six"], "1.16.0")
        self.assertLessEqual({"flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"}, set(have))
        first.run("python", "-c", "import flask, werkzeug, jinja2, markupsafe, six")
        asked = self.origin.asked()
        self.assertEqual(len(asked), len(set(asked)), "the upstream was asked for the same thing twice: %s" % asked)

        self.origin.stop()
        try:
            second, _ = self.install("offline", self.bodega.index)
            self.assertEqual(second.installed(), have)
            second.run("python", "-c", "import flask, werkzeug, jinja2, markupsafe, six")
            self.check_project_never_seen()
            self.restarted_server_still_installs(have)
        finally:
            self.origin.start()

    def restarted_server_still_installs(self, have):
        self.assertEqual(self.bodega.stop(), 0)
        self.bodega.start()
        third, _ = self.install("restarted", self.bodega.index)
        self.assertEqual(third.installed(), have)

    def check_project_never_seen(self):
        # 5xx and a sentence, never 404: pip must not conclude that there is no such project. It shows the reason phrase; uv reads the
        # problem document, whose type must be exact.
        for accept, agent in ((PIP_ACCEPT, "pip/23.0.1 {}"), (UV_ACCEPT, "uv/0.13.8 {}")):
            answer = self.bodega.get("/root/pypi/+simple/sampleproject/", {"Accept": accept, "User-Agent": agent})
            self.assertIn(answer.status, (502, 503, 504))
            self.assertEqual(answer["Content-Type"], "application/problem+json")
            self.assertIsNotNone(answer["Retry-After"])
            problem = answer.json()
            self.assertEqual(problem["status"], answer.status)
            self.assertIn("upstream", problem["detail"])
            self.assertIn("127.0.0.1", problem["detail"])
            self.assertIn("upstream", answer.reason)
        venv = Venv(self.directory / "never")
        # pip 23 keeps the reason for those who ask with -vv, whatever the status.
        done = venv.pip("-vv", "install", "--index-url", self.bodega.index, "--retries", "0", "sampleproject", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"50[234] Server Error")
        self.assertRegex(done.stdout, r"(?i)the upstream 127\.0\.0\.1\S* \w+", "pip shows no sentence that says why")

    def test_index_url_without_simple(self):
        venv, _ = self.install("short", self.bodega.url + "/root/pypi/", "click==8.1.7")
        self.assertEqual(venv.installed(), {"click": "8.1.7"})
        venv, _ = self.install("shorter", self.bodega.url + "/root/pypi", "click==8.1.7")
        self.assertEqual(venv.installed(), {"click": "8.1.7"})

    def test_names_are_normalised_on_the_way(self):
        venv, _ = self.install("names", self.bodega.index, "MarkupSafe==2.1.5", "charset_Normalizer")
        self.assertEqual(venv.installed()["markupsafe"], "2.1.5")

    def test_hashes_are_the_upstreams(self):
        entry, _ = self.origin.file("click", r"^click-8\.1\.7-py3-none-any\.whl$")
        requirements = self.directory / "requirements.txt"
        requirements.write_text("click==8.1.7 --hash=sha256:%s\n" % entry["hashes"]["sha256"])
        venv, _ = self.install("hashes", self.bodega.index, "--require-hashes", "-r", requirements)
        self.assertEqual(venv.installed(), {"click": "8.1.7"})
        requirements.write_text("click==8.1.7 --hash=sha256:%s\n" % ("0" * 64))
        done = venv.pip("install", "--index-url", self.bodega.index, "--force-reinstall", "--require-hashes", "-r", requirements, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("DO NOT MATCH THE HASHES", done.stdout)

    def test_no_such_project_is_no_such_project(self):
        self.origin.reset()
        venv = Venv(self.directory / "nosuch")
        done = venv.pip("install", "--index-url", self.bodega.index, "no-such-project-at-all", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("No matching distribution found for no-such-project-at-all", done.stdout)

    def test_sdist_is_downloaded_whole(self):
        entry, body = self.origin.file("sampleproject", r"\.tar\.gz$")
        version = re.search(r"-(\d[\d.]*)\.tar\.gz$", entry["filename"]).group(1)
        venv = Venv(self.directory / "sdist")
        index = self.bodega.index
        # --no-build-isolation and no build: the download alone. What builds it differs between corpora.
        venv.pip("download", "--index-url", index, "--no-deps", "--no-build-isolation", "-d", self.directory / "got", "--no-binary", ":all:",
                 "sampleproject==" + version, check=False)
        got = self.directory / "got" / entry["filename"]
        if got.exists():
            self.assertEqual(got.read_bytes(), body)
        url, _ = self.bodega.link("sampleproject", r"\.tar\.gz$")
        self.assertEqual(harness.ask(url).body, body)


class PipOnAClosedIndex(harness.Case):
    """acl_pkg_read: with credentials as from any index, without them nothing at all, the public packages behind it included."""

    @classmethod
    def world(cls):
        super().world()
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev", bases=["root/pypi"], acl_pkg_read=["alice"])
        name, wheel = harness.packages.make_wheel("acme-private", "1.0", ["six"])
        headers, body = harness.form(harness.upload_fields("acme-private", "1.0", wheel), name, wheel)
        answer = harness.ask(cls.bodega.url + "/alice/dev/", "POST", {**headers, **harness.basic("alice", cls.password)}, body)
        assert answer.status == 200, answer

    def index(self, login=""):
        return self.bodega.url.replace("://", "://" + login) + "/alice/dev/+simple/"

    def test_credentials_in_the_url_install_private_and_public(self):
        venv = Venv(self.directory / "in-url")
        venv.pip("install", "--index-url", self.index("alice:%s@" % self.password), "acme-private")
        self.assertLessEqual({"acme-private", "six"}, set(venv.installed()))

    def test_credentials_in_netrc_do_too(self):
        netrc = self.directory / "netrc"
        netrc.write_text("machine 127.0.0.1 login alice password %s\n" % self.password)
        netrc.chmod(0o600)
        venv = Venv(self.directory / "in-netrc")
        venv.pip("install", "--index-url", self.index(), "acme-private", NETRC=netrc)
        self.assertIn("acme-private", venv.installed())

    def test_without_credentials_nothing_is_installed(self):
        self.origin.reset()
        venv = Venv(self.directory / "without")
        for login in ("", "alice:wrong@", "bob:unknown@"):
            for what in ("acme-private", "six"):
                done = venv.pip("install", "--index-url", self.index(login), what, check=False)
                self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(venv.installed(), {})
        self.assertEqual(self.origin.asked(r"acme|six"), [])


class PipWithAnHtmlUpstream(harness.Case):
    """An upstream as old ones are: HTML only, no .metadata, no ETag, no Range."""

    def test_installs_and_again_from_the_cache(self):
        self.origin.reset(html_only=True, no_metadata=True, no_etag=True, no_range=True)
        venv = Venv(self.directory / "online")
        venv.pip("install", "--index-url", self.bodega.index, "flask")
        have = venv.installed()
        self.assertIn("werkzeug", have)
        self.origin.stop()
        try:
            again = Venv(self.directory / "offline")
            again.pip("install", "--index-url", self.bodega.index, "flask")
            self.assertEqual(again.installed(), have)
        finally:
            self.origin.start()


if __name__ == "__main__":
    harness.main()
