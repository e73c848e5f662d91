"""The golden letters under tests/letters: what each regime's letter says of one example.

python -m tests.notices.write_letters --write      after a letter was changed on purpose
"""

import sys
from pathlib import Path

from notices import letters, regimes
from notices.testing import EXAMPLE

FOLDER = Path(__file__).parents[1] / "letters"
HOW = "The letter changed. If on purpose: python -m tests.notices.write_letters --write, raise its version, review it."
REASON = "The page shows the work with our licence."


def golden(name: str) -> dict[str, str]:
    """Return file name -> text for a regime's letters in every language."""
    regime, elements, found = regimes.get(name), EXAMPLE.stored(), {}
    for language in regime.header.languages:
        for kind, text in (
            ("notice", letters.render(regime, language, elements)),
            ("retraction", letters.retraction(regime, language, elements, REASON)),
        ):
            found[f"{name}.{kind}.{language}.txt"] = f"Subject: {text.subject}\n\n{text.body}"
    return found


if __name__ == "__main__" and "--write" in sys.argv:
    FOLDER.mkdir(exist_ok=True)
    for regime_name in regimes.load_all():
        for file_name, letter in golden(regime_name).items():
            (FOLDER / file_name).write_text(letter, "utf-8")
