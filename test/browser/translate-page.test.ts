// The page that translates, in every browser there is: a text is written, and the grid of what its tokens attend to.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import dates from "../golden/dates.json" with { type: "json" };
import { sequenceFolder, sequenceGolden } from "../seq2seq/golden.ts";
import { bundledModel } from "../support/bundled.ts";
import { type BuiltSite, buildSite, screenshot } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "./driven.ts";
import { fill, open, pick } from "./generate-ways.ts";
import { type ModelsServer, serveModels } from "./models-server.ts";
import { violationsIn } from "./search-ways.ts";
import { ofTranslate, recordGrowth, type TranslatePage } from "./translate-ways.ts";
import { press, shown, until } from "./ways.ts";

const { texts, forced } = sequenceGolden("t5");
const [first = { text: "", tokens: [], greedy: { ids: [], text: "" }, beams: [] }] = texts;

/** The mean of all heads of the row of the token that comes first, which depends on the source alone. */
const firstRow = (() => {
  const heads = forced.cross.flat();
  const at = forced.rows.indexOf(0);
  return first.tokens.map((_, s) => heads.reduce((sum, rows) => sum + (rows[at]?.[s] ?? 0), 0) / heads.length);
})();
/** The same of one head. */
const ofHead = (layer: number, head: number) => forced.cross[layer]?.[head]?.[forced.rows.indexOf(0)] ?? [];

let site: BuiltSite;
let models: ModelsServer;

beforeAll(async () => {
  site = await buildSite();
  models = await serveModels({
    t5: { folder: sequenceFolder("t5") },
    bart: { folder: "test/golden/bart" },
    bert: { folder: "test/golden/bert" },
    "voices-dense": { folder: bundledModel },
  });
});

afterAll(async () => {
  await models?.close();
  await site?.close();
});

describe.each(browsers)("the page that translates in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];
  let translate: TranslatePage;

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.translate()));
    await resize(1280, 900);
    translate = ofTranslate(page);
  });

  afterAll(() => browser?.close());

  const eachWidth = async (state: string, themes = ["light"]) => {
    for (const theme of themes) {
      await page.evaluate((chosen) => {
        document.documentElement.dataset["theme"] = chosen;
      }, theme);
      for (const [width, height] of [
        [390, 844],
        [1280, 900],
      ] as const) {
        await resize(width, height);
        const scroll = await page.evaluate(() => document.documentElement.scrollWidth, undefined);
        expect(scroll).toBeLessThanOrEqual(width);
        await screenshot(page, `translate-${state}-${name}-${theme}-${width}`);
      }
      expect(await violationsIn(page)).toEqual([]);
    }
  };

  /** Gives a model's address by a link. */
  const openModel = (model: string, more = "") =>
    open(page, site.translate(`v=1&model=${encodeURIComponent(`${models.address}${model}/`)}${more}`));

  test("says before anything is loaded what the model is, and how large", async () => {
    await shown(page, "button.primary", /^Load dates \(3\d\d kB\) and translate$/);
    await shown(page, "#bundled-facts", /to write dates as 2021-03-03 and nothing else/);
    await eachWidth("first", ["dark", "light"]);
  });

  test("the bundled model writes dates, whose digits attend most to the words that say them", async () => {
    const [{ text, date, aligned } = { text: "", date: "", aligned: [] }] = dates.texts;
    await fill(page, "#source", text);
    await press(page, "button.primary", /^Load dates/);
    expect(await translate.ended()).toBe(date);
    const rows = await translate.table();
    expect(rows.slice(0, -1).map(({ token }) => token)).toEqual([...date]);
    for (const [t, words] of aligned.entries()) {
      const { weights = [] } = rows[t] ?? {};
      if (words.length > 0) expect(words).toContain(weights.indexOf(Math.max(...weights)));
    }
    await eachWidth("dates", ["dark", "light"]);
  });

  test("writes what the model writes, and the grid grows by a row with each token", async () => {
    await openModel("t5", `&max_tokens=20&text=${encodeURIComponent(first.text)}`);
    const growth = await recordGrowth(page);
    await press(page, "button.primary", /^Load http:.*t5/);
    expect(await translate.ended()).toBe(first.greedy.text);
    const seen = await growth();
    expect(seen.at(-1)).toEqual([20, 20]);
    for (const [tokens, rows] of seen) expect(rows).toBe(tokens); // each comes with its token
    expect((await translate.tokens("Tokens of the source")).join("").replaceAll("␣", " ")).toBe(` ${first.text}</s>`);
    expect(await translate.colours()).toBeGreaterThan(10);
    await shown(page, "#run-facts", /^http:.*t5\/ · 15 tokens of source, 20 written · .* cut at the most tokens$/);
  });

  test("the table says what PyTorch found, of all heads and of one, which links name", async () => {
    const rows = await translate.table();
    expect(rows).toHaveLength(20);
    for (const { weights } of rows) {
      expect(Math.abs(weights.reduce((sum, weight) => sum + weight, 0) - 100)).toBeLessThan(0.06 * weights.length);
    }
    const compare = (row: readonly number[] = [], expected: readonly number[]) => {
      expect(row).toHaveLength(expected.length);
      for (const [s, weight] of expected.entries()) expect(Math.abs((row[s] ?? 0) - 100 * weight)).toBeLessThan(0.051);
    };
    compare(rows[0]?.weights, firstRow);
    await pick(page, "layer", "1");
    await pick(page, "head", "2");
    await shown(page, ".alignment strong", /^layer 1, head 2$/);
    compare((await translate.table())[0]?.weights, ofHead(1, 2));
    await until("the head in the link", () => page.evaluate(() => /layer=1&head=2/.test(location.hash), undefined));
    await eachWidth("written", ["dark", "light"]);
    await pick(page, "layer", "");
    await pick(page, "head", "");
  });

  test("a token that has the focus says and shows its counterparts, as the grid does by pointer and keys", async () => {
    await resize(1280, 900);
    const best = firstRow.indexOf(Math.max(...firstRow));
    const source = await translate.tokens("Tokens of the source");
    await translate.focusToken("Written tokens", 0);
    await shown(page, "#picked-words", new RegExp(`^“[^”]+” attends most to “${source[best]}” [\\d.]+ %, `));
    expect(
      await page.evaluate(
        () =>
          [...document.querySelectorAll("fieldset.tokens:last-of-type button")].findIndex(
            (one) => (one as HTMLElement).style.getPropertyValue("--weight") === "1.00",
          ),
        undefined,
      ),
    ).toBe(best);
    await screenshot(page, `translate-focus-${name}`);
    await translate.focusToken("Tokens of the source", 2);
    await shown(page, "#picked-words", /^“.+” is attended to most by “/);
    for (const key of ["ArrowDown", "ArrowDown", "ArrowRight"]) await translate.key(key);
    const [, second = "", one = ""] = [
      "",
      (await translate.tokens("Written tokens"))[1] ?? "",
      (await translate.tokens("Tokens of the source"))[1] ?? "",
    ];
    const { weights = [] } = (await translate.table())[1] ?? {};
    const words = await shown(
      page,
      "#picked-words",
      new RegExp(`^“${second}” attends to “${one}”: [\\d.]+ %; most to`),
    );
    expect(Number(/: ([\d.]+) %/.exec(words)?.[1])).toBe(weights[1]);
    expect(await page.evaluate(() => document.querySelectorAll("button.aligned.picked").length, undefined)).toBe(2);
    await translate.point(0.99, 0.99);
    await shown(page, "#picked-words", /^“[^”]+” attends to “<\/s>”: /);
  });

  test("searches with beams, and finds the text and the score of the reference", async () => {
    const [{ results } = { results: [] }] = first.beams ?? [];
    await fill(page, "#beams", "4");
    await press(page, "button.primary", /^Translate$/);
    await shown(page, "#run-facts", new RegExp(`score ${(results[0]?.score ?? 0).toPrecision(4)} `));
    expect(await translate.tokens("Written tokens")).toHaveLength(results[0]?.ids.length ?? 0);
    expect(await translate.table()).toHaveLength(results[0]?.ids.length ?? 0);
    await fill(page, "#beams", "9");
    await shown(page, "#why-not", /^Beams is a whole number from 1 to 8\.$/);
  });

  test("draws rows while it writes; stops at once, and what was written has all its rows", async () => {
    await openModel("t5", "&max_tokens=1024&no_repeat=0&text=a%20b");
    await press(page, "button.primary", /^Load http:.*t5/);
    await until("rows while it writes", () =>
      page.evaluate(() => {
        const label = document.querySelector("#grid")?.getAttribute("aria-label") ?? "";
        return (
          Number(/^Grid of (\d+)/.exec(label)?.[1]) > 0 &&
          /^Stop$/.test(document.querySelector(".work button.primary")?.textContent ?? "")
        );
      }, undefined),
    );
    await press(page, "button.primary", /^Stop$/);
    await translate.ended();
    await shown(page, "#run-facts", /stopped$/);
    const { length } = await translate.tokens("Written tokens");
    expect(length).toBeLessThan(1024);
    await shown(page, "#grid", new RegExp(`^Grid of ${length} written tokens and 4 of the source`));
    await press(page, "button.primary", /^Translate$/);
    await press(page, "button.primary", /^Stop$/);
  });

  test("an empty text, and one that is longer than the encoder takes", async () => {
    await openModel("bart", "&max_tokens=5");
    await shown(page, "#why-not", /^The text is empty/);
    await fill(page, "#source", "the cat sat on the mat and ".repeat(9));
    await press(page, "button.primary", /^Load http:.*bart.* and translate$/);
    await shown(
      page,
      '[role="alert"]',
      /The text has \d+ tokens, the encoder of .*bart.* takes at most 61\. Shorten the text/,
    );
    await eachWidth("refused");
    await fill(page, "#source", "a b");
    await press(page, "button.primary", /^Translate$/);
    await translate.ended();
    expect(await page.evaluate(() => document.querySelector('[role="alert"]'), undefined)).toBeNull();
  });

  test.each([
    ["voices-dense", /model_type.*known encoder-decoders are t5.*language models run on the page Generate/],
    ["bert", /model_type.*known encoder-decoders are t5.*encoders on the page Search/],
    ["nothing", /no such file.*it has to be a folder of an encoder-decoder/],
  ])("a folder of another kind is refused: %s", async (model, says) => {
    await openModel(model, "&text=a");
    await press(page, "button.primary", /^Load http:.* and translate$/);
    await shown(page, '[role="alert"]', says);
  });

  test("a folder of the reader's own", async () => {
    await open(page, site.translate("v=1&text=a%20b&max_tokens=4"));
    await page.click('input[value="files"]');
    const files = [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ];
    await until("a field", () => page.evaluate(() => document.querySelector("#model-folder") !== null, undefined));
    await translate.pickFolder(`${models.address}bart/`, files);
    await press(page, "button.primary", /^Load your files and translate$/);
    await translate.ended();
    await shown(page, "#model-facts", /^✓ loaded: .*2 layers of encoder and 3 of decoder, 3 heads/);
  });

  test.each([
    ["no-webgpu", /has no WebGPU/],
    ["no-adapter", /gives the page no GPU/],
    ["wrong-numbers", /computes attention wrongly.*do not trust what is written/],
    ["lost", /The GPU was lost/],
    ["out-of-memory", /out of memory.*Take a smaller model/],
    ["network", /connection was lost.*Check the connection/],
  ])("says what is wrong and what to do: %s", async (state, says) => {
    await open(page, site.translate(`v=1&sim=${state}`));
    await shown(page, '[role="alert"]', says);
    await shown(page, "button", /^Copy report$/);
    expect(await violationsIn(page)).toEqual([]);
  });

  test("in dark and light breaks no rule while it loads", async () => {
    await open(page, site.translate("v=1&sim=downloading"));
    await shown(page, ".phase", /^Loading owner\/name: downloading 41\.2 MB of 242 MB/);
    await eachWidth("downloading", ["dark", "light"]);
  });

  test("no uncaught errors", () => expect(errors).toEqual([]));
});
