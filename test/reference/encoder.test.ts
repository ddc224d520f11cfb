import { expect, test } from "vitest";
import { dense } from "../../src/reference/dense.ts";
import { bert } from "../../src/reference/models/encoder.ts";
import { encoderGolden, encoderTensors, farthest } from "../encoders/encode/golden-encoders.ts";

const common = { num_hidden_layers: 2, num_attention_heads: 3 };

test.each([
  ["bert", "bert.", { ...common, model_type: "bert", layer_norm_eps: 1e-12, hidden_act: "gelu" }],
  ["roberta", "", { ...common, model_type: "roberta", layer_norm_eps: 1e-5, hidden_act: "gelu_new", pad_token_id: 1 }],
])("%s: states of every layer are PyTorch's in float64", (name, prefix, config) => {
  const weights = encoderTensors(name, prefix);
  for (const { tokens, layers } of encoderGolden(name).texts) {
    const given = { ids: dense([tokens.length], tokens), types: dense([tokens.length]), weights };
    const states = bert(given, config).layers;
    expect(states.length).toBe(layers.length);
    for (const [i, { values }] of states.entries()) {
      // The golden numbers have nine digits.
      expect(farthest([values], [layers[i]?.flat() ?? []])).toBeLessThan(2e-8);
    }
  }
});
