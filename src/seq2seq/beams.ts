import type { BeamModel, BeamPairs } from "../generate/beams/model.ts";
import { beamPairs, pairsOf, reorderCache } from "../generate/beams/pairs.ts";
import { candidatesOf } from "../generate/beams/search.ts";
import { searchAll } from "../generate/beams/searches.ts";
import type { Row } from "../generate/session/row.ts";
import { awaited, readBack, submitStep } from "../generate/session/step-results.ts";
import type { Program } from "../gpu/gpu.ts";
import { restrict, wordsOf } from "../kernels/sampling/restrict.ts";
import { decodeTargets } from "../models/seq2seq/encoder-decoder.ts";
import { placed, placeholder, type Tensor, type TensorPair, zeros } from "../tensor/tensor.ts";
import { bansOf, forcedToken } from "./allowed.ts";
import { tappedOf, tapsOfRow } from "./cross-rows.ts";
import { type DrawOptions, type DrawTimings, notFiniteError } from "./generate.ts";
import type { Group } from "./group.ts";
import { type SequencePrograms, type TargetPlaces, type TargetSize, tapping, targetInputs } from "./programs.ts";

export { checkBeams } from "../generate/beams/options.ts";

/** The options of a search. */
interface SearchOptions extends Omit<DrawOptions, "temperature" | "topK" | "topP" | "repetitionPenalty" | "seeds"> {
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  /** True: allowed tokens share the probability of banned ones. */
  readonly renormalise: boolean;
  readonly eos: readonly number[];
}

/** A step of a search: for each source the best continuations of its rows' texts. */
interface PairsProgram extends TargetPlaces {
  readonly program: Program<{ readonly ids: Tensor; readonly totals: Tensor }>;
  readonly scores: Tensor;
  readonly ranks: Tensor;
  readonly allowed: Tensor | undefined;
}

/** The program that copies caches to the rows that continue them. */
interface ReorderProgram extends TargetPlaces {
  readonly program: Program<object>;
  readonly parents: Tensor;
}

/** What a search's programs depend on other than their size. */
interface SearchKind {
  readonly beams: number;
  readonly pairs: number;
  readonly restricted: boolean;
  readonly renormalise: boolean;
  /** Names of values that a step taps. */
  readonly taps: readonly string[];
}

const keyOf = ({ rows, sources, visible, capacity }: TargetSize) =>
  [rows, sources.tokens, sources.texts, visible, capacity].join(" ");

function pairsProgram(programs: SequencePrograms, size: TargetSize, kind: SearchKind): PairsProgram {
  const { beams, pairs, restricted, renormalise, taps } = kind;
  const key = ["beams", keyOf(size), beams, pairs, restricted, renormalise, ...taps].join(" ");
  return programs.once(key, () => {
    const { model } = programs;
    const { gpu, config } = model;
    const places = programs.places(size);
    const scores = placeholder(gpu, [size.rows], "f32", "scores");
    const ranks = placeholder(gpu, [size.rows], "u32", "ranks");
    const allowed = restricted
      ? placeholder(gpu, [size.rows, wordsOf(config.vocabulary)], "u32", "allowed tokens")
      : undefined;
    const record = () => {
      const logits = decodeTargets(model, targetInputs(places, size));
      const masked = (values: Tensor, bits: Tensor) => restrict(gpu, { logits: values, allowed: bits }).y;
      return beamPairs(gpu, { logits, scores, ranks, allowed }, { beams, pairs, renormalise, restrict: masked });
    };
    const program = gpu.record(record, tapping(taps));
    return { ...places, program, scores, ranks, allowed };
  });
}

function reorderProgram(programs: SequencePrograms, size: TargetSize): ReorderProgram {
  return programs.once(`reorder ${keyOf(size)}`, () => {
    const { gpu } = programs.model;
    const places = programs.places(size);
    const parents = placeholder(gpu, [size.rows], "u32", "parents");
    const program = gpu.record((): object => {
      reorderCache(gpu, places.cache, { parents, step: places.step }, size.visible);
      return {};
    });
    return { ...places, program, parents };
  });
}

/**
 * Searches the likeliest text of each source of a group with `beams` rows, by the rules of transformers 5.0. Tokens are
 * reported as soon as they are certain. Throws as `draw` does.
 */
export async function search(
  programs: SequencePrograms,
  group: Group,
  rows: readonly Row[],
  options: SearchOptions,
  stop: AbortSignal,
): Promise<DrawTimings> {
  const { gpu } = group;
  const { rules, start, most, beams, eos, cross } = options;
  const { vocabulary } = rules;
  const bans = bansOf(rules);
  const pairs = pairsOf(candidatesOf({ beams, eos }), beams, vocabulary);
  const taps = cross?.taps ?? [];
  const kind = { beams, pairs, restricted: bans.length > 0, renormalise: options.renormalise, taps };
  const own: { dispose(): void }[] = [];
  const made = (shape: readonly number[], dtype: "u32" | "f32", label: string) => {
    const one = gpu.unscoped(() => zeros(gpu, shape, dtype, label));
    own.push(one);
    return one;
  };
  const scores = made([group.rows], "f32", "scores");
  const [ranks, parents] = [made([group.rows], "u32", "ranks"), made([group.rows], "u32", "parents")];
  const allowed = kind.restricted ? made([group.rows, wordsOf(vocabulary)], "u32", "allowed tokens") : undefined;
  const bound = new Map<unknown, Awaited<ReturnType<Group["bind"]>>>();
  const bind = async <T>(recorded: TargetPlaces & { readonly program: Program<T> }, others: readonly TensorPair[]) => {
    const known = bound.get(recorded) as Awaited<ReturnType<typeof group.bind<T>>> | undefined;
    if (known) return known;
    const instance = await group.bind(recorded, others, stop);
    own.push(instance);
    bound.set(recorded, instance);
    return instance;
  };
  const write = ({ storage }: Tensor, { buffer }: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) =>
    gpu.write(storage, 0, new Uint8Array(buffer));

  const model: BeamModel = async (step, abort) => {
    const at = new Uint32Array(4 * group.rows);
    for (const [row, lives] of step.live.entries()) at.set([step.index, lives, step.last[row] ?? 0, 0], 4 * row);
    await write(group.step, at);
    await write(scores, step.scores);
    await write(ranks, step.ranks);
    await write(parents, step.parents);
    if (allowed && step.allowed) await write(allowed, step.allowed);
    const size = group.sizeOf(step.index + 1);
    if (step.moved) {
      const reorder = reorderProgram(programs, size);
      (await bind(reorder, [[reorder.parents, parents]])).run();
    }
    const recorded = pairsProgram(programs, size, kind);
    const others: TensorPair[] = [
      [recorded.scores, scores],
      [recorded.ranks, ranks],
    ];
    if (recorded.allowed && allowed) others.push([recorded.allowed, allowed]);
    const instance = await bind(recorded, others);
    const { ids, totals } = recorded.program.result;
    const outputs = new Map([
      ...Object.entries({ ids, totals }).map(([name, one]) => [name, placed(instance, one)] as const),
      ...tappedOf(taps, recorded.program, instance),
    ]);
    const staging = submitStep(group, { instance, outputs });
    const results = await readBack(group, awaited(group, staging, { outputs }), abort);
    const found = results as unknown as Pick<BeamPairs, "ids" | "totals">; // by their names
    if (!cross) return found;
    const tapped = Array.from(step.live, (lives, row) => (lives ? tapsOfRow(taps, results, row, group.rows) : []));
    return { ...found, taps: tapped };
  };

  const sources = rows.map(() => ({
    prompt: [start],
    maxTokens: most,
    forced: (length: number) => forcedToken(rules, length, most),
  }));
  const notFinite = async (source: number, tokens: number) => notFiniteError(programs, source, tokens - 1);
  const begun = performance.now();
  let steps = 0;
  try {
    const { lengthPenalty, earlyStopping } = options;
    const given = { beams, lengthPenalty, earlyStopping, eos, vocabulary, bans, notFinite };
    for await (const { source, tokens, taps: tapped, ended } of searchAll(model, sources, given, stop)) {
      stop.throwIfAborted(); // an aborted search ends texts as they are, which may not be certain
      const row = rows[source];
      if (!row) continue;
      const before = row.tokens.length;
      const added = tokens.slice(before);
      steps += added.length;
      for (const [i, token] of added.entries()) {
        let text = row.push(token);
        const isLast = ended && i === added.length - 1;
        if (isLast && row.stopReason === undefined) text += row.finish(ended.stopped ? "stop" : options.limitReason);
        const queries = tapped?.[before + i];
        options.onToken(row.index, token, text, queries && cross?.rowOf(source, queries));
      }
      if (!ended) continue;
      row.score = ended.texts[0]?.score;
      if (row.stopReason === undefined) options.onToken(row.index, undefined, row.finish("stop"));
    }
    stop.throwIfAborted();
    return { decode: performance.now() - begun, steps };
  } finally {
    for (const one of own.reverse()) one.dispose();
  }
}
