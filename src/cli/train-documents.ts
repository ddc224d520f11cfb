import { rm } from "node:fs/promises";
import { join } from "node:path";
import { keepDevice } from "../engine/recovery.ts";
import { readText } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { readModelFolder } from "../generate/model-folder.ts";
import { GpuError } from "../gpu/errors.ts";
import { assertDecoder } from "../train/assert-decoder.ts";
import { assertSameModel } from "../train/checkpoints/training-checkpoint.ts";
import { readAnswerTemplate } from "../train/data/answer-tokens.ts";
import { allWindows, type RowOrder, randomWindows, shuffledEpochs } from "../train/data/rows.ts";
import { joinTokens, type TokenDocuments } from "../train/data/tokens.ts";
import { makeInterrupt } from "./interrupt.ts";
import { openDevice } from "./open-device.ts";
import { say } from "./output.ts";
import { readTextFile } from "./read-text.ts";
import { fill, lineColumns } from "./terminal.ts";
import { readDocumentFiles, tokeniseAll } from "./train-data.ts";
import { checkRunDigests, runDigests } from "./train-digests.ts";
import { checkOut, writeSmallFiles } from "./train-out.ts";
import { duration, trainReport } from "./train-report.ts";
import { checkpointFile, type Outcome, type Run, type RunState, recordedRun, runOn } from "./train-run.ts";
import { optimizerOptions, type RunSettings, type TrainFlags } from "./train-settings.ts";
import { trainedSource, withChatTemplate } from "./train-source.ts";
import { measured, quantity } from "./units.ts";

/** Losses of the device in a row, without a step between them, after which a run ends. */
const mostLosses = 3;
/** Default for models with a longer context. */
const usualContext = 256;

function orderOf(
  files: readonly TokenDocuments[],
  { order, packing, seed, weights }: RunSettings,
  context: number,
): RowOrder {
  if (order === "epochs") return shuffledEpochs(joinTokens(files), { context, seed, packing });
  if (weights === undefined) return randomWindows([{ ...joinTokens(files), weight: 1 }], { context, seed });
  const weighted = files.map((documents, i) => ({ ...documents, weight: weights[i] as number }));
  return randomWindows(weighted, { context, seed });
}

function checkSettings(settings: RunSettings): readonly string[] {
  const { data, evalEvery, keepBest, val, heldOut, order, packing, weights } = settings;
  optimizerOptions(settings); // what it has not is said before anything is read
  if (data === undefined) throw new Error("train: expected --data or --batches");
  if (evalEvery !== undefined && val === undefined && heldOut === undefined) {
    throw new Error("--eval-every: expected --val FILE or --held-out SHARE, the data to evaluate on");
  }
  if (keepBest && evalEvery === undefined) {
    throw new Error("--keep-best: expected --eval-every N, after which steps losses are compared");
  }
  if (packing === "documents" && order !== "epochs") throw new Error("--packing documents: expected --order epochs");
  if (weights !== undefined && weights.length !== data.length) {
    throw new Error(`--weights: has ${weights.length} numbers, expected ${data.length}, one for each file of --data`);
  }
  if (weights !== undefined && order !== "random") throw new Error("--weights: expected --order random");
  return data;
}

/** `train --data`: steps on documents. */
export async function trainOnDocuments(flags: TrainFlags, settings: RunSettings): Promise<void> {
  const { out, resume = false, force = false, json = false } = flags;
  if (resume && out === undefined) throw new Error("--resume: expected --out, the folder of the run");
  if (settings.keepBest && out === undefined) throw new Error("--keep-best: expected --out, the folder to keep it in");
  if (out !== undefined) await checkOut(out, { force, resume });
  const record = resume && out !== undefined ? await recordedRun(out) : undefined;
  const data = checkSettings(settings);
  const documents = await readDocumentFiles(data, settings);
  const all = documents.training.flat();
  const chats = [...all, ...documents.heldOut].some(({ conversation }) => conversation);
  const texts = () => all.map(({ content }) => content).filter((content) => typeof content === "string");
  const own = await trainedSource(settings, texts, record && out);
  await assertDecoder(own);
  const given = settings.chatTemplate === undefined ? undefined : await readTextFile(settings.chatTemplate);
  const source = given === undefined ? own : withChatTemplate(own, given);
  const { config, tokenizer, weights } = await readModelFolder(source);
  if (record && out !== undefined) assertSameModel(join(out, checkpointFile), record, config);
  const template = chats ? await readAnswerTemplate(source, { chatTemplate: given }) : undefined;
  const context = settings.context ?? Math.min(config.context, usualContext);
  if (context > config.context)
    throw new Error(`--context is ${context}, expected at most ${config.context}, the model's`);
  const tokens = await tokeniseAll(documents, { tokenizer, template, vocabulary: config.vocabulary }, json);
  const { tokens: joined, counts } = joinTokens(tokens.training);
  const { length } = joined;
  if (!json) {
    const held = tokens.heldOut ? `, ${quantity(tokens.heldOut.tokens.length)} held out` : "";
    const count = `${all.length} ${all.length === 1 ? "document" : "documents"}`;
    const answers = counts ? `, ${quantity(counts.reduce((sum, one) => sum + one, 0))} of answers` : "";
    say(`${quantity(length)} tokens of ${count}${answers}${held}`);
  }
  if (length <= context)
    say(
      `warning: the data have ${length} tokens, fewer than a row of ${context}: it is filled up, which does not count`,
    );
  if (tokens.heldOut && tokens.heldOut.tokens.length < 2) {
    throw new Error(
      `${settings.val?.join(", ") ?? "--held-out"}: has fewer than two tokens, so there is nothing to predict`,
    );
  }
  const digests = await runDigests(source, tokens, settings.lora === undefined ? undefined : weights);
  if (record && out !== undefined) checkRunDigests(join(out, checkpointFile), record, digests, settings);
  const order = orderOf(tokens.training, settings, context);
  const heldOut = tokens.heldOut ? allWindows(tokens.heldOut, context) : [];
  if (out !== undefined && !resume) await beginFolder(out, source, settings.lora === undefined);
  using interrupt = makeInterrupt();
  const tokensPerStep = settings.batch * settings.accumulate * context;
  const report = trainReport(settings.steps, tokensPerStep, json);
  const run: Run = { settings, source, order, heldOut, digests, out, json, report, signal: interrupt.signal };
  const begun = record?.step ?? 0;
  const state: RunState = { resume, reported: begun, evaluated: record?.step ?? -1, saved: record?.step };
  const start = performance.now();
  await interrupt.watch();
  const { ended, adapter, parameters } = await overLosses(flags, run, state);
  const seconds = (performance.now() - start) / 1000;
  if (!json) {
    const done = state.reported - begun;
    const rate = `${measured((done * tokensPerStep) / seconds)} tokens/s`;
    const figures = [adapter, `${quantity(parameters)} parameters`, `${done} steps`, duration(seconds), rate];
    say(fill(figures, " · ", lineColumns()));
  }
  if (ended) return;
  const next =
    out === undefined ? "without --out nothing is kept" : `go on with: shaderformer train --out ${out} --resume`;
  say(`interrupted after step ${state.reported}; ${next}`);
}

/** Begins the folder of a run: with the small files of its model, but not of an adapter's, and without a checkpoint. */
async function beginFolder(out: string, source: FileSource, isModel: boolean): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of isModel ? ["config.json", "tokenizer.json", "tokenizer_config.json"] : []) {
    if (await source.has(name)) files[name] = await readText(source, name);
  }
  await writeSmallFiles(out, files);
  await rm(join(out, checkpointFile), { force: true });
}

/** Runs on a device, and on the next one from the last checkpoint where it is lost. */
async function overLosses(flags: TrainFlags, run: Run, state: RunState): Promise<Outcome> {
  const kept = keepDevice(await openDevice(flags), {
    open: () => openDevice(flags),
    restore: async () => {},
    onLost: (message) => {
      run.report.clear();
      say(`${message}; going on from ${state.saved === undefined ? "the beginning" : `step ${state.saved}`}`);
    },
    onRestored: () => {},
  });
  try {
    for (let losses = 0; ; ) {
      const gpu = await kept.ready();
      const before = state.reported;
      try {
        return await runOn(gpu, run, state);
      } catch (error) {
        losses = state.reported > before ? 1 : losses + 1;
        if (!(error instanceof GpuError) || losses === mostLosses || !(await kept.replaced(gpu))) throw error;
      }
    }
  } finally {
    kept.close();
  }
}
