// Which tensors of a checkpoint are parameters, and how these are written back, for models other than decoders.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { readJson } from "../../src/formats/read-text.ts";
import type { FileSource } from "../../src/formats/source.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { sourcesOf, type WeightSource } from "../../src/models/decoders/family.ts";
import { readEncoderConfig } from "../../src/models/encoders/families.ts";
import { chooseHeads, withHeads } from "../../src/models/encoders/heads/choose.ts";
import { uploadEncoder } from "../../src/models/encoders/weights.ts";
import { readEncoderDecoderConfig } from "../../src/models/seq2seq/families.ts";
import { weightNames } from "../../src/models/seq2seq/family.ts";
import { uploadEncoderDecoder } from "../../src/models/seq2seq/weights.ts";
import { checkWeights } from "../../src/models/weights/checkpoint.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { parametersOfEncoder } from "../../src/train/open/encoder.ts";
import { parametersOfEncoderDecoder } from "../../src/train/open/encoder-decoder.ts";
import type { Parameter } from "../../src/train/open/parameters.ts";
import { type TrainedFolder, trainedFolder } from "../../src/train/open/trained-folder.ts";
import { changedFolder } from "../encoders/encode/folder-files.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { readF32, safetensors } from "../support/models/safetensors.ts";

const gpu = await quickGpu();
const quiet = { dtype: "f32", onWarning: () => undefined } as const;

/** The parameters of a folder's encoder-decoder, and what is known of its checkpoint. */
async function encoderDecoderOf(source: FileSource) {
  const { family, config } = readEncoderDecoderConfig(await readJson(source, "config.json"));
  const weights = await openWeights(source);
  const checkpoint = checkWeights(weights, weightNames(family), config);
  const uploaded = await uploadEncoderDecoder(gpu, weights, checkpoint, config, quiet);
  const parameters = parametersOfEncoderDecoder(checkpoint, uploaded);
  return { checkpoint, uploaded, parameters, folder: { weights, quantisation: undefined } };
}

/** The same of an encoder, with all heads that its folder has. */
async function encoderOf(source: FileSource) {
  const { family, config, reader } = readEncoderConfig(await readJson(source, "config.json"));
  const weights = await openWeights(source);
  const { heads } = chooseHeads(family, config, reader, weights);
  const checkpoint = checkWeights(weights, withHeads(family, heads), config);
  const uploaded = await uploadEncoder(gpu, weights, checkpoint, config, { ...quiet, heads });
  const parameters = parametersOfEncoder(checkpoint, uploaded);
  return { checkpoint, uploaded, parameters, folder: { weights, quantisation: undefined } };
}

/** The weights of a planned folder by name. */
async function written({ pieces }: TrainedFolder): Promise<Readonly<Record<string, Float32Array>>> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces()) all.push(piece.slice());
  return readF32(Buffer.concat(all));
}

const spelled = ({ name, rows }: WeightSource) => `${name} ${rows ?? ""}`;
const stacks = ["transformer-2017", "transformer-2017-torch", "bart", "marian", "marian-separate", "t5", "t5-v1.1"];
const encoders = ["bert", "distilbert", "roberta", "mpnet", "modernbert", "new"];

test.each([
  ...stacks.map((name) => [name, encoderDecoderOf] as const),
  ...encoders.map((name) => [name, encoderOf] as const),
])(
  "%s: each tensor that is read is a parameter once, and the folder of untrained weights has every bit of its own",
  async (name, open) => {
    const source = await openFolder(`test/golden/${name}`);
    const { checkpoint, uploaded, parameters, folder } = await open(source);
    const wanted = new Set([checkpoint.outer, ...checkpoint.layers].flatMap(sourcesOf).map(spelled));
    expect(parameters.map((one) => spelled(one.source)).sort()).toEqual([...wanted].sort());
    for (const { name, tensor, source } of parameters) {
      const [begin, end] = source.rows ?? [0, source.shape[0] ?? 0];
      expect(tensor.size, name).toBe((end - begin) * source.shape.slice(1).reduce((size, extent) => size * extent, 1));
    }
    const planned = await trainedFolder(source, { folder, parameters });
    expect(await written(planned)).toEqual(readF32(readFileSync(`test/golden/${name}/model.safetensors`)));
    const own = readdirSync(`test/golden/${name}`).filter((file) => /tokenizer/.test(file));
    expect(Object.keys(planned.files)).toEqual(expect.arrayContaining(own));
    uploaded.dispose();
  },
);

/** The same parameters with other numbers in one of them. */
const changedIn = (parameters: readonly Parameter[], name: string, numbers: (old: number) => number) =>
  Promise.all(
    parameters.map(async (one) => {
      if (one.name !== name) return one;
      return { ...one, tensor: tensor(gpu, one.tensor.shape, (await one.tensor.read()).map(numbers)) };
    }),
  );

test("copies of the embedding are written as it is, and rows of positions before the first one as they were", async () => {
  const file = readFileSync("test/golden/bart/model.safetensors");
  const [stored, shapes] = [readF32(file), shapesIn(file)];
  const embedding = "model.shared.weight";
  const copies = ["model.encoder.embed_tokens.weight", "lm_head.weight"];
  const all = [...Object.keys(stored).map((name) => [name, name]), ...copies.map((name) => [name, embedding])];
  const entries = all.map(([name = "", of = ""]) => {
    const elements = stored[of] ?? new Float32Array();
    return [name, { shape: shapes[of] ?? [], dtype: "f32", elements }] as const;
  });
  const source = changedFolder("bart", { "model.safetensors": safetensors(Object.fromEntries(entries)) });
  const { uploaded, parameters, folder } = await encoderDecoderOf(source);
  const positions = "model.encoder.embed_positions.weight";
  const rows = parameters.find(({ name }) => name.startsWith(positions))?.name ?? "";
  const trained = await changedIn(await changedIn(parameters, embedding, (x) => 2 * x), rows, (x) => 3 * x);
  const after = await written(await trainedFolder(source, { folder, parameters: trained }));
  const twice = (stored[embedding] ?? new Float32Array()).map((x) => 2 * x);
  for (const name of [embedding, ...copies]) expect(after[name], name).toEqual(twice);
  const width = shapes[embedding]?.[1] ?? 0;
  expect(after[positions]).toEqual(stored[positions]?.map((x, i) => (i < 2 * width ? x : 3 * x)));
  uploaded.dispose();
});

const shapesIn = (file: Buffer): Readonly<Record<string, readonly number[]>> => {
  const header = JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString()) as Record<string, object>;
  return Object.fromEntries(
    Object.entries(header).flatMap(([name, one]) => ("shape" in one ? [[name, one.shape as number[]]] : [])),
  );
};

test("marian: its SentencePiece models are files of the folder, byte for byte", async () => {
  const pieces = ["source.spm", "target.spm", "vocab.json"];
  const files = pieces.map(
    (file) => [file, new Uint8Array(readFileSync(`test/golden/marian-pieces/${file}`))] as const,
  );
  const source = changedFolder("marian", { "tokenizer.json": undefined, ...Object.fromEntries(files) });
  const { uploaded, parameters, folder } = await encoderDecoderOf(source);
  const planned = await trainedFolder(source, { folder, parameters });
  expect(Object.keys(planned.binary ?? {})).toEqual(["source.spm", "target.spm"]);
  for (const [file, bytes] of files) {
    const kept = planned.binary?.[file] ?? planned.files[file] ?? "";
    expect(Buffer.from(kept as string).equals(Buffer.from(bytes)), file).toBe(true);
  }
  uploaded.dispose();
});
