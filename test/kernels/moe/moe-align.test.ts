import { describe, expect, test } from "vitest";
import { randomChoices } from "../../../src/check/cases/moe/experts.ts";
import { type Aligned, align, maxBlocks } from "../../../src/kernels/moe/align.ts";
import { dense } from "../../../src/reference/dense.ts";
import { align as reference } from "../../../src/reference/mixture/mixture.ts";
import { limitCapacity } from "../../../src/reference/mixture/routing.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";

const gpu = await testGpu({ features: [] });
const nothing = 0xffffffff;

async function readAll(plan: Aligned): Promise<Record<keyof Aligned, number[]>> {
  const lists = await Promise.all(
    Object.entries(plan).map(async ([name, list]) => [name, Array.from(await list.read())]),
  );
  return Object.fromEntries(lists);
}

const problem = (name: string, t: number, k: number, count: number, block: number, more: object = {}) => ({
  name,
  t,
  k,
  count,
  block,
  choices: randomChoices({ t, e: count, k }, t + count),
  capacity: undefined as number | undefined,
  ...more,
});

const problems = [
  problem("the worked fixture", 5, 2, 4, 4, { choices: [2, 0, 0, 3, 2, 0, 0, 2, 3, 2] }),
  problem("one slot", 1, 1, 1, 32),
  problem("most experts empty", 1, 8, 128, 32),
  problem("all tokens to one expert", 129, 1, 8, 16, { choices: new Array(129).fill(3) }),
  problem("several chunks", 129, 2, 31, 32),
  problem("more experts than threads, several chunks", 70, 6, 160, 4),
  problem("choices that are none", 40, 2, 3, 8, { choices: Array.from({ length: 80 }, (_, i) => (i * 5) % 7) }),
  problem("a capacity", 100, 2, 4, 16, { capacity: 40 }),
  problem("a capacity of one", 17, 4, 8, 1, { capacity: 1 }),
];

describe.each(["naive", "sorted"] as const)("moe/align %s", (variant) => {
  test.each(problems)("$name", async ({ t, k, count, block, choices, capacity }) => {
    const experts = tensor(gpu, [t, k], choices, "u32");
    const given = { count, block, across: [7, 9] as const, variant, ...(capacity ? { capacity } : {}) };
    const { counts, offsets, slots, blockExperts, grids, positions } = await readAll(align(gpu, { experts }, given));

    // What must hold whatever the choices are.
    const end = offsets[count] ?? 0;
    expect(end / block).toBeLessThanOrEqual(maxBlocks(t * k, count, block));
    expect(slots.length).toBe(maxBlocks(t * k, count, block) * block);
    expect(offsets.every((offset) => offset % block === 0)).toBe(true);
    const used = slots.slice(0, end).filter((slot) => slot !== nothing);
    expect(new Set(used).size, "each slot at most once").toBe(used.length);
    expect(counts.reduce((sum, own) => sum + own, 0)).toBe(used.length);
    for (const [at, slot] of slots.slice(0, end).entries()) {
      if (slot === nothing) continue;
      expect(positions[slot]).toBe(at);
      expect(choices[slot]).toBe(blockExperts[Math.floor(at / block)]);
    }

    // And to the number.
    const chosen = { experts: dense([t, k], choices) };
    const limited = capacity === undefined ? chosen : limitCapacity(chosen, { count, capacity });
    const expected = reference(limited, { count, block });
    expect(counts).toEqual(expected.counts);
    expect(offsets).toEqual(expected.offsets);
    expect(slots.slice(0, end)).toEqual(expected.slots.map((slot) => (slot === t * k ? nothing : slot)));
    expect(blockExperts.slice(0, end / block)).toEqual(expected.blockExperts);
    expect(positions).toEqual(expected.positions);
    expect(grids).toEqual([7, end / block, 1, end / block, 9, end / block, 1, end / block]);
  });

  test("refuses what are no counts", () => {
    const experts = tensor(gpu, [2, 2], [0, 1, 1, 0], "u32");
    const call = (options: object) => () => align(gpu, { experts }, { count: 2, block: 4, variant, ...options });
    expect(call({ count: 0 })).toThrow(/moe\/align: count is 0, expected an integer from 1 to/);
    expect(call({ block: 1.5 })).toThrow(/block is 1.5/);
    expect(call({ capacity: 0 })).toThrow(/capacity is 0/);
  });
});
