"""One processor for what is measured call by call on Wine.

There, nearly every system call is a question to another process, wineserver. With several
processors it is chance whether wineserver answers on the same processor, or the system must wake
another for it, which takes five times as long. A measurement falls into either habit for seconds.
On one processor a call costs what it costs, and ratios can be told to a few hundredths.

The start of a thread or a process is another matter. A thread or process is made to run beside its
creator, so its start is measured where it can do so.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tests.tools.bed.report import say

if TYPE_CHECKING:
    from tests.tools.bed.wine import Wine


def keep_to_one(wine: Wine) -> str:
    """From now on, for this process and all that it starts. Says what it did."""
    if sys.platform != "linux":
        return "all: they cannot be chosen here"
    say("waiting for the end of whatever else runs on this Wine, which has its processors already")
    wine.wait_until_idle()
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    return f"1 of {len(allowed)}, wineserver's too"
