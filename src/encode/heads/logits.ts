import { GpuError } from "../../gpu/errors.ts";
import { gather } from "../../kernels/embedding/gather.ts";
import { max } from "../../kernels/reduce/reduce.ts";
import { reduceSegments } from "../../kernels/reduce/segments.ts";
import type { HeadKind } from "../../models/encoders/heads/head.ts";
import { type HeadWeights, headLogits } from "../../models/encoders/heads/weights.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TextInput } from "../packing.ts";
import { tokenWeights } from "../pooling.ts";
import type { PackInput, PackOutput } from "../programs.ts";
import type { HeadContext } from "./context.ts";

/** Where each text of a pack begins; padding begins at the first token. */
const starts: PackInput = {
  dtype: "u32",
  count: ({ texts }) => texts,
  values(inputs, { texts }) {
    const values = new Uint32Array(texts);
    let at = 0;
    for (const [i, { ids }] of inputs.entries()) {
      values[i] = at;
      at += ids.length;
    }
    return values;
  },
};

const shares: PackInput = {
  dtype: "f32",
  count: ({ tokens }) => tokens,
  values: (texts, size) => tokenWeights("mean", texts, size, true),
};

/** The logits of a head whose rows are texts, or all of their tokens. */
function outputOf(kind: HeadKind, head: HeadWeights): PackOutput {
  const { rows } = head;
  if (rows === "each") {
    return { name: kind, inputs: {}, rows: "tokens", record: (gpu, { states }) => headLogits(gpu, states, head) };
  }
  const inputs: Readonly<Record<string, PackInput>> = rows === "first" ? { starts } : { shares };
  return {
    name: kind,
    inputs,
    rows: "texts",
    record(gpu, { states, offsets, inputs }) {
      const pooled =
        rows === "first"
          ? gather(gpu, { ids: inputs["starts"] as Tensor, table: states }).y
          : reduceSegments(gpu, { x: states, weights: inputs["shares"] as Tensor, offsets }, { operation: "sum" }).y;
      return headLogits(gpu, pooled, head);
    },
  };
}

/** The logits of tokens of the only text in a pack, or the largest of them. */
function outputOfTokens(kind: HeadKind, head: HeadWeights, tokens: readonly number[], largest: boolean): PackOutput {
  const count = 2 ** Math.ceil(Math.log2(tokens.length));
  // Padding repeats the last token, so it changes no maximum.
  const values = () => Uint32Array.from({ length: count }, (_, i) => tokens[i] ?? tokens.at(-1) ?? 0);
  return {
    name: `${kind} of ${count} tokens${largest ? ", the largest" : ""}`,
    inputs: { tokens: { dtype: "u32", count: () => count, values } },
    rows: "all",
    record(gpu, { states, inputs }) {
      const logits = headLogits(gpu, gather(gpu, { ids: inputs["tokens"] as Tensor, table: states }).y, head);
      return largest ? max(gpu, { x: logits }, { axis: 0 }).y : logits;
    },
  };
}

const outputsOf = ({ output }: HeadWeights) => output.weight.shape[0] ?? 0;

function checked(encoder: HeadContext, kind: HeadKind, values: Float64Array): Float64Array {
  if (values.every(Number.isFinite)) return values;
  throw new GpuError(`${encoder.name}: logits of its head for ${kind} are not finite`);
}

/**
 * The logits of texts, computed together: for each `[outputs]`, or `[tokens, outputs]` from a head that reads every
 * token. `onDone` is called after each batch with the number of finished texts. Throws `GpuError` if logits are not
 * finite, and the reason of `signal` once it aborts.
 */
export async function logitsOfTexts(
  encoder: HeadContext,
  kind: HeadKind,
  inputs: readonly TextInput[],
  signal?: AbortSignal,
  onDone?: (texts: number) => void,
): Promise<Float64Array[]> {
  const head = encoder.weightsOf(kind);
  const logits: Float64Array[] = [];
  for await (const { texts, values } of encoder.programs.run(inputs, outputOf(kind, head), { signal })) {
    const all = checked(encoder, kind, values);
    let at = 0;
    for (const { ids } of texts) {
      const size = outputsOf(head) * (head.rows === "each" ? ids.length : 1);
      logits.push(all.slice(at, at + size));
      at += size;
    }
    onDone?.(logits.length);
  }
  return logits;
}

/** Maximum tokens whose logits over the vocabulary are computed together. */
const maxTokens = 256;

/**
 * The logits `[outputs]` of some tokens of a text, or each output's maximum over them. Only the states of these tokens
 * go through the head. Throws as `logitsOfTexts` does.
 */
export async function logitsOfTokens(
  encoder: HeadContext,
  kind: HeadKind,
  input: TextInput,
  tokens: readonly number[],
  { largest = false, signal }: { readonly largest?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<Float64Array[]> {
  const head = encoder.weightsOf(kind);
  const outputs = outputsOf(head);
  const fitting = Math.floor(Math.log2(encoder.bindingBytes / (4 * outputs)));
  const together = Math.max(1, Math.min(maxTokens, 2 ** fitting));
  const rows: Float64Array[] = [];
  for (let begin = 0; begin < tokens.length; begin += together) {
    const some = tokens.slice(begin, begin + together);
    for await (const { values } of encoder.programs.run([input], outputOfTokens(kind, head, some, largest), {
      signal,
    })) {
      const all = checked(encoder, kind, values);
      const count = largest ? 1 : some.length;
      for (let i = 0; i < count; i++) rows.push(all.slice(i * outputs, (i + 1) * outputs));
    }
  }
  if (!largest) return rows;
  const [first = new Float64Array(outputs), ...others] = rows;
  return [first.map((value, i) => others.reduce((most, other) => Math.max(most, other[i] ?? 0), value))];
}
