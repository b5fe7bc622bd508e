"""A pytest plugin: this session hears Ctrl+C, and so do the processes that its tests start.

`ctrlevent.run` with a shared console starts a command that ignores Ctrl+C, so that a key pressed
there comes to it once, by `run`. A shell starts pytest so that it hears.
"""

import ctrlevent

ctrlevent.ignore_ctrl_c(False)
