"""Wine's kernelbase.dll, edited so that the console API leads into conclnt.dll.

Two changes of the file, which move nothing in it:

- It imports conclnt.dll. So that DLL is in every process, and its DllMain runs before kernelbase's.
- Its exports of the functions that conclnt.dll has become forwarders ("conclnt.#17"). kernel32 has
  these functions from kernelbase, so it follows.

Both need a few bytes, for which there is room behind the export and import tables, where sections
end at a page. Of the functions of kernelbase that conclnt.dll calls it gets the old addresses.
"""

from __future__ import annotations

import importlib
import struct
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from .report import BedError

if TYPE_CHECKING:
    from pathlib import Path

CLIENT = "conclnt.dll"
_PREFIX = "of_console_"  # of what conclnt.dll exports; then the name of kernelbase's function
_TABLE = "of_kernelbase"
# In the order of the enum in conclnt/client.h.
_CALLED = ("CloseHandle", "CreateFile2", "CreateFileA", "CreateFileW", "FlushFileBuffers",
           "GetFileType", "ReadFile", "WriteFile")  # fmt: skip
_WINE_ONLY = "wine_get_version"
_EXPORT, _IMPORT = 0, 1  # IMAGE_DIRECTORY_ENTRY_*
_DESCRIPTOR = 20  # IMAGE_IMPORT_DESCRIPTOR


class Edited(NamedTuple):
    kernelbase: bytes
    client: bytes


def edit(kernelbase: bytes, client: bytes, pefile: Path) -> Edited:
    """`pefile`: the folder of the module of that name, which reads the tables."""
    read = _reader(pefile)
    dll = _Image(client, read)
    of_client = {name: ordinal for name, (ordinal, _) in dll.exports().items()}
    image = _Image(kernelbase, read)
    exports = image.exports()
    table = dll.offset(dll.exports()[_TABLE][1])
    struct.pack_into(f"<{len(_CALLED)}I", dll.data, table, *(exports[name][1] for name in _CALLED))

    room = image.room(_EXPORT)
    slots = image.slots()
    for name, ordinal in of_client.items():
        if name.startswith(_PREFIX):
            text = f"{CLIENT[:-4]}.#{ordinal}".encode() + b"\0"
            struct.pack_into("<I", image.data, slots[name[len(_PREFIX) :]], room.put(text))
    image.set_directory(_EXPORT, room)

    # The table of DLLs is not where there is room: it is written anew, with one more.
    room = image.room(_IMPORT)
    size = struct.calcsize("<Q" if image.is_64 else "<I")
    any_of_them = next(iter(of_client.values()))
    by_ordinal = any_of_them | 1 << (8 * size - 1)
    thunks = [room.put(by_ordinal.to_bytes(size, "little") + bytes(size)) for _ in range(2)]
    dll_name = room.put(CLIENT.encode() + b"\0")
    before = image.descriptors()
    own = struct.pack("<IIIII", thunks[0], 0, 0, dll_name, thunks[1])
    start = room.put(own + before + bytes(_DESCRIPTOR))
    image.set_directory(_IMPORT, room, start)
    return Edited(bytes(image.data), bytes(dll.data))


def without_wine_get_version(ntdll: bytes, pefile: Path) -> bytes:
    """ntdll.dll without the export by which programs tell Wine from Windows.

    Its last letter becomes another, which keeps the names in order.
    """
    image = _Image(ntdll, _reader(pefile))
    at = image.name_offset(_WINE_ONLY) + len(_WINE_ONLY) - 1
    image.data[at : at + 1] = b"o"
    return bytes(image.data)


def _reader(pefile: Path) -> Any:
    sys.path.insert(0, str(pefile))
    try:
        return importlib.import_module("pefile").PE
    finally:
        sys.path.remove(str(pefile))


class _Room:
    """Bytes that no table uses."""

    def __init__(self, image: _Image, address: int, size: int) -> None:
        self._image, self.address, self._end = image, address, address + size

    def put(self, data: bytes) -> int:
        """Their address."""
        address = (self.address + 7) & ~7 if len(data) % 4 == 0 else self.address
        if address + len(data) > self._end:
            raise BedError(
                f"no room for {len(data)} bytes at {address:#x} in Wine's kernelbase.dll"
            )
        at = self._image.offset(address)
        self._image.data[at : at + len(data)] = data
        self.address = address + len(data)
        return address


class _Image:
    def __init__(self, data: bytes, read: Any) -> None:
        self.data = bytearray(data)
        self._pe = read(data=data, fast_load=True)
        self._pe.parse_data_directories([_EXPORT])
        self._directories = self._pe.OPTIONAL_HEADER.DATA_DIRECTORY
        self.is_64 = self._pe.OPTIONAL_HEADER.Magic == 0x20B

    def offset(self, address: int) -> int:
        """Where in the file that is; also behind what a section has, up to its end on disk."""
        section = self._section(address)
        return int(address - section.VirtualAddress + section.PointerToRawData)

    def _section(self, address: int) -> Any:
        return next(
            section
            for section in self._pe.sections
            if 0 <= address - section.VirtualAddress < section.SizeOfRawData
        )

    def exports(self) -> dict[str, tuple[int, int]]:
        """Ordinal and address by name; without what x86 adds to it ("_", "@8")."""
        found = {}
        for symbol in self._pe.DIRECTORY_ENTRY_EXPORT.symbols:
            if symbol.name:
                found[symbol.name.decode().split("@")[0]] = symbol.ordinal, symbol.address
        return found

    def name_offset(self, name: str) -> int:
        """Where in the file the name of an export is."""
        symbols = self._pe.DIRECTORY_ENTRY_EXPORT.symbols
        return int(next(item.name_offset for item in symbols if item.name == name.encode()))

    def slots(self) -> dict[str, int]:
        """Where in the file the address of each export is."""
        table = self._pe.DIRECTORY_ENTRY_EXPORT.struct
        return {
            name: self.offset(table.AddressOfFunctions) + 4 * (ordinal - table.Base)
            for name, (ordinal, _) in self.exports().items()
        }

    def room(self, directory: int) -> _Room:
        """Behind the table, to the end of its section."""
        table = self._directories[directory]
        end = table.VirtualAddress + table.Size
        section = self._section(table.VirtualAddress)
        return _Room(self, end, section.VirtualAddress + section.SizeOfRawData - end)

    def descriptors(self) -> bytes:
        """Of the DLLs that it imports."""
        at = self.offset(self._directories[_IMPORT].VirtualAddress)
        end = at
        while any(self.data[end : end + _DESCRIPTOR]):
            end += _DESCRIPTOR
        return bytes(self.data[at:end])

    def set_directory(self, directory: int, room: _Room, start: int = 0) -> None:
        """Its table ends where the room now begins. `start`: where it begins, if elsewhere."""
        table = self._directories[directory]
        start = start or int(table.VirtualAddress)
        at = table.get_file_offset()
        struct.pack_into("<II", self.data, at, start, room.address - start)
        section = self._section(start)
        size = max(section.Misc_VirtualSize, room.address - section.VirtualAddress)
        struct.pack_into(
            "<I", self.data, section.get_field_absolute_offset("Misc_VirtualSize"), size
        )
