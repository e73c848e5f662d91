"""`mekiki serve`: the web console."""

import socket
import webbrowser

import click
import uvicorn

from config.errors import MekikiError
from dashboard import app
from dashboard.cli.speak import opened, say


class PortTaken(MekikiError):
    """The console cannot listen where it was told to."""


@click.command("serve")
@click.option("--host", help="The address to listen on; else the setting console.host.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port, 0 for any; else the setting console.port.")
@click.option("--open", "opens", is_flag=True, help="Open the console in a browser.")
@click.pass_context
def command(ctx: click.Context, host: str | None, port: int | None, *, opens: bool) -> None:
    """Serve the web console until it is stopped.

    Example: mekiki serve --open
    """
    home = opened(ctx)
    settings = home.settings.console
    listening = _listen(host or settings.host, settings.port if port is None else port)
    name, number = listening.getsockname()[:2]
    address = f"http://{f'[{name}]' if ':' in name else name}:{number}/"
    say(f"The console is at {address} (Ctrl-C stops it).")
    if opens:
        webbrowser.open(address)
    server = uvicorn.Server(
        uvicorn.Config(
            app.make(home), log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
        )
    )
    server.run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)  # who follows the address at once waits a moment instead of being refused
    except OSError as refused:
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({refused.strerror}); choose another with --port."
        ) from refused
    return listening
