import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findBrowser } from "./find-browser.ts";

const { path: executablePath, missing } = findBrowser("Chromium", [
  "chromium",
  "chromium-browser",
  "google-chrome",
  "google-chrome-stable",
]);

/** Why tests that need a browser are skipped; undefined if there is one. */
export const noChromium = missing;

/** Options for starting Chromium, other than those that WebGPU requires. */
export interface ChromiumOptions {
  readonly args?: readonly string[];
  /** Playwright's default arguments to leave out. */
  readonly ignoreDefaultArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** False if the caller handles Ctrl-C; else it closes the browser. */
  readonly handleSIGINT?: boolean;
}

/** Starts a headless Chromium whose WebGPU also accepts software adapters. */
export async function openChromium(options: ChromiumOptions = {}): Promise<Browser> {
  return await chromium.launch(launching(options));
}

/** The same with a profile in a folder, where its pages' storage persists; `close` ends the browser. */
export async function openProfile(folder: string, options: ChromiumOptions = {}): Promise<BrowserContext> {
  return await chromium.launchPersistentContext(folder, launching(options));
}

function launching({ args = [], ignoreDefaultArgs = [], env, handleSIGINT = true }: ChromiumOptions) {
  if (!executablePath) throw new Error(noChromium);
  return {
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", ...args],
    ignoreDefaultArgs: [...ignoreDefaultArgs],
    handleSIGINT,
    ...(env ? { env: { ...process.env, ...env } as Record<string, string> } : {}),
  };
}

/** Opens a page and collects its uncaught errors. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  page.setDefaultTimeout(240_000); // a software adapter on a busy machine is slow
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  await page.goto(url);
  return { page, errors };
}
