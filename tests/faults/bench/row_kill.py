"""Row 1: kill -9 at every call that changes a file, once before the call and once with half of a write done. After the restart: what was acknowledged
is there, what was not is whole or absent, no temp file stays, the same request succeeds, fsck is clean."""
import io
import json
import random
import re
import sqlite3
import sys
import time
import zipfile

import bench
import kill_commands
from bench import CHANGES, Broken, ask, basic, harness, packages

sys.path.insert(0, str(bench.HERE.parent))

HOSTED = ["alice/dev", "alice/prod", "alice/dst"]


def doc_zip(text="hello"):
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        archive.writestr(zipfile.ZipInfo("index.html"), text * 5000)
    return raw.getvalue()


class Scenario:
    """One request (or command). `state` reads back what it is about; the value before and after the request is learnt once."""

    name, args, indexes = "", (), HOSTED

    def __init__(self, world):
        self.world = world

    def prepare(self, bodega):
        """More than the common base, on the running server."""

    def act(self, bodega):
        """The request; its answer."""
        raise NotImplementedError

    def state(self, bodega):
        return bench.observe(bodega, self.indexes)

    def same(self, one, other):
        return one == other


class Base:
    """The common base: alice with three indexes, a release on two of them, a token; three cached files of the mirror."""

    def __init__(self, world, origin):
        self.world, self.origin = world, origin
        bodega = self.bodega = world.server(origin.index, name="base").with_faults(False)
        self.password = bodega.make_user("alice")
        token = bodega.api("POST", "/+login", {"user": "alice", "password": self.password}, user=None).json()["result"]["password"]
        self.credentials = basic("alice", token)
        for name, is_volatile in (("dev", True), ("prod", False), ("dst", True)):
            made = bodega.api("PUT", "/alice/" + name, {"type": "stage", "volatile": is_volatile, "bases": []}, user="alice", password=token)
            assert made.status == 200, made
        for version in ("1.0", "2.0"):
            filename, content = packages.make_wheel("first", version, filler=30_000)
            assert bench.upload(bodega, "alice/dev", self.credentials, filename, content, "first", version).status == 200
        assert bench.upload(bodega, "alice/dev", self.credentials, "first-1.0.doc.zip", doc_zip(), "first", "1.0", "doc_upload").status == 200
        for name in ("pkg0", "pkg1", "pkg2"):
            url, _ = bodega.link(name, "whl$")
            assert ask(url).status == 200
        for name in ("pkg3", "pkg4"):
            bodega.link(name, "whl$")  # the page only
        time.sleep(0.2)  # prefetching ends
        assert bodega.stop() == 0


class Upload(Scenario):
    name = "upload"

    def act(self, bodega):
        filename, content = packages.make_wheel("second", "1.0", filler=150_000)
        return bench.upload(bodega, "alice/dev", self.base.credentials, filename, content, "second", "1.0")


class Replace(Scenario):
    name = "upload over another"

    def act(self, bodega):
        filename, content = packages.make_wheel("first", "1.0", filler=40_000, marker="other bytes")
        return bench.upload(bodega, "alice/dev", self.base.credentials, filename, content, "first", "1.0")


class Docs(Scenario):
    name = "upload of documentation"

    def act(self, bodega):
        return bench.upload(bodega, "alice/dev", self.base.credentials, "first-2.0.doc.zip", doc_zip("two"), "first", "2.0", "doc_upload")


class DeleteFile(Scenario):
    name = "delete of a file"
    path = None

    def act(self, bodega):
        url, _ = bodega.link("first", "1.0.*whl$", "alice/dev")
        return ask(url, "DELETE", self.base.credentials)


class DeleteVersion(Scenario):
    name = "delete of a version"

    def act(self, bodega):
        return ask(bodega.url + "/alice/dev/first/1.0", "DELETE", self.base.credentials)


class DeleteProject(Scenario):
    name = "delete of a project"

    def act(self, bodega):
        return ask(bodega.url + "/alice/dev/first", "DELETE", self.base.credentials)


class DeleteIndex(Scenario):
    name = "delete of an index"

    def act(self, bodega):
        return ask(bodega.url + "/alice/dev", "DELETE", self.base.credentials)


class Push(Scenario):
    name = "push"

    def act(self, bodega):
        body = json.dumps({"name": "first", "version": "1.0", "targetindex": "alice/prod"})
        return ask(bodega.url + "/alice/dev", "PUSH", {**self.base.credentials, "Content-Type": "application/json"}, body)


class PushFromMirror(Scenario):
    name = "push from a mirror"

    def act(self, bodega):
        body = json.dumps({"name": "pkg3", "version": "1.0", "targetindex": "alice/prod"})
        return ask(bodega.url + "/root/pypi", "PUSH", {**self.base.credentials, "Content-Type": "application/json"}, body)


class IndexChange(Scenario):
    name = "index change"

    def act(self, bodega):
        body = json.dumps(["bases+=root/pypi", "title=other"])
        return ask(bodega.url + "/alice/dst", "PATCH", {**self.base.credentials, "Content-Type": "application/json"}, body)


class UserAdded(Scenario):
    name = "user added"

    def act(self, bodega):
        return bodega.api("PUT", "/bob", {"password": "pw-of-bob"}, user=None)

    def state(self, bodega):
        there = bodega.api("GET", "/bob", user=None).status
        return [there, there == 200 and bodega.api("POST", "/+login", {"user": "bob", "password": "pw-of-bob"}, user=None).status]


class Miss(Scenario):
    name = "miss of a file"
    project = "pkg3"

    def act(self, bodega):
        url, _ = bodega.link(self.project, "whl$")
        return ask(url)

    def state(self, bodega):
        answer = self.act(bodega)
        right = self.world.wheels[self.project][1]
        return "right" if answer.status == 200 and answer.body == right else "WRONG %s" % answer


class PageMiss(Miss):
    name = "miss of a page"
    project = "pkg5"

    def act(self, bodega):
        return bodega.page(self.project)

    def state(self, bodega):
        answer = self.act(bodega)
        return [f["hashes"]["sha256"] for f in answer.json()["files"]] if answer.status == 200 else "WRONG %s" % answer


class Eviction(Miss):
    name = "eviction"
    args = ("--cache-max-size", "350000")
    project = "pkg4"

    def state(self, bodega):
        answers = [ask(bodega.link(p, "whl$")[0]).sha256() == bench.sha256(self.world.wheels[p][1]) for p in ("pkg0", "pkg1", "pkg2", "pkg4")]
        return "right" if all(answers) else "WRONG %s" % answers


SCENARIOS = (Upload, Replace, Docs, DeleteFile, DeleteVersion, DeleteProject, DeleteIndex, Push, PushFromMirror, IndexChange, UserAdded, Miss, PageMiss,
             Eviction)


class Sweep:
    """All kills of one scenario."""

    def __init__(self, world, base, scenario, tally):
        self.base, self.tally, self.scenario = base, tally, scenario(world)
        self.scenario.base = base
        self.bodega = world.server(base.origin.index, name="try-" + re.sub(r"\W", "-", self.scenario.name), args=self.scenario.args, start=False)

    def fresh(self):
        bench.copy_data(self.base.bodega.data, self.bodega.data)

    def learn(self):
        """How many calls there are, and the state before and after."""
        self.fresh()
        self.bodega.with_faults(True).start()
        self.before = self.scenario.state(self.bodega)
        self.bodega.stop()
        self.fresh()
        self.bodega.start()
        self.bodega.faults.set(kinds=CHANGES)
        answer = self.scenario.act(self.bodega)
        assert answer.status < 300, (self.scenario.name, answer)
        time.sleep(0.1)
        self.calls = self.bodega.faults.count
        self.bodega.faults.off()
        self.after = self.scenario.state(self.bodega)
        self.bodega.stop()

    def one(self, number, half):
        self.fresh()
        self.bodega.faults.off()  # of the try before: a start writes, too
        self.bodega.with_faults(True).start()
        self.bodega.faults.set(kinds=CHANGES, kill_at=number, half=half)
        acknowledged = False
        try:
            answer = self.scenario.act(self.bodega)
            acknowledged = answer.status < 300
            if not acknowledged:
                self.tally.violation("%s, call %d: refused with %s" % (self.scenario.name, number, answer))
        except Broken:
            pass
        time.sleep(0 if not acknowledged else 0.05)
        hit = self.bodega.faults.hits > 0
        self.bodega.kill()
        self.tally.tries += 1
        self.check("%s, call %d%s" % (self.scenario.name, number, " by half" if half else ""), acknowledged)
        return hit

    def check(self, what, acknowledged):
        self.bodega.with_faults(False).start()
        left = bench.left_over(self.bodega)
        if left:
            self.tally.violation("%s: temp files stay: %s" % (what, left))
        now = self.scenario.state(self.bodega)
        allowed = [self.after] if acknowledged else [self.before, self.after]
        if now not in allowed:
            self.tally.violation("%s: %s, but the state is %s" % (what, "acknowledged" if acknowledged else "not acknowledged", now))
        if now == self.before and not acknowledged:
            again = self.scenario.act(self.bodega)
            if again.status >= 300 or self.scenario.state(self.bodega) != self.after:
                self.tally.violation("%s: the second try gives %s" % (what, again))
        code = self.bodega.stop()
        if code != 0:
            self.tally.violation("%s: the stop ends with %s: %s" % (what, code, self.bodega.process.errors()[-500:]))
        bench.check_fsck(self.bodega, self.tally, what)

    def run(self, share, chance):
        """`share` of all kills, at least some."""
        self.learn()
        chosen = kill_commands.kills(self.calls, share, chance)
        for number, half in chosen:
            self.one(number, half)
        self.tally.note("%-24s %3d calls, %3d kills" % (self.scenario.name, self.calls, len(chosen)))


class Start:
    """Kills in a start: of an empty directory, after a crash, and of one with an older schema. `--bytes`: an import."""

    def __init__(self, world, base, tally):
        self.world, self.base, self.tally = world, base, tally

    def run(self, name, source, share, chance, check):
        bodega = self.world.server(self.base.origin.index, name="start-" + name, start=False)

        def begin(**faults):
            bench.copy_data(source, bodega.data) if source else bench.shutil.rmtree(bodega.data, ignore_errors=True)
            bodega.faults.set(kinds=CHANGES, **faults)
            bodega.with_faults(True)
            try:
                bodega.start()
                return True
            except RuntimeError:
                return False

        assert begin(), bodega.process.errors()[-2000:]
        calls = bodega.faults.count
        bodega.kill()
        chosen = kill_commands.kills(calls, share, chance)
        for number, half in chosen:
            what = "start (%s), call %d%s" % (name, number, " by half" if half else "")
            begin(kill_at=number, half=half)
            bodega.kill()
            self.tally.tries += 1
            try:
                bodega.with_faults(False).start()
            except RuntimeError as error:
                self.tally.violation("%s: does not start again: %s" % (what, str(error)[-400:]))
                continue
            check(bodega, what)
            code = bodega.stop()
            if code != 0:
                self.tally.violation("%s: the stop ends with %s: %s" % (what, code, bodega.process.errors()[-500:]))
            bench.check_fsck(bodega, self.tally, what)
        self.tally.note("%-24s %3d calls, %3d kills" % ("start: " + name, calls, len(chosen)))


def older_schema(source, target):
    """The base with catalog.db as the first release of the schema had it."""
    bench.copy_data(source, target)
    schema = (harness.ROOT / "src/catalog/schema.cc").read_text()
    first = re.search(r'kMain1 = R"sql\((.*?)\)sql"', schema, re.S).group(1)
    with sqlite3.connect(target / "catalog.db") as database:
        database.execute("PRAGMA foreign_keys=OFF")
        for (trigger,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            if not re.search(r"TRIGGER %s\b" % trigger, first):
                database.execute("DROP TRIGGER " + trigger)
        for (table,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
            if not re.search(r"CREATE TABLE %s\b" % table, first) and table != "migrations":
                database.execute("DROP TABLE " + table)
        for (index,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL").fetchall():
            if not re.search(r"INDEX %s\b" % index, first):
                database.execute("DROP INDEX " + index)
        database.execute("DELETE FROM migrations WHERE number > 1")
        database.execute("PRAGMA user_version=1")
    database.close()


def run(tally, options):
    chance = random.Random(tally.seed)
    share = 1 if options.long else options.share
    with bench.World("kill") as world:
        base = Base(world, world.origin())
        for scenario in SCENARIOS:
            if options.only and not re.search(options.only, scenario.name):
                continue
            Sweep(world, base, scenario, tally).run(share, chance)
        starts = Start(world, base, tally)

        def same_as_base(expected):
            def check(bodega, what):
                now = bench.observe(bodega, HOSTED)
                if now != expected:
                    tally.violation("%s: the state is %s" % (what, now))
            return check

        base.bodega.start()
        expected = bench.observe(base.bodega, HOSTED)
        base.bodega.stop()
        if not options.only or re.search(options.only, "start"):
            starts.run("empty directory", None, share, chance, lambda bodega, what: None)
            crashed = world.path / "crashed"
            base.bodega.start()
            bench.upload(base.bodega, "alice/dst", base.credentials, *packages.make_wheel("late", "1.0", filler=100), "late", "1.0")
            expected = bench.observe(base.bodega, HOSTED)
            base.bodega.kill()
            (base.bodega.data / "tmp" / ("ab" * 16)).write_bytes(b"left by a crash")
            bench.copy_data(base.bodega.data, crashed)
            starts.run("after a crash", crashed, share, chance, same_as_base(expected))
            base.bodega.start()
            base.bodega.stop()
            old = world.path / "old"
            older_schema(base.bodega.data, old)
            without = json.loads(json.dumps(expected))
            without["alice/dev"]["files"]["first"].pop("first-1.0.doc.zip")
            starts.run("migration", old, share, chance, same_as_base(without))
        for name, kill_command in kill_commands.ALL.items():
            if not options.only or re.search(options.only, name):
                kill_command(world, base, expected, (share, chance), tally)
