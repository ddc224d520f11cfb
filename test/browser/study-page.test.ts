// The page on which kernels are studied: flash attention stepped through by keyboard, forwards and back, its link, its
// watches, a race that is planted, and what a line prints in the interpreter and on the GPU.
import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BuiltSite, buildSite } from "./attention/attention-site.ts";
import { browsers, type DrivenBrowser, type DrivenPage, type OpenedPage, ownIn } from "./driven.ts";
import { press, rowsOf, shown, until, untilIn, write } from "./ways.ts";
import { lookAtWidths } from "./widths.ts";

let site: BuiltSite;
beforeAll(async () => {
  site = await buildSite();
});
afterAll(() => site?.close());

const addressOf = (keys: string) => site.front.replace("index.html", `study/index.html#v=1&${keys}`);

/** The step at which the page stands; thin spaces are between thousands. */
const stepOf = async (page: DrivenPage): Promise<number> =>
  Number((await shown(page, "#step-number", /^\d/)).replace(/\D/g, ""));

/** Presses a key, with Shift if asked, and waits until the run stands at another step. */
async function go(page: DrivenPage, key: string, shift = false): Promise<number> {
  const before = await stepOf(page);
  if (shift) await page.keyboard.down("Shift");
  await page.keyboard.press(key);
  if (shift) await page.keyboard.up("Shift");
  return await until(`another step after ${key}`, async () => {
    const now = await stepOf(page);
    return now === before ? undefined : now;
  });
}

/** What a watch gives for the chosen thread. */
const watched = async (page: DrivenPage, name: string): Promise<string | undefined> =>
  (await rowsOf(page, ".watches")).find(([watch]) => watch === name)?.[1];

/** Sets the slider, as by dragging. */
const slideTo = (page: DrivenPage, step: number): Promise<void> =>
  page.evaluate((to) => {
    const slider = document.querySelector<HTMLInputElement>(".scrubber");
    if (!slider) throw new Error("there is no slider");
    slider.value = String(to);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }, step);

/** The planted mistake, and a line to read. */
async function changedText(): Promise<string> {
  const text = await readFile("shaders/attention/flash-plain.wgsl", "utf8");
  const barrier = "    workgroupBarrier();  // the tile before this one has been read\n";
  const changed = text
    .replace(barrier, "")
    .replace("    let before = largest;", "    let before = largest;\n    if (thread == 3) { print(first, keys); }");
  expect(changed).toContain("print(first");
  expect(text.length).toBeGreaterThan(changed.length - 100);
  return changed;
}

describe.each(browsers)("the page that studies kernels in $name", ({ name, missing, start }) => {
  if (missing) return test.skip(missing);
  const own = ownIn(name);
  let browser: DrivenBrowser;
  let opened: OpenedPage;
  let page: DrivenPage;

  beforeAll(async () => {
    browser = await start();
    opened = await browser.open(addressOf("kernel=gemm/naive"));
    ({ page } = opened);
    await opened.resize(1280, 900);
  });
  afterAll(async () => {
    await browser?.close();
  });

  test("steps through flash attention to its second tile by keyboard, and back by the slider", async () => {
    await press(page, "summary", /^Attention$/);
    await press(page, ".kernel-name", /^attention\/flash$/);
    await shown(page, "#kernel-name", /attention\/flash$/);
    await shown(page, "#where", / of \d/);
    await write(page, "#watch", "n");
    await page.keyboard.press("Enter");
    await shown(page, ".watches", /n/);
    await page.click("h1"); // keys act while no field has the focus
    for (let i = 0; (await watched(page, "n")) !== "1"; i++) {
      expect(i).toBeLessThan(60);
      await go(page, "b");
    }
    const second = await stepOf(page);
    expect(await go(page, "F10")).toBeGreaterThan(second);
    expect(await go(page, "F10", true)).toBeLessThanOrEqual(second);
    await slideTo(page, 500);
    await shown(page, "#step-number", /^500$/);
    expect(await watched(page, "n")).not.toBe("1");
    await slideTo(page, second);
    await untilIn(page, "the second tile", () => document.querySelector(".watches td")?.textContent === "1", undefined);
  });

  test("a link opens the same step with the same watches", async () => {
    const step = await stepOf(page);
    const address = await untilIn(
      page,
      "an address with the step",
      (now) => (location.hash.includes(`step=${now}`) ? location.href : undefined),
      step,
    );
    const other = await browser.open(address);
    await shown(other.page, "#kernel-name", /attention\/flash$/);
    await untilIn(
      other.page,
      "the step of the link",
      (to) => Number(document.querySelector("#step-number")?.textContent?.replace(/\D/g, "")) === to,
      step,
    );
    await shown(other.page, ".watches", /n/);
    expect(await watched(other.page, "n")).toBe("1");
    expect(other.errors).toEqual([]);
    await other.page.close();
  });

  test("a barrier that is taken out is found as a race, and a line prints the same in both executions", async () => {
    await press(page, ".kernel-name", /^attention\/flash-plain$/);
    await shown(page, "#no-faults", /^None: no access/);
    await press(page, "#source button", /^Edit$/);
    await shown(page, ".cm-content", /fn main/);
    await write(page, ".cm-content", await changedText());
    await shown(page, "[data-race] h3", /^Race: one thread writes what another reads$/);
    await shown(page, "#prints td", /^0, \d+$/);
    await shown(page, ".device", /software|lavapipe|llvmpipe|swiftshader|subgroups/i);
    await press(page, "#gpu button", /^Check and time it here$/);
    // What races may differ in values, but not in which keys a thread has.
    await shown(page, "#print-verdict", /^✓ The GPU printed the same \d+ lines\.$/);
    await press(page, "#gpu button", /^(Stop|Check and time it here)$/);
    await press(page, "#changed button", /^Take all changes back$/);
    await shown(page, "#no-faults", /^None: no access/);
  });

  own("an error in the text has its line, and what was there before stays", async () => {
    await write(page, ".cm-content", (await changedText()).replace("let t =", "let t = 1.5 +"));
    await shown(page, "#text-problem", /^attention\/flash-plain, line \d+: /);
    await press(page, "#source button", /^Take changes back$/);
    await untilIn(page, "no problem", () => document.querySelector("#text-problem") === null, undefined);
  });

  own("an endless loop is ended by the budget of steps, and the page answers meanwhile", async () => {
    const endless = (await changedText()).replace(
      "if (thread == 3) { print(first, keys); }",
      "loop { if thread > 1000 { break; } }",
    );
    await write(page, ".cm-content", endless);
    await shown(page, "#where", /stopped: too many steps/);
    await press(page, "#changed button", /^Take all changes back$/);
    await press(page, "#source button", /^Read$/);
  });

  own("its counters stand beside those of the rung before, and agree with the formula", async () => {
    await press(page, "summary", /^Matrix products?( A · B)?$/);
    await press(page, ".kernel-name", /^gemm\/coalesced$/);
    await shown(page, "#counter-table th", /^gemm\/naive$/);
    const rows = await rowsOf(page, "#counter-table");
    const row = (of: RegExp) => rows.find(([figure = ""]) => of.test(figure)) ?? [];
    const [, now, before, change, formula] = row(/^bytes requested from storage/);
    expect([now, before, change]).toEqual([formula, formula, "="]);
    expect(row(/^excess/)[3]).toMatch(/^÷ /);
    await shown(page, "#check .verdicts", /✓ right Interpreted/);
  });

  own("without a GPU everything but times is there", async () => {
    const without = await browser.open(addressOf("kernel=softmax/workgroup&sim=no-webgpu"));
    await shown(without.page, "#check .verdicts", /✓ right Interpreted/);
    await shown(without.page, "#no-gpu", /all but the times works without/);
    expect(without.errors).toEqual([]);
    await without.page.close();
  });

  own("fits a phone and a desk in both themes, by axe's rules", async () => {
    await lookAtWidths(opened, { name: "study", heading: /^Study kernels$/, themes: ["light", "dark"] });
  });

  own(
    "loads at most 120 kB of script before the editor and the interpreter, which are in files of their own",
    async () => {
      const other = await browser.open(addressOf("kernel=gemm/naive"));
      await shown(other.page, "#counter-table th", /^figure$/);
      const texts = await other.page.evaluate(async () => {
        const urls = performance.getEntriesByType("resource").map(({ name: url }) => url);
        const scripts = urls.filter((url) => url.endsWith(".js") && !/worker/.test(url));
        return Promise.all(scripts.map(async (url) => (await fetch(url)).text()));
      }, undefined);
      const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
      expect(bytes).toBeGreaterThan(20_000);
      expect(bytes).toBeLessThanOrEqual(120_000);
      expect(texts.filter((text) => /cm-content|subgroupBroadcastFirst/.test(text))).toEqual([]);
      await other.page.close();
    },
  );

  test("no uncaught errors", () => {
    expect(opened.errors).toEqual([]);
  });
});
