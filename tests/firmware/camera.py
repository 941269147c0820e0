"""frameferry-device, the firmware's core as a program of this machine, run after run over one state folder."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.firmware_camera import program

PATIENCE_S = 60.0

Step = dict[str, Any]


@dataclass
class Life:
    """One run of the program; it ends by itself, or is ended."""

    process: subprocess.Popen[bytes]
    output: Path
    log: Path

    def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """The exit code."""
        return self.process.wait(PATIENCE_S)

    def end_within(self, seconds: float) -> int:
        """The exit code; it is told to stop where it has not ended by then."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return self.stop()

    def waits_for(self, event: str, times: int = 1) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.count(event) < times:
            assert time.monotonic() < until, self.told()
            assert self.process.poll() is None or self.count(event) >= times, self.told()
            time.sleep(0.02)

    def steps(self, event: str | None = None) -> list[Step]:
        """A line that a kill cut in two is no step."""
        lines = [line for line in self.output.read_text().split("\n")[:-1] if line]
        steps: list[Step] = [json.loads(line) for line in lines]
        return [step for step in steps if event in (None, step["event"])]

    def count(self, event: str) -> int:
        """Of photos, where a step is about a pack of them."""
        return sum(step.get("captures", 1) for step in self.steps(event))

    def told(self) -> str:
        return f"{self.output.read_text()}\n{self.log.read_text()}"


class FirmwareCamera:
    """With the program that was built with sanitizers."""

    def __init__(self, folder: Path, api_url: str, code: str, *, trusted: Path) -> None:
        self.card = folder / "state" / "card"
        self._folder = folder
        self._command = [str(program("test")), "--api", api_url, "--state", str(folder / "state")]
        self._command += ["--ca", str(trusted)]
        self._code = code
        self._lives: list[Life] = []

    def start(
        self,
        photos: list[bytes],
        *options: str,
        count: int | None = None,
        interval_s: float = 0.02,
        has_code: bool = True,
    ) -> Life:
        """It looks at `photos`, at all of them once where there is no `count`."""
        number = len(self._lives)
        folder = self._folder / f"photos-{number}"
        folder.mkdir(parents=True)
        for place, jpeg in enumerate(photos):
            (folder / f"{place:04}.jpg").write_bytes(jpeg)
        many = len(photos) if count is None else count
        command = [*self._command, *(["--code", self._code] if has_code else [])]
        command += ["--photos", str(folder), "--count", str(many), "--interval", str(interval_s)]
        output, log = self._folder / f"output-{number}", self._folder / f"log-{number}"
        with output.open("wb") as out, log.open("wb") as err:
            life = Life(subprocess.Popen([*command, *options], stdout=out, stderr=err), output, log)
        self._lives.append(life)
        return life

    def packs(self) -> list[Path]:
        """What is on its card."""
        return sorted(self.card.glob("packs/**/*.zip"))

    def end(self) -> None:
        for life in self._lives:
            life.kill()
            assert "runtime error" not in life.log.read_text(), life.log.read_text()
            assert "AddressSanitizer" not in life.log.read_text(), life.log.read_text()
