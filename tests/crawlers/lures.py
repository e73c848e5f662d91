"""Pages, redirects, playlists and scripts of the small web that lead to whatever addresses they are given."""

import html as markup
import json
from collections.abc import Collection, Sequence
from functools import partial

from tests.crawlers.hostile import Inside
from tests.crawlers.small_web import Answer, SmallWeb, html

# What a page's scripts and elements can do to reach an address `u`. Each is tried with every address of the table.
TECHNIQUES = {
    "fetch": "fetch(u, {mode: 'no-cors'}).catch(() => 0)",
    "xhr": "const x = new XMLHttpRequest(); x.open('GET', u); x.send()",
    "socket": "new WebSocket(u.replace(/^http/, 'ws'))",
    "events": "new EventSource(u)",
    "beacon": "navigator.sendBeacon(u, 'x')",
    "image": "new Image().src = u",
    "script": "add('script', {src: u})",
    "style": "add('link', {rel: 'stylesheet', href: u})",
    "iframe": "add('iframe', {src: u})",
    "object": "add('object', {data: u})",
    "video": "add('video', {src: u, preload: 'auto'})",
    "import": "import(u).catch(() => 0)",
    "worker": "new Worker(URL.createObjectURL(new Blob([`fetch(${JSON.stringify(u)}, {mode: 'no-cors'})`])))",
    "form": "add('form', {action: u, method: 'post', target: add('iframe', {name: 'f' + n}).name}).submit()",
    "prefetch": "add('link', {rel: 'prefetch', href: u}); add('link', {rel: 'preconnect', href: u})",
    "meta": "add('iframe', {srcdoc: `<meta http-equiv=refresh content='0;url=${u}'>`})",
    "window": "window.open(u)",
}
# Those that a sweep's own browser lets out of a page at all; the others it stops before the egress is asked.
LET_OUT = frozenset(
    {"fetch", "xhr", "socket", "events", "script", "style", "iframe", "import", "worker", "form", "meta"}
)
_PAGE = """<h1>Lure</h1><script>
const add = (name, said) => document.body.appendChild(Object.assign(document.createElement(name), said));
addEventListener("load", () => {
  %s.forEach((u, n) => { try { %s } catch (no) {} });
  %s
});
</script>"""
_RTC = """<h1>Lure</h1><script>
const turn = {urls: ["turn:127.0.0.1:%d?transport=tcp", "stun:127.0.0.1:%d"], username: "a", credential: "b"};
const peer = new RTCPeerConnection({iceServers: [turn]});
peer.createDataChannel("x"); peer.createOffer().then((offer) => peer.setLocalDescription(offer));
</script>"""


def by(column: str, urls: Sequence[str]) -> list[str]:
    """Return the addresses marked with the road they are tried by."""
    return [f"{url}?{column}" for url in urls]


def scripts(web: SmallWeb, urls: Sequence[str], inside: Inside, *, awaited: Collection[str] = ()) -> list[str]:
    """Set out one page a technique, and return their paths.

    A page whose technique is `awaited` does not come to rest before somebody came inside by it, so that its browser
    does not shut it earlier on a slow machine.
    """
    for name, action in TECHNIQUES.items():
        listed = json.dumps(by(name, urls)).replace("</", "<\\/")
        last = f"fetch('/until/{name}')" if name in awaited else ""
        web.changed[f"/until/{name}"] = Answer(kind="text/plain", wait=partial(inside.wait_for, name))
        web.changed[f"/lure/{name}"] = html(_PAGE % (listed, action, last))
    web.changed["/lure/rtc"] = html(_RTC % (inside.port, inside.port))
    return [*(f"/lure/{name}" for name in TECHNIQUES), "/lure/rtc"]


def road(web: SmallWeb, urls: Sequence[str]) -> str:
    """Set out a page whose links, media, redirects and playlists lead to the addresses, and return its path."""
    links, pictures, films = by("link", urls), by("image", urls), by("video", urls)
    for n, url in enumerate(urls):
        web.changed |= {
            f"/to/{n}": _redirect(302, f"{url}?redirect"),
            f"/chain/{n}": _redirect(301, f"/hop/{n}"),
            f"/hop/{n}": _redirect(307, f"{url}?chain"),
            f"/medium/{n}": _redirect(303, f"{url}?medium"),
            f"/segment/{n}.m3u8": _hls(f"#EXTINF:4,\n{_line(url)}?segment\n"),
            f"/map/{n}.m3u8": _hls(f'#EXT-X-MAP:URI="{_line(url)}?map"\n#EXTINF:4,\n/hls/s0.ts\n'),
            f"/variant/{n}.m3u8": Answer(
                f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{_line(url)}?variant\n".encode(), kind="text/plain"
            ),
            f"/dash/{n}.mpd": _dash(f"{url}?dash"),
        }
        links += [f"/to/{n}", f"/chain/{n}"]
        pictures.append(f"/medium/{n}")
        films += [f"/segment/{n}.m3u8", f"/map/{n}.m3u8", f"/variant/{n}.m3u8", f"/dash/{n}.mpd"]
    web.changed["/lures"] = html(
        "<h1>Lures</h1>"
        + "".join(f'<a href="{markup.escape(one)}">a</a>' for one in links)
        + "".join(f'<img src="{markup.escape(one)}">' for one in pictures)
        + "".join(f'<video src="{markup.escape(one)}"></video>' for one in films)
    )
    return "/lures"


def _line(url: str) -> str:
    return url.replace("\n", "").replace("\t", "").strip()


def _redirect(status: int, to: str) -> Answer:
    return Answer(status=status, headers={"Location": _line(to).encode().decode("latin-1")})


def _hls(lines: str) -> Answer:
    return Answer(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n{lines}#EXT-X-ENDLIST\n".encode(), kind="text/plain")


def _dash(url: str) -> Answer:
    body = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" mediaPresentationDuration="PT4S"><Period>'
        '<AdaptationSet><Representation id="v" bandwidth="1" mimeType="video/mp4"><SegmentList duration="4">'
        f'<SegmentURL media="{markup.escape(_line(url))}"/></SegmentList></Representation></AdaptationSet></Period>'
        "</MPD>"
    )
    return Answer(body.encode(), kind="application/dash+xml")
