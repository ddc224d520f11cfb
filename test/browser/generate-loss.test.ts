// The page that generates loses its device in the middle of a text: what it says, and how the text ends.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openChromium, openPage } from "../../bench/harness/chromium.ts";
import { goldenPrompts } from "../support/bundled.ts";
import { type BuiltSite, buildSite } from "./attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage } from "./driven.ts";
import { open, output, outputIn, recordTexts } from "./generate-ways.ts";
import { until } from "./ways.ts";

const [golden] = goldenPrompts;
const settings = `model=voices-dense&temperature=0&seed=1&max_tokens=48&prompt=${encodeURIComponent(golden?.prompt ?? "")}&run=1`;

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
  expect(golden?.greedyText.startsWith(text)).toBe(true);
  expect(status).toBe("Reply finished, 48 tokens.");
  const meanwhile = (await columns()).find((column) => column.includes("The GPU was lost"));
  expect(meanwhile).toMatch(/The GPU was lost: .*The text stays.*Nothing is to be done unless/);
  expect(meanwhile).toContain("Generating.");
  expect(meanwhile).not.toContain(text);
  await until("device that is back", () =>
    page.evaluate(() => !document.body.textContent?.includes("GPU was lost"), undefined),
  );
}

/** Lets the page's messages on the channel `destroy` destroy the devices of the workers that it starts. */
function destroyOnMessage(): void {
  const watch = `
    const { requestDevice } = GPUAdapter.prototype;
    const devices = [];
    GPUAdapter.prototype.requestDevice = async function (...given) {
      const device = await requestDevice.apply(this, given);
      devices.push(device);
      return device;
    };
    new BroadcastChannel("destroy").onmessage = () => devices.at(-1)?.destroy();`;
  const { Worker: Plain } = globalThis;
  globalThis.Worker = class extends Plain {
    constructor(script: string | URL, options?: WorkerOptions) {
      const text = `import ${JSON.stringify(String(script))};${watch}`;
      super(URL.createObjectURL(new Blob([text], { type: "text/javascript" })), options);
    }
  };
}

// Chromium loses it by a crash, below.
describe.each(browsers.slice(1))("the page that generates in $name", ({ missing, start }) => {
  if (missing) return test.skip(missing);
  let browser: DrivenBrowser;
  afterAll(() => browser?.close());

  test("its device is destroyed in the middle of a text, which ends as it would have", async () => {
    browser = await start();
    const { page, errors } = await browser.open(site.generate(), destroyOnMessage);
    await testLoss(page, () => page.evaluate(() => new BroadcastChannel("destroy").postMessage(0), undefined));
    expect(errors).toEqual([]);
  });
});

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
