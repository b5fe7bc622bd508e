"""How to test a server, or another program that goes on until it is stopped: the recipes of a page.

Each asserts that the code for the program's end has run, which is what a gentle stop is for. The
limits of 180 seconds are for a very busy machine; yours can leave them out.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    Start = Callable[..., Any]

HERE = Path(__file__).parent
PROGRAM = str(HERE / "app_program.py")

# Else coverage that measures these tests would measure their children, too.
ENVIRON = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}


def get(url: str) -> str:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(url, timeout=180) as response:
        return str(response.read().decode())


@pytest.fixture
def cleaned_up(tmp_path: Path) -> Path:
    """The file that each application writes when it is shut down."""
    return tmp_path / "cleaned up"


@pytest.mark.usefixtures("no_stray_events")
def test_uvicorn(interruptible: Start, cleaned_up: Path) -> None:
    server = interruptible(
        [sys.executable, "-m", "uvicorn", "app_uvicorn:app", "--port", "0"],
        ready=re.compile(r"running on (http://\S+)"),  # port 0 is any that is free: this says which
        timeout=180,
        cwd=HERE,
        env={**ENVIRON, "CLEANED_UP": str(cleaned_up)},
    )
    assert get(server.ready[1]) == "hello"
    server.wait_for('"GET / HTTP/1.1" 200 OK', timeout=180)
    assert server.stop(180) == 0
    assert cleaned_up.exists()  # by the lifespan's shutdown
    assert "Application shutdown complete" in server.output


@pytest.mark.usefixtures("no_stray_events")
def test_flask(interruptible: Start, cleaned_up: Path) -> None:
    server = interruptible(
        [sys.executable, "-m", "flask", "--app", "app_flask", "run", "--port", "0"],
        ready=re.compile(r"Running on (http://\S+)"),
        timeout=180,
        cwd=HERE,
        env={**ENVIRON, "CLEANED_UP": str(cleaned_up), "FLASK_DEBUG": "0"},  # and no reloader
    )
    assert get(server.ready[1]) == "hello"
    assert server.stop(180) == 0
    assert cleaned_up.exists()  # by atexit


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.usefixtures("no_stray_events")
def test_aiohttp(interruptible: Start, cleaned_up: Path) -> None:
    port = free_port()
    server = interruptible(
        [sys.executable, "-m", "aiohttp.web", "-H", "127.0.0.1", f"-P{port}", "app_aiohttp:make"],
        ready=port,
        timeout=180,
        cwd=HERE,
        env={**ENVIRON, "CLEANED_UP": str(cleaned_up)},
    )
    assert get(f"http://127.0.0.1:{port}") == "hello"
    assert server.stop(180) == 0
    assert cleaned_up.exists()  # by cleanup_ctx


def coverage(*words: str) -> list[str]:
    return [sys.executable, "-m", "coverage", *words]


@pytest.mark.usefixtures("no_stray_events")
def test_program_whose_coverage_is_measured(interruptible: Start, tmp_path: Path) -> None:
    command = coverage("run", "--parallel-mode", PROGRAM)
    program = interruptible(command, ready="at work", timeout=180, cwd=tmp_path, env=ENVIRON)
    assert program.stop(180) == 0
    assert program.output.endswith("at work\ncleaned up\n")
    for step in ("combine", "report"):
        ran = subprocess.run(
            coverage(step),
            cwd=tmp_path,
            env=ENVIRON,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    assert re.search(r"app_program.py .* 100%", ran.stdout)


@pytest.mark.usefixtures("no_stray_events")
def test_program_that_is_terminated_leaves_no_coverage(
    interruptible: Start, tmp_path: Path
) -> None:
    command = coverage("run", "--parallel-mode", PROGRAM)
    program = interruptible(command, ready="at work", timeout=180, cwd=tmp_path, env=ENVIRON)
    program.terminate()
    program.wait(180)
    assert program.output.endswith("at work\n")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def shared_server(module_interruptible: Start, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One server for all tests of the module."""
    return module_interruptible(
        [sys.executable, "-m", "uvicorn", "app_uvicorn:app", "--port", "0"],
        ready=re.compile(r"running on (http://\S+)"),
        timeout=180,
        cwd=HERE,
        env={**ENVIRON, "CLEANED_UP": str(tmp_path_factory.mktemp("server") / "cleaned up")},
    )


@pytest.mark.parametrize("path", ["", "/other"])
def test_server_for_several_tests(shared_server: Any, path: str) -> None:
    assert get(shared_server.ready[1] + path) == "hello"
