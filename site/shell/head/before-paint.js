// Runs before the first paint, so that a chosen theme does not flash. A separate file, because the site's pages allow
// no inline scripts.
try {
  document.documentElement.dataset.theme = localStorage.getItem("shaderformer-theme") || "auto";
} catch {} // the browser stores nothing for the page
