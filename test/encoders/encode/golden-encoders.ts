import { readFileSync } from "node:fs";
import { openFolder } from "../../../src/formats/folder.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { type Dense, dense } from "../../../src/reference/dense.ts";

/** Families of which `test/golden/encoders.py` and `later_encoders.py` write a folder. */
export const encoderNames = ["bert", "roberta", "distilbert", "mpnet", "modernbert", "new"] as const;

/** Where their folders are, from the root of the clone. */
export const encoderFolder = (name: string) => `test/golden/${name}`;

/**
 * A golden folder without the files that say how vectors are made, as MPNet's has: they are the means of the states
 * then.
 */
export async function meanFolder(name: string): Promise<FileSource> {
  const folder = await openFolder(encoderFolder(name));
  return {
    name: folder.name,
    has: async (file) => !/modules|sentence/.test(file) && (await folder.has(file)),
    size: (file) => folder.size(file),
    read: (file, begin, end) => folder.read(file, begin, end),
  };
}

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

/** What `test/golden/halved.py` found in float64 after matrices were rounded to f16. */
export interface HalvedGolden {
  /** States of the last layer, a row for each token. */
  readonly texts: readonly { readonly text: string; readonly last: readonly (readonly number[])[] }[];
}

export const halvedGolden = (name: string) =>
  JSON.parse(readFileSync(`${encoderFolder(name)}/halved.json`, "utf8")) as HalvedGolden;

/** Vectors of MPNet's folder, as `test/golden/later_encoders.py` found them. */
export const sentenceGolden = () =>
  JSON.parse(readFileSync(`${encoderFolder("mpnet")}/sentence.json`, "utf8")) as readonly {
    readonly text: string;
    readonly promptName: string | null;
    readonly tokens: number;
    readonly vector: readonly number[];
  }[];

/** The mean of rows: the vector of a text where the folder does not say how vectors are made. */
export function meanOf(rows: readonly (readonly number[])[]): number[] {
  const [first = []] = rows;
  return first.map((_, j) => rows.reduce((sum, row) => sum + (row[j] ?? Number.NaN), 0) / rows.length);
}

/** The cosine of two vectors. */
export function cosineOf(a: ArrayLike<number>, b: readonly number[]): number {
  let [product, aa, bb] = [0, 0, 0];
  for (const [i, y] of b.entries()) {
    const x = a[i] ?? Number.NaN;
    [product, aa, bb] = [product + x * y, aa + x * x, bb + y * y];
  }
  return product / Math.sqrt(aa * bb);
}

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

/**
 * The f32 tensors of a folder's checkpoint, for the float64 reference; names without this prefix, norms in new
 * spelling.
 */
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
