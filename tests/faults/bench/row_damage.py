"""Row 6: damage on the disk, anywhere, of anything, while files are hot or after a restart; asked for whole or in part. Never a complete wrong answer; what is
cached heals, what is ours is an error until the bytes are back."""
import os
import random
import shutil
import time

import bench
from bench import Broken, ask, basic, packages

BLOCK = 4096


def flip(path, chance):
    with open(path, "r+b") as file:
        at = chance.randrange(os.path.getsize(path))
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ (1 << chance.randrange(8))]))


def truncate(path, chance):
    os.truncate(path, chance.randrange(os.path.getsize(path)))


def empty(path, chance):
    os.truncate(path, 0)


def zeros(path, chance):
    with open(path, "r+b") as file:
        at = chance.randrange(max(1, os.path.getsize(path) // BLOCK)) * BLOCK
        file.seek(at)
        file.write(bytes(min(BLOCK, os.path.getsize(path) - at)))


def extend(path, chance):
    with open(path, "ab") as file:
        file.write(chance.randbytes(chance.randrange(1, 10_000)))


def remove(path, chance):
    path.unlink()


def replace(path, chance):
    size = os.path.getsize(path)
    path.unlink()
    path.write_bytes(chance.randbytes(size))


def directory(path, chance):
    path.unlink()
    path.mkdir()


def symlink(path, chance):
    shutil.copy(path, str(path) + ".elsewhere")
    path.unlink()
    os.symlink(str(path) + ".elsewhere", path)


def fifo(path, chance):
    path.unlink()
    os.mkfifo(path)


def mode(path, chance):
    os.chmod(path, 0)


HARMS = (flip, flip, flip, truncate, empty, zeros, extend, remove, replace, directory, symlink, fifo, mode)
HARMLESS = (symlink, mode)  # the bytes are right, or root reads them all the same


def restore(path, content):
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    elif path.is_symlink() or path.exists():
        path.unlink()
    path.write_bytes(content)


def run(tally, options):
    tries = options.tries or (500 if options.long else 40)
    chance = random.Random(tally.seed)
    with bench.World("damage") as world:
        origin = world.origin(6, 300_000)
        bodega = world.server(origin.index).with_faults(False)
        password = bodega.make_user("alice")
        bodega.make_index("alice/dev", volatile=False, bases=[])
        things = []
        for name, (filename, content) in world.wheels.items():
            url, _ = bodega.link(name, "whl$")
            things.append(("cached", name, url, content))
        for n in range(4):
            filename, content = packages.make_wheel("ours%d" % n, "1.0", filler=200_000)
            assert bench.upload(bodega, "alice/dev", basic("alice", password), filename, content, "ours%d" % n, "1.0").status == 200
            url, _ = bodega.link("ours%d" % n, "whl$", "alice/dev")
            things.append(("ours", "ours%d" % n, url, content))
        seen = {}
        for number in range(tries):
            kind, name, url, content = chance.choice(things)
            harm = chance.choice(HARMS)
            digest = bench.sha256(content)
            path = bodega.data / "blobs/sha256" / digest[:2] / digest[2:4] / digest
            hot = chance.random() < 0.6
            for _ in range(2):
                ask(url)
            try:
                bench.harness.wait_for(lambda: path.is_file() and not path.is_symlink(), 10)  # readers do not wait for the rename
            except TimeoutError:
                tally.violation("try %d: %s %s is not on the disk" % (number, kind, name))
                continue
            if not hot:
                bodega.stop()
            time.sleep(0.02)  # a change within one tick of the kernel's clock leaves no trace in a file's times (docs/formats/store.md)
            harm(path, chance)
            if not hot:
                bodega.start()
            tally.tries += 1
            what = "try %d: %s, %s, %s" % (number, kind, harm.__name__, "hot" if hot else "after a restart")
            last = None
            for turn in range(3):
                headers, right = {}, content
                if chance.random() < 0.3:
                    first = chance.randrange(len(content))
                    end = chance.randrange(first, len(content))
                    headers, right = {"Range": "bytes=%d-%d" % (first, end)}, content[first:end + 1]
                try:
                    answer = ask(url, headers=headers)
                    last = answer.status
                    if last in (200, 206) and answer.body != right:
                        tally.violation("%s: wrong bytes with %d" % (what, last))
                except Broken as broken:
                    last = "broken"
                    if len(broken.body) >= len(right):
                        tally.violation("%s: a broken connection after all bytes" % what)
            seen[(kind, harm.__name__, str(last))] = seen.get((kind, harm.__name__, str(last)), 0) + 1
            if kind == "cached" and last not in (200, 206):
                tally.violation("%s: not healed, %s" % (what, last))
            if kind == "ours":
                if last not in (200, 206, 500):
                    tally.violation("%s: answered with %s" % (what, last))
                restore(path, content)
                time.sleep(0)
                if ask(url).body != content:
                    tally.violation("%s: not served after its bytes came back" % what)
        for key, count in sorted(seen.items()):
            tally.note("%-7s %-10s %-7s %3d" % (*key, count))
        bodega.stop()
        bench.check_fsck(bodega, tally, "after all damage")
