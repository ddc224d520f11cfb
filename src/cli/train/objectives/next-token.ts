import { withFiles } from "../../../formats/with-files.ts";
import { readModelFolder } from "../../../generate/load/model-folder.ts";
import { readAnswerTemplate } from "../../../train/data/answer-tokens.ts";
import { batchesAt, batchOf, filledBatches, uncountedRow } from "../../../train/data/batches.ts";
import { readTextFile } from "../../read-text.ts";
import type { Documents } from "../data.ts";
import { openModelToTrain } from "../lora.ts";
import { trainedSource } from "../source.ts";
import {
  checkDocumentSettings,
  contextOf,
  documentRows,
  documentSettings,
  readRunDocuments,
  textsOf,
} from "./documents.ts";
import { type CliObjective, learner } from "./objective.ts";

/** A decoder learns each token from those before it. */
export const nextToken: CliObjective<Documents> = {
  name: "next-token",
  says: "each token of a text from those before it",
  kinds: ["decoder"],
  takes: [...documentSettings, "chatTemplate", "lora", "loraAlpha", "loraTargets", "rslora", "routerLoss"],
  check: checkDocumentSettings,
  read: readRunDocuments,
  source: async (given) => {
    const own = await trainedSource(given, () => textsOf(given.data));
    const { chatTemplate } = given.settings;
    return chatTemplate === undefined
      ? own
      : withFiles(own, { "chat_template.jinja": await readTextFile(chatTemplate) });
  },
  prepare: async (source, given) => {
    const { settings, data } = given;
    const { batch, accumulate } = settings;
    const { config, tokenizer, weights } = await readModelFolder(source);
    const hasChats = [...data.training.flat(), ...data.heldOut].some(({ conversation }) => conversation);
    const { chatTemplate: file } = settings;
    const chatTemplate = file === undefined ? undefined : await readTextFile(file);
    const template = hasChats ? await readAnswerTemplate(source, { chatTemplate }) : undefined;
    const context = contextOf(settings, config.context);
    const { order, heldOut, ...rows } = await documentRows(
      given,
      { tokenizer, template, vocabulary: config.vocabulary },
      context,
    );
    const batches = {
      at: (position: number) => batchesAt(order, position, { batch, accumulate }),
      heldOut: filledBatches(heldOut, batch, uncountedRow).map(batchOf),
    };
    return {
      ...rows,
      adapted: settings.lora === undefined ? undefined : weights,
      model: config,
      perStep: batch * accumulate * context,
      units: "tokens",
      chance: Math.log(config.vocabulary),
      open: async (gpu, quiet) => learner(await openModelToTrain(gpu, source, settings, quiet), batches),
    };
  },
};
