"""Memory and time of each function: one choice, in .chalice/config.json."""

from __future__ import annotations

import pytest
from cfnlint.decode import cfn_yaml  # type: ignore[import-untyped]

from infra.deploying.deploy import default_parameters
from infra.deploying.target import API_FUNCTION, FUNCTIONS, project_config
from infra.stack import TEMPLATE

_API_GATEWAY_WAITS_S = 29
"""API Gateway Developer Guide, "Quotas for configuring and running a REST API": integration timeout."""
_LAMBDA_RUNS_S = 900


def test_the_dashboard_of_a_bare_template_counts_with_the_memory_that_is_deployed() -> None:
    declared = cfn_yaml.load(str(TEMPLATE))["Parameters"]
    of_functions = {name: value for name, value in default_parameters().items() if name.endswith("MemoryMb")}

    assert len(of_functions) == len(FUNCTIONS)
    assert {name: str(declared[name]["Default"]) for name in of_functions} == of_functions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_outlives_who_waits_for_it(function: str) -> None:
    longest_s = _API_GATEWAY_WAITS_S if function == API_FUNCTION else _LAMBDA_RUNS_S

    assert 0 < project_config()["lambda_functions"][function]["lambda_timeout"] <= longest_s
