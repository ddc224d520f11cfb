import type { FileSource } from "../../../../src/formats/source.ts";
import { freshFolder } from "../../../../src/train/initialisers/fresh-folder.ts";
import type { TokenBatch } from "../../../../src/train/objectives/token-batches.ts";
import { openTrainable, type Trainable } from "../../../../src/train/open/open-trainable.ts";
import { configOf, smallFilesOf } from "../../setup/folder.ts";
import type { Settings } from "../../setup/settings.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import { taskOf } from "../../tasks/tasks.ts";
import { batchesOf } from "../batches.ts";
import { routersOf, tapOf, useByKind } from "../expert-use.ts";
import type { Submits } from "../running.ts";
import { attentionWeights } from "./attention.ts";
import { type Kind, type Learner, type Looking, newFiles } from "./kind.ts";
import { decodedLength, sayingOf, shownOf } from "./saying.ts";
import { scoringOf } from "./scoring.ts";

/** The folder of an untrained decoder. */
function freshDecoder(settings: Settings, examples: Examples): FileSource {
  const { architecture, seed } = settings;
  const initialiser = architecture === "gpt2" ? "nanogpt" : "llama";
  return freshFolder(configOf(settings, examples), { initialiser, seed, files: smallFilesOf(examples) });
}

const quiet = { onWarning: () => undefined };

/** Decoders: the answer continues the prompt. */
export const decoderKind: Kind<TokenBatch> = async (gpu, { settings, text }) => {
  const examples = taskOf(settings.task).examples(settings.length, text);
  const trainable = await openTrainable(gpu, freshDecoder(settings, examples), quiet);
  return { ...decoderLearner(trainable, examples), ...newFiles(trainable) };
};

/** A decoder that learns examples, without its files. */
export function decoderLearner(trainable: Trainable, examples: Examples): Omit<Learner<TokenBatch>, "files" | "whole"> {
  const { decoder } = trainable;
  const { of, context } = batchesOf(examples);
  const { layers, heads, vocabulary } = decoder.config;
  return {
    examples,
    model: trainable,
    layers,
    heads,
    context,
    classes: vocabulary,
    routers: routersOf(decoder, examples),
    batchOf: (given) => of(given),
    partOf: (name) => {
      const layer = /(?:^|\.)(?:h|layers)\.(\d+)\./.exec(name)?.[1];
      if (layer !== undefined) return `layer ${layer}`;
      return /wte|wpe|embed/.test(name) ? "embeddings" : "last norm";
    },
    looking: (heldOut, submits) => lookingAt(trainable, examples, heldOut, submits),
  };
}

/** Prepares evaluations of a decoder. */
async function lookingAt(
  { decoder, objective }: Trainable,
  examples: Examples,
  heldOut: readonly Example[],
  submits: Submits,
): Promise<Looking> {
  const { promptLength, scored } = examples;
  const { of, context } = batchesOf(examples);
  const { vocabulary, layers, heads, kvHeads, headWidth } = decoder.config;
  const shown = shownOf(examples, heldOut);
  const saidContext = promptLength + decodedLength(examples) - 1;
  const routers = routersOf(decoder, examples);
  const chosen = new Set(routers?.layers.map(tapOf));
  const scoring = scoringOf(
    objective,
    {
      batch: of(heldOut),
      ...(scored === "exact" ? { answers: of(heldOut, true), by: "rows" } : { by: "targets" }),
      rows: heldOut.length,
      classes: vocabulary,
    },
    submits,
    (name) => chosen.has(name),
  );
  const saying = sayingOf(
    objective,
    examples,
    shown,
    {
      batchOf: (prompts, said) => {
        // Earlier positions do not see later ones.
        const ids = prompts.map((prompt, r) => {
          const row = [...prompt, ...(said[r] ?? [])];
          return Array.from({ length: saidContext }, (_, i) => row[i] ?? 0);
        });
        return { ids, targets: ids.map((row) => row.map(() => -100)) };
      },
      rowOf: (example, said) => example * saidContext + (shown[example]?.prompt.length ?? 0) + said - 1,
      classes: vocabulary,
    },
    submits,
    (name) => /^layer\.\d+\.attention\.[qk]$/.test(name),
  );
  return {
    score: async () => {
      const { loss, accuracy, run } = await scoring.score();
      if (!routers) return { loss, accuracy };
      const use = await useByKind(routers, examples, [heldOut, context], (layer) => run.tapped(tapOf(layer)));
      return { loss, accuracy, use };
    },
    samples: async () => {
      const { samples, prompt, answer, run } = await saying.said();
      // Without the last one, which was generated but never read.
      const tokens = [...prompt, ...answer].slice(0, prompt.length + decodedLength(examples) - 1);
      const weights = await attentionWeights({
        layers,
        heads,
        kvHeads,
        headWidth,
        rows: tokens.length,
        columns: tokens.length,
        causal: true,
        tapped: (layer) =>
          Promise.all([run.tapped(`layer.${layer}.attention.q`), run.tapped(`layer.${layer}.attention.k`)]),
      });
      return { samples, attention: [{ tokens, weights }] };
    },
    dispose: () => {
      scoring.dispose();
      saying.dispose();
    },
  };
}
