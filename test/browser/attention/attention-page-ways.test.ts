// What each browser does in its own way of the attention laboratory: its layout and its editor. What is the page's own
// is in attention-page.test.ts, and its main way in pages.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { attempts } from "../../support/fuzz.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { editorText, press, shown, until, write } from "../ways.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention-site.ts";

const results = '[aria-label="Table of results"]';

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
    ({ page, errors, resize } = await browser.open(
      site.address("batches=q24,q64&heads=2x32&variants=naive&masks=sliding-window:20"),
    ));
  });

  afterAll(() => browser?.close());

  test("draws the mask", async () => {
    await shown(page, '[role="img"]', /^Mask: 1\s090 of 4\s096 pairs are live/);
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

  test.each(name === "Chromium" ? [0] : [30])(
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
