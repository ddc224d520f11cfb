import { Command, Option } from "commander";
import { FormatError } from "../../formats/format-error.ts";
import { openModel as openSource } from "../../formats/hub.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import { initialisers } from "../../train/initialisers/schemes.ts";
import { recomputes } from "../../train/objectives/objective.ts";
import { ignored, type TokenBatch } from "../../train/objectives/token-batches.ts";
import { optimizers } from "../../train/optimizers/optimizers.ts";
import { schedules } from "../../train/schedules.ts";
import { Trainer } from "../../train/trainer/trainer.ts";
import { count, positive } from "../arguments.ts";
import { addDeviceOptions } from "../model/model-options.ts";
import { openDevice } from "../model/open-device.ts";
import { print, printJson, say } from "../output.ts";
import { readTextFile } from "../read-text.ts";
import { quantity } from "../units.ts";
import { addLoraOptions, openModelToTrain } from "./lora.ts";
import { objectiveHelp, objectiveOf } from "./objectives/objectives.ts";
import { checkOut, writeModel } from "./out.ts";
import { stepLine } from "./report.ts";
import { recordedRun } from "./run.ts";
import {
  betas,
  checkSettings,
  clipOf,
  dropoutRate,
  learningRateOf,
  notNegative,
  objectiveNames,
  optimizerOptions,
  positiveNumber,
  properShare,
  type RunSettings,
  settingNames,
  type TrainFlags,
  weightsOf,
} from "./settings.ts";

/** Options for documents that do not apply to given batches. */
const ofDocuments = [
  ...[
    "objective",
    "config",
    "tokenizer",
    "vocabulary",
    "initialiser",
    "data",
    "weights",
    "val",
    "heldOut",
    "order",
    "packing",
  ],
  ...[
    "epochs",
    "width",
    "window",
    "negatives",
    "accumulate",
    "evalEvery",
    "keepBest",
    "dropout",
    "attentionDropout",
    "chatTemplate",
    "resume",
  ],
];

/** `shaderformer train`: steps of an optimizer on documents, or on given batches. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description(
      "Train a model, an existing or a fresh one, by one of the objectives below. Gradients are computed on the GPU; " +
        "weights are f32 while they change.",
    )
    .usage("[--objective <name>] (--model <model> | --config <file>) --data <file...> [--out <folder>] [options]")
    .addHelpText(
      "after",
      () => `\nObjectives, the lines of their --data, and the models that they fit:\n${objectiveHelp()}`,
    )
    .optionsGroup("Model:")
    .option("-m, --model <model>", "a folder with f32, f16 or bf16 weights, the URL of one, or a repository")
    .addOption(new Option("--config <file>", "a fresh model with this config.json").conflicts("model"))
    .addOption(
      new Option(
        "--tokenizer <file>",
        "with --config: tokenizer.json, or its folder (default: learnt from --data)",
      ).conflicts("model"),
    )
    .addOption(
      new Option("--vocabulary <n>", "with --config: tokens of the learnt tokenizer (default: the config's)")
        .argParser(positive)
        .conflicts(["model", "tokenizer"]),
    )
    .addOption(
      new Option("--initialiser <name>", "with --config: how weights are drawn (default: by the kind of model)")
        .choices(Object.keys(initialisers))
        .conflicts("model"),
    )
    .addOption(
      new Option("--objective <name>", "what it learns, see below (default: the first that fits the model)").choices(
        objectiveNames,
      ),
    )
    .optionsGroup("Data:")
    .option(
      "--data <file...>",
      "for next-token and masked, texts with lines <|endoftext|> between documents, JSONL of texts, token ids or " +
        "conversations, or token ids (.json, .bin); for others see below",
    )
    .option("--chat-template <file>", "template of conversations, in place of the model's own")
    .option(
      "--weights <list>",
      "how often rows are drawn from each file of --data: 3,1 (default: by their tokens)",
      weightsOf,
    )
    .option("--val <file...>", "data to evaluate on")
    .addOption(
      new Option("--held-out <share>", "share of the data to evaluate on").argParser(properShare).conflicts("val"),
    )
    .addOption(
      new Option("--order <order>", "order of rows: drawn at random, or epochs, each row once")
        .choices(["random", "epochs"])
        .default("random"),
    )
    .addOption(
      new Option("--packing <way>", "rows cross documents, or contain whole ones")
        .choices(["windows", "documents"])
        .default("windows"),
    )
    .addOption(
      new Option(
        "--batches <file>",
        'in place of --data, one step each: {"batches": [{"inputs": [[id, …], …], "targets": [[id or -100, …], …]}, …]}',
      ).conflicts(ofDocuments),
    )
    .optionsGroup("Run:")
    .option("--steps <n>", "steps of the whole run", positive, 1000)
    .addOption(
      new Option("--batch <n>", "rows per step or micro-batch")
        .argParser(positive)
        .default(8, "8; bag 32; skip-gram by the size of the data"),
    )
    .option("--context <n>", "tokens of a row (default: the model's context, at most 256)", positive)
    .option("--accumulate <n>", "micro-batches per step, whose gradients are added", positive, 1)
    .option("--seed <n>", "seed of fresh weights, of the order of the data and of dropout", count, 0)
    .option("--eval-every <n>", "steps between losses on held-out data (default: at the end)", positive)
    .option("--keep-best", "write the model with the lowest loss on held-out data, not the last one")
    .option("--save-every <n>", "steps between checkpoints, with --out", positive, 500)
    .option("--resume", "resume from the checkpoint in --out, with its settings unless others are given")
    .addOption(
      new Option("--recompute <what>", "recompute this of each layer for its gradients, to save memory")
        .choices(recomputes)
        .default("nothing"),
    )
    .option("--dropout <share>", "share of what embeddings and layers add that each step drops", dropoutRate, 0)
    .option("--attention-dropout <share>", "share of attention's weights that each step drops", dropoutRate, 0)
    .optionsGroup("Word vectors (skip-gram; --width for bag, too):")
    .addOption(
      new Option(
        "--width <n>",
        "width of a word's vector (default: 32; of a bag, a score for each label in place of a vector)",
      )
        .argParser(positive)
        .conflicts(["model", "config"]),
    )
    .option("--window <n>", "words before and after a word that are near it (default: 5)", positive)
    .option("--negatives <n>", "words drawn for each near one (default: 5)", positive)
    .option("--epochs <n>", "in place of --steps: passes over all pairs of near words (default: 5)", positive)
    .optionsGroup("Optimizer:")
    .addOption(
      new Option("--optimizer <name>", "how weights are updated").choices(Object.keys(optimizers)).default("adamw"),
    )
    .addOption(
      new Option("--lr <rate>", "largest learning rate; near 0.02 for muon, near 1e-4 for lion")
        .argParser(positiveNumber)
        .default(
          1e-3,
          "0.001; 0.0001 for labels, pairs and contrastive with --model; 0.03 for bag, 0.02 for skip-gram",
        ),
    )
    .addOption(
      new Option("--schedule <name>", "schedule of the learning rate")
        .choices(Object.keys(schedules))
        .default("constant", "constant; skip-gram linear"),
    )
    .option("--warmup <n>", "steps in which the rate grows to --lr", count, 0)
    .option(
      "--betas <a,b>",
      "decay rates of the means of gradients and of their squares (default for adamw: 0.9,0.95)",
      betas,
    )
    .option("--eps <x>", "added to the root of the mean square (default for adamw: 1e-8)", notNegative)
    .option(
      "--weight-decay <x>",
      "decay of tensors of two or more dimensions (default for adamw: 0.1; skip-gram 0.05)",
      notNegative,
    )
    .option("--clip <norm>", "largest norm of all gradients together; 0: none", notNegative, 1)
    .option(
      "--ema <share>",
      "write and evaluate an exponential mean of the weights with this decay: 0.999",
      properShare,
    )
    .option("--router-loss <x>", "for mixtures: coefficient of the routers' load-balancing loss", notNegative, 0);
  return addDeviceOptions(addLoraOptions(command))
    .optionsGroup("Output:")
    .option("-o, --out <folder>", "write the trained model as a folder of Hugging Face's files, f32")
    .option("--force", "overwrite an existing folder")
    .option("--json", "print a line of JSON for each step and each evaluation, and nothing else")
    .action(train);
}

async function train(flags: TrainFlags, command: Command): Promise<void> {
  const { batches, model, out, resume = false } = flags;
  if (batches !== undefined) {
    if (model === undefined) throw new Error("--batches: expected --model, the model to train");
    return await trainOnBatches(flags, batches, model);
  }
  const resumed = resume ? out : undefined;
  const recorded: Partial<RunSettings> = resumed === undefined ? {} : (await recordedRun(resumed)).settings;
  const isGiven = (name: keyof RunSettings) => command.getOptionValueSource(name) === "cli";
  const settings = settingsOf(flags, recorded, isGiven);
  checkSettings(flags, settings);
  const { objective, opened } = await objectiveOf(settings, isGiven, resumed);
  const own = objective.defaults?.(settings) ?? {};
  const whole = { objective: objective.name, ...settingsOf(flags, { ...own, ...recorded }, isGiven) };
  objective.check?.(whole);
  const isChosen = (name: keyof RunSettings) => isGiven(name) || recorded[name] !== undefined;
  await objective.train(flags, whole, { opened, isChosen });
}

/** The settings of a run: given ones, then those of the resumed run or of the objective, then the defaults. */
function settingsOf(
  flags: TrainFlags,
  recorded: Partial<RunSettings>,
  isGiven: (name: keyof RunSettings) => boolean,
): RunSettings {
  const chosen = settingNames.map((name) => {
    return [name, isGiven(name) || recorded[name] === undefined ? flags[name] : recorded[name]];
  });
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}

/** `train --batches`: a step for each batch of tokens of a file, in its order. */
async function trainOnBatches(flags: TrainFlags, file: string, model: string): Promise<void> {
  const { out, force = false, json = false } = flags;
  if (model === "") throw new Error("--model: the name of the folder is empty");
  const optimizer = optimizerOptions(flags);
  if (out !== undefined) await checkOut(out, { force });
  const text = await readTextFile(file);
  const source = await openSource(model, { onWarning: say });
  using gpu = await openDevice(flags);
  const trainable = await openModelToTrain(gpu, source, flags, json);
  const { decoder, objective, parameters } = trainable;
  const { vocabulary, context } = decoder.config;
  const batches = readBatches(file, text, { vocabulary, context });
  const trainer = new Trainer(objective, parameters, {
    optimizer,
    clip: clipOf(flags),
    schedule: learningRateOf(flags, batches.length),
    recompute: flags.recompute,
    routers: { balance: flags.routerLoss },
    ema: flags.ema,
  });
  const writing = out === undefined ? undefined : await trainable.writing(trainer.averaged);
  const start = performance.now();
  let tokens = 0;
  for (const batch of batches) {
    const found = await trainer.step(batch);
    const { step, loss, gradientNorm } = found;
    tokens += batch.ids.length * (batch.ids[0]?.length ?? 0);
    if (json) await printJson(stepLine(found));
    else await print(`step ${step}  loss ${loss.toFixed(4)}  norm ${gradientNorm.toFixed(3)}\n`);
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      const kept = out === undefined ? "" : `; ${out} is not written`;
      throw new Error(
        `step ${step}: the loss is ${loss} and the norm of the gradients ${gradientNorm}: the learning rate may be too ` +
          `high${kept}`,
      );
    }
  }
  const seconds = (performance.now() - start) / 1000;
  if (!json) {
    const count = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    const rate = `${Math.round(tokens / seconds)} tokens/s`;
    say(`${gpu.adapter.label} · ${quantity(count, "")} parameters · ${batches.length} steps · ${rate}`);
  }
  if (out !== undefined && writing) await writeModel(out, writing, json);
  trainer.dispose();
  trainable.dispose();
}

/** Limits of token ids. */
interface BatchLimits {
  readonly vocabulary: number;
  /** Maximum tokens of a sequence. */
  readonly context: number;
}

/**
 * Reads batches of a JSON text, `{"batches": [{"inputs": [[id, …], …], "targets": [[id or -100, …], …]}, …]}`.
 *
 * @throws FormatError, with the batch and the field, for other texts, ids outside the vocabulary, sequences of unequal
 * length or longer than the context, and a batch without a target that counts.
 */
function readBatches(file: string, text: string, { vocabulary, context }: BatchLimits): TokenBatch[] {
  const given: unknown = parseJson(file, text);
  const batches = isRecord(given) ? given["batches"] : undefined;
  if (!Array.isArray(batches) || batches.length === 0) {
    throw new FormatError(file, "is no list of batches, expected at least one", { field: "batches" });
  }
  return batches.map((batch: unknown, at): TokenBatch => {
    const field = `batches[${at}]`;
    const fail = (name: string, problem: string): never => {
      throw new FormatError(file, problem, { field: `${field}.${name}` });
    };
    const rows = (name: "inputs" | "targets", isToken: (value: unknown) => boolean, expected: string): number[][] => {
      const value = isRecord(batch) ? batch[name] : undefined;
      if (!Array.isArray(value) || value.length === 0) return fail(name, "is no list of sequences");
      return value.map((row: unknown, i) => {
        if (!Array.isArray(row) || row.length === 0) return fail(`${name}[${i}]`, "is no list of token ids");
        const wrong = row.findIndex((token) => !isToken(token));
        if (wrong < 0) return row as number[];
        return fail(`${name}[${i}][${wrong}]`, `is ${JSON.stringify(row[wrong])}, expected ${expected}`);
      });
    };
    const isId = (value: unknown) =>
      Number.isInteger(value) && (value as number) >= 0 && (value as number) < vocabulary;
    const ids = rows("inputs", isId, `a token id below ${vocabulary}`);
    const targets = rows(
      "targets",
      (value) => value === ignored || isId(value),
      `a token id below ${vocabulary} or -100`,
    );
    const length = ids[0]?.length ?? 0;
    if (length > context) fail("inputs[0]", `has ${length} tokens, expected at most ${context}, the model's context`);
    const other = ids.findIndex((row) => row.length !== length);
    if (other > 0) fail(`inputs[${other}]`, `has ${ids[other]?.length} tokens, expected ${length} (from inputs[0])`);
    if (targets.length !== ids.length) fail("targets", `has ${targets.length} sequences, inputs ${ids.length}`);
    const unequal = targets.findIndex((row) => row.length !== length);
    if (unequal >= 0) fail(`targets[${unequal}]`, `has ${targets[unequal]?.length} tokens, expected ${length}`);
    if (targets.every((row) => row.every((token) => token === ignored))) fail("targets", "are all -100");
    return { ids, targets };
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
