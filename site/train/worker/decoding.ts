import type { Instance, Program } from "../../../src/gpu/gpu.ts";
import { createRopeTables, type Decoder, forward, logits } from "../../../src/models/decoder.ts";
import { placed, type Tensor, zeros } from "../../../src/tensor/tensor.ts";
import type { TokenBatch } from "../../../src/train/objectives/token-batches.ts";
import { idsOf } from "../setup/folder.ts";
import type { Example, Examples } from "../tasks/task.ts";
import { batchesOf } from "./batches.ts";
import { type KindUse, type RouterFacts, routersOf, tapOf, useByKind } from "./expert-use.ts";
import type { Attention, Sample } from "./history.ts";

/** Runs a model over whole sequences, as many each time. */
interface Forward {
  /** Logits `[rows, context, vocabulary]`. */
  readonly logits: (ids: readonly (readonly number[])[]) => Promise<Float64Array>;
  /** A tensor of the last run that a block named. */
  readonly tapped: (name: string) => Promise<Float64Array>;
  dispose(): void;
}

/** In how many submits a run is, so that none keeps the GPU for long. */
export type Submits = () => number;

/** Prepares runs over `rows` sequences of `context` tokens. `taps` says what is kept of them. */
async function forwardOf(
  decoder: Decoder,
  [rows, context]: readonly [number, number],
  submits: Submits,
  taps: (name: string) => boolean = () => false,
): Promise<Forward> {
  const { gpu, config } = decoder;
  const [ids, ropeTables] = gpu.unscoped(() => [
    zeros(gpu, [rows, context], "u32", "ids of sequences to look at"),
    createRopeTables(decoder, context),
  ]) as [Tensor, ReturnType<typeof createRopeTables>];
  const program: Program<Tensor> = gpu.record(
    () => {
      const stream = forward(decoder, { ids, batch: rows, ropeTables, place: { start: 0 }, visible: context });
      return logits(decoder, stream, "all");
    },
    { taps },
  );
  const instance: Instance<Tensor> = await program.instantiate();
  return {
    logits: async (sequences) => {
      const all = new Uint32Array(rows * context);
      for (const [row, sequence] of sequences.entries()) all.set(sequence, row * context);
      await gpu.write(ids.storage, 0, new Uint8Array(all.buffer));
      instance.run(undefined, submits());
      const found = await placed(instance, program.result).read();
      return found.subarray(0, sequences.length * context * config.vocabulary);
    },
    tapped: async (name) => {
      const found = program.taps.get(name);
      if (!found) throw new Error(`${name} is not kept`);
      return await placed(instance, found as Tensor).read();
    },
    dispose: () => {
      instance.dispose();
      program.dispose();
      for (const tensor of [ids, ropeTables?.all, ropeTables?.local]) tensor?.dispose();
    },
  };
}

/** The index of the largest number of a part of an array. */
function largestIn(values: ArrayLike<number>, begin: number, end: number): number {
  let best = begin;
  for (let i = begin + 1; i < end; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best - begin;
}

/** How well a model does on examples. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** Losses and right answers of a batch, from its logits, in float64. */
function scoreOf(
  values: ArrayLike<number>,
  { targets }: TokenBatch,
  vocabulary: number,
  scored: Examples["scored"],
): Score {
  let [loss, count, rightTokens, rightRows] = [0, 0, 0, 0];
  for (const [row, wanted] of targets.entries()) {
    let whole = true;
    for (const [i, target] of wanted.entries()) {
      if (target < 0) continue;
      const begin = (row * wanted.length + i) * vocabulary;
      const best = largestIn(values, begin, begin + vocabulary);
      const most = values[begin + best] ?? 0;
      let sum = 0;
      for (let v = begin; v < begin + vocabulary; v++) sum += Math.exp((values[v] ?? 0) - most);
      loss += Math.log(sum) + most - (values[begin + target] ?? 0);
      count++;
      if (best === target) rightTokens++;
      else whole = false;
    }
    if (whole) rightRows++;
  }
  return { loss: loss / count, accuracy: scored === "exact" ? rightRows / targets.length : rightTokens / count };
}

/** Examples whose answers are shown, unless the task says how many: of texts fewer, which are longer. */
const usual = { exact: 8, next: 2 } as const;
/** Most tokens that are decoded of a text: each is a run of the model. */
const mostDecoded = 24;

/** Looks at a model: how well it does, what it says, what it attends to. */
export interface Looking {
  /** Of a mixture: what is known of its routers. */
  readonly routers: RouterFacts | undefined;
  /** How well it does, and of a mixture which experts were chosen meanwhile. */
  readonly score: () => Promise<Score & { readonly use?: readonly KindUse[] }>;
  readonly samples: () => Promise<{
    readonly samples: readonly Sample[];
    readonly attention: readonly Omit<Attention, "step">[];
  }>;
  dispose(): void;
}

/**
 * Prepares to look at a model with examples that are held out. An answer that is decoded freely is right exactly where the
 * model's first choice is right at each of its positions after the right ones before it, so that one run over all examples
 * counts them.
 */
export async function lookingAt(
  decoder: Decoder,
  examples: Examples,
  heldOut: readonly Example[],
  submits: Submits,
): Promise<Looking> {
  const { alphabet, promptLength, answerLength, end, scored, readable, shown = usual[scored] } = examples;
  const { of, context } = batchesOf(examples);
  const { vocabulary, layers, heads, kvHeads, headWidth } = decoder.config;
  const first = heldOut.slice(0, shown);
  const decodedLength = scored === "exact" ? answerLength : Math.min(answerLength, mostDecoded);
  const saidContext = promptLength + decodedLength - 1;
  const known = idsOf(alphabet);
  const [all, answers] = [of(heldOut), of(heldOut, true)];
  const routers = routersOf(decoder, examples);
  const chosen = new Set(routers?.layers.map(tapOf));
  const checking = await forwardOf(decoder, [heldOut.length, context], submits, (name) => chosen.has(name));
  const named = /^layer\.\d+\.attention\.[qk]$/;
  const saying = await forwardOf(decoder, [first.length, saidContext], submits, (name) => named.test(name));

  const charactersOf = (ids: readonly number[]) => ids.map((id) => alphabet[id]).join("");
  /** What stands before the mark that ends an answer, without the space after its last word. */
  const shownAs = (text: string) => (end === undefined ? readable(text) : readable(upToEnd(text)).trimEnd());
  /** What stands before the mark. */
  const upToEnd = (text: string) => (end === undefined ? text : (text.split(end)[0] ?? ""));
  let tokens: readonly string[] = [];

  async function decoded(): Promise<readonly Sample[]> {
    const rows = first.map(({ prompt }) => Array.from(prompt, (character) => known.get(character) ?? 0));
    for (let i = 0; i < decodedLength; i++) {
      const values = await saying.logits(rows);
      for (const [r, row] of rows.entries()) {
        const begin = (r * saidContext + row.length - 1) * vocabulary;
        row.push(largestIn(values, begin, begin + vocabulary));
      }
    }
    const given = first.map(({ prompt }, r) => upToEnd(charactersOf((rows[r] ?? []).slice(prompt.length))));
    const [one] = first;
    // Without the last one, which was said and never read.
    const read = Array.from(`${one?.prompt ?? ""}${given[0] ?? ""}`).slice(0, (rows[0] ?? []).length - 1);
    tokens = read.map((character) => readable(character));
    return first.map((example, r) => ({
      ...example,
      prompt: readable(example.prompt),
      answer: shownAs(example.answer),
      given: shownAs(given[r] ?? ""),
    }));
  }

  /** Of the first row, which the last run had: softmax of scaled products of queries and keys before them. */
  async function attention(): Promise<Float32Array<ArrayBuffer>> {
    const t = tokens.length;
    const weights = new Float32Array(layers * heads * t * t);
    const [size, keySize] = [heads * headWidth, kvHeads * headWidth];
    for (let layer = 0; layer < layers; layer++) {
      const [q, k] = await Promise.all(
        ["q", "k"].map((letter) => saying.tapped(`layer.${layer}.attention.${letter}`)) as [
          Promise<Float64Array>,
          Promise<Float64Array>,
        ],
      );
      for (let head = 0; head < heads; head++) {
        const shared = Math.floor((head * kvHeads) / heads); // the keys that it reads
        for (let i = 0; i < t; i++) {
          const row = weights.subarray(((layer * heads + head) * t + i) * t).subarray(0, t);
          for (let s = 0; s <= i; s++) {
            let sum = 0;
            for (let d = 0; d < headWidth; d++)
              sum += (q[i * size + head * headWidth + d] ?? 0) * (k[s * keySize + shared * headWidth + d] ?? 0);
            row[s] = sum / Math.sqrt(headWidth);
          }
          const most = row.subarray(0, i + 1).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
          let total = 0;
          for (let s = 0; s <= i; s++) {
            row[s] = Math.exp((row[s] ?? 0) - most);
            total += row[s] ?? 0;
          }
          for (let s = 0; s <= i; s++) row[s] = (row[s] ?? 0) / total;
        }
      }
    }
    return weights;
  }

  return {
    routers,
    score: async () => {
      const values = await checking.logits(all.ids);
      const { loss } = scoreOf(values, all, vocabulary, scored);
      const { accuracy } = scoreOf(values, scored === "exact" ? answers : all, vocabulary, scored);
      const choices = (layer: number) => checking.tapped(tapOf(layer));
      if (!routers) return { loss, accuracy };
      return { loss, accuracy, use: await useByKind(routers, examples, [heldOut, context], choices) };
    },
    samples: async () => {
      const samples = await decoded();
      return { samples, attention: [{ tokens, weights: await attention() }] };
    },
    dispose: () => {
      checking.dispose();
      saying.dispose();
    },
  };
}
