"""Settings are validated once, and a mistake is one sentence that says what to do."""

from pathlib import Path

import pytest

from config.settings import SettingsError, load


def home_with(tmp_path: Path, text: str) -> Path:
    (tmp_path / "mekiki.toml").write_text(text)
    return tmp_path


def test_a_home_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={})
    assert settings.allowance.max_fan_seconds == 30.0
    assert settings.notices.channel == "outbox"


def test_the_file_overrides_the_defaults_and_the_environment_overrides_both(tmp_path: Path) -> None:
    home = home_with(tmp_path, "[crawl]\ndelay_s = 3\nmax_pages = 7\n")
    settings = load(home, environment={"MEKIKI_CRAWL__DELAY_S": "5.5"})
    assert (settings.crawl.delay_s, settings.crawl.max_pages) == (5.5, 7)


def test_an_unknown_key_is_an_error_that_names_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='no setting "dealy_s"; did you mean "delay_s"'):
        load(home_with(tmp_path, "[crawl]\ndealy_s = 3\n"), environment={})


def test_an_unknown_section_is_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match='did you mean "crawl"'):
        load(home_with(tmp_path, "[crawler]\n"), environment={})


def test_an_unknown_key_in_the_environment_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MEKIKI_SMTP__HOTS"):
        load(tmp_path, environment={"MEKIKI_SMTP__HOTS": "mail.example"})


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"mekiki\.toml is not valid TOML"):
        load(home_with(tmp_path, "[crawl\n"), environment={})


def test_a_password_in_clear_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(home_with(tmp_path, '[smtp]\npassword = "hunter2"\n'), environment={})
    assert "env:NAME" in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_the_fan_floor_cannot_be_lowered(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"allowance\.max_fan_seconds"):
        load(home_with(tmp_path, "[allowance]\nmax_fan_seconds = 10\n"), environment={})


def test_a_range_of_addresses_is_no_exact_address(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="one exact host and port"):
        load(home_with(tmp_path, '[crawl]\nallow_addresses = ["10.0.0.0/8"]\n'), environment={})


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = load(tmp_path, environment={})
    with pytest.raises(ValueError, match="frozen"):
        settings.crawl.delay_s = 0  # type: ignore[misc]


def test_hashes_for_partners_are_a_list_and_none_by_default(tmp_path: Path) -> None:
    assert load(tmp_path, environment={}).fingerprints.exchange == ()
    asked = load(home_with(tmp_path, '[fingerprints]\nexchange = ["dhash64"]\n'), environment={})
    assert asked.fingerprints.exchange == ("dhash64",)
    with pytest.raises(SettingsError, match=r"fingerprints\.exchange"):
        load(home_with(tmp_path, '[fingerprints]\nexchange = "dhash64"\n'), environment={})
