// Sets up a clone: packages, a Vulkan driver, the build; with --browsers also Chromium and Firefox for the browser
// tests. It runs before anything is installed, so it uses only Node. What is already in place takes no time and prints
// nothing.
import { ensureBuild } from "./setup/build.mjs";
import { ensureChromium } from "./setup/chromium.mjs";
import { ensureDriver } from "./setup/driver.mjs";
import { ensureFirefox } from "./setup/firefox.mjs";
import { ensurePackages } from "./setup/packages.mjs";
import { say } from "./setup/run.mjs";

try {
  ensurePackages();
  ensureDriver();
  if (process.argv.includes("--browsers")) {
    ensureChromium();
    ensureFirefox();
  }
  ensureBuild();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
