"""Starts the box on a leash: no core dumps, and an end with its parent, so that a killed app leaves no box behind.

Usage: python box/leash.py PARENT_PID MODULE [ARGUMENT ...]
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Put the leash on this process, then become the module that was named."""
    parent, *module = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(sys.executable, [sys.executable, "-m", *module])


if __name__ == "__main__":
    main()
