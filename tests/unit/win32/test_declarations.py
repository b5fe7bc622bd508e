"""The declarations of foreign functions, against their prototypes; nothing is called."""

from __future__ import annotations

import ast
import ctypes
import inspect
import re
from typing import Any

import pytest

from ctrlevent._win32 import boundary, constants, declarations, foreign, native, startup
from tests.fakes.windows import FakeWindows

FUNCTIONS = {
    name: value for name, value in vars(declarations).items() if isinstance(value, foreign.Function)
}

# How wide a parameter is, by its C type; what is not here is a pointer or a handle.
WIDTHS = {
    "DWORD": 4,
    "ULONG": 4,
    "UINT": 4,
    "BOOL": 4,
    "NTSTATUS": 4,
    "HRESULT": 4,
    "COORD": 4,
    "PROCESSINFOCLASS": 4,
    "THREADINFOCLASS": 4,
    "ACCESS_MASK": 4,
    "PROCESS_INFORMATION_CLASS": 4,
    "JOBOBJECTINFOCLASS": 4,
    "ULONGLONG": 8,
    "DWORD_PTR": ctypes.sizeof(ctypes.c_void_p),
    "SIZE_T": ctypes.sizeof(ctypes.c_size_t),
}


def prototype(function: foreign.Function) -> tuple[str, str, list[str]]:
    """The C type of the result, the name, the C types of the parameters."""
    match = re.fullmatch(r"(\w+) (\w+)\((.*)\)", function.prototype)
    assert match, function.prototype
    parameters = [p.strip() for p in match[3].split(",")] if match[3] != "void" else []
    types = []
    for parameter in parameters:
        kind, name = re.fullmatch(r"(.*[ *])(\w+)", parameter).groups()  # type: ignore[union-attr]
        assert name
        types.append(kind.strip())
    return match[1], match[2], types


@pytest.mark.parametrize("name", FUNCTIONS)
def test_variable_export_and_prototype_have_one_name(name: str) -> None:
    function = FUNCTIONS[name]
    assert (function.name, prototype(function)[1]) == (name, name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_many_arguments_as_the_prototype_has_parameters(name: str) -> None:
    function = FUNCTIONS[name]
    assert len(function.types()[1]) == len(prototype(function)[2])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_are_as_wide_as_the_parameters(name: str) -> None:
    function = FUNCTIONS[name]
    for declared, kind in zip(function.types()[1], prototype(function)[2]):
        expected = WIDTHS.get(kind.replace("const ", ""), ctypes.sizeof(ctypes.c_void_p))
        assert ctypes.sizeof(declared) == expected, kind


@pytest.mark.parametrize("name", FUNCTIONS)
def test_result_is_as_wide_as_in_the_prototype(name: str) -> None:
    function = FUNCTIONS[name]
    kind, result = prototype(function)[0], function.types()[0]
    if kind in ("void", "VOID"):
        assert result is None
    else:
        assert ctypes.sizeof(result) == WIDTHS.get(kind, ctypes.sizeof(ctypes.c_void_p))


@pytest.mark.parametrize("name", ["INT64 Beep(DWORD a)", "BOOL Beep(DWORD a, BYTE b)"])
def test_type_that_is_not_known_is_taken_for_no_pointer(name: str) -> None:
    with pytest.raises(TypeError, match=r"add it to foreign\._TYPES"):
        foreign.kernel32(name, foreign.null).types()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_failure_rule_fits_the_result(name: str) -> None:
    function = FUNCTIONS[name]
    kind = prototype(function)[0]
    if kind in ("BOOL", "HANDLE", "HMODULE", "FARPROC"):
        assert function.fails is foreign.null
    elif kind == "NTSTATUS":
        assert function.fails is declarations._ntstatus
    elif kind == "HRESULT":
        assert function.fails is foreign.hresult
    else:
        assert function.fails in (foreign.all_ones, foreign.cannot_fail, foreign.null)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_repr_names_dll_and_prototype(name: str) -> None:
    function = FUNCTIONS[name]
    assert repr(function) == f"<{function.dll}.dll: {function.prototype}>"


def test_every_function_is_used() -> None:
    used = {
        node.attr
        for module in (native, startup)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "api"
    }
    within = {"RtlNtStatusToDosError"}  # by a failure rule
    assert set(FUNCTIONS) <= used | within


# --- the failure rules ----------------------------------------------------------------------------


@pytest.fixture
def last_error(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(foreign, "last_error", lambda: 1234)
    return 1234


@pytest.mark.parametrize("result", [0, None])
def test_null_is_failure_with_the_last_error(result: Any, last_error: int) -> None:
    assert foreign.null(result) == last_error


@pytest.mark.parametrize("result", [1, -1, 0x104])
def test_other_than_null_is_success(result: int) -> None:
    assert foreign.null(result) is None


def test_all_ones_is_failure_with_the_last_error(last_error: int) -> None:
    assert foreign.all_ones(0xFFFF_FFFF) == last_error


@pytest.mark.parametrize("result", [0, 1, 0x102, 0xFFFF_FFFE])
def test_other_than_all_ones_is_success(result: int) -> None:
    assert foreign.all_ones(result) is None


@pytest.mark.parametrize("result", [0, 1, 0x4000_0000, 0x7FFF_FFFF])
def test_ntstatus_of_success_and_of_information(result: int) -> None:
    assert declarations._ntstatus(result) is None


def test_negative_ntstatus_is_failure_and_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declarations, "RtlNtStatusToDosError", {-0x3FFF_FFF8: 6}.__getitem__)
    assert declarations._ntstatus(-0x3FFF_FFF8) == 6


@pytest.mark.parametrize("result", [0, -1, 0xFFFF_FFFF, None])
def test_what_cannot_fail_never_does(result: Any) -> None:
    assert foreign.cannot_fail(result) is None


class Export:
    """A foreign function, as ctypes gives it."""

    restype: Any = "not set"
    argtypes: Any = "not set"

    def __init__(self, result: int) -> None:
        self.result = result
        self.got: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> int:
        self.got.append(arguments)
        return self.result


class Library:
    def __init__(self, **exports: Export) -> None:
        self.__dict__.update(exports)


def function() -> foreign.Function:
    return foreign.kernel32("BOOL Beep(DWORD a)", foreign.null)


def test_call_binds_the_types_once_and_passes_the_arguments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    export = Export(1)
    loaded: list[str] = []

    def load(dll: str) -> Library:
        loaded.append(dll)
        return Library(Beep=export)

    monkeypatch.setattr(foreign, "_load", load)
    beep = function()
    assert (beep(7), beep(8)) == (1, 1)
    assert loaded == ["kernel32"]
    assert export.got == [(7,), (8,)]
    assert (export.restype, export.argtypes) == (ctypes.c_int32, [ctypes.c_uint32])


def test_call_that_fails_raises_its_windows_error(
    monkeypatch: pytest.MonkeyPatch, last_error: int
) -> None:
    monkeypatch.setattr(foreign, "_load", lambda _: Library(Beep=Export(0)))
    with pytest.raises(OSError, match=r"\(Beep\)") as caught:
        function()(7)
    assert getattr(caught.value, "winerror", None) == last_error


def test_export_that_is_missing_is_an_error_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "_load", lambda _: Library())
    beep = function()
    with pytest.raises(OSError, match=r"kernel32\.dll, Beep") as caught:
        beep(7)
    assert getattr(caught.value, "winerror", None) == constants.ERROR_PROC_NOT_FOUND


@pytest.mark.parametrize(
    ("winerror", "error"),
    [
        (5, PermissionError),
        (31, PermissionError),
        (34, PermissionError),
        (6, OSError),
        (87, OSError),
    ],
)
def test_windows_error_has_the_class_that_python_gives_it(
    winerror: int, error: type[OSError]
) -> None:
    made = foreign.windows_error(winerror, "Beep")
    assert type(made) is error
    assert getattr(made, "winerror", None) == winerror


# --- the boundary ---------------------------------------------------------------------------------

METHODS = [name for name in vars(boundary.System) if not name.startswith("_")]


@pytest.mark.parametrize("implementation", [native.Native, FakeWindows])
@pytest.mark.parametrize("method", METHODS)
def test_method_of_the_boundary_is_implemented_with_its_parameter_names(
    implementation: type, method: str
) -> None:
    declared = vars(boundary.System)[method]
    if isinstance(declared, property):
        assert hasattr(implementation, method) or method in vars(FakeWindows())
        return
    mine, parameters = getattr(implementation, method), list(inspect.signature(declared).parameters)
    if isinstance(mine, foreign.Function):  # without `self`
        assert len(prototype(mine)[2]) == len(parameters) - 1
    else:
        assert list(inspect.signature(mine).parameters) == parameters


def test_native_has_nothing_that_the_boundary_does_not_declare() -> None:
    extra = {name for name in vars(native.Native) if not name.startswith("_")} - set(METHODS)
    assert extra == set()
