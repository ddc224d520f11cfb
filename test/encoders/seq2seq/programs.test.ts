import { afterAll, expect, test } from "vitest";
import { openModel } from "../../../src/formats/hub.ts";
import { modelFiles } from "../../../src/generate/load/model-files.ts";
import { readEncoderDecoderConfig } from "../../../src/models/seq2seq/families.ts";
import { weightNames } from "../../../src/models/seq2seq/family.ts";
import { uploadEncoderDecoder } from "../../../src/models/seq2seq/weights.ts";
import { checkWeights } from "../../../src/models/weights/checkpoint.ts";
import { openGroup } from "../../../src/seq2seq/group.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { SequencePrograms } from "../../../src/seq2seq/programs.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { sequenceFolder, sequenceGolden } from "./golden.ts";

const gpu = await quickGpu();
const files = await modelFiles(await openModel(sequenceFolder("t5")));
const { family, config } = readEncoderDecoderConfig(await files.config());
const stored = await files.weights(false);
const weights = await uploadEncoderDecoder(gpu, stored, checkWeights(stored, weightNames(family), config), config);
const programs = new SequencePrograms({ gpu, config, weights });
afterAll(() => {
  programs.dispose();
  weights.dispose();
});

/** How many dispatches of a program read a weight. */
const readers = (dispatches: ReturnType<SequencePrograms["sources"]>["program"]["dispatches"], { storage }: Tensor) =>
  dispatches.filter(({ bindings }) => bindings.some((binding) => binding.storage === storage)).length;

test("keys and values of a source are computed once in its program, and in no step of the decoder", async () => {
  using group = await disposable(
    openGroup(programs, {
      sources: [
        [5, 6, 1],
        [7, 1],
      ],
      rowsOfSource: 4,
      capacity: 20,
    }),
  );
  const size = group.value.sizeOf(20);
  const { dispatches } = programs.sources(size.sources).program;
  const step = programs.step(size, { restricted: true, penalties: false }).program.dispatches;
  for (const { cross } of weights.decoder.blocks) {
    for (const part of ["k", "v"] as const) {
      expect(readers(dispatches, cross[part].weight), part).toBe(1);
      expect(readers(step, cross[part].weight), part).toBe(0);
    }
    expect(readers(step, cross.q.weight)).toBe(1);
  }
  for (const { attention } of weights.encoder.blocks) expect(readers(step, attention.output.weight)).toBe(0);
  // Four rows of a source share its keys: there is no copy of them.
  expect(group.value.rows).toBe(8);
  expect(group.value.cross.map(({ keys }) => keys.shape[0])).toEqual(config.decoder.layers === 3 ? [16, 16, 16] : []);
});

test("a text takes one submission for its source, and one for each token", async () => {
  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  const [{ text } = { text: "" }] = sequenceGolden("t5").texts;
  await model.generate(text, { maxTokens: 12 }); // everything is compiled
  const before = gpu.submits;
  const { results } = await model.generate(text, { maxTokens: 12 });
  expect(results[0]?.ids.length).toBe(12);
  expect(gpu.submits - before).toBe(1 + 12);
});

test("what tokens attend to costs no dispatch and no submission more; without it steps keep nothing", async () => {
  using group = await disposable(openGroup(programs, { sources: [[5, 6, 1]], rowsOfSource: 1, capacity: 20 }));
  const size = group.value.sizeOf(20);
  const names = Array.from({ length: config.decoder.layers }, (_, layer) => `decoder.${layer}.cross.q`);
  const [plain, tapped] = [[], names].map(
    (taps) => programs.step(size, { restricted: true, penalties: false, taps }).program,
  );
  expect(plain?.taps.size).toBe(0);
  expect([...(tapped?.taps.keys() ?? [])]).toEqual(names);
  const kernels = (program: typeof plain) => program?.dispatches.map(({ kernel, workgroups }) => [kernel, workgroups]);
  expect(kernels(tapped)).toEqual(kernels(plain));

  using model = await loadEncoderDecoder(gpu, sequenceFolder("t5"));
  const [{ text } = { text: "" }] = sequenceGolden("t5").texts;
  const submitted = async (more: object) => {
    await model.generate(text, { maxTokens: 12, ...more }); // everything is compiled
    const before = gpu.submits;
    await model.generate(text, { maxTokens: 12, ...more });
    return gpu.submits - before;
  };
  // The keys of each layer are read once; queries come with the tokens.
  expect(await submitted({ attention: {} })).toBe((await submitted({})) + config.decoder.layers);
  expect(await submitted({ attention: { layer: 0 } })).toBe((await submitted({})) + 1);
  const searched = { beams: 4 };
  expect(await submitted({ ...searched, attention: {} })).toBe((await submitted(searched)) + config.decoder.layers);
});

async function disposable<T extends { dispose(): void }>(opening: Promise<T>) {
  const value = await opening;
  return { value, [Symbol.dispose]: () => value.dispose() };
}
