"""A command that writes to a file, and that does not leave anything running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

from tests.tools.bed.running import end_processes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# What a test bed needs to end all that runs in it, and more.
_ENDING_TAKES_AT_MOST = 20.0


class Command:
    """Starts at once. `log` None: its output goes where ours goes."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path | None,
        cwd: Path,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        # The name is the mark, not its value: a run inside of a run leaves the outer mark as it is.
        name = f"CTRLEVENT_TIER_{uuid.uuid4().hex}"
        self._mark = f"{name}=1"
        full = {**(os.environ if environ is None else environ), name: "1"}
        output = None if log is None else log.open("wb")
        try:
            self._process = subprocess.Popen(
                command,
                cwd=cwd,
                env=full,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=None if output is None else subprocess.STDOUT,
                # Ctrl+C on the terminal is for the runner, which then ends this in its own way.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        finally:
            if output is not None:
                output.close()

    def poll(self) -> int | None:
        """The exit status; then nothing of what the command has started is left."""
        status = self._process.poll()
        if status is not None:
            end_processes(self._mark)
        return status

    def end(self) -> None:
        """End it and all that it has started; no matter whether it has exited."""
        if self._process.poll() is None:
            self._ask_to_end()
            try:
                self._process.wait(_ENDING_TAKES_AT_MOST)
            except subprocess.TimeoutExpired:
                self._kill()
        end_processes(self._mark)

    if sys.platform == "win32":

        def _ask_to_end(self) -> None:
            self._kill()

        def _kill(self) -> None:
            tree = ["taskkill", "/t", "/f", "/pid", str(self._process.pid)]
            subprocess.run(tree, capture_output=True, check=False)
            self._process.wait()

    else:

        def _ask_to_end(self) -> None:
            # By this the test bed ends what runs on Wine. To the group: xdist's workers are in it.
            os.killpg(self._process.pid, signal.SIGTERM)

        def _kill(self) -> None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
