"""One cold start: `python -P bench/one_cold_start.py MODULE`, a JSON list of Lambda events on standard input.

Imports MODULE, calls its `app` with each event, and is gone without tidying up: Lambda freezes a process that has
answered, it does not wait for its end.
"""

import json
import os
import sys
from importlib import import_module

app = import_module(sys.argv[1]).app
for event in json.load(sys.stdin):
    answer = app(event, None)
    if answer["statusCode"] != 200:
        sys.exit(f"{sys.argv[1]}: {answer['statusCode']} {answer['body']}")
sys.stderr.flush()
os._exit(0)
