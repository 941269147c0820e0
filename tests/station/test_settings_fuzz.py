"""Whatever stands in variables and files: settings, or a SettingsError with lines, and never anything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from frameferry_station import settings
from frameferry_station.setting_names import ENVIRONMENT, TABLES
from frameferry_station.settings import SettingsError
from hypothesis import given
from hypothesis import strategies as st

CLOUD = {"FRAMEFERRY_API_URL": "https://cloud.example/api"}


@given(variables=st.dictionaries(st.sampled_from(sorted(ENVIRONMENT)), st.text(max_size=60)))
def test_any_text_in_any_variable_gives_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]
) -> None:
    gives_settings_or_a_settings_error(tmp_path_factory.getbasetemp(), variables)


STUMBLING_BLOCKS = ("http://[", "http://a:b:c", "http://%", "//@", "0x10", "1e400", "٣", "..", "~", "a/../b", "\ud800")


@given(
    variables=st.fixed_dictionaries(
        {
            name: st.sampled_from(STUMBLING_BLOCKS)
            for name in ENVIRONMENT
            if name != "STORAGE_BACKEND"
        }
    )
)
def test_texts_that_parsers_stumble_over_give_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, variables: dict[str, str]
) -> None:
    variables["STORAGE_BACKEND"] = "cloud,s3,filesystem,http"
    gives_settings_or_a_settings_error(tmp_path_factory.getbasetemp(), variables)


TOML_VALUES = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="'\r\n"), max_size=40),
).map(lambda value: f"'{value}'" if isinstance(value, str) else str(value).lower())


@given(
    table=st.sampled_from(["", "[lan]", "[page]", "[disk]", "[[camera]]", "[[relay]]", "[x]"]),
    values=st.dictionaries(
        st.sampled_from(sorted({name for table in TABLES.values() for name in table} | {"password_env", "zz"})),
        TOML_VALUES,
    ),
)
def test_any_value_of_any_key_gives_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, table: str, values: dict[str, str]
) -> None:
    folder = tmp_path_factory.mktemp("toml")
    lines = [table, *(f"{name} = {value}" for name, value in values.items())]
    (folder / "station.toml").write_text("\n".join(lines), encoding="utf-8")
    gives_settings_or_a_settings_error(folder, CLOUD)


@given(dotenv=st.binary(max_size=200), toml=st.binary(max_size=200))
def test_any_bytes_in_the_files_give_settings_or_a_settings_error(
    tmp_path_factory: pytest.TempPathFactory, dotenv: bytes, toml: bytes
) -> None:
    folder = tmp_path_factory.mktemp("files")
    (folder / ".env").write_bytes(dotenv)
    (folder / "station.toml").write_bytes(toml)
    gives_settings_or_a_settings_error(folder, CLOUD)


def gives_settings_or_a_settings_error(folder: Path, variables: dict[str, str]) -> None:
    try:
        found = settings.load(variables, folder)
    except SettingsError as error:
        problems = error.problems
    else:
        assert found.sinks
        return
    assert problems
    assert all(line and "\n" not in line for line in problems)
