// Weights of f16 and bf16 of every family.
import { describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { firstOfEach } from "../../support/first-tier.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { roundedSource, sequenceGolden, sequenceKind, sequenceNames, sequenceSource, tolerances } from "./golden.ts";
import { halvedDistances } from "./halved.ts";

const quiet = { onWarning: () => {} };

const gpu = await quickGpu();
const plain = await quickGpu({ features: [] });

// How weights are stored is the same for all families, one of each kind of which has one of the types, on one device.
const names = sequenceNames.filter(firstOfEach(sequenceNames, sequenceKind));
describe.each(names)("%s", (name) => {
  const turn = names.indexOf(name);
  const dtype = (["f16", "bf16"] as const)[turn % 2] ?? "f16";
  const isPlain = turn % 4 >= 2;
  test(`weights of ${dtype} give what the same numbers as f32 do${isPlain ? ", without features" : ""}`, async () => {
    const { states, logits, sameTokens, stored, bytes } = await halvedDistances(isPlain ? plain : gpu, name, dtype);
    expect(stored).toBe(dtype);
    expect(bytes).toBeLessThan(0.6);
    expect(states).toBeLessThan(2e-5);
    expect(logits).toBeLessThan(tolerances(name).logits);
    expect(sameTokens).toBe(true);
  });
});

test("rounding itself is seen in the states", async () => {
  const [{ text } = { text: "" }] = sequenceGolden("t5-v1.1").texts;
  using rounded = await loadEncoderDecoder(gpu, roundedSource("t5-v1.1", "f16"), quiet);
  using plain = await loadEncoderDecoder(gpu, sequenceSource("t5-v1.1"), quiet);
  const [one, other] = [await rounded.hidden(text), await plain.hidden(text)];
  expect(farthest(one.layers.flat(), other.layers.flat())).toBeGreaterThan(1e-4);
});
