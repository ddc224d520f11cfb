// The rule of every op against central differences of its definition in float64.
import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import * as ops from "../../../src/index.ts";
import { tableAttention } from "../../../src/kernels/attention/attention.ts";
import { routedExperts } from "../../../src/kernels/moe/experts.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape } from "../../../src/tensor/views.ts";
import { rules } from "../../../src/train/gradients/rules.ts";
import * as train from "../../../src/train/index.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { first } from "../../support/first-tier.ts";
import { centralDifferences, upstreamOf } from "../../support/numbers/central-differences.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";
import { elementRows } from "./rule-rows/elements.ts";
import { layerRows } from "./rule-rows/layers.ts";
import type { Inputs } from "./rule-rows/row.ts";

const gpu = await quickGpu();

type Tensors = Readonly<Record<string, Tensor>>;

const rows = [...elementRows(gpu), ...layerRows(gpu)];

test.each(rows)(
  "$name: gradients are those of central differences in float64",
  first,
  async ({ inputs, forward, record }) => {
    const given: Tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, values }]) => [name, tensor(gpu, shape, values)]),
    );
    const definition = forward as unknown as (inputs: Inputs) => { y: Dense };
    const results = definition(inputs);
    const upstream = upstreamOf({ y: dense(results.y.shape, results.y.values) });
    const rounded = { y: dense(upstream.y.shape, upstream.y.values.map(Math.fround)) };
    const { gradients } = await gradientsOf(gpu, given, record as unknown as (tensors: Tensors) => Tensor, {
      upstream: tensor(gpu, rounded.y.shape, rounded.y.values),
    });
    for (const name of Object.keys(inputs)) {
      const wanted = centralDifferences(definition, inputs, rounded, name).values;
      const error = wanted.reduce((sum, one, i) => sum + (one - (gradients[name]?.[i] ?? Number.NaN)) ** 2, 0);
      const whole = wanted.reduce((sum, one) => sum + one ** 2, 0);
      expect(Math.sqrt(error / whole), name).toBeLessThan(5e-6);
    }
  },
);

/** Ops with a rule whose gradients other files compare, and which. */
const elsewhere = new Map<object, string>([
  [ops.attention, "attention.test.ts"],
  [tableAttention, "attention.test.ts"],
  [routedExperts, "models.test.ts"],
  [train.routerStatistics, "router-losses.test.ts"],
  [train.crossEntropy, "gradients.test.ts"],
  [train.linearCrossEntropy, "models.test.ts"],
  [train.dropout, "kernels/dropout.test.ts"],
  [ops.headMatmul, "below: it is refused"],
]);

test("every rule is compared", first, () => {
  const compared = new Set<object>([...rows.map(({ of }) => of), ...elsewhere.keys()]);
  const names = rules.filter(({ of }) => !compared.has(of)).map(({ of }) => String((of as { name?: string }).name));
  expect(names).toEqual([]);
});

const sampling = "chooses or scores tokens of a finished model: no loss is made of it";
const caches = "writes a cache, which later calls overwrite";
const measures = "measures a device";
const noTensor = "depends on no tensor";

/** Public ops without a rule, and why. */
const without: Readonly<Record<string, string>> = {
  fill: noTensor,
  normal: noTensor,
  uniform: noTensor,
  align: "its results are integers",
  magnitude: "a largest magnitude for watching values, kept as bits",
  gatherStep: "reads the tokens of a session's step",
  matmulInt8: "rounds rows of x to integers; matmul has gradients with the same weights",
  projection: "a decode step's fused product; its parts have rules",
  appendKv: caches,
  appendRotated: caches,
  copyCacheRows: caches,
  mergeAttention: "joins attention over parts of the keys; attention over all of them has gradients",
  indexScores: "an indexer is trained on its own loss, and no model that is trained has one",
  selectKeys: "its results are integers",
  selectedAttention: "no model that is trained has it",
  linearAttention: "no model that is trained has it",
  ringPositions: "its results are integers",
  ...Object.fromEntries(
    ["acceptDrafts", "tokenWeights", "argmax", "beamTotals", "mergeBeams", "topTokens", "penalise", "restrict"].map(
      (one) => [one, sampling],
    ),
  ),
  sample: sampling,
  tokenLogprobs: sampling,
  topLogprobs: sampling,
  copyVectors: measures,
  increment: measures,
  multiplyAdd: measures,
  readVectors: measures,
  readWorkgroupMemory: measures,
};

/** What is exported of kernels and calls none. */
const noOps = new Set([
  ...[
    "defineKernel",
    "defineOp",
    "loadPackedFormats",
    "cacheFormats",
    "weightTypes",
    "cacheStorage",
    "parseRopeScaling",
  ],
  ...["ropeTable", "packSettings", "multiplyAddResult", "readVectorsResult", "workgroupMemoryResult"],
  ...["blockMap", "countTiles", "forgetBlockMaps", "alibiSlopes", "blockTable", "sequenceOffsets"],
]);

test("every public op has a rule, or a reason why not", first, async () => {
  const { readFile } = await import("node:fs/promises");
  const texts = await Promise.all(["index.ts", "attention.ts"].map((file) => readFile(`src/${file}`, "utf8")));
  const exported = [...texts.join("\n").matchAll(/export \{([^}]*)\} from "\.\/kernels\//g)].flatMap(([, list = ""]) =>
    list
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== "" && !one.startsWith("type ")),
  );
  expect(exported.length).toBeGreaterThan(60);
  const ruled = new Set(rules.map(({ of }) => of));
  const all = ops as unknown as Readonly<Record<string, object>>;
  const missing = exported.filter((name) => !noOps.has(name) && !ruled.has(all[name] ?? {}) && !(name in without));
  expect(missing).toEqual([]);
  expect(Object.keys(without).filter((name) => !exported.includes(name) || ruled.has(all[name] ?? {}))).toEqual([]);
});

test("the absorbed form of latent attention is refused by name, the expanded one differentiated", async () => {
  const [heads, tokens, nope, rope, dv, rank] = [2, 3, 4, 2, 3, 5];
  const given = {
    q: tensor(gpu, [1, heads, tokens, nope + rope], normal(heads * tokens * (nope + rope), 30)),
    latents: tensor(gpu, [1, tokens, rank + rope], normal(tokens * (rank + rope), 31)),
    weight: tensor(gpu, [heads * (nope + dv), rank], normal(heads * (nope + dv) * rank, 32)),
  };
  const loss = (form: "absorbed" | "expanded") => (p: typeof given) => {
    const { out } = ops.latentAttention(gpu, p, { form, rope, mask: "full" });
    return ops.sum(gpu, { x: reshape(ops.contiguous(gpu, { x: out }).y, [out.size]) }, { axis: 0 }).y;
  };
  const { gradients } = await gradientsOf(gpu, given, loss("expanded"));
  for (const one of Object.values(gradients)) expect(one?.some((value) => value !== 0)).toBe(true);
  for (const name of ["q", "latents", "weight"] as const) {
    const alone = { [name]: given[name] };
    await expect(gradientsOf(gpu, alone, (p) => loss("absorbed")({ ...given, ...p }))).rejects.toThrow(
      'gradients: headMatmul, of the absorbed form of latentAttention, has no gradient; its form "expanded" has',
    );
  }
});
