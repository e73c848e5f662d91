"""What can be used is described: every command, setting, kind, allowance, regime and source."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from config.settings import DEFAULTS, load
from crawlers import sources
from dashboard import cli
from fingerprints import kinds
from matcher import allowances
from notices import regimes

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
FOLDERS = [ROOT / name for name in ("config", "crawlers", "fingerprints", "matcher", "notices", "dashboard")]
SAYING = {".py", ".md", ".toml", ".html", ".po", ""}


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None, name
        yield " ".join((*path, name)), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


def test_every_command_has_help_with_an_example() -> None:
    silent = [
        name for name, command in commands(cli.command)
        if not command.help or (not isinstance(command, click.Group) and "Example:" not in command.help)
    ]  # fmt: skip
    assert silent == []


def test_the_list_of_commands_says_what_each_is_for() -> None:
    listed = CliRunner().invoke(cli.command, ["--help"]).output
    for name in cli.COMMANDS:
        assert re.search(rf"^  {name} +[A-Z].{{8}}", listed, re.MULTILINE), name


def test_every_option_says_what_it_does() -> None:
    silent = [
        f"{name} {parameter.opts[0]}"
        for name, command in commands(cli.command)
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []


def test_nobody_is_told_to_install_mekiki_by_a_name_that_is_somebody_elses() -> None:
    said = [*ROOT.glob("*.md"), *ROOT.glob("Makefile"), *(path for folder in FOLDERS for path in folder.rglob("*.*"))]
    texts = {path: path.read_text("utf-8") for path in said if path.suffix in SAYING}

    assert len(texts) > 300
    assert [path for path, text in texts.items() if re.search(r"pip install[^`\n]*['\" ]mekiki\b", text)] == []


def test_the_readme_names_every_noun_of_the_command_line() -> None:
    assert [noun for noun in cli.COMMANDS if not re.search(rf"\b{noun}\b", README)] == []


@pytest.mark.parametrize("line", re.findall(r"^mekiki (.+)$", README, re.MULTILINE))
def test_the_commands_of_the_readme_can_be_typed(line: str) -> None:
    words = shlex.split(line.split("#")[0])
    command: click.Command = cli.command
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    context = click.Context(command)
    command.parse_args(context, [*words])  # click refuses an unknown option and a missing required one
    assert not context.args


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


def test_every_setting_has_a_default_and_only_those(tmp_path: Path) -> None:
    written = tomllib.loads(DEFAULTS.read_text("utf-8"))
    known = load(tmp_path, environment={}).model_dump(exclude={"home"})
    assert {name: set(keys) for name, keys in written.items()} == {name: set(keys) for name, keys in known.items()}


@pytest.mark.parametrize("gather", [kinds.picture_kinds, kinds.film_kinds, kinds.seen_kinds, kinds.sound_kinds])
def test_every_kind_is_described(gather: object) -> None:
    for kind in gather().values():  # type: ignore[operator]
        assert type(kind).__doc__, kind.name


def test_every_allowance_is_described_for_reviewers() -> None:
    assert [each.name for each in allowances.every() if not type(each).__doc__] == []


def test_every_regime_cites_its_law_and_says_what_each_element_asks() -> None:
    for regime in regimes.load_all().values():
        assert regime.citations
        assert all(element.citation and element.asks for element in regime.elements)


def test_every_key_of_a_sources_file_is_shown_by_an_example() -> None:
    shown = "".join(file.read_text("utf-8") for file in (ROOT / "config" / "sources").glob("*.toml"))
    keys = sources.keys()
    assert [f"[{table}]" for table in keys if f"[{table}]" not in shown] == []
    assert [
        f"{table}.{key}" for table, names in keys.items() for key in names
        if not re.search(rf"^(?:# )?{key} = ", shown, re.MULTILINE)
    ] == []  # fmt: skip


def test_every_shipped_source_is_valid_and_explained() -> None:
    files = sorted((ROOT / "config" / "sources").glob("*.toml"))
    assert files
    for file in files:
        sources.load(file)
        assert file.read_text("utf-8").startswith("#"), f"{file.name} begins with a comment that says what it is for"
