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

/** A text that takes the root of −1 in line 6, and whose threads write what others write, in lines 7 and 8. */
const pasted = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) i: u32) {
  let value = x[i % 8];
  let root = sqrt(value);
  y[i] = root;
  y[(i + 1) % 64] = 10.0 + value;
}`;
const pastedX = `{ "binding": 0, "type": "f32", "values": [0, 1, 4, -1, 16, 25, 36, 49] }`;
const pastedBindings = `[${pastedX}, { "binding": 1, "type": "f32", "length": 64 }]`;

/** The number of the line at which the run stands. */
const lineOf = (page: DrivenPage): Promise<number> =>
  untilIn(page, "a line", () => Number(document.querySelector(".line.here .line-number")?.textContent), undefined);

/** Leaves one of the stops at any line ticked: at faults, at a NaN, at a write. */
const tickOnly = (page: DrivenPage, which: number): Promise<void> =>
  page.evaluate((only) => {
    const boxes = document.querySelectorAll<HTMLInputElement>("#stops-anywhere input");
    if (boxes.length !== 3) throw new Error(`${boxes.length} stops`);
    for (const [i, box] of boxes.entries()) if (box.checked !== (i === only)) box.click();
  }, which);

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
    await shown(page, "#check .verdicts", /✓ right Interpreted/);
    await shown(page, ".device", /./);
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
    await other.page.evaluate(() => {
      const select = document.querySelector<HTMLSelectElement>("[aria-label='Threads of a subgroup']");
      if (select) select.value = "permuted";
      select?.dispatchEvent(new Event("change", { bubbles: true }));
    }, undefined);
    const names = await untilIn(
      other.page,
      "threads in another order",
      () => {
        const cells = [...document.querySelectorAll(".lanes button")].map((cell) => cell.getAttribute("aria-label"));
        return cells.length > 0 && !cells[0]?.startsWith("Thread 0:") ? cells : undefined;
      },
      undefined,
    );
    expect(new Set(names).size).toBe(names.length);
    await shown(other.page, "#no-faults", /^None: no access/);
    const shuffled = await untilIn(
      other.page,
      "the order in the link",
      () => (location.hash.includes("mapping=permuted") ? location.href : undefined),
      undefined,
    );
    await other.page.goto("about:blank");
    await other.page.goto(shuffled);
    await shown(other.page, ".watches th", new RegExp(`^${names[0]?.split(":")[0]}$`));
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

  own("a pasted text runs on buffers of its own, and says what is wrong with them", async () => {
    await press(page, ".kernel-name", /^Your own kernel$/);
    await shown(page, ".cm-content", /fn main/);
    await shown(page, "#check .output", /^y, 10 values of f32/);
    await write(page, ".cm-content", pasted);
    await write(page, "#bindings", `[${pastedX}`);
    await shown(page, "#buffers-problem", /^bindings: is not valid JSON at line 1, column \d+: expected/);
    await write(page, "#bindings", `[${pastedX}]`);
    await shown(page, "#buffers-problem", /^own, line 2: y, @group\(0\) @binding\(1\), has no data$/);
    await write(page, "#bindings", pastedBindings);
    await shown(page, "#check .output", /^y, 64 values of f32/);
    expect(await page.evaluate(() => document.querySelector("#buffers-problem"), undefined)).toBeNull();
    const counters = await rowsOf(page, "#counter-table"); // of two workgroups: 64 loads and 128 stores in each
    expect(counters.find(([figure = ""]) => figure.startsWith("bytes requested from storage"))?.[1]).toBe("1.50 KiB");
  });

  own("a race of its threads leaves other results in another order", async () => {
    await shown(page, "[data-race] h3", /^Race: two threads write the same word$/);
    await shown(
      page,
      "#orders",
      /^Random order \d+ of threads and workgroups leaves other results: \d+ values? of y, /,
    );
  });

  own(
    "a run stops where a NaN is made, where a word is written, and at a fault; its link holds text and buffers",
    async () => {
      await press(page, "#source button", /^Read$/);
      await page.evaluate(() => {
        const memories = document.querySelector<HTMLSelectElement>("#memory-name");
        if (!memories) throw new Error("there are no memories");
        memories.value = "y";
        memories.dispatchEvent(new Event("change", { bubbles: true }));
      }, undefined);
      await shown(page, "#stops-anywhere label", /^where word 0 of y is written$/);
      await page.click("h1");
      const stopsAt = async (which: number) => {
        await tickOnly(page, which);
        const step = await go(page, "F8");
        const line = await lineOf(page);
        await go(page, "0");
        return { step, line };
      };
      const [fault, nan, write] = [await stopsAt(0), await stopsAt(1), await stopsAt(2)];
      expect([nan.line, write.line, fault.line]).toEqual([6, 7, 8]);
      expect([nan.step < write.step, write.step < fault.step]).toEqual([true, true]);
      const address = await untilIn(
        page,
        "a link with the stop",
        () =>
          /&on=y:0/.test(location.hash) &&
          /&buffers=/.test(location.hash) &&
          /&z=/.test(location.hash) &&
          location.href,
        undefined,
      );
      const other = await browser.open(address);
      await shown(other.page, "#kernel-name", /^Your own kernel$/);
      await shown(other.page, "#check .output", /^y, 64 values of f32/);
      const given = () => document.querySelector<HTMLTextAreaElement>("#bindings")?.value;
      expect(await other.page.evaluate(given, undefined)).toBe(pastedBindings);
      await other.page.click("h1");
      expect(await go(other.page, "F8")).toBe(write.step);
      expect(other.errors).toEqual([]);
      await other.page.close();
      await tickOnly(page, -1);
      await lookAtWidths(opened, { name: "study-own", heading: /^Study kernels$/, themes: ["dark"] });
    },
  );

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

  own("a rung's speed is found at a press, after its check, and stays in the list", async () => {
    await page.evaluate(() => {
      const sizes = document.querySelector<HTMLSelectElement>("#gpu select");
      if (!sizes) throw new Error("there are no sizes");
      sizes.value = "1";
      sizes.dispatchEvent(new Event("change", { bubbles: true }));
    }, undefined);
    await press(page, "#speed button", /^Time it here$/);
    const said = /✓ [\d.]+ (µs|ms), (about the same as|[\d.]+× (as fast as|the time of)) gemm\/naive$/;
    await shown(page, ".rungs .small", said);
    await shown(page, "#speed", /^Speed here.*: [\d.]+ (µs|ms), .* \(.*m \d+.*\)/);
    // A text whose result is wrong is not timed; those that it is compared with are.
    await press(page, "button", /^Plant a mistake to find$/);
    await shown(page, "#check .verdicts", /✗ wrong Interpreted/);
    await page.click("#gpu input[type=checkbox]"); // without what the device can do at best
    await press(page, "#gpu button", /^Check and time it here$/);
    await shown(page, "#times tr", /^your text\s*n\/a: its result is wrong: (squared errors|\d+ numbers) of y /);
    expect((await rowsOf(page, "#times")).map(([name, time = ""]) => [name, /^[\d.]+ (µs|ms)$/.test(time)])).toEqual([
      ["your text", false],
      ["gemm/coalesced", true],
      ["gemm/naive", true],
    ]);
    await press(page, "#changed button", /^Take all changes back$/);
    // A kernel's buffers are taken over, and given back.
    await press(page, ".setup button", /^Change the buffers$/);
    await shown(page, "#check", /These buffers are yours: there is no definition to compare with/);
    await shown(page, "#check .output", /^y, [\d\u2009]+ values of f32/);
    await press(page, "#own button", /^Take the kernel’s buffers$/);
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
