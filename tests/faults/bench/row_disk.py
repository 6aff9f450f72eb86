"""Row 4: disks that fail. A failed fsync fails the upload and nothing else; EIO on read heals what is cached; a full disk (by space, by
inodes) lets installs pass through and refuses uploads; a read-only one serves; without descriptors the loop does not spin. Each recovers by itself when the
cause goes (after a failed fsync: when it is started again)."""
import os
import subprocess
import time

import bench
from bench import CREATE, EVERY, READ, RENAME, SYNC, WRITE, Broken, ask, basic, packages

ENOSPC, EIO, EROFS, EMFILE = 28, 5, 30, 24


class Setup:
    def __init__(self, world, name, origin, **more):
        self.world, self.origin = world, origin
        self.bodega = world.server(origin.index, name=name, **more)
        password = self.bodega.make_user("alice")
        self.bodega.make_index("alice/dev", volatile=False, bases=[])
        token = self.bodega.api("POST", "/+login", {"user": "alice", "password": password}, user=None).json()["result"]["password"]
        self.credentials, self.count = basic("alice", token), 0

    def upload(self, size=20_000):
        self.count += 1
        name = "disk%d" % self.count
        filename, content = packages.make_wheel(name, "1.0", filler=size)
        try:
            return name, content, bench.upload(self.bodega, "alice/dev", self.credentials, filename, content, name, "1.0").status
        except Broken:
            return name, content, "broken"

    def install(self, project):
        url, _ = self.bodega.link(project, "whl$")
        try:
            answer = ask(url)
        except Broken:
            return "broken", False
        return answer.status, answer.body == self.world.wheels[project][1]

    def listed(self, name):
        return self.bodega.page(name, "alice/dev").status == 200


def failing_calls(world, origin, tally):
    """Each n-th sync, write, create and rename of an upload fails once."""
    setup = Setup(world, "calls", origin)
    bodega = setup.bodega
    for kinds, error, what in ((SYNC, EIO, "fsync EIO"), (WRITE, ENOSPC, "write ENOSPC"), (WRITE, EIO, "write EIO"), (CREATE, ENOSPC, "create ENOSPC"),
                               (RENAME, EIO, "rename EIO")):
        refused = 0
        for number in range(1, 12):
            bodega.faults.set(kinds=kinds, error=error, error_from=number, error_to=number)
            name, _, status = setup.upload()
            hit = bodega.faults.hits
            bodega.faults.off()
            if not hit:
                break
            tally.tries += 1
            if status not in (200, 500, 503, 507):
                tally.violation("%s at %d: the upload is answered with %s" % (what, number, status))
            if not bodega.alive():
                tally.violation("%s at %d: the server died: %s %s" % (what, number, bodega.process.popen.poll(), bodega.process.errors()[-3000:]))
                return
            if status == 200 and not setup.listed(name) or status != 200 and setup.listed(name):
                tally.violation("%s at %d: answered %s, listed %s" % (what, number, status, setup.listed(name)))
            refused += status != 200
            if bench.left_over(bodega):
                tally.violation("%s at %d: temp files stay: %s" % (what, number, bench.left_over(bodega)))
            name, _, status = setup.upload()
            if status != 200:
                tally.violation("%s at %d: the next upload is answered with %s" % (what, number, status))
        tally.note("%-14s %2d calls failed, %d uploads refused" % (what, number - 1, refused))
        if kinds == SYNC and bodega.get("/+health/ready").status != 503:
            tally.violation("%s: health is still ready" % what)
    if bodega.stop() != 0:
        tally.violation("the stop is not clean")
    bodega.start()
    if bodega.get("/+health/ready").status != 200:
        tally.violation("not ready after a restart")
    bodega.stop()
    bench.check_fsck(bodega, tally, "failing calls")


def unreadable(world, origin, tally):
    """EIO on every read of a blob's file, in a server that never read it and in one that answers from it: a cached one comes from upstream
    again (another file, on other blocks), one of ours is an error and comes back with the disk."""
    for size in (2_000, 300_000):
        setup = Setup(world, "unreadable-%d" % size, origin)
        bodega = setup.bodega
        name, content, status = setup.upload(size)
        ours, entry = bodega.link(name, "whl$", "alice/dev")
        projects = ["pkg0", "small0"] if size < 10_000 else ["pkg1"]
        for project in projects:
            setup.install(project)
        for hot in (False, True):
            for project in [*projects, None]:
                what = "%s file of %d bytes, %s" % ("cached" if project else "hosted", len(world.wheels[project][1]) if project else len(content),
                                                    "hot" if hot else "after a start")
                bodega.stop()
                bodega.start()
                digest = bench.sha256(world.wheels[project][1]) if project else entry["hashes"]["sha256"]
                if hot:
                    for _ in range(4):  # both loops
                        setup.install(project) if project else ask(ours)
                inode = os.stat(blob_path(bodega, digest)).st_ino
                bodega.faults.set(inode=inode, kinds=READ, error=EIO, error_from=1, error_to=EVERY)
                tally.tries += 1
                answers = [setup.install(project) if project else read_hosted(ours, content) for _ in range(4)]
                right = (200, True) if project else (500, False)
                # What is on its way may be cut off where the disk fails, once for each loop that knew the file.
                if answers[-1] != right or any(answer not in (right, ("broken", False)) for answer in answers):
                    tally.violation("EIO on a %s: %s" % (what, answers))
                if not hot and answers[0] != right:
                    tally.violation("EIO on a %s: the first answer is %s" % (what, answers[0]))
                bodega.faults.off()
                answer = setup.install(project) if project else read_hosted(ours, content)
                if answer != (200, True):
                    tally.violation("after EIO on a %s: %s" % (what, answer))
        bodega.stop()
        bench.check_fsck(bodega, tally, "EIO on read")
    tally.note("EIO on read: cached files fetched again, hosted ones refused until the disk gives them")


def blob_path(bodega, digest):
    return bodega.data / "blobs" / "sha256" / digest[:2] / digest[2:4] / digest


def read_hosted(url, content):
    try:
        answer = ask(url)
    except Broken:
        return "broken", False
    return answer.status, answer.body == content


def full(world, origin, tally, how):
    """A small disk of its own, filled by somebody else, twice: what stays open after the second time and not after the first has leaked."""
    mount = world.path / ("full-" + how)
    mount.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=4096", "none", mount], capture_output=True).returncode != 0:
        tally.note("full by %s: SKIPPED: no tmpfs mounts here" % how)
        return
    setup = None
    try:
        (mount / "server").mkdir()
        os.symlink(mount / "server", world.path / ("server-" + how))
        setup = Setup(world, "server-" + how, origin, args=["--free-space-floor", "1MB"])
        bodega = setup.bodega
        setup.install("pkg0")
        name, content, _ = setup.upload()
        ours, _ = bodega.link(name, "whl$", "alice/dev")
        opened = []
        for projects in (("pkg1", "pkg2"), ("pkg3", "pkg4")):
            for project in projects:
                bodega.page(project)
            hog = fill(mount, how)
            while_full(setup, tally, "full by " + how, projects, (ours, content))
            subprocess.run(["rm", "-rf", hog], check=True)
            name, _, status = setup.upload()
            if status != 200 or setup.install(projects[0]) != (200, True) or bodega.get("/+health/ready").status != 200:
                tally.violation("full by %s: after space came back the upload gives %s, health %s" % (how, status, bodega.get("/+health/ready").text))
            opened.append(bodega.open_files())
        # A connection that ends, and an open file for each of what was installed and uploaded meanwhile.
        if opened[1].total() > opened[0].total() + 8:
            tally.violation("full by %s: %d descriptors, %d after the first time; new: %s" %
                            (how, opened[1].total(), opened[0].total(), opened[1] - opened[0]))
        if bench.left_over(bodega):
            tally.violation("full by %s: temp files stay" % how)
        bodega.stop()
        bench.check_fsck(bodega, tally, "full by " + how)
        tally.note("full by %s: passed through, refused uploads, recovered, twice; %d and %d descriptors" % (how, *(o.total() for o in opened)))
    finally:
        if setup:
            setup.bodega.kill()
            setup.bodega.faults.close()
        bench.unmount(mount, tally)


def fill(mount, how):
    """Takes all that is left; what has to go for it to come back."""
    hog = mount / "hog"
    try:
        if how == "space":
            with open(hog, "wb", buffering=0) as file:
                while file.write(bytes(65536)):
                    pass
        else:
            hog.mkdir()
            for number in range(10_000):
                (hog / str(number)).touch()
    except OSError:
        pass
    return hog


def while_full(setup, tally, what, projects, ours):
    for project in projects:
        tally.tries += 1
        got = setup.install(project)
        if got != (200, True):
            tally.violation("%s: a miss gives %s" % (what, got))
    tally.tries += 3
    url, content = ours
    if setup.install("pkg0") != (200, True) or ask(url).body != content:
        tally.violation("%s: what is there is not served" % what)
    _, _, status = setup.upload()
    if status not in (507, 503, 500):
        tally.violation("%s: an upload is answered with %s" % (what, status))
    health = setup.bodega.get("/+health/ready")
    if health.status != 503:
        tally.violation("%s: health says %s" % (what, health.text))


def read_only(world, origin, tally):
    """EROFS for everything that writes: what a remount does."""
    setup = Setup(world, "read-only", origin)
    bodega = setup.bodega
    setup.install("pkg0")
    bodega.page("pkg1")
    name, content, _ = setup.upload()
    ours, _ = bodega.link(name, "whl$", "alice/dev")
    bodega.faults.set(kinds=bench.CHANGES, error=EROFS, error_from=1, error_to=EVERY)
    tally.tries += 4
    if setup.install("pkg0") != (200, True) or ask(ours).body != content:
        tally.violation("read-only: what is there is not served")
    if setup.install("pkg1") != (200, True):
        tally.violation("read-only: a miss gives %s" % (setup.install("pkg1"),))
    _, _, status = setup.upload()
    if status not in (500, 503, 507):
        tally.violation("read-only: an upload is answered with %s" % status)
    bodega.faults.off()
    _, _, status = setup.upload()
    if status != 200:
        tally.violation("writable again: an upload is answered with %s" % status)
    bodega.stop()
    bodega.start()
    if bodega.get("/+health/ready").status != 200:
        tally.violation("writable again: not ready after a restart")
    bodega.stop()
    bench.check_fsck(bodega, tally, "read-only")
    tally.note("read-only: served, refused uploads, recovered")


def no_descriptors(world, origin, tally):
    """64 descriptors and 200 connections."""
    import socket
    setup = Setup(world, "descriptors", origin)
    bodega = setup.bodega
    bodega.stop()
    with_limit = bodega.command
    bodega.command = lambda: ["/usr/bin/prlimit", "--nofile=64:64", *with_limit()]
    bodega.start()
    setup.install("pkg0")
    sockets = []
    try:
        for _ in range(200):
            client = socket.create_connection(("127.0.0.1", bodega.port), 5)
            sockets.append(client)
        time.sleep(0.5)
        before, began = cpu_seconds(bodega.process.pid), time.monotonic()
        time.sleep(2)
        share = (cpu_seconds(bodega.process.pid) - before) / (time.monotonic() - began)
        tally.tries += 1
        if share > 0.2:
            tally.violation("without descriptors the server takes %.0f %% of a core" % (share * 100))
        if not bodega.alive():
            tally.violation("without descriptors the server dies")
    finally:
        for client in sockets:
            client.close()
    ends = time.monotonic() + 20
    while True:
        try:
            if setup.install("pkg0") == (200, True) and setup.install("pkg1") == (200, True):
                break
        except (Broken, LookupError, AssertionError):
            pass
        if time.monotonic() > ends:
            tally.violation("descriptors came back, the server does not recover")
            break
        time.sleep(0.1)
    bodega.stop()
    bench.check_fsck(bodega, tally, "no descriptors")
    tally.note("no descriptors: %.0f %% of a core while starved, recovered" % (share * 100))


def cpu_seconds(pid):
    fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(tally, options):
    with bench.World("disk") as world:
        origin = world.origin(small=1)
        failing_calls(world, origin, tally)
        unreadable(world, origin, tally)
        full(world, origin, tally, "space")
        full(world, origin, tally, "inodes")
        read_only(world, origin, tally)
        no_descriptors(world, origin, tally)
