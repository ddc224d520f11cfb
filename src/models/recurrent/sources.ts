type Rows = readonly (readonly number[])[];

/** Numbers of a tensor, in index order. */
interface SourceNumbers {
  readonly shape: readonly number[];
  readonly dtype: "u32";
  readonly values: Uint32Array<ArrayBuffer>;
}

/** The shapes of an encoder's inputs for b sources of up to s tokens. */
export const sourceShapes = (b: number, s: number) =>
  ({
    sources: { shape: [b, s], dtype: "u32" },
    lengths: { shape: [b], dtype: "u32" },
  }) as const satisfies Readonly<Record<string, Omit<SourceNumbers, "values">>>;

/** An encoder's inputs for sources of one token or more; shorter ones are padded with 0. */
export function sourceNumbers(rows: Rows): Readonly<Record<keyof ReturnType<typeof sourceShapes>, SourceNumbers>> {
  const s = Math.max(...rows.map(({ length }) => length));
  const shapes = sourceShapes(rows.length, s);
  const ids = rows.flatMap((row) => Array.from({ length: s }, (_, position) => row[position] ?? 0));
  return {
    sources: { ...shapes.sources, values: Uint32Array.from(ids) },
    lengths: { ...shapes.lengths, values: Uint32Array.from(rows, ({ length }) => length) },
  };
}
