"""`make bench`: every benchmark, each beside the thing it is compared with, in the same run."""

import subprocess
import sys

BENCHES = ("bench.wire", "bench.client", "bench.relay", "bench.search", "bench.large", "bench.page")


def main() -> int:
    """Run them one after another, each in a process of its own; return 1 if any failed."""
    failed = 0
    for name in BENCHES:
        print(f"== {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", name], check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
