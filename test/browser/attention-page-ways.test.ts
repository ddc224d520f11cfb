// The main ways of the attention laboratory, in every browser there is: what each browser does in its own way. What is
// the page's own is in attention-page.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchResult } from "../../bench/result.ts";
import { attempts } from "../support/fuzz.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage, ownIn } from "./driven.ts";
import { editorText, press, rowsOf, saved, shown, until, write } from "./ways.ts";

const results = '[aria-label="Table of results"]';
/** What is proven is that times are measured, not how well: one interval each. */
const brief = "heads=2x32&samples=1&peaks=0";
const four = `batches=q24,q64&${brief}&variants=naive,rows&masks=sliding-window:20`;

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
});

afterAll(() => site?.close());

describe.each(browsers)("the attention page in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.address(four)));
  });

  afterAll(() => browser?.close());

  test("draws the mask", async () => {
    await shown(page, '[role="img"]', /^Mask: 1\s090 of 4\s096 pairs are live/);
  });

  // Chromium measures a set-up without a mask of one's own in attention-page.test.ts, and sorts and saves what it found.
  const others = test.runIf(name !== "Chromium");

  others("four measurements are right", async () => {
    await press(page, "button", /^Run 4 measurements/);
    await shown(page, "main, body", /4 of 4 results are right/);
    expect((await rowsOf(page, results)).map((cells) => cells[2])).toEqual(Array(4).fill("✓ right"));
  });

  others("sorts by a column, and saves the result", async () => {
    await press(page, `${results} th button`, /^time, ms/);
    expect(await shown(page, `${results} th[aria-sort="ascending"]`, /./)).toMatch(/^time, ms/);
    const times = (await rowsOf(page, results)).map((cells) => Number(cells[1]));
    expect(times).toEqual([...times].sort((p, q) => p - q));
    const { rows } = JSON.parse(await saved(page, /^JSON$/)) as BenchResult;
    expect(rows.map(({ verdict }) => verdict)).toEqual(Array(4).fill("pass"));
    expect(rows.every(({ medianMs, samples }) => (medianMs ?? 0) > 0 && samples === 1)).toBe(true);
    expect(rows.every(({ command }) => command.endsWith("--samples 1"))).toBe(true);
  });

  ownIn(name)("a custom mask is measured, and what the device lacks is n/a, with the reason", async () => {
    await page.goto(site.address(`batches=q24&${brief}&variants=flash,subgroups`));
    await press(page, "button", /^every fourth key$/);
    await shown(page, "body", /It compiles\./);
    await press(page, "button", /^Run 4 measurements/);
    const subgroups = await page.evaluate(
      async () => (await navigator.gpu.requestAdapter())?.features.has("subgroups" as GPUFeatureName),
      undefined,
    );
    await shown(page, "main, body", subgroups ? /4 of 4 results are right/ : /2 of 2 results are right/);
    const checks = (await rowsOf(page, results)).map((cells) => [cells[0], cells[2]]);
    expect(checks.filter(([variant]) => variant === "flash")).toEqual(Array(2).fill(["flash", "✓ right"]));
    const others = checks.filter(([variant]) => variant === "subgroups").map(([, check]) => check);
    expect(others).toEqual(Array(2).fill(subgroups ? "✓ right" : expect.stringMatching(/^n\/a: .*subgroups/)));
  });

  test.each([1280, 390])("%i pixels wide, the table shows time and check, and its header stays", async (width) => {
    await resize(width, 180); // low, so that the rows scroll
    const found = await page.evaluate((css) => {
      const frame = document.querySelector<HTMLElement>(css) as HTMLElement;
      const inner = frame.getBoundingClientRect();
      const headers = [...frame.querySelectorAll("th")];
      const box = (title: string) =>
        headers.find(({ textContent }) => textContent?.startsWith(title))?.getBoundingClientRect();
      const hidden = ["variant", "time, ms", "check"].filter(
        (title) => (box(title)?.right ?? Number.POSITIVE_INFINITY) > inner.left + frame.clientWidth,
      );
      const small = [...frame.querySelectorAll("button")].filter((button) => {
        const { width: wide, height: high } = button.getBoundingClientRect();
        return Math.min(wide, high) < 24;
      });
      frame.scrollTo(1e6, 1e6);
      const [corner, scrolled] = [box("variant"), frame.scrollTop > 0];
      const away = [(corner?.left ?? 0) - inner.left, (corner?.top ?? 0) - inner.top].map(Math.round);
      frame.scrollTo(0, 0);
      return { hidden, small: small.map(({ textContent }) => textContent), scrolled, away };
    }, results);
    expect(found).toEqual({ hidden: [], small: [], scrolled: true, away: [1, 1] }); // within the frame's border
    await resize(width, 844);
    await page.evaluate((css) => document.querySelector(css)?.scrollIntoView(), results);
    await screenshot(page, `table-${name}-${width}`);
    await resize(1280, 900);
  });

  test.each(name === "Chromium" ? [0, 30] : [30])(
    "typed at %i ms a key into an example, the text stays as typed",
    async (delay) => {
      await press(page, "button", /^a window by head$/);
      await press(page, "button", /^every fourth key$/);
      await until("editor", () => page.evaluate(() => document.querySelector(".cm-content") !== null, undefined));
      await page.click(".cm-content");
      await page.evaluate(() => {
        getSelection()?.selectAllChildren(document.querySelector(".cm-content") as Element);
        getSelection()?.collapseToEnd();
      }, undefined);
      const before = await editorText(page);
      const typed = "// a mask of my own, ".repeat(10).slice(0, attempts(200, 50));
      await page.keyboard.type(typed, { delay });
      // A page that is busy for good does not answer, and texts that alternate are not the same twice.
      for (let i = 0; i < 3; i++) {
        expect(await editorText(page)).toBe(before + typed);
        await page.evaluate(
          () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
          undefined,
        );
      }
    },
  );

  test("a mask that does not compile says so, by its line", async () => {
    const wgsl = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n  return q + k;\n}";
    await write(page, ".cm-content", wgsl);
    await shown(page, "p, li, div", /^line 2: /);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
