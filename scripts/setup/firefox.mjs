import { aptInstall } from "./apt.mjs";
import { findBrowser } from "./find-browser.mjs";

/** Installs Firefox for the browser tests if this user may. */
export function ensureFirefox() {
  if (findBrowser("FIREFOX", ["firefox", "firefox-esr"])) return;
  aptInstall(["firefox-esr"], "Firefox (without it the tests in it are skipped)");
}
