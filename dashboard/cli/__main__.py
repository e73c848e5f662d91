"""`python -m dashboard.cli` is `mekiki`; how the scheduler starts its children."""

from dashboard.cli import main

main()
