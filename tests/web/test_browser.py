#!/usr/bin/python3
"""The pages in a real browser: the journeys of journeys.js, by mouse, by keyboard alone and without scripts; three widths in light and dark; axe
finds nothing serious; no error in the console, no refused load, no request to another host; what strangers wrote never runs.

Needs node, chromium and what tools/ensure-browser puts into build/browser. BODEGA_PICTURES=DIRECTORY keeps a picture of every page."""
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
sys.path.insert(0, str(HERE))
import harness  # noqa: E402
import hostile  # noqa: E402
from harness import ask, basic, packages  # noqa: E402

BROWSER = pathlib.Path(os.environ.get("BODEGA_CHROMIUM") or "/usr/bin/chromium")
MODULES = harness.ROOT / "build/browser/node_modules"

README = """<p align="center"><img src="https://elsewhere.test/logo.png" alt="Logo"></p>

# Small tools

[![build](https://elsewhere.test/badge.svg)](https://elsewhere.test/) See [usage](#usage).

## Usage

```python
import small_tools
```

| a | b |
|---|--:|
| 1 | 2 |
"""
DOCS = """<!doctype html><html lang="en"><title>Docs</title><h1>Docs</h1><p id="told"></p><script>
let told = [];
try { document.cookie; told.push("cookies"); } catch (e) { told.push("no cookies"); }
try { localStorage.length; told.push("storage"); } catch (e) { told.push("no storage"); }
document.getElementById("told").textContent = told.join(", ");
</script>"""


def needed():
    if shutil.which("node") is None:
        raise unittest.SkipTest("needs node")
    if not BROWSER.exists():
        raise unittest.SkipTest("needs chromium at %s" % BROWSER)
    if not (MODULES / "playwright-core").is_dir() or not (MODULES / "axe-core").is_dir():
        raise unittest.SkipTest("needs tools/ensure-browser to have run")


class Browser(harness.Case):
    @classmethod
    def world(cls):
        needed()
        super().world()
        cls.password = cls.bodega.make_user("kim")
        cls.bodega.api("PUT", "/kim/dev", {"type": "stage", "bases": ["root/pypi"]}, user="kim", password=cls.password)
        for version in ("1.0", "1.1"):
            cls.upload(version)
            cls.post([(":action", "doc_upload"), ("name", "small-tools"), ("version", version)], "small-tools.zip", cls.docs())
        cls.results = cls.drive()

    @classmethod
    def post(cls, fields, filename=None, content=b""):
        kind, body = harness.form(fields, filename, content)
        answer = ask(cls.bodega.url + "/kim/dev/", "POST", {**kind, **basic("kim", cls.password)}, body)
        assert answer.status == 200, answer
        return answer

    @classmethod
    def upload(cls, version):
        links = ["Project-URL: Source, https://elsewhere.test/", "License-Expression: MIT", "Keywords: tools,small",
                 "Description-Content-Type: text/markdown"]
        filename, content = packages.make_wheel("small-tools", version, ("six>=1.0", "pytest; extra == 'test'"), fields=links, description=README)
        cls.post(harness.upload_fields("small-tools", version, content), filename, content)

    @staticmethod
    def docs():
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            archive.writestr("index.html", DOCS)
        return raw.getvalue()

    @classmethod
    def drive(cls):
        filename, content = packages.make_wheel("by-hand", "0.1")
        wheel = cls.directory / filename
        wheel.write_bytes(content)
        # The journeys upload it again, each into an index of its own.
        mirrored = cls.origin.page("six")["name"]
        strangers = hostile.Strangers(cls.bodega, cls.password)
        told = {
            "url": cls.bodega.url, "chromium": str(BROWSER), "user": "kim", "password": cls.password, "index": "kim/dev", "word": "small",
            "project": "small-tools", "version": "1.1", "wheel": str(wheel), "wheelProject": "by-hand", "wheelVersion": "0.1",
            "pictures": os.environ.get("BODEGA_PICTURES"), "only": os.environ.get("BODEGA_JOURNEYS"),
            "hostile": strangers.releases(), "hostilePlaces": strangers.places(), "hostileFeeds": strangers.feeds(),
            "hostileAddresses": strangers.addresses(), "hostileDocs": strangers.documentation(),
            "pages": ["/", "/kim", "/kim/dev", "/root/pypi", "/kim/dev/small-tools", "/kim/dev/small-tools/1.1", "/root/pypi/" + mirrored,
                      "/kim/dev/hostile", "/+status", "/+manage/login", "/+search?query=small", "/+search?query=no-such-thing", "/+searchhelp",
                      "/kim/dev/trapped/1.0/+toxresults/trapped-1.0-py3-none-any.whl"],
            "ownPages": ["/+manage/account", "/+manage/new-index/kim", "/+manage/index/kim/dev", "/+manage/upload/kim/dev", "/+manage/user/kim",
                         "/kim/dev/trapped/1.0"],
        }
        cls.wait_for_search("small-tools")
        path = cls.directory / "world.json"
        path.write_text(json.dumps(told))
        done = subprocess.run(["node", str(HERE / "journeys.js"), str(path)], capture_output=True, text=True, timeout=1100, stdin=subprocess.DEVNULL,
                              env=harness.clean_environment(NODE_PATH=MODULES, HOME=cls.directory))
        if done.returncode != 0:
            raise AssertionError("journeys.js ended with %d:\n%s" % (done.returncode, done.stderr[-3000:]))
        return {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}

    @classmethod
    def wait_for_search(cls, project):
        deadline = time.monotonic() + 60
        while project not in ask(cls.bodega.url + "/+search?query=small", headers={"Accept": "application/json"}).text:
            assert time.monotonic() < deadline, "the search does not find " + project
            time.sleep(0.1)

    def named(self, beginning):
        """The names of what was tried, all of which must have gone well."""
        names = [name for name in self.results if name.startswith(beginning)]
        for name in names:
            with self.subTest(name):
                self.went_well(name)
        return names

    def went_well(self, name):
        self.assertIn(name, self.results)
        failures = self.results[name]["failures"]
        if failures:
            self.fail("%s:\n%s" % (name, "\n".join(failures[:20])))
        return self.results[name]

    def test_every_page_is_whole_at_every_width_in_both_colours(self):
        self.assertGreater(len(self.named("look ")), 20)

    def test_the_life_of_a_release_by_keyboard_alone_with_and_without_scripts(self):
        self.assertEqual(len(self.named("life ")), 12)

    def test_a_wheel_is_dropped_by_mouse(self):
        self.assertEqual(len(self.named("drop ")), 2)

    def test_suggestions_appear_and_lead_somewhere(self):
        self.assertEqual(len(self.named("suggestions ")), 2)

    def test_the_install_line_that_was_copied_works(self):
        lines = {result["copied"].strip() for name, result in self.results.items() if name.startswith("life ")}
        self.assertEqual(len(lines), 1, lines)
        line = lines.pop()
        self.assertRegex(line, r"^pip install --index-url http://127\.0\.0\.1:\d+/kim/dev/\+simple/ small-tools==1\.1$")
        target = self.directory / "installed"
        words = [harness.PYTHON, "-m", *line.split(), "--no-deps", "--target", target]
        harness.run(words, env=harness.clean_environment(HOME=self.directory))
        self.assertTrue((target / "small_tools").exists())

    def test_documentation_is_shown_in_a_sandbox(self):
        self.went_well("docs")

    def test_colours_stay_as_they_were_chosen(self):
        self.went_well("colours")

    def test_what_strangers_wrote_never_runs(self):
        visited = sum(self.went_well(name)["visited"] for name in self.named("trap"))
        self.assertGreaterEqual(self.results["trap"]["visited"], 200)
        self.assertGreaterEqual(visited, 500)


if __name__ == "__main__":
    harness.main()
