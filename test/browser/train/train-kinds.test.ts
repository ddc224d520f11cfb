// The page that trains, with a model that is no decoder, in one browser: an encoder-decoder learns to copy, and is
// exported. A tab that was closed is in train.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "../driven.ts";
import { press, shown } from "../ways.ts";
import { keepSaved, ofTrain, savedBytes, type TrainPage, unzipped } from "./train-ways.ts";

const small =
  "v=1&task=copy&architecture=transformer-2017&length=3&layers=1&heads=2&head_width=8&batch=16&every=5&sim=storage-full";

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

  beforeAll(async () => {
    browser = await installed.start();
    opened = await browser.open(site.train(small));
    train = ofTrain(opened, name);
    await opened.resize(1280, 900);
  });
  afterAll(() => browser?.close());

  test("learns, with attention over its source, and pauses, where the storage is full too", async () => {
    await train.start();
    await train.reach(2);
    await shown(opened.page, '[data-trouble="not-kept"]', /does not keep the run: simulated: the quota is used up/);
    const step = await train.pause();
    expect(await train.losses()).toHaveLength(step);
    await shown(opened.page, "#attention-part", /over the source.*of the encoder.*over itself/);
    await shown(opened.page, "#plot-norms svg", /decoder 0/);
    await train.eachWidth("pairs");
  });

  test("is exported as a folder", async () => {
    const { page } = opened;
    await shown(page, "#export", /loadEncoderDecoder of this engine opens/);
    await keepSaved(page);
    await press(page, "#export button", /^Export as a zip file$/);
    const files = unzipped(await savedBytes(page));
    const names = [...files.keys()].map((file) => file.replace(/^copy-\d+\//, ""));
    expect(names).toEqual(expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json"]));
    expect(opened.errors).toEqual([]);
  });
});
