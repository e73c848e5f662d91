// The pair of pictures: side by side, overlay, flicker, difference, drawings; flip and blur for pictures and films alike.
"use strict";
{
  const modes = [...document.querySelectorAll("[data-mode]:is(button)")];
  const side = document.querySelector("[data-view=side]");
  const laid = document.querySelector("[data-view=laid]");
  const drawn = [...document.querySelectorAll(".drawn")];
  const over = laid?.querySelector(".over-pic");
  const slider = laid?.querySelector("[data-opacity]");
  const FLICKER_MS = 450; // slower than the three flashes a second that may harm (WCAG 2.3.1)
  let flicker = 0;

  const show = (mode) => {
    for (const button of modes) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    side.hidden = mode !== "side";
    clearInterval(flicker);
    for (const view of drawn) view.hidden = view.dataset.view !== mode;
    if (!laid) return;
    laid.hidden = mode === "side" || drawn.some((view) => view.dataset.view === mode);
    laid.dataset.mode = mode;
    laid.querySelector(".slide").hidden = mode !== "overlay";
    over.style.opacity = mode === "overlay" ? slider.value / 100 : "";
    if (mode === "flicker") flicker = setInterval(() => over.classList.toggle("lit"), FLICKER_MS);
  };
  for (const button of modes) {
    button.addEventListener("click", () => show(button.getAttribute("aria-pressed") === "true" ? "side" : button.dataset.mode));
  }
  slider?.addEventListener("input", () => { over.style.opacity = slider.value / 100; });

  for (const button of document.querySelectorAll("[data-toggle]")) {
    const name = button.dataset.toggle;
    const put = (isOn) => {
      button.setAttribute("aria-pressed", String(isOn));
      const where = name === "flipped" ? document.querySelector(".found") : document.querySelector(".case");
      where?.classList.toggle(name, isOn);
    };
    if (name === "blurred") put(sessionStorage.getItem("blurred") === "yes");
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      put(isOn);
      if (name === "blurred") sessionStorage.setItem("blurred", isOn ? "yes" : "no");
    });
  }
}
