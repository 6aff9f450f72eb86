#!/usr/bin/python3
"""The devpi client's own commands. Needs ../shared/clients. What the server does not answer yet stands in NOT_YET: such a command may fail, but
when it starts to work this test says so."""
import io
import os
import re
import tarfile
import urllib.parse
import zipfile

import harness
from harness import Venv, packages

# Commands that need devpi addresses which are not there yet, by the name of the check below.
NOT_YET = set()


def flat(text):
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", text))


class DevpiClient(harness.Case):
    @classmethod
    def world(cls):
        harness.shared("clients/make-venv")
        super().world()
        cls.client = Venv(cls.directory / "client", ["devpi-client"])
        cls.states = 0

    def setUp(self):
        type(self).states += 1
        self.state = self.directory / ("state-%d" % self.states)

    def devpi(self, command, *args, check=True, cwd=None, **more):
        env = {"NO_COLOR": 1, "COLUMNS": 200, "PIP_CONFIG_FILE": self.directory / "pip.conf", "PIP_DISABLE_PIP_VERSION_CHECK": 1, **more}
        done = self.client.run("devpi", command, "--clientdir", self.state, *args, check=False, env=env, cwd=cwd)
        if check and done.returncode != 0:
            self.fail("devpi %s %s ended with %d:\n%s" % (command, " ".join(map(str, args)), done.returncode, done.stdout[-3000:]))
        return done.returncode, flat(done.stdout)

    def ready(self, user, index="dev", **options):
        """Logs in as a new user and uses a new index of theirs."""
        self.devpi("use", self.bodega.url)
        self.devpi("user", "-c", user, "password=secret", "email=%s@example.org" % user)
        self.devpi("login", user, "--password=secret")
        self.devpi("index", "-c", index, *("%s=%s" % item for item in {"bases": "root/pypi", **options}.items()))
        return self.devpi("use", "%s/%s" % (user, index))[1]

    def dist(self, *files):
        folder = self.directory / ("dist-%d" % self.states)
        folder.mkdir(exist_ok=True)
        for filename, content in files:
            (folder / filename).write_bytes(content)
        return folder

    def test_use(self):
        said = self.devpi("use", self.bodega.url)[1]
        self.assertIn("using server: " + self.bodega.url, said)
        self.assertIn("not logged in", said)
        self.assertNotIn("unversioned", said)
        said = self.devpi("use", "root/pypi")[1]
        self.assertIn("/root/pypi", said)
        self.assertIn("root/pypi", self.devpi("use", "-l")[1])
        code, said = self.devpi("use", "root/nope", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("404", said)
        self.devpi("use", "--urls")

    def test_login_and_logoff(self):
        self.devpi("use", self.bodega.url)
        said = self.devpi("login", "root", "--password=" + harness.ROOT_PASSWORD)[1]
        self.assertIn("logged in 'root'", said)
        self.assertIn("credentials valid for 10.00 hours", said)
        self.assertIn("logged in as root", self.devpi("use")[1])
        self.assertIn("login information deleted", self.devpi("logoff")[1])
        self.assertIn("not logged in", self.devpi("use")[1])
        code, said = self.devpi("login", "root", "--password=wrong", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("401", said)
        self.assertIn("could not be authenticated", said)

    def test_user(self):
        said = self.ready("ursula")
        self.assertIn("ursula/dev", said)
        self.assertIn("ursula", self.devpi("user", "-l")[1])
        self.assertIn("user modified: ursula", self.devpi("user", "-m", "ursula", "title=Doctor")[1])
        self.assertIn("Doctor", self.devpi("getjson", "/ursula")[1])
        code, said = self.devpi("user", "-c", "ursula", "password=x", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("user already exists", said)
        self.devpi("user", "-m", "ursula", "password=other")
        self.devpi("login", "ursula", "--password=other")
        self.devpi("index", "--delete", "-y", "ursula/dev")
        self.assertIn("user deleted: ursula", self.devpi("user", "-y", "--delete", "ursula")[1])

    def test_index(self):
        self.ready("ingrid", volatile="False", title="One thing")
        self.assertIn("ingrid/dev", self.devpi("index", "-l")[1])
        said = self.devpi("index", "ingrid/dev")[1]
        for line in ("type=stage", "bases=root/pypi", "volatile=False", "acl_upload=ingrid", "title=One thing"):
            self.assertIn(line, said)
        said = self.devpi("index", "ingrid/dev", "volatile=True", "mirror_whitelist=six", "acl_upload+=root")[1]
        for line in ("volatile=True", "mirror_whitelist=six", "acl_upload=ingrid,root"):
            self.assertIn(line, said)
        self.assertIn("acl_upload=root", self.devpi("index", "ingrid/dev", "acl_upload-=ingrid")[1])
        self.devpi("index", "-c", "team", "bases=ingrid/dev")
        code, said = self.devpi("index", "-c", "bad", "bases=ingrid/nope", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("does not exist", said)
        self.devpi("index", "-c", "mirror", "type=mirror", "mirror_url=" + self.origin.index)
        self.assertIn("index deleted", self.devpi("index", "-y", "--delete", "ingrid/team")[1])
        code, said = self.devpi("use", "ingrid/team", check=False)
        self.assertNotEqual(code, 0)
        # The mirror made by hand serves pages.
        self.assertStatus(self.bodega.page("six", "ingrid/mirror"), 200)

    def test_upload_then_pip(self):
        self.ready("ulf", volatile="False")
        wheel = packages.make_wheel("acme-devpi", "1.0", ["six"])
        sdist = packages.make_sdist("acme-devpi", "1.0", ["six"])
        folder = self.dist(wheel, sdist)
        said = self.devpi("upload", "--from-dir", folder)[1]
        for filename, content in (wheel, sdist):
            self.assertIn("file_upload of %s to" % filename, said)
            url, _ = self.bodega.link("acme-devpi", re.escape(filename), "ulf/dev")
            self.assertEqual(harness.ask(url).body, content)
        self.devpi("upload", "--from-dir", folder)  # the same again
        other = self.dist(packages.make_wheel("acme-devpi", "1.0", ["six"], marker="other"))
        code, said = self.devpi("upload", other / wheel[0], check=False)
        self.assertIn("409", said)
        self.assertIn("already exists in non-volatile index", said)
        venv = Venv(self.directory / "venv")
        venv.pip("install", "--index-url", self.bodega.url + "/ulf/dev/+simple/", "acme-devpi")
        self.assertIn("six", venv.installed())

    def docs(self, **pages):
        """The bytes of a documentation archive."""
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in pages.items():
                archive.writestr(name + ".html", text)
        return raw.getvalue()

    def program(self, name, script):
        """A stand-in for a program that the client runs; gives the PATH that finds it."""
        folder = self.directory / ("bin-%d" % self.states)
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!%s\n%s" % (harness.PYTHON, script))
        (folder / name).chmod(0o755)
        return "%s:%s" % (folder, os.environ["PATH"])

    def test_documentation_archives(self):
        self.ready("doris", volatile="False")
        folder = self.dist(packages.make_wheel("acme-docs", "1.0"), ("acme-docs-1.0.doc.zip", self.docs(index="first", more="second")))
        said = self.devpi("upload", "--from-dir", folder)[1]
        self.assertIn("doc_upload of acme-docs-1.0.doc.zip", said)
        for version in ("1.0", "latest", "stable"):
            answer = self.bodega.get("/doris/dev/acme-docs/%s/+doc/more.html" % version)
            self.assertStatus(answer, 200)
            self.assertEqual(answer.text, "second")
        self.assertStatus(self.bodega.get("/doris/dev/acme-docs/1.0/+doc/"), 302)
        self.devpi("upload", folder / "acme-docs-1.0.doc.zip")  # the same again
        (folder / "acme-docs-1.0.doc.zip").write_bytes(self.docs(index="other"))
        code, said = self.devpi("upload", folder / "acme-docs-1.0.doc.zip", check=False)
        self.assertIn("409", said)
        self.assertIn("acme-docs-1.0.doc.zip already exists in non-volatile index", said)
        (folder / "acme-docs-1.1.doc.zip").write_bytes(b"no zip")
        code, said = self.devpi("upload", folder / "acme-docs-1.1.doc.zip", check=False)
        self.assertIn("400", said)
        self.assertIn("is too short to be a zip file", said)

    def test_documentation_that_is_built(self):
        self.ready("dora")
        project = self.directory / "project"
        raw = io.BytesIO(packages.make_sdist("acme-built", "1.0")[1])
        with tarfile.open(fileobj=raw) as archive:
            archive.extractall(project)
        project = next(project.iterdir())
        (project / "docs").mkdir()
        (project / "docs/conf.py").write_text("")
        path = self.program("sphinx-build", "import os, sys\nos.makedirs(sys.argv[-1])\nopen(sys.argv[-1] + '/index.html', 'w').write('built')\n")
        for option in ("--only-docs", "--with-docs"):
            said = self.devpi("upload", "--no-vcs", "--no-isolation", "--wheel", option, cwd=project, PATH=path)[1]
            self.assertIn("doc_upload of acme-built-1.0.doc.zip", said)
            self.assertEqual("file_upload of acme_built-1.0-py3-none-any.whl" in said, option == "--with-docs")
            self.assertEqual(self.bodega.get("/dora/dev/acme-built/1.0/+doc/index.html").text, "built")
            self.assertStatus(self.bodega.page("acme-built", "dora/dev"), 200)

    def test_tox_results(self):
        self.ready("tom")
        sdist = packages.make_sdist("acme-tested", "1.0")
        self.devpi("upload", "--from-dir", self.dist(sdist))
        url, _ = self.bodega.link("acme-tested", "tar.gz", "tom/dev")
        report = {"testenvs": {"py3": {"test": [{"command": ["true"], "retcode": 0, "output": "ok"}]}}, "host": "here"}
        if self.bodega.api("GET", "/tom/dev/acme-tested/", user=None).status == 200:
            ini = self.directory / "tox.ini"
            ini.write_text("[tox]\n")
            script = "import json, sys\njson.dump(%r, open(sys.argv[sys.argv.index('--result-json') + 1], 'w'))\n" % report
            said = self.devpi("test", "acme-tested", "-c", ini, PATH=self.program("tox", script))[1]
            self.assertIn("posting tox result data to " + url, said)
            self.assertIn("success", said)
        # As the client sends it.
        answer = self.bodega.api("POST", urllib.parse.urlsplit(url).path, report, user=None)
        self.assertStatus(answer, 200)
        self.assertEqual(answer.json()["type"], "toxresultpath")
        path, digest = answer.json()["result"].split("#sha256=")
        self.assertRegex(path, r"^tom/dev/\+f/.*/acme_tested-1\.0\.tar\.gz\.toxresult-\d{14}-\d$")
        kept = self.bodega.get("/" + path)
        self.assertStatus(kept, 200)
        self.assertEqual(kept.sha256(), digest)
        self.assertEqual(kept.json(), report)
        self.devpi("index", "tom/dev", "acl_toxresult_upload=tom")
        self.assertStatus(self.bodega.api("POST", urllib.parse.urlsplit(url).path, report, user=None), 403)

    def test_upload_without_the_right(self):
        self.ready("olga")
        self.devpi("use", self.bodega.url)
        self.devpi("user", "-c", "stranger", "password=secret")
        self.devpi("login", "stranger", "--password=secret")
        self.devpi("use", "olga/dev")
        folder = self.dist(packages.make_wheel("acme-stranger", "1.0"))
        code, said = self.devpi("upload", "--from-dir", folder, check=False)
        self.assertIn("403", said)
        self.assertIn("no permission to submit", said)
        self.assertStatus(self.bodega.page("acme-stranger", "olga/dev"), 404)

    def test_refresh(self):
        self.ready("rita")
        self.assertStatus(self.bodega.page("six", "rita/dev"), 200)
        self.origin.log(clear=True)
        self.devpi("refresh", "six")
        self.assertIn("/simple/six/", self.origin.asked())

    def test_version(self):
        self.devpi("use", self.bodega.url)
        done = self.client.run("devpi", "--version", check=False, env={"DEVPI_CLIENTDIR": self.state})
        self.assertEqual(done.returncode, 0, done.stdout)

    def hrefs(self, path):
        """The addresses of all files that the server's JSON of a project names."""
        answer = self.bodega.api("GET", path, user=None)
        self.assertStatus(answer, 200)
        return [link["href"] for release in answer.json()["result"].values() for link in release.get("+links", [])]

    def test_list(self):
        self.ready("lisa")
        made = [packages.make_sdist("acme-list", version) for version in ("1.0", "1.1", "1.2", "1.10", "2.0")]
        self.devpi("upload", "--from-dir", self.dist(*made, packages.make_wheel("acme-list", "2.0")))
        self.assertIn("acme-list", self.devpi("list")[1])
        said = self.devpi("list", "-v")[1]
        self.assertIn("acme-list==2.0", said)
        self.assertNotIn("1.10", said)
        said = self.devpi("list", "-v", "--all")[1]
        order = [said.index("acme-list==" + version) for version in ("1.0", "1.1", "1.2", "1.10", "2.0")]
        self.assertEqual(order, sorted(order))
        said = self.devpi("list", "acme-list")[1]
        self.assertIn("2 older versions not shown", said)
        said = self.devpi("list", "Acme_List", "--all")[1]  # in another spelling
        for filename, _ in made:
            self.assertIn(filename, said)
        self.assertIn(self.hrefs("/lisa/dev/acme-list")[0], said)
        self.assertNotIn("-2.0", self.devpi("list", "acme-list<1.10")[1])
        code, said = self.devpi("list", "acme-nope", check=False)
        self.assertNotEqual(code, 0)
        self.assertIn("no project 'acme-nope'", said)

    def test_list_of_what_is_inherited(self):
        self.ready("irma")
        said = self.devpi("list", "six", "--all")[1]
        self.assertIn(self.bodega.url + "/root/pypi/+f/packages/", said)
        self.assertNotIn("/root/pypi/", self.devpi("list", "six", "--ignore-bases")[1])
        self.devpi("upload", "--from-dir", self.dist(packages.make_wheel("six", "99.0")))
        self.assertNotIn("/root/pypi/", self.devpi("list", "six", "--all")[1])  # the name is private now
        self.devpi("index", "irma/dev", "mirror_whitelist=six")
        said = self.devpi("list", "six", "--all")[1]
        self.assertIn("six-99.0-py3-none-any.whl", said)
        self.assertIn("/root/pypi/+f/packages/", said)

    def test_getjson(self):
        self.ready("gerd")
        self.devpi("upload", "--from-dir", self.dist(packages.make_wheel("acme-json", "1.0", ["six"])))
        self.assertIn("projectconfig", self.devpi("getjson", "acme-json")[1])
        said = self.devpi("getjson", "acme-json/1.0")[1]
        for part in ('"type": "versiondata"', '"requires_dist": [ "six" ]', '"rel": "releasefile"', '"what": "upload"', '"who": "gerd"'):
            self.assertIn(part, said)
        url = self.hrefs("/gerd/dev/acme-json")[0]
        harness.ask(url)  # the file itself, so that the front loops know it by heart
        for _ in range(2):
            said = self.devpi("getjson", url)[1]
            self.assertIn("releasefilemeta", said)
            self.assertIn("sha256=", said)
            self.assertEqual(harness.ask(url).headers["Content-Type"], "application/octet-stream")

    def test_remove(self):
        self.ready("rolf")
        for version in ("1.0", "1.1", "1.2"):
            self.devpi("upload", "--from-dir", self.dist(packages.make_wheel("acme-gone", version), packages.make_sdist("acme-gone", version)))
        self.origin.log(clear=True)
        said = self.devpi("remove", "-y", "acme-gone==1.0")[1]
        self.assertIn("deleting release 1.0 of acme-gone", said)
        said = self.devpi("remove", "-y", "acme_gone<1.2")[1]
        self.assertIn("deleting release 1.1", said)
        self.assertEqual(self.devpi("remove", "-y", "acme-gone==1.0", check=False)[0], 1)
        wheel, = [href for href in self.hrefs("/rolf/dev/acme-gone") if href.endswith(".whl")]
        self.devpi("remove", "-y", wheel)
        self.assertEqual(harness.ask(wheel).status, 410)
        self.assertEqual(len(self.hrefs("/rolf/dev/acme-gone")), 1)
        self.devpi("remove", "-y", "acme-gone")
        self.assertStatus(self.bodega.page("acme-gone", "rolf/dev"), 404)
        self.assertEqual(self.bodega.api("GET", "/rolf/dev/acme-gone", user=None).json(), {"message": "no project 'acme-gone'"})
        self.devpi("index", "rolf/dev", "volatile=False")
        self.devpi("upload", "--from-dir", self.dist(packages.make_wheel("acme-stays", "1.0")))
        self.assertIn("non-volatile", self.devpi("remove", "-y", "acme-stays", check=False)[1])
        self.devpi("remove", "-y", "--force", "acme-stays")
        self.assertStatus(self.bodega.api("GET", "/rolf/dev/acme-stays", user=None), 404)

    def test_the_rest(self):
        """Each of the other commands, with what it must have done. Those of NOT_YET are told when they do it."""
        self.ready("nora", volatile="True")
        self.devpi("index", "-c", "release", "volatile=True")
        self.devpi("upload", "--from-dir", self.dist(packages.make_wheel("acme-rest", "1.0"), packages.make_wheel("acme-rest", "1.1")))

        def lists():
            code, said = self.devpi("list", check=False)
            code2, said2 = self.devpi("list", "acme-rest", check=False)
            return code == 0 and "acme-rest" in said and code2 == 0 and "acme_rest-1.1-py3-none-any.whl" in said2

        def push():
            code, _ = self.devpi("push", "acme-rest==1.0", "nora/release", check=False)
            return code == 0 and self.bodega.page("acme-rest", "nora/release").status == 200

        def remove():
            code, _ = self.devpi("remove", "-y", "acme-rest==1.0", check=False)
            return code == 0 and [f["filename"] for f in self.bodega.page("acme-rest", "nora/dev").json()["files"]] == ["acme_rest-1.1-py3-none-any.whl"]

        def test():
            # The client asks for the project's links before it runs anything.
            answer = self.bodega.api("GET", "/nora/dev/acme-rest/", user=None)
            return answer.status == 200 and answer.json()["type"] == "projectconfig"
        works = {check.__name__.replace("lists", "list"): check() for check in (lists, push, remove, test)}
        print("\nworks: %s; not yet: %s" % (", ".join(k for k, v in works.items() if v) or "none", ", ".join(k for k, v in works.items() if not v) or "none"))
        self.assertEqual({k for k, v in works.items() if not v} - NOT_YET, set(), "these must work")
        for name in sorted(k for k, v in works.items() if v and k in NOT_YET):
            print("devpi %s works now: take it out of NOT_YET" % name)


if __name__ == "__main__":
    harness.main()
