"""What an import costs: each in a new Python, by turns."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .interleaved import Samples

_CODE = """
import time
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""


def measure(statements: Mapping[str, str], rounds: int) -> Samples:
    """Without `site`, which may have imported some of it already."""

    path = os.pathsep.join(filter(None, sys.path))  # with what `site` has put there

    def once(statement: str) -> float:
        command = [sys.executable, "-S", "-c", _CODE.format(statement)]
        environment = {**os.environ, "PYTHONPATH": path}
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        return float(ran.stdout)

    for statement in statements.values():  # the bytecode is written
        once(statement)
    samples: Samples = {name: [] for name in statements}
    names = list(statements)
    for number in range(rounds):
        for name in names[:: -1 if number % 2 else 1]:
            samples[name].append(once(statements[name]))
    return samples
