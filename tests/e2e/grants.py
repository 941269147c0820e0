"""What a policy document grants, one by one, and the document without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.local.access import Document

Statement = dict[str, Any]


@dataclass(frozen=True)
class Grant:
    sid: str
    action: str
    resource: str


def grants(document: Document) -> Iterator[Grant]:
    """Each action on each resource of each statement."""
    for statement in document["Statement"]:
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                yield Grant(statement["Sid"], action, resource)


def without_statement(document: Document, sid: str) -> Document:
    return _with(document, [one for one in document["Statement"] if one["Sid"] != sid])


def without_grant(document: Document, gone: Grant) -> Document:
    """All that is left, a statement for each grant."""
    left = [grant for grant in grants(document) if grant != gone]
    return _with(document, [{"Effect": "Allow", "Action": one.action, "Resource": one.resource} for one in left])


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _with(document: Document, statements: list[Statement]) -> Document:
    return {**document, "Statement": statements}
