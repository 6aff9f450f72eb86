"""What the rows of the bench stand on: a server that can be killed, starved or failed at a chosen call (shim.c), worlds that are copied for
each try, and an observer that reads back everything a server has. The expected state is kept here, outside the server."""
import collections
import contextlib
import ctypes
import hashlib
import json
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "clients"))
import harness  # noqa: E402
from harness import HTML_TYPE, JSON_TYPE, Bodega, Broken, Origin, ask, basic, packages  # noqa: E402,F401

CREATE, WRITE, SYNC, RENAME, UNLINK, MKDIR, TRUNCATE, LINK, READ, OPEN = (1 << n for n in range(10))
CHANGES = CREATE | WRITE | SYNC | RENAME | UNLINK | MKDIR | TRUNCATE | LINK
FIELDS = ("armed", "kinds", "count", "kill_at", "half", "error", "error_from", "error_to", "hits", "delay_us", "inode")
EVERY = 2**63


class Skip(Exception):
    """The row cannot be run on this machine; says why."""


class Page:
    """The page of shim.c, mapped. Attributes are its fields."""

    def __init__(self, path):
        path.write_bytes(bytes(4096))
        with open(path, "r+b") as file:
            object.__setattr__(self, "memory", mmap.mmap(file.fileno(), 4096))

    def __getattr__(self, name):
        return struct.unpack_from("<Q", self.memory, 8 * FIELDS.index(name))[0]

    def __setattr__(self, name, value):
        struct.pack_into("<Q", self.memory, 8 * FIELDS.index(name), value)

    def set(self, match="", **fields):
        """Everything else off; armed last."""
        self.armed = 0
        for name in FIELDS:
            setattr(self, name, 0)
        self.memory[88:344] = match.encode().ljust(256, b"\0")
        for name, value in fields.items():
            setattr(self, name, value)
        self.armed = 1

    def off(self):
        self.armed = 0

    def close(self):
        """Nothing can be set any more, and the file system below can be unmounted."""
        self.memory.close()


class Shim:
    """shim.c, compiled once for each run of the bench."""

    path = None

    @classmethod
    def library(cls):
        if cls.path is None:
            compiler = shutil.which("cc") or shutil.which("gcc")
            if not compiler:
                raise Skip("needs a C compiler for the fault shim")
            folder = pathlib.Path(tempfile.mkdtemp(prefix="bodega-shim-"))
            import atexit
            atexit.register(shutil.rmtree, folder, True)
            cls.path = folder / "shim.so"
            subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", cls.path, HERE / "shim.c"], check=True)
        return cls.path


class Faulty(Bodega):
    """A server with the shim below it; `faults` is its page. faulty=False: the same directory without it."""

    def __init__(self, directory, upstream, args=(), start=True, env=None, below="data"):
        directory.mkdir(parents=True, exist_ok=True)
        self.faults = Page(directory / "faults.page")
        self.shimmed = {"LD_PRELOAD": Shim.library(), "FAULTS_PAGE": directory / "faults.page", "FAULTS_ROOT": directory / below}
        self.plain = dict(env or {})
        super().__init__(directory, upstream, args, env=self.plain, start=False)
        self.plain = self.env
        self.with_faults(True)
        if start:
            self.start()

    def with_faults(self, on):
        self.env = {**self.plain, **(self.shimmed if on else {})}
        return self

    def alive(self):
        return self.process.popen.poll() is None

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def open_files(self):
        """What its descriptors are, counted."""
        found, folder = collections.Counter(), "/proc/%d/fd" % self.process.pid
        for number in os.listdir(folder):
            with contextlib.suppress(OSError):
                found[os.readlink(os.path.join(folder, number))] += 1
        return found

    def resident(self):
        """Bytes of memory that are its own."""
        for line in pathlib.Path("/proc/%d/status" % self.process.pid).read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
        return 0


class Tally:
    """What one row has to say."""

    def __init__(self, row, seed):
        self.row, self.seed, self.tries, self.violations, self.notes = row, seed, 0, [], []
        self.began = time.monotonic()

    def violation(self, text):
        self.violations.append(text)
        print("  VIOLATION %s: %s" % (self.row, text), flush=True)

    def note(self, text):
        self.notes.append(text)
        print("  " + text, flush=True)

    @property
    def seconds(self):
        return time.monotonic() - self.began


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def hosted_path(index, filename, digest):
    return "/%s/+f/%s/%s/%s" % (index, digest[:3], digest[3:16], filename)


def upload(bodega, index, credentials, filename, content, name, version, action="file_upload", timeout=30):
    fields = harness.upload_fields(name, version, content)
    if action == "doc_upload":
        fields = [(":action", "doc_upload"), ("name", name), ("version", version)]
    kind, body = harness.form(fields, filename, content)
    return ask("%s/%s/" % (bodega.url, index), "POST", {**kind, **credentials}, body, timeout=timeout)


def observe(bodega, indexes, credentials=None):
    """All that a hosted index shows, every byte of it read: {index: {"config": ..., "files": {project: {file: digest}}}}. A file whose
    bytes are not what its page says is the digest "WRONG"; an index that is not there is None."""
    seen = {}
    for index in indexes:
        config = ask("%s/%s" % (bodega.url, index), headers={"Accept": "application/json", **(credentials or {})})
        if config.status == 404:
            seen[index] = None
            continue
        told = config.json()["result"]
        told.pop("projects", None)
        listed = ask("%s/%s/+simple/" % (bodega.url, index), headers={"Accept": JSON_TYPE})
        files = {}
        for project in [p["name"] for p in listed.json()["projects"]]:
            files[project] = observe_project(bodega, index, project)
        seen[index] = {"config": told, "files": files}
    return seen


def observe_project(bodega, index, project):
    found = {}
    base = "%s/%s/+simple/%s/" % (bodega.url, index, project)
    page = bodega.page(project, index)
    if page.status != 200:
        return {"page": page.status}
    for entry in page.json()["files"]:
        found[entry["filename"]] = digest_of(urllib.parse.urljoin(base, entry["url"]), entry["hashes"]["sha256"])
    data = ask("%s/%s/%s" % (bodega.url, index, project), headers={"Accept": "application/json"})
    if data.status == 200:
        for version in data.json()["result"].values():
            for link in version.get("+links", []):
                if link["rel"] in ("doczip", "toxresult"):
                    found[link["href"].rsplit("/", 1)[1]] = digest_of(link["href"].split("#")[0], link["hash_value"] if "hash_value" in link else None)
    return found


def digest_of(url, right):
    try:
        answer = ask(url)
    except Broken as broken:
        return "BROKEN %s" % broken
    if answer.status != 200:
        return "status %d" % answer.status
    digest = answer.sha256()
    return digest if right in (None, digest) else "WRONG"


class World:
    """A directory that holds what a row needs; gone with it."""

    def __init__(self, name):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="bodega-faults-%s-" % name))
        self.things = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for thing in reversed(self.things):
            with contextlib.suppress(Exception):
                thing.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def origin(self, count=8, size=100_000, args=(), small=0):
        extra = self.path / "extra"
        extra.mkdir()
        self.wheels = {}
        for number in range(count):
            filename, content = packages.make_wheel("pkg%d" % number, "1.0", filler=size)
            (extra / filename).write_bytes(content)
            self.wheels["pkg%d" % number] = (filename, content)
        for number in range(small):
            filename, content = packages.make_wheel("small%d" % number, "1.0", filler=1000)
            (extra / filename).write_bytes(content)
            self.wheels["small%d" % number] = (filename, content)
        folder = self.path / "origin"
        folder.mkdir()
        origin = Origin(folder, mini=True, args=["--extra", extra, *args])
        self.things.append(origin)
        return origin

    def server(self, upstream="http://127.0.0.1:9/simple/", name="server", **more):
        bodega = Faulty(self.path / name, upstream, **more)
        self.things.append(bodega)
        return bodega


def own_mounts():
    """From here on nobody else sees what is mounted, and it goes with the last process of the bench, however that ends. Needs root; elsewhere
    nothing can be mounted."""
    libc = ctypes.CDLL(None, use_errno=True)
    new_namespace, recursively, private = 0x20000, 0x4000, 0x40000
    if libc.unshare(new_namespace) == 0:
        libc.mount(None, b"/", None, recursively | private, None)


def unmount(mount, tally):
    """Says it when something holds on to it, and then it goes with who does."""
    for _ in range(100):
        done = subprocess.run(["umount", mount], capture_output=True, text=True)
        if done.returncode == 0:
            return
        time.sleep(0.02)
    tally.violation("%s cannot be unmounted: %s" % (mount, done.stderr.strip()))
    subprocess.run(["umount", "--lazy", mount], capture_output=True)


def copy_data(source, target):
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)


def left_over(bodega):
    """Temp files of a server that has been started since, which nobody writes any more."""
    tmp = bodega.data / "tmp"
    there = set(os.listdir(tmp)) if tmp.is_dir() else set()
    for _ in range(10):  # notes beside files are written after a start, too
        if not there:
            break
        time.sleep(0.1)
        there &= set(os.listdir(tmp))
    return sorted(there)


def check_fsck(bodega, tally, what, allowed=""):
    """After stop(): fsck finds nothing wrong. Records of cached files that are gone may be left for the care after a start: an eviction's
    record may come back after a power cut, and its file not."""
    code, said = bodega.fsck()
    if code == 1 and "missing, cached:" in said and not any(word in said for word in ("damaged, hosted:", "damaged, cached:", "missing, hosted:")):
        bodega.start()
        time.sleep(2)
        bodega.stop()
        code, said = bodega.fsck()
    if code != 0 and not (allowed and allowed in said):
        tally.violation("%s: fsck ends with %d: %s" % (what, code, " | ".join(said.strip().splitlines()[-12:])))
