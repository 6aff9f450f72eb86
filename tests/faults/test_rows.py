#!/usr/bin/python3
"""The bench of faults (tools/faults, docs/faults.md) in its short form. BODEGA_SEED repeats a run."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROWS = [str(row) for row in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]

if __name__ == "__main__":
    seed = ["--seed", os.environ["BODEGA_SEED"]] if os.environ.get("BODEGA_SEED") else []
    sys.exit(subprocess.run([sys.executable, ROOT / "tools/faults", *ROWS, "--share", "0.02", *seed]).returncode)
