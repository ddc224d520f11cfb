// Pictures of attention on the page that trains: over a source they are not square, and a step may have several.
import { describe, expect, test } from "vitest";
import { heatSize, seenBy, weightsOf } from "../../../site/train/views/heat.ts";
import { type Attention, withAttention } from "../../../site/train/worker/history.ts";

describe("weights of a choice of layers and heads", () => {
  // Each weight says its own indices: layer, head, row, column.
  const shape = { layers: 2, heads: 3, rows: 2, columns: 4 };
  const all = Float32Array.from({ length: 2 * 3 * 2 * 4 }, (_, i) => {
    const [layer, head, row, column] = [Math.floor(i / 24), Math.floor(i / 8) % 3, Math.floor(i / 4) % 2, i % 4];
    return 1000 * layer + 100 * head + 10 * row + column;
  });

  test("one head", () => {
    expect([...weightsOf(all, shape, { layer: 1, head: 2 })]).toEqual([1200, 1201, 1202, 1203, 1210, 1211, 1212, 1213]);
  });

  test("the mean of a layer, and of all", () => {
    expect([...weightsOf(all, shape, { layer: 0, head: undefined })].slice(3, 5)).toEqual([103, 110]);
    expect([...weightsOf(all, shape, { layer: undefined, head: undefined })].slice(3, 5)).toEqual([603, 610]);
  });
});

describe("the size of a picture", () => {
  const letters = (count: number) => Array.from({ length: count }, () => "a");

  test("fits its room, with margins for words and without", () => {
    for (const room of [300, 800]) {
      for (const rows of [letters(9), ["maison", "le"]]) {
        for (const columns of [letters(17), ["house", "the", "sees"]]) {
          const { side, left } = heatSize(room, { rows, columns });
          expect(left + side * columns.length).toBeLessThanOrEqual(Math.min(room, 520));
          expect(side).toBeGreaterThan(9);
        }
      }
    }
  });

  test("single characters have a margin of one square, each side by itself", () => {
    const { side, left, top } = heatSize(400, { rows: letters(5), columns: ["house", "the"] });
    expect(left).toBe(side);
    expect(top).toBeGreaterThan(side);
  });

  test("a row sees the columns up to its own, or all", () => {
    const columns = letters(6);
    expect(seenBy({ columns, causal: true }, 2)).toBe(3);
    expect(seenBy({ columns, causal: false }, 2)).toBe(6);
  });
});

test("steps keep the attention of all their parts, and of too many steps every second one goes with all of them", () => {
  const partsAt = (step: number): readonly Attention[] =>
    (["encoder", "source"] as const).map((of) => ({ step, of, tokens: ["a"], weights: new Float32Array(1000) }));
  let kept: readonly Attention[] = [];
  for (let step = 0; step < 100; step++) kept = withAttention(kept, partsAt(step));
  const steps = [...new Set(kept.map(({ step }) => step))];
  expect(steps.length).toBeLessThanOrEqual(40);
  expect(steps[0]).toBe(0);
  expect(steps.at(-1)).toBe(99);
  for (const step of steps) {
    expect(kept.filter((one) => one.step === step).map(({ of }) => of)).toEqual(["encoder", "source"]);
  }
  expect(withAttention(kept, partsAt(99))).toHaveLength(kept.length);
});
