// States of the page that translates, in one browser, since they are the page's own: folders that are refused, devices
// that fail.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browsers, type DrivenPage } from "../driven.ts";
import { open } from "../generate/generate-ways.ts";
import { violationsIn } from "../search/search-ways.ts";
import { press, shown } from "../ways.ts";
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
