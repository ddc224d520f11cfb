// Looks into a mixture of experts on the page that generates, in one browser: attention, figures, experts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledMixture, mixturePrompts } from "../../support/bundled.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { press, shown, until } from "../ways.ts";
import { outputIn } from "./generate-ways.ts";
import { atOnce, key, panel, panelIsAccessible, percentIn, picturesOf, tableIn } from "./strips-ways.ts";

const [mixture] = mixturePrompts;
if (!mixture) throw new Error("there are no golden prompts");

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
});

afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("inspecting a model in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.generate(atOnce(bundledMixture, mixture.prompt, 4))));
    await resize(1280, 900);
    await outputIn(page, "done");
  });

  afterAll(() => browser?.close());

  /** What the slider of the bars says. */
  const said = () => page.evaluate(() => document.querySelector('[role="slider"]')?.ariaValueText ?? "", undefined);
  const weights = () => tableIn(page, /^Weights as a table$/, "Table of weights");

  test("attention: weights of the chosen token sum to 1, the mean first, then those of a head", async () => {
    await panel(page, "Attention");
    await shown(page, ".attention-strip", /mean of all layers and heads.*Weights of the mix, not reasons/);
    const mean = await until("weights", async () => /^position \d+, .*%$/.test(await said()) && (await said()));
    const sum = (await weights()).reduce((total, [, , share]) => total + percentIn(share), 0);
    expect(sum).toBeCloseTo(100, 0);
    await press(page, ".head-matrix button", /^Layer 2, head 3: .* %$/);
    await shown(page, ".attention-words strong", /^layer 2, head 3$/);
    await until("other weights", async () => !["", mean].includes(await said()));
    const chosen = await page.evaluate(
      () => [...document.querySelectorAll<HTMLSelectElement>(".head-picker select")].map(({ value }) => value),
      undefined,
    );
    expect(chosen).toEqual(["2", "3"]);
    const [, strongest] = /position (\d+),/.exec(await shown(page, ".head-to", /./)) ?? [];
    const inMatrix = await shown(page, ".head-matrix button", /^Layer 2, head 3: /);
    const inTable = (await weights()).find(([position]) => position === strongest);
    expect(percentIn(inMatrix)).toBe(percentIn(inTable?.[2]));
    const highest = async (from: number) => {
      const counted = (await weights()).filter(([position]) => Number(position) >= from);
      return Math.max(...counted.map(([, , share]) => percentIn(share)));
    };
    expect(percentIn(await shown(page, ".attention-says", /highest bar/))).toBe(await highest(0));
    await press(page, "#drawer-panel label", /^Leave the first token out of the scale$/);
    expect(percentIn(await shown(page, ".attention-says", /the first token has/))).toBe(await highest(1));
    await page.evaluate(() => document.querySelector<HTMLElement>('[role="slider"]')?.focus(), undefined);
    await key(page, "Home");
    await until("first position", async () => /^position 0, <\|bos\|>/.test(await said()));
    await panelIsAccessible(page);
    await press(page, "#drawer-panel summary", /^Weights as a table$/); // closed, for the pictures
    await picturesOf(page, resize, `attention-${name}`);
  });

  test("figures: stats on a line, and how much of the context is used", async () => {
    await shown(page, ".stats", /^\d+ prompt tok.* s to first token · .* tok\/s · \d+ tok · stop: /);
    const [now, most, words] = await page.evaluate(() => {
      const meter = document.querySelector('[role="meter"]');
      return [meter?.ariaValueNow, meter?.ariaValueMax, meter?.ariaValueText];
    }, undefined);
    expect([Number(now), most]).toEqual([mixture.promptTokens.length + 4, "512"]);
    expect(words).toMatch(/^\d+ of 512 tokens/);
  });

  test("each token of the mixture goes to the reference's experts", async () => {
    await panel(page, "Experts");
    await shown(page, ".experts-strip", /Each token goes to 2 of 8 experts/);
    const badges = () =>
      page.evaluate(
        () =>
          [...document.querySelectorAll(".routed")].map((token) =>
            [...token.querySelectorAll(".expert")].map(({ textContent }) => Number(textContent)),
          ),
        undefined,
      );
    expect(mixture.experts?.length).toBeGreaterThan(1);
    for (const [layer, expected] of (mixture.experts ?? []).entries()) {
      await page.evaluate((value) => {
        const select = document.querySelector<HTMLSelectElement>(".experts-strip select");
        if (!select) return;
        select.value = String(value);
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }, layer);
      await until(`experts of layer ${layer}`, async () => {
        const found = (await badges()).slice(0, expected.length);
        return JSON.stringify(found) === JSON.stringify(expected);
      });
    }
    const used = new RegExp(`^${mixture.experts?.at(-1)?.[0]?.[0]} \\d+$`);
    await press(page, ".experts-usage button", used);
    const [dim, all] = await page.evaluate(
      () => [document.querySelectorAll(".routed.dim").length, document.querySelectorAll(".routed").length] as const,
      undefined,
    );
    expect(dim).toBeGreaterThan(0);
    expect(dim).toBeLessThan(all);
    await press(page, ".experts-usage button", used);
    await panelIsAccessible(page);
    await resize(390, 844);
    expect(await page.evaluate(() => document.documentElement.scrollWidth, undefined)).toBeLessThanOrEqual(390);
    await picturesOf(page, resize, `experts-${name}`);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
