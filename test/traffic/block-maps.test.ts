// Tiles of pairs that a mask empties take no part in attention's gradients: counted where the kernels are interpreted.
import { expect, test } from "vitest";
import type { AttentionMask } from "../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../src/kernels/attention/backward/attention-backward.ts";
import { KEYS, ROWS } from "../../src/kernels/attention/backward/flash-tiles.ts";
import { testGpu } from "../support/gpu.ts";
import { inputsOn } from "./call.ts";
import { interpret } from "./interpret.ts";

const gpu = await testGpu();
const { random, words } = inputsOn(gpu);

/** What the kernels of tiles request and multiply, of tokens of one head. */
async function trafficOf(tokens: number, mask: AttentionMask) {
  const x = () => random([1, 1, tokens, 4]);
  const tensors = { q: x(), k: x(), v: x(), out: x(), dout: x(), lse: random([1, 1, tokens]) };
  const { counted } = await interpret(gpu, () => attentionBackward(gpu, tensors, { mask, variant: "flash" }));
  const flash = counted.filter(({ dispatch }) => dispatch.kernel.includes("/flash-"));
  return flash.map(({ traffic }) => traffic);
}

test("two documents of a tile each take twice what one takes, not four times", async () => {
  const documents = words([1, 2 * KEYS], ...Array.from({ length: 2 * KEYS }, (_, i) => Math.floor(i / KEYS)));
  expect(KEYS).toBe(ROWS);
  const [one, two] = [await trafficOf(KEYS, "full"), await trafficOf(2 * KEYS, { kind: "document", documents })];
  expect(two.map(({ multiplyAdds }) => multiplyAdds)).toEqual(one.map(({ multiplyAdds }) => 2 * multiplyAdds));
  // What is requested more: the documents of both positions of each pair, and entries of the map, by every thread.
  const ofMask = 2 * ROWS * KEYS * 2 * 4;
  for (const [i, { requestedBytes }] of two.entries()) {
    const single = one[i]?.requestedBytes ?? 0;
    expect(requestedBytes - ofMask).toBeGreaterThan(2 * single);
    expect(requestedBytes - ofMask).toBeLessThan(2.1 * single);
  }
});
