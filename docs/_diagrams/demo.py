"""The demo as it was seen on Microsoft's console: demo.ansi, which `cat` shows in its colours.

`python -m docs._diagrams` records it anew. tests/windows/test_demo.py compares it with what the
demo prints there, tests/unit/test_demo_picture.py with what it prints of the same experiment.
"""

from __future__ import annotations

import io
import re
from pathlib import Path

FILE = Path(__file__).with_name("demo.ansi")
COMMAND = "python3 noxfile.py -s demo"

_PID = re.compile(r"(?<=process )\d+|(?<=group )\d+|(?<=kill\()\d+|(?<=killpg\()\d+")
_TIME = re.compile(r"\d+\.\d (m?s\b) *")  # with the spaces up to the next column


def load() -> str:
    return FILE.read_text(encoding="utf-8")


def save(output: str) -> None:
    with FILE.open("w", encoding="utf-8", newline="\n") as file:
        file.write(output)


def record() -> str:
    """What the demo of the checkout prints on the bed, in colours."""
    from tests.tools.bed import bed, programs

    top = Path(__file__).parents[2]
    arch = programs.ARCHS[0]
    ready = bed.setup([arch])
    assert ready.wine is not None
    command = ["python", "-m", "ctrlevent", "demo"]
    command += ["--launcher", ready.description["launcher"][arch]]
    command += ["--console-name", f"Microsoft's {ready.wine.version}"]
    output = io.BytesIO()
    environ = {"FORCE_COLOR": "1"}
    status = ready.run(command, arch, paths=[str(top)], environ=environ, stdout=output)
    assert status == 0, output.getvalue()
    return recorded(output.getvalue())


def recorded(output: bytes) -> str:
    """The text, its pids replaced by 1000, 1004 and so on, as the drawings have them."""
    text = output.decode("utf-8").replace("\r\n", "\n")
    pids = list(dict.fromkeys(_PID.findall(text)))
    return _PID.sub(lambda found: str(1000 + 4 * pids.index(found[0])), text)


def without_times(text: str) -> str:
    return _TIME.sub(r"0.0 \1 ", text)


def console(text: str) -> str:
    """The name of the console that it was recorded on."""
    return re.sub(r"\x1b\[[\d;]*m", "", text.splitlines()[2])
