import { describe, expect, test } from "vitest";
import {
  type AttentionSubject,
  attentionCase,
  everySubject,
  formatCase,
  parseSubject,
  runAttentionBench,
} from "../../bench/index.ts";
import { attention } from "../../src/index.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { benchRows, speeds, timing } from "./run-bench.ts";

const gpu = await testGpu();
gpu.buffers.poison = false; // a bench poisons what it needs
const rowsOf = benchRows(gpu);

/** A variant by another record. */
const wrong = (name: string, record: AttentionSubject["record"]): AttentionSubject => ({
  ...parseSubject("flash"),
  name,
  record,
});

describe("the attention bench", () => {
  test("every variant is correct on a prefill and on a decode step, and has a speed", async () => {
    const rows = await rowsOf([{ batch: "q65s90" }, { batch: "2q1s90" }], everySubject());
    expect(rows).toHaveLength(2 * Object.keys(attention.variants).length);
    for (const row of rows) {
      if (row.verdict === "n/a") continue;
      expect(row.verdict, `${row.id}: ${row.reason}`).toBe("pass");
      expect(row.errorRatio).toBeLessThan(2);
      expect(row.nmse).toBeLessThan(1e-10);
      expect(row.checked).toMatch(/^all \d+ query rows$/);
      for (const field of speeds) expect(row[field], `${row.id} ${field}`).not.toBeNull();
      const quantiles = [row.p10Ms, row.medianMs, row.p90Ms].map(Number);
      expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
      expect(row.firstRunMs).toEqual(expect.any(Number));
      expect(row.dispatches).toBeGreaterThan(0);
      expect(row.tflops).toBeCloseTo((row.flops ?? 0) / (row.medianMs ?? 0) / 1e9, 12);
      expect(row.command).toMatch(
        new RegExp(
          `^node dist/cli.js bench attention ${row.batch} --variants ${row.variant} --masks causal --heads 4/2x32$`,
        ),
      );
    }
    for (const batch of ["q65s90", "2q1s90"]) {
      const shares = rows.filter((row) => row.batch === batch).map(({ shareOfFastest }) => shareOfFastest ?? 0);
      expect(Math.max(...shares)).toBe(1);
    }
  });

  test("a wrong result has a red row without a speed; the correct ones are timed", async () => {
    const subjects = [
      parseSubject("flash"),
      wrong("a diagonal off by one", (device, tensors, options) =>
        attention(device, tensors, { ...options, start: 90 - 65 - 1, variant: "flash" }),
      ),
      wrong("a scale off by a thousandth", (device, tensors, options) =>
        attention(device, tensors, { ...options, scale: 1.001 / Math.sqrt(32), variant: "flash" }),
      ),
      wrong("rows after the keys", (device, { q, k, v }, options) => {
        const [, , rows = 0] = k.shape;
        const longer = (x: typeof k) =>
          Object.assign(Object.create(x), { shape: [...x.shape.slice(0, 2), rows + 1, 32] });
        return attention(device, { q, k: longer(k), v: longer(v) }, { ...options, variant: "flash" });
      }),
      wrong("nothing at all", () => {
        throw new Error("it does not compile");
      }),
    ];
    const [right, ...others] = await rowsOf([{ batch: "q65s90" }], subjects);
    expect(right?.verdict).toBe("pass");
    expect(right?.shareOfFastest).toBe(1);
    expect(others.map(({ verdict }) => verdict)).toEqual(["fail", "fail", "fail", "fail"]);
    for (const row of others) for (const field of speeds) expect(row[field], `${row.id} ${field}`).toBeNull();
    expect(others.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^result: .* error .* where plain f32 loops have/),
      expect.stringMatching(/^result: .* error .* where plain f32 loops have/),
      expect.stringMatching(/^element \d+ of the result is NaN$/),
      "it does not compile",
    ]);
    const table = formatCase(others).split("\n").slice(1).join("\n");
    expect(table).not.toMatch(/\d (M|G|k) |×|%/);
  });

  test("sequences of different shapes are one program with a call each, and their rows say so", async () => {
    const [row] = await rowsOf([{ batch: "q65s90_3q1s90" }], [parseSubject("naive")]);
    expect(row).toMatchObject({
      verdict: "pass",
      batch: "q65s90_3q1s90",
      layout: "contiguous",
      dispatches: 6,
      livePairs: 4 * ((65 * (2 * 90 - 65 + 1)) / 2 + 3 * 90),
      workspaceBytes: 4 * 4 * (65 * 90 + 3 * 90),
    });
  });

  test("a variant that does not apply has a reason: a width, a type, a layout, latents", async () => {
    const cases = [
      { batch: "q9", heads: "2x30" },
      { batch: "q9", dtype: "int4", heads: "2x48" },
      { batch: "q9", layout: "ring:4" },
      { batch: "q9", layout: "ragged", score: "bias" },
      { batch: "q9", model: "DeepSeek-V3", heads: "2x96-32" },
    ];
    const rows = await rowsOf(cases, [parseSubject("flash")]);
    expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["n/a", expect.stringMatching(/^d is 30/)],
      ["n/a", "int4 takes heads of multiples of 32, not 48"],
      ["n/a", "ring:4 has lost keys that 9 queries would see"],
      ["n/a", "a ragged layout takes masks and scores that read no tensors by row or position"],
      ["n/a", "keys and values must be computed from the latents first, as expanded and absorbed do"],
    ]);
    for (const row of rows) for (const field of speeds) expect(row[field]).toBeNull();
    const algorithms = ["linear", "cascade", "ring:2", "expanded"].map(parseSubject);
    const windows = await rowsOf([{ batch: "q9", mask: "sliding-window:4" }], algorithms);
    expect(windows.map(({ reason }) => reason)).toEqual([
      "it takes the masks causal and full",
      "the sequences have no common prefix; with --layouts prefix:keys they do",
      "it takes the masks causal and full",
      "the cache holds keys and values, not latents",
    ]);
  });

  test("splitK with a number of splits, where the keys are enough for it", async () => {
    const subjects = ["splitK:2", "splitK:3", "splitK:8"].map(parseSubject);
    const rows = await rowsOf([{ batch: "2q1s1100" }], subjects);
    expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["pass", null],
      ["pass", null],
      ["n/a", expect.stringMatching(/^1100 keys are cut into \d splits instead of 8$/)],
    ]);
    expect(rows.map(({ workspaceBytes }) => workspaceBytes)).toEqual([2, 3, null].map((n) => n && 4 * 2 * 4 * n * 34));
  });

  test("alternating inputs give the results of one set", async () => {
    const [row] = await rowsOf([{ batch: "2q1s90" }], [parseSubject("splitK")], { rotateBytes: 1 << 18 });
    expect(row?.verdict).toBe("pass");
    expect(row?.command).toMatch(/ --rotate$/);
  });

  test("a long case is checked by a sample with the first, the last and the rows at tile edges", async () => {
    const [row] = await rowsOf([{ batch: "q1500" }], [parseSubject("flash")]);
    expect(row?.verdict).toBe("pass");
    expect(row?.checked).toMatch(/^\d+ of 6000 query rows: first, last, tile edges, some between$/);
  });

  test("refuses cases too large for this device, before anything is dispatched", async () => {
    const before = gpu.submits;
    await expect(rowsOf([{ batch: "q1s1024k", heads: "64x256" }], everySubject())).rejects.toThrow(
      /^batch "q1s1024k" with heads 64x256: a tensor of \d+ bytes, a binding holds \d+ on /,
    );
    expect(gpu.submits).toBe(before);
  });

  test("stops on its signal", async () => {
    const plan = {
      cases: [attentionCase({ batch: "q9", heads: "4/2x32" })],
      subjects: everySubject(),
      timing,
      clock: "wall" as const,
    };
    const signal = AbortSignal.abort(new Error("enough"));
    const more = { rotateBytes: 0, peaks: false, commandOptions: [] };
    await expect(runAttentionBench(gpu, { ...plan, ...more }, { signal })).rejects.toThrow("enough");
  });
});
