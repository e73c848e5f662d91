"""`mekiki status`: where everything stands."""

from dataclasses import asdict
from typing import Any

import click

from config import clock
from dashboard import standing
from dashboard.cli.asking import reads
from dashboard.cli.speak import as_json, emit, say, show
from matcher import retrieve
from matcher.upkeep import Standing


@click.command("status")
@as_json
@click.pass_context
def command(ctx: click.Context, *, as_json: bool) -> None:
    """Show where everything stands: what is protected, seen, open, due, waiting to leave, which jobs failed, and the
    indexes: how large and how old each is, and how much is not in it yet.

    Example: mekiki status
    """
    with reads(ctx) as session:
        facts, indexes = standing.facts(session), standing.indexes(session)
        facts["references_not_described"] = retrieve.undescribed(session)
    if as_json:
        emit({**facts, "indexes": [{**asdict(each), "age_s": _age_s(each)} for each in indexes]})
        return
    show([{"what": name.replace("_", " "), "now": _told(name, value)} for name, value in facts.items()], as_json=False)
    show([_row(each) for each in indexes], as_json=False, title="Indexes")
    for damage in [each.damage for each in indexes if each.damage]:
        say(damage)


def _told(name: str, value: Any) -> Any:
    return _megabytes(value) if "_bytes" in name else value


def _row(each: Standing) -> dict[str, Any]:
    age_s = _age_s(each)
    return {
        "index": each.says, "entries": each.entries, "on disk, shared": _megabytes(each.bytes_on_disk),
        "held by this process": _megabytes(each.bytes_held), "written": "not yet" if age_s is None else _ago(age_s),
        "not in it yet": each.lag,
    }  # fmt: skip


def _age_s(each: Standing) -> float | None:
    return None if each.made_at is None else round((clock.now() - each.made_at).total_seconds())


def _ago(age_s: float) -> str:
    if age_s < 3600:
        return f"{age_s / 60:.0f} min ago"
    return f"{age_s / 3600:.1f} h ago" if age_s < 86_400 else f"{age_s / 86_400:.1f} days ago"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
