import { afterAll, describe, expect, test } from "vitest";
import { standardTiming } from "../../bench/harness/timing.ts";
import { choicesOf, type MoeCase, routingFigures, standardMoeCases } from "../../bench/moe/cases.ts";
import { runMoeBench } from "../../bench/moe/run.ts";
import { testGpu } from "../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });
afterAll(() => gpu.close());

const given = (changed: Partial<MoeCase> = {}): MoeCase => ({
  tokens: 40,
  experts: 8,
  k: 2,
  widths: [64, 128],
  routing: "uniform",
  dtype: "f32",
  ...changed,
});

describe("routings", () => {
  test.each(["uniform", "zipf", "one"] as const)(
    "%s: different experts for each token, the same in each run",
    (routing) => {
      const own = given({ routing, tokens: 300 });
      const choices = choicesOf(own);
      expect(choices).toEqual(choicesOf(own));
      for (let token = 0; token < 300; token++) {
        const [a = -1, b = -1] = choices.slice(2 * token, 2 * token + 2);
        expect(a).not.toBe(b);
        expect(Math.min(a, b)).toBeGreaterThanOrEqual(0);
        expect(Math.max(a, b)).toBeLessThan(8);
      }
    },
  );

  test("have the expected imbalance", () => {
    const imbalance = (routing: MoeCase["routing"]) => routingFigures(given({ routing, tokens: 2000 })).imbalance;
    expect(imbalance("uniform")).toBeLessThan(1.2);
    expect(imbalance("zipf")).toBeGreaterThan(1.8);
    expect(imbalance("one")).toBe(4); // two of eight have all
    // 40 slots each of two experts: two blocks of 32 rows for each, ten threads of four rows.
    const one = routingFigures(given({ routing: "one" }));
    expect([32, 8, 4].map(one.rowsInBlocks)).toEqual([128, 80, 80]);
  });
});

test("rows are checked, timed, and say what is useful and what is executed", async () => {
  const cases = [given(), given({ tokens: 1, dtype: "bf16" })];
  const timing = { ...standardTiming, samples: 1 };
  const variants = ["grouped", "vector", "loop", "dense"];
  const plan = { cases, variants, timing, clock: "wall", peaks: false, commandOptions: [] } as const;
  const { rows } = await runMoeBench(gpu, plan);
  expect(rows.map(({ variant }) => variant)).toEqual([...variants, ...variants]);
  expect(rows.map(({ verdict }) => verdict)).toEqual(new Array(8).fill("pass"));
  const [grouped, , loop, dense] = rows;
  const useful = 6 * 64 * 128 * 80;
  expect(grouped?.executedFlops).toBe(6 * 64 * 128 * routingFigures(given()).rowsInBlocks(4));
  expect(loop?.executedFlops).toBe(grouped?.executedFlops);
  expect(dense?.executedFlops).toBe(6 * 64 * 128 * 40 * 8);
  expect(grouped?.flops).toBeGreaterThanOrEqual(useful);
  expect(grouped?.flops).toBeLessThan(1.05 * useful);
  expect([grouped?.imbalance, loop?.imbalance]).toEqual(new Array(2).fill(routingFigures(given()).imbalance));
  expect(grouped?.paddingEfficiency).toBe(80 / routingFigures(given()).rowsInBlocks(32));
  expect(loop?.paddingEfficiency).toBeNull();
  expect(rows[4]?.command).toBe(
    "node dist/cli.js bench moe --tokens 1 --experts 8 --k 2 --widths 64x128 --routing uniform --dtype bf16",
  );
});

test("a variant that refuses a case is n/a, with its reason", async () => {
  const timing = { ...standardTiming, samples: 1 };
  const plan = { timing, clock: "wall", peaks: false, commandOptions: [], variants: ["grouped", "loop"] } as const;
  const { rows } = await runMoeBench(gpu, { ...plan, cases: [given({ widths: [64, 64] })] });
  expect(rows.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ["pass", null],
    ["n/a", "moe/experts/loop: rows of f are 128 bytes, it needs a multiple of 256"],
  ]);
});

test("the standard set has each thing that it compares", () => {
  const has = (key: keyof MoeCase) => new Set(standardMoeCases.map((one) => one[key]));
  expect(has("routing")).toEqual(new Set(["uniform", "zipf", "one"]));
  expect(Math.min(...standardMoeCases.map(({ tokens }) => tokens))).toBe(1);
  expect(Math.max(...standardMoeCases.map(({ tokens }) => tokens))).toBe(512);
  expect([
    Math.min(...standardMoeCases.map(({ experts }) => experts)),
    Math.max(...standardMoeCases.map(({ experts }) => experts)),
  ]).toEqual([4, 128]);
});
