"""Load tools, run for a bounded time, and what they say; medians and tables."""
import json
import pathlib
import re
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


class Wrk:
    """Everything but HEAD, whose answers it does not know the end of."""
    program, package = "wrk", "wrk"

    def __init__(self, scratch):
        self.script = pathlib.Path(scratch) / "report.lua"
        self.script.write_text(REPORT)

    def command(self, connections, seconds):
        return ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(self.script)]

    def figures(self, output):
        lines = [line for line in output.splitlines() if line.startswith("BENCH ")]
        return json.loads(lines[0][6:]) if lines else None


class Ab:
    """HEAD, in HTTP/1.0 with Connection: keep-alive."""
    program, package = "ab", "apache2-utils"

    def __init__(self, scratch):
        self.percentiles = pathlib.Path(scratch) / "percentiles.csv"

    def command(self, connections, seconds):
        return ["ab", "-q", "-i", "-k", f"-c{connections}", f"-t{seconds}", "-n100000000", "-e", str(self.percentiles)]

    def figures(self, output):
        said = dict(re.findall(r"^([A-Z][^:\n]*):\s+([0-9.]+)", output, re.MULTILINE))
        if not int(said.get("Complete requests", 0)):
            return None
        times = dict(line.split(",") for line in self.percentiles.read_text().splitlines()[1:])
        return {"requests": int(said["Complete requests"]), "us": float(said["Time taken for tests"]) * 1e6, "bytes": int(said["Total transferred"]),
                "status": int(said.get("Non-2xx responses", 0)), "socket": int(said["Failed requests"]),
                "p50": float(times["50"]) * 1000, "p99": float(times["99"]) * 1000}


TOOLS = {"GET": Wrk, "HEAD": Ab}


class Load:
    def __init__(self, scratch, core, nice=0, methods=("GET",)):
        """Needs the tools of these methods."""
        for method in methods:
            if not shutil.which(TOOLS[method].program):
                fail(f"{TOOLS[method].program} is not installed (apt install {TOOLS[method].package})")
        self.tools = {method: TOOLS[method](scratch) for method in methods}
        self.prefix = ["taskset", "-c", str(core)]
        self.nice = nice

    def run(self, url, connections, seconds, headers=None, server_pids=(), method="GET", may_fail=False):
        """One closed-loop run. `cpu` is the server's CPU time in seconds, `load_cpu` the load tool's. Ends the measurement on an error, and
        when nothing came back; None instead where the server `may_fail`."""
        tool = self.tools[method]
        command = [*self.prefix, "timeout", str(int(seconds) + 30), *tool.command(connections, seconds)]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        before = tree_cpu(server_pids)
        own = children_cpu()
        with subprocess.Popen([*command, url], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as done:
            set_priority(done.pid, self.nice)
            output, errors = done.communicate()
        after = tree_cpu(server_pids)
        figures = tool.figures(output) if done.returncode == 0 else None
        if not figures or figures["status"] or figures["socket"] or not figures["bytes"]:
            if may_fail:
                return None
            fail(f"the load tool failed ({done.returncode}) at {url}: {figures} {output[-500:]} {errors[-500:]}")
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
