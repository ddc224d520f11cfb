// Attention with every variant, its caches, and what surrounds it.
import { variantsOf } from "../../src/check/case-table.ts";
import { attention } from "../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../src/kernels/attention/backward/attention-backward.ts";
import { forgetBlockMaps } from "../../src/kernels/attention/block-map.ts";
import { mergeAttention } from "../../src/kernels/attention/merge.ts";
import { appendKv } from "../../src/kernels/kv-cache/append.ts";
import { appendRotated } from "../../src/kernels/kv-cache/append-rotated.ts";
import { copyCacheRows } from "../../src/kernels/kv-cache/copy-rows.ts";
import { hadamard } from "../../src/kernels/kv-cache/hadamard.ts";
import { ringPositions } from "../../src/kernels/kv-cache/ring-positions.ts";
import { linearAttention } from "../../src/kernels/linear-attention.ts";
import { rope } from "../../src/kernels/rope/rope.ts";
import { transpose } from "../../src/tensor/views.ts";
import { type ModelCall, model, type Tensors } from "./model.ts";

const { heads, groups, head, tokens, keys, cached } = model;

export function attentionCalls(tensors: Tensors): ModelCall[] {
  return [...variants(tensors), ...gradients(tensors), ...caches(tensors)];
}

const sizesOf = (queries: number, keys: number, dtype = "") =>
  `${queries === 1 ? "1 query" : `${queries} queries`}, ${keys} keys${dtype && `, ${dtype} cache`}`;

function variants({ gpu, random, words }: Tensors): ModelCall[] {
  const call = (queries: number, keys: number, variant?: (typeof all)[number]): ModelCall => ({
    sizes: sizesOf(queries, keys),
    record: () => {
      forgetBlockMaps(gpu); // so that a program makes its own
      const q = transpose(random([1, queries, heads, head]), [0, 2, 1, 3]);
      const kv = () => random([1, groups, keys, head]);
      return attention(gpu, { q, k: kv(), v: kv() }, variant ? { variant } : {});
    },
  });
  const all = variantsOf(attention);
  const halves = (queries: number, keys: number): ModelCall => ({
    sizes: sizesOf(queries, keys, "f16"),
    record: () => {
      const kv = () => random([1, groups, keys, head], "f16");
      return attention(gpu, { q: random([1, heads, queries, head]), k: kv(), v: kv() });
    },
  });
  const integers = (queries: number, keys: number): ModelCall => ({
    sizes: sizesOf(queries, keys, "int8"),
    record: () => {
      const kv = () => words([1, groups, keys, head / 4], (i) => Math.imul(i, 2_654_435_761) >>> 0);
      const scale = () => random([1, groups, keys]);
      const scales = { kScale: scale(), vScale: scale() };
      return attention(gpu, { q: random([1, heads, queries, head]), k: kv(), v: kv(), ...scales });
    },
  });
  return [
    call(tokens, keys),
    call(1, cached),
    halves(tokens, keys),
    halves(1, cached),
    integers(tokens, keys),
    integers(1, cached),
    ...all.map((variant) => (/^split/.test(variant) ? call(1, cached, variant) : call(tokens, keys, variant))),
  ];
}

function gradients({ gpu, random }: Tensors): ModelCall[] {
  const x = (of: number, length: number = tokens) => random([1, of, length, head]);
  const backward = (length: number): ModelCall => ({
    sizes: `${length} tokens`,
    record: () => {
      const [rows, kv] = [() => x(heads, length), () => x(groups, length)];
      const tensors = { q: rows(), k: kv(), v: kv(), out: rows(), dout: rows(), lse: random([1, heads, length]) };
      return attentionBackward(gpu, tensors);
    },
  });
  return [
    backward(tokens),
    backward(tokens / 2),
    {
      sizes: `${2 * tokens} tokens`,
      record: () =>
        linearAttention(gpu, { q: x(heads, 2 * tokens), k: x(groups, 2 * tokens), v: x(groups, 2 * tokens) }),
    },
    {
      sizes: `${tokens} tokens`,
      record: () => {
        const state = () => ({
          out: transpose(random([1, tokens, heads, head]), [0, 2, 1, 3]),
          lse: random([1, heads, tokens]),
        });
        return mergeAttention(gpu, { left: state(), right: state() });
      },
    },
  ];
}

function caches({ gpu, random, words }: Tensors): ModelCall[] {
  const rows = (heads: number) => random([1, tokens, heads, head]);
  const cache = () => random([1, groups, keys, head]);
  const added = () => ({ k: rows(groups), v: rows(groups), keys: cache(), values: cache() });
  const table = () => random([keys, head / 2, 2]);
  const sizes = `${tokens} tokens`;
  const codes = () => words([1, groups, keys, head / 4], () => 0);
  const integers = () => ({
    k: rows(groups),
    v: rows(groups),
    keys: codes(),
    values: codes(),
    kScale: random([1, groups, keys]),
    vScale: random([1, groups, keys]),
  });
  return [
    { sizes, record: () => appendKv(gpu, added(), { start: keys - tokens }) },
    { sizes: `${sizes}, int8 cache`, record: () => appendKv(gpu, integers(), { start: keys - tokens }) },
    {
      sizes,
      record: () =>
        appendRotated(gpu, { ...added(), q: rows(heads), table: table() }, { pairing: "halves", start: keys - tokens }),
    },
    { sizes, record: () => hadamard(gpu, { x: rows(heads) }) },
    { sizes, record: () => rope(gpu, { x: rows(heads), table: table() }, { layout: "halves" }) },
    {
      sizes: "2 beams",
      record: () =>
        copyCacheRows(
          gpu,
          { cache: random([2, groups, keys, head]), parents: words([2], () => 0), step: words([64, 4], () => keys) },
          { positions: keys },
        ),
    },
    {
      sizes,
      record: () =>
        ringPositions(gpu, {}, { b: 1, slots: keys, t: tokens, sinks: 4, length: keys, start: keys - tokens }),
    },
  ];
}
