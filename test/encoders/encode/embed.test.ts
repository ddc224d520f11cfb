import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { type PoolingMode, poolingModes } from "../../../src/encode/pooling.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { changedFolder, moduleOf } from "./folder-files.ts";
import { cosineOf, encoderFolder, farthest, sentenceGolden } from "./golden-encoders.ts";

const devices = {
  "default adapter": await quickGpu(),
  "without features": await quickGpu({ features: [] }),
  swiftshader: await quickGpu({ adapter: "swiftshader" }),
};
const gpu = devices["default adapter"];

interface PooledText {
  readonly tokens: number;
  readonly pooled: Readonly<Record<PoolingMode, readonly number[]>>;
}

/** What `test/golden/later_encoders.py` found: vectors of texts, and of texts after a prompt that does not count. */
const pooledGolden = (name: string) =>
  JSON.parse(readFileSync(`${encoderFolder(name)}/pooled.json`, "utf8")) as {
    readonly prompt: string;
    readonly texts: readonly { readonly text: string; readonly plain: PooledText; readonly after: PooledText }[];
  };

const fieldOf: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  max: "pooling_mode_max_tokens",
  mean: "pooling_mode_mean_tokens",
  mean_sqrt_len: "pooling_mode_mean_sqrt_len_tokens",
  weightedmean: "pooling_mode_weightedmean_tokens",
  lasttoken: "pooling_mode_lasttoken",
};

/** A golden folder with these poolings. */
function pooling(name: string, modes: readonly PoolingMode[], more: object = {}) {
  const { prompt } = pooledGolden(name);
  const flags = Object.fromEntries(poolingModes.map((mode) => [fieldOf[mode], modes.includes(mode)]));
  return changedFolder(name, {
    "modules.json": [moduleOf(1, "1_Pooling", "Pooling"), moduleOf(0, "", "Transformer")], // in the order of idx
    "1_Pooling/config.json": { word_embedding_dimension: 24, ...flags, ...more },
    "config_sentence_transformers.json": { prompts: { query: prompt } },
    "sentence_bert_config.json": undefined,
  });
}

function expectVector(a: ArrayLike<number> = [], b: readonly number[], what: string) {
  expect(a.length, what).toBe(b.length);
  expect(cosineOf(a, b), what).toBeGreaterThan(0.999999);
  expect(farthest([a], [b]), what).toBeLessThan(2e-5 * Math.max(1, ...b.map(Math.abs)));
}

// All poolings at once on every family, and each alone on one, by turns.
describe.each(["bert", "modernbert", "new", "mpnet"].map((name, turn) => [name, turn] as const))(
  "%s: poolings are PyTorch's in float64",
  (name, turn) => {
    const { texts } = pooledGolden(name);
    const own = poolingModes.filter((_, i) => i % 4 === turn);
    test.each([...own.map((mode) => [mode]), poolingModes])("%s …", async (...modes) => {
      using encoder = await loadEncoder(gpu, pooling(name, modes));
      expect(encoder.embedding).toMatchObject({ pooling: modes, width: 24 * modes.length, normalized: false });
      const { embeddings, tokens } = await encoder.embed(texts.map(({ text }) => text));
      for (const [i, { text, plain }] of texts.entries()) {
        expect(tokens[i]).toBe(plain.tokens);
        expectVector(
          embeddings[i],
          modes.flatMap((mode) => plain.pooled[mode]),
          `${modes}: ${text}`,
        );
      }
    });
  },
);

test("the tokens of a prompt that does not count, by every pooling", async () => {
  using encoder = await loadEncoder(gpu, pooling("bert", poolingModes, { include_prompt: false }));
  for (const { text, after } of pooledGolden("bert").texts) {
    const { embeddings, tokens } = await encoder.embed([text], { promptName: "query" });
    expect(tokens).toEqual([after.tokens]);
    for (const [i, mode] of poolingModes.entries()) {
      expectVector(embeddings[0]?.subarray(24 * i, 24 * (i + 1)), after.pooled[mode], `${mode}: ${text}`);
    }
  }
});

describe.each(Object.entries(devices))("a sentence-transformers folder, %s", async (_, gpu) => {
  const encoder = await loadEncoder(gpu, encoderFolder("mpnet"));
  afterAll(() => encoder.dispose());
  const golden = sentenceGolden();

  test("says how it makes vectors", () => {
    expect(encoder.embedding).toEqual({
      pooling: ["max", "mean"],
      includePrompt: false,
      width: 20,
      normalized: true,
      maxTokens: 17,
      prompts: { query: "ask, ", passage: "text. " },
      defaultPromptName: "passage",
    });
  });

  test("prompts, truncation, two poolings, a dense layer and length 1 are PyTorch's in float64", async () => {
    for (const promptName of [undefined, "query"]) {
      const own = golden.filter((one) => (one.promptName ?? undefined) === promptName);
      const { embeddings, tokens } = await encoder.embed(
        own.map(({ text }) => text),
        { promptName },
      );
      expect(tokens).toEqual(own.map(({ tokens }) => tokens));
      for (const [i, { text, vector }] of own.entries()) expectVector(embeddings[i], vector, `${promptName}: ${text}`);
    }
  });

  test("a text alone has the vector that it has among others, as a list and as a stream", async () => {
    const texts = golden.map(({ text }) => text);
    const { embeddings } = await encoder.embed(texts);
    for (const [i, text] of texts.entries()) {
      const [alone] = (await encoder.embed([text])).embeddings;
      expect(farthest([alone ?? []], [embeddings[i] ?? []])).toBeLessThan(2e-6);
    }
    const streamed: Float32Array[] = [];
    for await (const { embedding } of encoder.embedStream(texts)) streamed.push(embedding);
    expect(streamed).toEqual(embeddings);
  });
});

test("folders of older layouts: the model in a folder of its own, small letters, no length", async () => {
  const moved = ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"];
  const files = changedFolder("bert", {});
  const changes: Record<string, unknown> = {};
  for (const file of moved) {
    changes[file] = undefined;
    changes[`0_Transformer/${file}`] = await files.read(file, 0, await files.size(file));
  }
  const source = changedFolder("bert", {
    ...changes,
    "modules.json": [moduleOf(0, "0_Transformer", "Transformer"), moduleOf(1, "1_Pooling", "Pooling")],
    "1_Pooling/config.json": { word_embedding_dimension: 24 },
    "0_Transformer/sentence_bert_config.json": { max_seq_length: 8, do_lower_case: true },
  });
  using encoder = await loadEncoder(gpu, source);
  using plain = await loadEncoder(gpu, encoderFolder("bert"));
  expect(plain.embedding).toMatchObject({ pooling: ["mean"], normalized: false, maxTokens: 37, prompts: {} });
  const [mixed, small] = [await encoder.embed([" A Cat Sat "]), await plain.embed(["a cat sat"], { maxTokens: 8 })];
  expect(mixed.tokens).toEqual([8]);
  expect(farthest(mixed.embeddings, small.embeddings)).toBeLessThan(2e-6);
});

const dense = {
  in_features: 24,
  out_features: 20,
  bias: true,
  activation_function: "torch.nn.modules.linear.Identity",
};
const [transformer, pool] = [moduleOf(0, "", "Transformer"), moduleOf(1, "1_Pooling", "Pooling")];

test.each([
  [{ "modules.json": {} }, "modules.json: is no list"],
  [{ "modules.json": [] }, "modules.json: begins with nothing, expected Transformer"],
  [{ "modules.json": [transformer] }, "modules.json: has nothing after Transformer, expected Pooling"],
  [
    { "modules.json": [transformer, moduleOf(1, "1_LSTM", "LSTM")] },
    "[1].type is sentence_transformers.models.LSTM, known modules are Transformer, Pooling, Dense, Normalize",
  ],
  [{ "modules.json": [transformer, pool, moduleOf(2, "", "Pooling")] }, "[2] is a second Pooling"],
  [{ "modules.json": [{ ...transformer, path: "../up" }, pool] }, "../up: is not a plain relative file name"],
  [{ "modules.json": [transformer, { ...pool, path: 3 }] }, "[1].path is 3"],
  [{ "1_Pooling/config.json": undefined }, "1_Pooling/config.json: there is no such file"],
  [
    { "1_Pooling/config.json": { word_embedding_dimension: 48 } },
    "word_embedding_dimension is 48, and the model's width 24",
  ],
  [
    { "1_Pooling/config.json": { pooling_mode_mean_tokens: false } },
    "pooling_mode_mean_tokens is false, as are all other modes",
  ],
  [{ "1_Pooling/config.json": { pooling_mode: "attention" } }, "pooling_mode is attention, known are cls, max, mean"],
  [{ "1_Pooling/config.json": { pooling_mode_cls_token: 1 } }, "pooling_mode_cls_token is 1, expected true or false"],
  [{ "2_Dense/config.json": { ...dense, in_features: 20 } }, "in_features is 20, and what comes before it gives 48"],
  [
    { "2_Dense/config.json": { ...dense, in_features: 48, out_features: 21 } },
    "linear.weight is [20, 48], expected [21, 48]",
  ],
  [
    { "2_Dense/config.json": { ...dense, activation_function: "torch.nn.Softmax" } },
    "activation_function is torch.nn.Softmax",
  ],
  [{ "2_Dense/model.safetensors": undefined }, "holds no weights"],
  [{ "config_sentence_transformers.json": { prompts: { a: 1 } } }, "prompts.a is 1, expected a string"],
  [
    { "config_sentence_transformers.json": { default_prompt_name: "a" } },
    "default_prompt_name is a, which is not among",
  ],
  [{ "sentence_bert_config.json": { max_seq_length: 0 } }, "max_seq_length is 0, expected an integer"],
])("%j is refused", async (changes, says) => {
  await expect(loadEncoder(gpu, changedFolder("mpnet", changes), { onWarning: () => {} })).rejects.toThrow(says);
});

test("token ids in place of a text have its vector", async () => {
  using encoder = await loadEncoder(gpu, encoderFolder("bert"));
  const texts = pooledGolden("bert").texts.map(({ text }) => text);
  const ids = texts.map((text) => encoder.tokenizer.encodeInput(text).ids);
  const { embeddings, tokens } = await encoder.embed(texts);
  expect(await encoder.embed(ids)).toEqual({ embeddings, tokens });
  const [first = "", second = []] = [texts[0], ids[1]];
  const both = await encoder.embed([first, second]);
  expect(farthest(both.embeddings, embeddings.slice(0, 2))).toBeLessThan(2e-6);
  for (const [given, says] of [
    [[], "texts[1] is empty, expected at least one token id"],
    [[3, 61], "texts[1] has the token id 61, expected integers from 0 to 60"],
    [new Array<number>(38).fill(9), "texts[1] has 38 token ids, expected at most 37: ids are not cut off"],
  ] as const) {
    await expect(encoder.embed(["a", given])).rejects.toThrow(says);
  }
  await expect(encoder.embed([[1.5]] as never)).rejects.toThrow("embed: texts is");
  using prompted = await loadEncoder(gpu, encoderFolder("mpnet"));
  await expect(prompted.embed([[5, 6]], { promptName: "query" })).rejects.toThrow(
    'promptName is "query", but texts[0] is token ids, not a text',
  );
});

test("texts and prompts that there are not", async () => {
  using encoder = await loadEncoder(gpu, encoderFolder("mpnet"));
  await expect(encoder.embed(["a", " "])).rejects.toThrow(
    "embed: texts[1] is empty, expected a text with at least one",
  );
  await expect(encoder.embed(["a"], { promptName: "title" })).rejects.toThrow(
    'embed: promptName is "title", but the prompts are query, passage',
  );
  await expect(encoder.embed(["a"], { maxTokens: 2 })).rejects.toThrow(
    "embed: the special tokens leave none of 2 tokens for texts[0]",
  );
  expect((await encoder.embed([])).embeddings).toEqual([]);
});
