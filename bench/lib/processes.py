"""Child processes of a measurement: started on a core, measured through /proc, always ended by their own pid."""
import atexit
import contextlib
import os
import signal
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
_alive = []


def fail(text):
    raise SystemExit(f"bench: {text}")


def _end_all():
    for child in list(_alive):
        child.stop()


atexit.register(_end_all)
for _number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(_number, lambda number, frame: fail(f"ended by signal {number}"))


def set_priority(pid, nice):
    """Of a process in a session of its own. Where the kernel groups tasks by session, the group's niceness is what counts between them."""
    if not nice:
        return
    os.setpriority(os.PRIO_PROCESS, pid, nice)
    try:
        with open(f"/proc/{pid}/autogroup", "w") as group:
            group.write(str(nice))
    except OSError:
        pass


class Child:
    """One process that this program started. `core` None leaves it on all cores; `nice` needs root when negative."""

    def __init__(self, command, output, core=None, nice=0, grace=15):
        prefix = ["taskset", "-c", str(core)] if core is not None else []
        self.command = prefix + [str(part) for part in command]  # taskset execs: the pid stays that of the command
        self.output = output
        self.grace = grace
        with open(output, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.pid = self.process.pid
        set_priority(self.pid, nice)
        _alive.append(self)

    def check(self):
        if self.process.poll() is not None:
            with open(self.output, errors="replace") as log:
                fail(f"{' '.join(self.command)} ended with {self.process.returncode}:\n{log.read()[-2000:]}")

    def stop(self):
        if self in _alive:
            _alive.remove(self)
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(self.grace)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


def cpu_seconds(pid):
    """User and system time of a whole process, in seconds (resolution 10 ms)."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        return [int(child) for child in children.read().split()]


def tree_of(pid):
    """The process and all below it, parents first."""
    out = [pid]
    for one in out:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as children:
                    out += [int(child) for child in children.read().split()]
        except OSError:
            pass  # ended meanwhile
    return out


def tree_cpu(pids):
    total = 0.0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):  # a worker that has ended
            total += cpu_seconds(pid)
    return total


def tree_pss_kib(pids):
    return sum(memory_kib(pid).get("pss", 0) for pid in pids)


def memory_kib(pid):
    """RSS, its peak since reset_peak(), what of it is anonymous, and PSS, in KiB."""
    out = {}
    wanted = {"VmRSS": "rss", "VmHWM": "peak", "RssAnon": "anonymous", "Threads": "threads"}
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            key, _, value = line.partition(":")
            if key in wanted:
                out[wanted[key]] = int(value.split()[0])
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Pss:"):
                out["pss"] = int(line.split()[1])
    return out


def reset_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w") as clear:
        clear.write("5")


def load_average():
    return os.getloadavg()[0]


def wait_until(ask, seconds, what):
    """Calls `ask` every 5 ms until it gives something true; ends the measurement when it does not in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.005)
    fail(f"no {what} within {seconds} s")
