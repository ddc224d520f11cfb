// Weights of f16 and bf16 of every family.
import { describe, expect, test } from "vitest";
import { loadEncoderDecoder } from "../../src/seq2seq/load-encoder-decoder.ts";
import { farthest } from "../encode/golden-encoders.ts";
import { byTurns } from "../support/by-turns.ts";
import { firstOfEach } from "../support/first-tier.ts";
import { quickGpu } from "../support/gpu.ts";
import { roundedSource, sequenceGolden, sequenceKind, sequenceNames, sequenceSource, tolerances } from "./golden.ts";
import { halvedDistances } from "./halved.ts";

const quiet = { onWarning: () => {} };

const gpu = await quickGpu();
const devices = { "default adapter": gpu, "without features": await quickGpu({ features: [] }) };

// How weights are stored is the same for all families, one of each kind of which has one of the types.
const names = sequenceNames.filter(firstOfEach(sequenceNames, sequenceKind));
describe.each(byTurns(devices, names))("%s > %s", (_, name, gpu) => {
  const dtype = (["f16", "bf16"] as const)[names.indexOf(name) % 2] ?? "f16";
  test(`weights of ${dtype} give what the same numbers as f32 do`, async () => {
    const { states, logits, sameTokens, stored, bytes } = await halvedDistances(gpu, name, dtype);
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
