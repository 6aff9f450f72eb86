"""Row 8: clocks that jump ten days, an hour of sleep, SIGTERM under load, SIGHUP with a bad file and a good one."""
import pathlib
import signal
import threading
import time

import bench
from bench import Broken, ask, basic, harness, packages

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def clock_jumps(tally):
    if not FAKETIME.exists():
        tally.note("clock jumps: SKIPPED: libfaketime is not installed")
        return
    with bench.World("clock") as world:
        origin = world.origin()
        stamp = world.path / "now"
        stamp.write_text("+0d\n")
        bodega = world.server(origin.index, args=["--sandbox", "off"], start=False)  # the fake clock is read from a file while it runs
        bodega.plain.update({"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": stamp, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"})
        bodega.with_faults(False).start()
        password = bodega.make_user("alice")
        bodega.make_index("alice/dev", bases=[])
        token = bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        url, _ = bodega.link("pkg0", "whl$")
        right = ask(url).body
        for jump, login in (("+0d", 200), ("-10d", None), ("+10d", None), ("+0d", 200), ("+4000d", None), ("+0d", 200)):
            stamp.write_text(jump + "\n")
            time.sleep(0.05)
            tally.tries += 1
            began = time.monotonic()
            if ask(url).body != right or bodega.page("pkg0").status != 200 or bodega.page("pkg%d" % (tally.tries % 8)).status != 200:
                tally.violation("clock %s: pages or files fail" % jump)
            filename, content = packages.make_wheel("clock%d" % tally.tries, "1.0", filler=10)
            status = bench.upload(bodega, "alice/dev", basic("alice", password), filename, content, "clock%d" % tally.tries, "1.0").status
            if status != 200:
                tally.violation("clock %s: an upload with the password gives %s" % (jump, status))
            with_token = bench.upload(bodega, "alice/dev", basic("alice", token), filename, content, "clock%d" % tally.tries, "1.0").status
            if login and with_token != login:
                tally.violation("clock %s: the token gives %s" % (jump, with_token))
            if time.monotonic() - began > 10:
                tally.violation("clock %s: slow" % jump)
        if bodega.stop() != 0:
            tally.violation("clock: the stop is not clean")
        bench.check_fsck(bodega, tally, "clock")
        tally.note("clock jumps: -10 d, +10 d, +4000 d and back")


def sleep_of_the_machine(tally, seconds):
    """SIGSTOP in the middle of a miss and of an upload; a real hour is not waited for."""
    with bench.World("stop") as world:
        origin = world.origin(4, 3_000_000)
        bodega = world.server(origin.index).with_faults(False)
        origin.control(bandwidth_bytes_per_s=2_000_000)
        url, _ = bodega.link("pkg0", "whl$")
        got = {}

        def reader():
            try:
                got["body"] = ask(url, timeout=60).body
            except Broken as broken:
                got["broken"] = str(broken)

        thread = threading.Thread(target=reader)
        thread.start()
        time.sleep(0.3)
        bodega.process.signal(signal.SIGSTOP)
        time.sleep(seconds)
        bodega.process.signal(signal.SIGCONT)
        thread.join(60)
        tally.tries += 1
        right = world.wheels["pkg0"][1]
        if got.get("body", right) != right:
            tally.violation("after SIGSTOP: wrong bytes")
        origin.reset()
        if ask(url).body != right or bodega.get("/+health/ready").status != 200:
            tally.violation("after SIGSTOP: the next request fails")
        bodega.stop()
        tally.note("SIGSTOP for %d s in a transfer: %s" % (seconds, "whole" if "body" in got else got))


def term_under_load(tally, rounds):
    """No request whose head the server has taken fails: a connection either gets its whole answer or was never accepted."""
    with bench.World("term") as world:
        origin = world.origin()
        bodega = world.server(origin.index).with_faults(False)
        for name in world.wheels:
            ask(bodega.link(name, "whl$")[0])
        for _ in range(rounds):
            stopping, failed, done = threading.Event(), [], []

            def client():
                while not stopping.is_set():
                    try:
                        answer = bodega.page("pkg1")
                        if answer.status != 200:
                            failed.append(answer)
                        done.append(1)
                    except Broken as broken:
                        # Refused, or closed before a byte of the answer: the request was not accepted.
                        if broken.status is not None or broken.body:
                            failed.append(broken)
                        return
                    except (OSError, KeyError):
                        return

            threads = [threading.Thread(target=client, daemon=True) for _ in range(16)]
            for thread in threads:
                thread.start()
            time.sleep(0.5)
            code = bodega.stop(30)
            stopping.set()
            for thread in threads:
                thread.join(10)
            tally.tries += 1
            if code != 0 or failed:
                tally.violation("SIGTERM under load: exit %s, %d requests failed: %s" % (code, len(failed), failed[:3]))
            tally.note("SIGTERM under load: %d answered, %d failed, exit %s" % (len(done), len(failed), code))
            bodega.start()


def hangup(tally):
    with bench.World("hup") as world:
        origin = world.origin()
        config = world.path / "bodega.toml"
        config.write_text('log-level = "info"\ncache-max-size = "1GB"\n')
        bodega = world.server(origin.index, args=["--config", config]).with_faults(False)

        def hup(text, event):
            config.write_text(text)
            known = bodega.process.errors().count(event)
            bodega.process.signal(signal.SIGHUP)
            tally.tries += 1
            try:
                harness.wait_for(lambda: bodega.process.errors().count(event) > known, 10)
            except TimeoutError:
                tally.violation("SIGHUP with %r: no %s in the log" % (text, event))
            if not bodega.alive() or bodega.get("/+health/ready").status != 200:
                tally.violation("SIGHUP with %r: the server is gone" % text)

        hup('log-level = "debug"\ncache-max-size = "2GB"\n', "config.reloaded")
        for bad in ("log-level = \n", 'cache-max-size = "lots"\n', 'no-such-option = 1\n', "\0\1\2"):
            hup(bad, "config.not_reloaded")
        config.unlink()
        bodega.process.signal(signal.SIGHUP)
        time.sleep(0.3)
        if not bodega.alive():
            tally.violation("SIGHUP without a file: the server is gone")
        hup('threads = 3\n', "config.needs_restart")
        if ask(bodega.link("pkg0", "whl$")[0]).status != 200:
            tally.violation("after SIGHUP: a file fails")
        if bodega.stop() != 0:
            tally.violation("after SIGHUP: the stop is not clean")
        tally.note("SIGHUP: good, bad, missing and needing a restart")


def run(tally, options):
    clock_jumps(tally)
    sleep_of_the_machine(tally, 70 if options.long else 3)
    term_under_load(tally, 10 if options.long else 2)
    hangup(tally)
