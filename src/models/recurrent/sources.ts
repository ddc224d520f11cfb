type Rows = readonly (readonly number[])[];

/** Numbers of a tensor, in index order. */
interface SourceNumbers {
  readonly shape: readonly number[];
  readonly dtype: "u32" | "f32";
  readonly values: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** The score after the end of a source: softmax gives it 0. */
const unseen = -1e30;

/** The shapes of an encoder's inputs for b sources of up to s tokens. */
export const sourceShapes = (b: number, s: number) =>
  ({
    sources: { shape: [b, s], dtype: "u32" },
    lengths: { shape: [b], dtype: "u32" },
    seen: { shape: [b, 1, s], dtype: "f32" },
  }) as const satisfies Readonly<Record<string, Omit<SourceNumbers, "values">>>;

/** An encoder's inputs for sources of one token or more; shorter ones are padded with 0. */
export function sourceNumbers(rows: Rows): Readonly<Record<keyof ReturnType<typeof sourceShapes>, SourceNumbers>> {
  const s = Math.max(...rows.map(({ length }) => length));
  const shapes = sourceShapes(rows.length, s);
  /** A number for each position of each source. */
  const each = (of: (row: readonly number[], position: number) => number) =>
    rows.flatMap((row) => Array.from({ length: s }, (_, position) => of(row, position)));
  return {
    sources: { ...shapes.sources, values: Uint32Array.from(each((row, position) => row[position] ?? 0)) },
    lengths: { ...shapes.lengths, values: Uint32Array.from(rows, ({ length }) => length) },
    seen: { ...shapes.seen, values: Float32Array.from(each((row, at) => (at < row.length ? 0 : unseen))) },
  };
}
