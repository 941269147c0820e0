"""The pages lead to what there is: each link to a file and a heading, each file of the console to its row, and each
picture is on one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
CONSOLE = ROOT / "chalicelib" / "console"


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The file that is meant, and the heading's anchor or nothing; none of those to the web."""
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", prose(page)):
        yield (page.parent / path if path else page), anchor


def anchors(page: Path) -> set[str]:
    """As GitHub makes them of headings: lower case, blanks as dashes, no other signs."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_a_heading_that_are_there(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_there_are_links_to_check() -> None:
    assert sum(bool(anchor) for page in PAGES for _, anchor in links(page)) > 20


def test_each_file_of_the_console_is_in_a_room_of_its_page() -> None:
    rooms = (ROOT / "docs" / "console.md").read_text("utf-8").split("\n## The rooms\n")[1].split("\n## ")[0]
    told = re.findall(r"`([\w*.-]+)`", rooms)

    assert [file.name for file in CONSOLE.iterdir() if not any(fnmatch(file.name, name) for name in told)] == []


def test_each_picture_is_on_a_page() -> None:
    shown = {target.resolve() for page in PAGES for target, _ in links(page)}

    assert set((ROOT / "docs" / "pictures").iterdir()) <= shown
