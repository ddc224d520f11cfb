// The device is lost in the middle of a text: Firefox's is destroyed. Chromium's GPU process crashes in
// generate-loss.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noFirefox } from "../../../bench/harness/firefox.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { bundledNano } from "../../support/bundled.ts";
import { sharedFirefox } from "../shared.ts";
import { until } from "../ways.ts";
import { bundled, emptyPage } from "./bundled-page.ts";
import type { lossTasks } from "./loss-page.ts";

type Tasks = typeof lossTasks;

/** What both browsers' pages have in common. */
interface Page {
  evaluate<A, R>(run: (given: A) => R | Promise<R>, given: A): Promise<R>;
}

let server: WebServer;
beforeAll(async () => {
  const texts = { "/": emptyPage, "/page.js": await bundled("test/browser/engine/loss-page.ts") };
  server = await serveSite({ texts, folders: { "/model/": bundledNano } });
});
afterAll(() => server?.close());

const prompt = "<|whale|>The sea was";
const sampled = { prompt, temperature: 0.9, seed: 5, presencePenalty: 0.4, maxTokens: 8 };

/** Calls a task of the page. */
const asked =
  (page: Page) =>
  <K extends keyof Tasks>(name: K, ...given: Parameters<Tasks[K]>): Promise<Awaited<ReturnType<Tasks[K]>>> =>
    page.evaluate(([task, values]) => Reflect.get(globalThis, "lossTasks")[task](...values), [name, given] as const);

/** A text is the same with a loss as without; `lose` loses the page's device. */
async function testLoss(page: Page, lose: () => Promise<unknown>): Promise<void> {
  const ask = asked(page);
  expect(await ask("load", "/model/")).not.toBe("");
  await ask("begin", sampled, 0);
  const whole = await ask("finish");
  await ask("begin", sampled, 5);
  await until("text that is held up", () => ask("isHeld"));
  expect(await ask("events")).toEqual([]);
  await lose();
  await until("loss of the device", () => ask("seen", "device-lost"));
  expect(await ask("finish")).toBe(whole);
  expect(await ask("events")).toEqual(["device-lost", "device-restored"]);
}

describe.skipIf(noFirefox)(`headless Firefox${noFirefox ? ` (${noFirefox})` : ""}`, () => {
  // Losses one after the other are in test/fuzz/device-loss.test.ts.
  test("its device is destroyed in the middle of a text, which is what it would have been", async () => {
    const context = await (await sharedFirefox()).createBrowserContext();
    try {
      const page = await context.newPage();
      await page.goto(server.origin);
      const driven = page as unknown as Page;
      await testLoss(driven, () => asked(driven)("destroy"));
    } finally {
      await context.close();
    }
  }, 600_000);
});
