import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import { mebibytes } from "../options/bytes.ts";
import { boolean, checkOptions, fieldsOf, having, integer } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { Look, LookNames } from "./inspect.ts";
import type { CrossAttention, CrossAttentionOptions, CrossChoice, SequenceAttention } from "./results.ts";

/** Maximum bytes of the weights of all heads together. */
export const maxPerHead = 32 << 20;

/** The tap name of a layer's queries. */
export const queriesOf = (layer: number): string => `decoder.${layer}.cross.q`;

/** What a run must keep for computing weights: each layer's queries, and the keys of the source. */
export const crossNames: LookNames = {
  source: () => false,
  target: (name) => /^decoder\.\d+\.cross\.q$/.test(name),
  keys: true,
};

/** Number of tokens. */
interface Tokens {
  readonly sources: number;
  readonly targets: number;
}

const numbers = (count: number, one: number | undefined): readonly number[] =>
  one === undefined ? Array.from({ length: count }, (_, i) => i) : [one];

/** The chosen layers. */
export const chosenLayers = ({ decoder }: EncoderDecoderConfig, layer: number | undefined): readonly number[] =>
  numbers(decoder.layers, layer);

const checksOf = ({ decoder }: EncoderDecoderConfig) => {
  const index = (count: number) => integer(0, count - 1);
  return { layer: index(decoder.layers), head: index(decoder.heads), perHead: boolean };
};

/** Throws `OptionError` for a layer or head that does not exist. */
export function checkCrossAttention(config: EncoderDecoderConfig, options: CrossAttentionOptions): void {
  const checks = { ...checksOf(config), signal: having("aborted", "an AbortSignal") };
  checkOptions("crossAttention", fieldsOf<CrossAttentionOptions>(checks), options);
}

/** The same for weights reported with the tokens of a text. */
export const checkStepAttention = (config: EncoderDecoderConfig, options: CrossChoice): void =>
  checkOptions("generate", fieldsOf<CrossChoice>(checksOf(config)), options, "attention.");

/** Throws `OptionError` if the weights of each head would take too much memory. */
export function checkPerHead(
  where: string,
  { decoder }: EncoderDecoderConfig,
  { layer, head, perHead }: CrossChoice,
  { sources, targets }: Tokens,
): void {
  if (!perHead) return;
  const bytes = 4 * numbers(decoder.layers, layer).length * numbers(decoder.heads, head).length * sources * targets;
  if (bytes <= maxPerHead) return;
  throw new OptionError(
    `${where}: perHead takes ${mebibytes(bytes)}, expected at most ${mebibytes(maxPerHead)}; ask for one layer or head`,
  );
}

/** Values of one token, of all heads `[h · d]`. */
type Values = Float32Array | Float64Array;

/**
 * Softmax of a query's scaled products with the keys of a source, for one head (Vaswani et al. 2017, section 3.2.3).
 */
function headWeights(query: Values, keys: readonly Values[], begin: number, end: number, scale: number): Float64Array {
  const scores = Float64Array.from(keys, (key) => {
    let sum = 0;
    for (let i = begin; i < end; i++) sum += (query[i] ?? 0) * (key[i] ?? 0);
    return scale * sum;
  });
  const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = scores.map((score) => Math.exp(score - most));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * A token's attention to its source, in float64 from its query and the source's keys in each chosen layer: the mean of
 * the chosen heads, and with `perHead` the weights of each.
 */
export function crossRow(
  { decoder, scoreScale = 1 / Math.sqrt(decoder.headWidth) }: EncoderDecoderConfig,
  queries: readonly Values[],
  keys: readonly (readonly Values[])[],
  { head, perHead = false }: CrossChoice,
): SequenceAttention {
  const { headWidth } = decoder;
  const heads = numbers(decoder.heads, head);
  const sources = keys[0]?.length ?? 0;
  const mean = new Float64Array(sources);
  const each = perHead ? new Float32Array(queries.length * heads.length * sources) : undefined;
  let at = 0;
  for (const [i, query] of queries.entries()) {
    for (const h of heads) {
      const weights = headWeights(query, keys[i] ?? [], h * headWidth, (h + 1) * headWidth, scoreScale);
      each?.set(weights, at);
      at += sources;
      for (const [s, weight] of weights.entries()) mean[s] = (mean[s] ?? 0) + weight;
    }
  }
  const weights = Float32Array.from(mean, (sum) => sum / (queries.length * heads.length));
  return each ? { weights, perHead: each } : { weights };
}

/** The weights from a run's queries and keys. */
export function crossWeights(
  config: EncoderDecoderConfig,
  { target, keys }: Look,
  choice: CrossChoice,
  { sources, targets }: Tokens,
): Pick<CrossAttention, "weights" | "perHead"> {
  const layers = chosenLayers(config, choice.layer);
  const queries = layers.map((layer) => target.get(queriesOf(layer)) ?? []);
  const ofLayers = layers.map((layer) => keys[layer] ?? []);
  const parts = layers.length * numbers(config.decoder.heads, choice.head).length;
  const each = choice.perHead ? new Float32Array(parts * targets * sources) : undefined;
  const weights = Array.from({ length: targets }, (_, t) => {
    const row = crossRow(
      config,
      queries.map((all) => all[t] ?? new Float64Array()),
      ofLayers,
      choice,
    );
    for (let part = 0; each && row.perHead && part < parts; part++) {
      each.set(row.perHead.subarray(part * sources, (part + 1) * sources), (part * targets + t) * sources);
    }
    return row.weights;
  });
  return each ? { weights, perHead: each } : { weights };
}
