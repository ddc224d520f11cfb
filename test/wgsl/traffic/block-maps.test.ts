// Tiles of pairs that a mask empties take no part in attention's gradients: counted where the kernels are interpreted.
import { expect, test } from "vitest";
import type { Dispatch } from "../../../src/gpu/program/dispatch.ts";
import type { AttentionMask } from "../../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import { KEYS, ROWS } from "../../../src/kernels/attention/backward/flash-tiles.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { inputsOn } from "./call.ts";
import { interpret } from "./interpret.ts";

const gpu = await testGpu();
const { random, words } = inputsOn(gpu);

/** The gradients of tokens of one head. */
const backward = (tokens: number, mask: AttentionMask) => () => {
  const x = () => random([1, 1, tokens, 4]);
  const tensors = { q: x(), k: x(), v: x(), out: x(), dout: x(), lse: random([1, 1, tokens]) };
  return attentionBackward(gpu, tensors, { mask, variant: "flash" });
};
const isOfTiles = ({ kernel }: Dispatch) => kernel.includes("/flash-");

test("two documents of a tile each take twice what one takes, not four times", async () => {
  const documents = words([1, 2 * KEYS], ...Array.from({ length: 2 * KEYS }, (_, i) => Math.floor(i / KEYS)));
  expect(KEYS).toBe(ROWS);
  // Figures of one whole tile are those that are counted: counts.test.ts.
  const one = gpu.record(backward(KEYS, "full")).dispatches.filter(isOfTiles);
  const { counted } = await interpret(gpu, backward(2 * KEYS, { kind: "document", documents }));
  const two = counted.filter(({ dispatch }) => isOfTiles(dispatch)).map(({ traffic }) => traffic);
  expect(two.map(({ multiplyAdds }) => multiplyAdds)).toEqual(one.map(({ cost }) => cost.executedFlops));
  // What is requested more: entries of the map, by every thread. The map says that all pairs of a tile are visible, so
  // that none is tested.
  for (const [i, { requestedBytes }] of two.entries()) {
    const single = one[i]?.cost.requestedBytes ?? 0;
    expect(requestedBytes).toBeGreaterThan(2 * single);
    expect(requestedBytes).toBeLessThan(2.1 * single);
  }
});
