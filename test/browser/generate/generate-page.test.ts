// The page that generates, in Chromium: its states, keys, links, files and what accessibility needs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { type OpenSite, openSite, screenshot, tabShowsFocus, violations } from "../attention/attention-site.ts";

/** What a state says, with its next action. */
interface State {
  readonly says: RegExp;
  readonly action?: string;
  /**
   * True of the first state of those that look the same: rules of accessibility and a phone's width are tested with it.
   */
  readonly looked?: true;
}

/** The model that writes soonest. */
const nano = "model=voices-nano";

/** What is the page's own; what all pages say of a device is in attention-page-states.test.ts. */
const states: Readonly<Record<string, State>> = {
  "no-f16": { says: /no f16 .*every model still runs/, looked: true },
  "no-subgroups": { says: /no subgroups: the portable kernels/ },
  "small-limits": { says: /lower limits than WebGPU's defaults/ },
  "wrong-numbers": {
    says: /computes attention wrongly.*do not trust what it writes/,
    action: "Test again",
    looked: true,
  },
  compiling: { says: /compiling 17 of 42 programs \(slower on a first visit/, action: "Cancel" },
  downloading: {
    says: /412 MB of 988 MB, 80\.0 MB from this browser's storage · 20\.5 MB\/s · 28 s left/,
    action: "Pause",
    looked: true,
  },
  paused: { says: /Paused; what was downloaded is kept/, action: "Resume" },
  "out-of-memory": {
    says: /could not be allocated.*shorter context/,
    action: "Load with a shorter context",
  },
  network: { says: /connection was lost.*what was downloaded is kept/, action: "Try again" },
  "storage-full": { says: /storage is full.*Delete models/, action: "Try again" },
  "two-tabs": { says: /another tab.*Wait until/, action: "Try again" },
  "does-not-fit": { says: /needs a buffer of 2\.1 GiB/ },
  lost: {
    says: /The GPU was lost: the driver was restarted.*continues from there/,
    action: "Restart the engine",
    looked: true,
  },
  "lost-again": { says: /lost 2 times now.*reload the page/, action: "Restart the engine" },
  "tab-killed": { says: /ended while “owner\/name” was loading/, action: "Use the bundled model" },
  "no-storage": { says: /stores nothing for the page/, action: "Copy link" },
  offline: { says: /The network is down.*still load/ },
};

describe.skipIf(noChromium)(
  `the page that generates in headless Chromium${noChromium ? ` (${noChromium})` : ""}`,
  () => {
    let site: OpenSite;
    let page: Page;
    let errors: string[];
    const foreign: string[] = [];

    beforeAll(async () => {
      site = await openSite();
      ({ page, errors } = await openPage(site.browser, "about:blank"));
      page.on("request", (request) => {
        if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.origin)) foreign.push(request.url());
      });
    });

    afterAll(() => site?.close());

    const output = () => page.locator("#output");
    const finished = () => page.locator('#output[data-state="done"]').waitFor();
    const stopped = () => page.locator('#output[data-state="stopped"]').waitFor();

    test.each(Object.entries(states))("%s: cause, action, report", async (sim, { says, action, looked }) => {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto("about:blank");
      await page.goto(site.generate(`sim=${sim}`));
      const column = page.locator(".column");
      await column.getByText(says).first().waitFor({ state: "attached" });
      const notes = column.locator("details.notes > summary");
      if ((await notes.count()) > 0) await notes.click();
      await column.getByText(says).first().waitFor();
      if (action) await column.getByRole("button", { name: action }).first().waitFor();
      await screenshot(page, `generate-${sim}`);
      if (!looked) return;
      expect(await violations(page, ["header.bar", ".column"])).toEqual([]);
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await violations(page, ["header.bar", ".column"], ["color-contrast"])).toEqual([]);
      await page.setViewportSize({ width: 360, height: 740 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      await screenshot(page, `generate-${sim}-phone`);
    });

    // The panel Experts, which a mixture has, is in generate-looks.test.ts.
    test("with a text, every panel in both themes and on a phone breaks no rule of accessibility", async () => {
      await page.setViewportSize({ width: 1280, height: 900 });
      await page.goto("about:blank");
      await page.goto(site.generate("prompt=The&max_tokens=200&temperature=0&run=1"));
      await page.waitForFunction(() => (document.querySelector("#output")?.textContent ?? "").length > 40);
      await page.keyboard.press("Escape");
      await stopped();
      for (const name of ["Tokens", "Attention", "Storage", "Export", "Sampling"]) {
        await page.getByRole("tab", { name, exact: true }).click();
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await screenshot(page, `generate-${name}-${colorScheme}`);
          const parts = name === "Tokens" ? [] : ["#drawer-panel"]; // the page around it is the same
          expect(await violations(page, parts, colorScheme === "dark" ? ["color-contrast"] : [])).toEqual([]);
        }
        await page.setViewportSize({ width: 390, height: 844 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
        await page.setViewportSize({ width: 1280, height: 900 });
      }
    });

    test("Enter sends, but not while a word is being composed; Esc stops; keys are listed", async () => {
      await page.emulateMedia({ colorScheme: "light" });
      const field = page.getByRole("textbox", { name: /^Text to continue/ });
      await field.fill("The");
      for (const composing of [{ isComposing: true }, { keyCode: 229 }])
        await field.dispatchEvent("keydown", { key: "Enter", ...composing });
      expect(await output().getAttribute("data-state")).toBe("stopped");
      await field.press("Shift+Enter");
      expect(await field.inputValue()).toBe("The\n");
      await field.press("Enter");
      await page.locator('#output[data-state="generating"]').waitFor();
      expect(
        await field.evaluate((element) => element === document.activeElement && !element.hasAttribute("disabled")),
      ).toBe(true);
      await page.keyboard.press("Escape");
      await stopped();
      await page.getByRole("button", { name: "Keys" }).click();
      await page.getByRole("dialog", { name: "Keys" }).getByText("stops the model").waitFor();
      await page.keyboard.press("Escape");
    });

    test("the keyboard reaches everything, and what has the focus shows it", async () => {
      await page.locator("a.name").focus();
      for (let stop = 0; stop < 16; stop++) expect(await tabShowsFocus(page)).toBe(true);
      const tab = page.getByRole("tab", { name: "Sampling" });
      await tab.focus();
      await page.keyboard.press("ArrowRight");
      expect(await page.getByRole("tab", { name: "Tokens" }).getAttribute("aria-selected")).toBe("true");
      await page.keyboard.press("ArrowLeft");
    });

    test("what the reader scrolls up to stays in view while the text grows, until they come back", async () => {
      await page.setViewportSize({ width: 390, height: 420 });
      await page.getByRole("button", { name: "Complete text" }).click();
      await page.waitForFunction(() => (document.querySelector("#output")?.textContent ?? "").length > 200);
      await page.mouse.move(100, 100);
      await page.mouse.wheel(0, -300);
      await page.getByRole("button", { name: "↓ Latest" }).waitFor(); // the view is the reader's
      const before = await page.evaluate(async () => {
        let [last, still] = [Number.NaN, 0];
        while (still < 5) {
          still = scrollY === last ? still + 1 : 0;
          last = scrollY;
          await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return last;
      });
      const length = (await output().textContent())?.length ?? 0;
      await page.waitForFunction(
        (least) => (document.querySelector("#output")?.textContent ?? "").length > least,
        length + 40,
      );
      expect(await page.evaluate(() => scrollY)).toBe(before);
      await page.getByRole("button", { name: "↓ Latest" }).click();
      expect(await page.evaluate(() => scrollY)).toBeGreaterThan(before);
      await page.keyboard.press("Escape");
      await page.setViewportSize({ width: 1280, height: 900 });
    });

    test("prompt lookup gives the same text, says what was proposed, and is in the link", async () => {
      const prompt = encodeURIComponent("<|whale|>the ship, the ship, the ship, the");
      // Links that the page follows with the model that it has.
      await page.goto(site.generate(`${nano}&prompt=${prompt}&max_tokens=12&temperature=0&run=1`));
      await finished();
      const plain = await output().textContent();
      await page.goto(site.generate(`${nano}&prompt=${prompt}&max_tokens=12&temperature=0&run=1&lookup=3`));
      await page
        .locator(".stats")
        .getByText(/ · 12 tok · \d+ of [1-9]\d* proposed · stop: /)
        .waitFor();
      expect(await output().textContent()).toBe(plain);
      await page.getByRole("tab", { name: "Sampling" }).click();
      expect(await page.getByRole("spinbutton", { name: "Prompt lookup" }).inputValue()).toBe("3");
      expect(page.url()).toContain("&lookup=3");
    });

    test("the link holds settings and prompt, and files hold the run", async () => {
      const link = `${nano}&prompt=The&max_tokens=6&temperature=0&seed=5`;
      await page.goto(site.generate(`${link}&run=1`));
      await page
        .locator(".stats")
        .getByText(/ · 6 tok · /)
        .waitFor();
      await page.getByRole("tab", { name: "Export" }).click();
      const save = async (name: string) => {
        const [saved] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
        const file = join(site.scratch, saved.suggestedFilename());
        await saved.saveAs(file);
        return await readFile(file, "utf8");
      };
      const run = JSON.parse(await save("Save run as JSON"));
      expect(run).toMatchObject({
        model: { name: "voices-nano" },
        prompt: "The",
        reply: { seed: 5, stopReason: "length" },
      });
      expect(run.reply.tokens).toHaveLength(6);
      expect(await save("Save as Markdown")).toContain(`The**${await output().textContent()}**`);
      await page.goto(site.generate(`${link}&weights=q8_0`));
      await page.getByRole("tab", { name: "Sampling" }).click();
      await page.getByRole("spinbutton", { name: "Top-k" }).fill("7");
      await page.waitForFunction(() => location.hash.includes("top_k=7"));
      expect(page.url()).toMatch(
        /#v=1&model=voices-nano&prompt=The&temperature=0&top_k=7&max_tokens=6&seed=5&weights=q8_0$/,
      );
    });

    test("a wrong setting is said where it is, and nothing runs", async () => {
      await page.getByRole("tab", { name: "Sampling" }).click();
      await page.getByRole("spinbutton", { name: "Temperature" }).fill("-1");
      await page.getByRole("alert").getByText("Temperature is a number from 0 to 1000.").waitFor();
      await page.getByRole("button", { name: "Complete text", disabled: true }).waitFor();
      await page.getByRole("button", { name: "Reset to the model's" }).click();
      await page.getByRole("button", { name: "Complete text", disabled: false }).waitFor();
    });

    test("a model's text and name are never more than text", async () => {
      const html = "<img src=x onerror=alert(1)>";
      await page.goto("about:blank");
      await page.goto(
        site.generate(`model=${encodeURIComponent(`https://127.0.0.1:9/${html}/`)}&prompt=${encodeURIComponent(html)}`),
      );
      await page.getByRole("textbox", { name: /^Text to continue/ }).waitFor();
      expect(await page.locator("main img").count()).toBe(0);
    });

    test("no uncaught errors, and no requests to other origins", () => {
      expect(errors).toEqual([]);
      expect(foreign.filter((url) => !url.startsWith("https://127.0.0.1:9/"))).toEqual([]);
    });
  },
);
