"""How an optional extra is got: from mekiki's own folder, for its name on public indexes belongs to somebody else."""


def getting(*names: str) -> str:
    """Return the command that installs extras, and where it is typed, to go on "run ..."."""
    return f"`.venv/bin/pip install --editable '.[{','.join(names)}]'` in mekiki's own folder"
