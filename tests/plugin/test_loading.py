"""How the plugin is loaded, and that it costs nothing until it is used."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

import ctrlevent

from .conftest import PLUGIN, Pytester
from .inner import OWN, TO_THE_GROUP

if TYPE_CHECKING:
    from .conftest import Session

# --- by its entry point ---------------------------------------------------------------------------

UNLOADED = f"""
import sys

def test_nothing_is_imported():
    assert {PLUGIN!r} not in sys.modules
    assert "ctrlevent" not in sys.modules

def test_fixture(interruptible): pass
"""


@pytest.fixture(scope="module")
def by_entry_point(shared: Pytester) -> dict[str, Session]:
    """Three sessions of one process that finds the entry point of an installation.

    That process has not imported the package before the first session.
    """
    info = shared.folder / "site" / "ctrlevent-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ctrlevent\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\nctrlevent = {PLUGIN}\n")
    environment = shared.environment
    environment["PYTHONPATH"] = f"{info.parent}{os.pathsep}{environment['PYTHONPATH']}"
    del environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    shared.plugins = ()
    shared.write("test_unloaded.py", UNLOADED)
    shared.write("test_to_the_group.py", TO_THE_GROUP)
    off = ["-p", "no:ctrlevent", "test_unloaded.py"]
    names = ("switched off", "switched off, and asked for", "loaded")
    return dict(zip(names, shared.calls(off, [*off, OWN], [OWN, "test_to_the_group.py"])))


def test_loaded_by_its_entry_point(by_entry_point: dict[str, Session]) -> None:
    own = by_entry_point["loaded"]
    assert (own.status, own.heard) == (2, ()), own


def test_switched_off_it_is_not_imported(by_entry_point: dict[str, Session]) -> None:
    plain = by_entry_point["switched off"]
    assert plain.outcomes.get("test_nothing_is_imported") == "passed", plain


def test_switched_off_it_has_no_fixtures(by_entry_point: dict[str, Session]) -> None:
    plain = by_entry_point["switched off"]
    assert plain.outcomes.get("test_fixture") == "error", plain


def test_switched_off_it_has_no_option(by_entry_point: dict[str, Session]) -> None:
    assert by_entry_point["switched off, and asked for"].status == 4


# --- by its name ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def by_name(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Session]:
    """Three sessions of one process."""
    inner = Pytester(tmp_path_factory.mktemp("by_name"))
    inner.write("copy_of_it.py", f"from {PLUGIN} import *\nfrom {PLUGIN} import pytest_addoption")
    inner.write("test_to_the_group.py", TO_THE_GROUP)
    inner.write("extra.py", "import pytest\n@pytest.fixture\ndef extra(): return 5")
    inner.write("test_extra.py", "def test_extra(extra): assert extra == 5")
    found = inner.calls(
        [OWN, "-p", "copy_of_it", "test_to_the_group.py"],
        [OWN, "test_extra.py"],
        [OWN, "test_extra.py"],
        plugins={1: f"[{PLUGIN!r}, 'extra']", 2: f"[{PLUGIN!r}, object()]"},
    )
    return dict(zip(("two copies", "names", "an object"), found))


def test_two_copies_of_it_get_on(by_name: dict[str, Session]) -> None:
    own = by_name["two copies"]
    assert (own.status, own.heard) == (2, ()), own


def test_plugins_given_as_names_are_there(by_name: dict[str, Session]) -> None:
    own = by_name["names"]
    assert (own.status, own.outcomes) == (0, {"test_extra": "passed"}), own


def test_plugins_given_as_objects_are_refused(by_name: dict[str, Session]) -> None:
    own = by_name["an object"]
    assert own.status == 4, own
    assert "cannot have the plugin <object" in own.errors


# --- what it costs --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The modules that the plugin has imported when it is loaded, beyond those of pytest.

    Without the package's __init__, which imports most of them.
    """
    code = (
        f"import json, sys, types; package = types.ModuleType({ctrlevent.__name__!r})\n"
        f"package.__path__ = [{os.path.dirname(ctrlevent.__file__)!r}]\n"
        f"sys.modules[{ctrlevent.__name__!r}] = package\n"
        "import pytest; before = set(sys.modules)\n"
        f"import {PLUGIN}; new = set(sys.modules) - before\n"
        "with open('facts.json', 'w') as file: json.dump(sorted(new), file)"
    )
    ran = Pytester(tmp_path_factory.mktemp("imported")).watch([sys.executable, "-c", code])
    assert ran.status == 0, ran
    return {name.rpartition(".")[2] for name in ran.facts}


def test_loading_imports_the_plugin(imported: set[str]) -> None:
    """Shows that the next test looks at the right thing."""
    assert "pytest_plugin" in imported


@pytest.mark.parametrize("module", ["ctypes", "_run", "_handler"])
def test_costs_nothing_when_unused(imported: set[str], module: str) -> None:
    """Beyond what pytest itself has imported, which has no need of these."""
    assert module not in imported
