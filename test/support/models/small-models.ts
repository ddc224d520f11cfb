// Losses of the small models that the page trains, in float64 on a tape of scalars: what they are defined as.
import {
  blocksOf,
  gelu,
  type Rows,
  relu,
  type Scalar,
  sigmoid,
  type Tape,
  tanh,
  type WeightRows,
} from "../numbers/scalar-tape.ts";

/** The loss of each target of a pair: its source, and what is said of it after the start token. */
export type PairLosses = (tape: Tape, weight: WeightRows, pair: Pair) => readonly Scalar[];

/** A source and its target, as ids, and the token that targets begin with. */
export interface Pair {
  readonly source: readonly number[];
  readonly target: readonly number[];
  readonly start: number;
}

/** The states of a GRU over inputs, as PyTorch has it: r, z, n, and n reset after the product. */
function gruStates(
  tape: Tape,
  weight: WeightRows,
  { prefix, suffix = "" }: { readonly prefix: string; readonly suffix?: string },
  inputs: Rows,
  first?: readonly Scalar[],
): Rows {
  const { linear, zero } = blocksOf(tape);
  const named = (name: string) => weight(`${prefix}${name}_l0${suffix}`);
  const width = (named("weight_hh")[0] ?? []).length;
  const gates = linear(inputs, named("weight_ih"), named("bias_ih")[0]);
  const states: (readonly Scalar[])[] = [];
  let h = first ?? Array.from({ length: width }, () => zero);
  for (const a of gates) {
    const m = linear([h], named("weight_hh"), named("bias_hh")[0])[0] ?? [];
    const gate = (part: number, i: number) =>
      tape.apply(tape.add(a[part * width + i] ?? zero, m[part * width + i] ?? zero), sigmoid);
    h = h.map((old, i) => {
      const [r, z] = [gate(0, i), gate(1, i)];
      const inner = tape.add(a[2 * width + i] ?? zero, tape.mul(r, m[2 * width + i] ?? zero));
      const n = tape.apply(inner, tanh);
      // (1 − z) n + z h = n + z (h − n)
      const difference = tape.add(
        old,
        tape.apply(n, (x) => [-x, -1]),
      );
      return tape.add(n, tape.mul(z, difference));
    });
    states.push(h);
  }
  return states;
}

/** A recurrent encoder-decoder; with `combine.weight` it attends, and reads sources from both ends. */
export const recurrentLosses: PairLosses = (tape, weight, { source, target, start }) => {
  const { linear, dot, softmax, sum, each, loss, zero } = blocksOf(tape);
  const table = weight("embedding.weight");
  const embedded = (ids: readonly number[]): Rows => ids.map((id) => table[id] ?? []);
  const isAttentive = hasWeight(weight, "combine.weight");
  const forwards = gruStates(tape, weight, { prefix: "encoder." }, embedded(source));
  const backwards = isAttentive
    ? gruStates(tape, weight, { prefix: "encoder.", suffix: "_reverse" }, embedded(source.toReversed())).toReversed()
    : [];
  const memory = forwards.map((row, i) => [...row, ...(backwards[i] ?? [])]);
  const last = [...(forwards.at(-1) ?? []), ...(backwards[0] ?? [])];
  const states = gruStates(tape, weight, { prefix: "decoder." }, embedded([start, ...target.slice(0, -1)]), last);
  const read = isAttentive
    ? states.map((state) => {
        const shares = softmax(memory.map((one) => dot(one, state)));
        const found = state.map((_, d) => sum(shares.map((share, s) => tape.mul(share, memory[s]?.[d] ?? zero))));
        return each(linear([[...found, ...state]], weight("combine.weight")), tanh)[0] ?? [];
      })
    : states;
  const logits = linear(read, weight("head.weight"), weight("head.bias")[0]);
  return target.map((id, i) => loss(logits[i] ?? [], id));
};

/**
 * The Transformer of 2017 with one matrix for embeddings and head: sines and cosines in turns, norms after additions.
 */
export const transformerLosses =
  (heads: number): PairLosses =>
  (tape, weight, { source, target, start }) => {
    const { linear, layerNorm, attention, added, each, scaled, loss } = blocksOf(tape);
    const table = weight("shared.weight");
    const width = table[0]?.length ?? 0;
    const position = (at: number, i: number) => {
      const angle = at * 10_000 ** (-(i - (i % 2)) / width);
      return i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    };
    const embedded = (ids: readonly number[]): Rows =>
      ids.map((id, at) =>
        (table[id] ?? []).map((one, i) => tape.add(scaled(one, Math.sqrt(width)), tape.of(position(at, i)))),
      );
    const normed = (x: Rows, name: string) =>
      layerNorm(x, weight(`${name}.weight`)[0] ?? [], weight(`${name}.bias`)[0] ?? [], 1e-5);
    const attended = (x: Rows, from: Rows, name: string, isCausal: boolean) => {
      const [weights, bias] = [weight(`${name}.in_proj_weight`), weight(`${name}.in_proj_bias`)[0] ?? []];
      const third = (i: number, of: Rows) =>
        linear(of, weights.slice(i * width, (i + 1) * width), bias.slice(i * width, (i + 1) * width));
      const summed = attention(third(0, x), third(1, from), third(2, from), heads, isCausal);
      return linear(summed, weight(`${name}.out_proj.weight`), weight(`${name}.out_proj.bias`)[0]);
    };
    const fed = (x: Rows, name: string) =>
      linear(
        each(linear(x, weight(`${name}.linear1.weight`), weight(`${name}.linear1.bias`)[0]), relu),
        weight(`${name}.linear2.weight`),
        weight(`${name}.linear2.bias`)[0],
      );
    let memory = embedded(source);
    for (let layer = 0; hasWeight(weight, `encoder.layers.${layer}.linear1.weight`); layer++) {
      const at = `encoder.layers.${layer}`;
      memory = normed(added(memory, attended(memory, memory, `${at}.self_attn`, false)), `${at}.norm1`);
      memory = normed(added(memory, fed(memory, at)), `${at}.norm2`);
    }
    let x = embedded([start, ...target.slice(0, -1)]);
    for (let layer = 0; hasWeight(weight, `decoder.layers.${layer}.linear1.weight`); layer++) {
      const at = `decoder.layers.${layer}`;
      x = normed(added(x, attended(x, x, `${at}.self_attn`, true)), `${at}.norm1`);
      x = normed(added(x, attended(x, memory, `${at}.multihead_attn`, false)), `${at}.norm2`);
      x = normed(added(x, fed(x, at)), `${at}.norm3`);
    }
    const logits = linear(x, table);
    return target.map((id, i) => loss(logits[i] ?? [], id));
  };

/** BERT's states of a text. */
function bertStates(tape: Tape, weight: WeightRows, ids: readonly number[], heads: number): Rows {
  const { attention, added, each } = blocksOf(tape);
  const [words, places] = [
    weight("bert.embeddings.word_embeddings.weight"),
    weight("bert.embeddings.position_embeddings.weight"),
  ];
  const kind = weight("bert.embeddings.token_type_embeddings.weight")[0] ?? [];
  const sums = added(
    ids.map((id) => words[id] ?? []),
    ids.map((_, at) => (places[at] ?? []).map((one, i) => tape.add(one, kind[i] ?? one))),
  );
  let x = bertNorm(tape, weight, sums, "bert.embeddings.LayerNorm");
  for (let layer = 0; hasWeight(weight, `bert.encoder.layer.${layer}.output.dense.weight`); layer++) {
    const at = `bert.encoder.layer.${layer}`;
    const of = (name: string, from: Rows) => dense(tape, weight, from, `${at}.${name}`);
    const [q, k, v] = ["query", "key", "value"].map((name) => of(`attention.self.${name}`, x)) as [Rows, Rows, Rows];
    const attended = of("attention.output.dense", attention(q, k, v, heads, false));
    x = bertNorm(tape, weight, added(x, attended), `${at}.attention.output.LayerNorm`);
    const fed = of("output.dense", each(of("intermediate.dense", x), gelu));
    x = bertNorm(tape, weight, added(x, fed), `${at}.output.LayerNorm`);
  }
  return x;
}

const dense = (tape: Tape, weight: WeightRows, x: Rows, name: string): Rows =>
  blocksOf(tape).linear(x, weight(`${name}.weight`), weight(`${name}.bias`)[0]);

const bertNorm = (tape: Tape, weight: WeightRows, x: Rows, name: string): Rows =>
  blocksOf(tape).layerNorm(x, weight(`${name}.weight`)[0] ?? [], weight(`${name}.bias`)[0] ?? [], 1e-12);

/** BERT's losses of the targets that count: what was masked. */
export function maskedLosses(
  tape: Tape,
  weight: WeightRows,
  [ids, targets]: readonly [ids: readonly number[], targets: readonly number[]],
  heads: number,
): readonly Scalar[] {
  const { each, linear, loss } = blocksOf(tape);
  const states = each(
    dense(tape, weight, bertStates(tape, weight, ids, heads), "cls.predictions.transform.dense"),
    gelu,
  );
  const normed = bertNorm(tape, weight, states, "cls.predictions.transform.LayerNorm");
  const table = weight("bert.embeddings.word_embeddings.weight");
  const logits = linear(normed, table, weight("cls.predictions.bias")[0]);
  return targets.flatMap((target, i) => (target < 0 ? [] : [loss(logits[i] ?? [], target)]));
}

/** BERT's loss of a text's label. */
export function labelLoss(
  tape: Tape,
  weight: WeightRows,
  ids: readonly number[],
  label: number,
  heads: number,
): Scalar {
  const { each, loss } = blocksOf(tape);
  const pooled = each(dense(tape, weight, bertStates(tape, weight, ids, heads).slice(0, 1), "bert.pooler.dense"), tanh);
  return loss(dense(tape, weight, pooled, "classifier")[0] ?? [], label);
}

function hasWeight(weight: WeightRows, name: string): boolean {
  try {
    return weight(name).length > 0;
  } catch {
    return false;
  }
}

/** Skip-gram over all words. */
export function wordLoss(tape: Tape, weight: WeightRows, [word, near]: readonly [number, number]): Scalar {
  const { linear, loss } = blocksOf(tape);
  const vector = weight("input.weight")[word] ?? [];
  return loss(linear([vector], weight("output.weight"))[0] ?? [], near);
}

/** A classifier by the mean over words, of their weights for the labels or of vectors of theirs. */
export function bagLoss(tape: Tape, weight: WeightRows, ids: readonly number[], label: number): Scalar {
  const { linear, sum, scaled, loss, zero } = blocksOf(tape);
  const mean = (table: Rows) =>
    (table[0] ?? []).map((_, i) => scaled(sum(ids.map((id) => table[id]?.[i] ?? zero)), 1 / ids.length));
  if (hasWeight(weight, "words.weight")) {
    const bias = weight("bias")[0] ?? [];
    return loss(
      mean(weight("words.weight")).map((one, i) => tape.add(one, bias[i] ?? zero)),
      label,
    );
  }
  const pooled = mean(weight("embedding.weight"));
  return loss(linear([pooled], weight("head.weight"), weight("head.bias")[0])[0] ?? [], label);
}
