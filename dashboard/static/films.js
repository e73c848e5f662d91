// Two films in step: the found one leads, ours follows along the matching stretch. Bars and keys jump between stretches.
"use strict";
{
  const root = document.querySelector("[data-films]");
  const stretches = root ? JSON.parse(root.dataset.stretches) : [];
  const video = (name) => root?.querySelector(`video[data-side=${name}]`);
  const found = video("found");
  const ours = video("ours");
  const play = document.querySelector("[data-play]");
  const rows = [...(root?.querySelectorAll("[data-go]") ?? [])];
  const DRIFT_S = 0.15; // further apart than this looks out of step
  const POLL_MS = 2000;
  let at = 0; // the stretch we are in

  const code = (seconds) => new Date(Math.max(0, seconds) * 1000).toISOString().slice(11, 19);
  const within = (time) => stretches.findIndex((one) => time >= one.found[0] && time < one.found[1]);
  const theirs = (time) => {
    const one = stretches[at];
    return one ? one.ours[0] + (time - one.found[0]) * one.speed : time;
  };
  const timeline = root?.querySelector("[data-timeline]");
  const duration = (name) => Number(timeline.dataset[`${name}S`]);

  const head = (name, time) => {
    const within_it = Math.min(Math.max(time, 0), duration(name));
    const line = timeline.querySelector(`[data-head=${name}]`);
    for (const end of ["x1", "x2"]) line.setAttribute(end, (within_it / duration(name)) * 1000);
    root.querySelector(`[data-now=${name}]`).textContent = code(within_it);
  };
  const speed = () => stretches[at]?.speed ?? 1;
  const outline = (name, corners) => {
    const drawing = root.querySelector(`[data-lies=${name}]`);
    if (!drawing) return;
    const { width, height } = drawing.viewBox.baseVal;
    const points = corners.map(([x, y]) => `${x * width},${y * height}`).join(" ");
    for (const polygon of drawing.children) polygon.setAttribute("points", points);
  };
  const mark = () => {
    for (const one of timeline.querySelectorAll("[data-stretch]")) one.classList.toggle("on", Number(one.dataset.stretch) === at);
    for (const row of rows) {
      if (Number(row.dataset.go) !== at) row.removeAttribute("aria-current");
      else {
        row.setAttribute("aria-current", "true");
        const list = row.closest(".stretches");
        list.scrollTop += Math.min(0, row.getBoundingClientRect().top - list.getBoundingClientRect().top)
          + Math.max(0, row.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom);
      }
    }
    const backwards = root.querySelector("[data-backwards]");
    if (backwards) backwards.hidden = speed() > 0;
    const where = document.querySelector("[data-where]");
    if (where) where.textContent = where.textContent.replace(/\d+/, at + 1);
  };
  // Where each picture lies in the other is known for the stretch that is on screen, and for no other second.
  const lie = (isInside) => {
    root.classList.toggle("apart", stretches.length > 0 && !isInside);
    outline("found", isInside ? stretches[at].outline : []);
    outline("ours", isInside ? stretches[at].window : []);
  };
  const follow = (isForced) => {
    const time = found ? found.currentTime : 0;
    const inside = within(time);
    if (inside >= 0 && inside !== at) { at = inside; mark(); }
    const one = stretches[at];
    const isInside = inside >= 0 || !stretches.length;
    // Between two stretches ours waits where the last one left it: there is nothing that both films show.
    const wanted = theirs(one && !isInside ? Math.min(Math.max(time, one.found[0]), one.found[1]) : time);
    lie(isInside && stretches.length > 0);
    if (ours && ours.readyState > 0) {
      const runs = isInside && speed() > 0 && found && !found.paused; // no browser plays backwards: then it is sought
      if (speed() > 0) ours.playbackRate = Math.min(Math.max(speed(), 0.25), 4);
      if (runs && ours.paused && !ours.ended) ours.play().catch(() => {}); // refused when paused again at once
      else if (!runs && !ours.paused) ours.pause();
      const isApart = Math.abs(ours.currentTime - wanted) > DRIFT_S && !ours.seeking;
      if (isForced || isApart) ours.currentTime = Math.max(0, Math.min(wanted, ours.duration || wanted));
    }
    head("found", time);
    head("ours", wanted);
  };
  const run = () => {
    if (!found || found.paused) return;
    follow(false);
    requestAnimationFrame(run);
  };
  const seek = (time) => {
    if (found) found.currentTime = Math.max(0, Math.min(time, found.duration || time));
    follow(true);
  };
  // A little inside the stretch: its first frame may still be half the scene before it.
  const INSIDE_S = 0.5;
  const into = (stretch) => stretch.found[0] + Math.min(INSIDE_S, (stretch.found[1] - stretch.found[0]) / 4);
  const go = (number) => {
    at = number;
    mark();
    if (found?.readyState) seek(into(stretches[at]));
    else { head("found", stretches[at].found[0]); head("ours", stretches[at].ours[0]); }
  };
  const jump = (step) => {
    if (stretches.length) go((at + step + stretches.length) % stretches.length);
  };

  // The copy for viewing may still be in the making: the address answers 202 until it is there.
  const load = async (film) => {
    const says = film.parentElement.querySelector("[data-state]");
    for (;;) {
      const answer = await fetch(film.dataset.film, { method: "GET", headers: { Range: "bytes=0-0" } });
      if (answer.status === 202) {
        says.textContent = root.dataset.preparing;
        says.hidden = false;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      } else {
        says.hidden = answer.ok;
        if (answer.ok) {
          const ready = () => {
            if (film.seeking) film.addEventListener("seeked", ready, { once: true });
            else film.dataset.ready = "yes";
          };
          film.addEventListener("canplay", ready, { once: true });
          film.src = film.dataset.film;
        } else {
          says.textContent = root.dataset.failed;
          film.dataset.ready = "never";
        }
        return;
      }
    }
  };

  if (root) {
    for (const film of root.querySelectorAll("video")) load(film);
    found?.addEventListener("timeupdate", () => follow(false));
    found?.addEventListener("seeked", () => follow(true));
    found?.addEventListener("loadedmetadata", () => { if (stretches.length) seek(into(stretches[at])); });
    ours?.addEventListener("loadedmetadata", () => follow(true));
    const pressed = (isOn) => play?.setAttribute("aria-pressed", String(isOn));
    found?.addEventListener("play", () => { follow(true); run(); pressed(true); });
    found?.addEventListener("pause", () => { follow(false); pressed(false); });
    for (const film of root.querySelectorAll("video")) {
      film.addEventListener("loadedmetadata", () => {
        if (film.videoWidth) root.querySelector(`[data-lies=${film.dataset.side}]`)?.setAttribute("viewBox", `0 0 ${film.videoWidth} ${film.videoHeight}`);
      });
    }
    for (const row of rows) {
      row.addEventListener("click", (event) => {
        go(Number(row.dataset.go));
        if (event.detail) row.blur(); // clicked, not pressed: the space bar then plays
      });
    }
    play?.addEventListener("click", () => (found?.paused ? found.play() : found?.pause()));
    for (const button of document.querySelectorAll("[data-jump]")) button.addEventListener("click", () => jump(Number(button.dataset.jump)));
    for (const button of document.querySelectorAll("[data-step]")) {
      button.addEventListener("click", () => {
        found?.pause();
        if (found) seek(found.currentTime + Number(button.dataset.step) / Number(found.dataset.fps));
      });
    }
    document.querySelector("[data-sound]")?.addEventListener("click", (event) => {
      if (!found) return;
      found.muted = !found.muted;
      event.currentTarget.setAttribute("aria-pressed", String(!found.muted));
    });
    timeline.addEventListener("click", (event) => {
      const hit = event.target.closest("[data-stretch]");
      // A stretch or its ribbon: to its beginning; a bar, or the stretch we are in: to the very second.
      if (hit && (Number(hit.dataset.stretch) !== at || event.target.matches("polygon"))) {
        go(Number(hit.dataset.stretch));
        return;
      }
      const box = timeline.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      if (event.clientY - box.top < box.height / 2) {
        seek(share * duration("found"));
      } else if (hit) {
        seek(stretches[at].found[0] + (share * duration("ours") - stretches[at].ours[0]) / stretches[at].speed);
      }
    });
    if (stretches.length) { mark(); head("found", stretches[0].found[0]); head("ours", stretches[0].ours[0]); }
  }
}
