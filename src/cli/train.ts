import { Command, Option } from "commander";
import { initialisers } from "../train/initialisers/schemes.ts";
import { recomputes } from "../train/objectives/objective.ts";
import { optimisers } from "../train/optimisers/optimisers.ts";
import { schedules } from "../train/schedules.ts";
import { count, positive } from "./arguments.ts";
import { addDeviceOptions } from "./model-options.ts";
import { settingNames } from "./recorded-settings.ts";
import { trainOnBatches } from "./train-batches.ts";
import { trainOnDocuments } from "./train-documents.ts";
import { addLoraOptions } from "./train-lora.ts";
import { recordedRun } from "./train-run.ts";
import {
  betas,
  dropoutRate,
  notNegative,
  positiveNumber,
  properShare,
  type RunSettings,
  type TrainFlags,
  weightsOf,
} from "./train-settings.ts";

/** Options of training on documents that mean nothing for given batches. */
const ofDocuments = [
  ...["config", "tokenizer", "vocabulary", "initialiser", "data", "weights", "val", "heldOut", "order", "packing"],
  ...["accumulate", "evalEvery", "keepBest", "dropout", "attentionDropout", "chatTemplate", "resume"],
];

/** `shaderformer train`: steps of an optimiser on documents, or on given batches. */
export function trainCommand(): Command {
  const command = new Command("train")
    .usage("(--model <model> | --config <file>) --data <file...> [--out <folder>] [options]")
    .description(
      "Train a decoder, one that is there or a fresh one, on documents. Gradients are computed on the GPU; weights are f32 " +
        "while they change.",
    )
    .optionsGroup("Model:")
    .option("-m, --model <model>", "a folder with f32, f16 or bf16 weights, the URL of one, or a repository")
    .addOption(new Option("--config <file>", "a fresh model of this config.json").conflicts("model"))
    .addOption(
      new Option(
        "--tokenizer <file>",
        "with --config: tokenizer.json, or its folder (default: learnt from --data)",
      ).conflicts("model"),
    )
    .addOption(
      new Option("--vocabulary <n>", "with --config: tokens of the tokenizer that is learnt (default: the config's)")
        .argParser(positive)
        .conflicts(["model", "tokenizer"]),
    )
    .addOption(
      new Option("--initialiser <name>", "with --config: how weights begin (default: gpt2 for GPT-1 and 2, else llama)")
        .choices(Object.keys(initialisers))
        .conflicts("model"),
    )
    .optionsGroup("Data:")
    .option(
      "--data <file...>",
      "texts with lines <|endoftext|> between documents, JSONL of texts, token ids or conversations, or token ids (.json, .bin)",
    )
    .option("--chat-template <file>", "of conversations, in place of the model's own")
    .option(
      "--weights <list>",
      "how often rows are drawn of each file of --data: 3,1 (default: by their tokens)",
      weightsOf,
    )
    .option("--val <file...>", "documents to evaluate on")
    .addOption(
      new Option("--held-out <share>", "share of the documents to evaluate on").argParser(properShare).conflicts("val"),
    )
    .addOption(
      new Option("--order <order>", "of rows: drawn at random, or epochs, each row once")
        .choices(["random", "epochs"])
        .default("random"),
    )
    .addOption(
      new Option("--packing <way>", "rows cross documents, or hold whole ones")
        .choices(["windows", "documents"])
        .default("windows"),
    )
    .addOption(
      new Option(
        "--batches <file>",
        'in place of --data, a step each: {"batches": [{"inputs": [[id, …], …], "targets": [[id or -100, …], …]}, …]}',
      ).conflicts(ofDocuments),
    )
    .optionsGroup("Run:")
    .option("--steps <n>", "steps of the whole run", positive, 1000)
    .option("--batch <n>", "rows a step, or a micro-batch", positive, 8)
    .option("--context <n>", "tokens of a row (default: the model's context, at most 256)", positive)
    .option("--accumulate <n>", "micro-batches a step, whose gradients are added", positive, 1)
    .option("--seed <n>", "of fresh weights, of the order of the data and of dropout", count, 0)
    .option("--eval-every <n>", "steps between losses on held-out documents (default: at the end)", positive)
    .option("--keep-best", "write the model of the least loss on held-out documents, not the last one")
    .option("--save-every <n>", "steps between checkpoints, with --out", positive, 500)
    .option("--resume", "go on from the checkpoint in --out, with its settings where none are given")
    .addOption(
      new Option("--recompute <what>", "of each layer, for its gradients, to save memory")
        .choices(recomputes)
        .default("nothing"),
    )
    .option("--dropout <share>", "of what embeddings and layers add, dropped in each step", dropoutRate, 0)
    .option("--attention-dropout <share>", "of attention's weights, dropped in each step", dropoutRate, 0)
    .optionsGroup("Optimiser:")
    .addOption(new Option("--optimizer <name>", "how weights change").choices(Object.keys(optimisers)).default("adamw"))
    .option("--lr <rate>", "largest learning rate; of muon near 0.02, of lion near 1e-4", positiveNumber, 1e-3)
    .addOption(
      new Option("--schedule <name>", "of the learning rate").choices(Object.keys(schedules)).default("constant"),
    )
    .option("--warmup <n>", "steps in which the rate grows to that", count, 0)
    .option(
      "--betas <a,b>",
      "what the means of gradients and of their squares keep (default of adamw: 0.9,0.95)",
      betas,
    )
    .option("--eps <x>", "added to the root of the mean square (default of adamw: 1e-8)", notNegative)
    .option("--weight-decay <x>", "of tensors of two or more dimensions (default of adamw: 0.1)", notNegative)
    .option("--clip <norm>", "largest norm of all gradients together; 0: none", notNegative, 1)
    .option(
      "--ema <share>",
      "write and evaluate a mean of the weights, of which each step keeps this: 0.999",
      properShare,
    )
    .option("--router-loss <x>", "of mixtures: coefficient of the routers' load-balancing loss", notNegative, 0);
  return addDeviceOptions(addLoraOptions(command))
    .optionsGroup("Output:")
    .option("-o, --out <folder>", "write the trained model as a folder of Hugging Face's files, f32")
    .option("--force", "write over a folder that is there")
    .option("--json", "print a line of JSON for each step and each evaluation, and nothing else")
    .action(train);
}

async function train(flags: TrainFlags, command: Command): Promise<void> {
  const { batches, model, out, resume = false } = flags;
  if (batches !== undefined) {
    if (model === undefined) throw new Error("--batches: expected --model, the model to train");
    return await trainOnBatches(flags, batches, model);
  }
  await trainOnDocuments(flags, await settingsOf(flags, command, resume ? out : undefined));
}

/** The settings of a run: what is given, then what the run that is resumed had, then the defaults. */
async function settingsOf(flags: TrainFlags, command: Command, resumed: string | undefined): Promise<RunSettings> {
  const recorded: Partial<RunSettings> = resumed === undefined ? {} : (await recordedRun(resumed)).settings;
  const chosen = settingNames.map((name) => {
    const isGiven = command.getOptionValueSource(name) === "cli";
    return [name, isGiven || recorded[name] === undefined ? flags[name] : recorded[name]];
  });
  return Object.fromEntries(chosen.filter(([, value]) => value !== undefined));
}
