// The main ways of the attention laboratory, in every browser there is: what each browser does in its own way. What is
// the page's own is in attention-page.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchResult } from "../../bench/result.ts";
import { type BuiltSite, buildSite } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage } from "./driven.ts";
import { press, rowsOf, saved, shown, write } from "./ways.ts";

const results = '[aria-label="Table of results"]';
/** What is proven is that times are measured, not how well: one interval each. */
const brief = "heads=2x32&samples=1";
const nine = `batches=q24,q48,q64&${brief}&variants=naive,rows,flash&masks=sliding-window:20`;

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
});

afterAll(() => site?.close());

describe.each(browsers)("the attention page in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors } = await browser.open(site.address(nine)));
  });

  afterAll(() => browser?.close());

  test("draws the mask", async () => {
    await shown(page, '[role="img"]', /^Mask: 1\s090 of 4\s096 pairs are live/);
  });

  test("nine measurements are right", async () => {
    await press(page, "button", /^Run 9 measurements/);
    await shown(page, "main, body", /9 of 9 results are right/);
    expect((await rowsOf(page, results)).map((cells) => cells.at(-1))).toEqual(Array(9).fill("✓ right"));
  });

  test("sorts by a column, and saves the result", async () => {
    await press(page, `${results} th button`, /^time, ms/);
    expect(await shown(page, `${results} th[aria-sort="ascending"]`, /./)).toMatch(/^time, ms/);
    const times = (await rowsOf(page, results)).map((cells) => Number(cells[4]));
    expect(times).toEqual([...times].sort((p, q) => p - q));
    const { rows } = JSON.parse(await saved(page, /^JSON$/)) as BenchResult;
    expect(rows.map(({ verdict }) => verdict)).toEqual(Array(9).fill("pass"));
    expect(rows.every(({ medianMs, samples }) => (medianMs ?? 0) > 0 && samples === 1)).toBe(true);
    expect(rows.every(({ command }) => command.endsWith("--samples 1"))).toBe(true);
  });

  test("a custom mask is measured, and what the device lacks is n/a, with the reason", async () => {
    await page.goto(site.address(`batches=q24&${brief}&variants=flash,subgroups`));
    await press(page, "button", /^every fourth key$/);
    await shown(page, "body", /It compiles\./);
    await press(page, "button", /^Run 4 measurements/);
    const subgroups = await page.evaluate(
      async () => (await navigator.gpu.requestAdapter())?.features.has("subgroups" as GPUFeatureName),
      undefined,
    );
    await shown(page, "main, body", subgroups ? /4 of 4 results are right/ : /2 of 2 results are right/);
    const checks = (await rowsOf(page, results)).map((cells) => [cells[0], cells.at(-1)]);
    expect(checks.filter(([variant]) => variant === "flash")).toEqual(Array(2).fill(["flash", "✓ right"]));
    const others = checks.filter(([variant]) => variant === "subgroups").map(([, check]) => check);
    expect(others).toEqual(Array(2).fill(subgroups ? "✓ right" : expect.stringMatching(/^n\/a: .*subgroups/)));
  });

  test("a mask that does not compile says so, by its line", async () => {
    const wgsl = "fn mask_mod(b: u32, h: u32, q: u32, k: u32) -> bool {\n  return q + k;\n}";
    await write(page, ".cm-content", wgsl);
    await shown(page, "p, li, div", /^line 2: /);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
