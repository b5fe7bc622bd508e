"""The control: with any rule of the model changed, the comparison finds it, within 500 histories.

A comparison that finds nothing in a wrong model would prove nothing about the right model.
"""

from __future__ import annotations

import inspect
import types
from typing import TYPE_CHECKING, Any, Callable

import pytest

from tests.fakes import console as console_module
from tests.fakes.console import Console
from tests.fakes.windows import FakeWindows
from tests.tools.bed import consoles

from .both import Disagreement
from .conftest import profile_of
from .histories import compare

if TYPE_CHECKING:
    from tests.fakes.profiles import Profile

    from .conftest import ServersOf
    from .servers import Servers

WITHIN = 500

# What the profile of a build says, said otherwise.
OTHERWISE: dict[str, Callable[[Any], Any]] = {
    "phantom_records_group": lambda before: not before,
    "no_such_pid": lambda _: 87,
    "mixed_kinds_are_dropped": lambda before: not before,
    "newest_is_told_first": lambda before: not before,
    "a_dead_process_stops_the_telling": lambda before: not before,
}

# A rule of tests/fakes/console.py: what stands there, and what it is made to say.
RULES = {
    "what fails releases what is parked": (
        "self._unlock() if locks else []", "self._unlock() if locks and not refusal else []",
    ),
    "a refused connection releases what is parked": (
        "self._unlock() if locks else []",
        "self._unlock() if locks and answer is not False else []",
    ),
    "every message releases what is parked": (
        "self._unlock() if locks else []",
        "self._unlock() if locks and message.name != 'GetConsoleCP' else []",
    ),
    "each call is a message": ("if not self.may_send:", "if self.may_send:"),
    "a call that there is not releases nothing": ('locks=name != "no such call"', "locks=True"),
    "a process with an entry is refused": ("if self.lists(process.pid):", "if False:"),
    "the newest entry stands first": (
        "self.entries.insert(0, Entry(process.pid", "self.entries.append(Entry(process.pid",
    ),
    "a process that leaves loses its entry": (
        "if entry.process is not process]", "if entry.pid]",
    ),
    "a group is looked for first": ("if group and not self.knows(group):", "if group:"),
    "group 0 is no pid": (
        "if group and not self.knows(group):", "if not self.knows(group):",
    ),
    "a pid that can be opened": (
        "child is None or not self.windows.exists(child)",
        "child is None or not child.is_alive",
    ),
    "its parent is attached": ("if not self.lists(child.ppid):", "if False:"),
    "one entry for each pid": ("if not self.lists(group):", "if True:"),
    "a phantom stands first": (
        "self.entries.insert(0, Entry(group", "self.entries.append(Entry(group",
    ),
    "an odd event leaves its group behind": (
        "self.limit = group  #", "self.limit = group if event in (0, 1, 2) else self.limit  #",
    ),
    "CLOSE is an event": ("(CTRL_C, CTRL_BREAK, CTRL_CLOSE):", "(CTRL_C, CTRL_BREAK):"),
    "no other is": ("if event in (CTRL_C, CTRL_BREAK, CTRL_CLOSE):", "if True:"),
    "same kinds merge": (
        "self.parked[event] = self.windows.sender",
        "self.parked.setdefault(event + 10 * (event in self.parked), self.windows.sender)",
    ),
    "the group is looked at once": (
        "limit, self.limit = self.limit, 0\n        matching",
        "limit = self.limit\n        matching",
    ),
    "no group is every process": ("if limit in (0, entry.group)]", "if limit == entry.group]"),
    "an event with no member stays": (
        "return []  # with the slot", "self.parked = {}; return []  # with the slot",
    ),
    "and is gone when it was told": (
        "events, self.parked = self.parked, {}", "events = dict(self.parked)",
    ),
    "Ctrl+C needs processed input": (
        "(event == CTRL_BREAK or self.processed_input)", "True",
    ),
    "Ctrl+Break does not": (
        "(event == CTRL_BREAK or self.processed_input)", "self.processed_input",
    ),
    "a key is an event": (
        'self.parked[event] = "the keyboard"', "pass",
    ),
    "the end of the terminal is an event": (
        'self.parked[CTRL_CLOSE] = "the terminal"', "pass",
    ),
}  # fmt: skip


@pytest.mark.parametrize("field", OTHERWISE)
def test_a_profile_that_says_otherwise_is_found(
    field: str, servers: Servers, profile: Profile
) -> None:
    changed = {field: OTHERWISE[field](getattr(profile, field))}
    with pytest.raises(Disagreement):
        compare(servers, profile._replace(**changed), WITHIN, 0, shortest=False)


@pytest.mark.parametrize("rule", RULES)
def test_a_model_without_one_of_its_rules_is_found(
    rule: str, servers_of: ServersOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = inspect.getsource(console_module)
    old, new = RULES[rule]
    assert source.count(old) == 1, f"{rule}: stands {source.count(old)} times in the model"
    changed = types.ModuleType(console_module.__name__)
    vars(changed).update(__package__=console_module.__package__)
    exec(compile(source.replace(old, new), "changed console.py", "exec"), vars(changed))
    for name, function in vars(changed.Console).items():
        if isinstance(function, (types.FunctionType, property)):
            monkeypatch.setattr(Console, name, function)
    closes = "terminal" in rule
    with pytest.raises(Disagreement):
        compare(
            servers_of(consoles.NEWEST), profile_of(consoles.NEWEST), WITHIN, 0,
            closes=closes, shortest=False,
        )  # fmt: skip


def test_a_disagreement_is_told_as_a_short_story(servers_of: ServersOf) -> None:
    profile = profile_of(consoles.NEWEST)._replace(no_such_pid=87)
    with pytest.raises(Disagreement) as caught:
        compare(servers_of(consoles.NEWEST), profile, WITHIN, 0)
    *before, model, server = str(caught.value).strip().splitlines()
    assert len(before) <= 3
    assert "GenerateConsoleCtrlEvent(" in model
    assert model.endswith("-> model:  error 87; no process is told")
    assert server.strip() == "server: error 11; no process is told"


def test_the_model_without_phantoms_that_keep_their_pid_is_found(
    servers_of: ServersOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That rule stands in `FakeWindows`: a process id lasts as long as the console's handle."""
    monkeypatch.setattr(FakeWindows, "exists", FakeWindows.is_held)
    with pytest.raises(Disagreement):
        compare(servers_of(consoles.NEWEST), profile_of(consoles.NEWEST), WITHIN, 0, shortest=False)
