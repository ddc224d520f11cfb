// Shared by models of pairs, which read a source and generate a target.

import type { Tensor } from "../../../../src/tensor/tensor.ts";
import type { PairBatch } from "../../../../src/train/objectives/pair-batch.ts";
import type { TrainableModel } from "../../../../src/train/open/open-trainable.ts";
import { idsOf } from "../../setup/folder.ts";
import { pairTokens } from "../../setup/pair-folders.ts";
import type { Example, Examples } from "../../tasks/task.ts";
import type { Attention } from "../history.ts";
import type { Run, Submits } from "../running.ts";
import type { Learner, Looking } from "./kind.ts";
import { decodedLength, sayingOf, shownOf } from "./saying.ts";
import { scoringOf } from "./scoring.ts";

/** The target of a prediction that does not count. */
const ignored = -100;

/** The tokens of the last run: the source, the decoder's inputs, and its predictions after each. */
export interface PairTexts {
  readonly source: readonly string[];
  readonly read: readonly string[];
  readonly said: readonly string[];
}

/** A model of pairs. */
export interface PairModel {
  readonly examples: Examples;
  readonly model: TrainableModel<PairBatch>;
  readonly layers: number;
  readonly heads: number;
  readonly partOf: (parameter: string) => string;
  /** The values of a run needed for pictures of attention, and the pictures. */
  readonly taps: (name: string) => boolean;
  readonly attention: (run: Run<Tensor>, texts: PairTexts) => Promise<readonly Omit<Attention, "step">[]>;
}

/** A model of pairs that learns examples, without its files. */
export function pairLearner(given: PairModel): Omit<Learner<PairBatch>, "files" | "whole"> {
  const { examples, model, layers, heads, partOf } = given;
  const { promptLength, answerLength } = examples;
  return {
    examples,
    model,
    layers,
    heads,
    partOf,
    context: promptLength + answerLength,
    classes: pairTokens(examples).vocabulary,
    batchOf: batchesOf(examples),
    looking: async (heldOut, submits) => lookingAt(given, heldOut, submits),
  };
}

/** Makes batches of examples: a prompt is a source, its answer the target. */
function batchesOf(examples: Examples): (given: readonly Example[]) => PairBatch {
  const known = idsOf(examples.alphabet);
  const { start } = pairTokens(examples);
  const read = (text: string) => Array.from(text, (character) => known.get(character) ?? 0);
  const rowOf = (from: readonly number[], filling: number) =>
    Array.from({ length: examples.answerLength }, (_, i) => from[i] ?? filling);
  return (given) => {
    const answers = given.map(({ answer }) => read(answer));
    return {
      sources: given.map(({ prompt }) => read(prompt)),
      ids: answers.map((answer) => rowOf([start, ...answer], start)),
      targets: answers.map((answer) => rowOf(answer, ignored)),
    };
  };
}

function lookingAt(given: PairModel, heldOut: readonly Example[], submits: Submits): Looking {
  const { examples, model, taps, attention } = given;
  const { start, vocabulary: classes } = pairTokens(examples);
  const sayable = start; // it is the last one, and never generated
  const shown = shownOf(examples, heldOut);
  const length = decodedLength(examples);
  const batch = batchesOf(examples)(heldOut);
  const by = examples.scored === "exact" ? "rows" : "targets";
  const scoring = scoringOf(model.objective, { batch, rows: heldOut.length, by, classes, sayable }, submits);
  const saying = sayingOf(
    model.objective,
    examples,
    shown,
    {
      batchOf: (prompts, said) => {
        const ids = said.map((row) => Array.from({ length }, (_, i) => [start, ...row][i] ?? start));
        return { sources: prompts, ids, targets: ids.map((row) => row.map(() => ignored)) };
      },
      rowOf: (example, said) => example * length + said,
      classes,
      sayable,
    },
    submits,
    taps,
  );
  return {
    score: async () => {
      const { loss, accuracy } = await scoring.score();
      return { loss, accuracy };
    },
    samples: async () => {
      const { samples, prompt: source, answer: said, run } = await saying.said();
      const read = ["→", ...said].slice(0, Math.max(1, said.length));
      // An immediately ended answer still has a row.
      return { samples, attention: await attention(run, { source, read, said: said.length > 0 ? said : [""] }) };
    },
    dispose: () => {
      scoring.dispose();
      saying.dispose();
    },
  };
}
