// Gradients in the attention laboratory, in one browser: the pass is chosen by keys, measured, saved, linked to, and
// refused with its reason.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BenchResult } from "../../../bench/result.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "../driven.ts";
import { press, rowsOf, saved, shown, until } from "../ways.ts";
import { lookAtWidths } from "../widths.ts";
import { type BuiltSite, buildSite } from "./attention-site.ts";

const lines = '[aria-label="Forward and backward"]';
const table = '[aria-label="Table of results"]';
const brief = "batches=q24&heads=2x32&samples=1&peaks=0&gradients=materialised";
const subjects = ["inference", "forward", "materialised", "forward+materialised"];

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("gradients on the attention page in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let opened: OpenedPage;

  beforeAll(async () => {
    browser = await start();
    opened = await browser.open("about:blank");
    await opened.resize(1280, 900); // narrower, what is chosen is folded up
    await opened.page.goto(site.address(brief));
  });
  afterAll(() => browser?.close());

  const look = (state: string, themes: readonly string[] = ["light"]) =>
    lookAtWidths(opened, { name: `gradients-${state}-${name}`, heading: /^Attention laboratory$/, themes });

  test("the pass is chosen by keys, and its recorded run is there before one is measured", async () => {
    const { page } = opened;
    await shown(page, "button", /^Run 3 measurements$/);
    await press(page, "button.chip", /^backward$/);
    await shown(page, "button", /^Run 2 measurements$/);
    await page.keyboard.press("Tab"); // to the next one
    await page.keyboard.press("Enter");
    await shown(page, 'button[aria-pressed="true"]', /^both$/);
    await shown(page, "button", /^Run 4 measurements$/);
    await shown(page, "body", /A recorded run, not of this device: \d+ rows measured on llvmpipe/);
    const recorded = await rowsOf(page, lines);
    expect(recorded.map(([variant]) => variant)).toContain("flash");
    for (const [, forward, backward, ratio] of recorded) {
      expect(Number.parseFloat(ratio ?? "") / (Number(backward) / Number(forward))).toBeCloseTo(1, 1);
    }
    await look("recorded", ["dark", "light"]);
  });

  test("the link keeps the pass", async () => {
    const { page } = opened;
    await until("pass in the link", () => page.evaluate(() => location.hash.includes("pass=both"), undefined));
    await page.goto("about:blank");
    await page.goto(site.address(`${brief}&pass=both`));
    await shown(page, 'button[aria-pressed="true"]', /^both$/);
    await page.goto(site.address(`${brief}&pass=sideways`)); // which the open page follows
    await shown(page, '[role="alert"]', /there is no pass "sideways"; there are forward, backward, both/);
    await press(page, "button.chip", /^backward$/);
    await shown(page, "button", /^Run 2 measurements$/);
    await press(page, "button.chip", /^both$/);
  });

  test("forward, gradients and both are checked and timed, and saved as the command saves them", async () => {
    const { page } = opened;
    await press(page, "button", /^Run 4 measurements$/);
    await shown(page, "main, body", /4 of 4 results are right/);
    expect((await rowsOf(page, table)).map((cells) => cells[0])).toEqual(subjects);
    const [line] = await rowsOf(page, lines);
    const [variant, forward, backward, ratio, both, check, batch] = line ?? [];
    expect([variant, check, batch]).toEqual(["materialised", "✓ right", "q24"]);
    for (const time of [forward, backward, ratio, both]) expect(Number.parseFloat(time ?? "")).toBeGreaterThan(0);
    await look("measured");

    const { peaks, rows, question, answers } = JSON.parse(await saved(page, /^JSON$/)) as BenchResult;
    expect(peaks).toBeNull(); // as the link asks
    expect(rows.map((row) => [row.op, row.variant, row.verdict])).toEqual(
      subjects.map((subject) => ["attention-backward", subject, "pass"]),
    );
    for (const row of rows) {
      expect([row.medianMs, row.requestedBytes, row.executedFlops].every((figure) => (figure ?? 0) > 0)).toBe(true);
      expect(row.checked).toMatch(/^all 2 key heads$/);
      expect(row.command).toMatch(/ --backward$/);
    }
    expect(question).toBe("How long do gradients take?");
    expect(answers?.[0]).toMatch(/q24 2x32 causal none: gradients take materialised [\d.]+ × the forward pass/);
    const csv = (await saved(page, /^CSV$/)).split("\n");
    expect(csv).toHaveLength(5);
    expect(csv[0]).toContain("requestedBytes");
  });

  test("what has no gradients is refused before and in the table, with the reason", async () => {
    const { page } = opened;
    await page.goto("about:blank");
    await page.goto(site.address(`${brief}&pass=backward&dtype=f16`));
    await shown(page, "body", /1 case will be skipped: q24 .*: keys and values are f16, gradients need f32/);
    await press(page, "button", /^Run 2 measurements$/);
    await shown(page, "body", /Measured here/);
    const checks = (await rowsOf(page, table)).map((cells) => cells[3]);
    expect(checks).toEqual(Array(2).fill("n/a: keys and values are f16, gradients need f32"));
  });

  test("no uncaught errors", () => expect(opened.errors).toEqual([]));
});
