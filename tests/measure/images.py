"""`make measure-images`: finding altered pictures, ours beside the peers, on the half that nothing was tuned on.

Prints tables and writes build/measure/images.json.
"""

import argparse
import hashlib
import json
import platform
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import faiss
import numpy as np

from tests.conftest import CORPUS
from tests.measure import image_speed, pdq_check
from tests.measure.picture_answers import WORKERS, Answer, Task, asked, is_deterministic, unmarked_templates
from tests.measure.pictures_corpus import FRAMED, HARD_NEGATIVES, SEED, Half

OUT = Path(__file__).parents[2] / "build" / "measure" / "images.json"
REPORTED = 1  # the half; 0 is for calibration
FULL, QUICK = Task(REPORTED, per_attack=30, negatives=800), Task(REPORTED, per_attack=3, negatives=72)
COPY, LOOK = 0.9, 0.5  # the shipped lanes
PACKAGES = ("opencv-python-headless", "faiss-cpu", "pdqhash", "imagehash", "numpy", "Pillow")


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
        "threshold_p90": min(
            (a.prediction.score for a, ok in zip(ranked, precision >= 0.9, strict=True) if ok), default=2.0
        ),
    }


def per_attack(answers: Sequence[Answer], threshold: float) -> dict[str, dict[str, Any]]:
    """Return, per attack, recall@1 and the share found right above a threshold."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        if answer.query.kin is not None:
            groups[answer.query.name].append(answer)
    return {
        name: {
            "hardness": group[0].query.hardness,
            "queries": len(group),
            "recall_at_1": float(np.mean([answer.is_right for answer in group])),
            "recall_at_p90": float(np.mean([a.is_right and a.prediction.score >= threshold for a in group])),
            "recall_as_copy": float(np.mean([a.is_right and a.prediction.score >= COPY for a in group])),
        }
        for name, group in groups.items()
    }


def false_ones(answers: Sequence[Answer]) -> dict[str, Any]:
    """Return how often the shipped lanes were wrong, and where."""
    wrong = [a for a in answers if a.prediction.reference is not None and not a.is_right]
    return {
        "negatives": sum(a.query.kin is None for a in answers),
        "wrong_copies": sum(a.prediction.score >= COPY for a in wrong),
        "wrong_leads": sum(LOOK <= a.prediction.score < COPY for a in wrong),
        "unrelated_below_review": _below_review([a for a in answers if a.query.kin is None and not _is_hard(a)]),
        "hard_negatives_below_review": _below_review([a for a in answers if _is_hard(a)]),
        "highest_wrong": _worst(wrong, 10),
    }


def hard_negatives(answers: Sequence[Answer], part: Half) -> dict[str, dict[str, Any]]:
    """Return, per class of hard negatives, how many stay below review, and the highest scores.

    Of the templates also those of which only one picture is registered: nothing can be learned of their furniture.
    """
    by_class = {name: [a for a in answers if a.query.name == name] for name in HARD_NEGATIVES}
    designs = Counter(item.design for item in part.references)
    by_class[f"{FRAMED} registered once"] = [a for a in by_class[FRAMED] if designs[a.query.item.design] == 1]
    return {
        name: {"queries": len(group), "below_review": _below_review(group), "worst": _worst(group, 5)}
        for name, group in by_class.items()
    }


def _is_hard(answer: Answer) -> bool:
    return answer.query.name in HARD_NEGATIVES


def _below_review(answers: Sequence[Answer]) -> float:
    return float(np.mean([a.prediction.score < LOOK for a in answers])) if answers else 1.0


def _worst(answers: Sequence[Answer], count: int) -> list[list[Any]]:
    """Return score, query, attack and the picture it was made from, highest first."""
    rows = sorted(answers, key=lambda a: -a.prediction.score)[:count]
    return [
        [
            round(a.prediction.score, 4), a.query.name, a.query.attack.name if a.query.attack else "as it is",
            f"{a.query.item.layout} {a.query.item.path}".strip(), a.prediction.reference,
        ]
        for a in rows
    ]  # fmt: skip


def measure(task: Task, *, is_quick: bool) -> dict[str, Any]:
    """Return everything the JSON holds."""
    part = task.half()
    methods = asked(task)
    ours = methods["ours"].answers
    rows = {name: figures(said.answers) for name, said in methods.items()}
    attacks = {name: per_attack(said.answers, rows[name]["threshold_p90"]) for name, said in methods.items()}
    best_peer = max((name for name in rows if name != "ours"), key=lambda name: rows[name]["uap"])
    pdq = pdq_check.compared()
    cost = image_speed.in_a_process_of_its_own(image_speed.QUICK if is_quick else image_speed.FULL)
    return {
        "measure": "images", "quick": is_quick, "seed": SEED, "half": "reported", "corpus": _corpus_hash(),
        "machine": f"{platform.machine()} {platform.processor() or platform.system()}, {WORKERS} workers of one thread",
        "references": len(part.references), "queries": len(part.queries),
        "ours": {
            **rows["ours"], **cost, "cpu_ms_per_query": methods["ours"].cpu_ms,
            "ratio_to_best_peer": rows["ours"]["uap"] / rows[best_peer]["uap"], "best_peer": best_peer,
            "translated_page_first": attacks["ours"].get("translated", {}).get("recall_at_1", 0.0),
            "worst_attack_recall_at_p90": min(each["recall_at_p90"] for each in attacks["ours"].values()),
            "deterministic": is_deterministic(task, ours),
            "pdq_identical": pdq.identical, "pdq_compared": pdq.pictures,
            **false_ones(ours), "hard_negatives": hard_negatives(ours, part),
            "templates_below_review_without_marks": _below_review(unmarked_templates(task)),
        },
        "peers": {
            name: {
                **rows[name], "cpu_ms_per_image": cost["cpu_ms_by_step"]["decode"] + said.cpu_ms,
                "cpu_ms_per_query": said.cpu_ms, "bytes_per_reference": said.bytes_per_reference,
            }
            for name, said in methods.items() if name != "ours"
        },
        "per_attack": {
            attack: {"hardness": each["hardness"], "queries": each["queries"]}
            | {name: {key: value for key, value in found[attack].items() if key.startswith("recall")}
               for name, found in attacks.items()}
            for attack, each in attacks["ours"].items()
        },
        "versions": {name: version(name) for name in PACKAGES},
    }  # fmt: skip


def told(found: dict[str, Any]) -> str:
    """Return the figures as tables."""
    ours = found["ours"]
    methods = {"ours": ours, **found["peers"]}
    columns = ("uap", "recall_at_p90", "recall_at_p999", "recall_at_1", "cpu_ms_per_query", "bytes_per_reference")
    lines = [f"{found['references']} references, {found['queries']} queries, half: {found['half']}"]
    lines.append(f"{'method':18}" + "".join(f"{column:>20}" for column in columns))
    for name, row in methods.items():
        lines.append(f"{name:18}" + "".join(f"{row[column]:20.3f}" for column in columns))
    lines += ["", f"{'recall at P90':34}" + "".join(f"{name:>18}" for name in methods)]
    for attack, rows in found["per_attack"].items():
        title = f"{attack} ({rows['hardness']}, {rows['queries']})"
        lines.append(f"{title:34}" + "".join(f"{rows[name]['recall_at_p90']:18.2f}" for name in methods))
    lines += ["", f"{'below review':34}{'queries':>10}{'share':>10}   highest"]
    for name, each in ours["hard_negatives"].items():
        highest = ", ".join(f"{row[0]:.3f}" for row in each["worst"])
        lines.append(f"{name:34}{each['queries']:10}{each['below_review']:10.3f}   {highest}")
    return "\n".join([*lines, "", *_facts(found), ""])


def _facts(found: dict[str, Any]) -> list[str]:
    ours = found["ours"]
    large = f"{ours['large_index_references']:,} references"
    return [
        f"{ours['ratio_to_best_peer']:.2f} times the uAP of the best peer, {ours['best_peer']}",
        f"worst attack {ours['worst_attack_recall_at_p90']:.3f}",
        f"translated page first {ours['translated_page_first']:.3f}",
        f"wrong copies {ours['wrong_copies']}, wrong leads {ours['wrong_leads']}",
        f"below review: unrelated {ours['unrelated_below_review']:.3f}, hard {ours['hard_negatives_below_review']:.3f}",
        f"  templates, had nobody marked any area: {ours['templates_below_review_without_marks']:.3f}",
        f"PDQ as pdqhash: {ours['pdq_identical']} of {ours['pdq_compared']}; same again: {ours['deterministic']}",
        "a 1-megapixel JPEG that matches nothing takes",
        f"  {ours['cpu_ms_per_image']:6.1f} ms against 1,000 references: " + _steps(ours["cpu_ms_by_step"]),
        f"  {ours['cpu_ms_per_image_100k']:6.1f} ms against {large}: " + _steps(ours["cpu_ms_by_step_100k"]),
        f"  {ours['cpu_ratio_100k']:6.2f} times as long; {ours['cpu_ms_to_add_reference']:.1f} ms to add a reference",
        f"index bytes a reference {ours['bytes_per_reference']:,.0f}",
        f"  of {large} {ours['bytes_per_reference_100k']:,.0f}",
        f"stored bytes a reference {ours['stored_bytes_per_reference']:,.0f}",
        "the highest wrong answers:",
        *(f"  {score} {name}, {attack}: {path}" for score, name, attack, path, _ in ours["highest_wrong"]),
        f"took {found['took_s']:.0f} s",
    ]


def _steps(cost: dict[str, float]) -> str:
    return ", ".join(f"{step} {value:.1f}" for step, value in cost.items() if step != "all")


def _corpus_hash() -> str:
    return "sha256:" + hashlib.sha256((CORPUS / "manifest.csv").read_bytes()).hexdigest()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer queries, under five minutes")
    is_quick = parser.parse_args().quick
    faiss.omp_set_num_threads(1)
    cv2.setNumThreads(1)
    began = time.monotonic()
    found = measure(QUICK if is_quick else FULL, is_quick=is_quick)
    found["took_s"] = round(time.monotonic() - began)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    sys.stdout.write(told(found))


if __name__ == "__main__":
    main()
