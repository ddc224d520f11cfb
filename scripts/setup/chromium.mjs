import { aptInstall } from "./apt.mjs";
import { findBrowser } from "./find-browser.mjs";

/** Installs Chromium for the browser tests where this user may. */
export function ensureChromium() {
  if (findBrowser("CHROMIUM", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"])) return;
  aptInstall(["chromium"], "Chromium (without it the browser tests are skipped)");
}
