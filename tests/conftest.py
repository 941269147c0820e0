"""Hypothesis profiles: "quick" is the default and always tries the same examples, so that a change is judged by
what it changed; "soak" (`make soak`) searches at random, and longer.

The garbage collector looks at nothing that was imported: with moto that is a million objects, at each of its rounds.
"""

import gc
import os

from hypothesis import settings

# No deadline: how long an example takes on a shared machine says nothing about the code.
settings.register_profile("quick", deadline=None, derandomize=True, max_examples=50, stateful_step_count=30)
settings.register_profile("soak", deadline=None, max_examples=2000, stateful_step_count=60, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
