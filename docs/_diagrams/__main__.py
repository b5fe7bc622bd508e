"""Record all scenarios on Microsoft's console server, and draw docs/problem.svg from that.

The test bed must be set up: `nox -s bed -- setup`.
"""

from __future__ import annotations

from pathlib import Path

from . import recorded
from .drawing import svg
from .scenarios import PROBLEM, SCENARIOS

PICTURE = Path(__file__).parents[1] / "problem.svg"


def main() -> None:
    from tests.conhost.both import on_the_server
    from tests.conhost.servers import Servers
    from tests.tools.bed import consoles

    servers = Servers()
    try:
        recordings = {name: on_the_server(servers, one.play) for name, one in SCENARIOS.items()}
    finally:
        servers.drop_all()
    recorded.save(consoles.NEWEST, recordings)
    with PICTURE.open("w", encoding="utf-8", newline="\n") as file:
        file.write(svg(SCENARIOS[PROBLEM], recordings[PROBLEM], standalone=True))


if __name__ == "__main__":
    main()
