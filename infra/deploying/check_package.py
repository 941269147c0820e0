"""Whether a package will load in Lambda, told without Lambda: machine, C library, what its native libraries want.

Limits: Lambda Developer Guide, "Lambda quotas". glibc 2.34 is Amazon Linux 2023's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from infra.deploying.failure import DeployFailed

UNZIPPED_LIMIT_BYTES = 250 * 1024 * 1024
ZIPPED_LIMIT_BYTES = 50 * 1024 * 1024
"""Of a package that is sent with the request, as Chalice does."""
NEWEST_GLIBC = (2, 34)
_MACHINES = {"arm64": "EM_AARCH64", "x86_64": "EM_X86_64"}
_IN_LAMBDA = re.compile(r"(lib(c|m|dl|pthread|rt|util|gcc_s|stdc\+\+|z)|ld-linux-[\w-]+)\.so(\.\d+)*")
"""What manylinux wheels may leave to the system, and Amazon Linux 2023's minimal image has."""
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Library:
    path: str
    machine: str
    glibc: tuple[int, int]
    """The newest version that a symbol of it asks for."""
    needs: tuple[str, ...]


def libraries(folder: Path) -> list[Library]:
    """Every ELF file below `folder`."""
    return [library for path in sorted(folder.rglob("*")) if (library := _read(path, folder))]


def problems(folder: Path, architecture: str) -> list[str]:
    """A sentence for each thing that Lambda would stumble over."""
    found = libraries(folder)
    present = {Path(library.path).name for library in found}
    return [*_size_problems(folder), *(text for library in found for text in _problems(library, present, architecture))]


def check_folder(folder: Path, architecture: str) -> None:
    """Raises DeployFailed for a package that would not load."""
    found = problems(folder, architecture)
    if found:
        raise DeployFailed(
            f"The package would not run in Lambda: {found[0]}" + (f" (and {len(found) - 1} more)" if found[1:] else ""),
            "Pin another version in requirements.txt, or deploy with another Python",
        )


def _problems(library: Library, present: set[str], architecture: str) -> Iterator[str]:
    if library.machine != _MACHINES[architecture]:
        yield f"{library.path} is for {library.machine}, not {architecture}"
    if library.glibc > NEWEST_GLIBC:
        yield f"{library.path} wants glibc {library.glibc[0]}.{library.glibc[1]}"
    for name in library.needs:
        if name not in present and not _IN_LAMBDA.fullmatch(name):
            yield f"{library.path} needs {name}, which is neither in the package nor in Lambda"


def _size_problems(folder: Path) -> Iterator[str]:
    size_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if size_bytes > UNZIPPED_LIMIT_BYTES:
        yield f"it unpacks to {size_bytes} bytes; Lambda takes {UNZIPPED_LIMIT_BYTES}"


def _read(path: Path, folder: Path) -> Library | None:
    if not path.is_file() or path.suffix in (".py", ".pyc"):
        return None
    with path.open("rb") as file:
        if file.read(4) != b"\x7fELF":
            return None
        elf = ELFFile(file)
        return Library(str(path.relative_to(folder)), elf["e_machine"], _newest_glibc(elf), _needed(elf))


def _newest_glibc(elf: Any) -> tuple[int, int]:
    versions = [
        (int(match[1]), int(match[2]))
        for section in elf.iter_sections()
        if isinstance(section, GNUVerNeedSection)
        for _, entries in section.iter_versions()
        for entry in entries
        if (match := _GLIBC.match(entry.name))
    ]
    return max(versions, default=(0, 0))


def _needed(elf: Any) -> tuple[str, ...]:
    return tuple(
        tag.needed  # type: ignore[attr-defined]
        for section in elf.iter_sections()
        if isinstance(section, DynamicSection)
        for tag in section.iter_tags()
        if tag.entry.d_tag == "DT_NEEDED"
    )
