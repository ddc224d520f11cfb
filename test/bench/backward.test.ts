import { describe, expect, test } from "vitest";
import {
  attentionCase,
  type BenchRow,
  backwardAnswers,
  type CaseText,
  noOwn,
  type OwnMods,
  parseVariant,
  readOwn,
  runBackwardBench,
  standardBackwardCases,
} from "../../bench/index.ts";
import type { ScoreDescription } from "../../src/reference/described.ts";
import { attentionBackward } from "../../src/train/index.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { speeds, timing } from "./run-bench.ts";

const gpu = await quickGpu();
gpu.buffers.poison = false; // a bench poisons what it needs

type Variant = ReturnType<typeof parseVariant>;

async function rowsOf(
  cases: readonly CaseText[],
  variants?: readonly Variant[],
  own: OwnMods = noOwn,
): Promise<readonly BenchRow[]> {
  const plan = {
    cases: cases.map((words) => attentionCase({ heads: "4/2x16", ...words }, own)),
    variants,
    timing,
    clock: "wall" as const,
    rotateBytes: 0,
    peaks: false,
    commandOptions: [],
  };
  return (await runBackwardBench(gpu, plan)).rows;
}

describe("the bench of attention's gradients", () => {
  test("attention, every variant of its gradients, and both together are correct and have a speed", async () => {
    const rows = await rowsOf([{ batch: "2q37" }, { batch: "q9s21" }]);
    const variants = Object.keys(attentionBackward.variants);
    const names = ["inference", "forward", ...variants, ...variants.map((name) => `forward+${name}`)];
    expect(rows.map(({ variant }) => variant)).toEqual([...names, ...names]);
    for (const row of rows) {
      expect(row.verdict, `${row.id}: ${row.reason}`).toBe("pass");
      expect(row.op).toBe("attention-backward");
      expect(row.errorRatio).toBeLessThan(2);
      expect(row.nmse).toBeLessThan(1e-10);
      expect(row.checked).toMatch(/^all \d+ key heads$/);
      for (const field of speeds) expect(row[field], `${row.id} ${field}`).not.toBeNull();
      expect(row.requestedBytes).toBeGreaterThan(0);
      expect(row.command).toMatch(/^node dist\/cli\.js bench attention \S+ .*--heads 4\/2x16 --backward$/);
      expect(row.command.includes("--variants")).toBe(!["inference", "forward"].includes(row.variant));
    }
    // Attention has 2 products for a pair, its gradients 5, both together 7, of the same width here.
    const flops = (name: string) => rows.find(({ variant }) => variant === name)?.flops ?? 0;
    expect(flops("flash") / flops("forward")).toBeCloseTo(2.5, 12);
    expect(flops("forward+flash") / flops("forward")).toBeCloseTo(3.5, 12);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
  });

  test("masks and scores are those of the case", async () => {
    const rows = await rowsOf([{ batch: "q30", mask: "sliding-window:7", score: "softcap:2+alibi" }], ["rows"]);
    expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual(rows.map(() => ["pass", null]));
  });

  test("a derivative in a user's text is checked against differences of its twin", async () => {
    const rows = async (derivative: string) => {
      const score = "fn score_mod(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return score * abs(score); }";
      const twin = (value: number) => value * Math.abs(value);
      const own = readOwn<ScoreDescription>("score", "mine", { name: "bent", wgsl: `${score}\n${derivative}`, twin });
      return await rowsOf([{ batch: "q30", score: "mine:bent" }], ["rows"], { ...noOwn, scores: own });
    };
    const moved = (factor: string) =>
      `fn score_derivative(score: f32, b: u32, h: u32, q: u32, k: u32) -> f32 { return ${factor} * abs(score); }`;
    const verdicts = async (derivative: string) => (await rows(derivative)).map(({ verdict }) => verdict);
    expect(await verdicts(moved("2.0"))).toEqual(["pass", "pass", "pass", "pass"]);
    expect(await verdicts(moved("1.999"))).toEqual(["pass", "pass", "fail", "fail"]);
    expect((await rows("")).at(-1)?.reason).toContain(
      "a score of your own has no derivative, expected one in its text",
    );
  });

  test("wrong gradients have a red row without a speed; attention's own rows are timed", async () => {
    const { rows: right } = attentionBackward.variants;
    const wrong: typeof right = {
      ...right,
      record: (device, tensors, options) => right.record(device, tensors, { ...options, scale: 1.001 / 4 }),
    };
    Object.assign(attentionBackward.variants, { rows: wrong });
    try {
      const rows = await rowsOf([{ batch: "q30" }], ["rows"]);
      const verdicts = Object.fromEntries(rows.map(({ variant, verdict }) => [variant, verdict]));
      expect(verdicts).toEqual({ inference: "pass", forward: "pass", rows: "fail", "forward+rows": "fail" });
      for (const row of rows.filter(({ verdict }) => verdict === "fail")) {
        for (const field of speeds) expect(row[field]).toBeNull();
        expect(row.reason).toMatch(/^gradients: /);
      }
    } finally {
      Object.assign(attentionBackward.variants, { rows: right });
    }
  });

  test("what has no gradients says why", async () => {
    const reasons = async (words: CaseText) => (await rowsOf([words], ["rows"])).map(({ reason }) => reason);
    expect(new Set(await reasons({ batch: "q8", dtype: "f16" }))).toEqual(
      new Set(["keys and values are f16, gradients need f32"]),
    );
    expect((await reasons({ batch: "q8_q9" }))[0]).toBe("sequences of several lengths, expected one");
    expect((await reasons({ batch: "q8", layout: "paged:4" }))[0]).toContain("expected contiguous");
    expect((await rowsOf([{ batch: "q8", heads: "2x6" }], ["rows"])).map(({ verdict }) => verdict)).toEqual([
      "pass",
      "pass",
      "n/a",
      "n/a",
    ]);
    expect(() => parseVariant("quick")).toThrow('there is no variant "quick" of attention\'s gradients; there are');
  });

  test("answers are multiples of the forward pass", () => {
    const row = (variant: string, medianMs: number | null) =>
      ({ variant, medianMs, batch: "q64", heads: "2x16", mask: "causal", score: "none" }) as BenchRow;
    const rows = [row("inference", 1), row("forward", 2), row("flash", 9), row("rows", null), row("forward+flash", 11)];
    expect(backwardAnswers(rows)).toEqual([
      "- q64 2x16 causal none: gradients take flash 4.50 × the forward pass, of 2.00 ms",
    ]);
    expect(backwardAnswers([row("forward", null)])).toEqual(["- q64 2x16 causal none: no gradients were timed"]);
  });

  test("the standard cases are cases", () => {
    expect(standardBackwardCases.map((words) => attentionCase(words).batch.text)).toContain("q1k");
  });
});
