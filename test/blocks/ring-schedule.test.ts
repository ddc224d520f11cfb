import { describe, expect, test } from "vitest";
import { dealTokens, type RingPlan, ringFigures, ringSchedule } from "../../src/blocks/ring-attention/schedule.ts";

const balances = ["contiguous", "zigzag", "striped"] as const;
const lengths = [
  [1, 1],
  [41, 41],
  [48, 48],
  [23, 67],
  [60, 19],
  [2, 50],
] as const;
const plans = balances.flatMap((balance) =>
  lengths.flatMap(([t, s]) =>
    [1, 2, 3, 4, 7].flatMap((shards) =>
      (["causal", "full"] as const).map((mask): RingPlan => ({ t, s, shards, balance, mask })),
    ),
  ),
);

describe("a ring's schedule", () => {
  test.each(balances)("deals every token once, in runs that do not overlap in their shard: %s", (balance) => {
    for (const n of [1, 2, 7, 41, 64]) {
      for (const shards of [1, 2, 3, 8]) {
        const dealt = dealTokens(n, shards, balance);
        const tokens = dealt.flatMap((runs) =>
          runs.flatMap(({ first, stride, count }) => Array.from({ length: count }, (_, i) => first + i * stride)),
        );
        expect(tokens.sort((x, y) => x - y)).toEqual(Array.from({ length: n }, (_, i) => i));
        for (const runs of dealt) {
          let at = 0;
          for (const run of runs) {
            expect(run.at).toBe(at);
            at += run.count;
          }
        }
        const sizes = dealt.map((runs) => runs.reduce((sum, { count }) => sum + count, 0));
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(balance === "zigzag" ? 2 : 1);
      }
    }
  });

  test("covers every pair that the mask leaves exactly once, and calls blocks what they are", () => {
    for (const plan of plans) {
      const { t, s, mask } = plan;
      const seen = new Uint8Array(t * s);
      for (const { queries, keys, relation, start, pairs } of ringSchedule(plan).blocks) {
        let count = 0;
        for (let i = 0; i < queries.count; i++) {
          for (let j = 0; j < keys.count; j++) {
            const visible = relation === "full" || (relation === "causal" && j <= start + i);
            const [query, key] = [queries.first + i * queries.stride, keys.first + j * keys.stride];
            if (visible !== (mask === "full" || key <= query + s - t)) {
              expect.fail(`${JSON.stringify(plan)}: query ${query} ${visible ? "sees" : "does not see"} key ${key}`);
            }
            if (!visible) continue;
            seen[query * s + key] = (seen[query * s + key] ?? 0) + 1;
            count++;
          }
        }
        expect(pairs).toBe(count);
        if (relation === "skip") expect(count).toBe(0);
        if (relation === "causal") expect(count).toBeGreaterThan(0);
        if (relation === "causal") expect(count).toBeLessThan(queries.count * keys.count);
      }
      const all = Uint8Array.from(seen, (_, i) => (mask === "full" || i % s <= Math.floor(i / s) + s - t ? 1 : 0));
      expect(seen).toEqual(all);
    }
  });

  test("stripes of equal lengths start at 0 or −1", () => {
    const { blocks } = ringSchedule({ t: 50, s: 50, shards: 4, balance: "striped" });
    for (const { queries, keys, start } of blocks) expect(start).toBe(keys.first <= queries.first ? 0 : -1);
  });

  test("a contiguous causal ring skips the shards after a device's, masks its own, and sees the rest whole", () => {
    const { blocks } = ringSchedule({ t: 40, s: 40, shards: 4 });
    for (const { device, step, shard, relation } of blocks) {
      expect(shard).toBe((device - step + 4) % 4);
      expect(relation).toBe(step > device ? "skip" : step === 0 ? "causal" : "full");
    }
    expect(blocks).toHaveLength(16);
  });

  test("delivers every shard before it is needed, from a device that has it", () => {
    const reversed = (shards: number) =>
      Array.from({ length: shards }, () => Array.from({ length: shards }, (_, i) => shards - 1 - i));
    for (const plan of plans.flatMap((one) => [one, { ...one, arrival: reversed(one.shards) }])) {
      const { blocks, hops, shards } = ringSchedule(plan);
      const has = Array.from({ length: shards }, (_, device) => new Set([device]));
      const arrivals = (step: number) => {
        const now = hops.filter((hop) => hop.step === step);
        for (const { from, shard, to } of now) {
          expect(has[from]?.has(shard), JSON.stringify({ plan, step, from, to, shard })).toBe(true);
          expect(has[to]?.has(shard)).toBe(false);
        }
        for (const { shard, to } of now) has[to]?.add(shard);
      };
      arrivals(-1);
      for (let step = 0; step < shards; step++) {
        for (const block of blocks.filter((one) => one.step === step && one.relation !== "skip")) {
          expect(has[block.device]?.has(block.shard), JSON.stringify({ plan, block })).toBe(true);
        }
        arrivals(step);
      }
      expect(hops.every(({ step }) => step + 1 < shards)).toBe(true);
    }
  });

  test("refuses what makes no sense, and says so", () => {
    expect(() => ringSchedule({ t: 4, s: 4, shards: 0 })).toThrow(/shards is 0, expected an integer from 1 to/);
    expect(() => ringSchedule({ t: 4, s: 4, shards: 2, balance: "random" as "zigzag" })).toThrow(
      /balance is "random", expected "contiguous" or "zigzag" or "striped"/,
    );
    expect(() => ringSchedule({ t: 4, s: 4, shards: 2, mask: "window" as "full" })).toThrow(/mask is "window"/);
    const arrival = [
      [0, 1],
      [1, 1],
    ];
    expect(() => ringSchedule({ t: 4, s: 4, shards: 2, arrival })).toThrow(
      /arrival\[1\] is \[1, 1\], expected each of the 2 shards once/,
    );
  });
});

describe("a ring's figures", () => {
  const sizes = { b: 2, h: 6, g: 3, d: 8, dv: 4 };
  const figuresOf = (plan: RingPlan) => ringFigures(ringSchedule(plan), sizes);

  test("pairs are those of the mask, over all heads and sequences", () => {
    for (const plan of plans) {
      const { t, s, mask } = plan;
      let pairs = 0;
      for (let i = 0; i < t; i++) pairs += mask === "full" ? s : Math.max(0, Math.min(s, i + s - t + 1));
      expect(figuresOf(plan).pairs.reduce((sum, own) => sum + own, 0)).toBe(12 * pairs);
    }
  });

  test("traffic follows the formula: every shard visits every other device", () => {
    for (const balance of balances) {
      for (const [mask, s] of [["full", 48] as const, ["full", 41] as const, ["causal", 48] as const]) {
        if (mask === "causal" && balance === "contiguous") continue;
        const { hopBytes } = figuresOf({ t: s, s, shards: 4, balance, mask });
        expect(hopBytes, `${balance} ${mask} ${s}`).toBe(3 * 2 * 3 * s * (8 + 4) * 4);
      }
    }
    // Contiguous causal: shard j is sent only to the devices after j.
    const { hopBytes } = figuresOf({ t: 48, s: 48, shards: 4 });
    expect(hopBytes).toBe((3 + 2 + 1) * 2 * 3 * 12 * (8 + 4) * 4);
  });

  test("balancing halves what a causal ring waits for", () => {
    const [contiguous, zigzag, striped] = balances.map((balance) =>
      figuresOf({ t: 1024, s: 1024, shards: 8, balance }),
    );
    // The last of 8 devices has 7 whole blocks and half a one, of 32 in all; and every step waits for a whole one.
    expect(contiguous?.imbalance).toBeCloseTo(7.5 / 4, 1);
    expect(contiguous?.stepImbalance).toBeCloseTo(7.5 / 4, 1);
    expect(zigzag?.imbalance).toBeCloseTo(1, 6);
    expect(zigzag?.stepImbalance).toBeLessThan(1.01);
    expect(striped?.imbalance).toBeLessThan(1.01);
    expect(striped?.stepImbalance).toBeLessThan(1.02);
  });
});
