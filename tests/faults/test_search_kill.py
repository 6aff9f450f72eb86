#!/usr/bin/python3
"""kill -9 at random moments while the search index is being made: each start goes on where the last one was, nothing is found damaged, and in
the end everything is found. And what the files of the index hold does not matter: damaged ones are made anew.

BODEGA_KILLS says how often (default 12), BODEGA_SEED repeats a run."""
import json
import os
import pathlib
import random
import re
import shutil
import sys
import time
import urllib.parse
import xmlrpc.client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import ask, basic, wait_for  # noqa: E402

KILLS = int(os.environ.get("BODEGA_KILLS") or 12)
SEED = int(os.environ.get("BODEGA_SEED") or time.time())
PROJECTS = 300
WORDS = ["word%d" % i for i in range(3000)]


class SearchKilled(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin(mini=True)
        cls.bodega = cls.make_bodega(cls.origin.index)
        password = cls.bodega.make_user("alice")
        cls.bodega.make_index("alice/dev")
        chance = random.Random(SEED)
        for number in range(PROJECTS):
            fields = [(":action", "submit"), ("name", "project-%d" % number), ("version", "1.0"), ("summary", "zebra number%d" % number),
                      ("description", " ".join(chance.choices(WORDS, k=600)))]
            kind, body = harness.form(fields)
            answer = ask(cls.bodega.url + "/alice/dev/", "POST", {**kind, **basic("alice", password)}, body)
            assert answer.status == 200, answer

    def search(self, query):
        answer = self.bodega.get("/+search?query=" + urllib.parse.quote(query), {"Accept": "application/json"})
        self.assertStatus(answer, 200)
        return json.loads(answer.text)

    def metric(self, name):
        return float(re.search(r"^%s (\S+)$" % name, self.bodega.get("/+metrics").text, re.M).group(1))

    def whole(self):
        return self.metric("bodega_search_waiting") == 0 and self.search("zebra")["total"] == PROJECTS

    def wipe(self):
        shutil.rmtree(self.bodega.data / "search")

    def test_a_kill_costs_what_is_missing(self):
        self.bodega.stop()
        self.wipe()
        chance = random.Random(SEED)
        for _ in range(KILLS):
            self.bodega.start()
            self.assertStatus(self.bodega.get("/+search?query=zebra", {"Accept": "application/json"}), 200)
            time.sleep(chance.uniform(0, 0.8))
            self.bodega.kill()
        self.bodega.start()
        wait_for(self.whole, what="the whole index (seed %d)" % SEED)
        self.assertEqual(self.search("number17 zebra")["hits"][0]["project"], "project-17")
        self.assertEqual(self.metric("bodega_search_rebuilds_total"), 0)
        self.assertFalse(re.search(r"search\.(unusable|names_unusable|failed)", self.bodega.log()), "something was found damaged")
        self.bodega.stop()
        self.bodega.start()
        wait_for(self.whole, what="the whole index after a stop")
        self.assertLess(self.metric("bodega_search_indexed_total"), PROJECTS / 2, "what was indexed is not indexed again")

    def test_damaged_files_are_made_anew(self):
        chance = random.Random(SEED + 1)
        wait_for(self.whole, what="the whole index")
        self.bodega.stop()
        files = sorted(path for path in (self.bodega.data / "search").rglob("*") if path.is_file() and path.stat().st_size)
        for path in files:
            content = bytearray(path.read_bytes())
            for _ in range(20):
                content[chance.randrange(len(content))] ^= 0xFF
            path.write_bytes(content[: chance.randrange(1, len(content) + 1)])
        self.bodega.start()
        wait_for(self.whole, what="the whole index (seed %d)" % SEED)

    def test_old_tools_search(self):
        wait_for(self.whole, what="the whole index")
        server = xmlrpc.client.ServerProxy(self.bodega.url + "/alice/dev")
        found = server.search({"name": ["project-17"], "summary": ["project-17"]}, "or")
        self.assertEqual((found[0]["name"], found[0]["version"]), ("project-17", "1.0"))
        with self.assertRaises(xmlrpc.client.Fault) as refused:
            server.list_packages()
        self.assertEqual(refused.exception.faultCode, 1)


if __name__ == "__main__":
    harness.main()
