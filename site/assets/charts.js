/* Makes the drawn charts live. Without this script, or if a chart fails, the drawing stays. */
"use strict";

(function () {
  const charts = window.munimentCharts || { config: {}, specs: {} };
  const options = {
    config: charts.config,
    mode: "vega-lite",
    renderer: "svg",
    ast: true /* expressions are interpreted, not compiled: no eval */,
    actions: false,
    tooltip: { theme: "custom" },
  };
  for (const stage of document.querySelectorAll(".chart__stage")) {
    const live = stage.querySelector(".chart__live");
    const drawing = stage.querySelector("img");
    const spec = live && charts.specs[live.dataset.chart];
    if (!spec) {
      continue;
    }
    live.hidden = false;
    window.vegaEmbed(live, spec, options).then(
      function () {
        /* A screen reader hears the words of the drawing, not a mark at a time without a name. */
        live.setAttribute("role", "img");
        live.setAttribute("aria-label", drawing.alt);
        live.removeAttribute("aria-roledescription");
        for (const svg of live.querySelectorAll("svg")) {
          svg.setAttribute("aria-hidden", "true");
        }
        drawing.hidden = true;
        stage.dataset.live = "yes";
      },
      function () {
        live.hidden = true;
      },
    );
  }
})();
