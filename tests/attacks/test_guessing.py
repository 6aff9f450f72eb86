#!/usr/bin/python3
"""Guessing: passwords, names and tokens, by many tries, by time, by somebody else's address; and floods of the costliest question there is.
(Harbor CVE-2019-19030 and CVE-2023-20902, Artifactory CVE-2019-9733, Harbor CVE-2019-16097.)"""
import http.client
import itertools
import json
import re
import statistics
import threading
import time

import victim
from victim import ask, basic, harness


class Guessing(victim.Victim):
    arguments = ["--trusted-proxies", "127.0.0.9"]

    def login(self, user, password, **headers):
        return ask(self.bodega.url + "/+login", "POST", {"Content-Type": "application/json", "Accept": "application/json", **headers}, json.dumps({"user": user, "password": password}))

    def test_1_an_unknown_user_looks_like_a_wrong_password(self):
        known, unknown = self.login("ann", "wrong"), self.login("nobody-here", "wrong")
        told = [re.sub("ann|nobody-here", "IT", answer.text) for answer in (known, unknown)]
        self.assertEqual((known.status, known.reason, told[0]), (unknown.status, unknown.reason, told[1]))
        self.assertEqual({name.lower() for name in known.headers}, {name.lower() for name in unknown.headers})

    def test_2_an_address_has_ten_wrong_tries(self):
        """Whatever the headers say of it, and whoever is tried."""
        statuses = []
        for number in range(14):
            spoof = {"X-Forwarded-For": "10.0.0.%d" % number, "X-Real-IP": "10.1.0.%d" % number, "Forwarded": "for=10.2.0.%d" % number, "X-Client-IP": "10.3.0.%d" % number,
                     "X-Outside-Url": "http://evil%d.test" % number, "Tailscale-User-Login": "ann@example.org"}
            answer = self.login("ghost%d" % number, "wrong", **spoof)
            statuses.append(answer.status)
            self.assertNotIn("evil", answer.text)
        self.assertEqual(statuses[-3:], [429] * 3, statuses)
        self.assertLessEqual(statuses.count(401), 10)
        self.assertIsNotNone(answer["Retry-After"])
        self.assertGreater(int(answer["Retry-After"]), 0)
        # Reading goes on, and so does who has a token.
        self.assertEqual(self.bodega.page("openpkg", "ann/dev").status, 200)

    def test_3_nothing_in_a_body_makes_an_admin(self):
        """Mass assignment."""
        for extra in ({"admin": True}, {"is_admin": True}, {"username": "root"}, {"pwhash": "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQxMjM0NTY3OA$hgFjP4udjlqLvF+6Kfk9pQ"}, {"indexes": {"dev": {"acl_upload": [":ANONYMOUS:"]}}},
                      {"created": "1970-01-01T00:00:00Z"}, {"groups": ["root"]}, {"pwsalt": "x"}):
            name = "mass" + re.sub(r"\W", "", next(iter(extra)))
            self.bodega.api("PUT", "/" + name, {"password": "pw-" + name, **extra}, user=None)
            shown = self.bodega.api("GET", "/" + name, None, user=None)
            self.assertFalse({"pwhash", "pwsalt", "password"} & set(shown.json().get("result", {})), shown)
            for method, path, body in (("PUT", "/root/made", {"type": "stage"}), ("PATCH", "/root", {"title": "x"}), ("DELETE", "/ann/dev", None), ("PATCH", "/ann", {"password": "mine"})):
                got = self.bodega.api(method, path, body, user=name, password="pw-" + name)
                self.assertIn(got.status, (401, 403, 404, 429), (extra, path, got))

    def test_4_no_page_of_another_site_changes_anything(self):
        own = basic("ann", self.passwords["ann"])
        foreign = ({"Origin": "http://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": self.bodega.url + ".evil.test"},
                   {"Origin": "http://127.0.0.1:1"})
        for headers in foreign:
            for method, path, body in (("POST", "/ann/dev/", b"x"), ("PUT", "/ann/evil", b"{}"), ("PATCH", "/ann/dev", b'["volatile=False"]'), ("DELETE", "/ann/dev", None), ("POST", "/+login", b"{}"),
                                       ("POST", "/ann/dev", b"{}"), ("POST", "/+token", b'{"scope": "upload"}'), ("DELETE", "/ann/dev/openpkg", None)):
                for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"):
                    got = ask(self.bodega.url + path, method, {**own, **headers, "Content-Type": kind}, body)
                    self.assertEqual(got.status, 403, (headers, method, path, got))
            got = ask(self.bodega.url + "/ann/dev", "OPTIONS", {**headers, "Access-Control-Request-Method": "DELETE"})
            self.assertFalse([name for name in got.headers if name.lower().startswith("access-control-")])
        for browser in ({"Sec-Fetch-Mode": "navigate"}, {"User-Agent": "Mozilla/5.0"}):
            got = self.raw("GET /ann/dev HTTP/1.1\r\nHost: evil.test\r\nUser-Agent: Mozilla/5.0\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\nConnection: close\r\n\r\n")
            self.assertEqual(victim.statuses(got), [421], got)
        # Nothing changes by looking.
        serial = self.bodega.get("/+status").json()["result"]["serial"]
        for path in ("/ann/dev/openpkg?force", "/ann/dev?delete", "/+login?user=ann&password=x", "/ann/dev/+simple/openpkg/refresh", "/+token?scope=upload", "/ann/evil?type=stage"):
            for accept in ("text/html", "application/json"):
                self.bodega.get(path, {**own, "Accept": accept})
        self.assertEqual(self.bodega.get("/+status").json()["result"]["serial"], serial)


class Time(victim.Victim):
    def test_time_tells_nothing(self):
        """Known and unknown names in pairs, the order of a pair by turns; each name and each address within its ten tries."""
        known, unknown = [], []
        for person in range(8):
            self.bodega.make_user("person%d" % person)
        for person, number in itertools.product(range(8), range(8)):
            names = ["person%d" % person, "nobody%d" % person]
            took = {name: self.attempt(name, number, "127.%d.%d.1" % (person + 1, number + 1)) for name in (names if number % 2 else names[::-1])}
            known.append(took[names[0]])
            unknown.append(took[names[1]])
        differences = [one - other for one, other in zip(known, unknown)]
        t = abs(statistics.mean(differences)) / (statistics.stdev(differences) / len(differences) ** 0.5)
        print("\nmedian %.1f ms known, %.1f ms unknown, t %.2f of %d pairs" % (statistics.median(known) * 1e3, statistics.median(unknown) * 1e3, t, len(differences)))
        self.assertLess(t, 4.5)

    def attempt(self, user, number, address):
        connection = http.client.HTTPConnection("127.0.0.1", self.bodega.port, timeout=60, source_address=(address, 0))
        began = time.perf_counter()
        connection.request("POST", "/+login", json.dumps({"user": user, "password": "wrong-%d" % number}), {"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 401)
        connection.close()
        return time.perf_counter() - began


class Flood(victim.Victim):
    def test_a_flood_of_logins_costs_bounded_memory_and_stops_nobody(self):
        # Linux: what the process takes at its peak. One verification takes 64 MiB or what the hash says; two at once.
        statuses, waits, stop = [], [], threading.Event()

        def guess(number):
            for attempt in range(4):
                try:
                    statuses.append(ask(self.bodega.url + "/+login", "POST", {"Content-Type": "application/json"}, json.dumps({"user": "guest%d" % number, "password": "x%d" % attempt}), timeout=60).status)
                except harness.Broken as broken:
                    statuses.append(str(broken))

        def read():
            while not stop.is_set():
                waits.append(self.bodega.page("openpkg", "ann/dev").seconds)

        reader = threading.Thread(target=read)
        reader.start()
        guessers = [threading.Thread(target=guess, args=(number,)) for number in range(100)]
        for one in guessers:
            one.start()
        for one in guessers:
            one.join()
        stop.set()
        reader.join()
        with open("/proc/%d/status" % self.bodega.process.pid, encoding="ascii") as status:
            peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024
        print("\npeak %d MB, %s, slowest read %.0f ms of %d" % (peak, {s: statuses.count(s) for s in set(statuses)}, max(waits) * 1e3, len(waits)))
        self.assertLess(peak, 300)
        self.assertEqual(set(statuses) - {401, 429, 503}, set())
        self.assertLess(sorted(waits)[len(waits) * 9 // 10], 1.0)
        self.assertAlive()


if __name__ == "__main__":
    harness.main()
