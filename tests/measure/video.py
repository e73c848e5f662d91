"""Measures the finding of copied films against peers, in one run on the same films: `make measure-video`.

Scores were calibrated on the tuning half of the works (tests/measure/calibrate_video.py); printed is the other half.
A peer's threshold is the highest score that a distractor of the tuning half reached.
"""

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from matcher.film_score import WEIGHTS
from matcher.interface import Segment
from tests.measure import film_clips, film_peers, films_corpus
from tests.measure.film_bench import Asked, Bench
from tests.measure.film_metrics import Claim, ends, found_share, segment_scores
from tests.measure.films_corpus import HALVES, SHARED, Half

OUT = Path("build/measure/video.json")
OURS = "mekiki"
METHODS = (OURS, *(kind.name for kind in film_peers.PEERS))
LOOK = 0.50  # matching.worth_a_look as shipped
PARTS = ("av", "faiss-cpu", "imagehash", "numpy", "opencv-python-headless", "pdqhash")


@dataclass
class Run:
    """Everything one half gave."""

    bench: Bench
    claims: dict[str, list[Claim]] = field(default_factory=lambda: {method: [] for method in METHODS})
    false: dict[str, list[Claim]] = field(default_factory=lambda: {method: [] for method in METHODS})
    wanted: list[Claim] = field(default_factory=list)
    copies: set[tuple[str, str]] = field(default_factory=set)  # (film, reference) put into the copy lane
    matched_s: dict[tuple[str, str], float] = field(default_factory=dict)
    query_s: float = 0.0
    distractor_s: float = 0.0
    query_cpu_s: float = 0.0  # comparing alone
    distractor_cpu_s: float = 0.0


def measure(half: Half, attacks: tuple[film_clips.Attack, ...], shows: int) -> Run:
    """Return what every method says of one half."""
    run = Run(Bench(half))
    run.bench.shelf.compare(next(iter(run.bench.cut.values())))  # the index is trained once, not for every film
    for asked in run.bench.asked(attacks, shows):
        spent = ask(asked, run)
        if asked.truths:
            run.wanted += [
                Claim(asked.name, asked.attack, name, 1.0, (), truth) for name, truth in asked.truths.items()
            ]
            run.query_s += asked.duration_s
            run.query_cpu_s += spent
        else:
            run.distractor_s += asked.duration_s
            run.distractor_cpu_s += spent
    return run


def ask(asked: Asked, run: Run) -> float:
    """Put one film to every method; return the processor seconds of ours."""
    bench = run.bench
    into = run.claims if asked.truths else run.false

    def claim(method: str, reference: str, score: float, segments: tuple[Segment, ...]) -> None:
        truth = asked.truths.get(reference, ())
        into[method].append(Claim(asked.name, asked.attack, reference, score, segments, truth))

    began = time.process_time()
    found = bench.shelf.compare({kind: asked.described[kind] for kind in ("film-pdq", "film-sift")})
    spent = time.process_time() - began
    for each in found:
        reference = bench.names[each.reference_id]
        claim(OURS, reference, each.score, each.segments)
        if each.lane == "copy":
            run.copies.add((asked.name, reference))
        if each.score >= LOOK:
            run.matched_s[asked.name, reference] = each.matched_seconds
    for kind in film_peers.PEERS:
        references = {reference: bench.cut[reference][kind.name] for reference in bench.names}
        for peer in film_peers.compare(asked.described[kind.name], references, kind.radius):
            claim(kind.name, peer.reference, peer.score, peer.segments)
    return spent


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
    """Return segment F1 and video recall of each attack and method."""
    table: dict[str, dict[str, list[float]]] = {}
    for attack in sorted({claim.attack for claim in run.wanted}):
        wanted = [claim for claim in run.wanted if claim.attack == attack]
        table[attack] = {}
        for method in METHODS:
            claims = [claim for claim in run.claims[method] if claim.attack == attack]
            f1 = segment_scores(claims, wanted, thresholds[method]).f1()
            recall = found_share(claims, wanted, thresholds[method] - 1e-9)
            table[attack][method] = [round(f1, 3), round(recall, 3)]
    return table


def thirty_second_rule(run: Run) -> float:
    """Return the share of queries of 20 s and more whose matched seconds fall on the right side of 30."""
    right = []
    for claim in run.wanted:
        true_s = sum(each.query_end_s - each.query_start_s for each in claim.truth)
        if true_s >= 20 and claim.reference not in SHARED:
            right.append((run.matched_s.get((claim.query, claim.reference), 0.0) > 30) == (true_s > 30))
    return round(float(np.mean(right)), 3) if right else -1.0


def report(tuning: Run, reported: Run, *, is_quick: bool) -> dict[str, Any]:
    """Return what is written to the JSON."""
    thresholds = {
        kind.name: max([c.score for c in tuning.false[kind.name]], default=0.0) + 1e-6 for kind in film_peers.PEERS
    }
    thresholds[OURS] = LOOK
    attacks = per_attack(reported, thresholds)
    wanted = {(claim.query, claim.reference) for claim in reported.wanted}
    describe = reported.bench.describe_cpu_s / reported.bench.described_s
    ours = row(reported, OURS, LOOK) | {
        "distractor_minutes": round(reported.distractor_s / 60, 1),
        "queries": len(reported.wanted),
        "in_copy_lane": round(len(reported.copies & wanted) / len(wanted), 3),
        "distractors_in_copy_lane": len({query for query, _ in reported.copies if query.startswith("distractor")}),
        "worst_attack_f1": min(values[OURS][0] for values in attacks.values()),
        "thirty_second_rule_right": thirty_second_rule(reported),
        "x_realtime_nonmatching": round(1 / (describe + reported.distractor_cpu_s / reported.distractor_s), 1),
        "cpu_s_per_24min_match": round(1440 * (describe + reported.query_cpu_s / reported.query_s), 1),
        "bytes_per_reference_hour": round(reported.bench.bytes_per_hour()),
    }
    return {
        "measure": "video", "seed": films_corpus.SEED, "corpus": films_corpus.corpus_hash(),
        "machine": f"{platform.machine()}, {platform.processor() or 'unknown'}, Python {platform.python_version()}",
        "half": "reported", "quick": is_quick, "ours": ours,
        "peers": {kind.name: row(reported, kind.name, thresholds[kind.name]) for kind in film_peers.PEERS},
        "tuning_half": {method: row(tuning, method, thresholds[method]) for method in METHODS},
        "per_attack": attacks, "weights": WEIGHTS,
        "false": sorted({(c.query, c.reference, round(c.score, 3)) for c in reported.false[OURS] if c.score >= 0.3}),
        "versions": {name: version(name) for name in PARTS},
    }  # fmt: skip


def main() -> None:
    """Run both halves, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="nine attacks instead of all; under five minutes")
    is_quick = parser.parse_args().quick
    attacks = tuple(each for each in film_clips.ATTACKS if not is_quick or each.name in film_clips.QUICK)
    shows = 4 if is_quick else 12
    runs = {name: measure(half, attacks, shows) for name, half in HALVES.items()}
    result = report(runs["tuning"], runs["reported"], is_quick=is_quick)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def show(result: dict[str, Any]) -> None:
    """Print the figures."""
    rows = {OURS: result["ours"], **result["peers"]}
    lines = ["{:34}{:>14}{:>14}{:>14}".format("", *METHODS)]
    for key in rows[METHODS[1]]:
        lines.append("{:34}{:>14}{:>14}{:>14}".format(key, *(rows[method][key] for method in METHODS)))
    lines += [f"{key:34}{value:>14}" for key, value in result["ours"].items() if key not in rows[METHODS[1]]]
    lines.append("attack: segment F1 / video recall")
    for attack, values in result["per_attack"].items():
        lines.append("{:34}{:>14}{:>14}{:>14}".format(attack, *("{:.2f} / {:.2f}".format(*values[m]) for m in METHODS)))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
