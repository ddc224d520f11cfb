import { aptInstall } from "./apt.mjs";
import { findBrowser } from "./find-browser.mjs";

/** The path of an installed Chromium or Chrome; the variable CHROMIUM takes precedence. */
export const findChromium = () =>
  findBrowser("CHROMIUM", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);

/** Installs Chromium for the browser tests if this user may. */
export function ensureChromium() {
  if (findChromium()) return;
  aptInstall(["chromium"], "Chromium (without it the browser tests are skipped)");
}
