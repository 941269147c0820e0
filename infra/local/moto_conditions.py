"""Stack updates of moto 5.2.5, put right: where conditions turn, and what moto cannot change.

CloudFormation makes or removes a resource with its condition. moto looks at conditions only when a stack is made, then
updates what it never made; it sees no change where a parameter is named by a condition only; and it forgets a resource
of whose kind it knows no update. Importing this module mends that in this process.
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation import parsing

_as_moto_updates = parsing.parse_and_update_resource
_as_moto_compares = parsing.ResourceMap.build_resource_diff


def parse_and_update_resource(
    logical_id: str, resource_json: dict[str, Any], resources_map: Any, account_id: str, region_name: str
) -> Any:
    """The resource as it is after the update; None where its condition is false."""
    made = resources_map._parsed_resources
    condition = resource_json.get("Condition")
    if condition and not resources_map.lazy_condition_map[condition]:
        if there := made.pop(logical_id, None):
            there.delete(account_id, region_name)
        return None
    there = made.get(logical_id)
    if there is None:
        made.pop(logical_id, None)
        return resources_map[logical_id]
    return _as_moto_updates(logical_id, resource_json, resources_map, account_id, region_name) or there


def build_resource_diff(
    self: parsing.ResourceMap, other_template: dict[str, Any], parameters: dict[str, Any] | None = None
) -> dict[str, Any]:
    """With what hangs on a condition among the modified, where any parameter is changed."""
    changes = _as_moto_compares(self, other_template, parameters)
    if any(self.input_parameters.get(name) != value for name, value in (parameters or {}).items()):
        kept = other_template["Resources"].keys() - {*changes["Add"], *changes["Modify"]}
        changes["Modify"] += [name for name in kept if _hangs_on_a_condition(other_template["Resources"][name])]
    return changes


def _hangs_on_a_condition(part: Any) -> bool:
    if isinstance(part, dict):
        return any(key in ("Condition", "Fn::If") or _hangs_on_a_condition(value) for key, value in part.items())
    return isinstance(part, list) and any(_hangs_on_a_condition(value) for value in part)


parsing.ResourceMap.build_resource_diff = build_resource_diff  # type: ignore[method-assign]
parsing.parse_and_update_resource = parse_and_update_resource
