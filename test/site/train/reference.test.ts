// Tasks of the page that trains, three steps at a tiny size, against the same training in float64: by GPT-2 every third
// task of those that have decoders, and by every other kind of model.
import { describe, expect, test } from "vitest";
import { offeredBy } from "../../../site/train/setup/architectures.ts";
import { idsOf } from "../../../site/train/setup/folder.ts";
import { type Settings, settingsFor } from "../../../site/train/setup/settings.ts";
import { randomOf } from "../../../site/train/tasks/random.ts";
import type { Architecture, Example } from "../../../site/train/tasks/task.ts";
import { taskNames, taskOf } from "../../../site/train/tasks/tasks.ts";
import { batchesOf } from "../../../site/train/worker/batches.ts";
import { openSession, type Session } from "../../../site/train/worker/session.ts";
import { dense } from "../../../src/reference/dense.ts";
import { maskTokens } from "../../../src/train/data/mask-tokens.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { gpt2Steps, type Tensors } from "../../support/models/gpt2-training.ts";
import { readF32 } from "../../support/models/safetensors.ts";
import {
  bagLoss,
  labelLoss,
  maskedLosses,
  recurrentLosses,
  transformerLosses,
  wordLoss,
} from "../../support/models/small-models.ts";
import { type Scalar, stepsOf, type Tape, type WeightRows } from "../../support/numbers/scalar-tape.ts";

const gpu = await quickGpu();

/** The weights of a folder, with their shapes. */
async function weightsOf(files: Readonly<Record<string, Blob>>): Promise<Tensors> {
  const bytes = new Uint8Array((await files["model.safetensors"]?.arrayBuffer()) ?? new ArrayBuffer());
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, end)));
  return Object.fromEntries(
    Object.entries(readF32(bytes)).map(([name, values]) => [
      name.replace(/^transformer\./, ""),
      dense(header[name].shape, values),
    ]),
  );
}

type Steps = readonly { readonly loss: number; readonly gradientNorm: number }[];

/** Takes the steps, and compares. */
async function expectSteps(session: Session, wanted: Steps): Promise<void> {
  await session.advance(wanted.length);
  const found = session.history.steps;
  expect(found).toHaveLength(wanted.length);
  for (const [i, { loss, gradientNorm }] of wanted.entries()) {
    expect(Math.abs((found[i]?.loss ?? Number.NaN) - loss)).toBeLessThan(1e-5);
    expect(Math.abs((found[i]?.gradientNorm ?? Number.NaN) / gradientNorm - 1)).toBeLessThan(1e-4);
  }
  session.dispose();
}

const steps = [1, 2, 3] as const;

const own = taskNames.filter((name) => !taskOf(name).adapts);

// Tasks differ in their texts, which train-tasks.test.ts is about, and their lengths.
describe.each(own.filter((name) => "gpt2" in offeredBy(name)).filter((_, i) => i % 3 === 0))("%s", (name) => {
  test("3 steps have the losses and norms of float64", async () => {
    const settings = settingsFor(name, {
      architecture: "gpt2",
      layers: 1,
      heads: 2,
      headWidth: 8,
      length: taskOf(name).length.range[0],
      batch: 4,
      schedule: "constant",
      warmup: 0,
    });
    const session = await openSession(gpu, { settings, text: "" }, undefined);
    const weights = await weightsOf((await session.exported()).files);
    const examples = taskOf(name).examples(settings.length, "");
    const batches = steps.map((step) => batchesOf(examples).ofStep(settings.seed, step, settings.batch));
    await expectSteps(session, gpt2Steps(weights, batches, settings));
  });
});

/** The losses of an example's targets. */
type Losses = (
  tape: Tape,
  weight: WeightRows,
  example: Example,
  ids: (text: string) => readonly number[],
) => readonly Scalar[];

const ofPairs: Losses = (tape, weight, { prompt, answer }, ids) => {
  const start = weight("embedding.weight").length - 1;
  return recurrentLosses(tape, weight, { source: ids(prompt), target: ids(answer), start });
};
const ofTransformer: Losses = (tape, weight, { prompt, answer }, ids) => {
  const start = weight("shared.weight").length - 1;
  return transformerLosses(2)(tape, weight, { source: ids(prompt), target: ids(answer), start });
};
const ofWords: Losses = (tape, weight, { prompt, answer }, ids) => [
  wordLoss(tape, weight, [ids(prompt)[0] ?? 0, ids(answer)[0] ?? 0]),
];

const ofLabels: Losses = (tape, weight, { prompt, answer }, ids) => [
  bagLoss(tape, weight, ids(prompt), "+-".indexOf(answer[0] ?? "")),
];

/** The rows of texts that encoders read: between two tokens of their own, which are followed by the mask. */
const around = (ids: readonly number[], weight: WeightRows): readonly number[] => {
  const first = weight("bert.embeddings.word_embeddings.weight").length - 3;
  return [first, ...ids, first + 1];
};
const ofEncoder: Losses = (tape, weight, { prompt, answer }, ids) => [
  labelLoss(tape, weight, around(ids(prompt), weight), "+-".indexOf(answer[0] ?? ""), 2),
];

/** Other kinds, with a task for each that is learnt at a tiny size. */
const kinds: readonly (readonly [Architecture, Settings["task"], Losses])[] = [
  ["transformer-2017", "reverse", ofTransformer],
  ["gru", "reverse", ofPairs],
  ["gru-attention", "reverse", ofPairs],
  ["bert", "opinions", ofEncoder],
  ["skip-gram", "words", ofWords],
  ["bag-of-words", "opinions", ofLabels],
  ["mean-of-word-vectors", "opinions", ofLabels],
];

/** A session of a kind at a tiny size, its weights, and the examples of each step. */
async function tinyOf(architecture: Architecture, name: Settings["task"]) {
  const settings = settingsFor(name, {
    architecture,
    layers: 1,
    heads: 2,
    headWidth: 4,
    width: 8,
    length: taskOf(name).length.range[0],
    batch: 3,
    schedule: "constant",
    warmup: 0,
  });
  const session = await openSession(gpu, { settings, text: "" }, undefined);
  const weights = await weightsOf((await session.exported()).files);
  const examples = taskOf(name).examples(settings.length, "");
  const known = idsOf(examples.alphabet);
  const ids = (text: string) => Array.from(text, (character) => known.get(character) ?? 0);
  const batches = steps.map((step) => {
    const random = randomOf(settings.seed, step);
    return Array.from({ length: settings.batch }, () => examples.draw(random));
  });
  return { settings, session, weights, ids, batches };
}

test("bert on masked: 3 steps have the losses and norms of float64", async () => {
  const { settings, session, weights, ids, batches } = await tinyOf("bert", "masked");
  const vocabulary = weights["bert.embeddings.word_embeddings.weight"]?.shape[0] ?? 0;
  const [begin, end, mask] = [vocabulary - 3, vocabulary - 2, vocabulary - 1];
  const masked = batches.map((batch, i) =>
    maskTokens(
      batch.map(({ answer }) => [begin, ...ids(answer), end]),
      { share: 0.15, mask, vocabulary, seed: settings.seed, step: i + 1, never: [begin, end] },
    ),
  );
  const of = (tape: Tape, weight: WeightRows, batch: (typeof masked)[number]) =>
    batch.ids.flatMap((row, r) => maskedLosses(tape, weight, [row, batch.targets[r] ?? []], 2));
  await expectSteps(session, stepsOf(weights, masked, of, settings));
});

describe.each(kinds)("%s on %s", (architecture, name, lossesOf) => {
  test("3 steps have the losses and norms of float64", async () => {
    const { settings, session, weights, ids, batches } = await tinyOf(architecture, name);
    const of = (tape: Tape, weight: WeightRows, batch: readonly Example[]) =>
      batch.flatMap((example) => lossesOf(tape, weight, example, ids));
    await expectSteps(session, stepsOf(weights, batches, of, settings));
  });
});
