// Keys. A page says with data-key which key works which control; this file only presses it. Ignored while typing;
// a key that is held down counts once, and after one act nothing more happens until the next page is there.
"use strict";
{
  const typing = (target) => target.closest("input:not([type=range]), textarea, select, [contenteditable]");
  const named = (event) => (event.key === " " ? "Space" : event.key);
  const shown = (element) => element.classList.contains("off") || element.getClientRects().length > 0;
  let acted = false;

  const toast = (text) => {
    document.querySelector(".toast")?.remove();
    const says = Object.assign(document.createElement("div"), { className: "toast", textContent: text });
    says.setAttribute("role", "status");
    document.body.append(says);
    setTimeout(() => says.remove(), 2500);
  };

  document.addEventListener("submit", (event) => {
    if (acted) {
      event.preventDefault();
      toast(document.body.dataset.busy);
    } else if (event.target.method === "post") {
      acted = true;
    }
  });
  window.addEventListener("pageshow", () => { acted = false; }); // back again from the browser's memory

  document.addEventListener("keydown", (event) => {
    const combined = event.ctrlKey || event.metaKey;
    if (combined && event.key.toLowerCase() === "k") {
      event.preventDefault();
      document.querySelector("[data-also='Ctrl+k']")?.focus();
      return;
    }
    const field = typing(event.target);
    if (field && event.key === "Escape") field.blur();
    if (field || combined || event.altKey || event.repeat || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input[type=range], [role=tab]") && event.key.startsWith("Arrow")) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return; // space presses what has the focus
    if (event.key === "?") {
      document.getElementById("keys")?.showModal();
      return;
    }
    const control = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === named(event) && shown(one) && !one.disabled);
    if (!control) return;
    event.preventDefault();
    if (control.matches("input")) control.focus();
    else if (acted && control.matches("[data-acts], a")) toast(document.body.dataset.busy);
    else control.click();
  });

  for (const strip of document.querySelectorAll("[data-tabs]")) {
    const tabs = [...strip.querySelectorAll("[role=tab]")];
    const show = (chosen) => {
      for (const tab of tabs) {
        tab.setAttribute("aria-selected", String(tab === chosen));
        tab.tabIndex = tab === chosen ? 0 : -1;
        document.getElementById(tab.getAttribute("aria-controls")).hidden = tab !== chosen;
      }
    };
    tabs.forEach((tab, at) => {
      tab.addEventListener("click", () => show(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = tabs[(at + step + tabs.length) % tabs.length];
        show(next);
        next.focus();
      });
    });
    if (tabs.length) show(tabs[0]);
  }

  // Chromium keeps what it first drew of a button whose font arrived later: empty boxes. A hair of spacing redraws it.
  document.fonts.addEventListener("loadingdone", () => document.documentElement.classList.add("redrawn"));

  document.querySelector(".q[aria-current]")?.scrollIntoView({ block: "nearest" });
  document.querySelector(".strip [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
