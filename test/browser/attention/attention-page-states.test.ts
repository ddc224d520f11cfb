import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openChromium, openPage } from "../../../bench/harness/chromium.ts";
import type { DrivenPage } from "../driven.ts";
import { recordTexts } from "../generate/generate-ways.ts";
import { type OpenSite, openSite, screenshot, violations } from "./attention-site.ts";

/** What a state says, and the button that is its next action; a note has its action in words. */
interface State {
  readonly says: RegExp;
  readonly action?: string;
  /** Set-up that the state needs. */
  readonly setup?: string;
  /** True where the device is there, so that a run may begin. */
  readonly usable: boolean;
  /**
   * True of the first state of those that look the same: rules of accessibility and a phone's width are tested with it.
   */
  readonly looked?: true;
}

const states: Readonly<Record<string, State>> = {
  insecure: {
    says: /is not a secure context.*Open the page by https/,
    action: "Try again",
    usable: false,
    looked: true,
  },
  "no-webgpu": { says: /has no WebGPU\. On Linux, Chrome 144/, action: "Try again", usable: false },
  "no-adapter": { says: /gives the page no GPU.*hardware acceleration/, action: "Try again", usable: false },
  "no-device": { says: /gave no device: .*Close other pages/, action: "Try again", usable: false },
  "no-worker": { says: /thread that computes could not be started/, action: "Reload", usable: false },
  "no-f16": { says: /no f16 .* unpacked from 32-bit words instead/, usable: true, looked: true },
  "no-subgroups": { says: /no subgroups: the variants subgroups and splitSubgroups are n\/a here/, usable: true },
  "small-limits": {
    says: /2 cases will be skipped: q128 .* needs a tensor of .*, a binding holds 64\.0 KiB/,
    action: "Leave out the longest batch",
    setup: "batches=q16,q128,q256&heads=2x64",
    usable: true,
  },
  software: { says: /software adapter, not your GPU/, action: "Use small sizes", usable: true },
  "wrong-numbers": {
    says: /computes attention wrongly: .* 0\.1130 where 0\.1 is right/,
    action: "Test again",
    usable: true,
  },
  "not-compiled": {
    says: /known-answer test does not compile: this browser's WGSL compiler says custom\/mask:2: .*simulated/,
    action: "Test again",
    usable: true,
  },
  compiling: {
    says: /case 2 of 3 · .*compiling and checking rows, 2 of 3/,
    action: "Stop",
    usable: true,
    looked: true,
  },
  "out-of-memory": { says: /no room for this/, action: "Leave out the longest batch", usable: true },
  lost: {
    says: /The GPU was lost: the driver was restarted/,
    action: "Open the device again",
    usable: false,
    looked: true,
  },
  watchdog: { says: /may take 3\.20 s, and Windows/, action: "Leave out the longest batch", usable: true },
  "hidden-tab": { says: /hidden while 4 of \d+ rows were measured/, action: "Run again", usable: true },
  offline: { says: /could not be fetched.*table has all numbers/, action: "Reload", usable: true },
  "no-storage": { says: /stores nothing for the page/, action: "Copy link", usable: true },
  "coarse-timers": { says: /wall clock .* 100 µs/, usable: true },
};

/** Begins to watch for a moment in which Run is disabled, which may be short; gives what waits for it. */
async function awayOnce(page: Page): Promise<() => Promise<void>> {
  await page.evaluate(() => {
    const button = document.querySelector("section.run button.primary");
    const away = new Promise<void>((resolve) => {
      const look = () => button?.getAttribute("aria-disabled") === "true" && resolve();
      new MutationObserver(look).observe(button as Element, { attributes: true });
    });
    Object.assign(globalThis, { away });
  });
  return () => page.evaluate(() => (globalThis as { away?: Promise<void> }).away);
}

/** Ends the process in which a browser of ours keeps its GPU, as a crash of a driver does. */
async function endGpuProcess(browser: Browser): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const found = processInfo.find(({ type }) => type === "GPU");
  if (!found) throw new Error("the browser has no GPU process");
  process.kill(found.id, "SIGKILL");
}

describe.skipIf(noChromium)(`states of the attention page${noChromium ? ` (${noChromium})` : ""}`, () => {
  let site: OpenSite;
  let page: Page;
  let errors: string[];
  const foreign: string[] = [];

  beforeAll(async () => {
    // Of its own, because these tests end its processes.
    site = await openSite(openChromium, (browser) => browser.close());
    ({ page, errors } = await openPage(site.browser, "about:blank"));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.origin)) foreign.push(request.url());
    });
  });

  afterAll(() => site?.close());

  test.each(Object.entries(states))("%s: cause, action, report; the recorded run stays", async (sim, state) => {
    const { says, action, setup = "", usable, looked } = state;
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    await page.goto("about:blank");
    await page.goto(site.address([setup, `sim=${sim}`].filter(Boolean).join("&")));
    const run = page.getByRole("region", { name: "Run", exact: true });
    await run.getByText(says).first().waitFor({ state: "attached" });
    const notes = run.locator("details.notes > summary");
    if ((await notes.count()) > 0) await notes.click();
    await run.getByText(says).first().waitFor();
    await run.getByRole("button", { name: "Copy report" }).first().waitFor();
    if (action) await run.getByRole("button", { name: action }).first().waitFor();
    const mayRun = run.getByRole("button", { name: /^Run \d+ measurement/, disabled: !usable });
    if (sim !== "compiling") await mayRun.waitFor();
    await page.getByText(/A recorded run, not of this device/).waitFor();
    expect(await page.getByRole("region", { name: "Table of results" }).locator("tbody tr").count()).toBeGreaterThan(3);
    if (sim === "offline") await page.getByText("The plot could not be fetched").first().waitFor();
    else if (looked) await page.locator("#plot-speed svg").first().waitFor();

    const parts = ["header.bar", "section.run"];
    await screenshot(page, `sim-${sim}`);
    if (!looked) return;
    expect(await violations(page, parts)).toEqual([]);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violations(page, parts, ["color-contrast"])).toEqual([]); // all that a theme changes
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await run.evaluate((section) => section.scrollIntoView());
    await screenshot(page, `sim-${sim}-phone`);
  });

  test("a run of what will be skipped times nothing, says so, and gives the reason", async () => {
    await page.goto("about:blank");
    await page.goto(site.address("batches=q256&heads=2x64&sim=small-limits"));
    await page.getByText("no time; 1 case, which will be skipped").waitFor();
    const run = page.getByRole("button", { name: "Run 3 measurements", disabled: false });
    const phases = await recordTexts(page as unknown as DrivenPage, "section.run .phase");
    await run.click();
    await page.getByText("Measured here").waitFor();
    await run.waitFor();
    expect((await phases()).filter((words) => /timing/.test(words))).toEqual([]);
    const table = page.getByRole("region", { name: "Table of results" });
    expect(await table.getByText(/^n\/a: a tensor of .* a binding holds 64\.0 KiB/).count()).toBe(3);
  });

  test("a second tab does not measure while the first does, and says when that was closed in between", async () => {
    const context = await site.browser.newContext();
    const [first, second] = [await context.newPage(), await context.newPage()];
    for (const tab of [first, second]) {
      await tab.goto(site.address("batches=q48&heads=2x32&variants=naive"));
      await tab.getByRole("button", { name: "Run 1 measurement", disabled: false }).click();
      if (tab === first) await first.getByText("measuring the peaks of this device").waitFor();
    }
    await second.getByText(/Another tab of this page is measuring/).waitFor();
    await second.getByRole("button", { name: "Run anyway" }).first().waitFor();
    expect(await second.getByText(/ended with the tab/).count()).toBe(0);
    const crashed = first.waitForEvent("crash");
    void first.goto("chrome://crash").catch(() => undefined); // it never arrives
    await crashed;
    await second.reload();
    await second.getByText(/The last run ended with the tab: .* during “peaks of this device”/).waitFor();
    await second.getByRole("button", { name: "Use small sizes" }).first().waitFor();
    await context.close();
  });

  test("a GPU that really goes away is opened again by itself, once", async () => {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto("about:blank");
    await page.goto(site.address());
    const ready = page.getByRole("button", { name: /^Run \d+ measurement/, disabled: false });
    const alert = page.getByRole("alert");
    await ready.waitFor();
    const away = await awayOnce(page);
    await endGpuProcess(site.browser);
    await away();
    await ready.waitFor();
    expect(await alert.count()).toBe(0);
    await Promise.all([
      alert.getByText(/The GPU was lost a second time.*shorter batches/).waitFor(),
      endGpuProcess(site.browser),
    ]);
    // Chromium keeps the GPU from the page for some minutes now, and the page says so.
    await page.getByRole("button", { name: "Open the device again" }).click();
    await alert.getByText(/browsers keep it from pages that lose it often.*Wait some minutes/).waitFor();
    await page.getByRole("region", { name: "Run", exact: true }).getByRole("button", { name: "Try again" }).waitFor();
  });

  test("no uncaught errors, and no requests to other origins", () => {
    expect(errors).toEqual([]);
    expect(foreign).toEqual([]);
  });
});
