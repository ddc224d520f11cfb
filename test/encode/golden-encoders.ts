import { readFileSync } from "node:fs";
import { type Dense, dense } from "../../src/reference/dense.ts";

/** Families of which `test/golden/encoders.py` and `later_encoders.py` write a folder. */
export const encoderNames = ["bert", "roberta", "distilbert", "mpnet", "modernbert", "new"] as const;

/** Where their folders are, from the root of the clone. */
export const encoderFolder = (name: string) => `test/golden/${name}`;

/** What the script found in float64. */
export interface EncoderGolden {
  readonly texts: readonly {
    readonly text: string;
    readonly tokens: readonly number[];
    /** Of the embeddings and of every layer, a row for each token. */
    readonly layers: readonly (readonly (readonly number[])[])[];
  }[];
}

export const encoderGolden = (name: string) =>
  JSON.parse(readFileSync(`${encoderFolder(name)}/golden.json`, "utf8")) as EncoderGolden;

/** The largest distance between values. */
export function farthest(values: readonly ArrayLike<number>[], expected: readonly ArrayLike<number>[]): number {
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(
    ...values.flatMap((row, i) =>
      Array.from(expected[i] ?? [], (value, j) => {
        const distance = Math.abs((row[j] ?? Number.NaN) - value);
        return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
      }),
    ),
  );
}

/** The f32 tensors of a folder's checkpoint, for the float64 reference; names without this prefix, norms in new spelling. */
export function encoderTensors(name: string, prefix = ""): Record<string, Dense> {
  const file = readFileSync(`${encoderFolder(name)}/model.safetensors`);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<
    string,
    { readonly shape: readonly number[]; readonly data_offsets: readonly [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        key,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const values = Array.from({ length: (end - begin) / 4 }, (_, i) =>
          file.readFloatLE(8 + length + begin + 4 * i),
        );
        const spelt = key.replace(/gamma$/, "weight").replace(/beta$/, "bias");
        return [spelt.startsWith(prefix) ? spelt.slice(prefix.length) : spelt, dense(shape, values)];
      },
    ),
  );
}
