import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { sourcesOf } from "../../src/models/decoders/family.ts";
import { bundledMixture } from "../support/bundled.ts";
import { small } from "./mixtral-checkpoint.ts";

const read = (fields: Readonly<Record<string, unknown>>) => readArchitecture({ ...small, ...fields });

describe("the config", () => {
  test("of voices-moe", () => {
    const { config } = readArchitecture(JSON.parse(readFileSync(`${bundledMixture}/config.json`, "utf8")));
    expect(config).toMatchObject({ architecture: "MixtralForCausalLM", layers: 4, width: 256, tied: true });
    expect(config.windows).toEqual([undefined, undefined, undefined, undefined]);
    expect(config.mixture).toEqual({
      experts: 8,
      hidden: 256,
      rule: { k: 2, scores: "softmax", normalise: true },
      activation: "swiglu",
    });
  });

  test("that leaves out what Mixtral has by default", () => {
    const absent = { num_local_experts: undefined, num_experts_per_tok: null, hidden_act: undefined };
    const { config } = read({ ...absent, rms_norm_eps: undefined });
    expect(config.mixture).toMatchObject({ experts: 8, rule: { k: 2 } });
    expect(config).toMatchObject({ eps: 1e-5, positions: { kind: "rope", theta: 1e6 } });
  });

  test("of a window, of all experts at once, and of other families", () => {
    expect(read({ sliding_window: 7 }).config.windows).toEqual([7, 7]);
    expect(read({ num_experts_per_tok: 3 }).config.mixture?.rule.k).toBe(3);
    expect(read({ num_local_experts: 1, num_experts_per_tok: 1 }).config.mixture?.experts).toBe(1);
    expect(read({ architectures: ["MistralForCausalLM"], model_type: "mistral" }).config.mixture).toBeUndefined();
  });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    "more experts of a token than there are",
    { num_experts_per_tok: 4 },
    "num_experts_per_tok is 4, more than num_local_experts, which is 3",
  ],
  ["no experts", { num_local_experts: 0 }, "num_local_experts is 0, expected an integer from 1 to 1024"],
  ["too many experts", { num_local_experts: 1025 }, "num_local_experts is 1025, expected an integer from 1 to 1024"],
  ["half an expert", { num_local_experts: 2.5 }, "num_local_experts is 2.5, expected an integer from 1 to 1024"],
  [
    "no expert of a token",
    { num_experts_per_tok: 0 },
    "num_experts_per_tok is 0, expected an integer from 1 to 2147483648",
  ],
  [
    "experts in words",
    { num_experts_per_tok: "2" },
    'num_experts_per_tok is "2", expected an integer from 1 to 2147483648',
  ],
  ["another gate", { hidden_act: "gelu" }, "hidden_act is gelu, expected silu (the gate of experts)"],
  ["an unknown gate", { hidden_act: "snake" }, "hidden_act is snake, known are silu, swish"],
  ["no width", { intermediate_size: undefined }, "intermediate_size is missing"],
])("%s is refused", (_, fields, message) => {
  expect(() => read(fields)).toThrow(FormatError);
  expect(() => read(fields)).toThrow(`config.json: ${message}`);
});

test("weights are asked for by Mixtral's names, with or without model.", () => {
  for (const prefix of ["", "model."]) {
    const { family, config } = read({});
    const has = (name: string) => name === `${prefix}embed_tokens.weight`;
    const names = sourcesOf(family.layer(config, 1, has)).map(({ name, shape }) => `${name} ${shape}`);
    const layer = `${prefix}layers.1`;
    expect(names.slice(0, 6).every((name) => name.startsWith(`${layer}.`))).toBe(true);
    expect(names.slice(6)).toEqual([
      `${layer}.block_sparse_moe.gate.weight 3,9`,
      ...[0, 1, 2].flatMap((e) => [
        `${layer}.block_sparse_moe.experts.${e}.w1.weight 15,9`,
        `${layer}.block_sparse_moe.experts.${e}.w3.weight 15,9`,
      ]),
      ...[0, 1, 2].map((e) => `${layer}.block_sparse_moe.experts.${e}.w2.weight 9,15`),
    ]);
  }
});
