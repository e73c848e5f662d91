"""Pictures and films that are known to be mistaken for a work."""

from matcher.interface import AllowanceRows, Answer, Use

MOST_NAMED = 3  # references whose end is told; a volume may have hundreds


class FalseAlarm:
    """Everything that matched is known to be something else that looks like the work, such as stock footage."""

    name = "known false alarm"

    def check(self, use: Use, rows: AllowanceRows) -> Answer:  # noqa: ARG002 - the contract of every allowance
        """Allow when nothing is left that matches, or each matched medium is as fully one of the bank "negative"."""
        if not use.media:
            gone = [*use.why_gone[:MOST_NAMED], *(["And so on."] if len(use.why_gone) > MOST_NAMED else [])]
            return Answer(self.name, "allows", " ".join(["Nothing here matches the work any more.", *gone]))
        if not use.known_media:
            return Answer(self.name, "does not allow", "None of the matched media is a known false alarm.")
        if use.known_media < use.media:
            counted = f"{use.known_media} of {use.media} matched media"
            return Answer(self.name, "does not allow", f"Only {counted} are known false alarms.")
        return Answer(self.name, "allows", f"All {use.media} matched media are known false alarms.")
