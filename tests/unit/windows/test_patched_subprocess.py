"""What `patch_os` makes of a class like `subprocess.Popen` on Windows, without any process."""

from __future__ import annotations

import gc
import inspect
import signal
import sys
import weakref
from typing import TYPE_CHECKING, Any, Callable

import pytest

import ctrlevent
from ctrlevent._windows import patched_subprocess

if TYPE_CHECKING:
    from tests.fakes.windows import FakeWindows

NEW_GROUP, SUSPENDED = 0x200, 0x4


class Popen:
    """Takes the arguments of subprocess.Popen, as far as they matter; writes down its start."""

    fails: BaseException | None = None

    def __init__(self, args: Any, *position: Any, creationflags: Any = 0, **named: Any) -> None:
        named.pop("start_new_session", None)
        if "no_such" in named:
            raise TypeError
        flags = position[12] if len(position) > 12 else creationflags
        log.append(f"started {args} {hex(flags)} {sorted(named)}")
        self.pid = 1004
        self.polls: list[int | None] = []
        if self.fails:
            raise self.fails

    def poll(self) -> int | None:
        return self.polls.pop(0) if self.polls else None

    def send_signal(self, sig: int) -> None:
        log.append(f"Python's own send_signal {sig}")

    def terminate(self) -> None:
        log.append("terminate")


class Start:
    """In the place of `popen.Start`."""

    def __init__(self, named: dict[str, Any], console: str, keyboard: bool, tree: object) -> None:
        assert keyboard
        named["creationflags"] |= NEW_GROUP | SUSPENDED
        log.append(f"start {console} {tree}")

    def run(self, _process: object, create: Callable[[], None]) -> None:
        create()
        log.append("let run")

    def abandon(self, _process: object) -> None:
        log.append("abandon")


log: list[str] = []


@pytest.fixture(autouse=True)
def kind(windows: FakeWindows, monkeypatch: pytest.MonkeyPatch) -> type[Popen]:
    """The class that is patched: another class for each test."""
    del windows  # the half for Windows does the work
    log.clear()
    new = type(
        "NewPopen", (Popen,), {name: vars(Popen)[name] for name in ("__init__", "send_signal")}
    )
    monkeypatch.setattr("ctrlevent._patch_os._popen_class", lambda: new)
    monkeypatch.setattr(patched_subprocess, "start_of", Start)
    return new


LEADS = ["start inherit None", "started x 0x204 []", "let run"]


@pytest.mark.parametrize(
    "given",
    [
        {"start_new_session": True},
        {"start_new_session": 1},
        {"creationflags": NEW_GROUP},
    ],
)
def test_told_to_lead_a_group(kind: type[Popen], given: dict[str, Any]) -> None:
    with ctrlevent.patch_os():
        kind("x", **given)
    assert log == LEADS


def test_process_group_0(kind: type[Popen]) -> None:
    known = ["process_group"] if sys.version_info >= (3, 11) else []
    with ctrlevent.patch_os():
        kind("x", process_group=0)
    assert log == [LEADS[0], f"started x 0x204 {known}", LEADS[2]]


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 11)])
@pytest.mark.parametrize("group", [None, 0, 7])
def test_process_group_before_python_3_11(
    kind: type[Popen], monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], group: int | None
) -> None:
    """Python does not know the keyword there: it gets the keyword where it has to refuse it."""
    monkeypatch.setattr(sys, "version_info", version)
    with ctrlevent.patch_os():
        kind("x", process_group=group)
    gets_it = version >= (3, 11) or group == 7
    assert ("['process_group']" in log[-1 if group != 0 else 1]) == gets_it
    assert (log[0] == LEADS[0]) == (group == 0)


@pytest.mark.parametrize("given", [{}, {"start_new_session": False}, {"creationflags": 0x10}])
def test_not_told_so(kind: type[Popen], given: dict[str, Any]) -> None:
    with ctrlevent.patch_os():
        kind("x", **given)
    assert log == [f"started x {hex(given.get('creationflags', 0))} []"]


def test_arguments_by_position(kind: type[Popen]) -> None:
    position = [*[None] * 12, NEW_GROUP]
    with ctrlevent.patch_os():
        kind("x", *position)
    names = sorted({*patched_subprocess._POSITIONAL[1:13]})
    assert log == [LEADS[0], f"started x 0x204 {names}", LEADS[2]]


def test_positions_are_those_of_python() -> None:
    import subprocess

    parameters = inspect.signature(subprocess.Popen.__init__).parameters.values()
    positional = [one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert tuple(positional[1:]) == patched_subprocess._POSITIONAL


@pytest.mark.parametrize(
    "given",
    [{"args": "y", "start_new_session": True}, {"no_such": 1, "args": 2}],
)
def test_what_cannot_be_called_gets_python_s_own_error(
    kind: type[Popen], given: dict[str, Any]
) -> None:
    with ctrlevent.patch_os(), pytest.raises(TypeError):
        kind("x", **given)
    assert log == []


def test_flags_that_are_no_number_get_python_s_own_error(kind: type[Popen]) -> None:
    with ctrlevent.patch_os(), pytest.raises(TypeError):
        kind("x", creationflags="x")


@pytest.mark.parametrize("error", [OSError(), KeyboardInterrupt()])
def test_a_start_that_fails_is_abandoned(kind: Any, error: BaseException) -> None:
    kind.fails = error
    with ctrlevent.patch_os(), pytest.raises(type(error)):
        kind("x", start_new_session=True)
    assert log[-1] == "abandon"


def test_nested_patches_start_a_child_once(kind: type[Popen]) -> None:
    with ctrlevent.patch_os(), ctrlevent.patch_os():
        kind("x", start_new_session=True)
    assert log == LEADS


def test_a_class_that_starts_its_child_so_itself(kind: type[Popen]) -> None:
    """`ctrlevent.Popen`, whose __init__ calls that of its base class."""
    assert ctrlevent.Popen._leads_group
    own = type("Own", (kind,), {"_leads_group": ctrlevent.Popen._leads_group})
    with ctrlevent.patch_os():
        own("x", creationflags=NEW_GROUP | SUSPENDED)
    assert log == ["started x 0x204 []"]


def test_the_signature_stays(kind: type[Popen]) -> None:
    before = inspect.signature(kind), inspect.signature(kind.send_signal)
    with ctrlevent.patch_os():
        assert (inspect.signature(kind), inspect.signature(kind.send_signal)) == before


def test_afterwards_the_class_is_as_before(kind: type[Popen]) -> None:
    before = dict(vars(kind))
    with ctrlevent.patch_os():
        assert dict(vars(kind)) != before
    assert dict(vars(kind)) == before


# --- send_signal ----------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """What `os_kill` is asked to send."""
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr("ctrlevent._patch_os.os_kill", lambda *given: calls.append(given))
    return calls


@pytest.mark.parametrize("sig", [signal.SIGINT, ctrlevent.CTRL_C_EVENT, 0, 9])
def test_send_signal_is_os_kill(kind: type[Popen], sent: list[tuple[int, int]], sig: int) -> None:
    with ctrlevent.patch_os():
        kind("x").send_signal(sig)
    assert sent == [(1004, sig)]


def test_sigterm_is_terminate(kind: type[Popen], sent: list[tuple[int, int]]) -> None:
    with ctrlevent.patch_os():
        kind("x").send_signal(signal.SIGTERM)
    assert (sent, log[-1]) == ([], "terminate")


def test_nothing_is_sent_to_the_exited(kind: type[Popen], sent: list[tuple[int, int]]) -> None:
    with ctrlevent.patch_os():
        child = kind("x")
        child.polls = [7]
        child.send_signal(signal.SIGINT)
    assert sent == []


@pytest.mark.parametrize("exited", [True, False])
def test_a_child_that_exits_meanwhile_is_no_error(
    kind: type[Popen], monkeypatch: pytest.MonkeyPatch, exited: bool
) -> None:
    def refuse(*_: object) -> None:
        raise ProcessLookupError

    monkeypatch.setattr("ctrlevent._patch_os.os_kill", refuse)
    with ctrlevent.patch_os():
        child = kind("x")
        child.polls = [None, 7 if exited else None]
        if exited:
            child.send_signal(signal.SIGINT)
        else:
            with pytest.raises(ProcessLookupError):
                child.send_signal(signal.SIGINT)


def test_afterwards_its_children_keep_their_send_signal(
    kind: type[Popen], sent: list[tuple[int, int]]
) -> None:
    other = kind("x")
    with ctrlevent.patch_os():
        child = kind("x")
        assert "send_signal" not in vars(child)
    child.send_signal(signal.SIGINT)
    assert sent == [(1004, signal.SIGINT)]
    other.send_signal(signal.SIGINT)
    assert log[-1] == f"Python's own send_signal {signal.SIGINT}"


def test_afterwards_a_class_with_a_send_signal_of_its_own_has_that(kind: type[Popen]) -> None:
    own = type("Own", (kind,), {"send_signal": lambda *_: log.append("own")})
    with ctrlevent.patch_os():
        child = own("x")
    child.send_signal(signal.SIGINT)
    assert log[-1] == "own"


def test_a_child_is_deleted_when_nothing_refers_to_it(kind: type[Popen]) -> None:
    gc.disable()
    try:
        with ctrlevent.patch_os():
            child, deleted = kind("x"), kind("x")
            reference = weakref.ref(deleted)
            del deleted
            assert reference() is None
        send, reference = child.send_signal, weakref.ref(child)
        del child
        assert reference() is None
        send(signal.SIGINT)  # nothing refers to the child, so nothing is sent
    finally:
        gc.enable()


# --- the names of signals -------------------------------------------------------------------------


def test_sigkill_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    names: Any = signal
    monkeypatch.delattr(signal, "SIGKILL", raising=False)
    with ctrlevent.patch_os():
        assert names.SIGKILL == 9
        with ctrlevent.patch_os():
            assert names.SIGKILL == 9
        assert names.SIGKILL == 9
    assert not hasattr(signal, "SIGKILL")
