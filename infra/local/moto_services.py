"""Services of moto 5.2.5 that nothing here asks for, left out of its CloudFormation.

moto imports every service that a template may name, and two of them read megabytes of JSON about instance types and
regions: half of what it takes to start. `infra/template.yaml` has no resource of the services named here. Who asks
moto for one of them outside of a template gets it in full.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import moto

LEFT_OUT = (
    "apigateway", "autoscaling", "batch", "datapipeline", "ec2", "ecr", "ecs", "efs", "elb", "elbv2", "emr", "iot",
    "kinesis", "rds", "redshift", "route53", "sagemaker", "stepfunctions",
)  # fmt: skip


class _Empty(ModuleType):
    """Whatever is imported from it is a class of that name, of which there is no object."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _LeftOut(MetaPathFinder, Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if _is_left_out(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def _is_left_out(name: str) -> bool:
    package, _, service = name.partition(".")
    return package == "moto" and service.partition(".")[0] in LEFT_OUT


@contextmanager
def left_out() -> Iterator[None]:
    """What is imported inside does without these services, but for those that were there before."""
    finder = _LeftOut()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name, module in sys.modules.items() if isinstance(module, _Empty)]:
            del sys.modules[name]
            if name.count(".") == 1:
                delattr(moto, name.partition(".")[2])


with left_out():
    import moto.cloudformation.models
    import moto.ssm.models
