/* Applies the palette the reader chose before the page is painted. */
"use strict";

(function () {
  const palette = __md_get("__palette");
  if (!palette || !palette.color) {
    return;
  }
  let color = palette.color;
  if (color.media === "(prefers-color-scheme)") {
    const name = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
    const input = document.querySelector("[data-md-color-media='(prefers-color-scheme: " + name + ")']");
    if (input) {
      color = {
        scheme: input.getAttribute("data-md-color-scheme"),
        primary: input.getAttribute("data-md-color-primary"),
        accent: input.getAttribute("data-md-color-accent"),
      };
    }
  }
  for (const [key, value] of Object.entries(color)) {
    if (key !== "media") {
      document.body.setAttribute("data-md-color-" + key, value);
    }
  }
})();
