"""The layouts of PEB and process parameters, which no header of the SDK has in full.

The offsets are those of phnt (System Informer's ntpebteb.h, ntrtl.h, ntpsapi.h), written down here
as numbers so that a slip in the field lists is seen.
"""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

from ctrlevent._win32 import structures as s

PARAMETERS = [
    # field, 64-bit, 32-bit
    ("MaximumLength", 0x00, 0x00),
    ("Length", 0x04, 0x04),
    ("Flags", 0x08, 0x08),
    ("DebugFlags", 0x0C, 0x0C),
    ("ConsoleHandle", 0x10, 0x10),
    ("ConsoleFlags", 0x18, 0x14),
    ("StandardInput", 0x20, 0x18),
    ("StandardOutput", 0x28, 0x1C),
    ("StandardError", 0x30, 0x20),
    ("CurrentDirectoryDosPath", 0x38, 0x24),
    ("DllPath", 0x50, 0x30),
    ("ImagePathName", 0x60, 0x38),
    ("CommandLine", 0x70, 0x40),
    ("Environment", 0x80, 0x48),
    ("WindowFlags", 0xA4, 0x68),
    ("WindowTitle", 0xB0, 0x70),
    ("RuntimeData", 0xE0, 0x88),
    ("CurrentDirectories", 0xF0, 0x90),
    ("EnvironmentSize", 0x3F0, 0x290),
    ("EnvironmentVersion", 0x3F8, 0x294),
    ("PackageDependencyData", 0x400, 0x298),
    ("ProcessGroupId", 0x408, 0x29C),
]

PEB = [
    ("BeingDebugged", 0x02, 0x02),
    ("ImageBaseAddress", 0x10, 0x08),
    ("Ldr", 0x18, 0x0C),
    ("ProcessParameters", 0x20, 0x10),
    ("NtGlobalFlag", 0xBC, 0x68),
    ("CriticalSectionTimeout", 0xC0, 0x70),
    ("OSMajorVersion", 0x118, 0xA4),
    ("OSBuildNumber", 0x120, 0xAC),
    ("LoaderLock", 0x110, 0xA0),
    ("ImageSubsystem", 0x128, 0xB4),
]

CRITICAL_SECTION = [
    ("DebugInfo", 0x00, 0x00),
    ("LockCount", 0x08, 0x04),
    ("RecursionCount", 0x0C, 0x08),
    ("OwningThread", 0x10, 0x0C),
    ("SpinCount", 0x20, 0x14),
]

BASIC = [
    ("ExitStatus", 0x00, 0x00),
    ("PebBaseAddress", 0x08, 0x04),
    ("UniqueProcessId", 0x20, 0x10),
    ("InheritedFromUniqueProcessId", 0x28, 0x14),
]

# Its InLoadOrderModuleList is at 0x10 or 0x0C (winternl.h has the next list, at 0x20 or 0x14).
LDR = [("InLoadOrderFlink", 0x10, 0x0C), ("InLoadOrderBlink", 0x18, 0x10)]

# The links of the first list, and what else is read (phnt, ntldr.h).
MODULE = [
    ("InLoadOrderFlink", 0x00, 0x00),
    ("InLoadOrderBlink", 0x08, 0x04),
    ("DllBase", 0x30, 0x18),
    ("BaseDllName", 0x58, 0x2C),
    ("Flags", 0x68, 0x34),
]

FIELDS = [
    pytest.param(getattr(layout, kind), field, offset, id=f"{kind}.{field}-{bits}")
    for kind, rows in (
        ("process_parameters", PARAMETERS),
        ("peb", PEB),
        ("peb_ldr_data", LDR),
        ("ldr_data_table_entry", MODULE),
        ("process_basic_information", BASIC),
        ("critical_section", CRITICAL_SECTION),
    )
    for field, at64, at32 in rows
    for bits, layout, offset in ((64, s.LAYOUT64, at64), (32, s.LAYOUT32, at32))
]


LAYOUTS = (s.LAYOUT64, s.LAYOUT32)


@pytest.mark.parametrize(("kind", "field", "offset"), FIELDS)
def test_field_is_at_its_offset(kind: Any, field: str, offset: int) -> None:
    assert getattr(kind, field).offset == offset


def within(layout: s.Layout, field: str) -> Any:
    return dict(fields[:2] for fields in layout.process_parameters._fields_)[field]


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (within(s.LAYOUT64, "DllPath"), 16),
        (within(s.LAYOUT32, "DllPath"), 8),
        (within(s.LAYOUT64, "CurrentDirectories"), 32 * 24),
        (within(s.LAYOUT32, "CurrentDirectories"), 32 * 16),
        (s.LAYOUT64.process_basic_information, 48),
        (s.LAYOUT32.process_basic_information, 24),
        (s.LAYOUT64.process_parameters, 0x410),  # 0x40C, and the padding that ctypes adds
        (s.LAYOUT32.process_parameters, 0x2A0),
    ],
)
def test_structure_has_its_size(kind: type[ctypes.Structure], size: int) -> None:
    assert s.size(kind) == size


@pytest.mark.parametrize("field", ["ConsoleFlags", "ProcessGroupId"])
@pytest.mark.parametrize("kind", [layout.process_parameters for layout in LAYOUTS])
def test_fields_that_decide_are_32_bits_in_both_twins(kind: Any, field: str) -> None:
    assert getattr(kind, field).size == 4


@pytest.mark.parametrize("name", vars(s.LAYOUT64))
def test_twins_have_the_same_fields_in_the_same_order(name: str) -> None:
    twins = [getattr(layout, name)._fields_ for layout in LAYOUTS]
    names64, names32 = ([field[0] for field in fields] for fields in twins)
    assert names64 == names32


def _all_types(kind: Any) -> set[Any]:
    found = {kind}
    for row in getattr(kind, "_fields_", ()):
        found |= _all_types(row[1])
    if hasattr(kind, "_length_"):
        found |= _all_types(kind._type_)
    return found


FIXED = {ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32, ctypes.c_int32, ctypes.c_uint64}


@pytest.mark.parametrize("kind", [kind for each in LAYOUTS for kind in vars(each).values()])
def test_no_field_has_the_size_of_the_readers_pointer(kind: type[ctypes.Structure]) -> None:
    scalars = {
        found
        for found in _all_types(kind)
        if not hasattr(found, "_fields_") and not hasattr(found, "_length_")
    }
    assert scalars <= FIXED


def test_parse_refuses_bytes_that_are_one_too_few() -> None:
    assert s.parse(s.LAYOUT64.peb, bytes(s.size(s.LAYOUT64.peb) - 1)) is None


def test_parse_takes_exactly_enough_bytes() -> None:
    data = bytearray(s.size(s.LAYOUT32.process_parameters))
    data[0x29C:0x2A0] = (4711).to_bytes(4, "little")
    assert s.parse(s.LAYOUT32.process_parameters, bytes(data)).ProcessGroupId == 4711


def test_parse_ignores_bytes_behind_the_structure() -> None:
    data = bytes(s.size(s.LAYOUT32.peb)) + b"more"
    assert s.parse(s.LAYOUT32.peb, data).ProcessParameters == 0
