"""Material the owner has given out for everybody to show."""

from matcher.interface import AllowanceRows, Answer, Use


class ReleasedMaterial:
    """Everything that matched is material the owner has released, such as a trailer or a press kit."""

    name = "released material"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:  # noqa: ARG002 - the contract of every allowance
        """Allow when each matched medium is, at least as fully, a reference of the bank "licensed"."""
        if not use.released_media:
            return Answer(self.name, "does not allow", "None of the matched media is released material.")
        counted = f"{use.released_media} of {use.media} matched media"
        if use.released_media < use.media:
            return Answer(self.name, "does not allow", f"Only {counted} are released material.")
        return Answer(self.name, "allows", f"All {use.media} matched media are released material.")
