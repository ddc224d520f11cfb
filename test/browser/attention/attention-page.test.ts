import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import type { BenchResult } from "../../../bench/result.ts";
import { unpackPainted } from "../../../site/attention/mask/painted.ts";
import { readFragment } from "../../../site/shell/permalink.ts";
import type { DrivenPage } from "../driven.ts";
import { framesUntil } from "../ways.ts";
import { coloursOf, type OpenSite, openSite, screenshot, tabShowsFocus, violations } from "./attention-site.ts";

const small = "batches=q24,q48&heads=2x32&variants=naive,rows&masks=sliding-window:20&samples=3";

describe.skipIf(noChromium)(`the attention page in headless Chromium${noChromium ? ` (${noChromium})` : ""}`, () => {
  let site: OpenSite;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    site = await openSite();
    ({ page, errors } = await openPage(site.browser, site.address(small)));
  });

  afterAll(() => site?.close());

  const tableRows = () => page.getByRole("region", { name: "Table of results" }).locator("tbody tr");
  const cases = () => page.locator("details.cases");

  /**
   * Presses Run and waits until it can be pressed again. A short run says Stop for less time than a wait takes to look.
   */
  async function measure(count: number): Promise<void> {
    const button = page.getByRole("button", { name: new RegExp(`^Run ${count} measurements?$`), disabled: false });
    await button.waitFor();
    await page.evaluate(() => {
      const primary = document.querySelector("section.run button.primary") as Element;
      const began = new Promise<void>((resolve) => {
        const look = () => primary.textContent === "Stop" && resolve();
        new MutationObserver(look).observe(primary, { childList: true, characterData: true, subtree: true });
      });
      Object.assign(globalThis, { began });
    });
    await button.click();
    await page.evaluate(() => (globalThis as { began?: Promise<void> }).began);
    await button.waitFor();
  }

  test("shows a recorded run first, with its adapter and its date", async () => {
    await page
      .getByText(/A recorded run, not of this device: \d+ rows measured on llvmpipe .* on \d{4}-\d\d-\d\d/)
      .waitFor();
    await page.locator("#plot-time svg").waitFor();
    expect(await tableRows().count()).toBeGreaterThan(3);
  });

  test("draws the mask and says what it leaves", async () => {
    const picture = page.getByRole("img", { name: /^Mask: 770 of 2 304 pairs are live/ });
    await picture.waitFor();
    await picture.focus();
    await page.keyboard.press("ArrowRight");
    const shown = page.getByText(/^Queries 0 to 47, keys 0 to 47: partial, tested, 770 live pairs/);
    await shown.first().waitFor();
  });

  test("stops at once, whatever it does, and keeps what it has", async () => {
    await page.goto(site.address("batches=q8,q512&heads=1x32&variants=naive&peaks=0"));
    await page.getByRole("button", { name: "Run 2 measurements", disabled: false }).click();
    await page.getByText(/^Measured here.*so far/).waitFor();
    await page.getByText(/case 2 of 2/).waitFor();
    const frames = await framesUntil(page as unknown as DrivenPage, "section.run button.primary", /^Run/);
    expect(frames).toBeLessThanOrEqual(6);
    expect(await tableRows().count()).toBe(1);
    await page.goto(site.address(small));
  });

  test("waits while the page is hidden, and marks what was measured around that", async () => {
    const hide = (hidden: boolean) =>
      page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await page.goto(site.address("batches=q8&heads=1x32&variants=naive&samples=3&peaks=0"));
    await hide(true);
    const button = page.getByRole("button", { name: "Run 1 measurement", disabled: false });
    await button.click();
    await page.getByText(/: waiting until this page is seen/).waitFor();
    expect(await page.getByRole("button", { name: "Stop", exact: true }).isVisible()).toBe(true);
    await hide(false);
    await button.waitFor();
    const said = () => page.locator("main").textContent(); // a failure shows what is said instead
    await expect.poll(said, { timeout: 30_000 }).toContain("The page was hidden while 1 of 1 row was measured");
    expect(await tableRows().getByText("! hidden").count()).toBe(1);
    await page.evaluate(() => Reflect.deleteProperty(document, "hidden"));
    await page.goto(site.address(small));
  });

  test("takes a custom mask and painted tiles: checks and times both, and reports what does not compile", async () => {
    const setup = `${small.replace("q24,q48", "q24").replace("naive,", "").replace("samples=3", "samples=1&peaks=0")}`;
    const { page: other, errors: thrown } = await openPage(site.browser, site.address(setup));
    await other.getByRole("button", { name: "every fourth key" }).click();
    await other.getByRole("heading", { name: "own, 24 queries, 24 keys" }).waitFor();
    await other.getByText("It compiles.").waitFor();
    await other.waitForFunction(() => location.hash.includes("own="));
    await other.getByRole("button", { name: "Paint tiles from this mask" }).click();
    await other.waitForFunction(() => location.hash.includes("tiles="));
    const first = other.url();
    await page.goto(first);
    await page.getByRole("button", { name: "sliding-window" }).click();
    await measure(2);
    expect(await tableRows().filter({ hasText: "own" }).getByText("✓ right").count()).toBe(1);
    expect(await tableRows().filter({ hasText: "painted" }).getByText("✓ right").count()).toBe(1);
    await page.getByLabel("The same, for the reference").fill("q >= k");
    await page.getByRole("button", { name: "painted" }).click();
    await measure(1);
    expect(await tableRows().getByText("✗ wrong").count()).toBe(1);
    await page.getByText("1 result is wrong and not timed.").waitFor();
    await page.goto(site.address(small));
    await page.getByRole("heading", { name: "sliding-window:20, 48 queries, 48 keys" }).waitFor();
    expect(await page.getByRole("button", { name: "painted" }).count()).toBe(0);

    // An address that a reader gives just as the page writes its own is read, not written over.
    await other.evaluate(
      (given) => {
        const { encodeURIComponent: encode } = globalThis;
        globalThis.encodeURIComponent = (text) => {
          globalThis.encodeURIComponent = encode;
          location.hash = given;
          return encode(text);
        };
      },
      new URL(site.address(`${setup}&pass=sideways`)).hash,
    );
    await other.getByRole("button", { name: "sliding-window" }).click();
    await other
      .getByRole("alert")
      .getByText(/there is no pass "sideways"/)
      .waitFor();
    await other.goto(first);

    const editor = other.getByRole("textbox", { name: "WGSL of your mask" });
    await editor.fill("fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n  return q + k;\n}");
    await other.getByText(/^line 2: /).waitFor();
    expect(await violations(other, [".cm-editor"])).toEqual([]);
    expect(thrown).toEqual([]);
    await other.close();
  });

  test("says beforehand what a run takes, then measures, and plots right results only", async () => {
    await page.getByText(/^(about \d+ s|a few seconds); 2 cases/).waitFor();
    await cases().locator("summary").click();
    const shown = await cases().locator("tbody tr").allTextContents();
    expect(shown[0]).toMatch(/^q24 sliding-window:20 2x32 f320\.074256\.0 KiB(a few seconds|about \d+ s)$/);
    expect(shown[1]).toMatch(/^q48 sliding-window:20 2x32 f320\.19780\.0 KiB/);
    await measure(4);
    await page.getByText(/^Measured here, on .*SwiftShader/i).waitFor();
    expect(await tableRows().count()).toBe(4);
    expect(await tableRows().getByText("✓ right").count()).toBe(4);
    for (const name of ["time", "speed", "roofline"]) await page.locator(`#plot-${name} svg`).waitFor();
    expect(await page.locator("#plot-time").textContent()).toMatch(/logarithmic/);
    // Processors are not ranked.
    await page.getByText("4 of 4 results are right. They were computed by the processor").waitFor();
    expect(await page.getByRole("columnheader", { name: "of fastest" }).count()).toBe(0);
    await page.getByText(/Software adapter, not a GPU/).waitFor();
    await page.getByText(/wall clock over whole submits in steps of \d/).waitFor();
  });

  test("sorts by a column and gives the result as a file that it takes back", async () => {
    await page.getByRole("button", { name: "time, ms" }).click();
    const header = page.getByRole("columnheader", { name: /time, ms/ }).first();
    expect(await header.getAttribute("aria-sort")).toBe("ascending");
    const save = async (name: string | RegExp, exact = true) => {
      const button = page.getByRole("button", { name, exact });
      const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
      const file = join(site.scratch, download.suggestedFilename());
      await download.saveAs(file);
      return { file, bytes: await readFile(file) };
    };
    const { file, bytes } = await save("JSON");
    const result = JSON.parse(bytes.toString()) as BenchResult;
    expect(result.rows.map(({ verdict }) => verdict)).toEqual(Array(4).fill("pass"));
    expect(result.rows.every(({ medianMs, livePairs }) => (medianMs ?? 0) > 0 && (livePairs ?? 0) > 0)).toBe(true);
    expect(result.rows.find(({ batch }) => batch === "q48")?.livePairs).toBe(2 * 770);
    expect((await save("CSV")).bytes.toString().split("\n")).toHaveLength(5);
    expect((await save("Markdown")).bytes.toString()).toMatch(/\n\| case \| variant \| check/);
    expect((await save("Save the time plot as SVG")).bytes.toString()).toMatch(/^<svg[^>]* xmlns="http:\/\/www.w3.org/);
    expect((await save("Save the speed plot as PNG")).bytes.subarray(1, 4).toString()).toBe("PNG");
    await page.reload();
    await page.getByRole("button", { name: "Keep as dashed lines" }).click();
    await page.locator('input[type="file"]').setInputFiles(file);
    await page.getByText(/^A result from a file: 4 rows/).waitFor();
    expect(await tableRows().count()).toBe(4);
    await page.getByRole("button", { name: /^Remove the dashed lines: recorded run/ }).waitFor();
    // As a kernel would be shown that is wrong: no bar, but a hatched outline.
    const rows = result.rows.map((row, i) => (i === 3 ? { ...row, verdict: "fail", medianMs: null } : row));
    await writeFile(file, JSON.stringify({ ...result, rows }));
    await page.locator('input[type="file"]').setInputFiles(file);
    await page.locator("#plot-speed .wrong rect").waitFor();
  });

  test("a link holds the whole set-up", async () => {
    await page.getByRole("button", { name: "causal", exact: true }).click();
    await page.getByLabel("query heads / key heads × width").fill("6/2x32");
    await page.keyboard.press("Tab");
    await page.waitForFunction(() => location.hash.includes("6/2x32"));
    const url = page.url();
    expect(url).toContain("masks=sliding-window:20,causal");
    const { page: other } = await openPage(site.browser, url);
    await other.getByRole("heading", { name: "causal, 48 queries, 48 keys" }).waitFor();
    expect(await other.getByLabel("query heads / key heads × width").inputValue()).toBe("6/2x32");
    await other.getByRole("button", { name: "Run 8 measurements" }).waitFor();
    await other.close();
  });

  test("tiles are painted by pointer and keys, and are part of the link", async () => {
    const setup = "batches=q64&heads=1x32&variants=rows&masks=causal";
    const { page: other, errors: thrown } = await openPage(site.browser, site.address(setup));
    await other.getByRole("button", { name: "Paint tiles from this mask" }).click();
    await other.getByRole("heading", { name: "painted, 64 queries, 64 keys" }).waitFor();
    const picture = other.getByRole("application", { name: /^Mask: 2 560 of 4 096 pairs/ });
    await picture.waitFor();
    // Four by four tiles of 16: a drag over the last column of the first two rows.
    await other.getByRole("button", { name: "Run 2 measurements", disabled: false }).waitFor(); // what it says moves it
    await picture.scrollIntoViewIfNeeded();
    const box = (await picture.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
    const at = (row: number, column: number) =>
      [box.x + ((column + 0.5) * box.width) / 4, box.y + ((row + 0.5) * box.height) / 4] as const;
    await other.mouse.move(...at(0, 3));
    await other.mouse.down();
    await other.mouse.move(...at(1, 3), { steps: 4 });
    await other.mouse.up();
    await other.getByText(/^3\s072 of 4\s096 pairs/).waitFor();
    // From there two to the left, away with what is there, and with Shift the one below too.
    for (const key of ["ArrowLeft", "ArrowLeft", "Space", "Shift+ArrowDown"]) await other.keyboard.press(key);
    await other.getByText(/^2\s560 of 4\s096 pairs/).waitFor();
    await other
      .getByText(/Not painted\.$/)
      .first()
      .waitFor();
    await screenshot(other, "painted");
    // The link follows a moment after, and has held tiles since they were taken from the mask.
    const tiles = () => unpackPainted(readFragment(new URL(other.url()).hash).keys.get("tiles") ?? "");
    await expect.poll(async () => (await tiles()).on.join("")).toBe("1001100110101111");

    const { page: third } = await openPage(site.browser, other.url());
    await third.getByRole("heading", { name: "painted, 64 queries, 64 keys" }).waitFor();
    await third.getByText(/^2\s560 of 4\s096 pairs/).waitFor();
    await third.close();
    await other.getByRole("button", { name: "Remove" }).click();
    await other.waitForFunction(() => !location.hash.includes("tiles="));
    expect(thrown).toEqual([]);
    await other.close();
  });

  test("says what is wrong with a set-up, and does not run it", async () => {
    await page.getByLabel("timed intervals at most").fill("0");
    await page.getByLabel("query heads / key heads × width").fill("5/2x32");
    await page.keyboard.press("Tab");
    await page.getByRole("alert").getByText("5 query heads do not divide among 2 key and value heads").waitFor();
    await page.getByRole("alert").getByText("time each over 1 to 9999 intervals").waitFor();
    await page.getByRole("button", { name: "Run 0 measurements", disabled: true }).waitFor();
  });

  test("keys and sheets: help, device, batches; the focus comes back", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByRole("button", { name: "✓ Copied" }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    await expect.poll(() => page.url()).toBe(copied); // the address follows a moment later
    const warning = page.locator('details[data-trouble="software"]'); // folded, where it was seen before
    await warning.evaluate((details) => details.setAttribute("open", ""));
    await warning.getByRole("button", { name: "Copy report" }).click();
    await page.getByRole("button", { name: "✓ Copied" }).first().waitFor();
    const report = await page.evaluate(() => navigator.clipboard.readText());
    expect(report).toMatch(/^- \*\*software\*\*: [\s\S]*Set-up: #v=1[\s\S]*- adapter: google swiftshader/);
    // What the Tab key reaches first: two links, of which the second leads to Run and leaves the set-up as it is.
    const reached = page.locator("a, button, input");
    expect(await reached.nth(1).textContent()).toBe("Skip to Run");
    await reached.nth(1).press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("run");
    expect(page.url()).toBe(copied);
    await page.locator("h1").click();
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Keys" });
    await help.getByText("goes to the batches").waitFor();
    expect(await violations(page, ["dialog[open]"])).toEqual([]);
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    const chip = page.getByRole("button", { name: /^Device: software, not your GPU/ });
    await chip.click();
    const sheet = page.getByRole("dialog", { name: "Device" });
    await sheet.getByText("half precision (shader-f16)").waitFor();
    await sheet.getByText("this set-up needs").waitFor();
    expect(await violations(page, ["dialog[open]"])).toEqual([]);
    await sheet.getByRole("button", { name: "Copy" }).waitFor();
    await page.keyboard.press("Escape");
    expect(await chip.evaluate((button) => button === document.activeElement)).toBe(true);
    // The focus is seen wherever the Tab key takes it.
    for (let i = 0; i < 12; i++) expect(await tabShowsFocus(page)).toBe(true);
    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("batches");
    await page.keyboard.type("?"); // in a field it is a letter
    expect(await help.isVisible()).toBe(false);
  });

  test("breaks no rule of accessibility, light, dark, in forced colours and on a phone", async () => {
    expect(await violations(page)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    expect(await violations(page, [], ["color-contrast"])).toEqual([]); // all that a theme changes
    await page.emulateMedia({ colorScheme: "light", forcedColors: "active" });
    expect(await coloursOf(page.locator("canvas"))).toBeGreaterThan(1);
    await page.evaluate(() => scrollTo(0, 0));
    await screenshot(page, "forced-colours");
    await page.emulateMedia({ colorScheme: "dark", forcedColors: "none" });
    const width = () => page.evaluate(() => document.documentElement.scrollWidth);
    for (const size of [360, 640]) {
      await page.setViewportSize({ width: size, height: 740 }); // 640: a window of 1280 at 200 %
      expect(await violations(page)).toEqual([]);
      expect(await width()).toBeLessThanOrEqual(size);
    }
    expect(errors).toEqual([]);
  });
});
