"""The command of the test stages: reads what it depends on, works a while, writes what it puts out."""

import argparse
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Do what the arguments say; write in two halves, so that a kill in between leaves half an output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--read", nargs="*", default=[])
    parser.add_argument("--write", nargs="*", default=[])
    parser.add_argument("--sleep", type=float, default=0.0)
    parser.add_argument("--exit", type=int, default=0)
    parser.add_argument("--fail-once", type=Path, help="fail unless this file is there, and make it")
    parser.add_argument("--child", action="store_true", help="start a grandchild that would sleep for an hour")
    parser.add_argument("--stubborn", action="store_true", help="ignore SIGTERM")
    options = parser.parse_args()
    with Path("ran.txt").open("a") as log:
        log.write(f"{os.environ['DVC_STAGE']}\n")
    print(f"progress: {os.environ['DVC_STAGE']} 1/4 step, 9.9 step/s, ETA 0:03, loss 0.5", flush=True)
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.child:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    content = hashlib.sha256(b"".join(Path(path).read_bytes() for path in options.read)).hexdigest()
    for path in options.write:
        with Path(path).open("w") as file:
            file.write(content[:32])
            file.flush()
            time.sleep(options.sleep)
            file.write(content[32:])
    if options.fail_once and not options.fail_once.exists():
        options.fail_once.touch()
        print("no luck this time", flush=True)
        return 1
    if options.exit:
        print("error: this input is no good", file=sys.stderr)
    return int(options.exit)


sys.exit(main())
