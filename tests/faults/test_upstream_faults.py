#!/usr/bin/python3
"""An upstream that truncates, flips bytes, lies about lengths, stalls, dies or refuses. Whatever it does: no wrong byte is delivered as a
complete answer, nothing wrong is cached, the status says whose fault it is, and it is never 404. One row of the table for each case."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from harness import JSON_TYPE, Broken, ask, packages  # noqa: E402

UPSTREAM_FAILED = (502, 503, 504)
# Larger than what may be held back and than any one buffer; small enough for many cases.
BIG, SMALL = 2 << 20, 8_000
# The time limits of a test are short, so that a stalled upstream costs seconds.
LIMITS = ["--upstream-head-timeout", "1500ms", "--upstream-stall-timeout", "2s", "--upstream-connect-timeout", "2s",
          "--negative-ttl", "0s", "--stale-patience", "1s"]
MiB = 1 << 20


class Seen:
    """What a client got: `outcome` is "right" (complete and equal), "broken" (a cut connection), a status, or "WRONG"."""

    def __init__(self, outcome, detail, seconds):
        self.outcome, self.detail, self.seconds = outcome, detail, seconds


def fetch(url, right, headers=None, beginnings="true"):
    """`right`: the bytes, or of a page its files. `beginnings` "any": of a stream that is cut off in the end, because only its digest told."""
    began = time.monotonic()
    try:
        answer = ask(url, headers=headers, timeout=60)
    except Broken as broken:
        # What arrived before the cut must be a true beginning, and never all of it.
        detail = "cut after %d" % len(broken.body)
        bad = isinstance(right, bytes) and (len(broken.body) >= len(right) or beginnings == "true" and not right.startswith(broken.body))
        return Seen("WRONG" if bad else "broken", detail, time.monotonic() - began)
    outcome = answer.status
    if answer.status == 200:
        outcome = "right" if (answer.body == right if isinstance(right, bytes) else listed(answer.json()) == right) else "WRONG"
    return Seen(outcome, "%d bytes" % len(answer.body) if answer.status == 200 else answer.reason, answer.seconds)


def listed(page):
    return [(f["filename"], f["hashes"], f["size"]) for f in page["files"]]


class Faults:
    """The table; the classes below say on which upstream it is tried. Each case has a project of its own, which the server has never seen."""

    @classmethod
    def world(cls):
        extra = cls.directory / "extra"
        extra.mkdir()
        for kind, size in (("large", BIG), ("small", SMALL)):
            for number in range(cls.projects[kind]):
                filename, content = packages.make_wheel("%s%03d" % (kind, number), "1.0", filler=size)
                (extra / filename).write_bytes(content)
        cls.origin = cls.make_origin(mini=cls.mini, args=["--extra", extra])
        cls.server = cls.make_bodega(cls.origin.index, args=LIMITS)
        cls.rows, cls.used = [], {"large": 0, "small": 0}

    @classmethod
    def tearDownClass(cls):
        print("\n%s: %d cases" % (cls.__name__, len(cls.rows)))
        for row in [("resource", "the upstream", "the client", "after", "cached", "asked", "seconds")] + cls.rows:
            print("  %-9s %-38s %-30s %-6s %-6s %5s %7s" % row)
        super().tearDownClass()

    def project(self, kind):
        self.used[kind] += 1
        return "%s%03d" % (kind, self.used[kind] - 1)

    def target(self, what):
        """(URL below the server, right bytes, regex of the upstream's path)."""
        healthy = self.project("small")
        harness.wait_for(lambda: self.server.page(healthy).status == 200, 20, "the end of the last case's breaker")
        project = self.project("large" if what == "large" else "small")
        if what == "page":
            return self.server.index + project + "/", listed(self.origin.page(project)), "^/simple/%s/" % project
        entry, content = self.origin.file(project, "whl$")
        url, _ = self.server.link(project, "whl$")
        path = "/%s$" % entry["filename"].replace(".", r"\.")
        if what == "metadata":
            return url + ".metadata", ask(entry["url"] + ".metadata").body, path[:-1] + r"\.metadata$"
        return url, content, path

    def case(self, what, name, knobs, allowed):
        """Puts the fault on, asks, takes the fault off, asks again: that must be right, and again, from the cache, with the upstream failing."""
        self.origin.reset()
        with self.subTest(resource=what, fault=name):
            url, right, path = self.target(what)
            headers = {"Accept": JSON_TYPE} if what == "page" else {}
            refuses = "refuse_connections_s" in knobs
            if "status_override" in knobs:
                knobs = {"status_override": [dict(rule, path=path) for rule in knobs["status_override"]]}
            elif not refuses:
                knobs = dict(knobs, match=path)
            self.origin.reset(**knobs)
            if refuses:
                harness.wait_for(lambda: not self.origin_answers(), 10, "the upstream's end")
            seen = fetch(url, right, headers, "any" if "corrupt_byte_at" in knobs else "true")
            if refuses:
                harness.wait_for(self.origin_answers, 15, "the upstream's return")
            asked = "" if refuses else len(self.origin.asked(path))
            self.origin.reset()
            after = self.until_right(url, right, headers)
            # Right while the upstream has only wrong things to say.
            self.origin.control(status_override=[{"path": "", "status": 500}])
            kept = fetch(url, right, headers).outcome if after == "right" else "-"
            self.rows.append((what, name, "%s (%s)" % (seen.outcome, seen.detail[:20]), after, kept, asked, "%.1f" % seen.seconds))
            self.assertIn(seen.outcome, allowed, "%s, %s: the client saw %s %s" % (what, name, seen.outcome, seen.detail))
            self.assertEqual(after, "right", "after the fault the right bytes must come")
            self.assertEqual(kept, "right", "the cache must hold the right bytes")

    def origin_answers(self):
        try:
            return ask(self.origin.url + "/_log").status == 200
        except Broken:
            return False

    def until_right(self, url, right, headers):
        """A breaker may be open for a moment: 5xx with Retry-After is allowed for some seconds, a wrong byte or a 404 never."""
        last = []

        def look():
            last[:] = [fetch(url, right, headers).outcome]
            return last[0] == "right" or last[0] not in UPSTREAM_FAILED
        try:
            harness.wait_for(look, 20)
        except TimeoutError:
            pass
        return last[0]

    # What may be seen: a cut connection or an upstream failure; "right" where a retry or a resume saves it.
    CUT = ("broken", "right", *UPSTREAM_FAILED)

    def test_files_cut_short(self):
        for mode in ("close", "reset", "chunked"):
            for at in (0, 1000, MiB + 5):
                if at == 1000 and not self.mini:
                    continue
                self.case("large", "cut after %d, %s, always" % (at, mode), {"drop_connection_after_bytes": at, "drop_mode": mode}, ("broken", *UPSTREAM_FAILED))
            self.case("large", "cut after 1 MiB, %s, once" % mode, {"drop_connection_after_bytes": MiB, "drop_mode": mode, "times": 1}, self.CUT)
            self.case("small", "cut after 100, %s, always" % mode, {"drop_connection_after_bytes": 100, "drop_mode": mode}, ("broken", *UPSTREAM_FAILED))
            self.case("metadata", "cut after 50, %s, always" % mode, {"drop_connection_after_bytes": 50, "drop_mode": mode}, ("broken", *UPSTREAM_FAILED))

    def test_files_with_a_flipped_byte(self):
        for at in (0, MiB, -1):
            self.case("large", "byte %d flipped" % at, {"corrupt_byte_at": at}, ("broken", *UPSTREAM_FAILED))
        for what in ("small", "metadata"):
            for at in (0, 60, -1):
                self.case(what, "byte %d flipped" % at, {"corrupt_byte_at": at}, ("broken", *UPSTREAM_FAILED))
        self.case("large", "byte 5 flipped, once", {"corrupt_byte_at": 5, "times": 1}, self.CUT)

    def test_files_with_a_lying_length(self):
        for what in ("large", "small", "metadata"):
            for lie in (-20, +20):
                self.case(what, "Content-Length %+d" % lie, {"wrong_content_length": lie}, ("broken", *UPSTREAM_FAILED))

    def test_answers_that_stall(self):
        self.case("large", "stalls after 1 MiB", {"stall_after_bytes": MiB}, ("broken", *UPSTREAM_FAILED))
        self.case("small", "stalls after 100", {"stall_after_bytes": 100}, ("broken", *UPSTREAM_FAILED))
        self.case("metadata", "stalls after 20", {"stall_after_bytes": 20}, ("broken", *UPSTREAM_FAILED))
        self.case("page", "stalls after 300", {"stall_after_bytes": 300}, UPSTREAM_FAILED)
        for what in ("page", "small", "metadata"):
            self.case(what, "never answers", {"never_answer": True}, (504,))

    def test_statuses(self):
        for what in ("page", "small", "metadata"):
            for status, more, wanted in ((500, {}, (502,)), (502, {}, (502,)), (503, {"retry_after": 1}, (503,)), (429, {"retry_after": 30}, (503,)),
                                         (401, {}, (502,)), (403, {}, (502,)), (301, {"location": "/elsewhere"}, (*UPSTREAM_FAILED, 404))):
                if status == 301 and what == "page":
                    continue
                self.case(what, "answers %d" % status, {"status_override": [{"status": status, **more}]}, wanted)
            self.case(what, "answers 500 once", {"status_override": [{"status": 500, "times": 1}]}, ("right",))
            self.case(what, "answers 503 once, Retry-After 1", {"status_override": [{"status": 503, "retry_after": 1, "times": 1}]}, ("right",))
        self.case("page", "answers 404", {"status_override": [{"status": 404}]}, (404,))
        self.case("page", "answers 410", {"status_override": [{"status": 410}]}, (404, 410))
        # The page lists the file: that it is not there is the upstream's failure or an absence, never an empty success.
        self.case("small", "answers 404", {"status_override": [{"status": 404}]}, (404, *UPSTREAM_FAILED))
        self.case("metadata", "answers 404", {"status_override": [{"status": 404}]}, (404, *UPSTREAM_FAILED))
        self.case("page", "200 with a login form", {"status_override": [{"status": 200, "body": "<html><body>Please log in</body></html>"}]}, ("WRONG", *UPSTREAM_FAILED))
        self.case("page", "200 with half a JSON page", {"status_override": [{"status": 200, "body": '{"meta": {"api-version": "1.4"}, "name": "jin'}]}, UPSTREAM_FAILED)
        self.case("page", "200 with nothing", {"status_override": [{"status": 200, "body": ""}]}, ("WRONG", *UPSTREAM_FAILED))
        self.case("small", "200 with an error page", {"status_override": [{"status": 200, "body": "<html>Sorry</html>"}]}, ("broken", *UPSTREAM_FAILED))
        self.case("metadata", "200 with an error page", {"status_override": [{"status": 200, "body": "<html>Sorry</html>"}]}, ("broken", *UPSTREAM_FAILED))

    def test_an_upstream_that_dies(self):
        for what in ("page", "small", "metadata"):
            self.case(what, "refuses connections", {"refuse_connections_s": 4}, UPSTREAM_FAILED)

    def test_every_failure_has_a_sentence_and_retry_after(self):
        for status in (500, 503, 403, 429):
            self.origin.reset(status_override=[{"path": "^/simple/certifi/", "status": status}])
            healthy = self.project("small")
            harness.wait_for(lambda: self.server.page(healthy).status == 200, 20)
            answer = ask(self.server.index + "certifi/", headers={"Accept": harness.UV_ACCEPT})
            self.assertIn(answer.status, UPSTREAM_FAILED)
            self.assertGreaterEqual(int(answer["Retry-After"]), 1)
            self.assertEqual(answer["Content-Type"], "application/problem+json")
            self.assertIn(str(status), answer.json()["detail"])
            self.assertIn(str(status), answer.reason)
            self.assertNotIn("max-age", answer["Cache-Control"] or "")


class ARecordedUpstream(Faults, harness.Case):
    mini = False
    projects = {"large": 24, "small": 170}

    @classmethod
    def world(cls):
        harness.shared("origin/origin.py")
        super().world()


class OurOwnUpstream(Faults, harness.Case):
    """Whose faults strike pages as well."""

    mini = True
    projects = {"large": 28, "small": 230}

    def test_pages_cut_short(self):
        for mode in ("close", "reset", "chunked"):
            for at in (0, 40, 200):
                self.case("page", "cut after %d, %s, always" % (at, mode), {"drop_connection_after_bytes": at, "drop_mode": mode}, UPSTREAM_FAILED)
            self.case("page", "cut after 200, %s, once" % mode, {"drop_connection_after_bytes": 200, "drop_mode": mode, "times": 1}, ("right", *UPSTREAM_FAILED))
        self.case("page", "no length, cut after 200", {"drop_connection_after_bytes": 200, "drop_mode": "eof"}, UPSTREAM_FAILED)
        for lie in (-20, +20):
            self.case("page", "Content-Length %+d" % lie, {"wrong_content_length": lie}, UPSTREAM_FAILED)

    def test_pages_with_a_flipped_byte(self):
        # Compressed: the checksum of gzip notices.
        for at in (20, -3):
            self.case("page", "byte %d of the gzip flipped" % at, {"corrupt_byte_at": at}, UPSTREAM_FAILED)

    def test_no_http_at_all(self):
        for what in ("page", "small", "metadata"):
            self.case(what, "no HTTP", {"garbage": True}, UPSTREAM_FAILED)

    def test_files_without_a_marked_end(self):
        self.case("large", "no length, cut after 1 MiB", {"drop_connection_after_bytes": MiB, "drop_mode": "eof"}, ("broken", *UPSTREAM_FAILED))
        self.case("small", "no length, cut after 100", {"drop_connection_after_bytes": 100, "drop_mode": "eof"}, ("broken", *UPSTREAM_FAILED))


class AFileWithoutADigest(harness.Case):
    """A page that gives no digest: a file is kept only when its announced length arrived whole, and is marked."""

    PAGE = '<!DOCTYPE html><html><body><a href="%s">%s</a></body></html>'

    @classmethod
    def world(cls):
        cls.origin = cls.make_origin(mini=True)
        cls.entry, cls.content = cls.origin.file("click", r"^click-8\.1\.7-.*whl$")
        cls.bodega = cls.make_bodega(cls.origin.index, args=LIMITS)
        cls.page = {"path": "^/simple/click/", "status": 200, "body": cls.PAGE % (cls.entry["url"], cls.entry["filename"])}

    def test_cut_is_never_complete_and_whole_is_marked(self):
        knobs = {"status_override": [self.page], "match": r"\.whl$"}
        for mode in ("close", "reset", "chunked", "eof"):
            self.origin.reset(**knobs, drop_connection_after_bytes=100, drop_mode=mode)
            url, entry = self.bodega.link("click", "whl$")
            self.assertEqual(entry["hashes"], {})
            seen = fetch(url, self.content)
            if mode != "eof":  # where nothing marks the end, nobody can tell; but nothing of it may be kept
                self.assertIn(seen.outcome, ("broken", *UPSTREAM_FAILED), mode)
        self.origin.reset(**knobs)
        answer = harness.wait_for(lambda: (a := ask(url)).status == 200 and a, 15, "the upstream's recovery")
        self.assertEqual(answer.body, self.content)
        self.assertIsNotNone(answer["X-Bodega-Unverified"])
        self.origin.control(status_override=[self.page, {"path": "", "status": 500}])
        self.assertEqual(ask(url).body, self.content)


class AStaleCopy(harness.Case):
    @classmethod
    def world(cls):
        cls.origin = cls.make_origin()
        # Pages are stale after a second, so that each request below must ask the upstream.
        cls.bodega = cls.make_bodega(cls.origin.index, args=[*LIMITS, "--page-ttl-min", "1s", "--page-ttl-max", "1s"])

    def test_stands_in_while_the_upstream_fails(self):
        url = self.bodega.index + "flask/"
        right = ask(url, headers={"Accept": JSON_TYPE})
        for name, knobs in (("500", {"status_override": [{"path": "^/simple/", "status": 500}]}),
                            ("503", {"status_override": [{"path": "^/simple/", "status": 503}]}),
                            ("403", {"status_override": [{"path": "^/simple/", "status": 403}]}),
                            ("stall", {"match": "^/simple/", "stall_after_bytes": 100, "serial_bump": 1}),
                            ("silence", {"match": "^/simple/", "never_answer": True}),
                            ("nonsense", {"status_override": [{"path": "^/simple/", "status": 200, "body": "{\"meta\": "}]})):
            with self.subTest(fault=name):
                self.origin.reset(**knobs)
                time.sleep(1.1)
                answer = ask(url, headers={"Accept": JSON_TYPE})
                self.assertStatus(answer, 200, name)
                self.assertEqual(answer.body, right.body)
                self.assertEqual(answer["X-Cache"], "stale")
                self.assertLess(answer.seconds, 5)
                self.origin.reset()
                harness.wait_for(lambda: ask(url, headers={"Accept": JSON_TYPE})["X-Cache"] not in ("stale", None), 20, "the end of staleness")
        self.assertIn("document.failed", self.bodega.log())

    def test_a_page_that_went_is_gone(self):
        # A real 404 of an upstream that answers is an absence, not a failure.
        url = self.bodega.index + "blinker/"
        self.assertStatus(ask(url, headers={"Accept": JSON_TYPE}), 200)
        self.origin.reset(gone=["blinker"])
        time.sleep(1.1)
        self.assertStatus(ask(url, headers={"Accept": JSON_TYPE}), 404)


if __name__ == "__main__":
    harness.main()
