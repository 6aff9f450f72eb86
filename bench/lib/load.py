"""wrk, run for a bounded time and read by a script of ours; medians and tables."""
import json
import pathlib
import resource
import shutil
import statistics
import subprocess

from lib.processes import fail, set_priority, tree_cpu

REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('BENCH {"requests":%d,"us":%d,"bytes":%d,"status":%d,"socket":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    summary.duration, summary.bytes, e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class Load:
    def __init__(self, scratch, core, nice=0):
        if not shutil.which("wrk"):
            fail("wrk is not installed (apt install wrk)")
        self.script = pathlib.Path(scratch) / "report.lua"
        self.prefix = ["taskset", "-c", str(core)]
        self.nice = nice

    def run(self, url, connections, seconds, headers=None, server_pids=(), method="GET", may_fail=False):
        """One closed-loop run. `cpu` is the server's CPU time in seconds, `load_cpu` wrk's. Ends the measurement on an error, and when
        nothing came back; None instead where the server `may_fail`."""
        self.script.write_text(f'wrk.method = "{method}"\n' + REPORT)
        command = [*self.prefix, "timeout", str(int(seconds) + 30), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s",
                   str(self.script)]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        before = tree_cpu(server_pids)
        own = children_cpu()
        with subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as done:
            set_priority(done.pid, self.nice)
            output, errors = done.communicate()
        after = tree_cpu(server_pids)
        lines = [line for line in output.splitlines() if line.startswith("BENCH ")]
        if done.returncode != 0 or not lines:
            fail(f"wrk failed ({done.returncode}) at {url}: {output[-500:]} {errors[-500:]}")
        figures = json.loads(lines[0][6:])
        if figures["status"] or figures["socket"] or not figures["bytes"]:
            if may_fail:
                return None
            fail(f"wrk saw errors at {url}: {figures}")
        figures["seconds"] = figures["us"] / 1e6
        figures["cpu"] = after - before
        figures["load_cpu"] = children_cpu() - own  # near `seconds`: the load tool, not the server, is the limit
        return figures


def median(values):
    return statistics.median(values)


def table(header, rows):
    """Markdown."""
    lines = ["| " + " | ".join(header) + " |", "|" + "|".join([" --- "] + [" ---: "] * (len(header) - 1)) + "|"]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows])
