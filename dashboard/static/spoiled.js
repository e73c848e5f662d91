// What the copy spoils: asked for once the page is there, as frames of both films may have to be looked at first.
"use strict";
{
  for (const block of document.querySelectorAll("[data-spoiled]")) {
    const put = async () => {
      const answer = await fetch(block.dataset.spoiled);
      block.hidden = !answer.ok || answer.redirected;
      if (!block.hidden) block.querySelector("[data-lines]").outerHTML = await answer.text();
    };
    put().catch(() => { block.hidden = true; });
  }
}
