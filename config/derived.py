"""What was made of blobs to be looked at: previews and the like. It can be made again, and it goes with its blob.

Each file's name begins with the sha256 of the blob it was made of, up to the first dot.
"""

import contextlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

from config.home import Home


def folder(home: Home) -> Path:
    """Return where everything is kept that can be made again from the blobs."""
    return home.path / "previews"


def forget(home: Home, blobs: Collection[str]) -> Mapping[str, list[str]]:
    """Delete everything that was made of these blobs, which are gone, and return the names of the files by blob.

    What somebody is making of one at this moment, they delete themselves when they find it gone.
    """
    gone = defaultdict[str, list[str]](list)
    with contextlib.suppress(FileNotFoundError):  # nothing was ever looked at
        for file in folder(home).iterdir():
            blob = file.name.partition(".")[0]
            if blob in blobs:
                file.unlink(missing_ok=True)
                gone[blob].append(file.name)
    return {blob: sorted(names) for blob, names in sorted(gone.items())}
