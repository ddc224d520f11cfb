import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { convertUseLite } from "../../../scripts/models/use-lite.mjs";
import { safetensorsHeader } from "../../../src/formats/safetensors/safetensors-header.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { checkUseLite, readUseLiteConfig } from "../../../src/models/encoders/use-lite.ts";
import { type Dense, dense } from "../../../src/reference/index.ts";
import { encode } from "../../../src/tensor/dtype.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { createEncoderTokenizer } from "../../../src/text/encoder-tokenizer.ts";
import { packageModel, type UseLiteSettings, useLite } from "../../support/models/use-lite.ts";
import { fifty } from "../../support/sentences.ts";

const { config, tokenizer: file, tensors } = convertUseLite();
const settings = config as unknown as UseLiteSettings;
const tokenizer = createEncoderTokenizer(file, {});
const weights: Record<string, Dense> = {};
for (const [name, { shape, values }] of Object.entries(tensors)) weights[name] = dense(shape, values);

/** Most that two vectors differ in one element. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = Math.abs(a.length - b.length);
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] ?? 0) - (b[i] ?? 0)));
  return most;
}

describe("the Universal Sentence Encoder lite", () => {
  test("is the folder's, rounded to f16", async () => {
    const folder = new URL("../../../examples/models/use-lite/", import.meta.url);
    const json = async (name: string) => JSON.parse(await readFile(new URL(name, folder), "utf8"));
    expect(await json("config.json")).toEqual({ ...config, torch_dtype: "float16" });
    expect(await json("tokenizer.json")).toEqual(file);
    const bytes = await readFile(new URL("model.safetensors", folder));
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
    expect(Object.keys(header)).toEqual(Object.keys(tensors));
    for (const [name, { shape, values }] of Object.entries(tensors)) {
      const [begin, end] = header[name].data_offsets.map((offset: number) => 8 + length + offset);
      expect({ name, shape: header[name].shape }).toEqual({ name, shape });
      const half = encode("f16", values);
      expect(bytes.subarray(begin, end).equals(Buffer.from(half.buffer, half.byteOffset, half.byteLength))).toBe(true);
    }
  });

  test("fewer layers than there are, and a tensor that nothing reads, are refused", async () => {
    const shapes = Object.entries(tensors).map(([name, { shape }]) => [name, shape] as const);
    const checking = async (fields: object, more: Readonly<Record<string, readonly number[]>> = {}) => {
      const all = [...shapes, ...Object.entries(more)].map(([name, shape]) => ({ name, shape }));
      const header = safetensorsHeader(all, "f16");
      const size = header.length + 2 * all.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
      const has = async (file: string) => file === "model.safetensors";
      // The tensors' own bytes are not read.
      const read = async (_: string, begin: number, end: number) => header.slice(begin, end);
      const weights = await openWeights({ name: "a folder", has, size: async () => size, read });
      return checkUseLite(weights, readUseLiteConfig({ ...config, ...fields }));
    };
    expect((await checking({})).layers).toHaveLength(2);
    await expect(checking({ num_hidden_layers: 1 })).rejects.toThrow(
      "config.json: num_hidden_layers is 1, but model.safetensors also has layers.1.attention_norm.weight and 11 more",
    );
    await expect(checking({}, { "layers.1.adapter.weight": [2, 3] })).rejects.toThrow(
      "model.safetensors: holds layers.1.adapter.weight, which nothing reads of a model of its config.json",
    );
  });

  let model: Awaited<ReturnType<typeof packageModel>>;
  let expected: number[][] = [];
  beforeAll(async () => {
    model = await packageModel();
    expected = (await model.embed([...fifty])) as number[][];
  }, 60_000);

  const odd = [
    "",
    "naïve café",
    "鯨 whale 🐋🐋 x",
    "a  b",
    "ﬁne ½",
    "“5”5",
    "<s> extra_token_id_1",
    "WHALES",
    "x\ny\tz",
  ];
  test("has the package's tokens", () => {
    for (const text of [...fifty, ...odd]) {
      expect(tokenizer.encodeInput(text).ids, text).toEqual(model.tokenizer.encode(text));
    }
  });

  test("by its definition in float64 is the package's own output", () => {
    const some = fifty.flatMap((text, i) => (i % 8 === 0 ? [{ text, of: expected[i] ?? [] }] : []));
    const differences = some.map(({ text, of }) => difference(useLite(tokenizer.encode(text), weights, settings), of));
    console.log(`float64 against the package: at most ${Math.max(...differences).toExponential(1)}`);
    expect(differences).toHaveLength(7);
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });
});
