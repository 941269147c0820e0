"""Settings as they stand in files and variables, each value looked at alone. What is wrong is collected, not raised."""

from __future__ import annotations

import difflib
import io
import os
import stat
import tomllib
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from frameferry_station.setting_names import ENVIRONMENT, Known
from frameferry_station.setting_values import VARIABLE, Kind

DOTENV = ".env"
TOML = "station.toml"
_MAX_BYTES = 256 * 1024
_NAME_SHOWN = 60


class SettingsReader:
    """Reads `.env` and `station.toml` of a folder where they are there. A variable that the environment has, even an
    empty one, wins over the one in `.env`; an empty one counts as not set.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.problems: list[str] = []
        self._dotenv = self._read_dotenv(folder / DOTENV)
        self._variables = {**self._dotenv, **environ}
        self._named: set[str] = set()
        self.toml, self._is_private = self._read_toml(folder / TOML)

    def is_set(self, name: str) -> bool:
        return bool(self._variables.get(name))

    def variable(self, name: str, missing: str | None = None) -> Any:
        """None where it is not set, or wrong. `missing` is the problem where it is not set."""
        text = self._variables.get(name, "")
        if text:
            return self._parsed(name, ENVIRONMENT[name].kind, text)
        if missing is not None:
            self.problems.append(f"{name}: {missing}")
        return None

    def table(
        self, label: str, given: object, known: Mapping[str, Known], others: Collection[str] = ()
    ) -> dict[str, Any]:
        """The values that are there and are right, by name. `others` are known, and read elsewhere."""
        if not isinstance(given, dict):
            self.problems.append(f"{TOML} {label} wants to be a table")
            return {}
        names = [*known, *others, *(f"{name}_env" for name, setting in known.items() if setting.is_secret)]
        found = {}
        for name in given:
            if name not in names:
                self.problems.append(f"{TOML} {_named(label, name)}: {_unknown(name, names)}")
        for name, setting in known.items():
            value = self._value(label, name, given, setting)
            if value is not None:
                found[name] = value
        return found

    def check(self, label: str, name: str, kind: Kind, value: object) -> Any:
        """A value whose kind depends on another one; None where it is wrong."""
        return self._parsed(f"{TOML} {_named(label, name)}", kind, value)

    def finish(self) -> None:
        """Once all is read: variables in `.env` that nobody knows are mistyped ones. An empty one is not set."""
        for name, value in self._dotenv.items():
            if value and name not in ENVIRONMENT and name not in self._named:
                unknown = f"{TOML} does not name it, and it {_unknown(name, ENVIRONMENT)}"
                self.problems.append(f"{DOTENV} {_shown(name)}: {unknown}")

    def _value(self, label: str, name: str, given: Mapping[str, Any], setting: Known) -> Any:
        where, by_name = f"{TOML} {_named(label, name)}", f"{name}_env"
        if name in given and by_name in given and setting.is_secret:
            self.problems.append(f"{where}: wants to be given once, here or by {by_name}")
            return None
        if by_name in given and setting.is_secret:
            return self._named_value(f"{TOML} {_named(label, by_name)}", given[by_name], setting)
        if name not in given:
            if setting.is_required:
                self.problems.append(f"{where}: is missing, and wants {setting.kind.wants}")
            return None
        value = self._parsed(where, setting.kind, given[name])
        if isinstance(value, str) and setting.is_secret and setting.is_secret(value) and not self._is_private:
            self.problems.append(
                f"{where}: is a secret where others may read it: chmod 600 {TOML}, or name a variable by {by_name}"
            )
        return value

    def _named_value(self, where: str, variable: object, setting: Known) -> Any:
        name = self._parsed(where, VARIABLE, variable)
        if name is None:
            return None
        self._named.add(name)
        text = self._variables.get(name, "")
        if not text:
            self.problems.append(f"{where}: names the variable {name}, which is not set")
            return None
        return self._parsed(name, setting.kind, text)

    def _parsed(self, where: str, kind: Kind, value: object) -> Any:
        try:
            return kind.parse(value)
        except ValueError:
            self.problems.append(f"{where}: wants {kind.wants}")
            return None

    def _read_dotenv(self, path: Path) -> dict[str, str]:
        from dotenv.parser import parse_stream

        text = self._text(path)[0]
        found = {}
        for binding in parse_stream(io.StringIO(text)):
            if binding.error:
                self.problems.append(f"{DOTENV} line {binding.original.line}: wants NAME=value")
            elif binding.key is not None:
                found[binding.key] = binding.value or ""
        return found

    def _read_toml(self, path: Path) -> tuple[dict[str, Any], bool]:
        text, is_private = self._text(path)
        try:
            return tomllib.loads(text), is_private
        except tomllib.TOMLDecodeError as error:
            self.problems.append(f"{TOML}: {error}")
        except (ValueError, RecursionError):
            self.problems.append(f"{TOML}: is no TOML that can be read")
        return {}, is_private

    def _text(self, path: Path) -> tuple[str, bool]:
        """And whether nobody but its owner may read it."""
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return "", True
        except OSError as error:
            self.problems.append(f"{path.name}: cannot be read: {error.strerror or type(error).__name__}")
            return "", True
        if len(content) > _MAX_BYTES:
            self.problems.append(f"{path.name}: is larger than {_MAX_BYTES // 1024} KiB")
        with suppress(UnicodeDecodeError):
            return content[:_MAX_BYTES].decode("utf-8-sig").replace("\r\n", "\n"), not stat.S_IMODE(mode) & 0o077
        self.problems.append(f"{path.name}: wants to be UTF-8")
        return "", True


def _named(label: str, name: str) -> str:
    return f"{label} {_shown(name)}".strip()


def _shown(name: str) -> str:
    shown = "".join(letter if letter.isprintable() else "?" for letter in name[:_NAME_SHOWN])
    return shown if len(name) <= _NAME_SHOWN else f"{shown}..."


def _unknown(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name[:_NAME_SHOWN], list(names), n=1, cutoff=0.0)
    return f"is unknown; the nearest one is {near[0]}"
