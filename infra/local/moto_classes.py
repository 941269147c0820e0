"""What moto 5.2.5's CloudFormation asks of a class of resources, in fewer words.

moto finds resource classes as direct subclasses of CloudFormationModel: each of ours is one, after ResourceClass.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

Properties = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A resource as the template has it, for one account and region."""

    name: str
    described: Properties
    account_id: str
    region_name: str
    told_besides: Properties
    """Keyword arguments that moto gives to whatever makes a resource."""

    @property
    def properties(self) -> Properties:
        found: Properties = self.described["Properties"]
        return found

    @property
    def in_moto_s_order(self) -> tuple[str, Properties, str, str]:
        return self.name, self.described, self.account_id, self.region_name

    @property
    def stack_id(self) -> str | None:
        return self.told_besides.get("StackId")


class ResourceClass:
    """A subclass has TYPE and `created`, and `updated` where an update is not the creation once more."""

    TYPE: ClassVar[str]
    NAME_PROPERTY: ClassVar[str] = ""
    """What names the resource, and gets a name where the template says none; empty where nothing does."""

    @classmethod
    @abstractmethod
    def created(cls, wanted: Wanted) -> Any:
        """The resource, made: one of this class, or what moto makes itself."""

    @classmethod
    def updated(cls, there: Any, wanted: Wanted) -> Any:
        there.delete(wanted.account_id, wanted.region_name)
        return cls.created(wanted)

    def is_created(self) -> bool:
        return True

    @classmethod
    def cloudformation_type(cls) -> str:
        return cls.TYPE

    @classmethod
    def cloudformation_name_type(cls) -> str:
        return cls.NAME_PROPERTY

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Any:
        return cls.created(Wanted(resource_name, cloudformation_json, account_id, region_name, kwargs))

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Any,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Any:
        wanted = Wanted(new_resource_name, cloudformation_json, account_id, region_name, {})
        return cls.updated(original_resource, wanted)
