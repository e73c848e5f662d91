// What overlaps, sticks out or scrolls sideways, found in the page itself: controls that are shown, not inside one another.
() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push(`the page scrolls sideways by ${root.scrollWidth - root.clientWidth} px`);

  const styled = (element, test) => {
    for (let one = element; one && one !== document.body; one = one.parentElement) if (test(getComputedStyle(one))) return one;
    return null;
  };
  const floating = (element) => styled(element, (style) => ["sticky", "fixed"].includes(style.position));
  const clipping = (element) => styled(element.parentElement, (style) => /auto|scroll|hidden/.test(style.overflow));
  const isInside = (box, outer) =>
    box.left >= outer.left - 1 && box.right <= outer.right + 1 && box.top >= outer.top - 1 && box.bottom <= outer.bottom + 1;
  const isShown = (element) => {
    if (element.classList.contains("off") || element.type === "hidden" || !element.checkVisibility() || element.closest("dialog")) return false;
    const box = element.getBoundingClientRect();
    const clip = clipping(element)?.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && (!clip || isInside(box, clip));
  };
  const name = (element) => (element.textContent.trim() || element.getAttribute("aria-label") || element.name || element.tagName).replace(/\s+/g, " ").slice(0, 40);

  const controls = [...document.querySelectorAll("a, button, input, summary, select")].filter(isShown);
  const boxes = controls.map((element) => ({ element, box: element.getBoundingClientRect(), layer: floating(element) }));
  boxes.forEach((one, at) => {
    if (one.box.right > innerWidth + 1 && !clipping(one.element)) faults.push(`"${name(one.element)}" sticks out`);
    for (const other of boxes.slice(at + 1)) {
      if (one.element.contains(other.element) || other.element.contains(one.element) || one.layer !== other.layer) continue;
      const wide = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const high = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (wide > 1 && high > 1) faults.push(`"${name(one.element)}" overlaps "${name(other.element)}"`);
    }
  });
  return faults;
}
