// States of the page that translates, in every browser there is: texts and folders that are refused, devices that fail.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers, type DrivenPage } from "./driven.ts";
import { fill, open } from "./generate-ways.ts";
import { violationsIn } from "./search-ways.ts";
import { type OpenTranslate, openTranslate, serveTranslate, type TranslateSite } from "./translate-site.ts";
import type { TranslatePage } from "./translate-ways.ts";
import { press, shown, until } from "./ways.ts";

let served: TranslateSite;
beforeAll(async () => {
  served = await serveTranslate();
});
afterAll(() => served?.close());

describe.each(browsers)("states of the page that translates in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  let opened: OpenTranslate;
  let page: DrivenPage;
  let translate: TranslatePage;

  beforeAll(async () => {
    opened = await openTranslate(served, installed);
    ({ page, translate } = opened);
  });
  afterAll(() => opened?.close());

  test("an empty text, and one that is longer than the encoder takes", async () => {
    await opened.openModel("bart", "&max_tokens=5");
    await shown(page, "#why-not", /^The text is empty/);
    await fill(page, "#source", "the cat sat on the mat and ".repeat(9));
    await press(page, "button.primary", /^Load http:.*bart.* and translate$/);
    await shown(
      page,
      '[role="alert"]',
      /The text has \d+ tokens, the encoder of .*bart.* takes at most 61\. Shorten the text/,
    );
    await opened.eachWidth("refused");
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
    await opened.openModel(model, "&text=a");
    await press(page, "button.primary", /^Load http:.* and translate$/);
    await shown(page, '[role="alert"]', says);
  });

  test("a folder of the reader's own", async () => {
    await open(page, served.site.translate("v=1&text=a%20b&max_tokens=4"));
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
    await press(page, "button.primary", /^Load your files and translate$/);
    await translate.ended();
    await shown(page, "#model-facts", /^✓ loaded: .*2 layers of encoder and 3 of decoder, 3 heads, .*random weights/);
    await shown(page, '[data-trouble="untrained"]', /The weights of your files cannot be distinguished from random/);
  });

  test.each([
    ["no-webgpu", /has no WebGPU/],
    ["no-adapter", /gives the page no GPU/],
    ["wrong-numbers", /computes attention wrongly.*do not trust what is written/],
    ["lost", /The GPU was lost/],
    ["out-of-memory", /out of memory.*Take a smaller model/],
    ["network", /connection was lost.*Check the connection/],
  ])("says what is wrong and what to do: %s", async (state, says) => {
    await open(page, served.site.translate(`v=1&sim=${state}`));
    await shown(page, '[role="alert"]', says);
    await shown(page, "button", /^Copy report$/);
    expect(await violationsIn(page)).toEqual([]);
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
