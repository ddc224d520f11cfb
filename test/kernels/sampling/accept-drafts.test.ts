import { expect, test } from "vitest";
import { acceptDraftsCases } from "../../../src/check/cases/sampling/accept-drafts.ts";
import { acceptDrafts } from "../../../src/kernels/sampling/accept-drafts.ts";
import { dense } from "../../../src/reference/dense.ts";
import { threefry2x32 } from "../../../src/reference/dropout.ts";
import { acceptDrafts as reference } from "../../../src/reference/sampling.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { testCases } from "../../support/run-cases.ts";

const gpu = await testGpu();
testCases(() => gpu, acceptDraftsCases);

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
