import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createRopeTables } from "../../../src/models/decoders/decoder.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { decoderLoss } from "../../../src/train/objectives/decoder.ts";
import { putStored, storedParts } from "../../../src/train/open/trained-folder.ts";
import { byTurns } from "../../support/by-turns.ts";
import { quickGpu, testGpu } from "../../support/devices/gpu.ts";
import { goldenDecoder } from "../../support/models/golden-decoder.ts";
import { readF32 } from "../../support/models/safetensors.ts";
import { gradientsOf } from "../../support/numbers/gradients-of.ts";

/** The relative error of a tensor's gradient by norm (training-and-encoders, section 5.5, level 5). */
const tolerance = 1e-5;

const devices = {
  "with all features": await quickGpu(),
  "with the adapter's own kernels": await testGpu(),
  "without features": await quickGpu({ features: [] }),
};

const models = ["gpt2", "llama", "qwen3", "gemma2", "mixtral", "deepseek", "gpt-oss"];

test.each(byTurns(devices, models))(
  "%s, %s: the loss and every gradient are PyTorch's in float64",
  async (_, name, gpu) => {
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
    // By tensor of the checkpoint: the bias of keys alone has a gradient of 0, since a softmax ignores what all scores
    // share.
    const errors = Object.entries(expected).map(([stored, wanted]) => {
      const actual = new Float32Array(wanted.length);
      let filled = 0;
      for (const parameter of parameters) {
        for (const part of storedParts(parameter, stored)) {
          const found = gradients[parameter.name];
          if (!found) expect.fail(`${parameter.name} has no gradient`);
          const [begin, end] = part.rows.map((row) => row * part.columns);
          filled += putStored({ ...part, source: { ...part.source, added: 0 } }, found.slice(begin, end), actual);
        }
      }
      expect(`${stored}: ${filled} numbers`).toBe(`${stored}: ${wanted.length} numbers`);
      const error = actual.reduce((sum, value, i) => sum + (value - (wanted[i] ?? Number.NaN)) ** 2, 0);
      return { stored, error, size: wanted.reduce((sum, value) => sum + value ** 2, 0) };
    });
    const relative = errors.map(({ stored, error, size }) => [stored, Math.sqrt(error / size)] as const);
    console.log(`${name}: largest relative error ${Math.max(...relative.map(([, one]) => one)).toExponential(1)}`);
    expect(relative.filter(([, one]) => !(one < tolerance))).toEqual([]);
    const names = parameters.flatMap((parameter) => {
      const all = (parameter.stack?.parts ?? [[parameter.source]]).flat();
      return parameter.differentiable === false ? [] : all.map((source) => source.name);
    });
    expect(Object.keys(expected).sort()).toEqual([...new Set(names)].sort());
    decoder.weights.dispose();
  },
);
