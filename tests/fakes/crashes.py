"""A process that dies before or after a chosen store call, or is overtaken by another one there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast


class SimulatedCrash(BaseException):
    """The process is gone. No `except Exception` survives it."""


class Crashes:
    """Counts the calls on every store that it was put around, and ends the process at one of them.

    One crash for each arming. `log` names the calls that were begun, such as `FakeItems.put`.
    """

    def __init__(self) -> None:
        self.log: list[str] = []
        self._before: int | None = None
        self._after: int | None = None
        self._meanwhile: tuple[int, Callable[[], object]] | None = None

    def meanwhile(self, nth: int, step: Callable[[], object]) -> None:
        """Just before the nth call from now, another process does `step`, whole and by itself."""
        self._meanwhile = len(self.log) + nth, step

    def before(self, nth: int) -> None:
        """The nth call from now (1 is the next) is never made."""
        self._before, self._after = len(self.log) + nth, None

    def after(self, nth: int) -> None:
        """The nth call from now is made, and its answer is lost."""
        self._before, self._after = None, len(self.log) + nth

    def disarm(self) -> None:
        self._before = self._after = self._meanwhile = None

    def around[T](self, store: T) -> T:
        """The store, with this crash in all its methods."""
        return cast(T, _Mortal(store, self))

    def call(self, name: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.log.append(name)
        at = len(self.log)
        if self._meanwhile and at == self._meanwhile[0]:
            step, self._meanwhile = self._meanwhile[1], None
            step()
        self._crash_if(at == self._before, f"before {name}")
        answer = method(*args, **kwargs)
        self._crash_if(at == self._after, f"after {name}")
        return answer

    def _crash_if(self, here: bool, where: str) -> None:
        if here:
            self.disarm()
            raise SimulatedCrash(where)


class _Mortal:
    def __init__(self, store: object, crashes: Crashes) -> None:
        self._store = store
        self._crashes = crashes

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._store, name)
        if not callable(attribute):
            return attribute
        full_name = f"{type(self._store).__name__}.{name}"
        return lambda *args, **kwargs: self._crashes.call(full_name, attribute, *args, **kwargs)
