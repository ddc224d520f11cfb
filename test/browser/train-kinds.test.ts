// The page that trains, with a model that is no decoder, in one browser, as decoders are trained in all: an encoder-decoder learns to copy, its tab
// is closed and it goes on, and it is exported.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "./driven.ts";
import { keepSaved, ofTrain, savedBytes, type TrainPage, unzipped } from "./train-ways.ts";
import { press, shown } from "./ways.ts";

const small = "v=1&task=copy&architecture=transformer-2017&length=3&layers=1&heads=2&head_width=8&batch=16&every=5";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers.slice(0, 1))("an encoder-decoder on the page that trains in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  const { name } = installed;
  let browser: DrivenBrowser;
  let opened: OpenedPage;
  let train: TrainPage;
  const errors: (readonly string[])[] = [];

  async function openTab(settings: string): Promise<void> {
    opened = await browser.open(site.train(settings));
    errors.push(opened.errors);
    train = ofTrain(opened, name);
    await opened.resize(1280, 900);
  }

  beforeAll(async () => {
    browser = await installed.start();
    await openTab(small);
  });
  afterAll(() => browser?.close());

  let before: string[][] = [];
  test("learns, with attention over its source, and pauses", async () => {
    await train.start();
    await train.reach(6);
    const step = await train.pause();
    before = await train.losses();
    expect(before).toHaveLength(step);
    await shown(opened.page, "#attention-part", /over the source.*of the encoder.*over itself/);
    await shown(opened.page, "#plot-norms svg", /decoder 0/);
    await train.eachWidth("pairs");
  });

  test("goes on after its tab was closed, and is exported as a folder", async () => {
    await opened.page.close();
    await openTab("v=1&task=copy");
    await shown(opened.page, "#run-facts", new RegExp(`^Paused after ${before.length} steps`));
    expect(await train.losses()).toEqual(before);
    await press(opened.page, ".work button", /^One step$/);
    await train.reach(before.length + 1);
    await train.rests();
    const { page } = opened;
    await shown(page, "#export", /loadEncoderDecoder of this engine opens/);
    await keepSaved(page);
    await press(page, "#export button", /^Export as a zip file$/);
    const files = unzipped(await savedBytes(page));
    const names = [...files.keys()].map((file) => file.replace(/^copy-\d+\//, ""));
    expect(names).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]));
    expect(errors.flat()).toEqual([]);
  });
});
