"""No test depends on how fast the machine is: each limit of time stops a hang, or is under test.

A limit that stops a hang is `tests.waiting.HANG_LIMIT`. A limit under test stands in a test with
the marker `limits`, which `nox -s busy` repeats, or in ALLOWED, with the reason. This file finds
every other number of seconds that a test waits for, and every upper bound of a measured time.

Found are numbers alone. A limit that has a name is found where the name gets its number.
"""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parents[2]

# What measures, builds and fetches is no test of ctrlevent; its limits are its own.
NO_TESTS = [f"tests/tools/{name}/" for name in ("bench", "bed", "others", "release")]

# Seconds. A shorter limit may be reached where nothing hangs.
LONG_ENOUGH = 120

# Functions and constants of test files that have a shorter limit for a reason.
ALLOWED = {
    ("docs/examples/leaking.py", "test_ctrl_c_makes_the_server_clean_up"): (
        "it fails by reaching this limit, as the tutorial says"
    ),
    **{
        ("docs/examples/pool.py", name): "how often a loop looks that ends by a fact"
        for name in ("in_executor", "in_pool", "in_simple_pool")
    },
    ("docs/examples/test_multiprocessing.py", "wait_for"): (
        "how often a loop looks that ends by a fact"
    ),
    ("docs/examples/test_special_cases.py", "test_time_stands_still"): (
        "the command never exits by itself, so a limit of any length is reached"
    ),
    ("tests/replaced.py", "_PROGRAM"): (
        "the command never exits by itself, so a limit of any length is reached"
    ),
    ("tests/tools/tiers/processes.py", "_ENDING_TAKES_AT_MOST"): (
        "a tier that has not exited by then is killed, which decides no test"
    ),
    ("tests/windows/harness.py", "EXIT_TAKES_AT_MOST"): (
        "only what coverage has measured depends on it"
    ),
    ("tests/windows/listening.py", "CLOSES"): "the program asks again until the event has come",
    ("tests/windows/starting.py", "interrupted_after_timeout"): (
        "the child never exits by itself, so a limit of any length is reached"
    ),
    ("tests/windows/starting.py", "run_and_watch"): "a pause between two looks",
}

# Methods and functions that wait: at which position each takes its limit.
WAITS = {
    "acquire": 1,
    "communicate": 1,
    "exception": 0,
    "get": 1,
    "join": 0,
    "poll": 0,
    "result": 0,
    "select": 3,
    "timeout": 0,  # pytest.mark.timeout
    "wait": 0,
    "wait_for": 1,
    "wait_until": 2,
}
OF_SUBPROCESS = {"run", "call", "check_call", "check_output"}

LIMIT_IN_CAPITALS = re.compile(r"(^|_)(PATIENCE|LIMIT|LONG|SOON|TIMEOUT|DEADLINE|AT_MOST)$")
LIMIT_AS_PARAMETER = re.compile(r"^(timeout|patience|limit|at_most)$")
MEASURED = re.compile(r"^(seconds|took|elapsed|duration|lasted)$")
CLOCKS = {"monotonic", "perf_counter"}

WAIT = "a limit of {} s: use tests.waiting.HANG_LIMIT"
UPPER_BOUND = "an upper bound of a measured time: decide by a fact"
OR_ELSE = "; if it is the behaviour under test, mark the test `limits`"


class Found(NamedTuple):
    line: int
    owner: str
    """The outermost function or class, or the constant, that it stands in."""
    what: str


def found_in(source: str) -> list[Found]:
    tree = ast.parse(source)
    finder = _Finder(has_fake_clock(tree))
    if not any(is_marked(node) for node in tree.body if isinstance(node, ast.Assign)):
        finder.visit(tree)
    return sorted({*finder.found})


def has_fake_clock(tree: ast.Module) -> bool:
    """Whether the file imports the fake Windows, on whose clock the library's verbs then wait.

    An import for types alone does not count.
    """
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.fakes")
        for node in tree.body
    )


def is_marked(node: ast.AST) -> bool:
    """Whether a function, a class, or a `pytestmark` has the marker `limits`."""
    if isinstance(node, ast.Assign):
        if [ast.unparse(target) for target in node.targets] != ["pytestmark"]:
            return False
        marks = [node.value]
    else:
        marks = getattr(node, "decorator_list", [])
    return any(
        isinstance(part, ast.Attribute) and ast.unparse(part) == "pytest.mark.limits"
        for mark in marks
        for part in ast.walk(mark)
    )


def too_short(node: ast.AST | None) -> float | None:
    """The number that the node is, if a machine that is only busy may reach it. 0 is no wait."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < LONG_ENOUGH:
        return value
    return None


def name_of(node: ast.AST) -> str:
    """`c` of `a.b.c`, and of `c`."""
    return getattr(node, "attr", getattr(node, "id", ""))


def reads_a_clock(node: ast.AST) -> bool:
    """`time.monotonic()` and the like; not that of a fake Windows, nor `time.time()`."""
    if not isinstance(node, ast.Call) or name_of(node.func) not in CLOCKS:
        return False
    return isinstance(node.func, ast.Name) or ast.unparse(node.func).startswith("time.")


class _Finder(ast.NodeVisitor):
    def __init__(self, fake_clock: bool, owner: str = "", line: int = 0) -> None:
        self.fake_clock = fake_clock
        self.owner = owner
        self.before = line
        self.found: list[Found] = []

    def note(self, node: ast.AST, what: str, owner: str = "") -> None:
        line = self.before + getattr(node, "lineno", 0)
        self.found.append(Found(line, self.owner or owner, what + OR_ELSE))

    def note_limit(self, node: ast.AST | None, owner: str = "") -> None:
        seconds = too_short(node)
        if node is not None and seconds is not None:
            self.note(node, WAIT.format(f"{seconds:g}"), owner)

    # --- where a marker or ALLOWED can be ---------------------------------------------------------

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if is_marked(node):
            return
        outer, self.owner = self.owner, self.owner or node.name
        self._parameters(node.args)
        self.generic_visit(node)
        self.owner = outer

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if is_marked(node):
            return
        outer, self.owner = self.owner, self.owner or node.name
        self.generic_visit(node)
        self.owner = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._assigned(target, node.value)
        outer, self.owner = self.owner, self.owner or name_of(node.targets[0])
        self.generic_visit(node)
        self.owner = outer

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._assigned(node.target, node.value)
        self.generic_visit(node)

    # --- limits -----------------------------------------------------------------------------------

    def _assigned(self, target: ast.AST, value: ast.AST | None) -> None:
        """`PATIENCE = 20`, and `LONG, SOON = 20, 5`."""
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for each, its in zip(target.elts, value.elts):
                self._assigned(each, its)
        elif LIMIT_IN_CAPITALS.search(name_of(target)):
            self.note_limit(value, name_of(target))

    def _parameters(self, args: ast.arguments) -> None:
        """`def wait(timeout=20)`."""
        positional = [*args.posonlyargs, *args.args]
        defaults = [*zip(reversed(positional), reversed(args.defaults))]
        for parameter, default in [*defaults, *zip(args.kwonlyargs, args.kw_defaults)]:
            if LIMIT_AS_PARAMETER.match(parameter.arg) and not self.fake_clock:
                self.note_limit(default)

    def visit_Call(self, node: ast.Call) -> None:
        name = name_of(node.func)
        waits = name in WAITS or (
            name in OF_SUBPROCESS and ast.unparse(node.func).startswith("subprocess.")
        )
        for keyword in node.keywords:
            # On a real clock each call with a timeout waits: a verb, or a caller of a verb.
            if keyword.arg == "timeout" and (waits or not self.fake_clock):
                self.note_limit(keyword.value)
        position = WAITS.get(name)
        if position is not None and position < len(node.args) and not is_of_dict(node):
            self.note_limit(node.args[position])
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        """`deadline = time.monotonic() + 20`."""
        if isinstance(node.op, ast.Add) and reads_a_clock(node.left):
            self.note_limit(node.right)
        self.generic_visit(node)

    # --- measured times ---------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for smaller, operator, larger in zip(sides, node.ops, sides[1:]):
            if isinstance(operator, (ast.Gt, ast.GtE)):
                smaller, larger = larger, smaller  # noqa: PLW2901
            elif not isinstance(operator, (ast.Lt, ast.LtE)):
                continue
            if self._is_measured(smaller):
                self.note(node, UPPER_BOUND)
        self.generic_visit(node)

    def _is_measured(self, node: ast.AST) -> bool:
        """`time.monotonic() - start`; by name too, where the clock is real."""
        parts = [*ast.walk(node)]
        differences = [
            part for part in parts if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub)
        ]
        names = [part for part in parts if isinstance(part, (ast.Name, ast.Attribute))]
        return any(reads_a_clock(part.left) for part in differences) or (
            not self.fake_clock and any(MEASURED.match(name_of(part)) for part in names)
        )

    # --- programs that a test starts --------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> None:
        """Text of several lines that is Python, as of a child; it has no fake clock."""
        if not isinstance(node.value, str) or "\n" not in node.value:
            return
        try:
            program = ast.parse(textwrap.dedent(node.value))
        except (SyntaxError, ValueError):
            return
        inner = _Finder(False, self.owner, self.before + node.lineno - 1)
        inner.visit(program)
        self.found.extend(inner.found)


def is_of_dict(node: ast.Call) -> bool:
    """`d.get("key", 5)`; the first argument of a queue's `get` is a bool."""
    return name_of(node.func) == "get" and not (
        isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, bool)
    )


# --- the tests of this project, but for this file, whose snippets are there to be found -----------

FILES = [
    path.relative_to(TOP).as_posix()
    for folder in ("tests", "docs/examples")
    for path in sorted((TOP / folder).rglob("*.py"))
    if not path.relative_to(TOP).as_posix().startswith(tuple(NO_TESTS)) and path != Path(__file__)
]


@pytest.mark.parametrize("file", FILES)
def test_limits_stop_a_hang_or_are_under_test(file: str) -> None:
    found = found_in((TOP / file).read_text(encoding="utf-8"))
    text = "\n".join(
        f"{file}:{line}: {what}" for line, owner, what in found if (file, owner) not in ALLOWED
    )
    assert not text, f"\n{text}"


def test_what_is_allowed_is_still_there() -> None:
    found = {
        (file, one.owner)
        for file in {file for file, _ in ALLOWED}
        for one in found_in((TOP / file).read_text(encoding="utf-8"))
    }
    assert set(ALLOWED) <= found


# --- that this file finds what it is for ----------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "child.wait(20)",
        "child.wait(timeout=20.0)",
        "thread.join(5)",
        "child.communicate(None, 30)",
        "child.communicate(timeout=30)",
        "future.result(10)",
        "replies.get(True, 3)",
        "replies.get(timeout=3)",
        "lock.acquire(timeout=3)",
        "connection.poll(3)",
        "select.select([a], [], [], 3)",
        "async def f(): await asyncio.wait_for(ended, 3)",
        "wait_until(fact, 'the end', 60)",
        "subprocess.run(command, timeout=60)",
        "subprocess.check_output(command, timeout=60)",
        "ctrlevent.killpg(pid, CTRL_C_EVENT, timeout=5)",
        "actor.call(ctrlevent.deliver, pid, timeout=1.5)",
        "@pytest.mark.timeout(60)\ndef test(): ...",
        "PATIENCE = 20",
        "PATIENCE: float = 20",
        "LONG, SOON = 500, 5.0",
        "ENDING_TAKES_AT_MOST = 20",
        "def send(timeout=20): ...",
        "def send(*, timeout=20): ...",
        "def send(pid, patience=20, other=None): ...",
        "deadline = time.monotonic() + 10",
        "assert time.monotonic() - start < 5",
        "assert 5 > time.monotonic() - start",
        "assert max(slowest, took) < 6",
        "assert 1.0 <= took < 4.0",
        "assert ran.seconds <= limit",
        "@pytest.mark.repeats\ndef test():\n    child.wait(20)",
        # The mark of one test is for that test alone.
        "@pytest.mark.limits\ndef test():\n    child.wait(20)\ndef other():\n    child.wait(20)",
        "CHILD = '''\nimport threading\nrunning.wait(10)\n'''",
        "def test():\n    run('''\n        import threading\n        running.wait(10)\n    ''')",
        # A fake Windows has a clock of its own; threads and processes have not.
        "from tests.fakes.windows import FakeWindows\nthread.join(5)",
        "from tests.fakes.windows import FakeWindows\nassert time.monotonic() - start < 5",
        "if TYPE_CHECKING:\n    from tests.fakes.windows import FakeWindows\nsend(timeout=5)",
    ],
)
def test_finds(source: str) -> None:
    assert len(found_in(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "child.wait()",
        "child.wait(HANG_LIMIT)",
        "child.wait(0)",
        "child.wait(180)",
        "child.communicate(b'5')",
        "thread.join(max(0.0, deadline - time.monotonic()))",
        "', '.join(names)",
        "os.path.join(folder, name)",
        "counts.get('name', 5)",
        "lock.acquire(True)",
        "ctrlevent.kill(pid, 0, timeout=-1)",
        "actor.call(function, limit, timeout=limit)",
        "range(20)",
        "LIMITS = 20",
        "LIMIT = 240.0",
        "def send(timeout=HANG_LIMIT, times=5): ...",
        "deadline = time.monotonic() + timeout",
        "while time.monotonic() < deadline: ...",
        "assert took >= 1",
        "assert 1.0 <= took",
        "assert windows.now - start < 5",
        "assert len(found) < 5",
        "time.sleep(0.01)",
        "@pytest.mark.limits\ndef test():\n    child.wait(1)",
        "@pytest.mark.limits\nclass Test:\n    def test(self):\n        child.wait(1)",
        "pytestmark = pytest.mark.limits\nchild.wait(1)",
        "pytestmark = [pytest.mark.bitness, pytest.mark.limits]\nchild.wait(1)",
        "TEXT = '''\nchild.wait(10), which is no Python\n'''",
        "from tests.fakes.windows import FakeWindows\nctrlevent.killpg(7, 0, timeout=1)",
        "from tests.fakes.windows import FakeWindows\nassert seconds < 5",
    ],
)
def test_lets_pass(source: str) -> None:
    assert found_in(source) == []


def test_says_where_and_what_to_do() -> None:
    source = (
        "def test():\n\n    child.wait(20)\n    CODE = '''\n    import x\n    x.wait(5)\n    '''\n"
    )
    (limit, of_child) = found_in(source)
    assert (limit.line, limit.owner) == (3, "test")
    assert limit.what.startswith("a limit of 20 s: use tests.waiting.HANG_LIMIT; if it is")
    assert of_child.line == 6
