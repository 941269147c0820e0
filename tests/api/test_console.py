"""The console as it is served: its page, its modules, its policy."""

from __future__ import annotations

import re

import pytest

from chalicelib.api.console_routes import read_console
from chalicelib.api.http import OwnPath
from tests.api.client import Client
from tests.api.scene import CAPTURES_BUCKET, World

FOREIGN = re.compile(r"https?://(?!www\.w3\.org/)", re.ASCII)


def assets_of(text: str, below: str) -> set[str]:
    return {
        f"/assets/{name}" for name in re.findall(rf'["\']{re.escape(below)}([a-z0-9.-]+\.(?:js|css|svg))["\']', text)
    }


def all_assets(nobody: Client) -> dict[str, str]:
    """What a browser loads: the page's, and what these name."""
    found: dict[str, str] = {}
    wanted = assets_of(nobody.get_document("/").text, "assets/")
    while wanted:
        path = wanted.pop()
        found[path] = nobody.get_document(path).text
        wanted |= assets_of(found[path], "./") - found.keys()
    return found


def test_the_page_and_all_that_it_names_is_there(nobody: Client, world: World) -> None:
    page = nobody.get_document("/")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert {path.rpartition(".")[2] for path in all_assets(nobody)} == {"js", "css", "svg"}


def test_an_asset_may_be_kept_for_ever_for_its_name_has_its_version(nobody: Client, world: World) -> None:
    for path in all_assets(nobody):
        kept = nobody.get_document(path)
        assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert kept.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["app.000000000000.js", "index.000000000000.css"])
def test_an_asset_of_another_version_is_not_found(nobody: Client, name: str) -> None:
    assert nobody.get(f"/assets/{name}").code == "not_found"


@pytest.mark.parametrize("name", ["app.js", "index.html", "..", "App.000000000000.js"])
def test_what_is_no_asset_s_name_is_refused(nobody: Client, name: str) -> None:
    assert nobody.get(f"/assets/{name}").code == "invalid_parameter"


def test_the_policy_allows_no_inline_script_and_no_host_but_buckets_and_user_pool(nobody: Client, world: World) -> None:
    told = nobody.get_document("/").headers["content-security-policy"]
    policy = {name: sources for name, *sources in (each.split() for each in told.split("; "))}
    s3 = {
        f"https://{CAPTURES_BUCKET}.s3.eu-central-1.amazonaws.com",
        "https://derived-test.s3.eu-central-1.amazonaws.com",
    }

    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert set(policy["img-src"]) - s3 == {"'self'", "blob:", "data:"}
    assert policy["media-src"] == [f"https://{CAPTURES_BUCKET}.s3.eu-central-1.amazonaws.com"]
    assert set(policy["connect-src"]) - s3 == {"'self'", "https://cognito-idp.eu-central-1.amazonaws.com"}


def test_no_file_names_a_host_or_has_a_script_or_style_of_its_own(nobody: Client, world: World) -> None:
    page = nobody.get_document("/").text

    assert not re.search(r"<style|<script(?![^>]* src=)|\son\w+=|\sstyle=", page)
    ours = {path: text for path, text in all_assets(nobody).items() if not re.match(r"/assets/(lit|qr)\.", path)}
    assert [path for path, text in ours.items() if FOREIGN.search(text)] == []


def test_the_console_is_told_where_owners_sign_in(nobody: Client, world: World) -> None:
    told = nobody.get("/console.json").json

    assert told == {"sign_in_url": "https://cognito-idp.eu-central-1.amazonaws.com/", "client_id": told["client_id"]}


def test_the_stage_without_a_slash_leads_to_the_page_whose_references_are_relative(
    nobody: Client, world: World
) -> None:
    assert nobody.get_redirect("") == "/api/"


@pytest.mark.parametrize("path", ["/photos", "//photos", "///photos"])
def test_the_way_to_the_page_is_that_of_the_request_and_never_another_host(path: str) -> None:
    told = read_console(OwnPath(path))

    assert (told.status, told.headers["Location"]) == (302, "/photos/")


def test_the_page_says_something_before_its_modules_are_there_and_without_javascript(
    nobody: Client, world: World
) -> None:
    body = nobody.get_document("/").text.partition("<body>")[2]

    assert "Loading" in body
    assert "made by JavaScript" in body
