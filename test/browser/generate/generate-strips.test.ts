// A text by its tokens on the page that generates, in one browser: their looks and keys.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledModel, goldenPrompts } from "../../support/bundled.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { press, shown, tick, until } from "../ways.ts";
import { open, outputIn } from "./generate-ways.ts";
import { atOnce, key, panel, panelIsAccessible, percentIn, picturesOf, tableIn } from "./strips-ways.ts";

const [golden] = goldenPrompts;
if (!golden) throw new Error("there are no golden prompts");
const given = golden.promptTokens.length;

/** Probability of a token by the reference's logits. */
function probability(logits: readonly number[], token: number): number {
  const highest = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - highest), 0);
  return Math.exp((logits[token] ?? 0) - highest) / sum;
}

/** The token that has the focus: its name, and whether its details are shown. */
const focused = (page: DrivenPage) =>
  page.evaluate(() => {
    const { activeElement: element } = document;
    return {
      unit: Number(element?.getAttribute("data-unit") ?? Number.NaN),
      label: element?.getAttribute("aria-label") ?? "",
      open: element?.getAttribute("aria-expanded") === "true",
    };
  }, undefined);

/** Gives the focus to the first token that a selector finds. */
const focus = (page: DrivenPage, selector: string) =>
  page.evaluate((css) => document.querySelector<HTMLElement>(`.token-text ${css}`)?.focus(), selector);

/** The strip's text. */
const whole = (page: DrivenPage) =>
  page.evaluate(() => document.querySelector(".token-text")?.textContent ?? "", undefined);

let site: BuiltSite;

beforeAll(async () => {
  site = await buildSite();
});

afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("a text by its tokens in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];
  let text: string;

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.generate()));
    await resize(1280, 900);
    await panel(page, "Tokens");
    await shown(page, "#drawer-panel", /Ask for each token's probability/);
    await tick(page, '#drawer-panel input[type="checkbox"]'); // which is kept between visits
    await open(page, site.generate(atOnce(bundledModel, golden.prompt, 12)));
    ({ text } = await outputIn(page, "done"));
    await panel(page, "Tokens");
    await shown(page, ".token-text .token.p1, .token-text .token.p2", /./);
  });

  afterAll(() => browser?.close());

  test("the tokens joined are the prompt and the text, which is the reference's", async () => {
    expect(await whole(page)).toBe(`<|bos|>${golden.prompt}${text}`);
    expect(golden.greedyText.startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(20);
  });

  test("a token's probability is the reference's, and the likeliest token has rank 1", async () => {
    const rows = await tableIn(page, /^Tokens as a table$/, "Table of tokens");
    expect(rows.filter(([, , share]) => share === "given")).toHaveLength(given);
    const written = rows.slice(given);
    const [token = 0] = golden.greedyTokens;
    expect(written[0]?.[1]).toBe(String(token));
    expect(percentIn(written[0]?.[2])).toBeCloseTo(100 * probability(golden.lastLogits, token), 1);
    expect(written.every(([, , , rank]) => rank === "1")).toBe(true);
    await press(page, "#drawer-panel summary", /^Tokens as a table$/);
  });

  test("probabilities have five steps that differ by their underlines", async () => {
    const underlines = await page.evaluate(
      () =>
        [...document.querySelectorAll(".token-legend .token")].map((step) => {
          const { textDecorationStyle, textDecorationColor, textDecorationLine } = getComputedStyle(step);
          const clear = textDecorationLine === "none" || /, 0\)$|transparent/.test(textDecorationColor);
          return clear ? "none" : textDecorationStyle;
        }),
      undefined,
    );
    expect(underlines).toEqual(["none", "dotted", "dashed", "solid", "wavy", "none"]);
  });

  test("arrow keys walk over the tokens, and Escape closes the details", async () => {
    await focus(page, `[data-unit="${given}"]`);
    const first = await until("details", async () => {
      const now = await focused(page);
      return now.open && now;
    });
    expect(first.label).toMatch(/^.+, [\d.]+ %, rank 1$/);
    for (const [pressed, unit] of [
      ["ArrowRight", given + 1],
      ["ArrowRight", given + 2],
      ["ArrowLeft", given + 1],
      ["Home", 0],
      ["End", given + 11],
    ] as const) {
      await key(page, pressed);
      await until(`focus on token ${unit} by ${pressed}`, async () => (await focused(page)).unit === unit);
    }
    await key(page, "ArrowUp");
    await until("focus on a line above", async () => (await focused(page)).unit < given + 11);
    await key(page, "Escape");
    await until("closed details", async () => !(await focused(page)).open);
    expect(await page.evaluate(() => document.querySelector(".token-details") === null, undefined)).toBe(true);
  });

  /** The details' shares in per cent: the model's own, and as they were drawn. */
  async function shares() {
    await shown(page, ".drawn-words", /^Drawn from \d+ tokens?:/);
    const rows = await page.evaluate(
      () =>
        [...document.querySelectorAll(".token-details tbody tr")].map((row) =>
          [...row.querySelectorAll("td.number")].map(({ textContent }) => textContent ?? ""),
        ),
      undefined,
    );
    const column = (i: number) => rows.map((cells) => (cells[i] === "–" ? 0 : percentIn(cells[i])));
    return { own: column(0), drawn: column(1) };
  }

  test("the details have ten alternatives and the rest, which sum to 1", async () => {
    await page.click(`.token-text [data-unit="${given + 1}"]`);
    await shown(page, ".token-details", /probability/);
    const { own, drawn } = await shares();
    expect(own).toHaveLength(11);
    expect(own.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    const [likeliest = 0, second = 0] = own;
    expect(likeliest).toBeGreaterThanOrEqual(second);
    expect(drawn).toEqual([100, ...new Array(10).fill(0)]); // at temperature 0
    await panelIsAccessible(page);
    await picturesOf(page, resize, `tokens-${name}`);
  });

  test("from a token on it continues with another in its place", async () => {
    const [before, at] = [given, given + 1].map((unit) => `.token-text [data-unit="${unit}"]`) as [string, string];
    await page.click(at);
    const instead = ".token-details .instead";
    const other = (await shown(page, instead, /./)).replaceAll("␣", " ").replaceAll("↵", "\n");
    const kept = await page.evaluate((css) => document.querySelector(css)?.textContent ?? "", before);
    await press(page, instead, /./);
    await until("another text", async () => !(await whole(page)).endsWith(text));
    const { text: written } = await outputIn(page, "done");
    expect(kept).not.toBe("");
    expect(text.startsWith(kept + other)).toBe(false);
    expect(written.startsWith(kept + other)).toBe(true);
    expect(await whole(page)).toBe(`<|bos|>${golden.prompt}${written}`);
  });

  test("characters of several tokens are one, and a long text is decorated where it is seen", async () => {
    const prompt = `<|whale|>The whale 🐋 ${"was seen and the sea was still. ".repeat(14)}`.trim();
    const drawnFromThree = atOnce(bundledModel, prompt, 4).replace("temperature=0", "temperature=2&top_k=3");
    await page.goto(site.generate(drawnFromThree)); // with the model that is there
    await shown(page, ".stats", /^[12]\d\d prompt tok.*stop:/);
    await resize(1280, 240);
    await panel(page, "Tokens");
    const found = await until("tokens", () =>
      page.evaluate(() => {
        const strip = document.querySelector(".token-text")?.textContent ?? "";
        const units = [...document.querySelectorAll<HTMLElement>(".token-text [data-unit]")];
        const whale = units.find(({ textContent }) => textContent?.includes("🐋"));
        return units.length > 0 && { strip, units: units.length, label: whale?.ariaLabel ?? "" };
      }, undefined),
    );
    expect(found.strip.startsWith(`<|bos|>${prompt}`)).toBe(true);
    expect(found.label).toMatch(/🐋, given, \d tokens$/);
    const gauge = () =>
      page.evaluate(() => Number(document.querySelector('[role="meter"]')?.ariaValueNow ?? 0), undefined);
    const all = await until("figure of the context", async () => {
      const now = await gauge();
      return now > 100 && now;
    });
    expect(found.units).toBeLessThan(all - 50);
    await focus(page, '[tabindex="0"]');
    await key(page, "End");
    await until("focus on the last token", async () => (await focused(page)).unit >= all - 2);
    const { own, drawn } = await shares();
    const [first = 0, second = 0] = own;
    expect(drawn.slice(0, 3).reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
    expect(drawn.slice(3).every((share) => share === 0)).toBe(true);
    expect((drawn[0] ?? 0) / (drawn[1] ?? 1)).toBeCloseTo(Math.sqrt(first / second), 1); // at temperature 2
    await resize(1280, 900);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
