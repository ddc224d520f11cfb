import type { RowTaps } from "../generate/beams/search.ts";
import type { Instance, Program } from "../gpu/gpu.ts";
import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import { placed, type Tensor } from "../tensor/tensor.ts";
import { chosenLayers, crossRow, queriesOf } from "./cross-weights.ts";
import type { Group } from "./group.ts";
import type { CrossChoice, SequenceAttention } from "./results.ts";

/** What the tokens of a group attend to, from the taps of their steps. */
export interface CrossRows {
  /** Taps of a step: the queries of each chosen layer. */
  readonly taps: readonly string[];
  /** The weights over a source for the token predicted from a row's `queries`. */
  rowOf(source: number, queries: RowTaps): SequenceAttention;
}

/** Reads the keys of a group's sources, once; with a step's queries they give the weights of its tokens. */
export async function openCrossRows(
  config: EncoderDecoderConfig,
  group: Group,
  choice: CrossChoice,
): Promise<CrossRows> {
  const layers = chosenLayers(config, choice.layer);
  const width = config.decoder.heads * config.decoder.headWidth;
  const keys = await Promise.all(
    layers.map(async (layer) => {
      const all = Float32Array.from((await group.cross[layer]?.keys.read()) ?? []);
      return Array.from({ length: group.sourceTokens }, (_, s) => all.subarray(s * width, (s + 1) * width));
    }),
  );
  return {
    taps: layers.map(queriesOf),
    rowOf(source, queries) {
      const [begin, end] = [group.sourceOffsets[source], group.sourceOffsets[source + 1]];
      const own = keys.map((rows) => rows.slice(begin, end));
      return crossRow(config, queries, own, choice);
    },
  };
}

/** What an instance of a step taps, by name, so that they are read with the step's results. */
export const tappedOf = (
  names: readonly string[],
  { taps }: Pick<Program<unknown>, "taps">,
  instance: Instance<unknown>,
): ReadonlyMap<string, Tensor> => new Map(names.map((name) => [name, placed(instance, taps.get(name) as Tensor)]));

/** One row of a step's tapped values. */
export const tapsOfRow = (names: readonly string[], results: object, row: number, rows: number): RowTaps =>
  names.map((name) => {
    const values = (results as Readonly<Record<string, Float32Array>>)[name] ?? new Float32Array();
    const width = values.length / rows;
    return values.slice(row * width, (row + 1) * width);
  });
