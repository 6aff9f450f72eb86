#!/usr/bin/python3
"""devpi-web's addresses, query forms and CSS hooks, row by row: what somebody's bookmarks, scripts and own style sheets rely on."""
import hashlib
import io
import json
import re
import time
import urllib.parse
import xmlrpc.client
import zipfile

import harness
from harness import ask, basic, packages

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "User-Agent": "Mozilla/5.0"}
JSON = {"Accept": "application/json"}

# (address, status, what the answer holds or where it leads). All as a person's browser asks.
PAGES = [
    ("/", 200, 'href="/alice/dev"'),
    ("/alice", 200, 'href="/alice/dev"'),
    ("/alice/", 302, "/alice"),
    ("/alice/dev", 200, 'href="/alice/dev/acme"'),
    ("/alice/dev/", 302, "/alice/dev"),
    ("/alice/dev/acme", 200, 'href="/alice/dev/acme/latest"'),
    ("/alice/dev/acme", 200, 'href="/alice/dev/acme/stable"'),
    ("/alice/dev/acme/", 302, "/alice/dev/acme"),
    ("/alice/dev/Acme", 302, "/alice/dev/acme"),
    ("/alice/dev/acme/1.0", 200, "acme-1.0-py3-none-any.whl"),
    ("/alice/dev/acme/latest", 200, "<h1>acme 1.1rc1</h1>"),
    ("/alice/dev/acme/stable", 200, "<h1>acme 1.0</h1>"),
    ("/alice/dev/acme/9.9", 404, 'class="error"'),
    ("/alice/dev/none", 404, 'class="error"'),
    ("/alice/none", 404, 'class="error"'),
    ("/nobody", 404, 'class="error"'),
    ("/root/pypi", 200, "127.0.0.1"),
    ("/alice/dev/acme/1.0/+doc/", 302, "index.html"),
    ("/alice/dev/acme/1.0/+doc/index.html", 200, "<h1>Docs</h1>"),
    ("/alice/dev/acme/latest/+doc/index.html", 200, "<h1>Docs</h1>"),
    ("/alice/dev/acme/stable/+doc/index.html", 200, "<h1>Docs</h1>"),
    ("/alice/dev/acme/1.0/+doc/none.html", 404, "not found in documentation"),
    ("/alice/dev/acme/1.1rc1/+doc/index.html", 404, "No documentation available."),
    ("/alice/dev/acme/1.0/+d/index.html", 200, "<iframe"),
    ("/alice/dev/acme/1.0/+toxresults/acme-1.0-py3-none-any.whl", 200, "py312"),
    ("/+search?query=acme", 200, 'href="/alice/dev/acme/1.1rc1"'),
    ("/+search?query=", 200, "<main"),
    ("/+search", 200, "<main"),
    ("/+search?query=acme&page=999", 200, "acme"),
    ("/+search?query=acme&page=0", 200, "acme"),
    ("/+search?query=acme&page=x", 200, "acme"),
    ("/+search?query=%28%28", 200, "<main"),
    ("/+searchhelp", 200, "ANDMAYBE"),
    ("/+status", 200, "Server status"),
    ("/+static-0.0.1/bodega.css", 200, "--paper"),
    ("/+theme-static-0.0.1/none.css", 404, ""),
]

# Queries that find the one project, and some that do not.
FINDS = ["acme", "ACME", "name:acme", "user:alice", "index:dev", "type:project acme", "path:/alice/dev/acme", "classifiers:Console", "keywords:anvil",
         "'made of iron'", "acm*", "acme AND iron", "acme iron", "acme OR nowhere", "acme ANDNOT nowhere", "acme ANDMAYBE nowhere", "acme NOT nowhere",
         "(acme OR nowhere) AND iron", "acme^2", "text:iron", "Docs"]
FINDS_NOT = ["nowhere", "acme AND nowhere", "acme NOT iron", "user:bob", "'iron of made'", "name:iron"]

# (address, the classes and ids of devpi-web's templates that are on it)
HOOKS = [
    ("/", ["user_index_list"]),
    ("/alice/dev", ["packages", "permissions", "whitelist", "index_title", "index_description"]),
    ("/alice/dev/acme", ["projectinfo", "projectnavigation", "versions", "#content"]),
    ("/alice/dev/acme/1.0", ["projectinfo", "projectinfos", "projectnavigation", "files", "file_history", "timestamp", "toxresults", "#summary",
                             "#description", "#content"]),
    ("/alice/dev/acme/1.1rc1", ["infonote"]),
    ("/alice/dev/acme/1.0/+toxresults/acme-1.0-py3-none-any.whl", ["toxresults"]),
    ("/+search?query=acme", ["searchresults", "packagename", "packageinfo", "packagedetails"]),
    ("/+searchhelp", ["searchhelp"]),
]


class DevpiWeb(harness.Case):
    @classmethod
    def world(cls):
        super().world()
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev", bases=["root/pypi"], title="Title", description="What it is for", mirror_whitelist=["other"])
        for version in ("1.0", "1.1rc1"):
            fields = ["Keywords: anvil", "Classifier: Environment :: Console"]
            filename, content = packages.make_wheel("acme", version, fields=fields, description="Things that are made of iron.\n")
            cls.post(harness.upload_fields("acme", version, content), filename, content)
        raw = io.BytesIO()
        with zipfile.ZipFile(raw, "w") as archive:
            archive.writestr("index.html", "<title>Docs</title><h1>Docs</h1>")
        cls.docs = raw.getvalue()
        cls.post([(":action", "doc_upload"), ("name", "acme"), ("version", "1.0")], "acme.zip", cls.docs)
        link, _ = cls.bodega.link("acme", "1.0-py3", "alice/dev")
        run = {"python": {"version": "3.12.1", "version_info": [3, 12, 1]}, "setup": [], "test": [{"command": "pytest", "retcode": 0, "output": "ok"}]}
        result = {"reportversion": "1", "toxversion": "4", "host": "h", "platform": "linux", "testenvs": {"py312": run}}
        assert ask(link, "POST", {**JSON, **basic("alice", cls.password)}, json.dumps(result)).status == 200
        deadline = time.monotonic() + 60
        while "acme" not in cls.get("/+search?query=Docs").text.split("<main")[1]:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    @classmethod
    def post(cls, fields, filename, content):
        kind, body = harness.form(fields, filename, content)
        answer = ask(cls.bodega.url + "/alice/dev/", "POST", {**kind, **basic("alice", cls.password)}, body)
        assert answer.status == 200, answer

    @classmethod
    def get(cls, path, headers=HTML, **more):
        return ask(cls.bodega.url + path, headers={**headers, **more})

    def test_every_address_answers_as_it_does_there(self):
        for path, status, what in PAGES:
            with self.subTest(path):
                answer = self.get(path)
                self.assertStatus(answer, status)
                self.assertIn(what, answer["Location"] if status == 302 else answer.text)

    def test_programs_see_what_they_saw_without_it(self):
        for path in ("/", "/alice", "/alice/dev", "/alice/dev/acme", "/alice/dev/acme/1.0", "/+status"):
            for headers in (JSON, {}, {"Accept": "*/*"}):
                self.assertEqual(self.get(path, headers)["Content-Type"], "application/json", path)
        for version in ("latest", "stable"):
            self.assertStatus(self.get("/alice/dev/acme/" + version, JSON), 404)

    def test_documentation_can_be_kept_and_read_in_parts(self):
        path = "/alice/dev/acme/1.0/+doc/index.html"
        whole = self.get(path)
        self.assertEqual(whole["ETag"], '"%s"' % hashlib.sha256(self.docs).hexdigest())
        self.assertEqual(whole["Cache-Control"], "max-age=60")
        self.assertStatus(self.get(path, **{"If-None-Match": whole["ETag"]}), 304)
        part = self.get(path, Range="bytes=0-6")
        self.assertStatus(part, 206)
        self.assertEqual(part.body, whole.body[:7])

    def test_a_result_of_a_test_has_its_own_page(self):
        page = "/alice/dev/acme/1.0/+toxresults/acme-1.0-py3-none-any.whl"
        newest = re.search(r'href="(%s/[^"]+)"' % re.escape(page), self.get(page).text).group(1)
        answer = self.get(newest)
        self.assertStatus(answer, 200)
        for what in ("pytest", 'toxresult passed"', 'class="toxresult_title"', 'class="command passed"'):
            self.assertIn(what, answer.text)

    def test_a_refresh_leads_back_to_the_project(self):
        answer = ask(self.bodega.url + "/root/pypi/six/refresh", "POST", HTML, b"")
        self.assertStatus(answer, 302)
        self.assertTrue(answer["Location"].endswith("/root/pypi/six"))

    def test_every_form_of_a_query_finds_or_does_not(self):
        for query in FINDS + FINDS_NOT:
            with self.subTest(query):
                answer = self.get("/+search?query=" + urllib.parse.quote(query))
                self.assertStatus(answer, 200)
                self.assertEqual('class="packagename"' in answer.text, query in FINDS, query)

    def test_old_tools_search_by_xmlrpc(self):
        server = xmlrpc.client.ServerProxy(self.bodega.url + "/alice/dev/")
        hits = server.search({"name": "acme", "summary": "acme"}, "or")
        self.assertEqual([hit["name"] for hit in hits], ["acme"])
        self.assertTrue(hits[0]["summary"].startswith("[alice/dev] "), hits)
        self.assertIn("_pypi_ordering", hits[0])
        with self.assertRaises(xmlrpc.client.Fault) as caught:
            server.list_packages()
        self.assertEqual(caught.exception.faultCode, 1)

    def test_the_hooks_of_style_sheets_are_there(self):
        for path, hooks in HOOKS:
            text = self.get(path).text
            classes = {word for group in re.findall(r'class="([^"]*)"', text) for word in group.split()}
            ids = {"#" + word for word in re.findall(r' id="([^"]*)"', text)}
            self.assertEqual(set(hooks) - classes - ids, set(), path)


if __name__ == "__main__":
    harness.main()
