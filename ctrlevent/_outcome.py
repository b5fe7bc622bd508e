"""What Windows and POSIX have in common of `run`: its keywords, and what it makes of the end."""

from __future__ import annotations

import subprocess
from subprocess import CalledProcessError, CompletedProcess
from typing import Any, NamedTuple

# Seconds that a command has to end by itself, from when a Ctrl+C is sent to it, before it is ended
# with all its children.
GRACE = 3.0


class Outcome(NamedTuple):
    """How a contained command ended. All that it has started is gone."""

    process: Any
    """A `Popen`, or on a pseudo console a `TerminalProcess`."""
    output: Any
    errors: Any
    broken_off: BaseException | None
    """TimeoutExpired or KeyboardInterrupt, if it did not end by itself."""

    def completed(self, check: bool) -> CompletedProcess[Any]:
        """What `run` returns. Raises what has broken it off; with `check`, CalledProcessError."""
        if self.broken_off is not None:
            raise self.broken_off
        args, code = self.process.args, self.process.returncode
        if check and code:
            raise CalledProcessError(code, args, self.output, self.errors)
        return CompletedProcess(args, code, self.output, self.errors)


def redirected(named: dict[str, Any], input: Any, capture_output: bool) -> dict[str, Any]:
    """The keywords for `Popen`, out of those that `subprocess.run` has besides."""
    named = dict(named)
    if input is not None:
        if named.get("stdin") is not None:
            raise ValueError("stdin and input cannot both be given")
        named["stdin"] = subprocess.PIPE
    if capture_output:
        if named.get("stdout") is not None or named.get("stderr") is not None:
            raise ValueError("stdout and stderr cannot be given together with capture_output")
        named["stdout"] = named["stderr"] = subprocess.PIPE
    return named
