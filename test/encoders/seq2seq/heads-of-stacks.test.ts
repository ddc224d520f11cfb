// BART and Marian whose two stacks have different numbers of heads, against their definition in float64; that
// definition gives PyTorch's logits where the numbers are equal.
import { describe, expect, test } from "vitest";
import { readSafetensorsHeader } from "../../../src/formats/safetensors/safetensors.ts";
import {
  add,
  attention,
  type Dense,
  dense,
  gather,
  gelu,
  layerNorm,
  matmul,
  reshape,
  silu,
  transpose,
} from "../../../src/reference/index.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { sequenceFile, sequenceGolden, sequenceSource, tolerances } from "./golden.ts";

const gpu = await quickGpu();
const width = 24;

/** The folder's tensors in float64, by their names without `model.`. */
async function weightsOf(name: string): Promise<ReadonlyMap<string, Dense>> {
  const source = sequenceSource(name);
  const file = "model.safetensors";
  const found = new Map<string, Dense>();
  for (const { name, shape, begin, end } of (await readSafetensorsHeader(source, file)).values()) {
    const numbers = new Float32Array((await source.read(file, begin, end)).slice().buffer);
    found.set(name.replace(/^model\./, ""), dense(shape, numbers));
  }
  return found;
}

/** Logits of given tokens, and the weights `[h, t, s]` of the last layer's attention over the source. */
function definition(name: "bart" | "marian", weights: ReadonlyMap<string, Dense>, heads: readonly [number, number]) {
  const weight = (of: string): Dense => {
    const found = weights.get(of);
    if (!found) throw new Error(`no ${of}`);
    return found;
  };
  const linear = (x: Dense, at: string) => matmul({ x, weight: weight(`${at}.weight`), bias: weight(`${at}.bias`) }).y;
  const norm = (x: Dense, at: string) =>
    layerNorm({ x, weight: weight(`${at}.weight`), bias: weight(`${at}.bias`) }, { eps: 1e-5 }).y;
  const sum = (a: Dense, b: Dense) => add({ a, b }).y;
  const tokens = (x: Dense) => x.shape[0] ?? 0;
  /** Vaswani et al. 2017, section 3.5, sines first. */
  const sinusoids = (count: number) =>
    dense(
      [count, width],
      Array.from({ length: count * width }, (_, at) => {
        const [t, i] = [Math.floor(at / width), at % width];
        const angle = t * 10_000 ** (-(i % (width / 2)) / (width / 2));
        return i < width / 2 ? Math.sin(angle) : Math.cos(angle);
      }),
    );
  function embedded(stack: "encoder" | "decoder", ids: readonly number[]): Dense {
    const x = gather({ ids: dense([ids.length], ids), table: weight("shared.weight") }).y;
    if (name === "marian") {
      const scaled = dense(
        x.shape,
        x.values.map((value) => value * Math.sqrt(width)),
      );
      return sum(scaled, sinusoids(ids.length));
    }
    const rows = dense(
      [ids.length],
      ids.map((_, i) => i + 2),
    );
    const places = gather({ ids: rows, table: weight(`${stack}.embed_positions.weight`) }).y;
    return norm(sum(x, places), `${stack}.layernorm_embedding`);
  }
  let over = dense([0]);
  function attended(x: Dense, keys: Dense, at: string, h: number, causal: boolean): Dense {
    const split = (of: Dense) =>
      transpose({ x: reshape(of, [1, tokens(of), h, width / h]) }, { order: [0, 2, 1, 3] }).y;
    const [q, k, v] = [linear(x, `${at}.q_proj`), linear(keys, `${at}.k_proj`), linear(keys, `${at}.v_proj`)].map(
      split,
    );
    if (!q || !k || !v) throw new Error("three");
    const options = causal ? { mask: (_b: number, _h: number, i: number, j: number) => j <= i } : {};
    const { out } = attention({ q, k, v }, options);
    const s = tokens(keys);
    const one = Array.from({ length: h * s * s }, (_, i) => Number(Math.floor(i / s) % s === i % s));
    over = attention({ q, k, v: dense([1, h, s, s], one) }, options).out;
    return linear(reshape(transpose({ x: out }, { order: [0, 2, 1, 3] }).y, [tokens(x), width]), `${at}.out_proj`);
  }
  const fed = (x: Dense, at: string) =>
    linear((name === "bart" ? gelu : silu)({ x: linear(x, `${at}.fc1`) }).y, `${at}.fc2`);

  return (source: readonly number[], ids: readonly number[]) => {
    let states = embedded("encoder", source);
    for (let layer = 0; layer < 2; layer++) {
      const at = `encoder.layers.${layer}`;
      states = norm(
        sum(states, attended(states, states, `${at}.self_attn`, heads[0], false)),
        `${at}.self_attn_layer_norm`,
      );
      states = norm(sum(states, fed(states, at)), `${at}.final_layer_norm`);
    }
    let x = embedded("decoder", ids);
    for (let layer = 0; layer < 3; layer++) {
      const at = `decoder.layers.${layer}`;
      x = norm(sum(x, attended(x, x, `${at}.self_attn`, heads[1], true)), `${at}.self_attn_layer_norm`);
      x = norm(sum(x, attended(x, states, `${at}.encoder_attn`, heads[1], false)), `${at}.encoder_attn_layer_norm`);
      x = norm(sum(x, fed(x, at)), `${at}.final_layer_norm`);
    }
    const table = weight("shared.weight");
    const [rows = 0] = table.shape;
    const { y } = matmul({ x, weight: table, bias: reshape(weight("final_logits_bias"), [rows]) });
    const logits = ids.map((_, i) => [...y.values.slice(i * rows, (i + 1) * rows)]);
    return { logits, over: [...over.values] };
  };
}

describe.each([
  ["bart", 3, 6],
  ["marian", 6, 2],
] as const)("%s", async (name, encoder, decoder) => {
  const weights = await weightsOf(name);
  const { texts, forced } = sequenceGolden(name);
  const [{ text, tokens } = { text: "", tokens: [] }] = texts;
  const most = tolerances(name);

  test("its definition here, with as many heads in both stacks, gives PyTorch's logits", () => {
    const { logits } = definition(name, weights, [3, 3])(tokens, forced.ids);
    expect(
      farthest(
        forced.rows.map((row) => logits[row] ?? []),
        forced.logits,
      ),
    ).toBeLessThan(1e-4);
  });

  test(`${encoder} heads of the encoder and ${decoder} of the decoder`, async () => {
    const config: Readonly<Record<string, unknown>> = {
      ...sequenceFile(name, "config.json"),
      encoder_attention_heads: encoder,
      decoder_attention_heads: decoder,
    };
    const source = sequenceSource(name, { "config.json": config });
    const model = await loadEncoderDecoder(gpu, source, { onWarning: () => {} });
    const of = definition(name, weights, [encoder, decoder]);
    const expected = of(tokens, forced.ids);
    const target = forced.ids.slice(1);
    const { logits = [] } = await model.hidden(text, { target });
    expect(farthest(logits, expected.logits)).toBeLessThan(most.logits);
    // Of the last layer, all heads at once; the last token's query predicts what is not there.
    const { perHead = new Float32Array(), heads } = await model.crossAttention(text, target, {
      layer: 2,
      perHead: true,
    });
    expect(heads).toBe(decoder);
    const s = tokens.length;
    const rows = Array.from({ length: decoder }, (_, h) =>
      expected.over.slice(h * forced.ids.length * s, (h * forced.ids.length + target.length) * s),
    );
    // Of narrow heads, whose scores are larger, weights are as far off as the states that they are made of.
    expect(farthest([[...perHead]], [rows.flat()])).toBeLessThan(most.states);
    // Token by token, with a cache.
    const { results } = await model.generate(text, { maxTokens: 8, beams: 1 });
    const [{ ids } = { ids: [] }] = results;
    const begun = [forced.ids[0] ?? 0, ...ids];
    const { logits: steps } = of(tokens, begun.slice(0, -1));
    for (const [i, row] of steps.entries()) {
      const allowed = row.map((value, id) =>
        id === config["pad_token_id"] || id >= row.length - 1 ? -Infinity : value,
      );
      if (i === 0 && name === "bart") continue; // its first token is given
      if (i === 7) continue; // as is the last one at the greatest length
      expect(Math.max(...allowed) - (row[ids[i] ?? -1] ?? 0), `token ${i}`).toBeLessThan(most.logits);
    }
    model.dispose();
  });
});
