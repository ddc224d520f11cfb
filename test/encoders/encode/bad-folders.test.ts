import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { dense } from "../../../src/reference/dense.ts";
import { bert } from "../../../src/reference/models/encoder.ts";
import { decode, encode } from "../../../src/tensor/dtype.ts";
import { memorySource } from "../../formats/checkpoint-bytes.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { encoderFolder, encoderGolden, encoderTensors, farthest } from "./golden-encoders.ts";

const gpu = await quickGpu();
const files = Object.fromEntries(
  ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"].map((file) => [
    file,
    new Uint8Array(readFileSync(`${encoderFolder("bert")}/${file}`)),
  ]),
);
const text = (file: string) => new TextDecoder().decode(files[file]);
const config = JSON.parse(text("config.json")) as Record<string, unknown>;
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** BERT's folder with other fields in config.json, and a name in the checkpoint spelt otherwise. */
function folder(fields: Readonly<Record<string, unknown>>, [from, to] = ["", ""]) {
  const weights = Buffer.from(files["model.safetensors"] ?? []);
  const length = Number(weights.readBigUInt64LE(0));
  const header = weights.toString("utf8", 8, 8 + length).replace(from, to);
  weights.write(header, 8, "utf8");
  const changed = { "config.json": bytes({ ...config, ...fields }), "model.safetensors": new Uint8Array(weights) };
  return memorySource({ ...files, ...changed });
}

const query = "bert.encoder.layer.1.attention.self.query.weight";

test.each([
  [{ model_type: "electra" }, undefined, "config.json: model_type is electra, known encoders are bert, roberta"],
  [{ model_type: undefined }, undefined, "config.json: model_type is missing"],
  [{ model_type: ["bert"] }, undefined, "config.json: model_type is"],
  [{ num_attention_heads: 5 }, undefined, "num_attention_heads is 5, which does not divide hidden_size 24"],
  [{ num_attention_heads: 4 }, undefined, "num_attention_heads is 4, and hidden_size 24"],
  [{ position_embedding_type: "relative_key" }, undefined, "position_embedding_type is"],
  [{ is_decoder: true }, undefined, "is_decoder is true"],
  [{ hidden_act: "relu6" }, undefined, "hidden_act is relu6, known are"],
  [{ num_hidden_layers: 3 }, undefined, "bert.encoder.layer.2.attention.self.query.weight is not among"],
  [{ num_hidden_layers: 1 }, undefined, "num_hidden_layers is 1, but"],
  [{ hidden_size: 48 }, undefined, "word_embeddings.weight is [61, 24], expected [61, 48]"],
  [{ vocab_size: 60 }, undefined, "has token id 60, but config.json says vocab_size 60"],
  [{ type_vocab_size: 2 }, undefined, "token_type_embeddings"],
  [{ quantization_config: {} }, undefined, "quantization_config"],
  [
    { model_type: "roberta", max_position_embeddings: 1 },
    undefined,
    "max_position_embeddings is 1, expected more than the 1",
  ],
  [{}, [query, query.replace("query", "quire")], query],
] as const)("%j is refused", async (fields, renamed, says) => {
  const loading = loadEncoder(gpu, folder(fields, renamed as [string, string] | undefined), { onWarning: () => {} });
  await expect(loading).rejects.toThrow(says);
});

test("a GGUF file, a model that is no encoder, an empty text and one that is too long", async () => {
  await expect(loadEncoder(gpu, "examples/models/voices-dense")).rejects.toThrow(
    "config.json: model_type is llama, known encoders are bert",
  );
  using encoder = await loadEncoder(gpu, encoderFolder("bert"));
  await expect(encoder.hidden("")).rejects.toThrow('hidden: text is "", expected');
  await expect(encoder.hidden("a ".repeat(36))).rejects.toThrow("hidden: the text has 38 tokens, ");
  expect((await encoder.hidden("a ".repeat(35))).tokens.length).toBe(37);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(encoder.hidden("a", { signal })).rejects.toThrow("enough");
  encoder.dispose();
  await expect(encoder.hidden("a")).rejects.toThrow("was disposed");
});

test("weights rounded to f16 give the states of the reference with the rounded weights", async () => {
  const { texts } = encoderGolden("bert");
  const encoder = await loadEncoder(gpu, encoderFolder("bert"), { dtype: "f16" });
  afterAll(() => encoder.dispose());
  const weights = encoderTensors("bert", "bert.");
  for (const [name, { shape, values }] of Object.entries(weights)) {
    if (shape.length === 2) weights[name] = dense(shape, decode("f16", encode("f16", values)));
  }
  for (const { text, tokens } of texts) {
    const given = { ids: dense([tokens.length], tokens), types: dense([tokens.length]), weights };
    const expected = bert(given, { model_type: "bert", num_hidden_layers: 2, num_attention_heads: 3 }).layers;
    const { layers } = await encoder.hidden(text);
    for (const [i, { values }] of expected.entries()) {
      expect(farthest([layers[i]?.flatMap((row) => [...row]) ?? []], [values])).toBeLessThan(2e-5);
    }
  }
});
