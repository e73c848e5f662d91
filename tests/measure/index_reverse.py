"""What is kept of captures, in bytes, and how many copies a reference that is registered later still finds by it.

Pictures and films of the reported half, altered as `measure-images` and `measure-video` alter them. A copy counts as
found when looking back names it to be compared again; beside it, what comparing everything in full would find.
"""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from fingerprints import packing
from fingerprints.interface import Vectors
from fingerprints.kinds.film_pdq import FilmPdq
from fingerprints.quantised import packed
from matcher import film_watch, pictures, reverse
from matcher.closer_look import POINTS
from matcher.indexes.hash_index import HashIndex
from matcher.kept import MOST_POINTS, worth_keeping
from tests.measure import film_bench, film_clips, films_corpus, pictures_corpus
from tests.measure.picture_methods import described, filled

REPORTED = 1
INDEX_BYTES = 86  # of one hash, measured with ten million of them
ROW_BYTES = 150  # of a row of `kept` beside its hashes, with its indexes


def _bytes(found: Mapping[str, Vectors]) -> int:
    """Return what fingerprints take in the database."""
    return sum(each.codes.nbytes + len(packing.squeezed_positions(each)) for each in found.values())


def of_pictures(per_attack: int, negatives: int) -> dict[str, Any]:
    """Return, of pictures, the bytes of each way to keep them, and the share of copies that each finds."""
    half = pictures_corpus.half(REPORTED, per_attack=per_attack, negatives=negatives)
    references = [described(item.read()) for item in half.references]
    kin = [item.kin for item in half.references]
    seen = [described(query.picture(half.carriers)) for query in half.queries]
    copies = {at for at, query in enumerate(half.queries) if query.kin is not None}
    shelf = filled(references)
    told = {at: shelf.compare(seen[at], references.__getitem__) for at in copies}
    in_full = {at for at, some in told.items() if half.queries[at].kin in {kin[each.reference_id] for each in some}}
    found: dict[str, Any] = {
        "captures": len(seen), "copies": len(copies), "references": len(references),
        "recall_in_full": _share(in_full, copies), "bytes_in_full": round(sum(map(_bytes, seen)) / len(seen)),
    }  # fmt: skip
    found_by_hash: set[int] = set()
    for how in ("whole", "parts"):
        kept = [worth_keeping("image", each[pictures.HASHES], is_whole=how == "whole") for each in seen]
        index = HashIndex()
        index.change({at: each.codes for at, each in enumerate(kept)})
        asked = zip((reverse.pictures_near(index, each[pictures.HASHES]) for each in references), kin, strict=True)
        named = [(at, half.queries[at].kin == whose) for some, whose in asked for at in some]
        right = found_by_hash = {at for at, is_right in named if is_right}
        needless = sum(not is_right for _, is_right in named)
        hashes = float(np.mean([len(each.codes) for each in kept]))
        found[how] = {
            "hashes": round(hashes, 1), "bytes": round(hashes * (32 + INDEX_BYTES) + ROW_BYTES),
            "recall": _share(right, copies), "recall_of_those_in_full": _share(right & in_full, in_full),
            "compared_needlessly": round(needless / len(references) / len(seen), 5),
        }  # fmt: skip
    asked = {at: each[POINTS] for at, each in enumerate(references)}
    packed_points = [(at, packed(each[POINTS].codes[:MOST_POINTS])) for at, each in enumerate(seen)]
    began = time.process_time()
    named = {*reverse.pictures_by_points(asked, packed_points)}
    took_s = time.process_time() - began
    right = {at for whose, at in named if half.queries[at].kin == kin[whose]} | found_by_hash
    needless = sum(half.queries[at].kin != kin[whose] for whose, at in named)
    points_bytes = sum(each.nbytes for _, each in packed_points) / len(seen)
    found["parts and points"] = {
        "points": MOST_POINTS, "bytes": round(found["parts"]["bytes"] + points_bytes),
        "recall": _share(right, copies), "recall_of_those_in_full": _share(right & in_full, in_full),
        "compared_needlessly": round(needless / len(references) / len(seen), 5),
        "cpu_ms_a_capture": round(1000 * took_s / len(seen), 2),
    }  # fmt: skip
    return found


def of_films(attacks: tuple[film_clips.Attack, ...]) -> dict[str, Any]:
    """Return, of films, the bytes of an hour and the share of copies that looking back finds, and a glance at all."""
    bench = film_bench.Bench(films_corpus.HALVES["reported"])
    index, kept, truths, seconds, whole = HashIndex(), dict[int, Vectors](), dict[int, set[str]](), 0.0, 0
    glanced = 0
    for at, asked in enumerate(bench.put(films_corpus.queries(bench.half, attacks))):
        kept[at] = worth_keeping("video", asked.film.glance[film_watch.LOOKS], is_whole=False)
        truths[at], seconds = set(asked.truths), seconds + asked.film.duration_s
        whole += _bytes(asked.film.glance)
        index.add(at, kept[at].codes)
        promised = bench.shelf.promising(asked.film.glance, asked.film.duration_s).owners
        glanced += len({bench.names[owner] for owner in promised} & truths[at])
    near = {name: reverse.films_near(index, bench.cut[name][FilmPdq.name], kept.__getitem__) for name in bench.names}
    pairs = [(at, name) for at, names in truths.items() for name in names]
    hashes = sum(len(each.codes) for each in kept.values())
    size = sum(each.codes.nbytes + len(packing.squeezed_positions(each)) for each in kept.values())
    return {
        "captures": len(kept), "copies": len(pairs), "references": len(bench.names),
        "recall_of_a_glance": round(glanced / len(pairs), 3),
        "recall": round(sum(at in near[name] for at, name in pairs) / len(pairs), 3),
        "compared_needlessly": round(
            sum(name not in truths[at] for name, some in near.items() for at in some) / len(near) / len(kept), 5
        ),
        "bytes_an_hour": round(3600 * (size + hashes * INDEX_BYTES) / seconds),
        "bytes_an_hour_in_full": round(3600 * whole / seconds),
    }  # fmt: skip


def _share(some: set[int], of: set[int]) -> float:
    return round(len(some) / len(of), 3)


def measure(*, is_quick: bool) -> dict[str, Any]:
    """Return the figures of pictures and of films."""
    attacks = tuple(each for each in film_clips.ATTACKS if each.name in film_clips.QUICK[: 3 if is_quick else None])
    return {"pictures": of_pictures(*((1, 40) if is_quick else (4, 100))), "films": of_films(attacks)}
