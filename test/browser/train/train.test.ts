// The page that trains: in every browser there is a model learns to sort, its tab is closed and it goes on, and it is
// exported; in one it is opened in the page that generates, and what can go wrong is tried.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type OpenedPage, ownIn, simulatedIn } from "../driven.ts";
import { open, output } from "../generate/generate-ways.ts";
import { press, shown, until } from "../ways.ts";
import { keepSaved, keys, ofTrain, savedBytes, type TrainPage, unzipped } from "./train-ways.ts";

/** A model that takes a step in little time on any adapter. */
const small = "v=1&layers=1&heads=2&head_width=8&batch=16&every=5&lr=0.002";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

describe.each(browsers)("the page that trains in $name", (installed) => {
  if (installed.missing) return test.skip(installed.missing);
  const { name } = installed;
  const own = ownIn(name);
  let browser: DrivenBrowser;
  let opened: OpenedPage;
  let train: TrainPage;
  const errors: (readonly string[])[] = [];

  async function openTab(settings?: string): Promise<void> {
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

  test("shows a recorded run before anything is trained", async () => {
    await shown(opened.page, "#run-facts", /^Recorded earlier, not on this device: \d+ steps of sorting, until 100 % /);
    await shown(opened.page, "#sample-facts", /^At step \d+: 100 % of 181 right/);
    await shown(opened.page, "#plot-loss svg", /ln V/);
    await train.eachWidth("first", ["dark", "light"]);
  });

  let before: string[][] = [];
  /** Fills in settings. */
  const set = (values: Readonly<Record<string, string>>) =>
    opened.page.evaluate((given) => {
      for (const [name, value] of Object.entries(given)) {
        const field = document.querySelector<HTMLInputElement>(`#set-${name}`);
        if (!field) throw new Error(`there is no field ${name}`);
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }, values);
  test("trains, shows what it learns, pauses, and keeps the run", async () => {
    await train.start();
    await train.reach(2);
    await shown(opened.page, "#run-facts", /^Training · step .* steps\/s, [\d\u2009]+ tokens\/s/);
    const step = await train.pause();
    before = await train.losses();
    expect(before).toHaveLength(step);
    // Guessing has ln 3.
    expect(Math.abs(Number(before[0]?.[1]) - Math.log(3))).toBeLessThan(0.15);
    await shown(opened.page, "#kept", new RegExp(`^Kept in this browser at step ${step}: `));
    await shown(opened.page, "#plot-norms svg", /embeddings/);
    await shown(opened.page, "#plot-ratios svg", /layer 0/);
    await shown(opened.page, "#plot-memory figcaption", /all kept, at most .*; cheap again, .*; layers again, /);
    await train.eachWidth("paused", ["dark", "light"]);
  });

  // In one browser the device is lost as well, and another run is not interrupted: both are the page's own.
  test("a tab that was closed goes on at the same step, with the same losses as a run that was not", async () => {
    await opened.page.close();
    const isLost = name === "Chromium";
    await openTab(isLost ? "v=1&sim=lost" : undefined); // the address says nothing of the run
    const { page } = opened;
    await shown(page, "#run-facts", new RegExp(`^Paused after ${before.length} steps · step ${before.length} of`));
    expect(await train.losses()).toEqual(before);
    if (isLost) {
      await shown(page, '[role="alert"]', /The GPU was lost.*continues from its last save/);
      await press(page, "button", /^Open the device again$/);
    } else await train.start();
    await train.reach(before.length + 1);
    const step = await train.pause();
    const resumed = await train.losses();
    expect(resumed).toHaveLength(step);
    expect(resumed.slice(0, before.length)).toEqual(before);
    if (!isLost) return;
    await press(page, ".work button", /^Reset…$/);
    await press(page, ".work button", /^Delete it$/);
    await shown(page, "#run-facts", /^Recorded earlier/);
    await train.start();
    await train.reach(step);
    await train.pause();
    expect((await train.losses()).slice(0, step)).toEqual(resumed);
  });

  own("another tab does not train the same task", async () => {
    const other = await browser.open(site.train());
    errors.push(other.errors);
    const twin = ofTrain(other, name);
    await shown(other.page, "#run-facts", /^Paused after/);
    await twin.start();
    await shown(other.page, '[role="alert"]', /Another tab trains this task.*Pause and close it there/);
    await other.page.close();
  });

  test("attention of any head is walked by keys, at any step", async () => {
    const { page } = opened;
    await page.click("h1"); // keys of the page count where no field has the focus
    await keys(page, "a", "ArrowUp", "ArrowLeft");
    const said = await shown(page, "#cell-says", /^position 9, “\d”, attends to position 8, “\d”: [\d.]+ %$/);
    await page.evaluate(() => {
      const slider = document.querySelector<HTMLInputElement>(".attention input[type=range]");
      if (!slider) throw new Error("there is no slider");
      slider.value = "0";
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, undefined);
    await shown(page, "#sample-facts", /^At step 0: /);
    await until("other weights", async () => {
      const now = await page.evaluate(() => document.querySelector("#cell-says")?.textContent, undefined);
      return now !== said;
    });
  });

  test("exports a folder as a zip file", async () => {
    const { page } = opened;
    await keepSaved(page);
    await press(page, "#export button", /^Export as a zip file$/);
    const files = unzipped(await savedBytes(page));
    expect([...files.keys()].map((file) => file.replace(/^sort-\d+\//, "")).sort()).toEqual([
      "config.json",
      "generation_config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
  });

  own("opens what it trained in the page that generates, which says the same", async () => {
    const { page } = opened;
    await page.evaluate(() => {
      const slider = document.querySelector<HTMLInputElement>(".samples input[type=range]");
      if (!slider) throw new Error("there is no slider");
      slider.value = slider.max;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }, undefined);
    const [, given] = await until("sample", () =>
      page.evaluate(
        () => [...document.querySelectorAll(".samples tbody tr:first-child code")].map((one) => one.textContent ?? ""),
        undefined,
      ),
    );
    await press(page, "#export button", /^Open in Generate$/);
    await until(
      "the page that generates",
      () =>
        page
          .evaluate(() => document.querySelector("h1")?.textContent?.startsWith("Generate"), undefined)
          .catch(() => undefined), // while one page takes the other's place
    );
    await press(page, "button.primary", /^Load/);
    await press(page, "button.primary", /^(Complete|Generate|Continue)/);
    await until("text", async () => (await output(page)).state === "done");
    expect((await output(page)).text).toBe(given);
  });

  own(
    "a loss that diverges is said, and the last good state stays; other settings are tried and compared with, where nothing is kept",
    async () => {
      const { page } = opened;
      await open(
        page,
        site.train(
          "v=1&task=induction&length=6&layers=1&heads=1&head_width=8&batch=4&every=50&lr=10&clip=100000&sim=no-storage",
        ),
      );
      await shown(page, "#task-says", /^Random letters/);
      await train.start();
      await shown(
        page,
        '[data-trouble="not-kept"]',
        /does not keep the run: simulated: storage is forbidden.*export the model before/,
      );
      const says = await shown(
        page,
        '[role="alert"]',
        /At step \d+ the (loss|norm).* went back to step \d+, .* smaller learning rate/,
      );
      const kept = await train.rests(); // a later step than 0 where the machine is slow: it is kept every five seconds
      expect(says).toContain(`went back to step ${kept},`);
      await press(page, ".work button", /^Reset…$/); // a state that is kept later diverges at any learning rate
      await press(page, ".work button", /^Delete it$/);
      await set({ learningRate: "0.001", steps: "2" });
      await train.start();
      await shown(page, "#run-facts", /^Finished after 2 steps/);
      await train.eachWidth("no-storage");
      await press(page, "#variations button", /^One layer$/);
      await shown(page, "#variations", /One layer stays on the plateau/);
      await until("settings in the link", () => page.evaluate(() => location.hash.includes("layers=1"), undefined));
      await set({ length: "6", heads: "1", headWidth: "8", batch: "4" }); // as before, so that a step is short
      await press(page, ".work button", /^One step$/);
      await shown(page, "#plot-loss figcaption", /Dotted: the run before this one, with learning rate 0.001/);
      await train.rests();
    },
  );

  test.each(
    simulatedIn(name, [
      ["no-webgpu", /has no WebGPU/],
      ["wrong-numbers", /computes attention wrongly.*what is learnt here may be wrong/],
      ["lost-again", /lost a second time.*smaller batch/],
      ["out-of-memory", /out of memory.*Use a smaller batch/],
      ["diverged", /At step 57 the loss is NaN.*went back to step 40.*smaller learning rate/],
    ]),
  )("says what is wrong and what to do: %s", async (state, says) => {
    await open(opened.page, site.train(`v=1&task=copy&sim=${state}`));
    await shown(opened.page, '[role="alert"]', says);
    await shown(opened.page, "button", /^Copy report$/);
    if (state === "no-webgpu" || state === "diverged") await train.eachWidth(state);
  });

  own("a text that is too short, and settings that are none", async () => {
    await open(opened.page, site.train("v=1&task=characters&heads=99"));
    await shown(opened.page, '[role="status"]', /^The link says heads=99, which this page does not have\.$/);
    await opened.page.click("#own-text");
    await opened.page.keyboard.type("too short", { delay: 1 });
    await train.start();
    await shown(opened.page, '[role="alert"]', /The text has 9 bytes, expected at least 650.*Paste a longer text/);
    await train.eachWidth("too-short", ["dark", "light"]);
  });

  test("no uncaught errors", () => expect(errors.flat()).toEqual([]));
});
