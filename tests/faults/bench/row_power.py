"""Row 3: power cuts. The data directory lies on a file system in a file; the "going down" ioctl drops what the journal has not flushed. Needs
root, loop devices and mkfs; each file system that cannot be had is skipped by name. What was acknowledged is there after every cut."""
import fcntl
import os
import random
import shutil
import struct
import subprocess
import threading
import time

import bench
from bench import Broken, basic, packages

GOING_DOWN = 0x8004587D  # _IOR('X', 125, __u32)
DROP_LOG = 2


class Disk:
    def __init__(self, folder, kind):
        self.image, self.mount, self.kind = folder / (kind + ".img"), folder / (kind + ".mnt"), kind
        size = "320M" if kind == "xfs" else "200M"
        if not shutil.which("mkfs." + kind):
            raise bench.Skip("mkfs.%s is not installed" % kind)
        subprocess.run(["truncate", "-s", size, self.image], check=True)
        subprocess.run(["mkfs." + kind, "-q", *(["-F"] if kind == "ext4" else []), self.image], check=True)
        self.mount.mkdir()
        self.attach()

    def attach(self):
        done = subprocess.run(["mount", "-o", "loop", self.image, self.mount], capture_output=True, text=True)
        if done.returncode != 0:
            raise bench.Skip("no loop mounts here: " + done.stderr.strip())

    def cut(self):
        fd = os.open(self.mount, os.O_RDONLY)
        fcntl.ioctl(fd, GOING_DOWN, struct.pack("I", DROP_LOG))
        os.close(fd)

    def detach(self, tally):
        bench.unmount(self.mount, tally)


class Uploader(threading.Thread):
    def __init__(self, bodega, credentials, name, seed):
        super().__init__(daemon=True)
        self.bodega, self.credentials, self.name_, self.seed = bodega, credentials, name, seed
        self.acknowledged, self.stopping = {}, threading.Event()
        self.start()

    def run(self):
        count = 0
        while not self.stopping.is_set():
            count += 1
            filename, content = packages.make_wheel(self.name_, "1.%d" % count, filler=(count % 3) * 20_000, marker=str(self.seed))
            try:
                answer = bench.upload(self.bodega, "alice/dev", self.credentials, filename, content, self.name_, "1.%d" % count)
            except (Broken, OSError):
                return
            if answer.status != 200:
                return
            self.acknowledged[filename] = bench.sha256(content)


def cuts(world, kind, count, chance, tally):
    disk = Disk(world.path, kind)
    try:
        bodega = bench.Bodega(world.path / kind, "http://127.0.0.1:9/simple/", start=False) if (world.path / kind).mkdir() is None else None
        bodega.data = disk.mount / "data"
        bodega.args = ["--free-space-floor", "10MB"]
        world.things.append(bodega)
        bodega.start()
        password = bodega.make_user("alice")
        bodega.make_index("alice/dev", volatile=True, bases=[])
        token = bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        credentials = basic("alice", token)
        acknowledged = 0
        for number in range(count):
            names = ["cut%dx%d" % (number, n) for n in range(12)]
            uploaders = [Uploader(bodega, credentials, name, tally.seed) for name in names]
            time.sleep(chance.uniform(0.01, 0.25))
            # The cut takes the kernel up to a tenth of a second, and a journal that is being ended answers fsync with success (ext4); a machine
            # without power acknowledges nothing. So what counts is what was acknowledged before the cut began.
            before = [dict(uploader.acknowledged) for uploader in uploaders]
            disk.cut()
            bodega.kill()
            for uploader in uploaders:
                uploader.stopping.set()
                uploader.join(30)
            disk.detach(tally)
            disk.attach()
            tally.tries += 1
            bodega.start()
            for name, promised in zip(names, before):
                acknowledged += len(promised)
                there = bench.observe_project(bodega, "alice/dev", name) if bodega.page(name, "alice/dev").status == 200 else {}
                for filename, digest in promised.items():
                    if there.get(filename) != digest:
                        tally.violation("%s, cut %d: %s was acknowledged and is %s" % (kind, number, filename, there.get(filename)))
                for filename, digest in there.items():
                    if digest == "WRONG" or digest.startswith(("status", "BROKEN")):
                        tally.violation("%s, cut %d: %s is listed and %s" % (kind, number, filename, digest))
                bodega.api("DELETE", "/alice/dev/" + name, user="alice", password=token)
        bodega.stop()
        bench.check_fsck(bodega, tally, kind)
        tally.note("%-5s %d cuts, %d uploads acknowledged" % (kind, count, acknowledged))
    finally:
        bodega.process and bodega.process.kill()
        disk.detach(tally)


def run(tally, options):
    if os.geteuid() != 0:
        raise bench.Skip("needs root for loop mounts")
    chance, skipped = random.Random(tally.seed), []
    count = options.tries or (1000 if options.long else 6)
    with bench.World("power") as world:
        for kind in ("ext4", "xfs"):
            try:
                cuts(world, kind, count, chance, tally)
            except bench.Skip as reason:
                skipped.append(str(reason))
                tally.note("%s: SKIPPED: %s" % (kind, reason))
    if tally.tries == 0:
        raise bench.Skip("; ".join(skipped))
