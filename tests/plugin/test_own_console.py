"""`--own-console`: nothing changes for the session, and nothing of it gets out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ctrlevent
from tests.children import is_alive
from tests.waiting import wait_until

from .conftest import PATIENCE, PLUGIN, outcomes

if TYPE_CHECKING:
    from .conftest import Pytester, Session

OWN = "--own-console"

# How often the session with xdist is run whose tests interrupt themselves.
SELF_INTERRUPTIONS = int(os.environ.get("CTRLEVENT_XDIST_SESSIONS", "2"))

MIXED = """
import pytest, sys

def test_passes(): pass
def test_fails():
    print("to stdout \\u2713")
    print("to stderr", file=sys.stderr)
    assert [1, 2] == [1, 3]
@pytest.mark.skip(reason="as it is")
def test_skipped(): pass
@pytest.fixture
def broken(): raise ValueError("broken")
def test_error(broken): pass
"""

TO_THE_GROUP = """
import time
import ctrlevent

def test_interrupts_its_group():
    ctrlevent.killpg(0, ctrlevent.CTRL_C_EVENT)
    time.sleep(60)
"""

TO_ITSELF = """
import os, signal, sys, threading, time
import pytest
import ctrlevent
from ctrlevent import CTRL_C_EVENT

@pytest.mark.parametrize("turn", range(4))
def test_itself(turn):
    with pytest.raises(KeyboardInterrupt):
        ctrlevent.kill(os.getpid(), CTRL_C_EVENT)
        time.sleep(60)

@pytest.mark.parametrize("turn", range(2))
def test_itself_from_another_thread(turn):
    with pytest.raises(KeyboardInterrupt):
        threading.Thread(target=ctrlevent.kill, args=(os.getpid(), CTRL_C_EVENT)).start()
        time.sleep(60)

@pytest.mark.parametrize("turn", range(2))
def test_a_child(turn, interruptible):
    code = '''
import time
try:
    print("up", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
'''
    child = interruptible([sys.executable, "-c", code], stdout=-1, text=True)
    assert child.stdout.readline() == "up\\n"
    child.interrupt()
    assert child.stdout.readline() == "interrupted\\n"
"""


def without_times(session: Session) -> tuple[int, str, str]:
    text = re.sub(r"\d+\.\d\ds", "0.00s", session.output)
    return session.status, re.sub(r"=+( .* )=+", r"=\1=", text), session.errors


@pytest.mark.parametrize("color", ["yes", "no"])
def test_output_and_exit_status_are_the_same(session: Pytester, color: str) -> None:
    session.write("test_it.py", MIXED)
    arguments = ["-v", f"--color={color}"]
    plain, own = session.run(*arguments), session.run(*arguments, OWN)
    assert without_times(own) == without_times(plain)
    assert own.status == 1


def test_junit_file_is_the_same(session: Pytester) -> None:
    session.write("test_it.py", MIXED)
    plain, own = session.run(), session.run(OWN)
    assert own.outcomes == plain.outcomes
    assert sorted(own.outcomes.values()) == ["error", "failed", "passed", "skipped"]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--no-such-option"], 4), (["no_such_file.py"], 4), (["-k", "nothing"], 5), (["-h"], 0)],
)
def test_exit_status_of_sessions_without_tests(
    session: Pytester, arguments: list[str], status: int
) -> None:
    session.write("test_it.py", "def test_it(): pass")
    plain, own = session.run(*arguments), session.run(*arguments, OWN)
    assert (plain.status, own.status) == (status, status)
    assert own.errors == plain.errors


@pytest.mark.parametrize("code", [3, pytest.param(0xC000_0005, marks=pytest.mark.windows)])
def test_exit_status_of_a_session_that_is_ended(session: Pytester, code: int) -> None:
    signed = code - (1 << 32) if code >> 31 else code
    session.write("test_it.py", f"import os\ndef test_it(): os._exit({signed})")
    assert session.run(OWN).status == code


@pytest.mark.posix
def test_exit_status_of_a_session_that_a_signal_ended(session: Pytester) -> None:
    session.write("test_it.py", "import os\ndef test_it(): os.kill(os.getpid(), 9)")
    assert session.run(OWN).status == 128 + 9


def test_standard_input_is_the_same(session: Pytester) -> None:
    session.write("test_it.py", "def test_it(): assert input() == 'typed'")
    assert session.run(OWN, "-s", input="typed\n").outcomes == {"test_it": "passed"}


def test_import_path_is_the_same(session: Pytester) -> None:
    session.write("conftest.py", "")
    session.write(
        "test_it.py",
        "import json, sys\n"
        "def test_it():\n    with open('path.json', 'w') as file: json.dump(sys.path, file)",
    )
    found = []
    for arguments in ([], [OWN]):
        assert session.run(*arguments).status == 0
        found.append((session.folder / "path.json").read_text(encoding="utf-8"))
    assert found[0] == found[1]


def test_interpreter_options_are_the_same(session: Pytester) -> None:
    session.write(
        "test_it.py",
        "import sys\ndef test_it():\n"
        "    assert sys.flags.dev_mode and 'error::BytesWarning' in sys.warnoptions",
    )
    python, *words = session.command("--junitxml=junit.xml", OWN)
    ran = session.watch([python, "-X", "dev", "-W", "error::BytesWarning", *words])
    assert ran.outcomes == {"test_it": "passed"}, ran


def test_output_is_live(session: Pytester) -> None:
    """The test goes on when somebody has read what it said."""
    session.write(
        "test_it.py",
        "import os, time\n"
        "def test_it():\n"
        "    print('said', flush=True)\n"
        "    while not os.path.exists('read'): time.sleep(0.01)",
    )
    with started(session, OWN, "-s") as process:
        for line in process.stdout:
            if "said" in line:
                session.write("read", "")
        assert process.wait(60) == 0


@pytest.mark.windows
@pytest.mark.parametrize("color", [(), ("--color=no",)], ids=["", "no color"])
def test_on_a_terminal_the_output_appears_there(session: Pytester, color: tuple[str, ...]) -> None:
    """As wide as that, and in colours, although the session writes to a pipe."""
    session.write(
        "test_it.py",
        "import shutil, sys\n"
        "def test_width(): assert shutil.get_terminal_size().columns == 97\n"
        "def test_is_shown(request):\n"
        "    with request.getfixturevalue('capsys').disabled(): print('shown \u00f6')\n"
        "    print('to stderr', file=sys.stderr)\n",
    )
    with ctrlevent.PseudoConsole(columns=97) as console:
        command = session.command(OWN, *color)
        pytest_process = console.start(command, env=session.environment, cwd=session.folder)
        status = pytest_process.wait(PATIENCE)
    text = "".join(iter(console.read, ""))
    assert status == 0, text
    assert "shown \u00f6" in text
    assert "2 passed" in re.sub(r"\x1b\[[0-9;]*m", "", text)
    green = "\x1b[32m"
    assert (green in text) == (not color), text


def test_an_event_to_the_group_stays_inside(session: Pytester) -> None:
    """Without the option it does not, as the watcher shows."""
    session.write("test_it.py", TO_THE_GROUP)
    plain = session.run()
    assert plain.heard == ("CTRL_C_EVENT",), plain
    own = session.run(OWN)
    assert own.heard == (), own
    assert (plain.status, own.status) == (2, 2)


@pytest.mark.windows
def test_a_broadcast_stays_inside(session: Pytester) -> None:
    session.write("test_it.py", TO_THE_GROUP.replace("killpg(0, ", "broadcast("))
    own = session.run(OWN)
    assert (own.status, own.heard) == (2, ())


def test_a_session_in_a_session_gets_a_console_of_its_own_too(session: Pytester) -> None:
    session.write("inner.py", TO_THE_GROUP)
    session.write(
        "test_it.py",
        "import subprocess, sys\n"
        f"command = [sys.executable, '-m', 'pytest', '-p', {PLUGIN!r}, 'inner.py']\n"
        f"def test_it(): assert subprocess.call([*command, {OWN!r}]) == 2",
    )
    own = session.run(OWN)
    assert own.outcomes == {"test_it": "passed"}, own


def test_what_a_session_leaves_running_is_ended(session: Pytester) -> None:
    session.write(
        "test_it.py",
        "import subprocess, sys\n"
        "def test_it():\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "    with open('pid', 'w') as file: file.write(str(child.pid))\n"
        "    child.returncode = 0  # so that it is not warned of",
    )
    assert session.run(OWN).status == 0
    pid = int((session.folder / "pid").read_text())
    # It has been killed; on POSIX it is there until init has taken notice.
    wait_until(lambda: not is_alive(pid), "the end of what was left running")


# --- the user's Ctrl+C ----------------------------------------------------------------------------

SLOW_TEARDOWN = """
import pytest, time

@pytest.fixture
def resource():
    yield
    time.sleep(4)  # longer than ctrlevent.run lets a command go on after a Ctrl+C
    open("torn down", "w").close()

def test_it(resource):
    open("running", "w").close()
    time.sleep(60)
"""


def started(session: Pytester, *arguments: str) -> Any:
    """On another console and in a group of its own, so it can be interrupted from here."""
    return ctrlevent.Popen(
        session.command("--junitxml=junit.xml", *arguments),
        console="own",
        cwd=session.folder,
        env=session.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def wait_for(session: Pytester, name: str) -> None:
    wait_until((session.folder / name).exists, f"a file {name!r}", 60)


def test_the_users_ctrl_c_is_passed_on(session: Pytester) -> None:
    session.write("test_it.py", SLOW_TEARDOWN)
    with started(session, OWN) as process:
        wait_for(session, "running")
        process.interrupt()
        output = process.communicate(timeout=60)[0]
    assert process.returncode == 2, output
    assert "KeyboardInterrupt" in output
    assert (session.folder / "torn down").exists(), output


def test_a_second_ctrl_c_ends_it(session: Pytester) -> None:
    session.write(
        "test_it.py",
        SLOW_TEARDOWN.replace(
            "    time.sleep(4)",
            "    open('tearing down', 'w').close()\n"
            "    for _ in range(600):\n"
            "        try: time.sleep(0.1)\n"
            "        except KeyboardInterrupt: pass\n    ",
        ),
    )
    with started(session, OWN) as process:
        wait_for(session, "running")
        process.interrupt()
        wait_for(session, "tearing down")
        process.interrupt()
        process.communicate(timeout=30)
    assert process.returncode != 0
    assert not (session.folder / "torn down").exists()


# --- with others ----------------------------------------------------------------------------------


def test_with_pytest_xdist(session: Pytester) -> None:
    session.plugins += ("xdist.plugin",)
    session.write("test_it.py", MIXED)
    plain, own = session.run("-n", "2"), session.run("-n", "2", OWN)
    assert plain.outcomes == own.outcomes
    assert (own.status, len(own.outcomes)) == (1, 4), own


def test_with_pytest_timeout(session: Pytester) -> None:
    session.plugins += ("pytest_timeout",)
    session.write("test_it.py", "import time\ndef test_it(): time.sleep(60)")
    own = session.run("--timeout=2", "--timeout-method=thread", OWN)
    assert own.status == 1, own
    assert "Timeout" in own.output + own.errors


def test_tests_that_interrupt_themselves_with_pytest_xdist(session: Pytester) -> None:
    session.plugins += ("xdist.plugin",)
    session.write("test_it.py", TO_ITSELF)
    for _ in range(SELF_INTERRUPTIONS):
        own = session.run("-n", "2", OWN)
        assert own.heard == (), own
        assert (own.status, set(own.outcomes.values()), len(own.outcomes)) == (0, {"passed"}, 8), (
            own
        )


# --- how it is loaded -----------------------------------------------------------------------------


def install_entry_point(session: Pytester) -> None:
    """As an installation has it, and an editable one."""
    info = session.folder / "site" / "ctrlevent-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ctrlevent\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\nctrlevent = {PLUGIN}\n")
    environment = session.environment
    environment["PYTHONPATH"] = f"{info.parent}{os.pathsep}{environment['PYTHONPATH']}"
    del environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    session.plugins = ()


def test_loaded_by_its_entry_point(session: Pytester) -> None:
    install_entry_point(session)
    session.write("test_it.py", TO_THE_GROUP)
    own = session.run(OWN)
    assert (own.status, own.heard) == (2, ()), own


def test_switched_off(session: Pytester) -> None:
    install_entry_point(session)
    session.write(
        "test_it.py",
        "import sys\n"
        f"def test_it(request):\n    assert {PLUGIN!r} not in sys.modules\n"
        "    assert 'ctrlevent' not in sys.modules\n"
        "def test_fixture(interruptible): pass",
    )
    plain = session.run("-p", "no:ctrlevent")
    assert plain.outcomes == {"test_it": "passed", "test_fixture": "error"}, plain
    assert session.run("-p", "no:ctrlevent", OWN).status == 4


def test_two_copies_of_it_get_on(session: Pytester) -> None:
    session.write("copy_of_it.py", f"from {PLUGIN} import *\nfrom {PLUGIN} import pytest_addoption")
    session.write("test_it.py", TO_THE_GROUP)
    session.plugins += ("copy_of_it",)
    own = session.run(OWN)
    assert (own.status, own.heard) == (2, ()), own


def test_plugins_given_as_names_are_there(session: Pytester) -> None:
    session.write("extra.py", "import pytest\n@pytest.fixture\ndef extra(): return 5")
    session.write("test_it.py", "def test_it(extra): assert extra == 5")
    session.write("main.py", run_main(f"{PLUGIN!r}, 'extra'"))
    own = session.watch([sys.executable, "main.py"])
    assert (own.status, own.outcomes) == (0, {"test_it": "passed"}), own


def test_plugins_given_as_objects_are_refused(session: Pytester) -> None:
    session.write("test_it.py", "def test_it(): pass")
    session.write("main.py", run_main(f"{PLUGIN!r}, object()"))
    own = session.watch([sys.executable, "main.py"])
    assert own.status == 4, own
    assert "cannot have the plugin <object" in own.errors


def run_main(plugins: str) -> str:
    arguments = "['--own-console', '--junitxml=junit.xml', '-p', 'no:cacheprovider']"
    return f"import pytest, sys\nsys.exit(pytest.main({arguments}, plugins=[{plugins}]))"


def test_outcomes_are_read_from_junits_file(session: Pytester) -> None:
    """What the tests above rely on."""
    session.write("test_it.py", MIXED)
    session.run()
    assert outcomes(session.folder / "junit.xml") == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_skipped": "skipped",
        "test_error": "error",
    }


@pytest.mark.parametrize("module", ["ctypes", "_run", "_listen"])
def test_costs_nothing_when_unused(session: Pytester, module: str) -> None:
    """Beyond what pytest itself has imported, which has no need of these."""
    code = (
        f"import sys, types; package = types.ModuleType({ctrlevent.__name__!r})\n"
        f"package.__path__ = [{os.path.dirname(ctrlevent.__file__)!r}]\n"
        f"sys.modules[{ctrlevent.__name__!r}] = package\n"
        "import pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}; new = set(sys.modules) - before\n"
        f"sys.exit(any(name.rpartition('.')[2] == {module!r} for name in new))"
    )
    assert session.watch([sys.executable, "-c", code]).status == 0
