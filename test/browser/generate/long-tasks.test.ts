// What the main thread of a page has to do while a model is loaded and writes: many tasks, as Chromium's trace counts
// them. How long the longest takes is measured by scripts/measure/long-tasks.mjs.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium } from "../../../bench/harness/chromium.ts";
import { categories, tasksOf } from "../../../bench/pages/tasks-of-trace.ts";
import { bundledNano } from "../../support/bundled.ts";
import { type OpenSite, openSite } from "../attention/attention-site.ts";
import type { DrivenPage } from "../driven.ts";
import { type ModelsServer, serveModels } from "../engine/models-server.ts";
import { press, shown } from "../ways.ts";
import { outputIn } from "./generate-ways.ts";

describe.skipIf(noChromium)(`tasks of the main thread${noChromium ? ` (${noChromium})` : ""}`, () => {
  let site: OpenSite;
  let models: ModelsServer;
  let browser: Browser;
  let page: Page;
  let driven: DrivenPage;

  beforeAll(async () => {
    site = await openSite();
    models = await serveModels({ far: { folder: bundledNano, pace: 6e6 } });
    ({ browser } = site);
    page = await (await browser.newContext()).newPage();
    driven = page as unknown as DrivenPage;
  });
  afterAll(async () => {
    await models?.close();
    await site?.close();
  });

  /** Tests that what a page does is in many tasks, from its first until `work` is done. */
  async function testTasks(address: string, work: () => Promise<unknown>): Promise<void> {
    await page.goto("about:blank");
    await browser.startTracing(page, { categories: [...categories] });
    await page.goto(address);
    await work();
    const tasks = tasksOf(await browser.stopTracing(), address);
    expect(tasks.length).toBeGreaterThan(200);
  }

  test("there are many while a model comes from another host with progress, and each token is shown with its candidates", async () => {
    const settings = `model=${models.address}far/&prompt=The&temperature=0.8&max_tokens=12&seed=1&run=1`;
    await testTasks(site.generate(settings), async () => {
      await press(driven, '[role="tab"]', /^Tokens$/);
      await press(driven, "#drawer-panel label", /^Ask for each token's probability/);
      await press(driven, "button.primary", /^Load \(/);
      await shown(driven, "section.model .phase", /[1-9].* MB of 3\.\d+ MB/);
      await shown(driven, ".token-strip .token.p1", /./);
      expect((await outputIn(driven, "done")).text.length).toBeGreaterThan(15);
    });
  });
});
