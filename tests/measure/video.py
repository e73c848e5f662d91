"""Measures the finding of copied films against peers, in one run on the same films: `make measure-video`.

Scores were calibrated on the tuning half of the works (tests/measure/calibrate_video.py); printed is the other half.
A peer's threshold is the highest score that a distractor of the tuning half reached.
"""

import argparse
import json
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from matcher.film_score import WEIGHTS
from tests.measure import film_clips, film_lengths, film_peers, film_scale, film_speed, films_corpus
from tests.measure.film_metrics import ends, found_share, segment_scores
from tests.measure.film_run import HASHES, LOOK, METHODS, OURS, Plan, Run, measure

OUT = Path("build/measure/video.json")
SHOWS, QUICK_SHOWS = 12, 2
PARTS = ("av", "faiss-cpu", "imagehash", "numba", "numpy", "opencv-python-headless", "pdqhash")


def row(run: Run, method: str, threshold: float) -> dict[str, float]:
    """Return the figures of one method at a threshold fixed beforehand."""
    everything = run.claims[method] + run.false[method]
    lengths = segment_scores(everything, run.wanted, threshold)
    errors, speeds = ends(run.claims[method], threshold)
    false_s = sum(
        each.query_end_s - each.query_start_s
        for claim in run.false[method]
        if claim.score >= threshold
        for each in claim.segments
    )
    wrong = [claim.score for claim in run.false[method]]
    return {
        "segment_precision": round(lengths.precision(), 3),
        "segment_recall": round(lengths.recall(), 3),
        "segment_f1": round(lengths.f1(), 3),
        "video_recall": round(found_share(run.claims[method], run.wanted, max(wrong, default=0.0)), 3),
        "video_recall_at_threshold": round(found_share(run.claims[method], run.wanted, threshold - 1e-9), 3),
        "false_positive_seconds_per_hour": round(3600 * false_s / run.distractor_s, 1),
        "highest_false_score": round(max(wrong, default=0.0), 3),
        "threshold": round(threshold, 3),
        "boundary_error_median_s": round(float(np.median(errors)), 3) if errors else -1.0,
        "boundary_error_p90_s": round(float(np.percentile(errors, 90)), 3) if errors else -1.0,
        "speed_error": round(float(np.mean(speeds)), 4) if speeds else -1.0,
    }


def per_attack(run: Run, thresholds: dict[str, float]) -> dict[str, dict[str, list[float]]]:
    """Return, of each attack and method: segment F1, video recall, median error of the ends, error of the speed."""
    table: dict[str, dict[str, list[float]]] = {}
    for attack in dict.fromkeys(claim.attack for claim in run.wanted):
        wanted = [claim for claim in run.wanted if claim.attack == attack]
        table[attack] = {}
        for method in METHODS:
            claims = [claim for claim in run.claims[method] if claim.attack == attack]
            f1 = segment_scores(claims, wanted, thresholds[method]).f1()
            recall = found_share(claims, wanted, thresholds[method] - 1e-9)
            errors, speeds = ends(claims, thresholds[method])
            error_s = float(np.median(errors)) if errors else -1.0
            speed = float(np.mean(speeds)) if speeds else -1.0
            table[attack][method] = [round(each, 4) for each in (f1, recall, error_s, speed)]
    return table


def missed(run: Run) -> dict[str, list[str]]:
    """Return the copies that ours did not put in front of a person, by reference."""
    found = {(claim.query, claim.reference) for claim in run.claims[OURS] if claim.score >= LOOK}
    lost: dict[str, list[str]] = {}
    for claim in run.wanted:
        if (claim.query, claim.reference) not in found:
            lost.setdefault(claim.reference, []).append(claim.query)
    return lost


def report(
    tuning: Run, reported: Run, speed: dict[str, Any], scale: dict[str, Any], *, is_quick: bool
) -> dict[str, Any]:
    """Return what is written to the JSON."""
    thresholds = {
        kind.name: max([c.score for c in tuning.false[kind.name]], default=0.0) + 1e-6 for kind in film_peers.PEERS
    }
    thresholds[OURS] = LOOK
    attacks = per_attack(reported, thresholds)
    wanted = {(claim.query, claim.reference) for claim in reported.wanted}
    worst = min(attacks, key=lambda attack: attacks[attack][OURS][0])
    ours = row(reported, OURS, LOOK) | {
        "distractor_minutes": round(reported.distractor_s / 60, 1),
        "queries": len(reported.wanted),
        "in_copy_lane": round(len(reported.copies & wanted) / len(wanted), 3),
        "distractors_in_copy_lane": len({query for query, _ in reported.copies if query.startswith("distractor")}),
        "worst_attack_f1": attacks[worst][OURS][0],
        "worst_attack": worst,
        **film_lengths.figures(reported.timed),
        **reported.sibling,
        **{key: speed[key] for key in ("x_realtime_nonmatching", "cpu_s_per_24min_match")},
        "query_cost_growth": _growth(speed, scale),
        "bytes_per_reference_hour": round(reported.bytes_per_reference_hour),
        "bytes_per_reference_hour_hash_tier": round(reported.bytes_per_reference_hour_hashes),
    }
    return {
        "measure": "video", "seed": films_corpus.SEED, "corpus": films_corpus.corpus_hash(),
        "machine": f"{platform.machine()}, {platform.processor() or 'unknown'}, Python {platform.python_version()}",
        "half": "reported", "quick": is_quick, "ours": ours,
        "peers": {kind.name: row(reported, kind.name, thresholds[kind.name]) for kind in film_peers.PEERS},
        "hash_tier": {} if is_quick else row(reported.of_attacks(film_clips.QUICK), HASHES, LOOK),
        "points_tier_of_the_same": row(reported.of_attacks(film_clips.QUICK), OURS, LOOK), "scale": scale,
        "tuning_half": {method: row(tuning, method, thresholds[method]) for method in METHODS},
        "tuning_distractor_minutes": round(tuning.distractor_s / 60, 1),
        "per_attack_columns": ["segment_f1", "video_recall", "boundary_error_median_s", "speed_error"],
        "per_attack": attacks, "lengths": film_lengths.tables(reported.timed), "speed": speed, "weights": WEIGHTS,
        "false": sorted({(c.query, c.reference, round(c.score, 3)) for c in reported.false[OURS] if c.score >= 0.3}),
        "missed": missed(reported), "timed": [asdict(each) for each in reported.timed],
        "took_s": {run.half: round(run.took_s) for run in (tuning, reported)}
        | {"speed": speed["took_s"], "scale": scale["took_s"]},
        "versions": {name: version(name) for name in PARTS},
    }  # fmt: skip


def _growth(speed: dict[str, Any], scale: dict[str, Any]) -> float:
    """Return how many times as much a film that matches nothing costs on the enlarged shelf; -1: not asked."""
    if "large" not in scale or speed["x_realtime_nonmatching"] < 0:
        return -1.0
    few_s = 60 / speed["x_realtime_nonmatching"]  # a minute of film, decoded and looked up among few
    more_s = scale["large"]["search_cpu_s_per_minute"] - scale["small"]["search_cpu_s_per_minute"]
    return round((few_s + more_s) / few_s, 2)


def main() -> None:
    """Run both halves at once, then the speeds alone; print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter of the attacks; under five minutes")
    parser.add_argument("--no-speed", action="store_true", help="leave the speeds out")
    parser.add_argument("--no-scale", action="store_true", help="leave the enlarged shelf out")
    options = parser.parse_args()
    is_quick = options.quick
    attacks = film_clips.QUICK if is_quick else tuple(each.name for each in film_clips.ATTACKS)
    shows = QUICK_SHOWS if is_quick else SHOWS
    few = attacks[:1] if is_quick else attacks[::4]
    plans = [
        *(
            Plan("reported", attacks, some, has_lengths=True, has_tiers=not is_quick, is_quick=is_quick, part=(part, 2))
            for part, some in enumerate((0, shows))
        ),
        # the tuning half gives hardly more than what its distractors say: the thresholds of the peers
        Plan("tuning", few, shows, has_lengths=False, has_tiers=False, is_quick=is_quick),
    ]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:  # one part a core
        first, second, tuning = pool.map(measure, plans)
    reported = first.joined(second)
    speed = film_speed.NOTHING if options.no_speed else film_speed.measure(is_quick=is_quick)
    scale = {"took_s": 0} if options.no_scale or is_quick else film_scale.measure(is_quick=False)
    result = report(tuning, reported, speed, scale, is_quick=is_quick)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def show(result: dict[str, Any]) -> None:
    """Print the figures."""
    rows = {OURS: result["ours"], **result["peers"]}
    lines = ["{:44}{:>14}{:>14}{:>14}".format("", *METHODS)]
    for key in rows[METHODS[1]]:
        lines.append("{:44}{:>14}{:>14}{:>14}".format(key, *(rows[method][key] for method in METHODS)))
    lines += [f"{key:44}{value:>14}" for key, value in result["ours"].items() if key not in rows[METHODS[1]]]
    lines.append("attack: segment F1 / video recall, then of ours: median error of the ends (s) / error of the speed")
    for attack, values in result["per_attack"].items():
        shown = ("{:.2f} / {:.2f}".format(*values[method][:2]) for method in METHODS)
        ends_s, speed = values[OURS][2:]
        lines.append("{:44}{:>14}{:>14}{:>14}".format(attack, *shown) + f"{ends_s:>10.2f} / {speed:.3f}")
    for title in ("within_1s_by_length", "within_1s_by_treatment"):
        lines += [f"{title}: " + ", ".join(f"{key} {value:.2f}" for key, value in result["lengths"][title].items())]
    for part in ("hash_tier", "points_tier_of_the_same", "speed", "scale"):
        lines.append(f"{part}:")
        lines += [f"  {key:42}{value!s:>14}" for key, value in result[part].items()]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
