import { type Browser, launch } from "puppeteer-core";
import { findBrowser } from "../../bench/harness/find-browser.ts";
import { onLavapipe } from "../support/lavapipe.ts";

const { path: executablePath, missing } = findBrowser("Firefox", ["firefox", "firefox-esr"]);

/** Where there is no browser, why the tests that need one are skipped; undefined where there is one. */
export const noFirefox = missing;

/** Starts a headless Firefox whose WebGPU also takes software adapters. */
export async function openFirefox(): Promise<Browser> {
  if (!executablePath) throw new Error(noFirefox);
  return await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
    env: { ...process.env, ...onLavapipe() },
    timeout: 120_000,
    protocolTimeout: 600_000,
  });
}
