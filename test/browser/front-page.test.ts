// The front page in every browser there is: the recorded run. The bundled model on this device is in pages.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import whale from "../../site/front/runs/whale.json" with { type: "json" };
import { type BuiltSite, buildSite, screenshot } from "./attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage, ownIn } from "./driven.ts";
import { press, shown, until } from "./ways.ts";

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
});

afterAll(() => site?.close());

/** The text of the strip, without what is no part of it. */
const text = (page: DrivenPage) =>
  page.evaluate(() => document.querySelector(".token-text")?.textContent ?? "", undefined);

const recorded = `<|bos|>${whale.prompt}${whale.steps.map((step) => step.text).join("")}`;

describe.each(browsers)("the front page in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.front));
  });

  afterAll(() => browser?.close());

  test("a recorded run plays token by token, stops on a click, and plays to its end", async () => {
    await press(page, "button", /^Pause$/);
    const paused = await text(page);
    expect(paused.length).toBeLessThan(recorded.length);
    expect(recorded.startsWith(paused)).toBe(true);
    await press(page, "button", /^Play$/);
    await shown(page, "button", /^Play again$/);
    expect(await text(page)).toBe(recorded);
  });

  test("the alternatives of the last choice have the recorded probabilities", async () => {
    const rows = await page.evaluate(
      () => [...document.querySelectorAll(".show-next tr")].map((row) => row.textContent ?? ""),
      undefined,
    );
    const { top = [], token } = whale.steps.at(-1) ?? {};
    const [likeliest] = top;
    expect(rows[0]).toContain(`${(100 * Math.exp(Number(likeliest?.[2]))).toFixed(1)} %`);
    expect(rows.filter((row) => row.includes("✓"))).toHaveLength(1);
    expect(top.some(([id]) => id === token)).toBe(true);
    expect(rows.at(-1)).toMatch(/^all others/);
  });

  test.each([
    [1280, 900],
    [390, 844],
  ])("%i pixels wide, nothing is beyond the edge", async (width, height) => {
    await resize(width, height);
    const { scrollWidth } = await page.evaluate(
      () => ({ scrollWidth: document.documentElement.scrollWidth }),
      undefined,
    );
    expect(scrollWidth).toBeLessThanOrEqual(width);
    await screenshot(page, `front-${name}-${width}`);
    await resize(1280, 900);
  });

  test("another voice is fetched when it is chosen", async () => {
    await press(page, "button", /^Jargon File$/);
    await until("its run", async () => (await text(page)).startsWith("<|bos|><|jargon|>hacker: "));
  });

  ownIn(name)("without WebGPU it says so and what to do, and the recorded run stays", async () => {
    await page.goto("about:blank");
    await page.goto(`${site.front}#sim=no-webgpu`);
    await press(page, ".show-form button", /^Continue on my GPU/);
    await shown(page, '[role="alert"]', /this browser has no WebGPU\. .*On /);
    await until("the recorded run", async () => recorded.startsWith(await text(page)));
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
