"""The one base error of mekiki. Each error lives beside the code that raises it; its message says what to do next."""


class MekikiError(Exception):
    """A situation an operator can act on; `str()` of it is one sentence that says what to do next."""

    permanent = True  # False: the same work may succeed later without anybody's help
