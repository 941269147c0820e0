"""The machine's boot and clock."""

from __future__ import annotations

import time
from pathlib import Path

from frameferry_station import machine
from frameferry_station.clock import to_text


def test_the_boot_is_the_machine_s_and_outlasts_a_restart_of_the_program(tmp_path: Path) -> None:
    kernel = tmp_path / "boot_id"
    kernel.write_text("7a1c3ef0-27f5-4a5c-8a39-9f2b0e0c1d2e\n")

    one, other = machine.boot(machine.MachineClock(), kernel), machine.boot(machine.MachineClock(), kernel)
    kernel.write_text("00000000-27f5-4a5c-8a39-9f2b0e0c1d2e\n")
    later = machine.boot(machine.MachineClock(), kernel)

    assert one.boot_id == other.boot_id != later.boot_id
    assert len(one.boot_id) == 16
    assert int(one.boot_id, 16) >= 0


def test_uptime_is_that_of_the_machine() -> None:
    boot = machine.boot(machine.MachineClock())
    kernel_s = time.clock_gettime(time.CLOCK_BOOTTIME)

    assert abs(boot.uptime_ms / 1000 - kernel_s) < 60
    assert to_text(boot.clock.utc())[:4] >= "2024"


def test_the_clock_is_believed_once_the_system_says_that_it_was_set(tmp_path: Path) -> None:
    (tmp_path / "synchronized").touch()

    assert machine.clock_is_synced(tmp_path / "synchronized")
