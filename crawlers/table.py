"""One table of a source's file, and the sentence for everything in a file that cannot be used."""

import difflib
import re
from collections.abc import Collection, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

_QUOTED = re.compile(r"'([^']*)'")


class Table(BaseModel):
    """What one table of a source's file may say; it never changes, and a key nobody knows is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def tables(model: type[Table]) -> dict[str, frozenset[str]]:
    """Return the tables a file of this model may have, and the keys of each."""
    return {name: keys for name, field in model.model_fields.items() if (keys := _keys(field.annotation))}


def faults(said: Mapping[str, Any], model: type[Table], where: str) -> list[str]:
    """Return everything that is wrong with what a file says, one sentence each; [] is sound."""
    found = list(_strangers(said, model, where))
    if found:
        return found  # what hides behind a misspelt key would only be told wrongly
    try:
        model(**said)
    except ValidationError as invalid:
        return [_sentence(dict(error), where) for error in invalid.errors()]
    return []


def hint(name: str, known: Collection[str]) -> str:
    """Return the nearest known name as a question, or all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(known))}."


def _strangers(said: Mapping[str, Any], model: type[Table], where: str) -> list[str]:
    known = tables(model)
    found = []
    for name, table in said.items():
        if name not in known:
            found.append(f'{where}: there is no key "{name}"; {hint(name, known)}')
        elif not isinstance(table, dict):
            found.append(f"{where}: {name} must be a table; write [{name}] on a line of its own.")
        else:
            strange = [key for key in table if key not in known[name]]
            found += [f'{where}, [{name}]: there is no key "{key}"; {hint(key, known[name])}' for key in strange]
    return found


def _keys(annotation: Any) -> frozenset[str]:
    """Return the keys of the table a field holds, also of one that may be absent; none for any other field."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, Table):
            return frozenset(kind.model_fields)
    return frozenset()


def _sentence(error: Mapping[str, Any], where: str) -> str:
    key = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "literal_error":
        choices = _QUOTED.findall(error["ctx"]["expected"])
        return f'{where}: {key}: "{error["input"]}" is not known; {hint(str(error["input"]), choices)}'
    says = error["msg"].removeprefix("Value error, ")
    return f"{where}: {key}: {says}; correct it."
