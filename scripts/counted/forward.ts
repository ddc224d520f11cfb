// Products with every variant and with weights of several formats; ops over rows and elements; the choice of tokens.
import { variantsOf } from "../../src/check/case-table.ts";
import * as library from "../../src/index.ts";
import { additiveScoresBackward } from "../../src/kernels/alignment/scores-backward.ts";
import { indexScores, selectKeys } from "../../src/kernels/attention/selected-keys/select-keys.ts";
import { selectedAttention } from "../../src/kernels/attention/selected-keys/selected-attention.ts";
import { dropout } from "../../src/kernels/elementwise/dropout.ts";
import { gemm } from "../../src/kernels/gemm/gemm.ts";
import { deltaRule } from "../../src/kernels/linear-recurrence/delta-rule.ts";
import { deltaRuleBackward } from "../../src/kernels/linear-recurrence/delta-rule-backward.ts";
import { headMatmul } from "../../src/kernels/matmul/heads.ts";
import { matmulInt8 } from "../../src/kernels/matmul/int8.ts";
import { matmul } from "../../src/kernels/matmul/matmul.ts";
import { recurrentBackward } from "../../src/kernels/recurrent/backward.ts";
import { recurrent } from "../../src/kernels/recurrent/recurrent.ts";
import { columnSums } from "../../src/kernels/reduce/column-sums.ts";
import { shortConvolutionBackward } from "../../src/kernels/short-convolution/backward.ts";
import { shortConvolution } from "../../src/kernels/short-convolution/short-convolution.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import { reshape, transpose } from "../../src/tensor/views.ts";
import { type ModelCall, model, type Tensors } from "./model.ts";

const { width, tokens, hidden, vocabulary, heads, head } = model;

export function productCalls({ gpu, random }: Tensors): ModelCall[] {
  const tensors = (rows: number, dtype: DType = "f32") => ({
    x: random([rows, width]),
    weight: random([width, width], dtype),
  });
  const product = (rows: number, dtype: DType = "f32", variant?: keyof typeof matmul.variants): ModelCall => ({
    sizes: `${rows === 1 ? "1 row" : `${rows} rows`}${dtype === "f32" ? "" : `, ${dtype} weight`}`,
    record: () => matmul(gpu, tensors(rows, dtype), variant ? { variant } : {}),
  });
  const forms = {
    A·B: () => ({ a: random([tokens, width]), b: random([width, width]) }),
    A·Bᵀ: () => ({ a: random([tokens, width]), b: transpose(random([width, width])) }),
    Aᵀ·B: () => ({ a: transpose(random([width, tokens])), b: random([width, width]) }),
  };
  const form = (name: keyof typeof forms, variant?: keyof typeof gemm.variants): ModelCall => ({
    sizes: `${tokens} rows, ${name}`,
    record: () => gemm(gpu, forms[name](), variant ? { variant } : {}),
  });
  return [
    ...[1, 4, tokens].map((rows) => product(rows)),
    ...(["f16", "q8_0", "q4_0"] as const).flatMap((dtype) => [product(1, dtype), product(tokens, dtype)]),
    ...variantsOf(matmul).map((variant) => product(/^vector/.test(variant) ? 1 : tokens, "f32", variant)),
    ...(["A·B", "A·Bᵀ", "Aᵀ·B"] as const).map((name) => form(name)),
    ...variantsOf(gemm).map((variant) => form("A·B", variant)),
    {
      sizes: `${tokens} rows, q8_0 weight`,
      record: () => matmulInt8(gpu, tensors(tokens, "q8_0"), { dot: "plain" }),
    },
    {
      sizes: `${tokens} rows`,
      record: () => headMatmul(gpu, { x: random([tokens, heads, head]), weight: random([heads, head, head]) }),
    },
  ];
}

const eps = 1e-5;

/** The delta rule with a gate for each head, by each variant. */
export function recurrenceCalls({ gpu, random }: Tensors): ModelCall[] {
  const [b, heads, t] = [1, 4, 32];
  const sizes = `${t} tokens, ${heads} heads of ${head}, gated`;
  const rows = () => random([b, heads, t, head]);
  const numbers = () => random([b, heads, t]);
  const given = () => ({ q: rows(), k: rows(), v: rows(), beta: numbers(), g: numbers() });
  return [
    ...variantsOf(deltaRule).map((variant) => ({ sizes, record: () => deltaRule(gpu, given(), { variant }) })),
    { sizes, record: () => deltaRuleBackward(gpu, { ...given(), dout: rows() }) },
  ];
}

/** Short convolutions as models have them before a delta rule, and their gradients. */
export function convolutionCalls({ gpu, random }: Tensors): ModelCall[] {
  const sizes = `${tokens} tokens of ${width}, width 4`;
  const given = () => ({ x: random([1, tokens, width]), weight: random([width, 4]), state: random([1, 3, width]) });
  const activation = "silu";
  return [
    ...variantsOf(shortConvolution).map((variant) => ({
      sizes,
      record: () => shortConvolution(gpu, given(), { activation, variant }),
    })),
    {
      sizes,
      record: () => shortConvolutionBackward(gpu, { ...given(), dy: random([1, tokens, width]) }, { activation }),
    },
  ];
}

/** An indexer, a selection, and attention over it for one token of grouped heads. */
export function selectedCalls({ gpu, random }: Tensors): ModelCall[] {
  const [heads, keys, count] = [8, 512, 256];
  const sizes = `1 token, ${count} of ${keys} keys`;
  const rows = (n: number, t: number) => random([1, n, t, head]);
  const indices = () => reshape(selectKeys(gpu, { scores: random([1, keys]) }, { count }).indices, [1, 1, 1, count]);
  const given = () => ({ q: rows(heads, 1), k: rows(2, keys), v: rows(2, keys), indices: indices() });
  return [
    {
      sizes,
      record: () =>
        indexScores(gpu, { q: random([1, 4, 1, 32]), k: random([1, keys, 32]), weights: random([1, 1, 4]) }),
    },
    ...variantsOf(selectedAttention).map((variant) => ({
      sizes,
      record: () => selectedAttention(gpu, given(), { variant }),
    })),
  ];
}

/** Recurrent layers, with both variants; of steps the kernels of one are those of all. */
export function recurrentCalls({ gpu, random }: Tensors): ModelCall[] {
  const [b, t] = [16, 2];
  const gates = { lstm: 4, gru: 3 } as const;
  const before = { cell: "gru", reset: "before" } as const;
  const reset = () => ({
    x: random([b, t, head]),
    weightIh: random([3 * head, head]),
    weightHh: random([3 * head, head]),
  });
  const sizes = `${b} rows of ${t} tokens, gru of ${head}, reset before the product`;
  const all = (["gru", "lstm"] as const).flatMap((cell) =>
    variantsOf(recurrent).flatMap((variant) => {
      const tensors = () => ({
        x: random([b, t, head]),
        weightIh: random([gates[cell] * head, head]),
        weightHh: random([gates[cell] * head, head]),
        biasHh: random([gates[cell] * head]),
      });
      const sizes = `${b} rows of ${t} tokens, ${cell} of ${head}`;
      const out = () => random([b, t, head]);
      return [
        { sizes, record: () => recurrent(gpu, tensors(), { cell, variant }) },
        { sizes, record: () => recurrentBackward(gpu, { ...tensors(), out: out(), dout: out() }, { cell, variant }) },
      ];
    }),
  );
  const out = () => random([b, t, head]);
  return [
    ...all,
    ...variantsOf(recurrent).flatMap((variant) => [
      { sizes, record: () => recurrent(gpu, reset(), { ...before, variant }) },
      {
        sizes,
        record: () => recurrentBackward(gpu, { ...reset(), out: out(), dout: out() }, { ...before, variant }),
      },
    ]),
  ];
}

/** Attention over the states of a recurrent encoder. */
export function alignmentCalls({ gpu, random, words }: Tensors): ModelCall[] {
  const [b, t, s] = [4, 16, 32];
  const given = () => ({ query: random([b, t, head]), keys: random([b, s, head]), v: random([head]) });
  const sizes = `${b} rows of ${t} queries and ${s} keys of ${head}`;
  return [
    { sizes, record: () => library.additiveScores(gpu, given()) },
    { sizes, record: () => additiveScoresBackward(gpu, { ...given(), dscores: random([b, t, s]) }) },
    {
      sizes: `${b} rows of ${s} keys of ${head}`,
      record: () =>
        library.maskLengths(gpu, { x: random([b, s, head]), lengths: words([b], (i) => i * 9) }, { axis: 1, value: 0 }),
    },
  ];
}

export function rowCalls(tensors: Tensors): ModelCall[] {
  return [...norms(tensors), ...elements(tensors), ...sampling(tensors)];
}

function norms({ gpu, random, words }: Tensors): ModelCall[] {
  const x = () => random([tokens, width]);
  const vector = () => random([width]);
  const sizes = `${tokens} rows of ${width}`;
  const logits = () => random([4, vocabulary]);
  const long = `4 rows of ${vocabulary}`;
  return [
    { sizes, record: () => library.rmsNorm(gpu, { x: x(), weight: vector() }, { eps }) },
    { sizes, record: () => library.addRmsNorm(gpu, { x: x(), residual: x(), weight: vector() }, { eps }) },
    { sizes, record: () => library.layerNorm(gpu, { x: x(), weight: vector(), bias: vector() }, { eps }) },
    {
      sizes,
      record: () => library.addLayerNorm(gpu, { x: x(), residual: x(), weight: vector(), bias: vector() }, { eps }),
    },
    { sizes, record: () => library.l2Normalise(gpu, { x: x() }) },
    { sizes, record: () => library.softmax(gpu, { x: x() }) },
    { sizes: long, record: () => library.softmax(gpu, { x: logits() }) },
    { sizes: long, record: () => library.logSoftmax(gpu, { x: logits() }) },
    { sizes: `${sizes}, over rows`, record: () => library.sum(gpu, { x: x() }, { axis: 1 }) },
    { sizes: `${sizes}, over columns`, record: () => library.sum(gpu, { x: x() }, { axis: 0 }) },
    { sizes, record: () => columnSums(gpu, { x: x() }) },
    {
      sizes: `${sizes}, 2 segments`,
      record: () =>
        library.reduceSegments(
          gpu,
          { x: x(), weights: random([tokens]), offsets: words([3], (i) => (i * tokens) / 2) },
          { operation: "sum" },
        ),
    },
    { sizes, record: () => library.magnitude(gpu, { x: x(), peaks: words([2], () => 0) }, { index: 1 }) },
  ];
}

function elements({ gpu, random, words }: Tensors): ModelCall[] {
  const x = (columns: number = width) => random([tokens, columns]);
  const sizes = `${tokens} × ${width}`;
  const wide = `${tokens} × ${hidden}`;
  const ids = () => words([tokens], (i) => (i * 37) % vocabulary);
  return [
    { sizes, record: () => library.add(gpu, { a: x(), b: x() }) },
    { sizes: wide, record: () => library.gelu(gpu, { x: x(hidden) }) },
    { sizes: wide, record: () => library.swiglu(gpu, { gate: x(hidden), up: x(hidden) }) },
    { sizes: wide, record: () => library.softcap(gpu, { x: x(hidden) }, { cap: 30 }) },
    { sizes, record: () => library.where(gpu, { condition: words([tokens, width], (i) => i % 2), a: x(), b: x() }) },
    { sizes, record: () => library.cast(gpu, { x: x() }, { dtype: "f16" }) },
    { sizes, record: () => library.fill(gpu, [tokens, width], 2, "f32") },
    { sizes, record: () => library.normal(gpu, [tokens, width], { seed: 1 }) },
    { sizes, record: () => dropout(gpu, { x: x(), key: words([2], (i) => i) }, { rate: 0.5, site: 1 }) },
    {
      sizes: `${tokens} × ${heads} × ${head}, by heads`,
      record: () => library.contiguous(gpu, { x: library.transpose(random([tokens, heads, head]), [1, 0, 2]) }),
    },
    { sizes: `${sizes}, transposed`, record: () => library.contiguous(gpu, { x: library.transpose(x()) }) },
    { sizes, record: () => library.gather(gpu, { ids: ids(), table: random([vocabulary, width]) }) },
    {
      sizes: `${sizes}, q8_0 table`,
      record: () => library.gather(gpu, { ids: ids(), table: random([vocabulary, width], "q8_0") }),
    },
  ];
}

function sampling({ gpu, random, words }: Tensors): ModelCall[] {
  const rows = 2;
  const logits = () => random([rows, vocabulary]);
  const sizes = `${rows} rows of ${vocabulary}`;
  const settings = () =>
    library.tensor(
      gpu,
      [64, 8],
      Array.from({ length: 512 }, (_, i) => [0.8, 40, 0.9, 0.05, 1.5, 0.5, 0.5][i % 8] ?? 0),
    );
  const step = () => words([64, 4], () => 1);
  const targets = () => words([rows], (i) => 3 * i);
  const counts = () => words([rows, vocabulary], (i) => i % 3);
  const two = Math.ceil(vocabulary / 32);
  return [
    { sizes, record: () => library.argmax(gpu, { x: logits() }) },
    { sizes, record: () => library.penalise(gpu, { logits: logits(), counts: counts(), settings: settings() }) },
    { sizes, record: () => library.restrict(gpu, { logits: logits(), allowed: words([rows, two], () => 0xaaaaaaaa) }) },
    { sizes, record: () => library.sample(gpu, { logits: logits(), settings: settings(), step: step() }) },
    { sizes, record: () => library.tokenLogprobs(gpu, { logits: logits(), targets: targets() }) },
    { sizes, record: () => library.topLogprobs(gpu, { logits: logits(), chosen: targets() }, { n: 4 }) },
    { sizes, record: () => library.topTokens(gpu, { logits: logits() }, { n: 4 }) },
    { sizes, record: () => library.beamTotals(gpu, { logits: logits(), scores: random([rows]) }) },
    {
      sizes: "4 beams",
      record: () =>
        library.mergeBeams(
          gpu,
          { tokens: words([4, 8], (i) => i), values: random([4, 8]), ranks: words([4], (i) => i % 2) },
          { beams: 4, n: 8, v: vocabulary },
        ),
    },
    { sizes, record: () => library.tokenWeights(gpu, { logits: logits(), settings: settings() }) },
    {
      sizes,
      record: () =>
        library.acceptDrafts(gpu, {
          weights: words([rows, vocabulary], (i) => i % 7),
          draftWeights: words([rows, vocabulary], () => 1),
          drafts: words([rows], (i) => i),
          step: step(),
        }),
    },
  ];
}
