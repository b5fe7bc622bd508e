"""Imported by every Python of a run as it starts: those that the tests start, too.

The library is imported with either call, so that a Python takes as long to start with both.
"""

import os

import ctrlevent

if os.environ["CTRLEVENT_OTHERS_CALL"] == "ctrlevent":
    _patched = ctrlevent.patch_os().start()
