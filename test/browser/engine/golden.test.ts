import { readdir, stat } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { assertClose, nmseCaps } from "../../../src/check/compare.ts";
import { type GpuOptions, loadModel, openGpu } from "../../../src/index.ts";
import { encoderFolder, farthest, halvedGolden, sentenceGolden } from "../../encoders/encode/golden-encoders.ts";
import { bundledModel, goldenPrompts } from "../../support/bundled.ts";
import { browsers, type DrivenBrowser, type DrivenPage } from "../driven.ts";
import { tasks } from "../generate/tasks.ts";
import { bundled, emptyPage } from "./bundled-page.ts";

type Tasks = typeof tasks;
type Values<K extends keyof Tasks> = Parameters<Tasks[K]> extends [unknown, ...infer Rest] ? Rest : never;

const whale = "<|whale|>The";
const seeds = Array.from({ length: 4 }, (_, i) => 1000 + i);
/** How many tokens of the golden texts are compared, and of how many prompts the logits; those of Node are whole. */
const [most, compared] = [5, 2];

/** Random bits, and texts by seed. */
interface Drawn {
  readonly bits: number[];
  readonly texts: readonly { readonly text: string; readonly tokens: readonly number[] }[];
}

let drawnInNode: Drawn | undefined;

/** What Dawn in Node draws; the same for all browsers, which have other adapters. */
async function inNode(): Promise<Drawn> {
  if (drawnInNode) return drawnInNode;
  using gpu = await openGpu();
  using model = await loadModel(gpu, bundledModel);
  drawnInNode = {
    bits: await tasks.randomBits(model, 7, 1000),
    texts: await tasks.sampled(model, whale, seeds, 4),
  };
  return drawnInNode;
}

let script: string;
beforeAll(async () => {
  script = await bundled("test/browser/page.ts");
});

describe.each(browsers)("the bundled model in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  let server: WebServer;
  let page: DrivenPage;
  let errors: readonly string[];

  beforeAll(async () => {
    const texts = { "/": emptyPage, "/page.js": script };
    const folders = { "/model/": bundledModel, "/mpnet/": encoderFolder("mpnet"), "/bert/": encoderFolder("bert") };
    server = await serveSite({ texts, folders });
    browser = await start();
    ({ page, errors } = await browser.open(server.origin));
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
  });

  let opened: GpuOptions | undefined;
  /**
   * Opens a device in the page and loads the model from the web server, unless they are those of the last call: a
   * device compiles its own pipelines.
   */
  async function open(options: GpuOptions): Promise<void> {
    if (options === opened) return;
    const given = ["model", name !== "Chromium", options] as const; // in one browser relative, in others as a URL object
    expect(await page.evaluate((values) => Reflect.get(globalThis, "openModel")(...values), given)).not.toBe("");
    opened = options;
  }

  /** Runs a task in the page. */
  const inPage = <K extends keyof Tasks>(name: K, ...values: Values<K>): Promise<Awaited<ReturnType<Tasks[K]>>> =>
    page.evaluate(([n, v]) => Reflect.get(globalThis, "runTask")(n, ...v), [name, values] as const);

  // Small devices, and those without features, are in test/generate/models/golden.test.ts.
  const whole: GpuOptions = {};
  const [batch, prompts] = [4, 4];

  describe("with all features", () => {
    const wanted = goldenPrompts.slice(0, prompts);

    beforeAll(() => open(whole));

    test("logits agree with the golden data", async () => {
      for (const { prompt, promptTokens, lastLogits } of wanted.slice(0, compared)) {
        assertClose(await inPage("lastLogits", promptTokens), lastLogits, nmseCaps.logits, `logits of ${prompt}`);
      }
    });

    // By turns, a browser each.
    test.runIf(name === "Chromium")("vectors of a sentence encoder agree with the golden data", async () => {
      const wanted = sentenceGolden().filter(({ promptName }) => promptName === "query");
      const texts = wanted.map(({ text }) => text);
      const { vectors } = await inPage("encoded", `${server.origin}/mpnet/`, {}, texts, "query");
      expect(vectors.length).toBeGreaterThan(0);
      expect(
        farthest(
          vectors,
          wanted.map(({ vector }) => vector),
        ),
      ).toBeLessThan(2e-5);
    });

    test.runIf(name !== "Chromium")("states of an encoder with f16 weights agree with the golden data", async () => {
      const halved = halvedGolden("bert").texts;
      const texts = halved.map(({ text }) => text);
      const { last } = await inPage("encoded", `${server.origin}/bert/`, { dtype: "f16" }, texts);
      for (const [i, rows] of last.entries()) expect(farthest(rows, halved[i]?.last ?? [])).toBeLessThan(2e-5);
      expect(last.length).toBe(halved.length);
    });

    test(`greedy continuations begin as the golden data do, in batches of ${batch}`, async () => {
      const rows = await inPage(
        "greedy",
        wanted.map(({ prompt }) => prompt),
        most,
        batch,
      );
      expect(rows.map(({ promptTokens }) => promptTokens)).toEqual(wanted.map((golden) => golden.promptTokens));
      expect(rows.map(({ tokens }) => tokens)).toEqual(wanted.map((golden) => golden.greedyTokens.slice(0, most)));
      for (const [i, { text }] of rows.entries()) expect(wanted[i]?.greedyText.startsWith(text)).toBe(true);
    });
  });

  test("weights were read by ranges", () => {
    expect(server.ranges.filter((range) => range.startsWith("/model/model.safetensors")).length).toBeGreaterThan(1);
  });

  test("weights are read from files, too, and an abort ends a load at once", async () => {
    await open(whole);
    const { reports, ...found } = await inPage("loads", "model", await readdir(bundledModel));
    expect(found).toEqual({
      fromFiles: (await stat(`${bundledModel}/model.safetensors`)).size,
      aborted: ["AbortError", "AbortError"],
    });
    expect(reports).toBeLessThanOrEqual(2); // the first aborts it, and what was on the way then ends
  });

  describe("equals Dawn in Node", () => {
    let drawn: Drawn;

    beforeAll(async () => {
      await open(whole);
      drawn = { bits: await inPage("randomBits", 7, 1000), texts: await inPage("sampled", whale, seeds, 4) };
    });

    test("the texts differ", () => {
      expect(new Set(drawn.texts.map(({ text }) => text)).size).toBe(seeds.length);
      expect(new Set(drawn.bits).size).toBeGreaterThan(990);
    });

    test("random numbers and texts by seed", async () => expect(drawn).toEqual(await inNode()));
  });

  // Chromium's WebGPU is Dawn, with which test/fuzz/endings.test.ts runs in Node.
  test.runIf(name !== "Chromium")(
    "however a generation ends, its result settles the right way, and no memory stays",
    async () => {
      await open(whole);
      const expected: Readonly<Record<string, RegExp>> = {
        abort: /^abort$/,
        return: /^abort$/,
        throw: /^thrown$/,
        "dispose of the session": /: this session was disposed$/,
        "dispose of the model": /: this model was disposed$/,
        close: /: this device was closed$/,
        destroy: /: the device was lost: .+/,
      };
      const ended = await inPage("endings", `${server.origin}/model`);
      opened = undefined; // its device is lost
      expect(ended).toHaveLength(4 * 4 + 6);
      for (const { what, ending, bytes } of ended) {
        const name = Object.keys(expected).find((name) => what.startsWith(name)) ?? "";
        expect(ending, what).toMatch(expected[name] ?? /none/);
        expect(bytes, `bytes of ${what}`).toBeLessThanOrEqual(0);
      }
    },
  );

  test("no uncaught errors", () => {
    expect(errors).toEqual([]);
  });
});
