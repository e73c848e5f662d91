"""`make measure-images`: finding altered pictures, ours beside the peers, on the half that nothing was tuned on.

Prints one table and writes build/measure/images.json.
"""

import argparse
import hashlib
import json
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np

from tests.conftest import CORPUS
from tests.measure.attacks import Picture
from tests.measure.picture_methods import Ours, Prediction, peers
from tests.measure.pictures_corpus import SEED, Half, Query, half

OUT = Path(__file__).parents[2] / "build" / "measure" / "images.json"
REPORTED = 1  # the half; 0 is for calibration
FULL, QUICK = (30, 800), (6, 150)  # pictures an attack, negatives
COPY, LOOK = 0.9, 0.5  # the shipped lanes


@dataclass(frozen=True)
class Answer:
    """What a method said to one query."""

    query: Query
    prediction: Prediction
    is_right: bool


def answered(
    method: Callable[[Picture], Prediction], part: Half, queries: Sequence[Query]
) -> tuple[list[Answer], float]:
    """Return a method's answers and its processor milliseconds a picture, decoding left out."""
    answers, spent_s = [], 0.0
    for query in queries:
        picture = query.picture(part.carriers)
        began = time.process_time()
        prediction = method(picture)
        spent_s += time.process_time() - began
        kin = None if prediction.reference is None else part.references[prediction.reference].kin
        answers.append(Answer(query, prediction, query.kin is not None and kin == query.kin))
    return answers, spent_s / len(queries) * 1000


def figures(answers: Sequence[Answer]) -> dict[str, float]:
    """Return the micro average precision over one global ranking, and recalls at fixed precisions."""
    positives = sum(answer.query.kin is not None for answer in answers)
    ranked = sorted((a for a in answers if a.prediction.reference is not None), key=lambda a: -a.prediction.score)
    right = np.cumsum([answer.is_right for answer in ranked])
    precision = right / np.arange(1, len(ranked) + 1)
    recall = right / positives

    def at(least: float) -> float:
        return float(recall[precision >= least].max(initial=0.0))

    return {
        "uap": float((precision * [answer.is_right for answer in ranked]).sum() / positives),
        "recall_at_p90": at(0.90),
        "recall_at_p999": at(0.999),
        "recall_at_1": float(recall[-1]),
        "threshold_p90": float(min(a.prediction.score for a, ok in zip(ranked, precision >= 0.9, strict=True) if ok)),
    }


def per_attack(answers: Sequence[Answer], threshold: float) -> dict[str, dict[str, float]]:
    """Return, per attack, recall@1 and the share found right above a threshold."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.query.kin is not None:
            groups[answer.query.name].append(answer)
    return {
        name: {
            "queries": float(len(group)),
            "recall_at_1": float(np.mean([answer.is_right for answer in group])),
            "recall_at_p90": float(np.mean([a.is_right and a.prediction.score >= threshold for a in group])),
            "recall_as_copy": float(np.mean([a.is_right and a.prediction.score >= COPY for a in group])),
        }
        for name, group in groups.items()
    }


def false_ones(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return how often the shipped lanes were wrong, and where."""
    wrong = [a for a in answers if a.prediction.reference is not None and not a.is_right]
    worst = sorted(wrong, key=lambda a: -a.prediction.score)[:10]
    unrelated = [a for a in wrong if a.query.kin is None]
    negatives = sum(a.query.kin is None for a in answers)
    return {
        "negatives": negatives,
        "wrong_copies": sum(a.prediction.score >= COPY for a in wrong),
        "wrong_leads": sum(LOOK <= a.prediction.score < COPY for a in wrong),
        "hard_negatives_below_review": 1 - sum(a.prediction.score >= LOOK for a in unrelated) / max(1, negatives),
        "highest_wrong": [[round(a.prediction.score, 3), a.query.name, a.query.item.path] for a in worst],
    }


def measure(part: Half, *, is_quick: bool) -> dict[str, Any]:
    """Return everything the JSON holds."""
    pictures = [item.read() for item in part.references]
    ours = Ours(pictures)
    answers, ms = answered(ours, part, part.queries)
    summary = figures(answers)
    attacks = per_attack(answers, summary["threshold_p90"])
    translated = attacks.get("translated", {}).get("recall_at_1", 0.0)
    found: dict[str, Any] = {
        "measure": "images", "quick": is_quick, "seed": SEED, "half": "reported", "corpus": _corpus_hash(),
        "machine": f"{platform.machine()} {platform.processor() or platform.system()}, one thread",
        "references": len(part.references), "queries": len(part.queries),
        "ours": {
            **summary, "cpu_ms_per_image": ms, "bytes_per_reference": ours.bytes_per_reference,
            "cpu_ms_per_image_100k": None, "translated_page_first": translated,
            "worst_attack_recall_at_p90": min(each["recall_at_p90"] for each in attacks.values()),
            **false_ones(answers),
        },
        "peers": {}, "per_attack": {name: {"ours": each} for name, each in attacks.items()},
        "versions": {name: version(name) for name in ("opencv-python-headless", "faiss-cpu", "pdqhash", "imagehash")},
    }  # fmt: skip
    for peer in peers(pictures):
        answers, ms = answered(peer, part, part.queries)
        summary = figures(answers)
        found["peers"][peer.name] = {
            **summary, "cpu_ms_per_image": ms, "bytes_per_reference": peer.bytes_per_reference,
        }  # fmt: skip
        for name, each in per_attack(answers, summary["threshold_p90"]).items():
            found["per_attack"][name][peer.name] = each
    return found


def told(found: dict[str, Any]) -> str:
    """Return the figures as two tables."""
    methods = {"ours": found["ours"], **found["peers"]}
    columns = ("uap", "recall_at_p90", "recall_at_p999", "recall_at_1", "cpu_ms_per_image", "bytes_per_reference")
    lines = [f"{found['references']} references, {found['queries']} queries, half: {found['half']}"]
    lines.append(f"{'method':18}" + "".join(f"{column:>20}" for column in columns))
    for name, row in methods.items():
        lines.append(f"{name:18}" + "".join(f"{row[column]:20.3f}" for column in columns))
    lines += ["", f"{'recall at P90':24}" + "".join(f"{name:>18}" for name in methods)]
    for attack, rows in found["per_attack"].items():
        lines.append(f"{attack:24}" + "".join(f"{rows[name]['recall_at_p90']:18.2f}" for name in methods))
    ours = found["ours"]
    lines += [
        "",
        f"wrong copies {ours['wrong_copies']}, wrong leads {ours['wrong_leads']}",
        f"{ours['hard_negatives_below_review']:.1%} of {ours['negatives']} unrelated queries stayed below review",
        "the highest wrong answers:",
        *(f"  {score} {name} {path}" for score, name, path in ours["highest_wrong"]),
    ]
    return "\n".join(lines) + "\n"


def _corpus_hash() -> str:
    return "sha256:" + hashlib.sha256((CORPUS / "manifest.csv").read_bytes()).hexdigest()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer queries, under five minutes")
    is_quick = parser.parse_args().quick
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)
    per_attack_count, negatives = QUICK if is_quick else FULL
    found = measure(half(REPORTED, per_attack=per_attack_count, negatives=negatives), is_quick=is_quick)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.stdout.write(told(found))


if __name__ == "__main__":
    main()
