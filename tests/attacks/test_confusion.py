#!/usr/bin/python3
"""A name that is ours and somebody else's, too: dependency confusion in every spelling and during races; and names that are ours alone, which
no upstream and no stranger ever learns. (Birsan 2021, torchtriton 2022, zot CVE-2024-39897, distribution CVE-2026-35172.)"""
import hashlib
import itertools
import json
import re
import threading
import time
import urllib.parse

import victim
from victim import ask, basic, harness, packages

# Normalised, all are one project (PEP 503).
SPELLINGS = ("Our-Secret_Lib", "our.secret.lib", "OUR--SECRET__LIB", "our_secret-lib", "Our.-_Secret.Lib", "our-secret-lib")
ACCEPTS = (harness.JSON_TYPE, harness.HTML_TYPE, "text/html", "*/*", "application/json", harness.PIP_ACCEPT)


class Confusion(victim.Victim):
    @classmethod
    def world(cls):
        extra = cls.directory / "extra"
        extra.mkdir()
        for version in ("99.0", "100.0"):
            for name in ["our-secret-lib", "race-lib"] + ["raced%d" % n for n in range(40)]:
                filename, content = packages.make_wheel(name, version)
                (extra / filename).write_bytes(content)
        cls.origin = cls.make_origin(mini=True, args=["--extra", extra])
        cls.bodega = cls.make_bodega(cls.origin.index)
        cls.furnish()
        cls.bodega.api("PUT", "/ann/team", {"type": "stage", "bases": ["ann/dev", "root/pypi"], "volatile": True}, user="ann", password=cls.passwords["ann"])
        cls.bodega.api("PUT", "/ann/above", {"type": "stage", "bases": ["ann/team"]}, user="ann", password=cls.passwords["ann"])

    def put(self, name, version="1.0", index="ann/team"):
        filename, content = packages.make_wheel(name, version)
        self.assertEqual(self.upload(index, name, version, filename, content).status, 200)
        return filename, content

    def pages(self, name):
        for index, accept in itertools.product(("ann/team", "ann/above"), ACCEPTS):
            for path in ("/%s/+simple/%s/" % (index, name), "/%s/+simple/%s" % (index, name), "/%s/%s" % (index, name), "/%s/%s/" % (index, name)):
                answer = self.bodega.get(path, {"Accept": accept, "User-Agent": "pip/25.0"})
                while answer.status in (301, 302):
                    answer = self.bodega.get(urllib.parse.urlsplit(urllib.parse.urljoin(path, answer["Location"])).path, {"Accept": accept, "User-Agent": "pip/25.0"})
                yield path, answer

    def check_ours_only(self, spellings=SPELLINGS):
        count = 0
        for spelling in spellings:
            for path, answer in self.pages(spelling):
                self.assertLess(answer.status, 500, (path, answer))
                self.assertNotRegex(answer.text, r"-(99|100)\.0", (path, answer))
                count += 1
        return count

    def test_a_private_name_has_no_public_files_in_any_spelling_and_state(self):
        public = self.origin.page("our-secret-lib")["files"]
        paths = [urllib.parse.urlsplit(entry["url"]).path for entry in public]
        self.origin.log(clear=True)
        filename, content = self.put("Our.Secret-Lib")
        count = self.check_ours_only()
        # The public files under their addresses, through the stage: not there. Whole, and its .metadata.
        for path, entry in zip(paths, public):
            digest = entry["hashes"]["sha256"]
            for index in ("ann/team", "ann/above"):
                for address in ("/+f" + path, "/+e" + path, "/+f/%s/%s/%s" % (digest[:3], digest[3:16], entry["filename"])):
                    for end in ("", ".metadata"):
                        self.assertEqual(self.bodega.get("/" + index + address + end).status, 404, (index, address, end))
                        count += 1
        # Yanked; without its files; registered only; another version; deleted and made again.
        url, _ = self.bodega.link("our-secret-lib", "whl", "ann/team")
        own = basic("ann", self.passwords["ann"])
        self.assertEqual(ask(url.split("#")[0], "PATCH", {**own, "Content-Type": "application/json"}, json.dumps({"yanked": "gone"})).status, 200)
        count += self.check_ours_only()
        headers, body = harness.form([(":action", "submit"), ("name", "our-secret-lib"), ("version", "2.0")])
        self.assertEqual(ask(self.bodega.url + "/ann/team/", "POST", {**headers, **own}, body).status, 200)
        self.assertIn(self.bodega.api("DELETE", "/ann/team/our-secret-lib/1.0", user="ann", password=self.passwords["ann"]).status, (200, 201))
        count += self.check_ours_only()
        self.assertFalse(self.origin.asked("our|OUR"), "the upstream learned a private name")
        print("\n%d answers without a public file" % count)

    def test_a_name_becomes_private_while_its_public_page_is_fetched(self):
        """Whatever answers after the acknowledged upload is ours alone."""
        wrong = []
        for number in range(20):
            name = "raced%d" % number
            self.origin.control(latency_ms=60, match="simple/%s/" % name)
            stop, acknowledged = threading.Event(), []

            def read():
                while not stop.is_set():
                    before = bool(acknowledged)
                    answer = self.bodega.page(name, "ann/above" if number % 2 else "ann/team")
                    if before and (answer.status != 200 or re.search(r"-(99|100)\.0", answer.text)):
                        wrong.append((name, answer.status, answer.text[:300]))

            readers = [threading.Thread(target=read) for _ in range(4)]
            for reader in readers:
                reader.start()
            time.sleep(0.015 * (number % 8))
            self.put(name)
            acknowledged.append(True)
            time.sleep(0.1)
            stop.set()
            for reader in readers:
                reader.join()
        self.origin.reset()
        self.assertFalse(wrong)

    def test_a_public_page_in_the_cache_goes_when_the_name_becomes_private(self):
        for number in range(20, 40):
            name = "raced%d" % number
            self.assertIn("99.0", self.bodega.page(name, "ann/team").text)
            url, entry = self.bodega.link(name, "99", "ann/team")
            self.assertEqual(hashlib.sha256(ask(url.split("#")[0]).body).hexdigest(), entry["hashes"]["sha256"])  # hot now
            self.put(name)
            self.check_ours_only([name])
            self.assertEqual(self.bodega.get("/ann/team" + urllib.parse.urlsplit(url).path.split("/ann/team")[-1].split("/root/pypi")[-1]).status, 404)


class Leaks(victim.Victim):
    def search_settled(self):
        """Returns when the search has read what was asked of it: until then its page says what it does not know yet, and that comes and goes."""
        page = self.bodega.url + "/+search?query=nothinpkg"
        harness.wait_for(lambda: "infonote" not in ask(page, headers={"Accept": "text/html"}).text, what="a search that knows everything")

    def test_a_stranger_reads_nothing_by_digest_or_by_neighbour(self):
        """By another index's address, by the digest alone, by the metadata, by push, by a copy of the same bytes."""
        filename, content = packages.make_wheel("secretpkg", "1.0")
        digest = hashlib.sha256(content).hexdigest()
        closed = [f for f in (self.bodega.data / "blobs").rglob("*") if f.is_file()]
        self.assertGreater(len(closed), 0)
        own = self.bodega.api("GET", "/ann/closed/+simple/secretpkg/", None, "ann", self.passwords["ann"], Accept=harness.JSON_TYPE).json()["files"][0]
        digest = own["hashes"]["sha256"]
        bob = basic("bob", self.passwords["bob"])
        make = lambda **options: self.bodega.api("PUT", "/bob/mine", {"type": "stage", **options}, user="bob", password=self.passwords["bob"])
        self.assertEqual([make(bases=[base]).json()["message"].replace(base, "IT") for base in ("ann/closed", "ann/nothing")],
                         [make(bases=["ann/nothing"]).json()["message"].replace("ann/nothing", "IT")] * 2)
        self.assertEqual(make().status, 200)
        for headers in ({}, bob):
            for index in ("ann/closed", "ann/dev", "bob/mine"):  # who asks the mirror itself asks its upstream
                for place in ("+f", "+e"):
                    for end in ("", ".metadata", "?json_info_api=1"):
                        for name in (filename, "x.whl", "secretpkg"):
                            got = ask("%s/%s/%s/%s/%s/%s%s" % (self.bodega.url, index, place, digest[:3], digest[3:16], name, end), headers=headers)
                            self.assertIn(got.status, (404, 401), (index, place, name, end, got))
                            self.assertNotIn(b"PK\x03\x04", got.body)
                for path in ("/%s", "/%s/secretpkg", "/%s/secretpkg/1.0", "/%s/+simple/", "/%s/+simple/secretpkg/"):
                    for accept in ACCEPTS:
                        got = ask(self.bodega.url + path % index, headers={**headers, "Accept": accept})
                        told = got.text.replace("secretpkg", "", 3 if "secretpkg" in path else 0)  # the question may be said again
                        self.assertNotRegex(told, "secretpkg-1|" + digest[:16], (path % index, got))
            for path in ("/", "/ann", "/+status", "/+metrics", "/+api", "/ann/+api", "/+search?query=closed", "/+search?prefix=closed"):
                for accept in ACCEPTS:
                    got = ask(self.bodega.url + path, headers={**headers, "Accept": accept})
                    self.assertNotRegex(got.text, "secretpkg|ann/closed", (path, got.text[:500]))
            self.search_settled()
            # The question is said again, so the answer is held against that for a name that nobody has.
            for path in ("/+search?query=%s", "/+search?prefix=%s", "/+search?query=%s%%20index:ann/closed", "/+search?query=%sx"):
                for accept in ACCEPTS:
                    told = [ask(self.bodega.url + path % name, headers={**headers, "Accept": accept}).text.replace(name, "IT") for name in ("secretpkg", "nothinpkg")]
                    self.assertEqual(told[0], told[1], path)
        push = {"name": "secretpkg", "version": "1.0", "targetindex": "bob/mine"}
        got = self.bodega.api("POST", "/ann/closed", push, user="bob", password=self.passwords["bob"])
        self.assertIn(got.status, (403, 404), got)
        # An upload of the same bytes elsewhere gives no right to the other address, and its deletion takes nothing away.
        self.assertEqual(self.upload("bob/mine", "secretpkg", "1.0", filename, content, user="bob").status, 200)
        self.assertIn(self.bodega.api("DELETE", "/bob/mine/secretpkg?force", user="bob", password=self.passwords["bob"]).status, (200, 201))
        still = ask(urllib.parse.urljoin(self.bodega.url + "/ann/closed/+simple/secretpkg/", own["url"]), headers=basic("ann", self.passwords["ann"]))
        self.assertEqual((still.status, still.sha256()), (200, digest))
        self.assertFalse(self.origin.asked("secretpkg"))


if __name__ == "__main__":
    harness.main()
