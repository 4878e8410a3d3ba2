"""Inject random faults into the flow for as long as you like: the test of tests/pipelines/test_chaos.py, longer.

python benchmarks/flow_chaos.py --rounds 100
"""

import argparse
import os
import secrets
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def main() -> int:
    """Run the test with more rounds of each fault; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100, help="faults to inject, over all kinds of them")
    parser.add_argument("--seed", type=int, help="that of a failure, to meet it again (default: a new one each time)")
    options = parser.parse_args()
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    print(f"--seed {seed}", flush=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-s", "--numprocesses=0", "tests/pipelines/test_chaos.py"],
        cwd=REPOSITORY,
        env=os.environ | {"CHAOS_SEED": str(seed), "CHAOS_ROUNDS": str(options.rounds)},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
