"""What an owner may give the stack, checked here: CloudFormation would say so too, but after the deploy has begun.

Rules: CloudFormation User Guide, "CloudFormation template Parameters syntax".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra.deploying.failure import DeployFailed
from infra.deploying.template import read_template


def check_parameters(given: Mapping[str, str]) -> None:
    """Raises DeployFailed for a name that the template does not have, and for a value that it would not take."""
    known = read_template()["Parameters"]
    for name, value in given.items():
        if name not in known:
            raise DeployFailed(f"The stack has no parameter {name!r}", f"It has {', '.join(sorted(known))}")
        if not _is_allowed(known[name], value):
            raise DeployFailed(f"{name} cannot be {value!r}", f"It has to be {_wanted(known[name])}")


def _is_allowed(rule: Mapping[str, Any], value: str) -> bool:
    if "AllowedValues" in rule and value not in map(str, rule["AllowedValues"]):
        return False
    if rule["Type"] == "Number":
        is_number = re.fullmatch(r"-?\d{1,18}", value, re.ASCII) is not None
        return is_number and rule.get("MinValue", int(value)) <= int(value) <= rule.get("MaxValue", int(value))
    return re.fullmatch(rule.get("AllowedPattern", ".*"), value) is not None


def _wanted(rule: Mapping[str, Any]) -> str:
    if "AllowedValues" in rule:
        return "one of " + ", ".join(map(str, rule["AllowedValues"]))
    if rule["Type"] == "Number":
        return f"a whole number from {rule['MinValue']} to {rule['MaxValue']}"
    return str(rule.get("ConstraintDescription") or rule["Description"]).rstrip(".")
