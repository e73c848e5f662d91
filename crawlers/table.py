"""One table of a source's file, and the sentence for everything in a file that cannot be used."""

import difflib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

_QUOTED = re.compile(r"'([^']*)'")
_DAY, _WHOLE, _NUMBER = (
    "a day without quotes, like 2026-11-03",
    "a whole number without quotes",
    "a number without quotes",
)
# What is wrong with a value, as pydantic names it, and what it must be, as a person writes it.
_MUST_BE = {
    "bool_parsing": "true or false without quotes", "bool_type": "true or false without quotes",
    "int_parsing": _WHOLE, "int_type": _WHOLE, "int_from_float": _WHOLE,
    "float_parsing": _NUMBER, "float_type": _NUMBER,
    "tuple_type": 'a list, like ["one", "two"]', "string_type": "text in quotes", "string_too_short": "not empty",
    "date_type": _DAY, "date_parsing": _DAY, "date_from_datetime_parsing": _DAY, "date_from_datetime_inexact": _DAY,
    "greater_than": "more than {gt:g}", "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}", "less_than_equal": "at most {le:g}",
}  # fmt: skip
MAX_SHOWN = 60  # characters of a wrong value


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
        return [_sentence(dict(error), where, model) for error in invalid.errors()]
    return []


def hint(name: str, known: Collection[str]) -> str:
    """Return the nearest known name as a question, or all of them."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f'did you mean "{near[0]}"?' if near else f"known are {', '.join(sorted(known))}."


def _strangers(said: Mapping[str, Any], model: type[Table], where: str) -> list[str]:
    known = tables(model)
    found = []
    for name, table in said.items():
        homes = [] if isinstance(table, dict) else [each for each, keys in known.items() if name in keys]
        if homes:
            found.append(f'{where}: "{name}" stands outside any table; write it below [{"] or [".join(homes)}].')
        elif name not in known:
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


def _sentence(error: Mapping[str, Any], where: str, model: type[Table]) -> str:
    loc = [str(part) for part in error["loc"] if isinstance(part, str)]
    key = ".".join(loc) or "the file"
    if error["type"] == "missing":
        return f"{where}: {_missing(loc)}"
    if error["type"] == "literal_error":
        choices = _QUOTED.findall(error["ctx"]["expected"])
        return f'{where}: {key}: "{error["input"]}" is not known; {hint(str(error["input"]), choices)}'
    must_be = _MUST_BE.get(error["type"], "").format(**error.get("ctx", {})) or _described(model, loc)
    if must_be and error["type"] != "value_error":
        return f"{where}: {key} must be {must_be}, and is {_shown(error['input'])}; correct it."
    says = error["msg"].removeprefix("Value error, ")
    return f"{where}: {key}: {says}." if ";" in says else f"{where}: {key}: {says}; correct it."


def _missing(loc: Sequence[str]) -> str:
    *tables_above, name = loc
    if not tables_above:
        return f"there is no table [{name}]; add it, as the examples in config/sources have it."
    return f"[{'.'.join(tables_above)}] has no {name}; add it, as the examples in config/sources have it."


def _described(model: type[Table], loc: Sequence[str]) -> str:
    """Return what a field says its value must be; "" when it says nothing."""
    fields = model.model_fields
    for name in loc:
        field = fields.get(name)
        if field is None:
            return ""
        if field.description:
            return field.description
        kinds = (field.annotation, *get_args(field.annotation))
        fields = next((one.model_fields for one in kinds if isinstance(one, type) and issubclass(one, Table)), {})
    return ""


def _shown(value: object) -> str:
    said = json.dumps(value, ensure_ascii=False, default=str)
    return said if len(said) <= MAX_SHOWN else f"{said[: MAX_SHOWN - 1]}…"
