// Runs before the first paint, so that a chosen theme does not flash. A file of its own, because no page of the site
// lets a script stand in its HTML.
try {
  document.documentElement.dataset.theme = localStorage.getItem("shaderformer-theme") || "auto";
} catch {} // the browser keeps nothing for the page
