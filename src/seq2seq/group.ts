import type { CrossKeys } from "../blocks/cross-block.ts";
import { cachePairs, createCache, disposeCache } from "../blocks/kv-cache/cache.ts";
import { packTokens, sizeFor } from "../encode/packing.ts";
import type { Gpu, Instance, Program } from "../gpu/gpu.ts";
import { maxBatch } from "../kernels/step.ts";
import { placed, replacements, type Tensor, type TensorPair, tensor, zeros } from "../tensor/tensor.ts";
import { type SequencePrograms, type TargetPlaces, type TargetSize, targetCacheShape } from "./programs.ts";

/** Texts that are decoded together, and their limits. */
interface GroupShape {
  /** Token ids of each source. */
  readonly sources: readonly (readonly number[])[];
  /** Batch rows per source: its beams. */
  readonly rowsOfSource: number;
  /** Tokens of a row computed together; default 1. */
  readonly tokensOfRow?: number;
  /** Maximum tokens of a row, the first one included. */
  readonly capacity: number;
}

/**
 * The memory of texts that are decoded together: the decoder's keys and values of their sources, computed once, and the
 * cache of their rows, those of a source adjacent.
 */
export interface Group {
  readonly gpu: Gpu;
  readonly rows: number;
  /** Position and number of tokens, last token and seed of each row, u32 `[64, 4]`. */
  readonly step: Tensor;
  /** The size of a program of the decoder that sees up to `length` tokens of a row. */
  sizeOf(length: number): TargetSize;
  /** Binds a program of the decoder to this memory and to `others`. */
  bind<T>(
    recorded: TargetPlaces & { readonly program: Program<T> },
    others: readonly TensorPair[],
    signal: AbortSignal | undefined,
  ): Promise<Instance<T>>;
  /** Values of the sources' program, by requested name. */
  readonly taps: ReadonlyMap<string, Tensor>;
  /** Each decoder layer's keys and values of the sources, which are packed to so many tokens. */
  readonly cross: readonly CrossKeys[];
  readonly sourceTokens: number;
  /** Where each source begins among the packed tokens, and where the last one ends. */
  readonly sourceOffsets: Uint32Array;
  dispose(): void;
}

/** How a group is opened. */
interface GroupOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names of encoder values to keep. */
  readonly taps?: ((name: string) => boolean) | undefined;
}

/** Visible tokens of the first programs; doubled for each later one. */
const firstVisible = 64;

/** Allocates the memory of a group, and encodes its sources. Throws the reason of `signal` once it aborts. */
export async function openGroup(
  programs: SequencePrograms,
  { sources, rowsOfSource, tokensOfRow = 1, capacity: tokens }: GroupShape,
  { signal, taps }: GroupOptions = {},
): Promise<Group> {
  const { model } = programs;
  const { gpu, config } = model;
  const rows = sources.length * rowsOfSource;
  const capacity = Math.ceil(tokens / 64) * 64;
  const all = sources.reduce((sum, { length }) => sum + length, 0);
  const size = sizeFor(all, sources.length);
  const own: { dispose(): void }[] = [];
  const dispose = () => {
    for (const one of own.toReversed()) one.dispose();
    own.length = 0;
  };
  const made = (values: Uint32Array): Tensor => {
    const one = gpu.unscoped(() => tensor(gpu, [values.length], [...values], "u32"));
    own.push(one);
    return one;
  };
  try {
    const packed = packTokens(
      sources.map((ids) => ({ ids, typeIds: [] })),
      size,
      { first: 0, context: config.encoder.context ?? size.tokens },
    );
    const keyOffsets = made(packed.offsets);
    // Rows of the actual sources; the padding text has none.
    const queryOffsets = made(
      Uint32Array.from(packed.offsets, (_, i) => tokensOfRow * Math.min(i * rowsOfSource, rows)),
    );
    const recorded = programs.sources(size, taps);
    const pairs: TensorPair[] = [
      [recorded.ids, made(packed.ids)],
      [recorded.positions, made(packed.positions)],
      [recorded.offsets, keyOffsets],
    ];
    await gpu.settle();
    const encoded = await recorded.program.instantiate(replacements(pairs), gpu, signal);
    own.push(encoded);
    if (taps) own.push(recorded.program);
    encoded.run();
    const cross = recorded.program.result.cross.map(
      ({ keys, values }): CrossKeys => ({ keys: placed(encoded, keys), values: placed(encoded, values) }),
    );
    const cache = gpu.unscoped(() => createCache(gpu, targetCacheShape(model, rows, capacity)));
    own.push({ dispose: () => disposeCache(cache) });
    const step = gpu.unscoped(() => zeros(gpu, [maxBatch, 4], "u32", "step"));
    own.push(step);
    return {
      gpu,
      rows,
      step,
      cross,
      sourceTokens: size.tokens,
      sourceOffsets: packed.offsets,
      dispose,
      taps: new Map([...recorded.program.taps].map(([name, tap]) => [name, placed(encoded, tap as Tensor)])),
      sizeOf: (length) => ({ rows, sources: size, visible: visibleOf(length, capacity), capacity }),
      async bind(target, others, stop) {
        const crossPairs = target.cross.flatMap(({ keys, values }, layer): TensorPair[] => {
          const real = cross[layer];
          return real ? [[keys, real.keys] as const, [values, real.values] as const] : [];
        });
        const places: TensorPair[] = [
          ...cachePairs(target.cache, cache),
          ...crossPairs,
          [target.step, step],
          [target.queryOffsets, queryOffsets],
          [target.keyOffsets, keyOffsets],
          ...others,
        ];
        return await target.program.instantiate(replacements(places), gpu, stop);
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Tokens of the program for rows of this length. */
function visibleOf(length: number, capacity: number): number {
  let visible = firstVisible;
  while (visible < length) visible *= 2;
  return Math.min(visible, capacity);
}

/** Groups sources to decode together, in order: as many as fit a program and its memory. */
export function* inGroups<T extends { readonly ids: readonly number[] }>(
  { model: { gpu, config } }: SequencePrograms,
  sources: readonly T[],
  { rowsOfSource, capacity }: Pick<GroupShape, "rowsOfSource" | "capacity">,
): Generator<readonly T[]> {
  const { decoder } = config;
  const rowBytes = 4 * decoder.heads * decoder.headWidth * Math.ceil(capacity / 64) * 64;
  const maxRows = Math.max(rowsOfSource, Math.min(maxBatch, Math.floor(gpu.limits.binding / rowBytes)));
  const maxTexts = Math.floor(maxRows / rowsOfSource);
  let group: T[] = [];
  let tokens = 0;
  for (const source of sources) {
    if (group.length === maxTexts || (group.length > 0 && tokens + source.ids.length > maxTokens)) {
      yield group;
      [group, tokens] = [[], 0];
    }
    group.push(source);
    tokens += source.ids.length;
  }
  if (group.length > 0) yield group;
}

/** Maximum source tokens of a group, so that a submission stays short. */
const maxTokens = 1024;
