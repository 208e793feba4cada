/* What the theme's own scripts expect to find: a scope for stored preferences, and access to them.
   The theme writes this inline; here it is a file, so that pages need no inline script at all. */
"use strict";

var __md_scope = new URL(document.currentScript.dataset.base || ".", location);

var __md_hash = function (text) {
  let hash = 0;
  for (const char of text) {
    hash = (hash << 5) - hash + char.charCodeAt(0);
  }
  return hash;
};

var __md_get = function (key, storage, scope) {
  try {
    const stored = (storage || localStorage).getItem((scope || __md_scope).pathname + "." + key);
    return JSON.parse(stored);
  } catch (error) {
    return null; /* storage is refused: preferences are not kept */
  }
};

var __md_set = function (key, value, storage, scope) {
  try {
    (storage || localStorage).setItem((scope || __md_scope).pathname + "." + key, JSON.stringify(value));
  } catch (error) {
    /* storage is refused: preferences are not kept */
  }
};
