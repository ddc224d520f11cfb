// The main ways of the page that generates, in one browser; one of them in every browser is in pages.test.ts. Its
// states are in generate-page.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundledModel, bundledNano } from "../../support/bundled.ts";
import { type BuiltSite, buildSite, screenshot } from "../attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage } from "../driven.ts";
import { type ModelsServer, serveModels } from "../engine/models-server.ts";
import { framesUntil, press, shown, tick, until } from "../ways.ts";
import { fill, open, output, outputIn, pick, recordTexts } from "./generate-ways.ts";

/** Takes messages for what they are: texts in a row, after a voice. */
const template = "{{ bos_token }}<|whale|>{% for message in messages %}{{ message['content'] }} {% endfor %}";

const nano = "model=voices-nano";

let site: BuiltSite;
let models: ModelsServer;

beforeAll(async () => {
  site = await buildSite();
  const config = { tokenizer_class: "PreTrainedTokenizerFast", bos_token: "<|bos|>", eos_token: "<|eos|>" };
  models = await serveModels({
    slow: { folder: bundledModel, pace: 4e6 },
    chat: {
      folder: bundledNano,
      texts: { "tokenizer_config.json": JSON.stringify({ ...config, chat_template: template }) },
    },
  });
});

afterAll(async () => {
  await models?.close();
  await site?.close();
});

describe.each(browsers.slice(0, 1))("the page that generates in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let page: DrivenPage;
  let errors: readonly string[];
  let resize: OpenedPage["resize"];

  beforeAll(async () => {
    browser = await start();
    ({ page, errors, resize } = await browser.open(site.generate()));
    await resize(1280, 900);
  });

  afterAll(() => browser?.close());

  test("says what the bundled model needs before anything large is loaded", async () => {
    expect(await output(page)).toEqual({ state: "empty", text: "", status: "No model is loaded." });
    const needs = await shown(page, "dl.needs", /./);
    expect(needs).toMatch(/download10\.\d MB/);
    expect(needs).toMatch(/weights on the GPU\d+\.\d+ MiB/);
    expect(needs).toMatch(/keys and values of 512 tokens/);
    expect(needs).toMatch(/longest context that fits512 tokens/);
    await shown(page, "button.primary", /^Load \(10\.\d MB\)/);
    expect(needs).toMatch(/weights on the GPU9\.\d+ MiB/);
    await pick(page, "weights as", "q4_k_m");
    await shown(page, "dl.needs", /weights on the GPU[23]\.\d+ MiB/);
    await pick(page, "weights as", "");
    await shown(page, "dl.needs", /weights on the GPU9\.\d+ MiB/);
    expect(models.asked).toEqual([]);
  });

  test("loads it with progress that never goes back", async () => {
    await page.goto(site.generate(nano));
    await shown(page, "dl.needs", /download3\.\d+ MB/);
    const bars = await recordTexts(page, "section.model progress");
    await press(page, "button.primary", /^Load \(/);
    await shown(page, "section.model.loaded", /^voices-nano.*a base model/);
    const values = (await bars()).filter(Boolean).map(Number);
    expect(values.length).toBeGreaterThan(1);
    expect(values).toEqual([...values].sort((p, q) => p - q));
    expect(await output(page)).toMatchObject({ state: "empty", status: "Ready." });
  });

  test("streams a text, stops at once and keeps what there is, and goes on", async () => {
    await fill(page, "#draft", "<|whale|>The");
    const texts = await recordTexts(page, "#output");
    await press(page, "button.send", /^Complete text$/);
    await until("a text that grows", async () => (await output(page)).text.length > 20);
    expect(await framesUntil(page, "button.send", /^Complete text$/)).toBeLessThanOrEqual(6);
    const stopped = await outputIn(page, "stopped");
    expect(new Set(await texts()).size).toBeGreaterThan(3);
    expect(stopped.status).toMatch(/^Stopped after \d+ tokens?; they stay\.$/);
    await press(page, "button", /^Go on$/);
    await until("more text", async () => (await output(page)).text.length > stopped.text.length);
    await press(page, "button.send", /^Stop$/);
    expect((await outputIn(page, "stopped")).text.startsWith(stopped.text)).toBe(true);
  });

  test("a link with run=1 is followed without loading the model again: a text, and its figures", async () => {
    await page.goto(site.generate(`${nano}&temperature=0&seed=1&prompt=The%20sea&max_tokens=12&run=1`));
    const stats = await shown(page, ".stats", /· 12 tok · stop:/);
    expect(stats).toMatch(/^3 prompt tok · .*s to first token · .*tok\/s · 12 tok · stop: limit of tokens/);
    const { text, status } = await outputIn(page, "done");
    expect(text.length).toBeGreaterThan(20);
    expect(status).toBe("Reply finished, 12 tokens.");
    await shown(page, ".gauge", /15 \/ 256 tokens/);
  });

  test("a token can be replaced by another: the text goes on from there", async () => {
    const before = (await output(page)).text;
    await press(page, '[role="tab"]', /^Tokens$/);
    await tick(page, '#drawer-panel input[type="checkbox"]');
    await press(page, "button", /^Write it again with them$/);
    await outputIn(page, "done");
    expect((await output(page)).text).toBe(before);
    await page.click('#drawer-panel [data-unit="3"]');
    await screenshot(page, `generate-tokens-${name}`);
    const other = 'button[aria-label^="Continue from here with"]';
    await until("another token", () => page.evaluate((css) => document.querySelector(css) !== null, other));
    await page.click(other);
    await until("another text", async () => !before.startsWith((await output(page)).text));
    await outputIn(page, "done");
  });

  test("an instruct model chats by its template; a message is edited and answered anew", async () => {
    // On the device that has compiled its kernels.
    await press(page, "section.model button", /^Change model$/);
    await page.goto(site.generate(`model=${models.address}chat/&temperature=0&max_tokens=3`));
    await press(page, "button.primary", /^Load \(/);
    await shown(page, "section.model.loaded", /chat and completion/);
    await fill(page, "#draft", "The sea");
    await press(page, "button.send", /^Send message$/);
    const first = await outputIn(page, "done");
    expect(first.text).not.toBe("");
    await fill(page, "#draft", "And the ship");
    await press(page, "button.send", /^Send message$/);
    await until("a second answer", () =>
      page.evaluate(() => document.querySelectorAll("article.assistant").length === 2, undefined),
    );
    await outputIn(page, "done");
    await press(page, "article.user:nth-of-type(1) button", /^Edit$/);
    await fill(page, "article.user textarea", "The captain");
    await press(page, "button", /^Send instead$/);
    await until("one answer", () => page.evaluate(() => document.querySelectorAll("article").length === 2, undefined));
    await outputIn(page, "done");
    expect(await shown(page, "article.user", /./)).toMatch(/^The captain/);
    await screenshot(page, `generate-chat-${name}`);
  });

  test("what fails says so, and what to do: a text beyond the context, an address without a model", async () => {
    await fill(page, "#draft", "whale ".repeat(600));
    await press(page, "button.send", /^Send message$/);
    const { status } = await outputIn(page, "failed");
    expect(status).toMatch(/Error\. .*context.*Shorten the text.*Try again.*Copy report/);
    await open(page, site.generate(`model=${models.address}nothing/`));
    await shown(page, '[role="alert"]', /no such file.*Check the name.*Look again/);
    expect((await output(page)).state).toBe("empty");
  });

  test("a load is paused, goes on, and is cancelled", async () => {
    await open(page, site.generate(`model=${models.address}slow/`));
    await press(page, "button.primary", /^Load \(/);
    await shown(page, "section.model .phase", /[1-9].* MB of 10\.\d MB/);
    await press(page, "section.model button", /^Pause$/);
    await shown(page, "section.model h2", /^Paused/);
    const asked = models.asked.length;
    await press(page, "section.model button", /^Resume$/);
    await until("request", async () => models.asked.length > asked);
    await shown(page, "section.model .phase", /MB/);
    await press(page, "section.model button.cancel", /^Cancel$/);
    await shown(page, "button.primary", /^Load/);
    expect(await output(page)).toMatchObject({ state: "empty", status: "No model is loaded." });
  });

  test("no uncaught errors", () => {
    expect(errors).toEqual([]);
  });
});
