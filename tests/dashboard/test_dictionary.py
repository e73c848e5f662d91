"""Every string a person sees can be read in Japanese."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import dashboard
from dashboard import dictionary, jobs
from matcher import allowances

FOLDER = Path(dashboard.__file__).parent
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SLOT = re.compile(r"%\(\w+\)s")
PARTS = [
    ("cli/**.py", "ignore"), ("demo/**.py", "ignore"), ("sched*.py", "ignore"), ("jobs.py", "ignore"),
    ("**.py", "python"), ("**.html", "jinja2.ext.babel_extract"),
]  # fmt: skip
WORDS = {"_": None, "say": None, "ngettext": (1, 2), "count": (1, 2)}


def spoken() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield every message of the console with the file it stands in."""
    for file, _line, message, _comments, _context in extract_from_dir(FOLDER, PARTS, keywords=WORDS):
        yield file, (message,) if isinstance(message, str) else tuple(message)


def test_every_string_of_the_console_is_there_in_japanese() -> None:
    catalogue = dictionary.of("ja").catalogue
    assert catalogue is not None
    lacking = set()
    for file, forms in spoken():
        found = catalogue.get(forms[0])
        if found is None or not found.string or (len(forms) > 1) != bool(found.pluralizable):
            lacking.add(f"{file}: {forms[0]}")
    assert sorted(lacking) == []


def test_a_translation_fills_the_same_slots() -> None:
    catalogue = dictionary.of("ja").catalogue
    assert catalogue is not None
    for message in catalogue:
        said = message.string if isinstance(message.string, str) else message.string[0]
        asked = message.id if isinstance(message.id, str) else message.id[1]
        if message.id:
            assert set(SLOT.findall(said)) == set(SLOT.findall(asked)), message.id


def test_no_translation_is_left_over() -> None:
    catalogue = dictionary.of("ja").catalogue
    assert catalogue is not None
    used = {forms[0] for _file, forms in spoken()}
    for message in catalogue:
        name = message.id if isinstance(message.id, str) else message.id[0]
        assert not name or name in used or "retold" in message.user_comments, name


@pytest.mark.parametrize("asks", [type(each).__doc__ or "" for each in allowances.every()])
def test_what_an_allowance_asks_is_there_in_japanese(asks: str) -> None:
    assert JAPANESE.search(dictionary.of("ja").retell(asks))


@pytest.mark.parametrize("name", [each.name for each in allowances.every()])
def test_the_name_of_an_allowance_is_there_in_japanese(name: str) -> None:
    assert JAPANESE.search(dictionary.of("ja").retell(name))


@pytest.mark.parametrize("job", jobs.JOBS, ids=lambda job: job.name)
def test_what_a_job_does_is_there_in_japanese(job: jobs.Job) -> None:
    assert JAPANESE.search(dictionary.of("ja").retell(job.name))
    assert JAPANESE.search(dictionary.of("ja").retell(job.says))


def test_a_finished_sentence_is_retold_with_its_own_values() -> None:
    said = dictionary.of("ja").retell("Ben is working on this case; take the next one.")
    assert "Ben" in said
    assert JAPANESE.search(said)


def test_a_sentence_nobody_translated_stays_as_it_is() -> None:
    assert dictionary.of("ja").retell("The cat sat on the mat.") == "The cat sat on the mat."


def test_english_needs_no_catalogue() -> None:
    assert dictionary.of("en").count("%(num)s case", "%(num)s cases", 2) == "2 cases"
    assert dictionary.of("de").say("Queue") == "Queue"
