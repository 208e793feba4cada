/* Draws the list of editions from versions.js, which lies beside the editions and is the only file that changes. */
"use strict";

(function () {
  const editions = window.munimentEditions;
  const bar = document.querySelector(".md-header__inner");
  if (!Array.isArray(editions) || !editions.length || !bar) {
    return;
  }
  const scope = __md_scope.pathname.replace(/index\.html$/, "").replace(/\/$/, "");
  const here = decodeURIComponent(scope.split("/").pop());
  const label = document.createElement("label");
  label.className = "edition";
  label.append("Edition ");
  const select = document.createElement("select");
  for (const edition of editions) {
    const option = new Option(edition.title, edition.version, false, edition.version === here);
    select.add(option);
  }
  select.addEventListener("change", function () {
    location.href = new URL("../" + encodeURIComponent(select.value) + "/index.html", __md_scope).href;
  });
  label.append(select);
  const search = bar.querySelector(".md-search");
  bar.insertBefore(label, bar.querySelector("[data-md-component=palette]") || search);
})();
