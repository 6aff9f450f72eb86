"""Row "schedules": tests/hermetic/schedules on all cores. Each schedule has a seed; one that fails is told and can be run again alone."""
import os
import pathlib
import re
import subprocess

import bench

BUILDS = ("build/bench/bench/schedules/bodega_schedules", "build/dev/tests/hermetic/schedules/bodega_schedules")


def program():
    for path in [os.environ.get("BODEGA_SCHEDULES_PROGRAM"), *(bench.harness.ROOT / build for build in BUILDS)]:
        if path and pathlib.Path(path).exists():
            return path
    raise bench.Skip("needs bodega_schedules: tools/build bench bodega_schedules")


def run(tally, options):
    tries = options.tries or (10_000 if options.long else 500)
    cores = len(os.sched_getaffinity(0))
    share = -(-tries // cores)
    running = []
    for core in range(cores):
        env = dict(os.environ, BODEGA_SCHEDULE_SEED=str(tally.seed + core * share), BODEGA_SCHEDULES=str(share))
        running.append(subprocess.Popen([program(), "--gtest_filter=Schedules.*"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        said = process.communicate()[0]
        tally.tries += share
        if process.returncode != 0:
            tally.violation("\n".join(re.findall(r"^(?!\[ ).*$", said, re.M))[-4000:])
    tally.note("%d schedules, %.0f a minute" % (tally.tries, tally.tries * 60 / tally.seconds))
