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

/** Starts a headless Chromium whose WebGPU also takes software adapters. */
export async function openChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error(noChromium);
  return await chromium.launch({ executablePath, args: ["--headless=new", "--no-sandbox", "--enable-unsafe-webgpu"] });
}

/** Opens a page; what it throws where nobody waits for it is collected. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error.stack ?? error)));
  await page.goto(url);
  return { page, errors };
}
