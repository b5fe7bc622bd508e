"""PseudoConsole, and run(console="pty")."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

import ctrlevent
from tests.repeats import repeats
from tests.tools.bed import probes
from tests.waiting import growing_limits

from . import listening, terminals
from .harness import Console, Python, bed_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def one(shared_console: Console) -> Iterator[Python]:
    """A process that makes pseudo consoles; no process on its own console hears anything."""
    actor = shared_console.parent.python()
    yield actor
    actor.leave()
    shared_console.assert_untouched()


@pytest.fixture
def microsofts() -> None:
    r"""Wine's own console ends the input at \x03 (conhost.c, tty_input, `case 3`), except on a
    terminal of Unix, and ends the programs without a CTRL_CLOSE_EVENT (console.c).
    """
    if not probes.pseudo_console_ctrl_c():
        pytest.skip(r"\x03 is no Ctrl+C on this pseudo console")


@pytest.fixture
def wines() -> None:
    if probes.pseudo_console_ctrl_c():
        pytest.skip("only Wine's own console takes Alt+Ctrl+C for Ctrl+C")


@pytest.mark.bitness
def test_it_has_the_size_that_was_asked_for(one: Python) -> None:
    text, status = one.call(
        terminals.show, terminals.SIZE, "", "", "size 83 21", columns=83, rows=21
    )
    assert status == 0, text


@pytest.mark.bitness
def test_what_is_typed_is_read(one: Python) -> None:
    text, status = one.call(terminals.show, terminals.ECHO, "up", "h\xe9llo\r", "got")
    assert r"'h\xe9llo'" in text
    assert status == 0


@pytest.mark.bitness
@pytest.mark.usefixtures("microsofts")
@pytest.mark.parametrize("ignoring", [False, True], ids=["", "an ancestor ignores it"])
def test_ctrl_c_raises_keyboard_interrupt(one: Python, ignoring: bool) -> None:
    pressed = one.call(terminals.press_ctrl_c, terminals.HEARS, None, "KeyboardInterrupt", ignoring)
    assert pressed == (True, 7)


@pytest.mark.bitness
@pytest.mark.usefixtures("microsofts")
def test_ctrl_c_is_seen_by_a_native_program(one: Python) -> None:
    one.call(terminals.native_ctrl_c, bed_program("native"), None)


@pytest.mark.usefixtures("microsofts")
def test_ctrl_c_is_input_when_it_is_not_processed(one: Python) -> None:
    pressed = one.call(terminals.press_ctrl_c, terminals.RAW, None, r"read '\x03'", False)
    assert pressed == (True, 0)


@pytest.mark.wine
@pytest.mark.usefixtures("wines")
@pytest.mark.parametrize("ignoring", [False, True])
def test_wines_ctrl_c_raises_keyboard_interrupt(one: Python, ignoring: bool) -> None:
    """What conhost does with a Ctrl+C, where the key that Windows knows cannot get so far."""
    keys = terminals.WINES_CTRL_C
    assert one.call(
        terminals.press_ctrl_c, terminals.HEARS, keys, "KeyboardInterrupt", ignoring
    ) == (True, 7)


@pytest.mark.wine
@pytest.mark.usefixtures("wines")
def test_wines_ctrl_c_is_seen_by_a_native_program(one: Python) -> None:
    one.call(terminals.native_ctrl_c, bed_program("native"), terminals.WINES_CTRL_C)


@pytest.mark.wine
@pytest.mark.usefixtures("wines")
def test_wines_ctrl_c_is_input_when_it_is_not_processed(one: Python) -> None:
    keys = terminals.WINES_CTRL_C
    assert one.call(terminals.press_ctrl_c, terminals.RAW, keys, r"read '\x03'", False) == (True, 0)


def test_a_control_character_is_input_when_it_is_not_processed(one: Python) -> None:
    assert one.call(terminals.press_ctrl_c, terminals.RAW, "\x02", r"read '\x02'", False) == (
        True,
        0,
    )


@pytest.mark.bitness
@pytest.mark.parametrize("ignoring", [False, True])
def test_a_child_leads_a_group_and_hears_and_is_elsewhere(one: Python, ignoring: bool) -> None:
    assert one.call(terminals.sees_group_and_ignore, ignoring) == (True, False, False)


@pytest.mark.bitness
def test_killpg_reaches_its_group(one: Python) -> None:
    assert one.call(terminals.killpg_on_it) == (True, 7)


def test_closing_does_not_wait_for_a_reader(one: Python) -> None:
    still_runs, shown = one.call(terminals.close_with_output)
    assert not still_runs
    assert shown > 0


@pytest.mark.bitness
def test_the_whole_tree_ends_with_it(one: Python) -> None:
    assert one.call(terminals.tree_is_gone)


@pytest.mark.limits
@pytest.mark.repeats
def test_nothing_is_left_of_many(one: Python) -> None:
    assert one.call(terminals.many, repeats(10, 3)) == ""


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("size", ("ValueError", None)),
        ("no such program", ("FileNotFoundError", 2)),
        ("own console", ("ValueError", None)),
        ("another pseudo console", ("TypeError", None)),
        ("closed", ("OSError", errno.EBADF)),
        ("start on a closed one", ("OSError", errno.EBADF)),
    ],
)
def test_refusals(one: Python, what: str, expected: tuple[str, object]) -> None:
    assert one.call(terminals.refused, what) == expected


@pytest.mark.limits
@pytest.mark.bitness
def test_one_that_cannot_be_put_into_its_job_is_ended(one: Python) -> None:
    assert one.call(terminals.one_that_cannot_be_changed_is_ended) == ("OSError", "")


@pytest.mark.wine
def test_resize(one: Python) -> None:
    """Wine 10 has no ResizePseudoConsole of its own: it answers E_NOTIMPL."""
    e_notimpl = 0x8000_4001 - (1 << 32)
    expected = ("", None) if probes.pseudo_console_ctrl_c() else ("OSError", e_notimpl)
    assert one.call(terminals.refused, "resize") == expected


@pytest.mark.bitness
@pytest.mark.usefixtures("microsofts")
def test_clean_up_runs_when_the_console_is_closed(one: Python, tmp_path: Path) -> None:
    file = tmp_path / "closed"
    one.call(terminals.cleans_up_when_closed, listening.CLOSES, str(file))
    assert file.read_text() == "cleaned up"


# --- run ------------------------------------------------------------------------------------------

IS_TERMINAL = "import sys; print('terminal', sys.stdin.isatty(), sys.stdout.isatty()); sys.exit(9)"


@pytest.mark.bitness
def test_run_gives_a_terminal(one: Python) -> None:
    status, text = one.call(terminals.run_captured, IS_TERMINAL)
    assert status == 9
    assert "terminal True True" in text


def test_run_types_the_input(one: Python) -> None:
    status, text = one.call(terminals.run_captured, terminals.ECHO, input="hello\r")
    assert status == 0
    assert "got 'hello'" in text


@pytest.mark.limits
def test_run_that_takes_too_long_is_interrupted(one: Python) -> None:
    assert "KeyboardInterrupt" in one.call(terminals.run_times_out)


def test_run_with_a_shell(one: Python) -> None:
    status, text = one.call(terminals.run_shell, "echo shown && exit 5")
    assert status == 5
    assert "shown" in text


def test_run_leaves_nothing_behind(one: Python) -> None:
    status, text = one.call(terminals.run_captured, terminals.TREE)
    assert status == 0
    with pytest.raises(ProcessLookupError):
        one.call(ctrlevent.kill, int(text.partition("child ")[2].split()[0]), 0)


def test_run_refuses_another_stdout(one: Python) -> None:
    with pytest.raises(ValueError, match="stdout"):
        one.call(ctrlevent.run, ["x"], console="pty", stdout=-3)


def test_command_line_passes_output_and_status(one: Python) -> None:
    command = terminals.python(IS_TERMINAL)
    status, output, errors = one.call(terminals.run_command_line, "--", *command)
    assert (status, errors) == (9, b"")
    assert b"terminal True True" in output


def test_command_line_types_what_comes_from_a_pipe(one: Python) -> None:
    command = terminals.python(terminals.ECHO)
    status, output, _ = one.call(terminals.run_command_line, "--", *command, data=b"hello\r")
    assert status == 0
    assert b"got 'hello'" in output


@pytest.mark.limits
def test_command_line_ends_with_124_on_timeout(one: Python) -> None:
    command = terminals.python(terminals.HEARS)
    for limit in growing_limits():
        status, output, errors = one.call(
            terminals.run_command_line, "--timeout", f"{limit:g}", "--", *command, grace=2 * limit
        )
        assert status == 124
        assert errors.startswith(f"ctrlevent: run: ended after {limit:g} s".encode())
        if b"KeyboardInterrupt" in output:
            break
    else:
        pytest.fail("the command was never up in time")


@pytest.mark.bitness
def test_keys_pass_through_and_the_modes_are_put_back(one: Python) -> None:
    """run(console="pty") in a terminal types what is typed there into the inner console."""
    text, before, after = one.call(
        terminals.run_in_a_terminal, terminals.ECHO, "hello\r", "got 'hello'"
    )
    assert "status 0" in text
    assert before == after


# --- run, whose caller has a terminal -------------------------------------------------------------


@pytest.mark.bitness
def test_a_line_that_is_typed_after_the_command_is_the_callers(one: Python, tmp_path: Path) -> None:
    steps = [("then 0", "hello\r")]
    text = one.call(
        terminals.run_before_input, terminals.READS_NOTHING, str(tmp_path / "go"), steps
    )
    assert "caller got 'hello'" in text


@pytest.mark.bitness
def test_a_line_that_the_command_reads_is_its_own(one: Python, tmp_path: Path) -> None:
    steps = [("up", "hello\r"), ("then 0", "next\r")]
    text = one.call(terminals.run_before_input, terminals.READS_A_LINE, str(tmp_path / "go"), steps)
    assert "command got 'hello'" in text
    assert "caller got 'next'" in text


@pytest.mark.bitness
def test_a_line_that_the_command_did_not_take_is_the_callers(one: Python, tmp_path: Path) -> None:
    """Typed while the command runs, and shown, so that the command could have read it."""
    steps = [("up", "early\r"), ("early", "go")]
    text = one.call(
        terminals.run_before_input, terminals.WAITS_FOR_A_FILE, str(tmp_path / "go"), steps
    )
    assert "caller got 'early'" in text


@pytest.mark.bitness
def test_half_a_line_that_the_command_did_not_take_is_the_callers(
    one: Python, tmp_path: Path
) -> None:
    steps = [("up", "half a"), ("half a", "go"), ("then 0", " line\r")]
    text = one.call(
        terminals.run_before_input, terminals.WAITS_FOR_A_FILE, str(tmp_path / "go"), steps
    )
    assert "caller got 'half a line'" in text


@pytest.mark.limits
@pytest.mark.bitness
def test_nothing_is_left_of_runs_by_a_caller_with_a_terminal(one: Python) -> None:
    assert one.call(terminals.left_of_runs, bed_program("native")) == ""
