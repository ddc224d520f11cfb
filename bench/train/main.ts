// node scripts/measure/step.mjs: how a training step's time is spent.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { openFolder, openGpu } from "../../src/index.ts";
import { runCommand, say } from "../harness/command.ts";
import { textModel } from "../peers/generate.ts";
import { repositoryRoot } from "../peers/setup/root.ts";
import { trainProblem } from "../peers/train/train-problem.ts";
import { formatShares } from "./report.ts";
import { stepShares } from "./shares.ts";

interface Flags {
  readonly adapter?: string;
  readonly runs: number;
  readonly json?: string;
}

function count(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("Expected an integer from 1 to 99.");
  return Number(text);
}

async function measure(cases: readonly string[], { adapter: wanted, runs, json }: Flags): Promise<void> {
  const problems = (cases.length > 0 ? cases : ["train:q256", "train:8x256"]).map(trainProblem);
  const gpu = await openGpu(wanted === undefined ? {} : { adapter: wanted });
  if (!gpu.features.has("timestamp-query")) throw new TypeError(`${gpu.adapter.label} has no timestamps`);
  const { label: adapter } = gpu.adapter;
  const environment = { adapter, runtime: `Node ${process.versions.node}`, date: new Date().toISOString() };
  const source = () => openFolder(join(repositoryRoot(), "examples", "models", textModel.name));
  const steps = [];
  for (const problem of problems) {
    say(problem.text);
    steps.push(await stepShares(gpu, problem, { source, runs }));
  }
  if (json !== undefined) await writeFile(json, `${JSON.stringify({ environment, steps }, null, 1)}\n`);
  process.stdout.write(`${formatShares(adapter, steps)}\n`);
  gpu.close();
}

const program = new Command("measure-step")
  .description("Measure a training step, and what of it are products, attention, the optimizer and launches.")
  .argument("[cases...]", "train:q256, train:8x256 (default: both), train:q16 or train:2x32, as in bench peers")
  .option("--adapter <name>", "words of its label, such as lavapipe or a GPU's name")
  .option("--runs <n>", "steps of which medians are taken", count, 7)
  .option("--json <file>", "write the result to a file, too")
  .action(measure);

await runCommand(program);
