"""The tables of the reference, as Markdown, each made from the code that it is about."""

from __future__ import annotations

import errno
import inspect
import re
import signal
from typing import TYPE_CHECKING, Any, Callable

import ctrlevent
from ctrlevent import _arguments, _cli, _commands, _errors
from ctrlevent._arguments import Probe, Signal
from ctrlevent._types import CtrlEvent
from ctrlevent._win32 import declarations, structures
from ctrlevent._win32.foreign import Function, cannot_fail
from ctrlevent._windows import peb
from ctrlevent._windows.signals import events_sent

if TYPE_CHECKING:
    import ctypes
    from collections.abc import Iterable, Iterator


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def code(text: object) -> str:
    return "`" + str(text).replace("|", r"\|") + "`"


# --- what a number means as a signal --------------------------------------------------------------

SIGNALS: dict[str, Any] = {
    "0": 0,
    "CTRL_C_EVENT": CtrlEvent.CTRL_C_EVENT,
    "signal.SIGINT": signal.SIGINT,
    "2": 2,
    "CTRL_BREAK_EVENT": CtrlEvent.CTRL_BREAK_EVENT,
    "1": 1,
    "21 (SIGBREAK)": 21,
    "9": 9,
    "signal.SIGTERM": signal.SIGTERM,
    "0xFFFFFFFF": 0xFFFF_FFFF,
    "0x100000000": 0x1_0000_0000,
    "-1": -1,
    "True": True,
    "CTRL_CLOSE_EVENT": CtrlEvent.CTRL_CLOSE_EVENT,
}


def meaning(sig: Any) -> str:
    """What `kill` and `killpg` make of it on Windows: `_arguments.action` is asked."""
    try:
        action = _arguments.action(sig, events_sent)
    except (TypeError, ValueError, OverflowError) as error:
        return code(type(error).__name__)
    if isinstance(action, Probe):
        return "nothing is sent: is it alive?"
    if isinstance(action, Signal):
        return f"terminates the process, or every member, with exit code {action.number}"
    return {CtrlEvent.CTRL_C_EVENT: "Ctrl+C", CtrlEvent.CTRL_BREAK_EVENT: "Ctrl+Break"}[action]


def signals() -> str:
    return table(
        ("`sig`", "what `kill` and `killpg` do on Windows"),
        ((code(name), meaning(sig)) for name, sig in SIGNALS.items()),
    )


def events() -> str:
    return table(
        ("event", "number", "can be sent"),
        (
            (code(event.name), str(int(event)), "yes" if event in (0, 1) else "no")
            for event in CtrlEvent
        ),
    )


# --- errors ---------------------------------------------------------------------------------------


def raised_by(error: str) -> list[str]:
    """The public names whose docstrings say that they raise it."""
    documented: dict[str, str] = {}
    for name in vars(ctrlevent)["__all__"]:
        value = getattr(ctrlevent, name)
        documented[name] = inspect.getdoc(value) or ""
        if isinstance(value, type):
            for method, function in vars(value).items():
                if not method.startswith("_") and inspect.isfunction(function):
                    documented[f"{name}.{method}"] = inspect.getdoc(function) or ""
    return [name for name, text in documented.items() if f"`{error}`" in _raises(text)]


def _raises(docstring: str) -> str:
    """From the paragraph that begins with "Raises" to the sources."""
    _, _, text = docstring.partition("Raises")
    return text.partition("Source:")[0]


ERRORS: tuple[type[Exception], ...] = (
    *_errors.ERRNO,
    OSError,
    TypeError,
    ValueError,
    OverflowError,
)


def errors() -> str:
    return table(
        ("error", "is a", "`errno`", "raised by"),
        (
            (
                code(kind.__name__),
                code(kind.__bases__[0].__name__),
                _errno(kind),
                ", ".join(map(code, raised_by(kind.__name__))) or "-",
            )
            for kind in dict.fromkeys(ERRORS)
        ),
    )


def _errno(kind: type[Exception]) -> str:
    if not issubclass(kind, OSError) or kind is OSError:
        return "-" if kind is not OSError else "as Windows has it"
    number = _errors.make(kind, "").errno
    # Windows has a second name for some, from its sockets.
    names = (name for name, value in vars(errno).items() if value == number)
    return code(next(name for name in names if name.startswith("E")))


# --- what is read of other processes --------------------------------------------------------------


def offsets() -> str:
    twins = (
        ("PROCESS_BASIC_INFORMATION", "process_basic_information"),
        ("PEB", "peb"),
        ("RTL_USER_PROCESS_PARAMETERS", "process_parameters"),
    )
    return table(
        ("structure", "field", "64-bit", "32-bit"),
        (
            (code(name), code(field), *_offsets(attribute, field))
            for name, attribute in twins
            for field in fields_read(getattr(structures.LAYOUT64, attribute))
        ),
    )


def fields_read(kind: type[ctypes.Structure]) -> Iterator[str]:
    """The fields that `_windows/peb.py` names, which is where all that is read gets its meaning."""
    source = inspect.getsource(peb)
    for field in kind._fields_:
        if re.search(rf"\.{field[0]}\b", source):
            yield field[0]


def _offsets(attribute: str, field: str) -> tuple[str, str]:
    layouts = (structures.LAYOUT64, structures.LAYOUT32)
    found = [getattr(getattr(layout, attribute), field).offset for layout in layouts]
    return code(f"0x{found[0]:X}"), code(f"0x{found[1]:X}")


# --- foreign functions ----------------------------------------------------------------------------


def functions() -> dict[str, Function]:
    """Every foreign function that the package can call."""
    declared = vars(declarations).items()
    return {name: one for name, one in declared if isinstance(one, Function)}


def failure(rule: Callable[[Any], int | None]) -> str:
    if rule is cannot_fail:
        return "never"
    return (inspect.getdoc(rule) or "").replace("\n", " ").removesuffix(".")


def failures() -> str:
    return table(
        ("function", "of", "when it has failed"),
        (
            (code(name), code(one.dll + ".dll"), failure(one.fails))
            for name, one in sorted(functions().items())
        ),
    )


def prototypes() -> str:
    lines = [one.prototype.replace("(", "(\n    ").replace(", ", ",\n    ") + ";"
             for _, one in sorted(functions().items())]  # fmt: skip
    return "```c\n" + "\n".join(line.replace("(\n    void)", "(void)") for line in lines) + "\n```"


# --- the command line -----------------------------------------------------------------------------


def command_line() -> str:
    """What `python -m ctrlevent` says of itself."""
    parser = _commands.parser(_cli.RUN_OPTIONS, _cli.run)
    helps = [parser.format_help()]
    for action in parser._actions:  # noqa: SLF001  # argparse has no public way to its commands
        commands: Any = vars(action)["choices"]
        if hasattr(commands, "values"):
            helps += [command.format_help() for command in commands.values()]
    return "\n\n".join(f"```text\n{text.strip()}\n```" for text in helps)


TABLES: dict[str, Callable[[], str]] = {
    "signals": signals,
    "events": events,
    "errors": errors,
    "offsets": offsets,
    "failures": failures,
    "prototypes": prototypes,
    "command-line": command_line,
}
