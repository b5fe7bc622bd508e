"""The processes of the demo, played: what they answer on a console that parks events, or does not.

No real process, and no code of the package but the table of calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ctrlevent._demo import INSTEAD, LEAK, OTHERS, REFUSED, ROLES

if TYPE_CHECKING:
    from collections.abc import Collection

PIDS = {"shell": 1000, "bystander": 1004, "launcher": 1008, "program": 1012}
REFUSAL = (
    "process 1012 leads no process group, it is in group 1008: use killpg(1008, ...) for the group,"
    " or kill(1012, ...) for the process"
)


class Played:
    """Is a `_demo.Ask`. A call of `broken` reaches the bystander too."""

    def __init__(self, *, parks: bool, broken: Collection[str] = ()) -> None:
        self.parks = parks
        self.broken = broken
        self.is_parked = False
        self.counts = dict.fromkeys(ROLES, 0)

    def __call__(self, role: str, word: str, code: str) -> Any:
        if word == "call":
            assert role == "program"
            return self._call(code)
        if word == "print":
            for each in ROLES:
                self.counts[each] += self.is_parked
            self.is_parked = False
            return None
        count, self.counts[role] = self.counts[role], 0
        return count

    def _call(self, code: str) -> dict[str, Any]:
        asked, _, group = (row.code for row in OTHERS)
        self.is_parked = self.parks and code == LEAK.code
        self.counts["program"] += code in (INSTEAD.code, asked, group)
        self.counts["bystander"] += code in self.broken
        refused = code == REFUSED.code
        return {
            "error": "NotAGroupLeader" if refused else None,
            "message": REFUSAL if refused else None,
            "ms": 1.5,
            "in_call": code == INSTEAD.code,
        }
