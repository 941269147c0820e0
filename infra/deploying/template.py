"""The stack's template as plain data, to compare and to check with; CloudFormation gets the file itself."""

from __future__ import annotations

from typing import Any

import yaml

from infra.stack import template_body


def read_template(text: str | None = None) -> dict[str, Any]:
    """`infra/template.yaml`, or another in `text`. `!Ref x` is the pair of tag and value."""
    found: dict[str, Any] = yaml.load(template_body() if text is None else text, Loader=_TemplateLoader)  # noqa: S506 - a safe loader
    return found


class _TemplateLoader(yaml.SafeLoader):
    """Knows the short forms of CloudFormation's functions."""


def _tagged(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return suffix, loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return suffix, loader.construct_sequence(node, deep=True)
    return suffix, loader.construct_mapping(node, deep=True)


_TemplateLoader.add_multi_constructor("!", _tagged)
