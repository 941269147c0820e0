"""One table from code to status: whole, without strangers, and the gateway's answers agree with it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.api.errors import GATEWAY_STATUSES, STATUSES, error_response
from chalicelib.domain.errors import (
    Conflict,
    FrameferryError,
    InvalidCredential,
    MissingCredential,
    NotFound,
    RateLimited,
    RetryLater,
    Unavailable,
)
from chalicelib.domain.ids import Seq
from infra.gateway_responses import GATEWAY_RESPONSES


def errors(base: type[FrameferryError] = FrameferryError) -> Iterator[type[FrameferryError]]:
    for error in base.__subclasses__():
        yield from ([error] if "code" in vars(error) else [])
        yield from errors(error)


def test_every_error_has_a_status_and_every_status_an_error() -> None:
    assert {error.code for error in errors()} == STATUSES.keys()


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in errors()]

    assert len(codes) == len(set(codes))


def test_what_asks_to_retry_later_is_429_or_503_and_nothing_else_is() -> None:
    patient = {error.code for error in errors(RetryLater)}

    assert {code for code, status in STATUSES.items() if status in (429, 503)} == patient


def test_a_code_of_both_the_app_and_the_gateway_has_one_status() -> None:
    both = STATUSES.keys() & GATEWAY_STATUSES.keys()

    assert {code: STATUSES[code] for code in both} == {code: GATEWAY_STATUSES[code] for code in both}


def test_the_gateway_answers_only_with_codes_of_the_table() -> None:
    answered = {response.code: response.status for response in GATEWAY_RESPONSES.values()}

    assert answered.keys() <= GATEWAY_STATUSES.keys()
    assert all(status in (None, GATEWAY_STATUSES[code]) for code, status in answered.items())


@pytest.mark.parametrize(("error", "seconds"), [(RateLimited(7), "7"), (Unavailable(0), "1")])
def test_an_error_that_passes_says_when_to_come_back(error: RetryLater, seconds: str) -> None:
    assert error_response(error, "r").headers["Retry-After"] == seconds


def test_an_error_carries_code_message_and_request_id_and_nothing_else() -> None:
    assert json.loads(error_response(NotFound(), "request-1").body) == {
        "error": {"code": "not_found", "message": NotFound.message, "request_id": "request-1"}
    }


def test_a_conflict_names_the_next_free_seq_beside_the_error() -> None:
    assert json.loads(error_response(Conflict(Seq(124)), "r").body)["next_seq"] == 124


@pytest.mark.parametrize(
    ("error", "challenge"),
    [(MissingCredential(), "Bearer"), (InvalidCredential(), 'Bearer error="invalid_token"')],
)
def test_a_401_names_the_scheme_that_would_do(error: FrameferryError, challenge: str) -> None:
    assert error_response(error, "r", "Bearer").headers["WWW-Authenticate"] == challenge
