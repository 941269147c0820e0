"""Hold imaging against a folder of JPEGs: `python -m tests.corpus_check FOLDER`.

FOLDER has a manifest.csv with the columns `file` and `verdict`: processed, rejected or either. Prints every
disagreement and a count of each outcome; exits 1 if there is a disagreement.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from pathlib import Path

from chalicelib.imaging import BadPhoto, examine


def outcome(jpeg: bytes) -> tuple[str, str]:
    """The verdict, and why."""
    try:
        photo = examine(jpeg)
    except BadPhoto as bad:
        return "rejected", bad.reason
    return "processed", f"{photo.width}x{photo.height}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Do JPEGs with a known verdict get it from chalicelib.imaging?")
    parser.add_argument("folder", type=Path, help="holds manifest.csv and the files that it names")
    folder: Path = parser.parse_args().folder
    counts: Counter[tuple[str, str]] = Counter()
    disagreements = 0
    with (folder / "manifest.csv").open(newline="") as manifest:
        for row in csv.DictReader(manifest):
            verdict, why = outcome((folder / row["file"]).read_bytes())
            counts[row["verdict"], verdict] += 1
            if row["verdict"] not in (verdict, "either"):
                disagreements += 1
                print(f"{row['file']}: should be {row['verdict']}, is {verdict} ({why})")
    for (should, is_), count in sorted(counts.items()):
        print(f"should be {should}, is {is_}: {count}")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
