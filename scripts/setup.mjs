// Sets up a clone: packages, a Vulkan driver, the build; with --chromium also a browser for the browser tests.
// It runs before anything is installed, so it uses Node alone. What is in place already costs no time and no words.
import { ensureBuild } from "./setup/build.mjs";
import { ensureChromium } from "./setup/chromium.mjs";
import { ensureDriver } from "./setup/driver.mjs";
import { ensurePackages } from "./setup/packages.mjs";
import { say } from "./setup/run.mjs";

try {
  ensurePackages();
  ensureDriver();
  if (process.argv.includes("--chromium")) ensureChromium();
  ensureBuild();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
