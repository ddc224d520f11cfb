import { placed, type Tensor, tensor } from "../tensor/tensor.ts";
import { openGroup } from "./group.ts";
import type { SequencePrograms } from "./programs.ts";

/** Values computed from a source and from given decoder tokens. */
export interface Look {
  /** Values with a row for each source token, by requested name. */
  readonly source: ReadonlyMap<string, readonly Float64Array[]>;
  /** Values with a row for each decoder token. */
  readonly target: ReadonlyMap<string, readonly Float64Array[]>;
  /** The keys of the source's tokens in each decoder layer. */
  readonly keys: readonly (readonly Float64Array[])[];
}

/** The requested values, by name. */
export interface LookNames {
  readonly source: (name: string) => boolean;
  readonly target: (name: string) => boolean;
  /** True: the keys of the source. */
  readonly keys: boolean;
}

/**
 * Runs the model once over a source and over decoder tokens, the first of which is the start token; without tokens,
 * over the source only.
 */
export async function look(
  programs: SequencePrograms,
  source: readonly number[],
  target: readonly number[],
  names: LookNames,
  signal: AbortSignal,
): Promise<Look> {
  const { gpu } = programs.model;
  const group = await openGroup(
    programs,
    { sources: [source], rowsOfSource: 1, tokensOfRow: target.length, capacity: Math.max(1, target.length) },
    { signal, taps: names.source },
  );
  const own: { dispose(): void }[] = [group];
  try {
    const found = new Map<string, readonly Float64Array[]>();
    for (const [name, tap] of group.taps) found.set(name, rowsOf(await tap.read(), group.sourceTokens, source.length));
    const keys: (readonly Float64Array[])[] = [];
    for (const layer of names.keys ? group.cross : []) {
      keys.push(rowsOf(await layer.keys.read(), group.sourceTokens, source.length));
    }
    const seen = new Map<string, readonly Float64Array[]>();
    if (target.length > 0) {
      const recorded = programs.forced(target.length, group.sizeOf(target.length), names.target);
      own.unshift(recorded.program);
      const ids = gpu.unscoped(() => tensor(gpu, [target.length], [...target], "u32"));
      own.push(ids);
      await gpu.write(group.step.storage, 0, new Uint8Array(Uint32Array.of(0, target.length, 0, 0).buffer));
      const instance = await group.bind(recorded, [[recorded.ids, ids]], signal);
      own.push(instance);
      instance.run();
      for (const [name, tap] of recorded.program.taps) {
        seen.set(name, rowsOf(await placed(instance, tap as Tensor).read(), target.length, target.length));
      }
    }
    return { source: found, target: seen, keys };
  } finally {
    for (const one of own.reverse()) one.dispose();
  }
}

/** The first rows of values. */
function rowsOf(values: Float64Array, rows: number, count: number): Float64Array[] {
  const width = values.length / rows;
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}
