import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { openModel as openSource } from "../formats/hub.ts";
import { planLoad } from "../generate/plan-load.ts";
import { count, positive } from "./arguments.ts";
import { loadBench } from "./bench-output.ts";
import { makeInterrupt } from "./interrupt.ts";
import { addLoadOptions, type LoadFlags } from "./model-options.ts";
import { openModel } from "./open-model.ts";
import { assertWritable, print, say } from "./output.ts";
import { statusLine } from "./status-line.ts";
import { fill, lineColumns } from "./terminal.ts";

interface GenerateBenchFlags extends Omit<LoadFlags, "model"> {
  readonly model?: string;
  readonly shape?: string;
  readonly nPrompt: readonly number[];
  readonly nGen: readonly number[];
  readonly nDepth: readonly number[];
  readonly repetitions: number;
  readonly json?: string;
}

const counts = (text: string) => text.split(",").map((part) => count(part));

/** `shaderformer bench generate`: prompts read and tokens generated a second, as llama-bench measures them. */
export function generateBench(): Command {
  const command = new Command("generate")
    .summary("prompts and tokens a second of a model")
    .description(
      "Measure a model's speed with llama-bench's tests: pp512 reads a prompt of 512 tokens, tg128 generates 128, both " +
        "after a number of tokens (@ d4096) where --n-depth asks for it. The model's results are checked first: logits " +
        "against float64 where the model is small, and decoding against reading. Options take lists, separated by commas.",
    )
    .optionsGroup("What to measure:")
    .option("-p, --n-prompt <list>", "tokens of a prompt; 0: none", counts, [512])
    .option("-n, --n-gen <list>", "tokens to generate; 0: none", counts, [128])
    .option("-d, --n-depth <list>", "tokens before them", counts, [0])
    .option("-r, --repetitions <n>", "runs of each test, after one that does not count", positive, 5)
    .option(
      "--shape <name>",
      "in place of --model: random weights in the shape of a published model, such as SmolLM2-135M",
    );
  return addLoadOptions(command, { optional: true })
    .optionsGroup("Output:")
    .option("--json <file>", "write llama-bench's JSON, an array of tests, to a file, or with - to stdout")
    .action(measure);
}

async function measure(flags: GenerateBenchFlags): Promise<void> {
  const { nPrompt, nGen, nDepth, repetitions, json } = flags;
  const bench = await loadBench();
  const tests = bench.testsOf(nPrompt, nGen, nDepth);
  if (tests.length === 0) throw new RangeError("there is nothing to measure: --n-prompt and --n-gen are both 0");
  if (json !== undefined && json !== "-") await assertWritable("--json", json);
  const { name, folder, close } = await modelOf(flags);
  try {
    const longest = Math.max(...tests.map(({ prompt, generate, depth }) => depth + prompt + generate + 1));
    using opened = await openModel({ ...flags, model: folder, context: flags.context ?? longest, json: json === "-" });
    const { model } = opened;
    if (longest > model.context) {
      throw new RangeError(`a test takes ${longest} tokens, more than the context of ${model.context}`);
    }
    const source = await openSource(folder);
    const plan = await planLoad(folder, { ...(flags.dtype === undefined ? {} : { dtype: flags.dtype }) });
    using interrupt = makeInterrupt();
    await interrupt.watch();
    const status = statusLine();
    const type = [name, flags.dtype].filter((part) => part !== undefined).join(" ");
    const known = {
      model,
      source,
      parameters: plan.parameters,
      bytes: model.decoder.weights.bytes,
      type,
      dtype: flags.dtype,
    };
    status.show("checking");
    const own = await bench.ownSubject(known);
    try {
      const rows = await bench.runModelBench([own], {
        ...{ tests, repetitions, signal: interrupt.signal },
        onProgress: (what) => status.show(what),
      });
      status.clear();
      const text = `${JSON.stringify(rows, null, 1)}\n`;
      if (json === "-") await print(text);
      else {
        await print(`${bench.modelTable(rows)}\n`);
        for (const line of [own.engine.device, ...bench.checkLines(rows)]) say(fill([line], "", lineColumns()));
        if (json !== undefined) await writeFile(json, text);
      }
      if (rows.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
    } catch (error) {
      if (!interrupt.signal.aborted) throw error;
    } finally {
      status.clear();
      await own.close();
    }
  } finally {
    await close();
  }
}

/** The folder of the model, which is written for a shape and removed afterwards. */
async function modelOf({ model, shape }: GenerateBenchFlags) {
  if ((model === undefined) === (shape === undefined)) throw new RangeError("give one of --model and --shape");
  if (shape === undefined) {
    const folder = model ?? "";
    return { name: folder.split("/").findLast((part) => part !== "") ?? folder, folder, close: async () => {} };
  }
  const [name, config] = (await loadBench()).findShape(shape);
  const { writeRandomFolder } = await import("../../bench/models/write-random.ts");
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-shape-"));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    await writeRandomFolder(folder, config);
  } catch (error) {
    await close();
    throw error;
  }
  return { name, folder, close };
}
