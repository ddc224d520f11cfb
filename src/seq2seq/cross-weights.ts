import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import { mebibytes } from "../options/bytes.ts";
import { boolean, checkOptions, fieldsOf, having, integer } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { type Look, type LookNames, weightsOf } from "./looks.ts";
import type { CrossAttention, CrossAttentionOptions } from "./results.ts";

/** Most bytes of the weights of all heads together. */
export const mostPerHead = 32 << 20;

/** What a run has to keep so that weights can be computed of it: each layer's queries, and the keys of the source. */
export const crossNames: LookNames = {
  source: () => false,
  target: (name) => /^decoder\.\d+\.cross\.q$/.test(name),
  keys: true,
};

/** How many tokens there are. */
interface Tokens {
  readonly sources: number;
  readonly targets: number;
}

const numbers = (count: number, one: number | undefined): readonly number[] =>
  one === undefined ? Array.from({ length: count }, (_, i) => i) : [one];

/** Throws `OptionError` for a layer or head that there is not. */
export function checkCrossAttention({ decoder }: EncoderDecoderConfig, options: CrossAttentionOptions): void {
  const index = (count: number) => integer(0, count - 1);
  const checks = {
    ...{ layer: index(decoder.layers), head: index(decoder.heads), perHead: boolean },
    signal: having("aborted", "an AbortSignal"),
  };
  checkOptions("crossAttention", fieldsOf<CrossAttentionOptions>(checks), options);
}

/** Throws `OptionError` where the weights of each head would take too much memory. */
export function checkPerHead(
  { decoder }: EncoderDecoderConfig,
  { layer, head, perHead }: CrossAttentionOptions,
  { sources, targets }: Tokens,
): void {
  if (!perHead) return;
  const bytes = 4 * numbers(decoder.layers, layer).length * numbers(decoder.heads, head).length * sources * targets;
  if (bytes <= mostPerHead) return;
  throw new OptionError(
    `crossAttention: perHead takes ${mebibytes(bytes)}, expected at most ${mebibytes(mostPerHead)}; ask for one layer or head`,
  );
}

/** The weights that a run's queries and keys give: softmax of their scaled products (Vaswani et al. 2017, section 3.2.3). */
export function crossWeights(
  { decoder, headWidth, scoreScale = 1 / Math.sqrt(headWidth) }: EncoderDecoderConfig,
  { target, keys }: Look,
  { layer, head, perHead = false }: CrossAttentionOptions,
  { sources, targets }: Tokens,
): Pick<CrossAttention, "weights" | "perHead"> {
  const [layers, heads] = [numbers(decoder.layers, layer), numbers(decoder.heads, head)];
  const weights = Array.from({ length: targets }, () => new Float32Array(sources));
  const each = perHead ? new Float32Array(layers.length * heads.length * targets * sources) : undefined;
  let at = 0;
  for (const one of layers) {
    const queries = target.get(`decoder.${one}.cross.q`) ?? [];
    const all = weightsOf(queries, keys[one] ?? [], decoder.heads, scoreScale);
    for (const h of heads) {
      for (const [t, row] of (all[h] ?? []).entries()) {
        each?.set(row, at);
        at += sources;
        for (const [s, weight] of row.entries()) {
          const sums = weights[t];
          if (sums) sums[s] = (sums[s] ?? 0) + weight / (layers.length * heads.length);
        }
      }
    }
  }
  return each ? { weights, perHead: each } : { weights };
}
