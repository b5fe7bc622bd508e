"""Record all scenarios, and the demo, on Microsoft's console server; draw two pictures from that.

They are docs/problem.svg and docs/demo.svg. The test bed must be set up: `nox -s bed -- setup`.
With the argument `demo`, the demo alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import demo, recorded, terminal
from .drawing import svg
from .scenarios import PROBLEM, SCENARIOS

PICTURE = Path(__file__).parents[1] / "problem.svg"
PICTURE_OF_DEMO = Path(__file__).parents[1] / "demo.svg"


def main(arguments: list[str]) -> None:
    demo.save(demo.record())
    _write(PICTURE_OF_DEMO, terminal.svg(demo.load(), demo.COMMAND, standalone=True))
    if arguments != ["demo"]:
        _scenarios()


def _scenarios() -> None:
    from tests.conhost.both import on_the_server
    from tests.conhost.servers import Servers
    from tests.tools.bed import consoles

    servers = Servers()
    try:
        recordings = {name: on_the_server(servers, one.play) for name, one in SCENARIOS.items()}
    finally:
        servers.drop_all()
    recorded.save(consoles.NEWEST, recordings)
    _write(PICTURE, svg(SCENARIOS[PROBLEM], recordings[PROBLEM], standalone=True))


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


if __name__ == "__main__":
    main(sys.argv[1:])
