import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { changedFolder } from "../encode/folder-files.ts";
import { sequenceFolder, sequenceGolden } from "./golden.ts";

const gpu = await quickGpu();
const { texts } = sequenceGolden("t5");
const [{ text } = { text: "" }] = texts;

/** The folder of T5 with other fields in its config. */
function withFields(fields: Readonly<Record<string, unknown>>, file = "config.json") {
  const config = JSON.parse(readFileSync(`${sequenceFolder("t5")}/${file}`, "utf8")) as object;
  return changedFolder("t5", { [file]: { ...config, ...fields } });
}

test.each([
  [
    { model_type: "whisper" },
    "config.json: model_type is whisper, which is not supported (it takes sound); known encoder",
  ],
  [{ model_type: "mbart" }, "config.json: model_type is mbart, which is not supported (its layers have norms before"],
  [
    { model_type: "llama" },
    "config.json: model_type is llama, which is not supported; known encoder-decoders are t5, mt5",
  ],
  [{ feed_forward_proj: "gated-relu" }, 'config.json: feed_forward_proj is "gated-relu", known are relu, gelu'],
  [{ d_kv: 6 }, "config.json: d_kv is 6, expected a multiple of 4"],
  [
    { tie_word_embeddings: false },
    "config.json: tie_word_embeddings is false, but model.safetensors has no lm_head.weight",
  ],
  [{ num_decoder_layers: 4 }, "model.safetensors: decoder.block.3.layer.0.layer_norm.weight"],
  [{ quantization_config: {} }, "config.json: quantization_config quantised weights of encoder-decoders"],
] as const)("a config with %o", async (fields, message) => {
  await expect(loadEncoderDecoder(gpu, withFields(fields))).rejects.toThrow(message);
});

test("generation_config.json: a start, forced tokens, tokens that never come", async () => {
  const beyond = withFields({ decoder_start_token_id: 51 }, "generation_config.json");
  await expect(loadEncoderDecoder(gpu, beyond)).rejects.toThrow(
    "generation_config.json: decoder_start_token_id is 51, but there are 51 tokens",
  );
  const fields = { forced_bos_token_id: 9, forced_eos_token_id: 1, bad_words_ids: [[42]], max_length: 8 };
  using model = await loadEncoderDecoder(gpu, withFields(fields, "generation_config.json"));
  const { results } = await model.generate(text);
  const { ids = [] } = results[0] ?? {};
  expect(ids.length).toBe(7); // the first token counts
  expect([ids[0], ids[6]]).toEqual([9, 1]);
  expect(ids).not.toContain(42);
  expect(texts[0]?.greedy.ids.slice(0, 7)).toContain(42);
});

test("no sequence of tokens comes twice, and penalties change what comes", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  const short = texts[1]?.text ?? "";
  const plain = (await model.generate(short, { maxTokens: 12 })).results[0]?.ids ?? [];
  const bigrams = (ids: readonly number[]) => ids.slice(1).map((id, i) => `${ids[i]} ${id}`);
  expect(new Set(bigrams(plain)).size).toBe(1);
  const once = (await model.generate(short, { maxTokens: 12, noRepeatNgram: 2 })).results[0]?.ids ?? [];
  expect(once.length).toBe(12);
  expect(new Set(bigrams(once)).size).toBe(11);
  const penalised = (await model.generate(short, { maxTokens: 12, repetitionPenalty: 5 })).results[0]?.ids ?? [];
  expect(new Set(penalised).size).toBeGreaterThan(1);
});

test("drawn tokens are those of the seed, alone and together", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  const draw = { maxTokens: 10, temperature: 1, topK: 20, topP: 0.95 };
  const given = texts.slice(0, 3).map(({ text: one }) => one);
  const { results, seeds } = await model.generate(given, { ...draw, seed: [1, 2, 3] });
  expect(seeds).toEqual([1, 2, 3]);
  for (const [i, one] of given.entries()) {
    const alone = await model.generate(one, { ...draw, seed: i + 1 });
    expect(alone.results[0]?.ids).toEqual(results[i]?.ids);
  }
  const other = await model.generate(given[0] ?? "", { ...draw, seed: 4 });
  expect(other.results[0]?.ids).not.toEqual(results[0]?.ids);
});

test("an empty text, one that is too long, an abort, and a model that was disposed", async () => {
  using small = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  await expect(small.generate(["a", " "])).rejects.toThrow("generate: texts[1] is empty, expected a text");
  const enough = new AbortController();
  const pieces: number[] = [];
  const onToken = () => {
    if (pieces.push(0) === 3) enough.abort(new Error("enough"));
  };
  await expect(small.generate(text, { maxTokens: 50, signal: enough.signal, onToken })).rejects.toThrow("enough");
  expect(pieces.length).toBeLessThan(20);
  expect((await small.generate(text, { maxTokens: 5 })).results[0]?.ids).toEqual(texts[0]?.greedy.ids.slice(0, 5));
  small.dispose();
  await expect(small.generate(text)).rejects.toThrow("this encoder-decoder was disposed");
});

test("options of a search without beams are refused, unless the folder has beams", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  await expect(model.generate(text, { lengthPenalty: 2 })).rejects.toThrow(
    "generate: lengthPenalty is 2, which requires beams of 2 or more",
  );
  await expect(model.generate(text, { earlyStopping: true, beams: 1 })).rejects.toThrow(
    "generate: earlyStopping is true, which requires beams of 2 or more",
  );
  using searching = await loadEncoderDecoder(gpu, withFields({ num_beams: 4 }, "generation_config.json"));
  const { results } = await searching.generate(text, { maxTokens: 20, lengthPenalty: 2, earlyStopping: true });
  const expected = texts[0]?.beams?.find(({ options }) => "earlyStopping" in options && options.earlyStopping === true);
  expect(results[0]?.ids).toEqual(expected?.results[0]?.ids);
});
