import { expect, test } from "vitest";
import samplingLong from "#shaders/sampling/long.wgsl";
import { acceptDraftsCases } from "../../../src/check/cases/sampling/accept-drafts.ts";
import { randomSource } from "../../../src/check/random.ts";
import { wgslModule } from "../../../src/gpu/shader/wgsl-module.ts";
import { defineKernel } from "../../../src/kernels/define/kernel.ts";
import { acceptDrafts } from "../../../src/kernels/sampling/accept-drafts.ts";
import { dense } from "../../../src/reference/dense.ts";
import { threefry2x32 } from "../../../src/reference/dropout.ts";
import { acceptDrafts as reference } from "../../../src/reference/sampling.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, acceptDraftsCases);

test("a row whose model weights are all 0 has no token, with a draft and without", async () => {
  const { chosen } = acceptDrafts(gpu, {
    weights: tensor(gpu, [3, 2], [0, 0, 0, 0, 1, 0], "u32"),
    draftWeights: tensor(gpu, [3, 2], [1, 1, 1, 1, 1, 1], "u32"),
    drafts: tensor(gpu, [3], [1, 2, 0], "u32"),
    step: tensor(gpu, [64, 4], new Float64Array(256), "u32"),
  });
  expect([...(await chosen.read())]).toEqual([0xfffffffe, 0xfffffffe, 0]);
});

test("shares and shifts of integers of 64 bits are exact, carries too", async () => {
  const kernel = defineKernel({
    name: "test/long",
    source: wgslModule(
      `struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4u>;  // a word, a number of 64 bits, bits to shift
@group(0) @binding(1) var<storage, read_write> y: array<vec4u>;
@group(0) @binding(2) var<uniform> params: Params;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.n) { return; }
  let one = x[id.x];
  y[id.x] = vec4u(long_share(one.x, one.yz), long_shift(one.yz, one.w), 0);
}`,
      { parts: [samplingLong] },
    ),
    inputs: { x: "[n, 4]" },
    outputs: { y: "[n, 4]" },
    accepts: { x: ["u32"] },
    dtypes: () => ({ y: "u32" as const }),
    params: ({ n }) => ({ n }),
    threads: ({ n }) => n,
  });
  const source = randomSource(3);
  const random = () => [...[0, 1, 2].map(() => source.integer(2 ** 32)), source.integer(64)];
  const rows = [[5, 0, 7, 0], ...Array.from({ length: 255 }, random)];
  const x = tensor(gpu, [256, 4], rows.flat(), "u32");
  const expected = rows.map((row) => {
    const [word = 0n, low = 0n, high = 0n, shift = 0n] = row.map(BigInt);
    const all = (high << 32n) | low;
    const share = (word * all) >> 32n;
    return [share, share >> 32n, all >> shift, 0n].map((value) => Number(value & 0xffffffffn));
  });
  expect([...(await kernel(gpu, { x }).y.read())]).toEqual(expected.flat());
});

/** Weights whose sums are powers of two, so that shares are exact. */
const p = [2 ** 27, 3 * 2 ** 27, 2 ** 29, 2 ** 30, 2 ** 28 - 2 ** 26, 2 ** 26];
const q = [2 ** 29, 2 ** 28, 2 ** 29, 2 ** 27, 0, 2 ** 30 - 2 ** 27 - 2 ** 28];
const shareOf = (weights: readonly number[]) => {
  const sum = weights.reduce((all, one) => all + one, 0);
  return weights.map((weight) => weight / sum);
};

/** What is chosen of `draws` drafts of q, by the seeds that follow one another. */
async function chosenOf(draws: number): Promise<{ counts: number[]; kept: number }> {
  const counts = new Array<number>(p.length).fill(0);
  let kept = 0;
  for (let first = 0; first < draws; first += 64) {
    const rows = Array.from({ length: 64 }, (_, row) => first + row);
    const drafts = rows.map((seed) => {
      // As the draft model draws: by the word of the position, of its own weights.
      const [word] = threefry2x32([seed, 0], [8, 0]);
      let goal = (word / 2 ** 32) * q.reduce((all, one) => all + one, 0);
      return q.findIndex((weight) => {
        goal -= weight;
        return goal < 0;
      });
    });
    using _scope = gpu.scope();
    const { chosen } = acceptDrafts(gpu, {
      weights: tensor(
        gpu,
        [64, p.length],
        rows.flatMap(() => p),
        "u32",
      ),
      draftWeights: tensor(
        gpu,
        [64, p.length],
        rows.flatMap(() => q),
        "u32",
      ),
      drafts: tensor(gpu, [64], drafts, "u32"),
      step: tensor(
        gpu,
        [64, 4],
        rows.flatMap((seed) => [7, 1, 0, seed]),
        "u32",
      ),
    });
    for (const [row, token] of (await chosen.read()).entries()) {
      counts[token] = (counts[token] ?? 0) + 1;
      kept += Number(token === drafts[row]);
    }
  }
  return { counts, kept };
}

test("what is chosen follows p, and as many drafts are kept as can be", async () => {
  const draws = 4096;
  const { counts, kept } = await chosenOf(draws);
  const [of, other] = [shareOf(p), shareOf(q)];
  const statistic = counts.reduce(
    (sum, count, id) => sum + (count - draws * (of[id] ?? 0)) ** 2 / (draws * (of[id] ?? 0)),
    0,
  );
  expect(statistic).toBeLessThan(20.52); // χ² of five degrees of freedom: one in a thousand
  const acceptance = of.reduce((sum, share, id) => sum + Math.min(share, other[id] ?? 0), 0);
  expect(Math.abs(kept / draws - acceptance)).toBeLessThan(3.3 * Math.sqrt((acceptance * (1 - acceptance)) / draws));
});

test("every draft and every share of the word: the probabilities of what is chosen are p", () => {
  // The definition, whose tokens the kernel's are, with words in equal steps in place of random ones.
  const steps = 512;
  const word = (step: number) => ((step + 0.5) / steps) * 2 ** 32;
  const [of, other] = [shareOf(p), shareOf(q)];
  const found = new Array<number>(p.length).fill(0);
  for (const [draft, share] of other.entries()) {
    if (share === 0) continue;
    const rows = Array.from({ length: steps }, (_, step) => step);
    const run = (keep: (step: number) => number, replace: (step: number) => number) =>
      reference({
        weights: dense([steps, p.length], Float64Array.from(rows.flatMap(() => p))),
        draftWeights: dense([steps, q.length], Float64Array.from(rows.flatMap(() => q))),
        drafts: dense([steps], new Float64Array(steps).fill(draft)),
        words: dense([steps, 3], Float64Array.from(rows.flatMap((step) => [0, keep(step), replace(step)]))),
      }).chosen.values;
    const kept = run(word, () => 0).filter((token) => token === draft).length / steps;
    found[draft] = (found[draft] ?? 0) + share * kept;
    if (kept === 1) continue;
    for (const token of run(() => 2 ** 32 - 1, word)) found[token] = (found[token] ?? 0) + (share * (1 - kept)) / steps;
  }
  for (const [id, share] of of.entries()) expect(found[id]).toBeCloseTo(share, 2);
});
