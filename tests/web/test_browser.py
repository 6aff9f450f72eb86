#!/usr/bin/python3
"""The pages in a real browser: the journeys of journeys.js, by mouse, by keyboard alone and without scripts; three widths in light and dark; axe
finds nothing serious; no error in the console, no refused load, no request to another host; what strangers wrote never runs.

Needs node, chromium and what tools/ensure-browser puts into build/browser. BODEGA_PICTURES=DIRECTORY keeps a picture of every page."""
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "clients"))
import harness  # noqa: E402
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
        cls.hostile = cls.make_hostile()
        cls.results = cls.drive()

    @classmethod
    def post(cls, fields, filename=None, content=b""):
        kind, body = harness.form(fields, filename, content)
        answer = ask(cls.bodega.url + "/kim/dev/", "POST", {**kind, **basic("kim", cls.password)}, body)
        assert answer.status == 200, answer
        return answer

    @classmethod
    def upload(cls, version):
        filename, content = packages.make_wheel("small-tools", version)
        more = [("description", README), ("description_content_type", "text/markdown"), ("license_expression", "MIT"),
                ("requires_dist", "six>=1.0"), ("requires_dist", "pytest; extra == 'test'"), ("project_urls", "Source, https://elsewhere.test/")]
        cls.post(harness.upload_fields("small-tools", version, content) + more, filename, content)

    @staticmethod
    def docs():
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            archive.writestr("index.html", DOCS)
        return raw.getvalue()

    @classmethod
    def make_hostile(cls):
        """A release for each entry of the corpus; their paths."""
        corpus = json.loads((harness.ROOT / "tests/data/hostile/corpus.json").read_text())
        kinds = {"rst": "text/x-rst", "plain": "text/plain"}
        paths = []
        for number, entry in enumerate(corpus):
            text, version = entry["text"], "1.%d" % number
            what = text.encode("utf-8", "replace").decode()
            fields = [(":action", "submit"), ("name", "hostile"), ("version", version), ("description_content_type", kinds.get(entry["kind"], "text/markdown"))]
            fields += [(key, what) for key in ("summary", "description", "author", "license", "keywords", "home_page", "classifiers", "requires_dist")]
            fields += [("project_urls", "Label, " + what), ("project_urls", what + ", https://elsewhere.test/")]
            cls.post(fields)
            paths.append("/kim/dev/hostile/" + version)
        return paths

    @classmethod
    def drive(cls):
        filename, content = packages.make_wheel("by-hand", "0.1")
        wheel = cls.directory / filename
        wheel.write_bytes(content)
        # The journeys upload it a second time into another index.
        mirrored = cls.origin.page("six")["name"]
        told = {
            "url": cls.bodega.url, "chromium": str(BROWSER), "user": "kim", "password": cls.password, "index": "kim/dev",
            "project": "small-tools", "version": "1.1", "wheel": str(wheel), "wheelProject": "by-hand", "wheelVersion": "0.1",
            "hostile": cls.hostile, "pictures": os.environ.get("BODEGA_PICTURES"),
            "pages": ["/", "/kim", "/kim/dev", "/root/pypi", "/kim/dev/small-tools", "/kim/dev/small-tools/1.1", "/root/pypi/" + mirrored,
                      "/kim/dev/hostile", "/+status", "/+manage/login"],
        }
        path = cls.directory / "world.json"
        path.write_text(json.dumps(told))
        done = subprocess.run(["node", str(HERE / "journeys.js"), str(path)], capture_output=True, text=True, timeout=540, stdin=subprocess.DEVNULL,
                              env=harness.clean_environment(NODE_PATH=MODULES, HOME=cls.directory))
        if done.returncode != 0:
            raise AssertionError("journeys.js ended with %d:\n%s" % (done.returncode, done.stderr[-3000:]))
        return {result["name"]: result for result in map(json.loads, done.stdout.splitlines())}

    def went_well(self, name):
        self.assertIn(name, self.results)
        failures = self.results[name]["failures"]
        if failures:
            self.fail("%s:\n%s" % (name, "\n".join(failures[:20])))
        return self.results[name]

    def test_every_page_is_whole_at_every_width_in_both_colours(self):
        names = [name for name in self.results if name.startswith("look ")]
        self.assertGreater(len(names), 8)
        for name in names:
            with self.subTest(name):
                self.went_well(name)

    def test_a_project_is_found_and_its_install_line_works(self):
        line = self.went_well("read")["copied"]
        self.assertRegex(line, r"^pip install --index-url http://127\.0\.0\.1:\d+/kim/dev/\+simple/ small-tools")
        words = re.sub(r"^pip install", "", line).split()
        target = self.directory / "installed"
        harness.run([harness.PYTHON, "-m", "pip", "install", "--no-deps", "--target", target, *words], env=harness.clean_environment(HOME=self.directory))
        self.assertTrue((target / "small_tools").exists())

    def test_documentation_is_shown_in_a_sandbox(self):
        self.went_well("docs")

    def test_a_release_is_published_by_keyboard_alone(self):
        self.went_well("publish")

    def test_a_release_is_published_without_scripts(self):
        self.went_well("publish without scripts")

    def test_what_strangers_wrote_never_runs(self):
        self.assertGreaterEqual(self.went_well("trap")["visited"], 200)


if __name__ == "__main__":
    harness.main()
