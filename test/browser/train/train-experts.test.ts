// Experts on the page that trains, in one browser: which of them each voice uses, as it grows.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "../driven.ts";
import { press, rowsOf, shown, until } from "../ways.ts";
import { ofTrain, type TrainPage } from "./train-ways.ts";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("experts on the page that trains in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let opened: OpenedPage;
  let train: TrainPage;

  beforeAll(async () => {
    browser = await start();
    opened = await browser.open(site.train("v=1&layers=2&heads=2&head_width=8&batch=4&every=2&steps=4"));
    train = ofTrain(opened, name);
    await opened.resize(1280, 900);
  });
  afterAll(() => browser?.close());

  test("a model of any task may have experts", async () => {
    const { page } = opened;
    await shown(page, "#width", /^Width 16: heads times the width of a head\.$/);
    await page.evaluate(() => {
      const kinds = document.querySelector<HTMLSelectElement>("#set-architecture");
      if (!kinds) throw new Error("there is no choice");
      kinds.value = "mixtral";
      kinds.dispatchEvent(new Event("change", { bubbles: true }));
    }, undefined);
    await shown(page, "#width", /Hidden width of an expert 24: a token passes/);
    await until("experts in the link", () =>
      page.evaluate(() => location.hash.includes("architecture=mixtral"), undefined),
    );
    expect(await page.evaluate(() => document.querySelector<HTMLInputElement>("#set-experts")?.value, undefined)).toBe(
      "4",
    );
  });

  test("which experts each voice uses is seen as it grows", async () => {
    const { page } = opened;
    await page.goto("about:blank");
    await page.goto(site.train("v=1&task=voices&length=16&heads=2&head_width=8&batch=4&every=2&steps=2"));
    await train.start();
    await shown(page, "#run-facts", /^Finished after 2 steps: /);
    await shown(page, ".experts h2", /^Which experts each voice uses$/);
    const table = '[aria-label="Experts of layer 1"]';
    const rows = await rowsOf(page, table);
    expect(rows.map(([name]) => name)).toEqual(["scripture", "whale", "union", "jargon", "all"]);
    for (const [, ...shares] of rows) {
      expect(Math.abs(shares.reduce((sum, share) => sum + Number(share), 0) - 100)).toBeLessThanOrEqual(2);
    }
    await shown(page, "#plot-experts svg", /layer 1/);
    expect((await rowsOf(page, '[aria-label="Samples that are held out"]')).map(([voice]) => voice)).toEqual(
      rows.slice(0, 4).map(([name]) => name),
    );
    await page.evaluate(() => {
      const slider = document.querySelector<HTMLInputElement>(".experts input[type=range]");
      if (!slider) throw new Error("there is no slider");
      slider.value = "0";
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, undefined);
    await shown(page, ".experts p", /^At step 0: /);
    expect(await rowsOf(page, table)).not.toEqual(rows);
    await press(page, ".experts button.chip", /^by kind of character$/);
    await shown(page, ".experts h2", /^Which experts each kind of character uses$/);
    expect((await rowsOf(page, table))[0]?.[0]).toBe("spaces, line ends");
    await train.eachWidth("voices", ["dark"]);
  });

  test("no uncaught errors", () => expect(opened.errors).toEqual([]));
});
