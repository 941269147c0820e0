"""A role of some seconds ago is not known everywhere yet: AWS refuses what needs it, and soon does not."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Sleep = Callable[[float], None]
_TRIES = 12
_WAIT_S = 5.0


def until_role_is_known(refusal: str, call: Callable[[], Any], sleep: Sleep = time.sleep) -> None:
    """Raises the last ClientError where AWS still answers with the code `refusal` after a minute, any other at once."""
    for tries_left in reversed(range(_TRIES)):
        try:
            call()
        except ClientError as error:
            if error.response["Error"]["Code"] != refusal or not tries_left:
                raise
            sleep(_WAIT_S)
        else:
            return
