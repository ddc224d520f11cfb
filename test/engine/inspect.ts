// What an engine says of a model's insides, the same on every side of a port.
import { expect, test } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { goldenPrompts } from "../support/bundled.ts";

const [golden] = goldenPrompts;

/** Looks into the model `voices` of an engine. */
export function testLooks(engineOf: () => Engine): void {
  test("attention of a token sums to 1, over all layers and heads or in one", async () => {
    const tokens = golden?.promptTokens ?? [];
    const all = await engineOf().attention({ tokens, position: 5 });
    expect(all.weights).toHaveLength(6);
    expect(all.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 4);
    const one = await engineOf().attention({ tokens, position: 5, layer: all.layers - 1, head: 0 });
    expect(one.weights).not.toEqual(all.weights);
    const { perHead } = await engineOf().attention({ tokens, position: 5, perHead: true });
    expect(perHead).toHaveLength(6 * all.layers * all.heads);
    expect(perHead?.slice(6 * (all.layers - 1) * all.heads).slice(0, 6)).toEqual(one.weights);
  });

  test("how likely tokens come next: the model's own, and of those that the filters keep", async () => {
    const tokens = golden?.promptTokens ?? [];
    const [first = 0, second = 0] = golden?.greedyTokens ?? [];
    const { own, drawn, kept } = await engineOf().probabilities({
      tokens,
      of: [first, second],
      temperature: 1,
      topK: 1,
    });
    expect(own[0]).toBeLessThan(1);
    expect(own[0]).toBeGreaterThan(own[1] ?? 1);
    expect([...drawn, kept]).toEqual([1, 0, 1]);
  });
}
