import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { aptInstall } from "./apt.mjs";

/** Installs Chromium for the browser tests where this user may. */
export function ensureChromium() {
  if (findChromium()) return;
  aptInstall(["chromium"], "Chromium (without it the browser tests are skipped)");
}

/** The path of an installed Chromium or Chrome; the variable CHROMIUM goes first. */
function findChromium() {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM, ...paths].find(runnable);
}

function runnable(path) {
  try {
    accessSync(path ?? "", constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
