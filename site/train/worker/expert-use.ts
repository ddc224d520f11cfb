// Which experts each kind of a task's tokens chooses.

import { isMixture } from "../../../src/blocks/mixture.ts";
import type { Decoder } from "../../../src/models/decoders/decoder.ts";
import { kindsOf } from "../tasks/kinds.ts";
import type { Example, Examples } from "../tasks/task.ts";

/** A division of a task's tokens into kinds that are counted separately. */
export interface Division {
  /** What tokens are divided by. */
  readonly by: string;
  readonly kinds: readonly string[];
}

/** The routers of a model, and the divisions of its task's tokens. */
export interface RouterFacts {
  /** The layers that have experts. */
  readonly layers: readonly number[];
  readonly experts: number;
  /** Experts per token. */
  readonly chosen: number;
  readonly divisions: readonly Division[];
}

/** Choices of each expert, by layers with experts and kinds of tokens. */
export type KindUse = readonly (readonly (readonly number[])[])[];

/** The divisions of a task's tokens. */
export const divisionsOf = (examples: Examples): readonly Division[] =>
  kindsOf(examples).map(({ by, names }) => ({ by, kinds: names }));

/** The name of a layer's choices among a run's values. */
export const tapOf = (layer: number): string => `layer.${layer}.feed-forward.experts`;

/** The routers of a model that learns a task; undefined without any. */
export function routersOf({ config, weights }: Decoder, examples: Examples): RouterFacts | undefined {
  const { mixture } = config;
  const layers = weights.blocks.flatMap(({ feedForward }, layer) => (isMixture(feedForward) ? [layer] : []));
  if (!mixture || layers.length === 0) return undefined;
  return { layers, experts: mixture.experts, chosen: mixture.rule.k, divisions: divisionsOf(examples) };
}

/**
 * Counts the choices of each kind of token, for each division; `choices` returns those of a layer,
 * `[rows, context, k]`, in a run over these examples.
 */
export async function useByKind(
  { layers, experts, chosen }: Omit<RouterFacts, "divisions">,
  task: Examples,
  [given, context]: readonly [examples: readonly Example[], context: number],
  choices: (layer: number) => Promise<ArrayLike<number>>,
): Promise<readonly KindUse[]> {
  const found = await Promise.all(layers.map(choices));
  return kindsOf(task).map(({ names, of }) => {
    const kindOf = given.map((example) => Array.from({ length: context }, (_, position) => of(example, position)));
    return found.map((chosenOf) => {
      const counts = names.map(() => new Array<number>(experts).fill(0));
      for (const [row, own] of kindOf.entries()) {
        for (const [position, kind] of own.entries()) {
          const begin = (row * context + position) * chosen;
          for (let i = begin; i < begin + chosen; i++) {
            const [use, expert] = [counts[kind], chosenOf[i] ?? -1];
            if (use?.[expert] !== undefined) use[expert]++;
          }
        }
      }
      return counts;
    });
  });
}
