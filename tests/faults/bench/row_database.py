"""Row 9: databases that are locked, damaged, missing or a newer program's; the rebuild from what lies beside the files; backups of a server at work."""
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import bench
import row_kill
from bench import Broken, ask, harness, packages


def refuses(bodega, tally, what, *words):
    """The start ends by itself with the exit code for unusable data and the next step in its message; nothing was made or changed."""
    bodega.launch()
    tally.tries += 1
    try:
        code = bodega.process.popen.wait(20)
    except subprocess.TimeoutExpired:
        bodega.kill()
        tally.violation("%s: the server starts all the same" % what)
        return
    said = bodega.process.errors()[-2000:]
    if code != 4 or not all(word in said for word in words):
        tally.violation("%s: exit %s, it says %r" % (what, code, said[-600:]))


def spoil(path, chance, how):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        if how == "header":
            file.write(b"garbage " * 12)
        elif how == "zeros":
            file.write(bytes(size))
        else:
            for _ in range(max(1, size // 40_960)):
                file.seek(4096 * chance.randrange(1, max(2, size // 4096)))
                file.write(chance.randbytes(4096))


def main_database(world, base, tally):
    bodega = world.server(base.origin.index, name="main", start=False).with_faults(False)
    catalog = bodega.data / "catalog.db"

    def fresh():
        bench.copy_data(base.bodega.data, bodega.data)

    fresh()
    lock = sqlite3.connect(catalog, isolation_level=None)
    lock.execute("PRAGMA locking_mode=EXCLUSIVE")
    lock.execute("BEGIN EXCLUSIVE")
    refuses(bodega, tally, "locked", "in use by another program")
    lock.close()
    for how in ("header", "zeros"):
        fresh()
        spoil(catalog, random.Random(tally.seed), how)
        before = catalog.read_bytes()
        refuses(bodega, tally, "damaged (%s)" % how, "damaged", "backup", "--rebuild")
        if catalog.read_bytes() != before:
            tally.violation("damaged (%s): the file was changed" % how)
    fresh()
    catalog.unlink()
    refuses(bodega, tally, "missing", "missing", "backup", "--rebuild")
    if catalog.exists():
        tally.violation("missing: an empty one was made over data")
    fresh()
    with sqlite3.connect(catalog) as database:
        database.execute("PRAGMA user_version=99")
    database.close()
    refuses(bodega, tally, "newer", "newer Bodega")
    fresh()
    bodega.start()
    other = subprocess.run([harness.BINARY, "serve", "--listen", "127.0.0.1:0", "--data", bodega.data], capture_output=True, text=True, timeout=30,
                           stdin=subprocess.DEVNULL, env=harness.clean_environment(HOME=bodega.directory))
    tally.tries += 1
    if other.returncode != 4 or "in use" not in other.stderr:
        tally.violation("a second server: exit %d, %s" % (other.returncode, other.stderr))
    bodega.stop()


def cache_database(world, base, tally, rounds):
    """However cache.db looks, the server starts, what is ours is there and installs go on."""
    bodega = world.server(base.origin.index, name="cache", start=False).with_faults(False)
    chance = random.Random(tally.seed)
    cache = bodega.data / "cache.db"

    def check(what):
        tally.tries += 1
        try:
            bodega.start()
        except RuntimeError as error:
            tally.violation("%s: no start: %s" % (what, str(error)[-300:]))
            return
        for project in ("pkg0", "pkg3", "pkg6"):
            for _ in range(2):
                url = None
                try:
                    url, _ = bodega.link(project, "whl$")
                    answer = ask(url)
                    good = answer.status == 200 and answer.body == world.wheels[project][1]
                except (AssertionError, Broken) as error:
                    good, answer = False, error
                if good:
                    break
            if not good:
                tally.violation("%s: %s gives %s" % (what, project, answer))
        if bench.observe(bodega, row_kill.HOSTED) != base.expected:
            tally.violation("%s: what is ours has changed" % what)
        if bodega.get("/+health/ready").status != 200:
            tally.violation("%s: not ready: %s" % (what, bodega.get("/+health/ready").text))
        bodega.stop()
        bench.check_fsck(bodega, tally, what)

    for how in ("header", "zeros", "missing", "newer", "directory"):
        bench.copy_data(base.bodega.data, bodega.data)
        if how in ("missing", "directory"):
            cache.unlink()
        if how == "newer":
            with sqlite3.connect(cache) as database:
                database.execute("PRAGMA user_version=99")
            database.close()
        if how in ("header", "zeros"):
            spoil(cache, chance, how)
        if how == "directory":
            continue
        check("cache.db %s" % how)
    for number in range(rounds):
        bench.copy_data(base.bodega.data, bodega.data)
        spoil(cache, chance, "pages")
        check("cache.db with foreign pages, %d" % number)
    tally.note("cache.db: %d ways, started and served each time" % (4 + rounds))


def rebuild(world, base, tally):
    bodega = world.server(base.origin.index, name="rebuild", start=False).with_faults(False)
    for how in ("missing", "damaged", "without accounts.json"):
        bench.copy_data(base.bodega.data, bodega.data)
        code, said = bodega.fsck("--rebuild")
        if code == 0 or "nothing to rebuild" not in said:
            tally.violation("rebuild over a good catalog: exit %d, %s" % (code, said))
        if how == "damaged":
            spoil(bodega.data / "catalog.db", random.Random(tally.seed), "header")
        else:
            for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
                (bodega.data / name).unlink(missing_ok=True)
        if how.startswith("without"):
            (bodega.data / "accounts.json").unlink()
        tally.tries += 1
        code, said = bodega.fsck("--rebuild")
        if code != 0:
            tally.violation("rebuild (%s): exit %d, %s" % (how, code, said))
            continue
        bodega.start()
        seen = bench.observe(bodega, row_kill.HOSTED)
        files = {index: told["files"] if told else {} for index, told in seen.items()}
        right = {index: told["files"] for index, told in base.expected.items()}
        if {k: v for k, v in files.items() if v} != {k: v for k, v in right.items() if v}:
            tally.violation("rebuild (%s): the files are %s and should be %s" % (how, files, right))
        if not how.startswith("without"):
            if seen != base.expected:
                tally.violation("rebuild (%s): the indexes are %s" % (how, seen))
            answer = bodega.api("POST", "/+login", {"user": "alice", "password": base.password}, user=None)
            if answer.status != 200:
                tally.violation("rebuild (%s): alice cannot log in: %s" % (how, answer))
        url, _ = bodega.link("first", "1.0.*whl$", "alice/dev")
        if ask(url + ".metadata").body != packages.wheel_metadata(ask(url).body):
            tally.violation("rebuild (%s): the metadata is not there" % how)
        told = bodega.get("/alice/dev/first/1.0", {"Accept": "application/json"}).json()["result"]["summary"]
        if told != "made for a test of first":
            tally.violation("rebuild (%s): the metadata of the release is %s" % (how, told))
        bodega.stop()
        bench.check_fsck(bodega, tally, "rebuild (%s)" % how)
    tally.note("fsck --rebuild: missing, damaged, without accounts.json")


def backups(world, base, tally, rounds):
    """Backups while others upload and delete; each is whole and holds everything that was acknowledged before it began."""
    bodega = world.server(base.origin.index, name="live", start=False).with_faults(False)
    bench.copy_data(base.bodega.data, bodega.data)
    bodega.start()
    acknowledged, stopping = {}, threading.Event()
    working = threading.Event()  # not while a backup is read back: that takes as long as there are uploads

    def uploader():
        count = 0
        while not stopping.is_set():
            if not working.wait(0.1):
                continue
            count += 1
            name = "live%d" % count
            filename, content = packages.make_wheel(name, "1.0", filler=20_000)
            if bench.upload(bodega, "alice/dst", base.credentials, filename, content, name, "1.0").status == 200:
                acknowledged[name] = {filename: bench.sha256(content)}
            if count % 3 == 0:
                gone = "live%d" % (count - 1)
                acknowledged.pop(gone, None)
                ask(bodega.url + "/alice/dst/" + gone, "DELETE", base.credentials)

    thread = threading.Thread(target=uploader, daemon=True)
    thread.start()
    target = world.path / "backup"
    for number in range(rounds):
        working.set()
        time.sleep(0.3)
        before = dict(acknowledged)
        done = subprocess.run([harness.BINARY, "backup", target, "--data", bodega.data], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, env=harness.clean_environment(HOME=bodega.directory))
        after = dict(acknowledged)
        working.clear()
        tally.tries += 1
        if done.returncode != 0:
            tally.violation("backup %d: exit %d: %s" % (number, done.returncode, done.stdout + done.stderr))
            continue
        restored = world.server(base.origin.index, name="restored%d" % number, start=False).with_faults(False)
        shutil.copytree(target, restored.data)
        code, said = restored.fsck()
        if code != 0:
            tally.violation("backup %d: fsck says %s" % (number, said))
        restored.start()
        seen = bench.observe(restored, ["alice/dst"])["alice/dst"]["files"]
        for name, files in before.items():
            if name in after and seen.get(name) != files:
                tally.violation("backup %d: %s was acknowledged before and is %s" % (number, name, seen.get(name)))
        restored.stop()
        shutil.rmtree(restored.directory)
    stopping.set()
    thread.join(30)
    if bodega.stop() != 0:
        tally.violation("backup: the server's stop is not clean")
    bench.check_fsck(bodega, tally, "the server that was backed up")
    tally.note("backups of a server at work: %d, %d uploads meanwhile" % (rounds, len(acknowledged)))


def run(tally, options):
    with bench.World("database") as world:
        base = row_kill.Base(world, world.origin())
        base.bodega.start()
        base.expected = bench.observe(base.bodega, row_kill.HOSTED)
        base.bodega.stop()
        main_database(world, base, tally)
        cache_database(world, base, tally, 40 if options.long else 6)
        rebuild(world, base, tally)
        backups(world, base, tally, 20 if options.long else 3)
