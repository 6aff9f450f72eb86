#!/usr/bin/python3
"""Hosted indexes above a mirror, as plain HTTP: inheritance, private names that no upstream hears of, who may use which Host, the addresses
for operators, and what the log must never hold."""
import re
import urllib.parse

import harness
from harness import JSON_TYPE, PIP_ACCEPT, ask, basic, packages

MOZILLA = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept": "text/html"}


def put(bodega, index, name, version, user="alice", password=None, content=None, fields=None, **headers):
    """Uploads a wheel; the answer."""
    filename, made = packages.make_wheel(name, version)
    content = made if content is None else content
    kind, body = harness.form(fields or harness.upload_fields(name, version, content), filename, content)
    known = basic(user, password) if password else {}
    return ask("%s/%s/" % (bodega.url, index), "POST", {**kind, **known, **headers}, body)


class Stages(harness.Case):
    @classmethod
    def world(cls):
        super().world()
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev", bases=["root/pypi"])
        cls.bodega.make_index("alice/team", bases=["alice/dev"])
        cls.bodega.make_index("alice/open", bases=["root/pypi"], mirror_whitelist=["six"])

    def setUp(self):
        self.origin.reset()

    def put(self, index, name, version, **more):
        answer = put(self.bodega, index, name, version, password=self.password, **more)
        self.assertStatus(answer, 200)
        return packages.make_wheel(name, version)

    def files(self, index, project):
        answer = self.bodega.page(project, index)
        self.assertStatus(answer, 200, "%s of %s" % (project, index))
        return [f["filename"] for f in answer.json()["files"]]

    def test_a_stage_shows_the_mirrors_projects(self):
        theirs = [f["filename"] for f in self.origin.page("markupsafe")["files"]]
        for index in ("alice/dev", "alice/team"):
            self.assertEqual(self.files(index, "markupsafe"), theirs)
            entry, content = self.origin.file("markupsafe", r"whl$")
            url, _ = self.bodega.link("markupsafe", "^" + re.escape(entry["filename"]), index)
            self.assertTrue(url.startswith(self.bodega.url + "/root/pypi/+f/"), url)
            self.assertEqual(ask(url).body, content)
        # Behind a prefix as well.
        for file in self.bodega.page("markupsafe", "alice/dev").json()["files"]:
            self.assertTrue(urllib.parse.urljoin("http://p.example/x/alice/dev/+simple/markupsafe/", file["url"]).startswith("http://p.example/x/root/pypi/+f/"))

    def test_an_upload_is_on_the_page_at_once(self):
        for version in ("1.0", "1.1", "1.2"):
            filename, content = self.put("alice/dev", "at-once", version)
            for index in ("alice/dev", "alice/team"):
                self.assertIn(filename, self.files(index, "at-once"))
                url, entry = self.bodega.link("at-once", re.escape(filename), index)
                answer = ask(url)
                self.assertEqual(answer.body, content)
                self.assertEqual(entry["hashes"], {"sha256": answer.sha256()})
                self.assertEqual(entry["size"], len(content))
                self.assertEqual(entry["requires-python"], ">=3.7")
                self.assertRegex(entry["upload-time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")
                meta = ask(url + ".metadata")
                self.assertEqual(meta.body, packages.wheel_metadata(content))
                self.assertEqual(entry["core-metadata"], {"sha256": meta.sha256()})
        page = self.bodega.page("at-once", "alice/dev")
        self.assertEqual(sorted(page.json()["versions"]), ["1.0", "1.1", "1.2"])
        self.assertRegex(page["Cache-Control"], r"max-age=([0-9]|[1-5][0-9]|60)\b")
        listed = [p["name"] for p in ask(self.bodega.url + "/alice/dev/+simple/", headers={"Accept": JSON_TYPE}).json()["projects"]]
        self.assertIn("at-once", listed)
        self.assertIn("six", [n.lower() for n in listed])

    def test_a_private_name_is_never_asked_upstream(self):
        name = "acme-private-thing"
        filename, content = self.put("alice/dev", name, "1.0")
        self.origin.log(clear=True)
        for index in ("alice/dev", "alice/team"):
            self.assertEqual(self.files(index, name), [filename])
            url, _ = self.bodega.link(name, "whl", index)
            self.assertEqual(ask(url).body, content)
            self.assertStatus(ask(url + ".metadata"), 200)
            for agent in ("pip/23.0.1 {}", "uv/0.13.8 {}"):
                self.assertStatus(self.bodega.get("/%s/%s/" % (index, name), {"User-Agent": agent, "Accept": PIP_ACCEPT}), 200)
        self.assertStatus(self.bodega.api("GET", "/alice/dev"), 200)
        self.assertEqual(self.origin.asked("acme"), [], "the upstream heard a private name")

    def test_uploading_asks_nobody(self):
        self.origin.log(clear=True)
        self.put("alice/dev", "acme-quiet", "1.0")
        self.assertEqual(self.origin.asked(), [])

    def test_a_private_name_is_not_mixed_with_the_mirrors(self):
        # Dependency confusion: somebody publishes a higher version of our name on the public index.
        theirs = [f["filename"] for f in self.origin.page("click")["files"]]
        filename, _ = self.put("alice/dev", "click", "0.1")
        for index in ("alice/dev", "alice/team"):
            self.assertEqual(self.files(index, "click"), [filename])
        self.assertEqual(self.files("root/pypi", "click"), theirs, "the mirror itself goes on")

    def test_a_whitelisted_name_mixes(self):
        filename, _ = self.put("alice/open", "six", "0.1")
        mixed = self.files("alice/open", "six")
        self.assertEqual(mixed[0], filename)
        self.assertEqual(mixed[1:], [f["filename"] for f in self.origin.page("six")["files"]])

    def test_a_failing_base_is_an_error_and_no_absence(self):
        self.origin.control(status_override=[{"path": "^/simple/idna/", "status": 500}])
        answer = self.bodega.page("idna", "alice/dev")
        self.assertIn(answer.status, (502, 503, 504))
        self.assertIsNotNone(answer["Retry-After"])
        self.origin.reset()
        harness.wait_for(lambda: self.bodega.page("idna", "alice/dev").status == 200, 15, "the upstream's recovery")

    def test_a_name_that_nobody_has(self):
        answer = self.bodega.page("nobody-has-this", "alice/dev")
        self.assertStatus(answer, 404)
        self.origin.log(clear=True)
        self.assertStatus(self.bodega.page("nobody-has-this", "alice/dev"), 404)
        self.assertEqual(self.origin.asked(), [], "the absence is remembered")
        filename, _ = self.put("alice/dev", "nobody-has-this", "1.0")
        self.assertEqual(self.files("alice/dev", "nobody-has-this"), [filename])

    def test_an_index_that_does_not_exist(self):
        for path in ("/alice/nope/+simple/six/", "/nobody/at-all/+simple/", "/nobody/at-all/+f/abc/0123456789abc/x-1.0.tar.gz"):
            self.assertStatus(self.bodega.get(path, {"Accept": PIP_ACCEPT}), 404, path)


class Hosts(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin()
        cls.bodega = cls.make_bodega(cls.origin.index, args=["--public-url", "https://packages.example.org", "--allowed-hosts", "intern.example",
                                                             "--allowed-hosts", "*.wild.example"])

    def test_package_clients_need_no_configuration(self):
        for host in ("evil.example", "10.1.2.3:3141", "packages.example.org"):
            for agent in ("pip/23.0.1 {}", "uv/0.13.8 {}", "twine/4.0.2", "python-requests/2.28", None):
                headers = {"Host": host, "Accept": PIP_ACCEPT, **({"User-Agent": agent} if agent else {})}
                self.assertStatus(ask(self.bodega.index + "six/", headers=headers), 200, (host, agent))

    def test_browsers_only_under_known_names(self):
        port = self.bodega.port
        for host in ("127.0.0.1:%d" % port, "localhost:%d" % port, "localhost", "[::1]:%d" % port, "packages.example.org", "intern.example",
                     "intern.example:8080", "a.wild.example", "10.0.0.1:3141"):  # an address cannot be rebound
            self.assertStatus(self.bodega.get("/root/pypi/+simple/six/", {**MOZILLA, "Host": host}), 200, host)
        for host in ("evil.example", "127.0.0.1.evil.example", "packages.example.org.evil.example", "evil.example:%d" % port, "wild.example.evil.test"):
            for headers in (MOZILLA, {"Origin": "http://" + host}, {"Sec-Fetch-Site": "same-origin"}):
                for path in ("/", "/root/pypi/+simple/six/", "/+status"):
                    answer = self.bodega.get(path, {**headers, "Host": host})
                    self.assertStatus(answer, 421, (host, headers, path))
                    self.assertIn("allowed-hosts", answer.text)

    def test_absolute_links_follow_a_loopback_proxys_scheme(self):
        answer = self.bodega.get("/+api", {"Accept": "application/json", "Host": "packages.example.org", "X-Forwarded-Proto": "https"})
        self.assertStatus(answer, 200)
        self.assertTrue(answer.json()["result"]["login"].startswith("https://packages.example.org/"), answer.text)


class Operations(harness.Case):
    def test_health(self):
        for path in ("/+health/live", "/+health/ready"):
            answer = self.bodega.get(path)
            self.assertStatus(answer, 200)
            self.assertEqual(answer["Content-Type"].split(";")[0], "application/json")
            self.assertIn("status", answer.json())
        # Readiness never depends on the upstream: what is cached is served without it.
        self.origin.stop()
        try:
            self.assertStatus(self.bodega.get("/+health/ready"), 200)
        finally:
            self.origin.start()

    def test_status_is_devpis(self):
        answer = self.bodega.get("/+status", {"Accept": "application/json"})
        self.assertStatus(answer, 200)
        self.assertEqual(answer.json()["type"], "status")
        result = answer.json()["result"]
        for key in ("serverdir", "uuid", "versioninfo", "host", "port", "outside-url", "serial", "last-commit-timestamp", "event-serial", "metrics", "role"):
            self.assertIn(key, result)
        self.assertIn("devpi-server", result["versioninfo"])
        self.assertEqual(result["port"], self.bodega.port)
        for name in ("X-Devpi-Api-Version", "X-Devpi-Server-Version", "X-Devpi-Uuid", "X-Devpi-Serial", "X-Bodega-Version"):
            self.assertTrue(answer[name], name)

    def metric(self, name, **labels):
        total = 0.0
        for line in self.bodega.get("/+metrics").text.splitlines():
            found = re.match(r"(\w+)(?:\{(.*)\})? (\S+)$", line)
            if found and found.group(1) == name and all('%s="%s"' % item in (found.group(2) or "") for item in labels.items()):
                total += float(found.group(3))
        return total

    def test_metrics(self):
        answer = self.bodega.get("/+metrics")
        self.assertStatus(answer, 200)
        self.assertTrue(answer["Content-Type"].startswith("text/plain"))
        for line in answer.text.splitlines():
            self.assertRegex(line, r"^(#.*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{.*\})? [-+0-9.eEinfNa]+)$")
        before = self.metric("bodega_http_requests_total", route="simple.project")
        upstream = self.metric("bodega_upstream_requests_total")
        for _ in range(5):
            self.assertStatus(self.bodega.page("blinker"), 200)
        self.assertEqual(self.metric("bodega_http_requests_total", route="simple.project"), before + 5)
        self.assertEqual(self.metric("bodega_upstream_requests_total"), upstream + 1)
        url, _ = self.bodega.link("blinker", r"whl$")
        size = len(ask(url).body)
        harness.wait_for(lambda: self.metric("bodega_cache_bytes") >= size, 5, "the file's bytes in the metrics")
        self.assertGreaterEqual(self.metric("bodega_cache_files"), 1)
        self.assertGreater(self.metric("process_resident_memory_bytes"), 1 << 20)

    def test_failures_are_counted_with_their_route(self):
        self.origin.control(gone=["no-such-thing"])
        before = self.metric("bodega_http_requests_total", route="simple.project")
        self.assertStatus(self.bodega.page("no-such-thing"), 404)
        self.assertEqual(self.metric("bodega_http_requests_total", route="simple.project"), before + 1)

    def test_the_cache_outcome_is_told(self):
        self.origin.reset()
        first = self.bodega.page("certifi")
        self.assertEqual(first["X-Cache"], "miss")
        self.assertEqual(self.bodega.page("certifi")["X-Cache"], "hit")
        url, _ = self.bodega.link("certifi", r"whl$")
        self.assertEqual(ask(url)["X-Cache"], "miss")
        # The client has the last byte a moment before the file has its place on the disk; until then others join.
        harness.wait_for(lambda: ask(url)["X-Cache"] == "hit", 5, "a hit")
        self.assertRegex(self.bodega.log(), r"(?m)http\.request .*target=/root/pypi/\+simple/certifi/ .*status=200 .*cache=hit")


class Secrets(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin()
        cls.upstream = cls.origin.index.replace("http://", "http://mirror-user:upstream-secret-word@")
        cls.bodega = cls.make_bodega(cls.upstream, args=["--log-level", "debug"])

    def test_neither_log_nor_answers_hold_a_secret(self):
        self.origin.control(status_override=[{"path": "^/simple/idna/", "status": 500}])
        password = self.bodega.make_user("alice", "alices-secret-word")
        self.bodega.make_index("alice/dev", bases=["root/pypi"])
        texts = [self.bodega.page("six").text, self.bodega.page("idna").text]
        login = self.bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None)
        self.assertStatus(login, 200)
        token = login.json()["result"]["password"]
        self.assertStatus(self.bodega.api("POST", "/+login", {"user": "alice", "password": "a-wrong-secret-word"}, user=None), 401)
        put(self.bodega, "alice/dev", "acme", "1.0", password=token)
        put(self.bodega, "alice/dev", "acme", "1.0", password="another-wrong-secret-word")
        for headers in ({}, basic("alice", password)):
            for path in ("/", "/root", "/root/pypi", "/+status", "/+metrics", "/root/pypi/+api", "/alice"):
                texts.append(self.bodega.get(path, {"Accept": "application/json", **headers}).text)
        self.bodega.get("/root/pypi/+simple/six/?token=query-secret-word")
        ask(self.bodega.index + "six/", headers={"Authorization": "Bearer bearer-secret-word"})
        # The upstream got its credentials, and nobody else did.
        sent = [dict(e["headers"]).get("Authorization") for e in self.origin.log()]
        self.assertIn(basic("mirror-user", "upstream-secret-word")["Authorization"], sent)
        log = self.bodega.log() + self.bodega.process.output()
        self.assertIn("http.request", log)
        for secret in ("upstream-secret-word", password, token, "wrong-secret-word", "query-secret-word", "bearer-secret-word", harness.ROOT_PASSWORD):
            self.assertNotIn(secret, log)
        for text in texts:
            self.assertNotIn("upstream-secret-word", text)
            self.assertNotIn("argon2", text)

    def test_not_on_disk_in_plain(self):
        self.bodega.make_user("bob", "bobs-secret-word-on-disk")
        for path in self.bodega.data.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                self.assertNotIn(b"bobs-secret-word-on-disk", content, path)
                self.assertNotIn(harness.ROOT_PASSWORD.encode(), content, path)


if __name__ == "__main__":
    harness.main()
