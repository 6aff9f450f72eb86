#!/usr/bin/python3
"""Taking over a server directory of devpi: kill -9 at random moments of the import, and the same command completes it; a server does not
start on half an import; all that devpi had is served with its upstream out of reach; what is damaged is reported.

BODEGA_SEED repeats a run."""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "clients"))
import harness  # noqa: E402
from devpi_directory import DevpiDirectory, noise  # noqa: E402
from harness import ask, packages  # noqa: E402

SEED = int(os.environ.get("BODEGA_SEED") or time.time())
PROJECTS, CACHED = 60, 1500  # together more than one batch


def run_import(*args, kill_after=None):
    """(exit code or None when it was killed, output)"""
    process = subprocess.Popen([harness.BINARY, "import", *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL, env=harness.clean_environment())
    try:
        output, _ = process.communicate(timeout=kill_after if kill_after is not None else 120)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
        return None, output


def is_half(data):
    """Whether the catalog says that an import has begun and not ended. A copy is asked: the log is the server's to read first."""
    with tempfile.TemporaryDirectory() as copy:
        for file in data.glob("catalog.db*"):
            shutil.copy(file, copy)
        with contextlib.closing(sqlite3.connect(pathlib.Path(copy) / "catalog.db")) as database:
            return bool(database.execute("SELECT value FROM settings WHERE key = 'import-state' AND value <> ''").fetchall())


class Import(harness.Case):
    @classmethod
    def world(cls):
        cls.devpi = DevpiDirectory(cls.directory / "devpi")
        cls.hosted = dict(packages.make_wheel("project%d" % n, "1.0", filler=20_000) for n in range(PROJECTS))
        for filename, content in cls.hosted.items():
            cls.devpi.release(filename.split("-")[0], "1.0", {filename: content})
        cls.cached = {"cached%d-1.0.tar.gz" % n: noise(2_000, n) for n in range(CACHED)}
        for filename, content in cls.cached.items():
            cls.devpi.cached(filename.split("-")[0], {filename: content})
        cls.devpi.close([f.split("-")[0] for f in cls.hosted], [f.split("-")[0] for f in cls.cached])

    def check_served(self, bodega):
        for filename, content in self.hosted.items():
            url, entry = bodega.link(filename.split("-")[0], filename.replace(".", r"\."), "ann/dev")
            self.assertEqual(ask(url).body, content)
            self.assertEqual(ask(url + ".metadata").body, packages.wheel_metadata(content))
        for filename, content in self.cached.items():
            digest = hashlib.sha256(content).hexdigest()
            # As a lock file made with devpi has it; nobody has asked for the page before.
            answer = ask("%s/ann/mirror/+f/%s/%s/%s" % (bodega.url, digest[:3], digest[3:16], filename))
            self.assertStatus(answer, 200, filename)
            self.assertEqual(answer.body, content)

    def test_killed_and_run_again(self):
        print("\nseed %d" % SEED)
        chance = random.Random(SEED)
        bodega = self.make_bodega(start=False)
        arguments = ["devpi-serverdir", self.devpi.path, "--data", bodega.data]
        kills, wait, refused = 0, 0.02, False
        while True:
            code, output = run_import(*arguments, kill_after=chance.uniform(0, wait))
            if code is not None:
                break
            kills += 1
            wait *= 1.15  # so that it ends
            # Once, and not after its last record: what is whole is not refused.
            if not refused and any((bodega.data / "blobs/sha256").glob("*")) and is_half(bodega.data):
                self.check_refusal(bodega)
                refused = True
        print("killed %d times, %s" % (kills, "and refused" if refused else "never in the middle"))
        # A kill between its last record and its exit is an import that is over, and what it made is in use. Whether it is whole is seen below.
        if not (kills > 0 and code == 4 and "is in use already" in output):
            self.assertEqual(code, 0, output)
        self.assertGreater(kills, 3, "too few kills for a test")
        code, said = bodega.fsck()
        self.assertEqual(code, 0, said)
        bodega.start()
        self.check_served(bodega)
        self.assertEqual(bodega.stop(), 0)

    def check_refusal(self, bodega):
        try:
            done = subprocess.run(bodega.command(), capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
                                  env=harness.clean_environment(HOME=bodega.directory))
        except subprocess.TimeoutExpired as expired:
            self.fail("the server did not end: %s %s" % (expired.stdout, expired.stderr))
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)

    def test_each_way_of_taking_bytes(self):
        for how in ("reflink", "hardlink", "copy"):
            with self.subTest(how):
                bodega = self.make_bodega(name="server-" + how, start=False)
                code, output = run_import("devpi-serverdir", self.devpi.path, "--data", bodega.data, "--bytes", how, "--json")
                self.assertEqual(code, 0, output)
                report = json.loads(output[output.index("{"):])
                self.assertEqual((report["files"], report["cached"], report["findings"]), (PROJECTS, CACHED, []))
                if how == "hardlink":
                    self.assertEqual(report["linked"], report["bytes"])
                bodega.start()
                self.check_served(bodega)
                self.assertEqual(bodega.stop(), 0)
                self.assertEqual(bodega.fsck()[0], 0)

    def test_damage_is_reported_and_the_rest_goes_on(self):
        directory = self.directory / "damaged"
        shutil.copytree(self.devpi.path, directory)
        files = sorted(p for p in (directory / "+files").rglob("*") if p.is_file())
        hosted = [p for p in files if "/ann/dev/" in str(p)]
        hosted[0].write_bytes(b"other bytes")
        hosted[1].unlink()
        bodega = self.make_bodega(name="server-damaged", start=False)
        code, output = run_import("devpi-serverdir", directory, "--data", bodega.data, "--dry-run")
        self.assertEqual(code, 1, output)
        self.assertFalse(bodega.data.exists(), "a dry run has written something")
        code, output = run_import("devpi-serverdir", directory, "--data", bodega.data)
        self.assertEqual(code, 1, output)
        self.assertRegex(output, "damaged: ann/dev/" + hosted[0].name)
        self.assertRegex(output, "missing: ann/dev/" + hosted[1].name)
        self.assertRegex(output, r"files of releases +%d\b" % (PROJECTS - 2))
        bodega.start()
        self.assertEqual(bodega.page(hosted[2].name.split("-")[0], "ann/dev").status, 200)
        self.assertEqual(bodega.stop(), 0)

    def test_a_directory_in_use_is_left_alone(self):
        bodega = self.make_bodega(name="server-used")
        self.assertEqual(bodega.stop(), 0)
        code, output = run_import("devpi-serverdir", self.devpi.path, "--data", bodega.data)
        self.assertEqual(code, 4, output)
        self.assertIn("Name a new one with --data", output)


if __name__ == "__main__":
    harness.main()
