// The page that generates loses its device in the middle of a text: what it says, and how the text ends. What Firefox
// does then is in device-loss.test.ts.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openChromium, openPage } from "../../../bench/harness/chromium.ts";
import { type BuiltSite, buildSite } from "../attention/attention-site.ts";
import type { DrivenPage } from "../driven.ts";
import { shown, until } from "../ways.ts";
import { open, output, outputIn, recordTexts } from "./generate-ways.ts";

const settings = "model=voices-nano&temperature=0&seed=1&prompt=The&max_tokens=40&run=1";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

/** A text during which `lose` loses the device is the same as without; the page says what happens. */
async function testLoss(page: DrivenPage, lose: () => Promise<unknown>): Promise<void> {
  await open(page, site.generate(settings));
  await until("text", async () => (await output(page)).text.length > 5);
  const columns = await recordTexts(page, ".column");
  await lose();
  const { text, status } = await outputIn(page, "done");
  expect(status).toBe("Reply finished, 40 tokens.");
  const meanwhile = (await columns()).find((column) => column.includes("The GPU was lost"));
  expect(meanwhile).toMatch(/The GPU was lost: .*The text stays.*Wait; if it does not/);
  expect(meanwhile).toContain("Generating.");
  expect(meanwhile).not.toContain(text);
  await until("device that is back", () =>
    page.evaluate(() => !document.body.textContent?.includes("GPU was lost"), undefined),
  );
  // Without a loss, and one token longer: a link that the page follows with the model that it has.
  await page.goto(site.generate(settings.replace("max_tokens=40", "max_tokens=41")));
  await shown(page, "#status", /^Reply finished, 41 tokens\.$/);
  const whole = (await output(page)).text;
  expect([whole.startsWith(text), whole === text]).toEqual([true, false]);
}

describe.skipIf(noChromium)(`the page that generates in Chromium${noChromium ? ` (${noChromium})` : ""}`, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium({ args: ["--disable-domain-blocking-for-3d-apis"] });
  });
  afterAll(() => browser?.close());

  test("the browser's GPU process crashes in the middle of a text, which ends as it would have", async () => {
    const { page, errors } = await openPage(browser, "about:blank");
    const session = await browser.newBrowserCDPSession();
    await testLoss(page as unknown as DrivenPage, () => session.send("Browser.crashGpuProcess"));
    expect(errors).toEqual([]);
  });
});
