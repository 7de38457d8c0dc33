"""Scores of Lighthouse for the pages students read, on a phone, from the portal in production mode with the demo in it.

    python -m benchmarks.lighthouse [RUNS]

Needs Node 20 and Chromium. Prints each page's median scores (of 100) and ends with 1 where one is lower than 100.
"""

import json
import os
import shutil
import subprocess
import sys
from statistics import median

from tests.production import production_server

LIGHTHOUSE = "lighthouse@12.8.2"
TRIES = 3
CATEGORIES = ["performance", "accessibility", "best-practices", "seo"]
PAGES = {
    "guide": "/specialties/interventional-radiology/",
    "list": "/",
    "question": "/questions/away-rotations/",
    "compare": "/compare/?s=interventional-radiology&s=dermatology&s=neurology",
    "questions": "/questions/",
    "advisor": "/advisors/kent-sato/",
}


def scores(url):
    """Return the page's score in each category, in their order, and what kept one from 100."""
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--only-categories={','.join(CATEGORIES)}"]
    command += ["--chrome-flags=--headless=new --no-sandbox"]
    for _ in range(TRIES):  # a browser on a busy machine does not always start
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode == 0:
            break
        print(result.stderr, file=sys.stderr)
    report = json.loads(result.stdout)
    categories = [report["categories"][name] for name in CATEGORIES]
    weighed = [audit["id"] for category in categories for audit in category["auditRefs"] if audit["weight"]]
    found = {name: report["audits"][name]["score"] for name in weighed}  # of 1; None where it does not apply
    lacking = {name for name, score in found.items() if score is not None and score < 0.9}
    return [round(100 * category["score"]) for category in categories], lacking


def main(runs=3):
    if not shutil.which("npx"):
        sys.exit("Lighthouse needs Node 20 (apt-get install nodejs npm).")
    os.environ.setdefault("CHROME_PATH", shutil.which("chromium") or "")
    lowest = 100
    with production_server("--demo") as address:
        print(f"{'page':12}{''.join(f'{name:>16}' for name in CATEGORIES)}")
        for name, path in PAGES.items():
            results = [scores(address + path) for _ in range(int(runs))]
            medians = [round(median(column)) for column in zip(*(found for found, _ in results), strict=True)]
            lacking = set().union(*(found for _, found in results))
            print(f"{name:12}{''.join(f'{score:16}' for score in medians)}  {' '.join(sorted(lacking))}", flush=True)
            lowest = min(lowest, *medians)
    return int(lowest < 100)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
