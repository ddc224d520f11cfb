// Fine-tuning of a bundled model on the page that trains, in one browser: its load, and its adapter.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage } from "../driven.ts";
import { recordTexts } from "../generate/generate-ways.ts";
import { press, shown, until, write } from "../ways.ts";
import { keepSaved, ofTrain, savedBytes, type TrainPage, unzipped } from "./train-ways.ts";

const sentence = "The sea was calm, and the captain stood upon the deck. ";

let site: BuiltSite;
let slow: WebServer;
beforeAll(async () => {
  site = await buildSite();
  slow = await serveSite({ folders: { "/slow/": site.folder }, pace: 1e6 });
});
afterAll(async () => {
  await slow?.close();
  await site?.close();
});

describe.each(browsers.slice(0, 1))("fine-tuning in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  let browser: DrivenBrowser;
  let opened: OpenedPage;
  let train: TrainPage;
  const errors: (readonly string[])[] = [];

  beforeAll(async () => {
    browser = await installed.start();
    opened = await browser.open(
      `${slow.origin}/slow/train/index.html#v=1&task=adaptation&base=voices-nano&length=16&batch=1&rank=2&every=1&steps=1`,
    );
    errors.push(opened.errors);
    train = ofTrain(opened, installed.name);
    await opened.resize(1280, 900);
  });
  afterAll(() => browser?.close());

  test("a download says how much of it is there, how fast, and how long it takes, and is cancelled", async () => {
    const { page } = opened;
    await press(page, "button.primary", /^Load 3\.\d+ MB and train$/);
    await shown(
      page,
      "#loading",
      /^Loading the bundled model: downloading [\d.]+ [kM]B of 3\.\d+ MB · [\d.]+ [kM]B\/s · \d+ s left/,
    );
    const says = await page.evaluate(
      () => document.querySelector('progress[aria-label="Loading the bundled model"]')?.getAttribute("aria-valuetext"),
      undefined,
    );
    expect(says).toMatch(/^[\d.]+ %, downloading .* left$/);
    await press(page, "#loading button", /^Cancel$/);
    await shown(page, "button.primary", /^Load 3\.\d+ MB and train$/);
    await until("end of the load", () => page.evaluate(() => document.querySelector("#loading") === null, undefined));
    expect(await page.evaluate(() => document.querySelector('[role="alert"]')?.textContent, undefined)).toBeUndefined();
  });

  test("loads the bundled model with progress that never goes back, and fine-tunes it by an adapter, which is exported alone", async () => {
    const { page } = opened;
    await write(page, "#own-text", sentence.repeat(10).slice(0, -2)); // one window is held out
    const bars = await recordTexts(page, 'progress[aria-label="Loading the bundled model"]');
    await press(page, "button.primary", /^Load 3\.\d+ MB and train$/);
    await shown(page, "#run-facts", /^Finished after 1 step: /);
    await shown(page, "#sample-facts", /^At step 1: [\d.]+ % of the tokens right in \d windows that are held out/);
    const values = (await bars()).filter(Boolean).map(Number);
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.at(-1)).toBeGreaterThan(0.6);
    await train.eachWidth("adaptation");
    await keepSaved(page);
    await press(page, "#export button", /^Export as a zip file$/);
    expect(
      [...unzipped(await savedBytes(page)).keys()].map((file) => file.replace(/^adaptation-1\//, "")).sort(),
    ).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  });

  test("no uncaught errors", () => expect(errors.flat()).toEqual([]));
});
