// Runs of every kind of model that the page trains: looked at, kept, gone on with, and exported.
import { describe, expect, test } from "vitest";
import { architectures, offeredBy, standardArchitecture } from "../../../site/train/setup/architectures.ts";
import { type Settings, settingsFor, settingsProblem } from "../../../site/train/setup/settings.ts";
import { taskNames, taskOf } from "../../../site/train/tasks/tasks.ts";
import { readRun } from "../../../site/train/worker/saved.ts";
import { openSession, type Session } from "../../../site/train/worker/session.ts";
import { loadEncoder } from "../../../src/encode/load-encoder.ts";
import { openFiles } from "../../../src/formats/files.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import { loadEncoderDecoder } from "../../../src/seq2seq/load-encoder-decoder.ts";
import { openRecurrent } from "../../../src/train/open/recurrent.ts";
import { openWordClassifier } from "../../../src/train/open/word-classifier.ts";
import { openWordVectors } from "../../../src/train/open/word-vectors.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();

const tiny = {
  layers: 1,
  heads: 2,
  headWidth: 8,
  width: 16,
  batch: 4,
  every: 4,
  steps: 40,
  schedule: "constant",
} as const;

/** A task for each kind, and what opens its exported folder. */
const kinds: readonly {
  readonly given: Settings;
  readonly attention: readonly string[];
  readonly opens: (source: FileSource, session: Session) => Promise<void>;
}[] = [
  {
    given: settingsFor("reverse", { ...tiny, architecture: "transformer-2017", length: 3 }),
    attention: ["source 3×4", "encoder 4×4", "decoder 3×3"],
    opens: async (source, session) => {
      const model = await loadEncoderDecoder(gpu, source, { onWarning: (warning) => expect.fail(warning) });
      await session.look();
      const { samples } = session.history.looks.at(-1) ?? { samples: [] };
      const { results } = await model.generate(samples.map(({ prompt }) => prompt));
      expect(results.map(({ text }) => text)).toEqual(samples.map(({ given }) => given));
      model.dispose();
    },
  },
  ...(["gru", "gru-attention"] as const).map((architecture) => ({
    given: settingsFor("reverse", { ...tiny, architecture, length: 3 }),
    attention: architecture === "gru" ? [] : ["source 3×4"],
    opens: async (source: FileSource) => {
      const { config, dispose } = await openRecurrent(gpu, source);
      expect(config).toMatchObject({ vocabulary: 10, start: 9, width: 16 });
      expect(await source.has("tokenizer.json")).toBe(true);
      dispose();
    },
  })),
  {
    given: settingsFor("words", { ...tiny, length: 1 }),
    attention: [],
    opens: async (source, session) => {
      const model = await openWordVectors(gpu, source);
      expect(await model.vectors()).toHaveLength(model.config.vocabulary);
      const words = session.history.looks.at(-1)?.words;
      expect(words?.neighbours.every(({ near }) => near.length === 5)).toBe(true);
      model.dispose();
    },
  },
  {
    given: settingsFor("opinions", { ...tiny, architecture: "bert", length: 1 }),
    attention: ["encoder 7×7"],
    opens: async (source, session) => {
      const model = await loadEncoder(gpu, source, { onWarning: (warning) => expect.fail(warning) });
      const { samples } = (await session.look())?.look ?? { samples: [] };
      for (const { prompt, given } of samples) {
        expect((await model.classify(prompt)).labels?.[0]?.label).toBe(given);
      }
      model.dispose();
    },
  },
  {
    given: settingsFor("masked", { ...tiny, length: 0 }),
    attention: ["encoder 11×11"],
    opens: async (source, session) => {
      const model = await loadEncoder(gpu, source, { onWarning: (warning) => expect.fail(warning) });
      const { samples } = (await session.look())?.look ?? { samples: [] };
      expect(samples.length).toBeGreaterThan(1);
      for (const { prompt, answer, given } of samples) {
        const { masks } = await model.fillMask(prompt.replace(/▢ ?/g, "[MASK]"), { top: 1 });
        const parts = prompt.split(/▢ ?/);
        expect(
          parts
            .map((part, i) => `${part}${masks[i]?.[0]?.token ?? ""}`)
            .join("")
            .trimEnd(),
        ).toBe(given);
        expect(answer.startsWith(parts[0] ?? "")).toBe(true);
      }
      model.dispose();
    },
  },
  ...(["bag-of-words", "mean-of-word-vectors"] as const).map((architecture) => ({
    given: settingsFor("opinions", { ...tiny, architecture, length: 1 }),
    attention: [],
    opens: async (source: FileSource) => {
      const { config, dispose } = await openWordClassifier(gpu, source);
      expect(config).toMatchObject({ kind: architecture, labels: 2 });
      dispose();
    },
  })),
];

const losses = ({ history: { steps } }: Session) => steps.map(({ loss, gradientNorm }) => [loss, gradientNorm]);

describe.each(kinds.map((kind) => [`${kind.given.architecture} on ${kind.given.task}`, kind] as const))(
  "a run of %s",
  (_, { given, attention, opens }) => {
    test("is looked at, goes on from its file to the bit, and is exported", async () => {
      expect(settingsProblem(given)).toBeUndefined();
      const request = { settings: given, text: "" };
      const first = await openSession(gpu, request, undefined);
      const before = await first.look();
      expect(before?.look.samples.length).toBeGreaterThan(0);
      expect(before?.look.norms).toHaveLength(first.facts.parts.length);
      expect(before?.look.norms?.every(Number.isFinite)).toBe(true);
      expect(Math.max(...(before?.look.norms ?? []))).toBeGreaterThan(0);
      expect(Math.abs((before?.look.loss ?? 0) / first.facts.baselines.uniform - 1)).toBeLessThan(0.3);
      expect(
        before?.attention.map(({ of, tokens, columns = tokens }) => `${of} ${tokens.length}×${columns.length}`),
      ).toEqual(attention);
      for (const { tokens, columns = tokens, weights } of before?.attention ?? []) {
        const sums = Array.from({ length: weights.length / columns.length }, (_, row) =>
          weights.subarray(row * columns.length, (row + 1) * columns.length).reduce((a, b) => a + b, 0),
        );
        for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-5);
      }
      const measured = await first.advance(1);
      expect(measured.measured?.ratios).toHaveLength(first.facts.parts.length);
      await first.advance(2);
      const [file, { looks }] = [await first.saved(), first.history];
      await first.advance(3);
      const read = await readRun(file);
      expect(read.settings).toEqual(given);
      const again = await openSession(gpu, request, read);
      expect(again.history.attention).toEqual(first.history.attention);
      expect(again.history.looks).toEqual(looks);
      await again.advance(3);
      expect(losses(again)).toEqual(losses(first));
      const { files } = await again.exported();
      expect(await files["model.safetensors"]?.bytes()).toEqual(
        await (await first.exported()).files["model.safetensors"]?.bytes(),
      );
      await opens(openFiles(files), first);
      again.dispose();
      first.dispose();
    });
  },
);

test("every task offers a kind that the page has, and no other is taken", () => {
  for (const task of taskNames) {
    expect(Object.keys(offeredBy(task)), task).toContain(standardArchitecture(task));
    expect(settingsProblem(settingsFor(task)), task).toBeUndefined();
    const other = (Object.keys(architectures) as Settings["architecture"][]).find((name) => !(name in offeredBy(task)));
    if (other && !taskOf(task).adapts) {
      expect(settingsProblem(settingsFor(task, { architecture: other }))).toBe(
        `The task ${task} has no model of the kind ${other}.`,
      );
    }
  }
  expect(settingsProblem(settingsFor("reverse", { architecture: "gru", recompute: "layers" }))).toBe(
    "A model without layers computes nothing again: what gradients read is kept.",
  );
});
