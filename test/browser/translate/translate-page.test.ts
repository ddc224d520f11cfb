// The page that translates: in every browser there is a text is written by keys alone, in one its grid is compared with
// what PyTorch found.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../../../site/translate/model/choice.ts";
import { sequenceGolden } from "../../encoders/seq2seq/golden.ts";
import dates from "../../golden/dates.json" with { type: "json" };
import { screenshot } from "../attention/attention-site.ts";
import { browsers, type DrivenPage, ownIn } from "../driven.ts";
import { fill, pick } from "../generate/generate-ways.ts";
import { press, shown, until } from "../ways.ts";
import { type OpenTranslate, openTranslate, serveTranslate, type TranslateSite } from "./translate-site.ts";
import { recordGrowth, type TranslatePage } from "./translate-ways.ts";

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

let served: TranslateSite;
beforeAll(async () => {
  served = await serveTranslate();
});
afterAll(() => served?.close());

describe.each(browsers)("the page that translates in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  const { name } = installed;
  const own = ownIn(name);
  let opened: OpenTranslate;
  let page: DrivenPage;
  let translate: TranslatePage;

  beforeAll(async () => {
    opened = await openTranslate(served, installed);
    ({ page, translate } = opened);
  });
  afterAll(() => opened?.close());

  test("says before anything is loaded what the model is, and how large", async () => {
    await shown(page, "button.primary", /^Load dates \(3\d\d kB\) and translate$/);
    await shown(page, "#bundled-facts", /to write dates as 2021-03-03 and nothing else/);
    await opened.eachWidth("first", ["dark", "light"]);
  });

  own("shows recorded runs of the examples, which are what the model then writes here", async () => {
    const [, text = ""] = bundled.examples;
    await press(page, ".work button", new RegExp(`^${text}$`));
    await shown(page, "#run-facts", new RegExp(`^Recorded earlier, not on this device: .* from “${text}”`));
    const [before, written] = [await translate.table(), await shown(page, "#written", /^1997-03-30$/)];
    await press(page, "button.primary", /^Load dates/);
    expect(await translate.ended()).toBe(written);
    const now = await translate.table();
    expect(now.map(({ token }) => token)).toEqual(before.map(({ token }) => token));
    for (const [t, { weights }] of now.entries()) {
      for (const [s, weight] of weights.entries()) {
        // Recorded are four digits, shown three.
        expect(Math.abs(weight - (before[t]?.weights[s] ?? Number.NaN))).toBeLessThan(0.1);
      }
    }
    expect(await page.evaluate(() => document.querySelector('[data-trouble="untrained"]'), undefined)).toBeNull();
  });

  own("the bundled model writes dates, whose digits attend most to the words that say them", async () => {
    const [{ text, date, aligned } = { text: "", date: "", aligned: [] }] = dates.texts;
    await fill(page, "#source", text);
    await press(page, "button.primary", /^Translate$/);
    await shown(page, "#written", new RegExp(`^${date}$`));
    await translate.ended(); // the row of the last token, which ends the text, comes after its digits
    const rows = await translate.table();
    expect(rows.slice(0, -1).map(({ token }) => token)).toEqual([...date]);
    for (const [t, words] of aligned.entries()) {
      const { weights = [] } = rows[t] ?? {};
      if (words.length > 0) expect(words).toContain(weights.indexOf(Math.max(...weights)));
    }
    await opened.eachWidth("dates");
  });

  test("by keys alone: a text is written, and its grid and its tokens are walked", async () => {
    // The GPU is open; in one browser the model is loaded.
    await shown(page, 'button.primary:not(:disabled, [aria-disabled="true"])', /^(Load dates|Translate)/);
    await page.click("h1"); // keys of the page count where no field has the focus
    await page.keyboard.press("/");
    await page.keyboard.down("Control");
    await page.keyboard.press("a");
    await page.keyboard.up("Control");
    await page.keyboard.type("april 5, 1999", { delay: 1 });
    await page.keyboard.down("Control");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Control");
    await shown(page, "#written", /^1999-04-05$/);
    await translate.ended();
    const focused = () =>
      page.evaluate(() => {
        const one = document.activeElement;
        const shows = one?.matches(":focus-visible") && getComputedStyle(one).outlineStyle !== "none";
        return `${one?.id || one?.textContent}${shows ? "" : ", which does not show it"}`;
      }, undefined);
    await until("the field has kept the focus", async () => (await focused()) === "source");
    const reached: string[] = [];
    while (reached.length < 30 && reached.at(-1) !== "grid") {
      await page.keyboard.press("Tab");
      reached.push(await focused());
    }
    // One token of each strip, then the grid.
    expect(reached.slice(-3)).toEqual(["1", "␣april", "grid"].map((one) => one.replace("␣", "")));
    await translate.keys("ArrowDown", "ArrowRight", "End", "Home");
    await shown(page, "#picked-words", /^“1” attends to “april”: /);
    await page.keyboard.down("Shift");
    await page.keyboard.press("Tab");
    await page.keyboard.up("Shift");
    await translate.keys("End");
    expect(await focused()).toBe("</s>");
    await shown(page, "#picked-words", /^“<\/s>” is attended to most by “/);
  });

  own("a folder of the reader's own; an empty text, and one that is longer than the encoder takes", async () => {
    await fill(page, "#maxTokens", "4");
    await page.click('input[value="files"]');
    const files = [
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ];
    await until("a field", () => page.evaluate(() => document.querySelector("#model-folder") !== null, undefined));
    await translate.pickFolder(`${served.models.address}bart/`, files);
    await fill(page, "#source", " ");
    await shown(page, "#why-not", /^The text is empty/);
    await fill(page, "#source", "the cat sat on the mat and ".repeat(9));
    await press(page, "button.primary", /^Load your files and translate$/);
    await shown(
      page,
      '[role="alert"]',
      /The text has \d+ tokens, the encoder of .* takes at most 61\. Shorten the text/,
    );
    await opened.eachWidth("refused");
    await fill(page, "#source", "a b");
    await press(page, "button.primary", /^Translate$/);
    await until("no alert", () => page.evaluate(() => document.querySelector('[role="alert"]') === null, undefined));
    await translate.ended();
    await shown(page, "#model-facts", /^✓ loaded: .*2 layers of encoder and 3 of decoder, 3 heads, .*random weights/);
    await shown(page, '[data-trouble="untrained"]', /The weights of your files cannot be distinguished from random/);
  });

  own("writes what the model writes, and the grid grows by a row with each token", async () => {
    await opened.openModel("t5", `&max_tokens=20&text=${encodeURIComponent(first.text)}`);
    const growth = await recordGrowth(page);
    await press(page, "button.primary", /^Load http:.*t5/);
    expect(await translate.ended()).toBe(first.greedy.text);
    const seen = await growth();
    expect(seen.at(-1)).toEqual([20, 20]);
    for (const [tokens, rows] of seen) expect(rows).toBe(tokens); // each comes with its token
    expect((await translate.tokens("Tokens of the source")).join("").replaceAll("␣", " ")).toBe(` ${first.text}</s>`);
    expect(await translate.colours()).toBeGreaterThan(10);
    await shown(
      page,
      "#run-facts",
      /^http:.*t5\/, random weights · 15 tokens of source, 20 written · .* cut at the most tokens$/,
    );
    await shown(
      page,
      '[data-trouble="untrained"]',
      /^! Warning\. The weights of http.*t5\/ cannot be distinguished from random/,
    );
  });

  own("the table says what PyTorch found, of all heads and of one, which links name", async () => {
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
    await opened.eachWidth("written", ["dark", "light"]);
    await pick(page, "layer", "");
    await pick(page, "head", "");
  });

  own("a token that has the focus says and shows its counterparts, as the grid does by pointer and keys", async () => {
    await opened.resize(1280, 900);
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
    await translate.keys("g", "ArrowDown", "ArrowDown", "ArrowRight");
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

  own("searches with beams, and finds the text and the score of the reference", async () => {
    const [{ results } = { results: [] }] = first.beams ?? [];
    await fill(page, "#beams", "4");
    await press(page, "button.primary", /^Translate$/);
    await shown(page, "#run-facts", new RegExp(`score ${(results[0]?.score ?? 0).toPrecision(4)} `));
    expect(await translate.tokens("Written tokens")).toHaveLength(results[0]?.ids.length ?? 0);
    expect(await translate.table()).toHaveLength(results[0]?.ids.length ?? 0);
    await fill(page, "#beams", "9");
    await shown(page, "#why-not", /^Beams is a whole number from 1 to 8\.$/);
  });

  own("draws rows while it writes; stops at once, and what was written has all its rows", async () => {
    await fill(page, "#beams", "1");
    await fill(page, "#maxTokens", "1024");
    await fill(page, "#noRepeatNgram", "0");
    await fill(page, "#source", "a b");
    await press(page, "button.primary", /^Translate$/);
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

  own(
    "a long text: the mean alone, stopped in the middle; the part of the grid in view is drawn, and keys scroll it",
    async () => {
      await fill(
        page,
        "#source",
        "sphinx of black quartz, judge my vow! the five boxing wizards jump quickly. ".repeat(13),
      );
      await press(page, "button.primary", /^Translate$/);
      await until("rows", () =>
        page.evaluate(
          () =>
            Number(/^Grid of (\d+)/.exec(document.querySelector("#grid")?.getAttribute("aria-label") ?? "")?.[1]) > 20,
          undefined,
        ),
      );
      await page.keyboard.press("Escape");
      await shown(page, "#run-facts", /911 tokens of source, \d+ written · stopped$/);
      await shown(page, "#mean-only", /^For a text of this length there is the mean of all layers and heads alone/);
      await opened.eachWidth("long");
      await opened.resize(1280, 240); // so low that the rows are more than the frame shows
      const frame = () =>
        page.evaluate(() => {
          const canvas = document.querySelector<HTMLCanvasElement>("#grid");
          const around = document.querySelector(".grid-frame");
          const scale = canvas ? canvas.width / canvas.clientWidth : 0;
          return {
            width: (canvas?.width ?? 0) / scale,
            height: (canvas?.height ?? 0) / scale,
            room: [around?.clientWidth ?? 0, around?.clientHeight ?? 0] as const,
            whole: [around?.scrollWidth ?? 0, around?.scrollHeight ?? 0] as const,
            scrolled: [around?.scrollLeft ?? 0, around?.scrollTop ?? 0] as const,
          };
        }, undefined);
      // It is drawn anew after the frame has got another size.
      const { room, whole } = await until("a canvas within its frame, of rows beyond it", async () => {
        const now = await frame();
        return now.height <= now.room[1] && now.width <= now.room[0] && now.whole[1] > now.room[1] && now;
      });
      expect(whole[0]).toBeGreaterThan(911 * 11);
      await page.click("#written"); // keys of the page count where no field has the focus
      for (const key of ["g", "ArrowDown", "ArrowDown", "End"]) await page.keyboard.press(key);
      await shown(page, "#picked-words", /attends to “<\/s>”: [\d.]+ %; most to/);
      await until("the last column in view", async () => {
        const { scrolled } = await frame();
        return scrolled[0] >= whole[0] - room[0] - 11 && scrolled[1] === 0;
      });
      await page.keyboard.down("Control");
      await page.keyboard.press("Home");
      await page.keyboard.up("Control");
      await until("the first cell in view", async () => (await frame()).scrolled.every((pixels) => pixels === 0));
      await translate.table(); // is shown
      await shown(
        page,
        ".alignment details",
        /rows and 911 columns are too many for a table: the 5 strongest of each row/,
      );
      await opened.resize(1280, 900);
    },
  );

  test("no uncaught errors", () => expect(opened.errors).toEqual([]));
});
