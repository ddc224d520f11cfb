// Memory of a page that loads a large model, as Chromium measures it: of JavaScript in the page and its worker while
// the model is loaded, and of the process that has the GPU after it is unloaded, again and again.
import { readFile, rm } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { attempts } from "../../support/fuzz.ts";
import { writeLargeModel } from "../../support/models/large-model.ts";
import { bundled, emptyPage } from "./bundled-page.ts";
import type { memoryTasks } from "./memory-page.ts";

type Tasks = typeof memoryTasks;

/** MiB of weights, and how often they are loaded: the whole of it is for `npm run test:fuzz`. */
const [weights, cycles] = [attempts(500, 72), attempts(10, 2)];
const mebibyte = 2 ** 20;
/** Bytes that a load has under way, four requests of 4 MiB: at times Chromium keeps that memory for the next one. */
const underWay = 16 * mebibyte;
/** What makes a page one whose memory can be measured: nothing of other origins shares its process. */
const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Bytes that the processes of a browser with a GPU hold, which no other process shares with them. */
async function gpuProcessBytes(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const own = processInfo.filter(({ type }) => type === "GPU");
  const kept = own.map(async ({ id }) => {
    const text = await readFile(`/proc/${id}/smaps_rollup`, "utf8");
    const lines = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB$/gm)];
    return 1024 * lines.reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0);
  });
  return (await Promise.all(kept)).reduce((sum, bytes) => sum + bytes, 0);
}

describe.skipIf(noChromium)(`memory of a page that loads ${weights} MiB${noChromium ? ` (${noChromium})` : ""}`, () => {
  let folder: string;
  let server: WebServer;
  let browser: Browser;
  let page: Page;
  let start: number;
  let empty: number;

  beforeAll(async () => {
    folder = await writeLargeModel(weights);
    const texts = {
      "/": emptyPage,
      "/page.js": await bundled("test/browser/engine/memory-page.ts"),
      "/worker.js": await bundled("src/worker.ts"),
    };
    server = await serveSite({ texts, folders: { "/model/": folder }, headers: isolated });
    // Else a measurement waits for a collection, which comes after up to 20 s.
    browser = await openChromium({ args: ["--enable-blink-features=ForceEagerMeasureMemory"] });
    ({ page } = await openPage(browser, server.origin));
    start = await ask("open");
    empty = await gpuProcessBytes(browser);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const ask = <K extends keyof Tasks>(name: K, ...given: Parameters<Tasks[K]>) =>
    page.evaluate(([task, values]) => Reflect.get(globalThis, "memoryTasks")[task](...values), [
      name,
      given,
    ] as const) as Promise<Awaited<ReturnType<Tasks[K]>>>;

  test("JavaScript never holds 64 MiB more than before", async () => {
    const { most, times } = await ask("load", "/model/");
    expect(times).toBeGreaterThan(3);
    expect(await ask("generate")).toBe(2);
    const after = await ask("bytes");
    console.info(
      `${weights} MiB of weights: ${((most - start) / mebibyte).toFixed(1)} MiB at most in ${times} measurements, ` +
        `${((after - start) / mebibyte).toFixed(1)} MiB afterwards`,
    );
    expect(Math.max(most, after) - start).toBeLessThan(64 * mebibyte);
  });

  test("the process with the GPU has after the last unload what it had after the first", async () => {
    const left: number[] = [];
    const held: number[] = [];
    for (let cycle = 0; cycle < cycles; cycle++) {
      if (cycle > 0) await ask("load", "/model/");
      if (cycle > 0) await ask("generate");
      held.push(await gpuProcessBytes(browser));
      await ask("unload");
      left.push(await gpuProcessBytes(browser));
    }
    const shown = (bytes: readonly number[]) => bytes.map((one) => (one / mebibyte).toFixed(0)).join(", ");
    console.info(`MiB of the process with the GPU: loaded ${shown(held)}; unloaded ${shown(left)}`);
    expect(held[0]).toBeGreaterThan(empty + 0.9 * weights * mebibyte); // it is what has the weights
    const [first = 0] = left; // of which Dawn keeps what it expects to need again
    for (const one of left) expect(one - first).toBeLessThan(Math.max(0.05 * first, underWay));
  });
});
