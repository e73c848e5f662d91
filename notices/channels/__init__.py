"""Channels: the ways a letter can leave; one file each, opened only by notices.send."""

from collections.abc import Callable
from dataclasses import dataclass

from config import plugins
from config.errors import MekikiError
from config.home import Home
from notices.channels import outbox, smtp
from notices.interface import Channel


class UnknownChannel(MekikiError):
    """The settings name a channel that is not installed."""


@dataclass(frozen=True)
class ChannelKind:
    """A way out, and how it is opened for a home."""

    name: str
    opened: Callable[[Home], Channel]


BUILT_IN = (
    ChannelKind(outbox.Outbox.name, outbox.opened),
    ChannelKind(smtp.Smtp.name, smtp.opened),
)


def opened(home: Home) -> Channel:
    """Return the channel the settings name. Raises UnknownChannel, or SettingsError when it is not set up."""
    kinds = plugins.gather("channels", BUILT_IN)
    wanted = home.settings.notices.channel
    if wanted not in kinds:
        raise UnknownChannel(f'There is no channel "{wanted}"; set notices.channel to one of {", ".join(kinds)}.')
    return kinds[wanted].opened(home)
