import { describe, expect, test } from "vitest";
import { shaderformer } from "../../../bench/peers/engines/shaderformer.ts";
import { parseProblem, type SequenceProblem } from "../../../bench/peers/problems.ts";
import { t5Bucket, t5Ids, t5Small, t5Sources, t5Tensors, t5Work } from "../../../bench/peers/t5.ts";
import { t5Decoder, truthOfSequences } from "../../../bench/peers/truth/t5-truth.ts";
import { judge } from "../../../bench/peers/truth/truth.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { openFolder } from "../../../src/index.ts";
import { dense } from "../../../src/reference/index.ts";
import { sequenceFolder, sequenceGolden } from "../../encoders/seq2seq/golden.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

test("float64 gives the logits that PyTorch gives", async () => {
  const opened = await openWeights(await openFolder(sequenceFolder("t5")));
  const entries = await Promise.all(
    [...opened.tensors.values()].map(async ({ name, shape, begin, end }) => {
      const { buffer, byteOffset, length } = await opened.read(opened.get(name), 0, end - begin);
      return [name, dense(shape, new Float32Array(buffer, byteOffset, length / 4))] as const;
    }),
  );
  const { texts, forced } = sequenceGolden("t5");
  const decode = t5Decoder(texts[0]?.tokens ?? [], {
    weights: Object.fromEntries(entries),
    layers: { encoder: 2, decoder: 3 },
    heads: 3,
    buckets: 32,
    farthest: 128,
    eps: 1e-6,
  });
  const logits = forced.ids.map(decode);
  for (const [i, row] of forced.rows.entries()) {
    const expected = forced.logits[i] ?? [];
    const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (logits[row]?.[at] ?? 99))), 0);
    expect(worst, `after token ${row}`).toBeLessThan(1e-5); // the file has six digits
  }
});

test("distances have the buckets of the paper's own code", () => {
  const encoder = [-200, -128, -20, -8, -1, 0, 1, 8, 20, 128].map((one) => t5Bucket(one, t5Small, true));
  expect(encoder).toEqual([15, 15, 10, 8, 1, 0, 17, 24, 26, 31]);
  const decoder = [-200, -40, -16, -15, 0, 3].map((one) => t5Bucket(one, t5Small, false));
  expect(decoder).toEqual([31, 23, 16, 15, 0, 0]);
});

test.each([
  ["t5:q0s8", /expected for example/],
  ["t5:q8", /expected for example/],
  ["t5:q8s1", /at most 8 sources of 512 tokens and 128 tokens each/],
  ["t5:9q8s8", /at most 8 sources/],
  ["t5:q129s8", /128 tokens each/],
  ["t5:q8s513", /sources of 512 tokens/],
])("%j is refused", (text, why) => {
  expect(() => parseProblem(text)).toThrow(why);
});

describe("tokens after sources", async () => {
  const { sequences = () => [] } = await shaderformer(await quickGpu()).open();
  const problem = parseProblem("t5:2q2s3") as SequenceProblem;
  const truth = truthOfSequences(problem);

  test("are the likeliest in float64 here, and vary", async () => {
    const [way, ...others] = sequences(problem);
    expect(others).toEqual([]);
    const prepared = await way?.();
    try {
      for (let i = 0; i < 2; i++) await prepared?.run();
      expect(judge((await prepared?.read()) ?? [], truth)).toMatchObject({ verdict: "pass", reason: null });
    } finally {
      await prepared?.dispose();
    }
    expect(truth.tokens).toHaveLength(4);
    expect(new Set(truth.tokens).size).toBeGreaterThan(2);
    expect(truth.margin).toBeGreaterThan(1e-3);
  });

  test("come after sources of random words that end as T5's do", () => {
    const sources = t5Sources(problem);
    expect(sources.map(({ length }) => length)).toEqual([3, 3]);
    expect(sources.map((ids) => ids.indexOf(t5Ids.end))).toEqual([2, 2]);
  });

  test("read every weight but those of norms, biases and the embedding, of which rows are looked up", () => {
    const sizes = Object.entries(t5Tensors()).flatMap(([name, { values }]) =>
      /norm|relative|shared/.test(name) ? [] : [values.length],
    );
    const { bytes } = t5Work(parseProblem("t5:q1s2") as SequenceProblem);
    expect(bytes).toBe(4 * sizes.reduce((sum, size) => sum + size, 0));
  });
});
