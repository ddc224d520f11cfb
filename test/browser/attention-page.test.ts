import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchResult } from "../../bench/result.ts";
import { noChromium, openChromium, openPage } from "./chromium.ts";
import { serveSite, type WebServer } from "./web-server.ts";

const small = "batches=q24,q48&heads=2x32&variants=naive,rows,flash&masks=sliding-window:20";

describe.skipIf(noChromium)(`the attention page in headless Chromium${noChromium ? ` (${noChromium})` : ""}`, () => {
  let folder: string;
  let server: WebServer;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "shaderformer-site-"));
    await build({ logLevel: "error", build: { outDir: folder } });
    server = await serveSite({ texts: {}, folders: { "/": folder } });
    browser = await openChromium();
    ({ page, errors } = await openPage(browser, `${server.origin}/attention/index.html#v=1&${small}`));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Rules of WCAG that the page breaks now, with the elements. */
  async function violations(): Promise<string[]> {
    await page.addScriptTag({ content: await readFile("node_modules/axe-core/axe.min.js", "utf8") });
    return await page.evaluate(async () => {
      const { axe } = globalThis as unknown as {
        axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
      };
      const found = (await axe.run()).violations;
      return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    });
  }

  test("draws the mask and says what it leaves", async () => {
    const picture = page.getByRole("img", { name: /^Mask: 770 of 2 304 pairs are live/ });
    await picture.waitFor();
    await picture.focus();
    await page.keyboard.press("ArrowRight");
    await page
      .getByText(/^Queries 0 to 47, keys 0 to 47: partial, tested, 770 live pairs/)
      .first()
      .waitFor();
  });

  test("measures a small set, right results only, and plots them", async () => {
    await page.getByRole("button", { name: "Run 6 measurements" }).click();
    await page.getByRole("button", { name: "Run 6 measurements" }).waitFor({ timeout: 60_000 });
    const rows = page.locator("main tbody tr");
    expect(await rows.count()).toBe(6);
    expect(await rows.getByText("✓ right").count()).toBe(6);
    await page.locator("#plot-time svg").waitFor();
    await page.locator("#plot-speed svg").waitFor();
    await page.locator("#plot-roofline svg").waitFor();
    expect(await page.locator("#plot-time").textContent()).toMatch(/logarithmic/);
    await page.getByText(/is [\d.]+× as fast as/).waitFor();
    await page.getByText(/Software adapter, not a GPU/).waitFor();
  });

  test("sorts by a column and gives the result as a file that it takes back", async () => {
    await page.getByRole("button", { name: "time, ms" }).click();
    expect(
      await page
        .getByRole("columnheader", { name: /time, ms/ })
        .first()
        .getAttribute("aria-sort"),
    ).toBe("ascending");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "JSON" }).click(),
    ]);
    const file = join(folder, "result.json");
    await download.saveAs(file);
    const result = JSON.parse(await readFile(file, "utf8")) as BenchResult;
    expect(result.rows.map(({ verdict }) => verdict)).toEqual(Array(6).fill("pass"));
    expect(result.rows.every(({ medianMs, livePairs }) => (medianMs ?? 0) > 0 && (livePairs ?? 0) > 0)).toBe(true);
    expect(result.rows.find(({ batch }) => batch === "q48")?.livePairs).toBe(2 * 770);
    await page.reload();
    await page.locator('input[type="file"]').setInputFiles(file);
    await page.locator("main tbody tr").first().waitFor();
    expect(await page.locator("main tbody tr").count()).toBe(6);
  });

  test("a link holds the whole set-up", async () => {
    await page.getByRole("button", { name: "causal", exact: true }).click();
    await page.getByLabel("query heads / key heads × width").fill("6/2x32");
    await page.keyboard.press("Tab");
    await page.waitForFunction(() => location.hash.includes("6/2x32"));
    const url = page.url();
    expect(url).toContain("masks=sliding-window:20,causal");
    const { page: other } = await openPage(browser, url);
    await other.getByRole("heading", { name: "causal, 48 queries, 48 keys" }).waitFor();
    expect(await other.getByLabel("query heads / key heads × width").inputValue()).toBe("6/2x32");
    await other.getByRole("button", { name: "Run 12 measurements" }).waitFor();
    await other.close();
  });

  test("takes a mask of one's own: draws, checks and times it, and says where it does not compile", async () => {
    const { page: other, errors: thrown } = await openPage(
      browser,
      `${server.origin}/attention/index.html#v=1&${small.replace("rows,", "")}`,
    );
    await other.getByRole("button", { name: "every fourth key" }).click();
    await other.getByRole("heading", { name: "own, 48 queries, 48 keys" }).waitFor();
    await other.getByText("It compiles.").waitFor();
    await other.waitForFunction(() => location.hash.includes("own="));
    const { page: third } = await openPage(browser, other.url());
    await third.getByRole("button", { name: "Run 8 measurements" }).click();
    await third.getByRole("button", { name: "Run 8 measurements" }).waitFor({ timeout: 90_000 });
    expect(await third.locator("main tbody tr", { hasText: "own" }).getByText("✓ right").count()).toBe(4);

    const twin = third.getByLabel("The same, for the reference");
    await twin.fill("q >= k");
    await third.getByRole("button", { name: "sliding-window" }).click();
    await third.getByRole("button", { name: "Run 4 measurements" }).click();
    await third.getByRole("button", { name: "Run 4 measurements" }).waitFor({ timeout: 90_000 });
    expect(await third.locator("main tbody tr").getByText("✗ wrong").count()).toBe(4);
    await third.getByText("4 results are wrong and not timed.").waitFor();
    await third.close();

    await other
      .getByRole("textbox", { name: "WGSL of your mask" })
      .fill("fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n  return q + k;\n}");
    await other.getByText(/^line 2: /).waitFor();
    expect(thrown).toEqual([]);
    await other.close();
  });

  test("says what is wrong with a set-up, and does not run it", async () => {
    await page.getByLabel("query heads / key heads × width").fill("5/2x32");
    await page.keyboard.press("Tab");
    await page.getByRole("alert").getByText("5 query heads do not divide among 2 key and value heads").waitFor();
    expect(await page.getByRole("button", { name: "Run 0 measurements" }).getAttribute("aria-disabled")).toBe("true");
  });

  test("breaks no rule of accessibility, light, dark and on a phone", async () => {
    expect(await violations()).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations()).toEqual([]);
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await violations()).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    expect(errors).toEqual([]);
  });
});
