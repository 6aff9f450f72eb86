"""kill -9 at every call that writes of the commands that write: import, backup, fsck --rebuild. Part of row 1."""
import shutil
import subprocess

import bench
from bench import CHANGES, harness, packages

HOSTED = ["alice/dev", "alice/prod", "alice/dst"]


def kills(calls, share, chance):
    every = [(n, half) for n in range(1, calls + 1) for half in (0, 1)]
    return every if share >= 1 else sorted(chance.sample(every, max(2, int(len(every) * share))))


def run_command(bodega, root, *words, **faults):
    """`bodega words...` with the shim watching what lies below `root`. The page is the server's."""
    bodega.faults.set(kinds=CHANGES, **faults)
    env = harness.clean_environment(HOME=bodega.directory, **{k: str(v) for k, v in {**bodega.shimmed, "FAULTS_ROOT": root}.items()})
    done = subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL, env=env)
    return done.returncode, done.stdout + done.stderr


def sweep(name, bodega, plan, tally, fresh, run, killed, again):
    """All kills of one command. `fresh()` puts back what it works on, `run(**faults)` runs it; `killed(what)` judges what a kill leaves,
    `again(what, code, said)` what the next run, which nobody kills, makes of that."""
    share, chance = plan
    fresh()
    code, said = run()
    assert code == 0, (code, said)
    calls = bodega.faults.count
    chosen = kills(calls, share, chance)
    for number, half in chosen:
        what = "%s, call %d%s" % (name, number, " by half" if half else "")
        fresh()
        run(kill_at=number, half=half)
        tally.tries += 1
        killed(what)
        again(what, *run())
    tally.note("%-24s %3d calls, %3d kills" % (name, calls, len(chosen)))


def kill_import(world, base, expected, plan, tally):
    """bodega import, killed and run again until it is through."""
    from devpi_directory import DevpiDirectory, noise
    devpi = DevpiDirectory(world.path / "devpi")
    hosted = dict(packages.make_wheel("project%d" % n, "1.0", filler=5000) for n in range(3))
    for filename, content in hosted.items():
        devpi.release(filename.split("-")[0], "1.0", {filename: content})
    cached = {"cached%d-1.0.tar.gz" % n: noise(2000, n) for n in range(3)}
    for filename, content in cached.items():
        devpi.cached(filename.split("-")[0], {filename: content})
    devpi.close([f.split("-")[0] for f in hosted], [f.split("-")[0] for f in cached])
    bodega = world.server(name="import", start=False)

    def run(**faults):
        return run_command(bodega, bodega.data, "import", "devpi-serverdir", devpi.path, "--data", bodega.data, **faults)

    def again(what, code, said):
        # "In use already": the kill came after the last record, and the first run had done it all.
        if code != 0 and not (code == 4 and "in use already" in said):
            tally.violation("%s: the second run ends with %d: %s" % (what, code, said[-400:]))
            return
        bodega.with_faults(False).start()
        for filename, content in hosted.items():
            if bench.observe_project(bodega, "ann/dev", filename.split("-")[0]) != {filename: bench.sha256(content)}:
                tally.violation("%s: %s is not there" % (what, filename))
        bodega.stop()
        bench.check_fsck(bodega, tally, what)

    sweep("import", bodega, plan, tally, lambda: shutil.rmtree(bodega.data, ignore_errors=True), run, lambda what: None, again)


def holds(bodega, expected, tally, what):
    """A server started on the data has all that was expected, and fsck is content."""
    try:
        bodega.with_faults(False).start()
    except RuntimeError as error:
        tally.violation("%s: does not start: %s" % (what, str(error)[-400:]))
        return
    now = bench.observe(bodega, HOSTED)
    if now != expected:
        tally.violation("%s: the state is %s" % (what, now))
    bodega.stop()
    bench.check_fsck(bodega, tally, what)


def kill_backup(world, base, expected, plan, tally):
    """bodega backup into a new directory and over an earlier backup, killed. What is there is a whole backup or none: without its record no
    server starts from the files of one. The next backup into the same directory is whole."""
    source = world.server(base.origin.index, name="backup-source", start=False).with_faults(False)
    bench.copy_data(base.bodega.data, source.data)
    earlier, target = world.path / "backup-earlier", world.path / "backup-target"
    restored = world.server(base.origin.index, name="backup-restored", start=False)

    def backup(to, **faults):
        return run_command(source, to, "backup", to, "--data", source.data, **faults)

    code, said = backup(earlier)
    assert code == 0, (code, said)
    source.start()
    filename, content = packages.make_wheel("first", "3.0", filler=30_000)
    assert bench.upload(source, "alice/dev", base.credentials, filename, content, "first", "3.0").status == 200
    newer = bench.observe(source, HOSTED)
    source.stop()
    for name, begin in (("new", None), ("over an earlier", earlier)):
        def fresh():
            shutil.rmtree(target, ignore_errors=True)
            if begin:
                bench.copy_data(begin, target)

        def killed(what):
            if not target.exists():
                return
            bench.copy_data(target, restored.data)
            is_whole = (restored.data / "catalog.db").exists()
            if begin and not is_whole:
                tally.violation("%s: the earlier backup is gone" % what)
            elif is_whole:
                one_of(restored, (newer, expected) if begin else (newer,), tally, what)
            else:
                refuses(restored, tally, what)

        def again(what, code, said):
            if code != 0:
                tally.violation("%s: the second run ends with %d: %s" % (what, code, said[-400:]))
                return
            bench.copy_data(target, restored.data)
            holds(restored, newer, tally, what + ", once more")

        sweep("backup: " + name, source, plan, tally, fresh, lambda **faults: backup(target, **faults), killed, again)


def one_of(bodega, allowed, tally, what):
    code, said = bodega.fsck()
    if code != 0:
        tally.violation("%s: fsck ends with %d: %s" % (what, code, said[-400:]))
    try:
        bodega.with_faults(False).start()
    except RuntimeError as error:
        tally.violation("%s: does not start: %s" % (what, str(error)[-400:]))
        return
    now = bench.observe(bodega, HOSTED)
    if now not in allowed:
        tally.violation("%s: the state is %s" % (what, now))
    bodega.stop()


def refuses(bodega, tally, what):
    """Files without a catalog: no server makes an empty one over them."""
    if not any((bodega.data / "blobs").rglob("?" * 64)):
        return
    try:
        bodega.with_faults(False).start()
    except RuntimeError:
        return
    tally.violation("%s: a server starts empty over the files of a backup" % what)
    bodega.stop()


def kill_rebuild(world, base, expected, plan, tally):
    """bodega fsck --rebuild, killed: the catalog is not there, or whole; run again, it is whole."""
    bodega = world.server(base.origin.index, name="rebuild-killed", start=False)

    def fresh():
        bench.copy_data(base.bodega.data, bodega.data)
        for name in ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
            (bodega.data / name).unlink(missing_ok=True)

    def killed(what):
        if not (bodega.data / "catalog.db").exists():
            refuses(bodega, tally, what)

    def again(what, code, said):
        if code != 0 and "nothing to rebuild" not in said:
            tally.violation("%s: the second run ends with %d: %s" % (what, code, said[-400:]))
            return
        holds(bodega, expected, tally, what)

    def rebuild(**faults):
        return run_command(bodega, bodega.data, "fsck", "--rebuild", "--data", bodega.data, **faults)

    sweep("fsck --rebuild", bodega, plan, tally, fresh, rebuild, killed, again)


ALL = {"import": kill_import, "backup": kill_backup, "rebuild": kill_rebuild}
