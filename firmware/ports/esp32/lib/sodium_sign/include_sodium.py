"""The inner headers of libsodium, for this library alone: their names (utils.h, core.h) are too common."""

from __future__ import annotations

from os.path import join

Import("env")  # noqa: F821  (SCons gives it)

SODIUM = join("$PROJECT_LIBDEPS_DIR", "$PIOENV", "libsodium")
INCLUDE = join(SODIUM, "libsodium", "src", "libsodium", "include")

env.Append(CPPPATH=[INCLUDE, join(INCLUDE, "sodium"), join(SODIUM, "port_include")])  # noqa: F821
