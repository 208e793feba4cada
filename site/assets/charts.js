/* Makes the drawn charts live. Without this script, or if a chart fails, the drawing stays. */
"use strict";

(function () {
  const shared = document.getElementById("chart-config");
  const options = {
    config: shared ? JSON.parse(shared.textContent) : {},
    mode: "vega-lite",
    renderer: "svg",
    ast: true /* expressions are interpreted, not compiled: no eval */,
    actions: false,
    tooltip: { theme: "custom" },
  };
  for (const stage of document.querySelectorAll(".chart__stage")) {
    const source = stage.querySelector(".chart__spec");
    const live = stage.querySelector(".chart__live");
    const drawing = stage.querySelector("img");
    if (!source || !live) {
      continue;
    }
    live.hidden = false;
    window.vegaEmbed(live, JSON.parse(source.textContent), options).then(
      function () {
        drawing.hidden = true;
        stage.dataset.live = "yes";
      },
      function () {
        live.hidden = true;
      },
    );
  }
})();
