import type { RecurrentConfig } from "./config.ts";

type Rows = readonly (readonly number[])[];

/** Numbers of a tensor, in index order. */
interface SourceNumbers {
  readonly shape: readonly number[];
  readonly dtype: "u32" | "f32";
  readonly values: Uint32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** The names of the tensors that an encoder reads. */
type SourceName = "sources" | "last" | "seen" | "reversed" | "mirror";

/** The score after the end of a source: softmax gives it 0. */
const unseen = -1e30;

/** Rows `[b, t]` as `[t, b]`, shorter ones padded with 0. */
export function byPosition(rows: Rows, t: number): Uint32Array<ArrayBuffer> {
  const b = rows.length;
  return Uint32Array.from({ length: t * b }, (_, at) => rows[at % b]?.[Math.floor(at / b)] ?? 0);
}

/** The shapes of an encoder's inputs for b sources of up to s tokens. */
export function sourceShapes({ bidirectional }: RecurrentConfig, b: number, s: number) {
  return {
    sources: { shape: [s, b], dtype: "u32" },
    last: { shape: [b], dtype: "u32" },
    seen: { shape: [b, 1, s], dtype: "f32" },
    ...(bidirectional
      ? ({ reversed: { shape: [s, b], dtype: "u32" }, mirror: { shape: [s * b], dtype: "u32" } } as const)
      : {}),
  } as const satisfies Partial<Record<SourceName, Omit<SourceNumbers, "values">>>;
}

/** An encoder's inputs for sources of one token or more. */
export function sourceNumbers(config: RecurrentConfig, rows: Rows): Readonly<Record<string, SourceNumbers>> {
  const b = rows.length;
  const s = Math.max(...rows.map(({ length }) => length));
  const lengthOf = (row: number) => rows[row]?.length ?? 0;
  const numbers: Readonly<Record<SourceName, () => SourceNumbers["values"]>> = {
    sources: () => byPosition(rows, s),
    last: () => Uint32Array.from(rows, ({ length }, i) => (length - 1) * b + i),
    seen: () => Float32Array.from({ length: b * s }, (_, at) => (at % s < lengthOf(Math.floor(at / s)) ? 0 : unseen)),
    reversed: () => {
      const back = rows.map((row) => row.toReversed());
      return byPosition(back, s);
    },
    mirror: () =>
      Uint32Array.from({ length: s * b }, (_, at) => {
        const [row, position] = [at % b, Math.floor(at / b)];
        const from = position < lengthOf(row) ? lengthOf(row) - 1 - position : position;
        return from * b + row;
      }),
  };
  const shapes = Object.entries(sourceShapes(config, b, s));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, { ...shape, values: numbers[name as SourceName]() }]));
}
