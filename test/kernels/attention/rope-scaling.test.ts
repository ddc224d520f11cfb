import { describe, expect, it } from "vitest";
import { parseRope, parseRopeScaling } from "../../../src/kernels/rope/scaling.ts";
import { attentionFactor } from "../../../src/kernels/rope/table.ts";

const none = { kind: "none" };

describe("parsing", () => {
  const yarn = { factor: 40, original_max_position_embeddings: 4096, beta_fast: 16, mscale: 1, mscale_all_dim: 0.5 };

  it.each([
    ["nothing", {}],
    ["null", { rope_scaling: null }],
    ["default", { rope_scaling: { rope_type: "default" } }],
    ["default in rope_parameters", { rope_parameters: { rope_type: "default", rope_theta: 1e4 } }],
  ])("no scaling: %s", (_, config) => expect(parseRopeScaling(config)).toEqual(none));

  it("the kind under type, rope_type or rope_parameters; rope_type wins over type, rope_parameters over all", () => {
    const linear = { kind: "linear", factor: 2 };
    expect(parseRopeScaling({ rope_scaling: { type: "linear", factor: 2 } })).toEqual(linear);
    expect(parseRopeScaling({ rope_scaling: { rope_type: "linear", factor: 2 } })).toEqual(linear);
    expect(parseRopeScaling({ rope_scaling: { type: "dynamic", rope_type: "linear", factor: 2 } })).toEqual(linear);
    const both = { rope_parameters: { rope_type: "linear", factor: 2 }, rope_scaling: { type: "linear", factor: 3 } };
    expect(parseRopeScaling(both)).toEqual(linear);
  });

  it("dynamic reads max_position_embeddings", () => {
    const config = { rope_scaling: { type: "dynamic", factor: 4 }, max_position_embeddings: 2048 };
    expect(parseRopeScaling(config)).toEqual({ kind: "dynamic", factor: 4, maxPositions: 2048 });
    expect(() => parseRopeScaling({ rope_scaling: { type: "dynamic", factor: 4 } })).toThrow(
      "max_position_embeddings is missing",
    );
    expect(() => parseRopeScaling({ rope_scaling: { type: "dynamic", alpha: 1000, factor: 1 } })).toThrow("alpha");
  });

  it("yarn, with its original length in the scaling, at the top or absent", () => {
    const parsed = { kind: "yarn", factor: 40, originalPositions: 4096, betaFast: 16, mscale: 1, mscaleAllDim: 0.5 };
    expect(parseRopeScaling({ rope_scaling: { type: "yarn", ...yarn } })).toEqual(parsed);
    const { original_max_position_embeddings: original, ...rest } = yarn;
    const top = { original_max_position_embeddings: original, rope_parameters: { rope_type: "yarn", ...rest } };
    expect(parseRopeScaling(top)).toEqual(parsed);
    const bare = { max_position_embeddings: 4096, rope_scaling: { type: "yarn", ...rest } };
    expect(parseRopeScaling(bare)).toEqual(parsed);
    const ratio = {
      max_position_embeddings: 131_072,
      rope_scaling: { type: "yarn", original_max_position_embeddings: 4096 },
    };
    expect(parseRopeScaling(ratio)).toEqual({ kind: "yarn", factor: 32, originalPositions: 4096 });
    const whole = { type: "yarn", ...yarn, truncate: false, attention_factor: 1.2, beta_slow: 2 };
    expect(parseRopeScaling({ rope_scaling: whole })).toEqual({
      ...parsed,
      truncate: false,
      attentionFactor: 1.2,
      betaSlow: 2,
    });
  });

  it("llama3", () => {
    const rope_scaling = {
      rope_type: "llama3",
      factor: 8,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const parsed = {
      kind: "llama3",
      factor: 8,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    };
    expect(parseRopeScaling({ rope_scaling })).toEqual(parsed);
    const { low_freq_factor, ...lacking } = rope_scaling;
    expect(() => parseRopeScaling({ rope_scaling: lacking })).toThrow(
      "rope_scaling.low_freq_factor (type llama3) is missing",
    );
    expect(low_freq_factor).toBe(1);
  });

  it.each(["longrope", "su", "yarn"])(
    "longrope spelt %s; the ratio of lengths stands outside of the scaling",
    (type) => {
      const rope_scaling = { type, short_factor: [1, 1.1], long_factor: [2, 3], factor: 7 };
      const lists = { kind: "longrope", shortFactor: [1, 1.1], longFactor: [2, 3], originalPositions: 4096 };
      const phi = { rope_scaling, max_position_embeddings: 131_072, original_max_position_embeddings: 4096 };
      expect(parseRopeScaling(phi)).toEqual({ ...lists, factor: 32 });
      expect(attentionFactor(parseRopeScaling(phi))).toBeCloseTo(1.190238, 6);
      expect(parseRopeScaling({ rope_scaling, max_position_embeddings: 4096 })).toEqual({ ...lists, factor: 7 });
      const inside = { ...rope_scaling, original_max_position_embeddings: 4096, attention_factor: 1.3 };
      const config = { rope_parameters: inside, max_position_embeddings: 131_072 };
      expect(parseRopeScaling(config)).toEqual({ ...lists, factor: 7, attentionFactor: 1.3 });
    },
  );

  it("a record per layer type, and Gemma 3's older base for its sliding layers", () => {
    const nested = {
      rope_parameters: {
        full_attention: { rope_type: "linear", factor: 8, rope_theta: 1e6 },
        sliding_attention: { rope_type: "default", rope_theta: 1e4 },
      },
    };
    const full = { theta: 1e6, rotaryFraction: 1, scaling: { kind: "linear", factor: 8 } };
    const sliding = { theta: 1e4, rotaryFraction: 1, scaling: none };
    expect(parseRope(nested)).toEqual(full);
    expect(parseRope(nested, "sliding_attention")).toEqual(sliding);
    expect(() => parseRope(nested, "chunked_attention")).toThrow("rope_parameters.chunked_attention is missing");
    const older = { rope_theta: 1e6, rope_local_base_freq: 1e4, rope_scaling: { rope_type: "linear", factor: 8 } };
    expect(parseRope(older)).toEqual(full);
    expect(parseRope(older, "sliding_attention")).toEqual(sliding);
    const modernBert = { global_rope_theta: 160_000, local_rope_theta: 10_000 };
    expect(parseRope(modernBert).theta).toBe(160_000);
    expect(parseRope(modernBert, "sliding_attention").theta).toBe(10_000);
  });

  it("base and rotary share in their spellings", () => {
    expect(parseRope({})).toEqual({ rotaryFraction: 1, scaling: none });
    expect(parseRope({ rope_theta: 5e5 }).theta).toBe(5e5);
    expect(parseRope({ rotary_emb_base: 1000 }).theta).toBe(1000);
    expect(parseRope({ rope_theta: 1, rope_parameters: { rope_theta: 2 } }).theta).toBe(2);
    expect(parseRope({ rotary_pct: 0.25 }).rotaryFraction).toBe(0.25);
    expect(parseRope({ partial_rotary_factor: 0.75 }).rotaryFraction).toBe(0.75);
    expect(
      parseRope({ partial_rotary_factor: 1, rope_parameters: { partial_rotary_factor: 0.5 } }).rotaryFraction,
    ).toBe(0.5);
    expect(parseRope({ rotary_dim: 64, n_embd: 4096, n_head: 16 }).rotaryFraction).toBe(0.25);
  });

  it("names the key that is wrong", () => {
    const parse = (rope_scaling: unknown) => () => parseRopeScaling({ rope_scaling });
    expect(parse({ type: "spiral" })).toThrow(
      'type is "spiral", expected one of default, linear, dynamic, yarn, llama3, longrope, su',
    );
    expect(parse({ type: "constructor" })).toThrow('type is "constructor"');
    expect(parse({ type: "linear" })).toThrow("rope_scaling.factor (type linear) is missing");
    expect(parse({ type: "linear", factor: "2" })).toThrow('factor is "2", expected a number above 0');
    expect(parse({ type: "linear", factor: 0 })).toThrow("factor is 0");
    expect(parse({ type: "longrope", short_factor: [1, null], long_factor: [1, 1] })).toThrow(
      "short_factor is [1,null]",
    );
    expect(parse({ type: "longrope", short_factor: [1], long_factor: [] })).toThrow("long_factor is []");
    expect(parse("linear")).toThrow('rope_scaling is "linear", expected an object');
    expect(() => parseRope({ rope_theta: -1 })).toThrow("rope_theta is -1");
  });
});
