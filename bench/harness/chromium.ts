import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Where there is no browser, why the tests that need one are skipped; undefined where there is one. */
export const noChromium = findChromium()
  ? undefined
  : `no Chromium: none of ${names.join(", ")} is in the PATH, and the variable CHROMIUM names none`;

/** The path of an installed Chromium or Chrome; the variable CHROMIUM goes first. */
function findChromium(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env["CHROMIUM"] ?? "", ...paths].find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return path !== "";
    } catch {
      return false;
    }
  });
}

/** What a Chromium is started with beside what its WebGPU needs. */
export interface ChromiumOptions {
  readonly args?: readonly string[];
  /** Arguments of Playwright's own that are left out. */
  readonly ignoreDefaultArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** False where Ctrl-C is somebody else's business; else it closes the browser. */
  readonly handleSIGINT?: boolean;
}

/** Starts a headless Chromium whose WebGPU also takes software adapters. */
export async function openChromium(options: ChromiumOptions = {}): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(noChromium);
  const { args = [], ignoreDefaultArgs = [], env, handleSIGINT = true } = options;
  return await chromium.launch({
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu", ...args],
    ignoreDefaultArgs: [...ignoreDefaultArgs],
    handleSIGINT,
    ...(env ? { env: { ...process.env, ...env } as Record<string, string> } : {}),
  });
}

/** Opens a page; what it throws where nobody waits for it is collected. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  await page.goto(url);
  return { page, errors };
}
