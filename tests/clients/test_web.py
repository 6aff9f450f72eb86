#!/usr/bin/python3
"""The pages over real HTTP: a login behind a proxy that ends TLS and adds a prefix, pages of other sites, what a cookie is good for, sizes."""
import gzip
import re
import urllib.parse

import harness
from harness import ask, basic, packages

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "User-Agent": "Mozilla/5.0"}
PROXY = {"X-Outside-Url": "https://packages.example/bodega"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Web(harness.Case):
    @classmethod
    def world(cls):
        cls.bodega = cls.make_bodega(args=["--trusted-proxies", "127.0.0.1/32", "--allowed-hosts", "packages.example"])
        cls.password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev")
        cls.bodega.make_index("alice/closed", acl_pkg_read=["alice"])

    def get(self, path, **headers):
        return ask(self.bodega.url + path, headers={**HTML, **headers})

    def post(self, path, fields, **headers):
        return ask(self.bodega.url + path, "POST", {**HTML, **FORM, **headers}, urllib.parse.urlencode(fields).encode())

    def log_in(self, **headers):
        """The cookie."""
        answer = self.post("/+manage/login", {"user": "alice", "password": self.password, "back": "/alice/dev"}, **headers)
        self.assertStatus(answer, 303)
        return answer, answer["Set-Cookie"].split(";")[0]

    def word(self, page):
        return re.search(r'name="csrf" value="(\w+)"', page.text).group(1)

    def test_behind_a_proxy_links_have_its_prefix_and_the_cookie_is_for_https_only(self):
        answer, cookie = self.log_in(**PROXY)
        self.assertEqual(answer["Location"], "/bodega/alice/dev")
        self.assertRegex(answer["Set-Cookie"], r"^__Host-bodega-session=ws1\.[^;]+; Path=/; HttpOnly; SameSite=Lax; Max-Age=36000; Secure$")
        page = self.get("/alice/dev", Cookie=cookie, **PROXY)
        for link in re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text):
            self.assertTrue(link.startswith("/bodega/"), link)
        self.assertIn("https://packages.example/bodega/alice/dev/+simple/", page.text)
        self.assertIn("Logged in as alice", page.text)
        # Over plain HTTP the name without the prefix counts, and only that.
        self.assertNotIn("Logged in as alice", self.get("/alice/dev", Cookie=cookie).text)

    def test_every_link_of_every_page_leads_somewhere(self):
        _, cookie = self.log_in()
        seen, waiting = {}, ["/", "/alice/closed"]
        while waiting:
            path = waiting.pop()
            if path in seen or "/+simple" in path or len(seen) > 300:
                continue
            answer = self.get(path, Cookie=cookie)
            seen[path] = answer
            self.assertLess(len(answer.body), 60_000, path)
            waiting += [link.split("#")[0].replace("&amp;", "&") for link in re.findall(r'(?:href|src)="(/[^"]*)"', answer.text)]
        broken = {path: answer.status for path, answer in seen.items() if answer.status >= 400}
        # Handlers of the search and feeds may be absent, never broken.
        self.assertEqual({path for path, status in broken.items() if status != 404}, set(), broken)
        self.assertGreater(len(seen), 15)

    def test_a_page_of_another_site_changes_nothing(self):
        _, cookie = self.log_in()
        word = self.word(self.get("/+manage/index/alice/dev", Cookie=cookie))
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
            answer = self.post("/+manage/delete-index/alice/dev", {"csrf": word, "sure": "alice/dev"}, Cookie=cookie, **headers)
            self.assertStatus(answer, 403)
            self.assertStatus(self.post("/+manage/login", {"user": "alice", "password": self.password}, **headers), 403)
        self.assertStatus(self.get("/alice/dev"), 200)

    def test_a_wheel_is_dropped_read_and_deleted(self):
        _, cookie = self.log_in()
        word = self.word(self.get("/+manage/upload/alice/dev", Cookie=cookie))
        filename, content = packages.make_wheel("dropped", "1.0")
        kind, body = harness.form([("csrf", word)], filename, content)
        answer = ask(self.bodega.url + "/+manage/upload/alice/dev", "POST", {**HTML, **kind, "Cookie": cookie}, body)
        self.assertStatus(answer, 303)
        self.assertIn(filename, self.get("/alice/dev", Cookie=cookie).text)
        url, _ = self.bodega.link("dropped", "^" + re.escape(filename), "alice/dev")
        self.assertEqual(ask(url).body, content)
        deleted = self.post("/+manage/delete/alice/dev", {"csrf": word, "project": "dropped", "back": "/alice/dev"}, Cookie=cookie)
        self.assertStatus(deleted, 303)
        self.assertStatus(ask(url), 410)

    def test_pages_are_compressed_and_asked_for_anew(self):
        plain = self.get("/")
        packed = self.get("/", **{"Accept-Encoding": "gzip"})
        self.assertEqual(gzip.decompress(packed.body), plain.body)
        self.assertStatus(self.get("/", **{"If-None-Match": plain["ETag"]}), 304)
        self.assertStatus(self.get("/", **{"If-None-Match": plain["ETag"], "Cookie": self.log_in()[1]}), 200)

    def test_a_closed_index_is_for_who_is_logged_in(self):
        self.assertStatus(self.get("/alice/closed"), 404)
        self.assertEqual(re.sub("nowhere", "closed", self.get("/alice/nowhere").text), self.get("/alice/closed").text)
        page = self.get("/alice/closed", Cookie=self.log_in()[1])
        self.assertStatus(page, 200)
        self.assertEqual(page["Cache-Control"], "private, no-cache")
        self.assertStatus(ask(self.bodega.url + "/alice/closed", headers={**HTML, **basic("alice", self.password)}), 200)


if __name__ == "__main__":
    harness.main()
