"""`python -m tests.crawlers.film_asker`: the child of site films, asked about many pages in one process.

Everything is the child's own: its limits, its fence, its options; only the start of a process for each page is spared.
"""

import json
import sys
from urllib.parse import urlsplit

from crawlers import confined
from crawlers import site_film_child as child


def main() -> None:
    """Answer every question of stdin, one line of JSON each."""
    asked = json.load(sys.stdin)
    confined.restrict(memory_bytes=child.MEMORY_BYTES, processor_s=int(asked["processor_s"]))
    tool = child._tool()
    confined.fence(urlsplit(asked["proxy"]).port or 0)
    for page in asked["pages"]:
        sys.stdout.write(json.dumps(child._answer(asked | {"page": page}, tool)) + "\n")


if __name__ == "__main__":
    main()
