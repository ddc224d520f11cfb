import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite, type WebServer } from "../../../bench/harness/web-server.ts";
import { ringCase, ringCases } from "../../../src/check/cases/attention/ring.ts";
import { inTurn } from "../../../src/check/emulation/sums.ts";
import { assertGate } from "../../../src/check/gate.ts";
import { storedInputs } from "../../../src/check/run-case.ts";
import type { RingAttentionOptions } from "../../../src/index.ts";
import { closePages, sharedChromium } from "../shared.ts";
import { bundled, emptyPage } from "./bundled-page.ts";
import type { RingInputs, ringTasks } from "./ring-page.ts";

type Tasks = typeof ringTasks;

describe.skipIf(noChromium)(`a ring of workers in headless Chromium${noChromium ? ` (${noChromium})` : ""}`, () => {
  let browser: Browser;
  let server: WebServer;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    const texts = {
      "/": emptyPage,
      "/page.js": await bundled("test/browser/engine/ring-page.ts"),
      "/worker.js": await bundled("test/browser/engine/ring-worker.ts"),
    };
    server = await serveSite({ texts });
    browser = await sharedChromium();
    ({ page, errors } = await openPage(browser, server.origin));
  });

  afterAll(async () => {
    await closePages(browser);
    await server?.close();
  });

  const inPage = <K extends keyof Tasks>(name: K, inputs: RingInputs, options: RingAttentionOptions) =>
    page.evaluate(([task, i, o]) => Reflect.get(globalThis, "ringTasks")[task](i, o), [
      name,
      inputs,
      options,
    ] as const) as Promise<Awaited<ReturnType<Tasks[K]>>>;

  // All balances are in test/blocks/ring-ports.test.ts.
  test("three workers, zigzag", async () => {
    const item = ringCase("", { b: 2, h: 6, g: 2, t: 41, s: 53 }, { shards: 3, balance: "zigzag" });
    const { inputs, options } = item;
    const pick = <T>(of: (name: "q" | "k" | "v") => T) => ({ q: of("q"), k: of("k"), v: of("v") });
    const given: RingInputs = {
      shapes: pick((name) => inputs[name].shape),
      values: pick((name) => Array.from(inputs[name].values)),
    };
    const many = await inPage("overWorkers", given, options);
    const one = await inPage("onOneDevice", given, options);
    // Bitwise, since blocks and the order of merges are the same; elements of lse and memory order of out.
    expect(many.lse).toEqual(one.lse);
    expect(many.sent).toBe(many.hopBytes);

    const dense = storedInputs(item);
    const expected = ringCases.reference(dense, options).out.values;
    const emulated = ringCases.gate?.emulation(dense, options, inTurn).out.values ?? [];
    assertGate(one.out, expected, emulated, 3, `out on ${one.adapter}`);
    expect(swapped(many.out, 2, 41, 6, 8)).toEqual(one.out);
  });

  test("no uncaught errors", () => {
    expect(errors).toEqual([]);
  });
});

/** `[b, h, t, d]` from memory order `[b, t, h, d]`. */
function swapped(values: readonly number[], b: number, t: number, h: number, d: number): number[] {
  return Array.from({ length: b * h * t * d }, (_, i) => {
    const [batch, head, token] = [Math.floor(i / (h * t * d)), Math.floor(i / (t * d)) % h, Math.floor(i / d) % t];
    return values[((batch * t + token) * h + head) * d + (i % d)] ?? Number.NaN;
  });
}
