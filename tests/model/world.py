"""What goes on in the model: everything at any time, in any order, also in the midst of a call."""

from __future__ import annotations

import collections
import contextlib
import errno
import functools
import signal
from typing import TYPE_CHECKING, Any, Callable, ClassVar, NamedTuple, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import ctrlevent
from ctrlevent._types import CtrlEvent
from ctrlevent._win32 import constants as c
from ctrlevent._windows.helper_process import READY_WITHIN
from tests.fakes import helper as fake_helper
from tests.fakes import windows as fake
from tests.fakes.profiles import WINDOWS, Profile

from . import laws
from .laws import Call, Careless, Ended, Hang, Hole, Leak, Lost, Phantom, Watched

if TYPE_CHECKING:
    from tests.fakes.windows import Process

C, BREAK = CtrlEvent.CTRL_C_EVENT, CtrlEvent.CTRL_BREAK_EVENT

# Numbers stand for processes: the nth of those alive, or of all that ever were. Drawing takes most
# of the time here, so as many things as possible are drawn at once.
SOME = range(12)
a_process = st.sampled_from(SOME)
EVENTS = [C, BREAK, 2, 21, signal.SIGINT]
NO_EVENTS = [0, 9, 15, 0xFFFF_FFFF, -1, 1 << 32, True, 1.5, None, "C", CtrlEvent.CTRL_CLOSE_EVENT]
signals: st.SearchStrategy[Any] = st.sampled_from([*EVENTS * 6, *NO_EVENTS])
ODD_PIDS = [0, 0, -1, 1, 4, 1001, 0xFFFF_FFFC, 1 << 32, True, 1.0, None]
who_it_names: st.SearchStrategy[Any] = st.sampled_from(
    [*[*SOME] * 5, *[(odd,) for odd in ODD_PIDS]]  # in a tuple: this pid itself
)
timeouts = st.sampled_from([0.0, 0.02, 0.1])
FLAGS = [
    console | group
    for console in (0, 0, c.CREATE_NEW_CONSOLE, c.CREATE_NO_WINDOW, c.DETACHED_PROCESS)
    for group in (0, c.CREATE_NEW_PROCESS_GROUP)
]


class How(NamedTuple):
    """How a child is started."""

    flags: int
    gui: bool = False
    bits: int | None = None
    starts: bool = True
    hears: bool = False
    pty: bool = False


hows = st.sampled_from(
    [
        *[How(flags, hears=hears) for flags in FLAGS for hears in (False, True, True)],
        *[How(flags, starts=False, bits=bits) for flags in FLAGS for bits in (None, 32)],
        *[How(flags, gui=True) for flags in FLAGS],
        *[How(flags, bits=bits, hears=True) for flags in FLAGS for bits in (32, 64)],
        *[How(group, hears=True, pty=True) for group in (0, c.CREATE_NEW_PROCESS_GROUP)],
    ]
)
RIGHTS = (c.PROCESS_VM_READ, c.PROCESS_CREATE_THREAD, c.PROCESS_TERMINATE, c.PROCESS_VM_WRITE, ~0)
REACTIONS = (fake.HANDLES, fake.DEFAULT, fake.HANGS, fake.DIES)
KINDS = (
    *("exit", "exit", "print", "print", "detach", "attach", "start", "start soon", "hear", "hear"),
    *("ignore", "hold", "let go", "deny", "allow", "handlers", "plain os.kill", "child"),
    *("child in a group", "child with an old pid", "time", "forbid sending"),
)
happenings = st.tuples(st.sampled_from(KINDS), a_process, a_process)
moments = st.sampled_from([*[0] * 20, *range(1, 41)])
in_a_call = st.tuples(
    st.sampled_from([*["exit"] * 8, *["child", "attach", "start"] * 3, *KINDS]),
    a_process,
    a_process,
)

# What happens in the midst of a call, and when: before its nth call of Windows, or, for 0, in the
# last moment before an event is sent. Mostly nothing happens.
meanwhile = st.one_of(
    st.just([]),
    st.just([]),
    st.lists(st.tuples(moments, in_a_call), min_size=1, max_size=3),
)


class Tally:
    """What was really run, for the report."""

    counts: ClassVar[collections.Counter[str]] = collections.Counter()


class World(RuleBasedStateMachine):
    profile: ClassVar[Profile] = WINDOWS
    name: ClassVar[str] = ""
    looks_for: ClassVar[tuple[type[laws.Broken], ...]] = (
        Leak, Hang, Phantom, Ended, Lost, Careless,
    )  # fmt: skip

    def new_console(self, windows: fake.FakeWindows) -> fake.Console:
        return fake.Console(windows)

    def __init__(self) -> None:
        super().__init__()
        self.over = False
        self.everybody: list[Process] = []
        self.target: Process | None = None
        self.patch = pytest.MonkeyPatch()

    @initialize(
        bits=st.sampled_from([64, 64, 32]),
        helper=st.booleans(),
        family=st.lists(st.tuples(a_process, hows), min_size=1, max_size=5),
    )
    def begin(self, bits: int, helper: bool, family: list[tuple[int, How]]) -> None:
        self.windows = Watched(
            pointer_size=bits // 8, profile=self.profile, new_console=self.new_console
        )
        self.windows.caller_can_end = True
        self.windows.happen = self.happen
        fake.install(self.patch, self.windows)
        # Else most of the time goes into looks at one process that the helper waits for.
        self.patch.setattr("ctrlevent._windows.helper_process._PAUSE", READY_WITHIN / 10)
        self.helper = fake_helper.FakeHelper(self.windows)
        self.windows.helper = self.helper if helper else None
        self.everybody.append(self.windows.caller)
        for parent, how in family:
            self.spawn(parent, how)

    def teardown(self) -> None:
        self.patch.undo()
        Tally.counts[f"{self.name}: scenarios"] += 1

    # --- the processes ----------------------------------------------------------------------------

    def running(self, number: int) -> Process:
        """A process that is alive and has started. If there is none, it is made."""
        running = [one for one in self.everybody if one.is_alive and one.has_started]
        if not running:
            successor = self.windows.create(self.everybody[0])
            successor.connect(self.windows.console)
            running = [successor]
            self.everybody.append(successor)
        return running[number % len(running)]

    def anybody(self, number: int) -> Process:
        if self.target and number > 5:  # in the midst of a call: often the process it is for
            return self.target
        return self.everybody[number % len(self.everybody)]

    def known_by_the_pid_of(self, number: int) -> Process:
        """The process, or that to which Windows has given its pid since it has ended."""
        return self.windows.processes[self.anybody(number).pid]

    def add(self, process: Process) -> None:
        self.everybody.append(process)

    # --- what happens -----------------------------------------------------------------------------

    @precondition(lambda self: not self.over)
    @rule(parent=a_process, how=hows)
    def spawn(self, parent: int, how: How) -> None:
        process = self.windows.create(
            self.running(parent),
            how.flags,
            pseudo_console=fake.Console(self.windows) if how.pty else None,
            bits=how.bits,
            gui=how.gui,
            starts=how.starts,
        )
        if how.hears:
            process.ignores = False
        self.add(process)
        self.judge()

    @precondition(lambda self: not self.over)
    @rule(happening=happenings)
    def something_happens(self, happening: tuple[str, int, int]) -> None:
        self.happen(happening)
        self.judge()

    @precondition(lambda self: not self.over)
    @rule(who=a_process)
    def another_process_is_the_caller(self, who: int) -> None:
        process = self.running(who)
        self.windows.caller = process
        self.windows.pointer_size = process.bits // 8

    @precondition(lambda self: self.over)
    @rule()
    def nothing_more(self) -> None:
        """After a hole, in which anything may follow."""

    def happen(self, happening: tuple[str, int, int]) -> None:
        kind, one, two = happening
        windows, process = self.windows, self.running(one)
        before, windows.call = windows.call, None
        if kind == "exit":
            self.anybody(one).exit()
        elif kind == "print" and process.console:
            process.console.call(process)
        elif kind == "detach":
            process.detach()
        elif kind == "attach":
            console = self.running(two).console
            process.detach()
            if console:
                process.connect(console, starts=False)
        elif kind == "start":
            self.anybody(one).start()
        elif kind == "start soon":
            windows.after(0.03, self.anybody(one).start)
        elif kind in ("hear", "ignore"):
            process.ignores = kind == "ignore"
        elif kind in ("hold", "let go"):
            self.anybody(one).held = kind == "hold"
        elif kind in ("deny", "allow"):
            self.anybody(one).denied = RIGHTS[two % len(RIGHTS)] if kind == "deny" else 0
        elif kind == "handlers":
            self.anybody(one).reaction = REACTIONS[two % len(REACTIONS)]
        elif kind == "plain os.kill" and process.console:
            with windows.somebody_else(process), contextlib.suppress(OSError):
                process.console.generate(one % 2, self.anybody(two).pid)
        elif kind in ("child", "child in a group"):
            group = c.CREATE_NEW_PROCESS_GROUP if kind != "child" else 0
            self.add(windows.create(process, group))
        elif kind == "child with an old pid":
            old = self.anybody(two)
            if windows.processes[old.pid] is old and not windows.exists(old):
                self.add(windows.create(process, pid=old.pid))
        elif kind == "time":
            windows.sleep(1.0)
        elif kind == "forbid sending" and process.console:
            process.console.may_send = False
        windows.call = before

    # --- the verbs --------------------------------------------------------------------------------

    @precondition(lambda self: not self.over)
    @rule(
        who=who_it_names,
        sig=signals,
        timeout=timeouts,
        unignore=st.sampled_from([False, False, True]),
        inject=st.sampled_from([True, True, False]),
        m=meanwhile,
    )
    def killpg(
        self,
        who: int | tuple[Any],
        sig: Any,
        timeout: float,
        m: list[Any],
        unignore: bool = False,
        inject: bool = True,
    ) -> None:
        self.need_a_caller()
        pgid = self.number(who)
        target = self.windows.processes.get(pgid)
        group = (pgid or self.windows.caller.group) if type(pgid) is int else None
        self.call_verb(
            Call(
                f"killpg({pgid!r}, {sig!r}, unignore={unignore}, inject={inject})",
                lambda process: process.group == group,
                may_inject=inject,
                unignores=unignore,
            ),
            lambda: self.do_killpg(pgid, sig, timeout, unignore=unignore, inject=inject),
            sig, timeout, m, target,
        )  # fmt: skip

    @precondition(lambda self: not self.over)
    @rule(
        who=who_it_names,
        sig=signals,
        timeout=timeouts,
        verb=st.sampled_from(["kill", "deliver"]),
        inject=st.booleans(),
        m=meanwhile,
    )
    def kill(
        self, who: int | tuple[Any], sig: Any, timeout: float, inject: bool, verb: str, m: list[Any]
    ) -> None:
        self.need_a_caller()
        pid = self.number(who)
        target = self.windows.processes.get(pid)
        meant = self.windows.caller.pid if pid == 0 and verb == "deliver" else pid
        if verb == "kill" and type(pid) is int and pid <= 0:
            group = -pid or self.windows.caller.group
            call = Call(f"kill({pid!r}, {sig!r})", lambda process: process.group == group)
        else:
            call = Call(
                f"{verb}({pid!r}, {sig!r}, inject={inject})",
                lambda process: self.is_meant(process, meant),
                self.windows.processes.get(meant),
                may_inject=inject,
            )
        self.call_verb(
            call, lambda: self.do_kill(verb, pid, sig, timeout, inject), sig, timeout, m, target
        )

    @precondition(lambda self: not self.over)
    @rule(
        who=a_process,
        sig=signals,
        timeout=timeouts,
        inject=st.sampled_from([True, True, False]),
        m=meanwhile,
    )
    def kill_tree(
        self, who: int, sig: Any, timeout: float, m: list[Any], inject: bool = True
    ) -> None:
        self.need_a_caller()
        root = self.known_by_the_pid_of(who)
        self.call_verb(
            Call(
                f"kill({root.pid}, {sig!r}, tree=True, inject={inject})",
                lambda process: self.is_of_tree(process, root),
                may_inject=inject,
                owed=self.tree_now(root),
            ),
            lambda: self.do_kill_tree(root.pid, sig, timeout, inject),
            sig, timeout, m, root,
        )  # fmt: skip

    @precondition(lambda self: not self.over)
    @rule(who=a_process, sig=signals, m=meanwhile)
    def os_kill(self, who: int, sig: Any, m: list[Any]) -> None:
        """To the caller only by its own pid, and to the group of a leader that it is not in."""
        self.need_a_caller()
        named, caller = self.known_by_the_pid_of(who), self.windows.caller
        is_event = isinstance(sig, (CtrlEvent, signal.Signals)) or sig in (1, 2, 21)
        leads_others = named.group == named.pid != caller.group

        def is_meant(process: Process) -> bool:
            if process.pid == named.pid:
                return True
            if process is caller or named is caller or not is_event or sig == signal.SIGTERM:
                return False
            if leads_others:
                return process.group == named.pid
            return self.is_of_tree(process, named)

        owed = {named}
        if is_event and named is not caller:
            if leads_others:
                owed = {one for one in self.everybody if one.group == named.pid and one.is_alive}
            elif caller not in self.tree_now(named):
                owed = {*self.tree_now(named)}
        self.call_verb(
            Call(f"os_kill({named.pid}, {sig!r})", is_meant, owed=frozenset(owed)),
            lambda: self.do_os_kill(named.pid, sig),
            sig, 5.0, m, named,
        )  # fmt: skip

    @precondition(lambda self: not self.over)
    @rule(sig=signals, console_of=st.one_of(st.none(), a_process), m=meanwhile)
    def broadcast(self, sig: Any, console_of: int | None, m: list[Any]) -> None:
        self.need_a_caller()
        of = 0 if console_of is None else self.anybody(console_of).pid
        meant = self.windows.processes[of] if of else self.windows.caller
        console, meant.left_console = meant.console, None
        self.call_verb(
            Call(
                f"broadcast({sig!r}, console_of={of})",
                # Named: the console that `meant` is on at the start, and the console that it is on
                # when the event is sent. On Wine the event goes group by group, and may have ended
                # `meant` by then: `left_console`.
                lambda process: process.console is not None
                and process.console in (console, meant.console, meant.left_console),
            ),
            lambda: self.do_broadcast(sig, of),
            sig, 5.0, m,
        )  # fmt: skip

    @precondition(lambda self: not self.over)
    @rule(
        verb=st.sampled_from(["getpgid", "ignores_ctrl_c", "console_processes", "ignore_ctrl_c"]),
        who=who_it_names,
        ignore=st.booleans(),
        m=meanwhile,
    )
    def ask_verb(self, verb: str, who: int | tuple[Any], ignore: bool, m: list[Any]) -> None:
        self.need_a_caller()
        pid: Any = self.number(who)
        ways: dict[str, Callable[[], object]] = {
            "getpgid": lambda: ctrlevent.getpgid(pid),
            "ignores_ctrl_c": lambda: ctrlevent.ignores_ctrl_c(pid),
            "console_processes": ctrlevent.console_processes,
            "ignore_ctrl_c": lambda: ctrlevent.ignore_ctrl_c(ignore, pid),
        }
        self.call_verb(Call(f"{verb}({pid!r})", lambda _: False), ways[verb], None, 0.5, m)

    def need_a_caller(self) -> None:
        if not self.windows.caller.is_alive:
            self.another_process_is_the_caller(0)

    def number(self, who: int | tuple[Any]) -> Any:
        """The pid of a process, or the odd pid itself."""
        if isinstance(who, int):
            return self.anybody(who).pid
        return who[0]

    # What the control does differently.

    def is_meant(self, process: Process, pid: int) -> bool:
        """Whether a call for the process `pid` is for `process`."""
        return process.pid == pid

    def is_of_tree(self, process: Process, root: Process) -> bool:
        """Whether a process is `root`, or a descendant of it in its group.

        Or of the process that has got the pid of `root` in the midst of the call.
        """
        now = self.windows.processes[root.pid]
        groups = root.group, now.group
        while process not in (root, now):
            parent = self.windows.processes.get(process.ppid)
            if process.group not in groups or parent is None or parent.created > process.created:
                return False
            if parent.pid == process.pid:
                return False
            process = parent
        return True

    def tree_now(self, root: Process) -> frozenset[Process]:
        """The same, as far as it can be seen: each process in between is alive, and can be read."""
        found, grown = {root}, True
        while grown:
            more = {
                one
                for one in self.everybody
                if one.is_alive and one.group == root.group and one not in found
                and not one.denied & c.PROCESS_VM_READ
                and any(one.ppid == up.pid and up.created <= one.created for up in found)
            }  # fmt: skip
            found |= more
            grown = bool(more)
        return frozenset(found)

    def do_killpg(
        self, pgid: Any, sig: Any, timeout: float, *, unignore: bool = False, inject: bool = True
    ) -> None:
        ctrlevent.killpg(pgid, sig, timeout=timeout, unignore=unignore, inject=inject)

    def do_kill_tree(self, pid: int, sig: Any, timeout: float, inject: bool) -> None:
        ctrlevent.kill(pid, sig, timeout=timeout, tree=True, inject=inject)

    def do_os_kill(self, pid: int, sig: Any) -> None:
        ctrlevent.os_kill(pid, sig)

    def do_kill(self, verb: str, pid: Any, sig: Any, timeout: float, inject: bool) -> None:
        (ctrlevent.kill if verb == "kill" else ctrlevent.deliver)(
            pid, sig, timeout=timeout, inject=inject
        )

    def do_broadcast(self, sig: Any, console_of: int) -> None:
        ctrlevent.broadcast(sig, console_of=console_of)

    # --- the law ----------------------------------------------------------------------------------

    def call_verb(
        self,
        call: Call,
        verb: Callable[[], object],
        sig: Any,
        timeout: float,
        m: list[Any],
        target: Process | None = None,
    ) -> None:
        windows = self.windows
        windows.sender = f"call {len(windows.sent_by)}: {call.text}"
        windows.sent_by[windows.sender] = call
        should_hear = self.should_hear(call, sig) if self.is_quiet(m) else []
        heard_before, ended_before = len(windows.received), len(windows.terminated)
        del windows.calls[:]
        windows.meanwhile = [
            (when, functools.partial(self.happen, what))
            for when, what in sorted(m, key=lambda one: one[0])
            if when
        ]
        windows.last_moment = [what for when, what in m if not when]
        self.target = target
        windows.call, windows.groups_seen, windows.pids_seen = call, frozenset(), frozenset()
        start = windows.now
        error: Exception | None = None
        Tally.counts[f"{self.name}: calls"] += 1
        try:
            verb()
        except Hole as hole:
            Tally.counts[f"{self.name}: hole: {hole}"] += 1
            self.over = True
        except fake.CallerEnded:
            windows.handles.clear()  # Windows closes them
            error = None
            should_hear = []
        except AssertionError:
            raise
        except Exception as caught:
            error = caught
        finally:
            windows.call, windows.meanwhile, self.target = None, [], None
        if self.over:
            return
        sent = [i for i in range(heard_before, len(windows.received))
                if windows.senders[i] == windows.sender]  # fmt: skip
        got = sorted({windows.received[i][0] for i in sent} - self.helper.pids)
        if len(got) < len([i for i in sent if windows.received[i][0] not in self.helper.pids]):
            self.broken(Leak(f"{call.text} has reached somebody twice"))
        windows.sender = "nobody"
        self.judge()
        self.judge_ends(call, windows.terminated[ended_before:])
        if error is None:
            Tally.counts[f"{self.name}: calls that did it"] += 1
            if not set(should_hear) <= set(got):
                self.broken(Lost(f"{call.text}: {should_hear} should have got it, {got} did"))
        else:
            self.judge_error(call, error, got, windows.terminated[ended_before:])
        if windows.handles:
            self.broken(Careless(f"{call.text}: {len(windows.handles)} handles are open"))
        seconds = timeout + self.wait_of_helpers()
        if windows.now > start + seconds + 1.5 + sum(what[0] == "time" for _, what in m):
            self.broken(Careless(f"{call.text}: took {windows.now - start} seconds"))
        if len(windows.calls) > (200 + seconds * 1000) * (len(self.everybody) + 5):
            self.broken(Careless(f"{call.text}: {len(windows.calls)} calls of Windows"))

    def is_quiet(self, m: list[Any]) -> bool:
        """Whether nothing happens but the call."""
        windows = self.windows
        is_pending = any(console.parked for console in windows.consoles)
        return not m and not windows._happenings and not is_pending

    def wait_of_helpers(self) -> float:
        """In seconds: how long helpers may wait, on Wine, for members that are starting."""
        consoles = {id(process.console) for process in self.everybody}
        return READY_WITHIN * len(consoles) if self.profile.is_wine else 0

    def should_hear(self, call: Call, sig: Any) -> list[int]:
        """The pids on the caller's console that must get the event if the call succeeds.

        Not that of a GUI program that has attached itself to the console: rule E2 leaves it out.
        """
        if type(sig) in (bool, float, str, type(None)):
            return []
        number = int(sig)
        event = {2: 0, 21: 1}.get(number, number)
        is_plain_0 = number == 0 and not isinstance(sig, (CtrlEvent, signal.Signals))
        console = self.windows.caller.console
        if is_plain_0 or event not in (0, 1) or console is None:
            return []
        entries = [entry.process for entry in console.entries if entry.process]
        return sorted(
            process.pid
            for process in entries
            if (call.names(process) if call.owed is None else process in call.owed)
            and not (event == 0 and process.ignores and not call.unignores)
            and not laws.is_gui(process)
        )

    def judge(self) -> None:
        """Each event of our calls was for the process that it reached, and left nothing behind."""
        windows = self.windows
        for leak in windows.leaks:
            self.broken(Leak(leak))
        for console in windows.consoles:
            for event, sender in console.parked.items():
                if sender in windows.sent_by:
                    self.broken(Hang(f"event {event} of {sender} is parked"))
        for pid, sender in windows.phantoms_made:
            if sender in windows.sent_by:
                self.broken(Phantom(f"{sender} made a phantom of process {pid}"))

    def judge_ends(self, call: Call, ended: list[tuple[int, int]]) -> None:
        for pid, _ in ended:
            if not call.names(self.windows.processes[pid]):
                self.broken(Ended(f"{call.text} has ended process {pid}"))

    def judge_error(
        self, call: Call, error: Exception, got: list[int], ended: list[tuple[int, int]]
    ) -> None:
        told = f"{call.text}: {error!r}"
        if isinstance(error, OSError) and error.errno == errno.ENOSYS:
            return  # broadcast on another console, of a frozen program: see its docstring
        if type(error) not in laws.ERRORS:
            raise Careless(told) from error
        if isinstance(error, TimeoutError):
            return  # which says that it was delivered
        if not set(got) <= laws.said_to_have_got_it(error):
            self.broken(Careless(f"{told}, but {got} got it"))
        if ended:
            self.broken(Careless(f"{told}, but {ended} were ended"))

    def broken(self, law: laws.Broken) -> None:
        if isinstance(law, self.looks_for):
            raise law


def run(machine: type[World], scenarios: int, *, shortest: bool = True) -> None:
    """So many scenarios, or until a law is broken; with `shortest`, then as short as possible."""
    run_state_machine_as_test(  # type: ignore[no-untyped-call, unused-ignore]
        machine,
        settings=settings(
            max_examples=scenarios,
            stateful_step_count=18,
            deadline=None,
            derandomize=settings().derandomize,
            database=None,
            print_blob=True,
            phases=[Phase.generate, Phase.shrink] if shortest else [Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(cast("Any", HealthCheck)),
        ),
    )
