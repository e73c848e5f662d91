// One's own claim: counted down where it is shown, and prolonged while the page is open and somebody is there.
"use strict";
{
  const form = document.querySelector("form[data-claim]:not([data-claim=''])");
  const BEAT_MS = 60_000;
  const AWAY_MS = 5 * 60_000; // nobody touched the page for this long: let the claim run out
  if (form) {
    const clock = form.querySelector("[data-countdown]");
    let until = Date.parse(form.dataset.until);
    let touched = Date.now();
    for (const kind of ["keydown", "pointermove"]) document.addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
    const show = () => {
      const left = Math.max(0, Math.round((until - Date.now()) / 1000));
      clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    };
    const beat = async () => {
      if (Date.now() - touched > AWAY_MS) return;
      const answer = await fetch(form.dataset.claim, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      if (!answer.ok) return;
      const kept = (await answer.json()).until;
      until = kept ? Date.parse(kept) : 0;
    };
    show();
    setInterval(show, 1000);
    setInterval(beat, BEAT_MS);
  }
}
