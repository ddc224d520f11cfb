import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRopeTables } from "../../src/models/decoder.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { decoderLoss } from "../../src/train/decoder-loss.ts";
import { goldenDecoder } from "../support/golden-decoder.ts";
import { testGpu } from "../support/gpu.ts";
import { gradientsOf } from "../support/gradients-of.ts";
import { readF32 } from "../support/safetensors.ts";

/** The relative error of a tensor's gradient by norm (training-and-encoders, section 5.5, level 5). */
const tolerance = 1e-5;

const devices = [
  ["with all features", await testGpu()],
  ["without features", await testGpu({ features: [] })],
] as const;

const models = ["gpt2", "llama", "qwen3", "gemma2"];

test.each(models.flatMap((name) => devices.map(([with_, gpu]) => [name, with_, gpu] as const)))(
  "%s, %s: the loss and every gradient are PyTorch's in float64",
  async (name, _, gpu) => {
    const { folder, decoder, parameters, golden } = await goldenDecoder(gpu, name);
    const shape = [golden.ids.length, golden.ids[0]?.length ?? 0];
    const ids = tensor(gpu, shape, golden.ids.flat(), "u32");
    const targets = tensor(gpu, shape, golden.targets.flat(), "i32");
    const ropeTables = createRopeTables(decoder, shape[1] ?? 0);
    const named = Object.fromEntries(parameters.map((one) => [one.name, one.tensor]));
    const { value, gradients } = await gradientsOf(
      gpu,
      named,
      () => decoderLoss(decoder, { ids, targets }, { ropeTables }).loss,
    );
    expect(Math.abs((value[0] ?? Number.NaN) - golden.loss)).toBeLessThan(1e-5);

    const expected = readF32(readFileSync(`${folder}/gradients.safetensors`));
    // By tensor of the checkpoint: the bias of keys alone has a gradient of 0, since a softmax ignores what all scores share.
    const errors = new Map<string, { error: number; size: number }>();
    for (const { name: parameter, source } of parameters) {
      const found = gradients[parameter];
      const whole = expected[source.name];
      if (!found || !whole) expect.fail(`${parameter} has no gradient`);
      const [rows = 1, columns = 1] = source.transposed ? source.shape.toReversed() : source.shape;
      const stored = (at: number) => (source.transposed ? (at % columns) * rows + Math.floor(at / columns) : at);
      const begin = (source.rows?.[0] ?? 0) * (source.shape.length > 1 ? columns : 1);
      let { error, size } = errors.get(source.name) ?? { error: 0, size: 0 };
      for (const [i, actual] of found.entries()) {
        const wanted = whole[stored(begin + i)] ?? Number.NaN;
        error += (actual - wanted) ** 2;
        size += wanted ** 2;
      }
      errors.set(source.name, { error, size });
    }
    const relative = [...errors].map(([name, { error, size }]) => [name, Math.sqrt(error / size)] as const);
    console.log(`${name}: largest relative error ${Math.max(...relative.map(([, one]) => one)).toExponential(1)}`);
    expect(relative.filter(([, one]) => !(one < tolerance))).toEqual([]);
    expect(Object.keys(expected).sort()).toEqual([...new Set(parameters.map(({ source }) => source.name))].sort());
    decoder.weights.dispose();
  },
);
