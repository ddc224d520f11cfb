import { type Browser, launch } from "puppeteer-core";
import { findBrowser } from "./find-browser.ts";

const { path: executablePath, missing } = findBrowser("Firefox", ["firefox", "firefox-esr"]);

/** Why tests that need Firefox are skipped; undefined if there is one. */
export const noFirefox = missing;

/** Starts a headless Firefox whose WebGPU also accepts software adapters, with additional environment variables. */
export async function openFirefox(env: Readonly<Record<string, string>> = {}): Promise<Browser> {
  if (!executablePath) throw new Error(noFirefox);
  return await launch({
    browser: "firefox",
    executablePath,
    headless: true,
    extraPrefsFirefox: { "dom.webgpu.enabled": true, "gfx.webgpu.ignore-blocklist": true },
    env: { ...process.env, ...env },
    timeout: 120_000,
    protocolTimeout: 600_000,
  });
}
