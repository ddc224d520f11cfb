import { rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { keepDevice } from "../../engine/device-recovery.ts";
import { FormatError } from "../../formats/format-error.ts";
import { openModel as openSource } from "../../formats/hub.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import { readText } from "../../formats/read-text.ts";
import type { FileSource, ReadOptions } from "../../formats/source.ts";
import { readModelFolder } from "../../generate/load/model-folder.ts";
import { GpuError } from "../../gpu/errors.ts";
import { trainTokenizer } from "../../train/bpe/train-tokenizer.ts";
import { assertSameModel } from "../../train/checkpoints/training-checkpoint.ts";
import { readAnswerTemplate } from "../../train/data/answer-tokens.ts";
import { allWindows, type RowOrder, randomWindows, shuffledEpochs } from "../../train/data/rows.ts";
import { joinTokens, type TokenDocuments } from "../../train/data/tokens.ts";
import { freshFolder, tokenizerFiles } from "../../train/initialisers/fresh-folder.ts";
import type { Initialiser } from "../../train/initialisers/schemes.ts";
import { assertDecoder } from "../../train/open/open-trainable.ts";
import { makeInterrupt } from "../interrupt.ts";
import { openDevice } from "../model/open-device.ts";
import { say } from "../output.ts";
import { readTextFile } from "../read-text.ts";
import { fill, lineColumns } from "../terminal.ts";
import { measured, quantity } from "../units.ts";
import { readDocumentFiles, tokeniseAll } from "./data.ts";
import { checkRunDigests, runDigests } from "./digests.ts";
import { checkOut, writeSmallFiles } from "./out.ts";
import { duration, trainReport } from "./report.ts";
import { checkpointFile, type Outcome, type Run, type RunState, recordedRun, runOn } from "./run.ts";
import { optimizerOptions, type RunSettings, type TrainFlags } from "./settings.ts";

/** The files of a tokenizer. */
const fileNames = ["tokenizer.json", "tokenizer_config.json"] as const;
type TokenizerFiles = Readonly<Partial<Record<(typeof fileNames)[number], string>>>;

/** The files of the tokenizer in a folder. */
async function filesIn(folder: string): Promise<TokenizerFiles> {
  const there = await Promise.all(
    fileNames.map(async (name) => (await stat(join(folder, name)).catch(() => undefined)) && name),
  );
  const names = there.filter((name) => name !== undefined);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readTextFile(join(folder, name))])),
  );
}

/** A tokenizer's files: from the given `tokenizer.json` or its folder. */
async function givenTokenizer(name: string): Promise<TokenizerFiles> {
  const folder = (await stat(name).catch(() => undefined))?.isDirectory() === true;
  if (folder) return await filesIn(name);
  return { ...(await filesIn(dirname(name))), "tokenizer.json": await readTextFile(name) };
}

/** Tokens of every learnt tokenizer: those of bytes, and the end-of-text token. */
const minTokens = 257;

/** Throws for a vocabulary that is too small to learn, or larger than the model's. */
function checkVocabulary(file: string, vocabulary: number | undefined, rows: number): void {
  if (vocabulary !== undefined && vocabulary < minTokens) {
    throw new Error(`--vocabulary is ${vocabulary}, expected at least ${minTokens}: 256 bytes and <|endoftext|>`);
  }
  const [least, of] =
    vocabulary === undefined
      ? [minTokens, "a tokenizer that is learnt has 256 bytes and <|endoftext|>; --tokenizer names another"]
      : [vocabulary, "from --vocabulary"];
  if (rows < least) {
    throw new FormatError(file, `is ${rows}, expected at least ${least} (${of})`, { field: "vocab_size" });
  }
}

/**
 * The folder of the model to train: the named one, or a fresh one from a config, with a given tokenizer, or one learnt
 * from the texts. A resumed run has both in its folder.
 */
async function trainedSource(
  { model, config, tokenizer, vocabulary, initialiser, seed }: RunSettings,
  texts: () => readonly string[],
  resumed: string | undefined,
): Promise<FileSource> {
  if (model !== undefined) {
    if (model === "") throw new Error("--model: the name of the folder is empty");
    return await openSource(model, { onWarning: say });
  }
  if (config === undefined) throw new Error("train: expected --model, a model to go on with, or --config, a fresh one");
  const file = resumed === undefined ? config : join(resumed, "config.json");
  const parsed = parseJson(file, await readTextFile(file)) as Readonly<Record<string, unknown>>;
  const rows = Number(parsed["vocab_size"]);
  const learn = () => {
    const given = texts();
    // Without texts there is nothing to learn or encode; the reader of rows reports their errors.
    if (given.length === 0 || !Number.isSafeInteger(rows)) return {};
    checkVocabulary(file, vocabulary, rows);
    return tokenizerFiles(trainTokenizer(given, { vocabulary: vocabulary ?? rows }));
  };
  const files =
    resumed !== undefined
      ? await filesIn(resumed)
      : tokenizer === undefined
        ? learn()
        : await givenTokenizer(tokenizer);
  return freshFolder(parsed, { seed, files, initialiser: initialiser as Initialiser | undefined });
}

/** A source with this chat template replacing its own. */
function withChatTemplate(source: FileSource, template: string): FileSource {
  const name = "chat_template.jinja";
  const bytes = new TextEncoder().encode(template);
  const { readWhole } = source;
  return {
    ...source,
    has: async (file, options) => file === name || (await source.has(file, options)),
    size: async (file, options) => (file === name ? bytes.length : await source.size(file, options)),
    read: async (file, begin, end, options) =>
      file === name ? bytes.slice(begin, end) : await source.read(file, begin, end, options),
    ...(readWhole && {
      readWhole: async (file: string, limit: number, options?: ReadOptions) =>
        file === name ? bytes.slice() : await readWhole(file, limit, options),
    }),
  };
}

/** Device losses in a row, without a step in between, after which a run ends. */
const maxLosses = 3;
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
  optimizerOptions(settings); // unsupported settings are reported before anything is read
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

/** Starts the folder of a run: with the small files of its model, but not of an adapter's, and without a checkpoint. */
async function beginFolder(out: string, source: FileSource, isModel: boolean): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of isModel ? ["config.json", "tokenizer.json", "tokenizer_config.json"] : []) {
    if (await source.has(name)) files[name] = await readText(source, name);
  }
  await writeSmallFiles(out, files);
  await rm(join(out, checkpointFile), { force: true });
}

/** Runs on a device and, if it is lost, on the next one from the last checkpoint. */
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
        if (!(error instanceof GpuError) || losses === maxLosses || !(await kept.replaced(gpu))) throw error;
      }
    }
  } finally {
    kept.close();
  }
}
