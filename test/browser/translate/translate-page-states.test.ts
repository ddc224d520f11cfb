// States of the page that translates, in one browser, since they are the page's own: texts and folders that are
// refused, devices that fail.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers, type DrivenPage } from "../driven.ts";
import { fill, open } from "../generate/generate-ways.ts";
import { violationsIn } from "../search/search-ways.ts";
import { press, shown, until } from "../ways.ts";
import { type OpenTranslate, openTranslate, serveTranslate, type TranslateSite } from "./translate-site.ts";
import type { TranslatePage } from "./translate-ways.ts";

let served: TranslateSite;
beforeAll(async () => {
  served = await serveTranslate();
});
afterAll(() => served?.close());

describe.each(browsers.slice(0, 1))("states of the page that translates in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  let opened: OpenTranslate;
  let page: DrivenPage;
  let translate: TranslatePage;

  beforeAll(async () => {
    opened = await openTranslate(served, installed);
    ({ page, translate } = opened);
  });
  afterAll(() => opened?.close());

  test("a folder of the reader's own; an empty text, and one that is longer than the encoder takes", async () => {
    await open(page, served.site.translate("v=1&max_tokens=4"));
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

  test("a long text: the mean alone, stopped in the middle; the part of the grid in view is drawn, and keys scroll it", async () => {
    const words = "sphinx of black quartz, judge my vow! the five boxing wizards jump quickly. ".repeat(14);
    await opened.openModel("t5", `&max_tokens=1000&text=${encodeURIComponent(words)}`);
    await press(page, "button.primary", /^Load http:.*t5/);
    await until("rows", () =>
      page.evaluate(
        () =>
          Number(/^Grid of (\d+)/.exec(document.querySelector("#grid")?.getAttribute("aria-label") ?? "")?.[1]) > 20,
        undefined,
      ),
    );
    await page.keyboard.press("Escape");
    await shown(page, "#run-facts", /981 tokens of source, \d+ written · stopped$/);
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
    const { room, whole } = await until("a canvas within its frame", async () => {
      const now = await frame();
      return now.height <= now.room[1] && now.width <= now.room[0] && now;
    });
    expect(whole[1]).toBeGreaterThan(room[1]);
    expect(whole[0]).toBeGreaterThan(981 * 11);
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
    await press(page, ".alignment summary", /^The grid as a table$/);
    await shown(
      page,
      ".alignment details",
      /rows and 981 columns are too many for a table: the 5 strongest of each row/,
    );
    await opened.resize(1280, 900);
  });

  test.each([
    ["voices-dense", /model_type.*known encoder-decoders are t5.*language models run on the page Generate/],
    ["bert", /model_type.*known encoder-decoders are t5.*encoders on the page Search/],
    ["nothing", /no such file.*it has to be a folder of an encoder-decoder/],
  ] as const)("a folder of another kind is refused: %s", async (model, says) => {
    await opened.openModel(model, "&text=a");
    await press(page, "button.primary", /^Load http:.* and translate$/);
    await shown(page, '[role="alert"]', says);
  });

  test.each([
    ["no-webgpu", /has no WebGPU/],
    ["wrong-numbers", /computes attention wrongly.*do not trust what is written/],
    ["lost", /The GPU was lost/],
    ["out-of-memory", /out of memory.*Use a smaller model/],
    ["network", /connection was lost.*Check the connection/],
  ] as const)("says what is wrong and what to do: %s", async (state, says) => {
    await open(page, served.site.translate(`v=1&sim=${state}`));
    await shown(page, '[role="alert"]', says);
    await shown(page, "button", /^Copy report$/);
    if (state === "no-webgpu" || state === "wrong-numbers") expect(await violationsIn(page)).toEqual([]);
    // The recorded run stays.
    await shown(page, "#written", /^2021-03-03$/);
    expect(await translate.table()).toHaveLength(11);
  });

  test("in dark and light breaks no rule while it loads", async () => {
    await open(page, served.site.translate("v=1&sim=downloading"));
    await shown(page, ".phase", /^Loading owner\/name: downloading 41\.2 MB of 242 MB/);
    await opened.eachWidth("downloading", ["dark", "light"]);
  });

  test("no uncaught errors", () => expect(opened.errors).toEqual([]));
});
