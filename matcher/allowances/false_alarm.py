"""Pictures and films that are known to be mistaken for a work."""

from matcher.interface import AllowanceRows, Answer, Use


class FalseAlarm:
    """Everything that matched is known to be something else that looks like the work, such as stock footage."""

    name = "known false alarm"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:  # noqa: ARG002 - the contract of every allowance
        """Allow when nothing is left that matches, or each matched medium is as fully one of the bank "negative"."""
        if not use.media:
            return Answer(self.name, "allows", "Nothing here matches the work any more: what matched was disabled.")
        if not use.known_media:
            return Answer(self.name, "does not allow", "None of the matched media is a known false alarm.")
        if use.known_media < use.media:
            counted = f"{use.known_media} of {use.media} matched media"
            return Answer(self.name, "does not allow", f"Only {counted} are known false alarms.")
        return Answer(self.name, "allows", f"All {use.media} matched media are known false alarms.")
