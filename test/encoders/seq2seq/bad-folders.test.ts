import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { changedFolder } from "../encode/folder-files.ts";
import { sequenceFolder } from "./golden.ts";

const gpu = await quickGpu();
const parsed = (name: string, file: string) =>
  JSON.parse(readFileSync(`${sequenceFolder(name)}/${file}`, "utf8")) as Record<string, unknown>;

/** The weights of a folder with a name in their header spelt otherwise, of equal length. */
function renamed(name: string, from: string, to: string): Uint8Array {
  const weights = readFileSync(`${sequenceFolder(name)}/model.safetensors`);
  const length = Number(weights.readBigUInt64LE(0));
  weights.write(weights.toString("utf8", 8, 8 + length).replace(from, to), 8, "utf8");
  return new Uint8Array(weights);
}

/** Loads a folder with other fields in config.json and other files. */
function loading(
  name: string,
  fields: Readonly<Record<string, unknown>>,
  files: Readonly<Record<string, unknown>> = {},
) {
  const config = { ...parsed(name, "config.json"), ...fields };
  return loadEncoderDecoder(gpu, changedFolder(name, { "config.json": config, ...files }), { onWarning: () => {} });
}

const key = "model.decoder.layers.1.encoder_attn.k_proj.weight";

test.each([
  ["bart", { model_type: "mbart" }, {}, "config.json: model_type is mbart, which is not supported"],
  ["bart", { model_type: "pegasus" }, {}, "config.json: model_type is pegasus, which is not supported"],
  ["bart", { model_type: "whisper" }, {}, "model_type is whisper, which is not supported (it takes sound)"],
  ["bart", { model_type: "bert" }, {}, "model_type is bert"],
  ["bart", { encoder_layers: 3 }, {}, "model.encoder.layers.2."],
  ["bart", { decoder_layers: 2 }, {}, "decoder_layers is 2, but"],
  ["bart", { encoder_layers: 1 }, {}, "encoder_layers is 1, but model.safetensors also has model.encoder.layers.1."],
  ["t5", { num_layers: 1 }, {}, "num_layers is 1, but model.safetensors also has encoder.block.1."],
  ["t5", { num_decoder_layers: 1 }, {}, "num_decoder_layers is 1, but model.safetensors also has decoder.block.1."],
  ["transformer-2017", { num_encoder_layers: 1 }, {}, "num_encoder_layers is 1, but model.safetensors also has"],
  ["transformer-2017", { num_decoder_layers: 1 }, {}, "num_decoder_layers is 1, but model.safetensors also has"],
  ["bart", { max_position_embeddings: 60 }, {}, "model.encoder.embed_positions.weight is [63, 24], expected [62, 24]"],
  ["bart", { d_model: 48 }, {}, "model.shared.weight is [75, 24], expected [75, 48]"],
  ["bart", { tie_word_embeddings: false }, {}, "lm_head.weight"],
  ["bart", { vocab_size: 20 }, {}, "has token id"],
  ["marian", { share_encoder_decoder_embeddings: false }, {}, "target_tokenizer.json: is missing: the encoder and"],
  ["marian-separate", { share_encoder_decoder_embeddings: true }, {}, "decoder_vocab_size is 41, but vocab_size is 45"],
  ["transformer-2017", { norm_first: true }, {}, "encoder.norm.weight"],
] as const)("%s with %j is refused", async (name, fields, files, says) => {
  await expect(loading(name, fields, files)).rejects.toThrow(says);
});

test("a weight that is missing, and tokens beyond the vocabulary", async () => {
  const without = renamed("marian", key, key.replace("encoder_attn.k", "encoder_attn.x"));
  await expect(loading("marian", {}, { "model.safetensors": without })).rejects.toThrow(key);
  const generation = { ...parsed("marian", "generation_config.json"), decoder_start_token_id: 41 };
  await expect(loading("marian", {}, { "generation_config.json": generation })).rejects.toThrow(
    "generation_config.json: decoder_start_token_id is 41, but there are 41 tokens",
  );
});

test("a source that is empty, and one longer than the encoder takes", async () => {
  const model = await loadEncoderDecoder(gpu, sequenceFolder("bart"));
  afterAll(() => model.dispose());
  await expect(model.generate("")).rejects.toThrow("texts[0] is empty");
  await expect(model.generate(["a", "b".repeat(60)])).rejects.toThrow("texts[1] has 62 tokens, the encoder of");
});
