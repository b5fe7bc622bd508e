"""The command line: `python -m ctrlevent`."""

from __future__ import annotations

import sys

from ._cli import main

if __name__ == "__main__":  # pragma: no branch - for multiprocessing, which imports it once more
    sys.exit(main())
