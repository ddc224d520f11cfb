import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { openModel as openSource } from "../formats/hub.ts";
import { openTrainable } from "../train/open-trainable.ts";
import { readBatches } from "../train/read-batches.ts";
import { constant } from "../train/schedules.ts";
import { trainedFolder } from "../train/trained-folder.ts";
import { Trainer } from "../train/trainer/trainer.ts";
import { number } from "./arguments.ts";
import { addDeviceOptions, type DeviceFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { quantity } from "./units.ts";
import { writeWhole } from "./write-whole.ts";

interface TrainFlags extends DeviceFlags {
  readonly model: string;
  readonly batches: string;
  readonly lr: number;
  readonly betas: readonly [number, number];
  readonly eps: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `shaderformer train`: steps of an optimiser on given batches. */
export function trainCommand(): Command {
  const command = new Command("train")
    .description(
      "Train a decoder: a step of AdamW for each of the given batches, in their order. Gradients are computed on the GPU; " +
        "weights are f32 while they change.",
    )
    .optionsGroup("Model:")
    .requiredOption("-m, --model <model>", "a folder with f32, f16 or bf16 weights, the URL of one, or a repository")
    .optionsGroup("Data:")
    .requiredOption(
      "--batches <file>",
      'JSON: {"batches": [{"inputs": [[id, …], …], "targets": [[id or -100, …], …]}, …]}',
    )
    .optionsGroup("Optimiser:")
    .addOption(new Option("--optimizer <name>", "how weights change").choices(["adamw"]).default("adamw"))
    .option("--lr <rate>", "learning rate", positiveNumber, 1e-3)
    .addOption(new Option("--schedule <name>", "of the learning rate").choices(["constant"]).default("constant"))
    .option("--betas <a,b>", "what the means of gradients and of their squares keep", betas, [0.9, 0.95])
    .option("--eps <x>", "added to the root of the mean square", notNegative, 1e-8)
    .option("--weight-decay <x>", "of tensors of two or more dimensions", notNegative, 0.1)
    .option("--clip <norm>", "largest norm of all gradients together", positiveNumber, 1);
  return addDeviceOptions(command)
    .optionsGroup("Output:")
    .option("-o, --out <folder>", "write the trained model as a folder of Hugging Face's files, f32")
    .option("--force", "write over a folder that is there")
    .option("--json", "print a JSON object a step, and nothing else")
    .action(train);
}

function positiveNumber(text: string): number {
  const value = number(text);
  if (value <= 0) throw new InvalidArgumentError("Expected a number above 0.");
  return value;
}

function notNegative(text: string): number {
  const value = number(text);
  if (value < 0) throw new InvalidArgumentError("Expected a number of 0 or more.");
  return value;
}

function betas(text: string): [number, number] {
  const [first, second, ...others] = text.split(",").map(number);
  const isShare = (value: number | undefined): value is number => value !== undefined && value >= 0 && value < 1;
  if (others.length === 0 && isShare(first) && isShare(second)) return [first, second];
  throw new InvalidArgumentError("Expected two numbers from 0 to below 1, separated by a comma.");
}

async function train(flags: TrainFlags): Promise<void> {
  const { model, lr, betas, eps, weightDecay, clip, out, force = false, json = false } = flags;
  if (model === "") throw new Error("--model: the name of the folder is empty");
  if (out !== undefined) await checkOut(out, force);
  const text = await readTextFile(flags.batches);
  const source = await openSource(model, { onWarning: say });
  using gpu = await openDevice(flags);
  const trainable = await withProgress("loading ", json, (onProgress) =>
    openTrainable(gpu, source, { onProgress, onWarning: (warning) => say(`warning: ${warning}`) }),
  );
  const { decoder, parameters } = trainable;
  const { vocabulary, context } = decoder.config;
  const batches = readBatches(flags.batches, text, { vocabulary, context });
  const writing = out === undefined ? undefined : await trainedFolder(source, trainable);
  const trainer = new Trainer(decoder, parameters, {
    optimizer: { name: "adamw", betas, eps, weightDecay },
    clip,
    schedule: constant.of({ learningRate: lr, steps: batches.length }),
  });
  const start = performance.now();
  let tokens = 0;
  for (const batch of batches) {
    const { step, loss, gradientNorm, learningRate } = await trainer.step(batch);
    tokens += batch.ids.length * (batch.ids[0]?.length ?? 0);
    if (json) await printJson({ step, loss, gradientNorm, learningRate });
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
  if (out !== undefined && writing) {
    await mkdir(out, { recursive: true });
    for (const [name, content] of Object.entries(writing.files)) await writeFile(join(out, name), content);
    await writeWhole(join(out, "model.safetensors"), writing, json);
    if (!json) say(`${out}: ${quantity(writing.bytes, "B")}`);
  }
  trainer.dispose();
  trainable.dispose();
}

/** Throws for a folder that may not be written, before any work is done. */
async function checkOut(out: string, force: boolean): Promise<void> {
  if (out === "") throw new Error("--out: the name of the folder is empty");
  const found = await stat(out).catch(() => undefined);
  if (found && !found.isDirectory()) throw new Error(`--out: ${out} is a file, expected the name of a folder`);
  if (found && !force) throw new Error(`--out: ${out} is there already; --force writes over it`);
}
