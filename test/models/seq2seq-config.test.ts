import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { encoderDecoderTypes } from "../../src/models/model-kind.ts";
import { encoderDecoderFamilies, readEncoderDecoderConfig } from "../../src/models/seq2seq/families.ts";

type Raw = Readonly<Record<string, unknown>>;

const stored = (name: string) => JSON.parse(readFileSync(`test/golden/${name}/config.json`, "utf8")) as Raw;
const read = (name: string, changed: Raw = {}) => readEncoderDecoderConfig({ ...stored(name), ...changed }).config;

function refusal(name: string, changed: Raw): string {
  try {
    read(name, changed);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  throw new Error(`${name} was read with ${JSON.stringify(changed)}`);
}

test("the types that are known without what reads them are those of the families", () => {
  expect([...encoderDecoderFamilies.keys()]).toEqual(encoderDecoderTypes);
});

describe("BART", () => {
  test("its settings", () => {
    const stack = { heads: 3, headWidth: 8, context: 61, positions: { kind: "learned" } };
    expect(read("bart")).toMatchObject({
      width: 24,
      layers: 5,
      norm: "layer",
      norms: "post",
      eps: 1e-5,
      activation: "gelu",
      encoder: { ...stack, layers: 2, hidden: 44 },
      decoder: { ...stack, layers: 3, hidden: 52 },
      tied: true,
      start: 2,
      end: 2,
      pad: 1,
    });
    expect(read("bart").embeddingScale).toBeUndefined();
    expect(read("bart", { scale_embedding: true }).embeddingScale).toBe(Math.sqrt(24));
  });

  test("the last token has a default, and null says that there is none", () => {
    expect(read("bart").forcedLast).toBe(2);
    expect(read("bart", { forced_eos_token_id: null }).forcedLast).toBeUndefined();
    expect(read("bart", { forced_eos_token_id: 5, forced_bos_token_id: 0 })).toMatchObject({
      forcedFirst: 0,
      forcedLast: 5,
    });
  });

  test.each<[Raw, string]>([
    [{ decoder_attention_heads: 5 }, "config.json: decoder_attention_heads is 5, which does not divide d_model 24"],
    [{ decoder_attention_heads: 4 }, "decoder_attention_heads is 4, and d_model 24: heads of 6 elements"],
    [{ d_model: 25 }, "encoder_attention_heads is 3, which does not divide d_model 25"],
    [{ d_model: 18 }, "heads of 6 elements, expected a multiple of 4"],
    [{ normalize_before: true }, "normalize_before is true; norms before the sublayers are not supported"],
    [{ add_final_layer_norm: true }, "add_final_layer_norm is true; a norm at the end of a stack is not supported"],
    [{ normalize_embedding: false }, "normalize_embedding is false; embeddings without a norm are not supported"],
    [{ activation_function: "tanh" }, "activation_function is tanh, known are relu, gelu, gelu_new, silu, swish"],
    [{ decoder_layers: 0 }, "decoder_layers is 0, expected an integer from 1 to 4096"],
    [{ encoder_layers: undefined }, "encoder_layers is missing"],
  ])("%j is refused", (changed, message) => {
    expect(refusal("bart", changed)).toContain(message);
  });
});

describe("Marian", () => {
  test("its settings, with one embedding and with two", () => {
    const positions = { kind: "sinusoidal", spelling: { layout: "halves", frequencies: "paper" } };
    const common = { embeddingScale: Math.sqrt(24), start: 40, pad: 40, end: 0, tied: true };
    const shared = read("marian");
    expect(shared).toMatchObject({
      ...common,
      vocabulary: 41,
      sourceVocabulary: 41,
      activation: "silu",
      forcedLast: 0,
    });
    expect(shared.encoder.positions).toEqual(positions);
    expect(shared.ownSource).toBeUndefined();
    const separate = read("marian-separate");
    expect(separate).toMatchObject({ ...common, vocabulary: 41, sourceVocabulary: 45, activation: "relu" });
    expect(separate.ownSource).toBe(true);
    expect(separate.forcedLast).toBeUndefined();
  });

  test.each<[Raw, string]>([
    [{ decoder_vocab_size: 44 }, "is 44, but vocab_size is 41, and share_encoder_decoder_embeddings true"],
    [{ static_position_embeddings: false }, "static_position_embeddings is false; learned positions are not supported"],
    [{ normalize_embedding: true }, "normalize_embedding is true; a norm of the embeddings is not supported"],
    [{ quantization_config: { bits: 4 } }, "quantised weights of encoder-decoders are not supported"],
  ])("%j is refused", (changed, message) => {
    expect(refusal("marian", changed)).toContain(message);
  });
});

describe("the Transformer of 2017", () => {
  test("its settings, the paper's and those of torch.nn.Transformer", () => {
    const paper = { layout: "interleaved", frequencies: "paper" };
    expect(read("transformer-2017")).toMatchObject({
      norms: "post",
      activation: "relu",
      embeddingScale: Math.sqrt(24),
      tied: true,
      start: 1,
      end: 2,
      encoder: { layers: 2, hidden: 44, context: 61, positions: { kind: "sinusoidal", spelling: paper } },
      decoder: { layers: 3, hidden: 52 },
    });
    const torch = read("transformer-2017-torch");
    const spelling = { layout: "halves", frequencies: "tensor2tensor" };
    expect(torch.decoder.positions).toEqual({ kind: "sinusoidal", spelling });
    expect(torch).toMatchObject({ ownSource: true, tied: false, activation: "gelu" });
    expect(torch.sourceVocabulary).toBe(torch.vocabulary + 4);
    const both = {
      encoder_dim_feedforward: null,
      decoder_dim_feedforward: null,
      dim_feedforward: 60,
      norm_first: true,
    };
    expect(read("transformer-2017", both)).toMatchObject({
      norms: "pre",
      encoder: { hidden: 60 },
      decoder: { hidden: 60 },
    });
    expect(read("transformer-2017", { scale_embedding: false }).embeddingScale).toBeUndefined();
  });

  test.each<[Raw, string]>([
    [{ position_layout: "spiral" }, "position_layout is spiral, known are interleaved, halves"],
    [{ decoder_dim_feedforward: null }, "dim_feedforward is missing, and so is decoder_dim_feedforward"],
    [{ nhead: 7 }, "nhead is 7, which does not divide d_model 24"],
  ])("%j is refused", (changed, message) => {
    expect(refusal("transformer-2017", changed)).toContain(message);
  });
});

test.each<[string, string]>([
  ["mbart", "norms before and a norm at the end"],
  ["pegasus", "norms before and a norm at the end"],
  ["whisper", "it takes sound"],
  ["m2m_100", "needs a language"],
])("%s is refused by its name", (type, why) => {
  const message = refusal("bart", { model_type: type });
  expect(message).toContain(`config.json: model_type is ${type}, which is not supported`);
  expect(message).toContain(why);
  expect(message).toContain("known encoder-decoders are t5, mt5, bart, marian, transformer-2017");
});
