"""How often a test repeats what it does: a share by default, all of it in `nox -s soak`.

A test that asks this has the marker `repeats`, by which `nox -s soak` finds it.
"""

from __future__ import annotations

import os

WHOLE = os.environ.get("CTRLEVENT_TEST_WHOLE") == "1"


def repeats(whole: int, share: int) -> int:
    """`whole` where CTRLEVENT_TEST_WHOLE=1 asks for all repeats, else `share`."""
    return whole if WHOLE else share
