"""Typefaces for pictures of captured pages: without them a server with no Asian fonts shows Japanese as boxes."""

import html
import os
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "justmytype_intl_cjk"
FAMILIES = ("notosansjp", "notosanssc", "notosanstc", "notosanskr")  # the first that has a character shows it
SYSTEM = "/etc/fonts/fonts.conf"


def environment(folder: Path) -> dict[str, str]:
    """Return the variables by which a browser finds our typefaces beside the machine's own; {} where none are here.

    Writes the list they name into `folder`, which must outlive the browser.
    """
    folders = _folders()
    if not folders:
        return {}
    own = os.environ.get("FONTCONFIG_FILE") or SYSTEM
    listed = "".join(f"<dir>{html.escape(str(one))}</dir>" for one in folders)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "fonts.conf"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f'<fontconfig><include ignore_missing="yes">{html.escape(own)}</include>{listed}</fontconfig>',
        "utf-8",
    )
    return {"FONTCONFIG_FILE": str(path)}


def _folders() -> list[Path]:
    package = find_spec(PACKAGE)
    roots = [Path(root) / "fonts" / "ofl" for root in (package.submodule_search_locations or ())] if package else []
    return [root / family for family in FAMILIES for root in roots if (root / family).is_dir()]
