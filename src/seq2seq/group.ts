import type { CrossKeys } from "../blocks/cross-block.ts";
import { cachePairs, createCache, disposeCache } from "../blocks/kv-cache/cache.ts";
import { packTokens, sizeFor } from "../encode/packing.ts";
import type { Gpu, Instance, Program } from "../gpu/gpu.ts";
import { maxBatch } from "../kernels/step.ts";
import { placed, replacements, type Tensor, type TensorPair, tensor, zeros } from "../tensor/tensor.ts";
import { type SequencePrograms, type TargetPlaces, type TargetSize, targetCacheShape } from "./programs.ts";

/** Texts that are decoded together, and how far. */
export interface GroupShape {
  /** Token ids of each source. */
  readonly sources: readonly (readonly number[])[];
  /** Batch rows of each source: its beams. */
  readonly rowsOfSource: number;
  /** Tokens of a row that are computed together; default 1. */
  readonly tokensOfRow?: number;
  /** Most tokens of a row, the first one included. */
  readonly capacity: number;
}

/**
 * The memory of texts that are decoded together: what the decoder reads of their sources, which is computed once, and the
 * cache of their rows, those of a source one after the other.
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
  /** Values of the sources' program by the names that were wanted. */
  readonly taps: ReadonlyMap<string, Tensor>;
  /** What each layer of the decoder reads of the sources, which are packed to so many tokens. */
  readonly cross: readonly CrossKeys[];
  readonly sourceTokens: number;
  /** Of the packed tokens, where each source begins and the last one ends. */
  readonly sourceOffsets: Uint32Array;
  dispose(): void;
}

/** How a group is opened. */
export interface GroupOptions {
  readonly signal?: AbortSignal | undefined;
  /** Names of values of the encoder that are kept. */
  readonly taps?: ((name: string) => boolean) | undefined;
}

/** Visible tokens of the first programs; of later ones twice as many each time. */
const firstVisible = 64;

/** Takes the memory of a group, and encodes its sources. Throws the reason of `signal` once it aborts. */
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
    // Rows of the sources there are; the text that fills the pack up has none.
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

/** The sources of the texts that are decoded together, in order: as many as fit a program and its memory. */
export function* inGroups<T extends { readonly ids: readonly number[] }>(
  { model: { gpu, config } }: SequencePrograms,
  sources: readonly T[],
  { rowsOfSource, capacity }: Pick<GroupShape, "rowsOfSource" | "capacity">,
): Generator<readonly T[]> {
  const { decoder } = config;
  const rowBytes = 4 * decoder.heads * decoder.headWidth * Math.ceil(capacity / 64) * 64;
  const mostRows = Math.max(rowsOfSource, Math.min(maxBatch, Math.floor(gpu.limits.binding / rowBytes)));
  const mostTexts = Math.floor(mostRows / rowsOfSource);
  let group: T[] = [];
  let tokens = 0;
  for (const source of sources) {
    if (group.length === mostTexts || (group.length > 0 && tokens + source.ids.length > mostTokens)) {
      yield group;
      [group, tokens] = [[], 0];
    }
    group.push(source);
    tokens += source.ids.length;
  }
  if (group.length > 0) yield group;
}

/** Most source tokens of a group, so that a submission stays short. */
const mostTokens = 1024;
