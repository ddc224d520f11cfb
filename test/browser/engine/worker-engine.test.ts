// An engine in a real worker of a real page, in Chromium and Firefox; encoders in Chromium.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { noFirefox } from "../../../bench/harness/firefox.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { encoderFolder } from "../../encoders/encode/golden-encoders.ts";
import { headsGolden } from "../../encoders/encode/golden-heads.ts";
import { bundledModel, goldenPrompts } from "../../support/bundled.ts";
import { closePages, sharedChromium, sharedFirefox } from "../shared.ts";
import { bundled, emptyPage } from "./bundled-page.ts";
import type { workerTasks } from "./worker-page.ts";

type Tasks = typeof workerTasks;

const xgrammar = "node_modules/@mlc-ai/web-xgrammar/lib";

/** What both browsers' pages have in common. */
interface Page {
  evaluate<A, R>(run: (given: A) => R | Promise<R>, given: A): Promise<R>;
}

let server: WebServer;
beforeAll(async () => {
  const texts = {
    "/": emptyPage,
    "/page.js": await bundled("test/browser/engine/worker-page.ts"),
    "/worker.js": await bundled("test/browser/engine/grammar-worker.ts"),
    "/package-worker.js": await bundled("src/worker.ts"),
  };
  server = await serveSite({
    texts,
    folders: {
      "/model/": bundledModel,
      "/xgrammar/": xgrammar,
      "/bert/": encoderFolder("bert"),
      "/mpnet/": encoderFolder("mpnet"),
      "/dates/": "examples/models/dates",
    },
  });
});
afterAll(() => server?.close());

/** Calls a task of the page. */
const asked =
  (page: Page) =>
  <K extends keyof Tasks>(name: K, ...given: Parameters<Tasks[K]>): Promise<Awaited<ReturnType<Tasks[K]>>> =>
    page.evaluate(([task, values]) => Reflect.get(globalThis, "workerTasks")[task](...values), [name, given] as const);

/** A template that gives a conversation as plain text. */
const chatTemplate = "{% for message in messages %}{{ message.content }}{% endfor %}";

/** An answer has the form that a schema gives. */
async function testForm(ask: ReturnType<typeof asked>): Promise<void> {
  const schema = {
    type: "object",
    required: ["mood", "count"],
    additionalProperties: false,
    properties: { mood: { enum: ["calm", "rough"] }, count: { type: "integer", minimum: 1, maximum: 9 } },
  };
  const answer = await ask("chat", {
    messages: [{ role: "user", content: goldenPrompts[0]?.prompt ?? "" }],
    temperature: 1,
    max_tokens: 100,
    seed: 2,
    response_format: { type: "json_schema", json_schema: { name: "sea", schema, strict: true } },
  });
  expect(answer.finish).toBe("stop");
  const value = JSON.parse(answer.content);
  expect(Object.keys(value)).toEqual(["mood", "count"]);
  expect(schema.properties.mood.enum).toContain(value.mood);
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9]).toContain(value.count);
}

/** Which draft a text has, and the form of an answer, are the engine's own: one browser has them. */
async function testWorker(page: Page, draft?: string): Promise<void> {
  const ask = asked(page);
  const given = ["/model/", chatTemplate, ...(draft === undefined ? [] : [draft])] as const;
  expect(await ask("load", ...(given as Parameters<Tasks["load"]>))).toEqual(
    expect.arrayContaining(["upload", "compile", "warm-up"]),
  );
  const [golden] = goldenPrompts;
  const prompt = golden?.prompt ?? "";
  const greedy = { prompt, temperature: 0, maxTokens: 8 } as const;
  const { text, pieces, ticks } = await ask("generate", { ...greedy, speculative: "none" });
  expect(golden?.greedyText.startsWith(text)).toBe(true);
  expect(pieces).toBe(8);
  expect(ticks).toBeGreaterThan(5); // the page's thread was free
  if (draft !== undefined) {
    const drafted = await ask("generate", greedy);
    expect(drafted.text).toBe(text);
    expect(drafted.speculative?.accepted).toBeGreaterThan(0);
    await testForm(ask);
  }
  expect(await ask("refused")).toBe('RequestError: the model "gpt" is not loaded; there are voices');
  await ask("dispose");
  expect(await ask("missing")).toMatch(/GpuError: the worker could not be started/);
}

/** Heads of an encoder and an encoder-decoder in the package's own worker. */
async function testEncoders(page: Page): Promise<void> {
  const { text, masks } = headsGolden("bert").masked;
  const found = await asked(page)("encoders", "/bert/", "/mpnet/", "/dates/", text, "March 3rd, 2021");
  expect(found.ids).toEqual(masks.map((tokens) => tokens.slice(0, 2).map(({ id }) => id)));
  expect(found).toMatchObject({ labels: 5, finite: true, aborted: true, refusal: "TextError" });
  expect(found.progress.at(-1)).toBe(2);
  expect(found).toMatchObject({ text: "2021-03-03", searched: "2021-03-03" });
  expect(found.parts.join("")).toBe("2021-03-03");
  expect(found.parts.length).toBeGreaterThan(5);
  expect(found.usage?.completion_tokens).toBe(11); // with the one that ends it
}

describe.skipIf(noChromium)(`a worker in Chromium${noChromium ? ` (${noChromium})` : ""}`, () => {
  let browser: Browser;
  afterAll(() => closePages(browser));

  test("loads, generates, refuses and ends", async () => {
    browser = await sharedChromium();
    const { page } = await openPage(browser, server.origin);
    await testWorker(page as unknown as Page);
  });

  test("fills masks, classifies, embeds, and writes texts from sources", async () => {
    const { page } = await openPage(browser, server.origin);
    await testEncoders(page as unknown as Page);
  });
});

describe.skipIf(noFirefox)(`a worker in Firefox${noFirefox ? ` (${noFirefox})` : ""}`, () => {
  test("loads, generates, answers by a schema, refuses and ends", async () => {
    const context = await (await sharedFirefox()).createBrowserContext();
    try {
      const page = await context.newPage();
      await page.goto(server.origin);
      await testWorker(page as unknown as Page, "/model/"); // its kernels are compiled once
    } finally {
      await context.close();
    }
  });
});
