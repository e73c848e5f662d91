"""How fast a sweep is on one core, beside bare Scrapy on the same market in the same run.

Ours does everything: robots.txt, the address guard, captures with their chain, findings, sightings, blobs and rows on
the disk before they count. Bare Scrapy reads titles and keeps nothing; both fetch the same pages and the same pictures.
It runs twice: once it is handed every address, once it finds them by following links, as a sweep must.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.measure import crawl_site

OUT = Path("build/measure/crawl.json")
FULL, QUICK = 3000, 600  # pages
FULL_ROUNDS, QUICK_ROUNDS = 5, 3
WHO = ("titles", "followed", "ours")
PARTS = ("scrapy", "twisted", "sqlalchemy", "lxml", "parsel", "extruct")


def measure(count: int, rounds: int) -> list[dict[str, dict[str, Any]]]:
    """Return what each crawler took in each round; they take turns, so that all meet the same machine."""
    mine, other = _cores()
    found = []
    with crawl_site.served(count, other) as port:
        for _ in range(rounds):
            found.append({who: _run(who, mine, port, count) for who in WHO})
    return found


def _cores() -> tuple[int, int]:
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _run(who: str, core: int, port: int, count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mekiki-measure-") as folder:
        command = [sys.executable, "-m", "tests.measure.crawl_runs", who, str(core), f"http://127.0.0.1:{port}"]
        ended = subprocess.run([*command, str(count), f"{folder}/home"], stdout=subprocess.PIPE, text=True, check=True)
        took: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    if (took["pages"], took["pictures"]) != (count, count):
        raise SystemExit(f"{who} brought {took['pages']} pages and {took['pictures']} pictures of {count} each.")
    return took


def table(found: list[dict[str, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Return each crawler's medians over the rounds."""
    return {
        who: {
            "pages_per_s": round(statistics.median(each[who]["pages"] / each[who]["wall_s"] for each in found), 1),
            "pages_per_cpu_s": round(statistics.median(each[who]["pages"] / each[who]["cpu_s"] for each in found), 1),
            "peak_mb": round(max(each[who]["peak_mb"] for each in found), 1),
        }
        for who in WHO
    }


def ratio(found: list[dict[str, dict[str, Any]]], peer: str, took: str) -> float:
    """Return how fast ours is against a peer: the median of the rounds' own ratios."""
    return round(statistics.median(each[peer][took] / each["ours"][took] for each in found), 3)


def record(found: list[dict[str, dict[str, Any]]], count: int, *, is_quick: bool) -> dict[str, Any]:
    """Return everything the JSON holds."""
    rows = table(found)
    return {
        "measure": "crawl", "quick": is_quick, "seed": crawl_site.SEED, "pages": count, "rounds": len(found),
        "ours": rows["ours"] | {
            "ratio_to_bare_scrapy": ratio(found, "titles", "wall_s"),
            "browser_opened_needlessly": sum(each["ours"]["opened"] for each in found) / (count * len(found)),
        },
        "peers": {"scrapy_titles": rows["titles"], "scrapy_followed": rows["followed"]},
        "ratios": {f"{took} of {peer}": ratio(found, peer, took) for took in ("wall_s", "cpu_s")
                   for peer in ("titles", "followed")},
        "load": os.getloadavg()[0],
        "machine": f"{platform.machine()} {platform.processor() or platform.system()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in PARTS},
    }  # fmt: skip


def told(made: dict[str, Any]) -> str:
    """Return the table for a person."""
    rows = {"ours": made["ours"], **made["peers"]}
    lines = [f"{'':18}{'pages/s':>10}{'pages/cpu s':>13}{'peak MB':>9}"]
    lines += [
        f"{who:18}{row['pages_per_s']:>10}{row['pages_per_cpu_s']:>13}{row['peak_mb']:>9}" for who, row in rows.items()
    ]
    lines.append(
        f"pages for which a browser was opened, and none needs one: {made['ours']['browser_opened_needlessly']:.1%}"
    )
    lines += [f"ours against {name}: {value:.0%}" for name, value in made["ratios"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} pages, {QUICK_ROUNDS} rounds")
    parser.add_argument("--pages", type=int)
    parser.add_argument("--rounds", type=int)
    options = parser.parse_args()
    count = options.pages or (QUICK if options.quick else FULL)
    began = time.monotonic()
    found = measure(count, options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS))
    made = record(found, count, is_quick=options.quick) | {"took_s": round(time.monotonic() - began, 1)}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    sys.stdout.write(told(made))


if __name__ == "__main__":
    main()
