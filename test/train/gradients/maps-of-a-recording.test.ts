// Layers share a mask: the tiles that it leaves are found once in a recording, as long as its tensors stay as they are.
import { expect, test } from "vitest";
import { normal } from "../../../src/check/random.ts";
import { attention } from "../../../src/kernels/attention/attention.ts";
import { attentionBackward } from "../../../src/kernels/attention/backward/attention-backward.ts";
import type { AttentionMask } from "../../../src/kernels/attention/options.ts";
import { fill } from "../../../src/kernels/elementwise/fill.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { placed, placeholder, type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { reshape, slice } from "../../../src/tensor/views.ts";
import { gradients } from "../../../src/train/gradients/gradients.ts";
import { freshFolder } from "../../../src/train/initialisers/fresh-folder.ts";
import { decoderLoss } from "../../../src/train/objectives/decoder.ts";
import { openTrainable } from "../../../src/train/open/open-trainable.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();
const x = (shape: readonly number[], seed: number) => tensor(gpu, shape, normal(sizeOf(shape), seed));

/** Heads as wide as those for which the forward has the tiles that gradients have. */
const [t, d] = [128, 64];
const documentsOf = (first: number) => Array.from({ length: t }, (_, i) => Number(i >= first));
const maskOf = (documents: Tensor): AttentionMask => ({ and: ["causal", { kind: "document", documents }] });
const given = { q: x([1, 1, t, d], 1), k: x([1, 1, t, d], 2), v: x([1, 1, t, d], 3) };
const dout = x([1, 1, t, d], 4);

const kernelsOf = (dispatches: readonly { readonly kernel: string }[], wanted: RegExp) => {
  const counts: Record<string, number> = {};
  for (const { kernel } of dispatches) {
    const name = kernel.replace(/.*\//, "");
    if (wanted.test(name)) counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

/** Forward and backward of one layer with a mask that is made anew. */
function layer(documents: Tensor, tensors: typeof given = given) {
  const mask = maskOf(documents);
  const { out, lse } = attention(gpu, tensors, { mask, lse: true, variant: "blocks" });
  const found = attentionBackward(gpu, { ...tensors, out, lse: lse as Tensor, dout }, { mask, variant: "flash" });
  return [out, found.dq, found.dk, found.dv] as Tensor[];
}

/** The results of a recording. */
async function bitsOf(fn: () => readonly Tensor[]) {
  const program = gpu.record(fn);
  const instance = await program.instantiate();
  instance.run();
  const values = [];
  for (const one of program.result) values.push([...(await placed(instance, one).read())]);
  instance.dispose();
  return { values, counts: kernelsOf(program.dispatches, /^(classify|list|copy)$/) };
}

test("two layers have one map, and the results of a map each, to the bit", async () => {
  const documents = tensor(gpu, [1, t], documentsOf(50), "u32");
  const both = await bitsOf(() => [...layer(documents), ...layer(documents)]);
  const alone = await bitsOf(() => layer(documents));
  expect(both.counts).toEqual({ classify: 1, list: 2, copy: 1 });
  expect(alone.counts).toEqual(both.counts);
  expect(both.values).toEqual([...alone.values, ...alone.values]);
});

test("documents that are written in between have maps of their own", async () => {
  const start = () => tensor(gpu, [1, t], documentsOf(50), "u32");
  const documents = start();
  const changed = await bitsOf(() => {
    const before = layer(documents);
    fill(gpu, [1, t], 0, "u32", { into: { y: documents } });
    return [...before, ...layer(documents)];
  });
  const zero = tensor(gpu, [1, t], new Array<number>(t).fill(0), "u32");
  const [first, second] = [await bitsOf(() => layer(start())), await bitsOf(() => layer(zero))];
  expect(changed.counts).toEqual({ classify: 2, list: 4, copy: 2 });
  expect(changed.values).toEqual([...first.values, ...second.values]);
  expect(first.values[0]).not.toEqual(second.values[0]);
});

test("what is written beyond them changes nothing", async () => {
  const rows = tensor(gpu, [2, t], [...documentsOf(50), ...documentsOf(50)], "u32");
  const [own, other] = [slice(rows, 0, 0, 1), slice(rows, 0, 1, 2)];
  const program = gpu.record(() => {
    const before = layer(own);
    fill(gpu, [1, t], 0, "u32", { into: { y: other } });
    return [before, layer(own)];
  });
  expect(kernelsOf(program.dispatches, /^classify$/)).toEqual({ classify: 1 });
});

test("other uniforms, other tensors and other lengths have maps of their own", () => {
  const counts = (masks: readonly AttentionMask[], lengths: readonly number[] = []) => {
    const program = gpu.record(() => {
      for (const [i, mask] of masks.entries()) {
        attention(gpu, given, { mask, variant: "blocks", length: lengths[i] ?? t, start: 0 });
      }
    });
    return kernelsOf(program.dispatches, /^classify$/)["classify"];
  };
  const strided = (stride: number) => ({ kind: "strided", stride, set: 2 }) as const;
  expect(counts([strided(9), strided(9)])).toBe(1);
  expect(counts([strided(9), strided(8), strided(9)])).toBe(2);
  expect(counts([strided(9), strided(9)], [t, t - 1])).toBe(2);
  const [one, two] = [1, 2].map((i) => placeholder(gpu, [1, t], "u32", `documents ${i}`)) as [Tensor, Tensor];
  expect(counts([maskOf(one), maskOf(two), maskOf(one)])).toBe(2);
});

test("four layers with documents: the kernels of maps are those of one", async () => {
  const sizes = { n_layer: 4, n_head: 1, n_embd: 64, n_positions: t, vocab_size: 300 };
  const trainable = await openTrainable(gpu, freshFolder({ architectures: ["GPT2LMHeadModel"], ...sizes }));
  const words = (shape: readonly number[]) => placeholder(gpu, shape, "u32", "words");
  const batch = { ids: words([2, t]), targets: words([2, t]) };
  const packed = { documents: words([2, t]), positions: words([2, t]) };
  const parameters = Object.fromEntries(trainable.parameters.map(({ name, tensor: weight }) => [name, weight]));
  for (const recompute of ["nothing", "cheap", "layers"] as const) {
    const program = gpu.record(() => {
      const { total } = decoderLoss(trainable.decoder, { ...batch, packed }, { recompute });
      return gradients(gpu, reshape(total, []), parameters);
    });
    const counts = kernelsOf(program.dispatches, /^(classify|list|flash|flash-q|flash-kv)$/);
    const flash = recompute === "layers" ? 8 : 4;
    expect(counts, recompute).toEqual({ classify: 1, list: 2, flash, "flash-q": 4, "flash-kv": 4 });
  }
  trainable.dispose();
});
