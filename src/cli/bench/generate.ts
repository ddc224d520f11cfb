import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { weightNames, weightNamesOf } from "../../convert/weights.ts";
import { openModel as openSource } from "../../formats/hub.ts";
import type { Weights } from "../../formats/weights.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { modelFiles } from "../../generate/load/model-files.ts";
import { floatTypes } from "../../tensor/dtype.ts";
import { count, positive } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { addLoadOptions, type LoadFlags } from "../model/model-options.ts";
import { openModel } from "../model/open-model.ts";
import { assertWritable, print, say } from "../output.ts";
import { fill, lineColumns, type StatusLine, statusLine } from "../terminal.ts";
import { type Against, otherEngines, otherSubjects } from "./against.ts";
import { type Bench, loadBench } from "./output.ts";

interface GenerateBenchFlags extends Omit<LoadFlags, "model"> {
  readonly model?: string;
  readonly shape?: string;
  readonly against: readonly Against[];
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
        "after a number of tokens (@ d4096) where --n-depth asks for it. The model's results are checked first: " +
        "log-probabilities against float64 where the model is small, and those of steps against those of a prefill. " +
        "Options take lists, separated by commas.",
    )
    .optionsGroup("What to measure:")
    .option("-p, --n-prompt <list>", "tokens of a prompt; 0: none", counts, [512])
    .option("-n, --n-gen <list>", "tokens to generate; 0: none", counts, [128])
    .option("-d, --n-depth <list>", "tokens before them", counts, [0])
    .option("-r, --repetitions <n>", "runs of each test, after one that does not count", positive, 5)
    .option(
      "--shape <name>",
      "in place of --model: random weights in the shape of a published model, such as SmolLM2-135M",
    )
    .addOption(
      new Option(
        "--against <engine...>",
        "measure others in turns with the same GGUF file: llama.cpp on the same Vulkan adapter or on the CPU; wllama, " +
          "llama.cpp in a browser, by its WebGPU backend or on the CPU, beside this engine in the same Chromium",
      )
        .choices(otherEngines)
        .default([]),
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
  checkFormat(flags);
  if (json !== undefined && json !== "-") await assertWritable("--json", json);
  const status = statusLine();
  const temporary = temporaryFolders();
  try {
    const { name, path } = await modelOf(flags, bench, temporary, status);
    const longest = Math.max(...tests.map(({ prompt, generate, depth }) => depth + prompt + generate + 2));
    const { dtype, weights, ...rest } = flags;
    const load = { ...rest, model: path, context: flags.context ?? longest, json: json === "-" };
    // A file that several engines read already has the weights in their final types.
    const conversion = { ...(dtype && { dtype }), ...(weights && { weights }) };
    using opened = await openModel(flags.against.length > 0 ? load : { ...load, ...conversion });
    using interrupt = makeInterrupt();
    await interrupt.watch();
    const subjects = await subjectsOf(flags, bench, opened.model, { name, path, longest }, status);
    try {
      await runAndReport(bench, subjects, { tests, repetitions, signal: interrupt.signal }, status, json);
    } finally {
      for (const subject of subjects) await subject.close();
    }
  } finally {
    status.clear();
    await temporary.remove();
  }
}

/** Throws `RangeError` for a weight type that a file for several engines cannot have. */
function checkFormat({ against, model, dtype, weights }: GenerateBenchFlags): void {
  if (against.length === 0) return;
  const option = weights ? `--weights ${weights}` : `--dtype ${dtype}`;
  if (model?.endsWith(".gguf") && (weights ?? dtype)) {
    const what = "with --against the engines read the file as it is";
    throw new RangeError(`${option}: ${what}; leave it out, or write another file with shaderformer convert`);
  }
  if (!dtype || weightNames.includes(dtype)) return;
  const recipes = weightNamesOf(dtype);
  const all = `--dtype ${floatTypes.join(", ")} and --weights ${weightNames.slice(floatTypes.length).join(", ")}`;
  const instead = recipes.length > 0 ? `use --weights ${recipes.join(" or ")}` : `there are ${all}`;
  throw new RangeError(`${option}: no GGUF file is written that has it for all matrices; ${instead}`);
}

/** Folders to remove when the bench ends. */
interface TemporaryFolders {
  make(): Promise<string>;
  remove(): Promise<void>;
}

function temporaryFolders(): TemporaryFolders {
  const folders: string[] = [];
  return {
    make: async () => {
      const folder = await mkdtemp(join(tmpdir(), "shaderformer-bench-"));
      folders.push(folder);
      return folder;
    },
    remove: async () => {
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The model's name and its folder or file, which is written for a shape, or if another engine reads it too. */
async function modelOf(flags: GenerateBenchFlags, bench: Bench, temporary: TemporaryFolders, status: StatusLine) {
  const { model, shape, against } = flags;
  const format = flags.weights ?? flags.dtype;
  if ((model === undefined) === (shape === undefined)) throw new RangeError("give one of --model and --shape");
  const [shapeName, config] = shape === undefined ? [] : bench.findShape(shape);
  let path = model ?? "";
  const name = [shapeName ?? path.split("/").findLast((part) => part !== "") ?? path, format].filter(Boolean).join(" ");
  if (config) {
    path = await temporary.make();
    status.show(`writing ${shapeName}`);
    const { writeRandomFolder } = await import("../../../bench/models/write-random.ts");
    await writeRandomFolder(path, config);
  }
  if (against.length === 0 || path.endsWith(".gguf")) return { name, path };
  status.show(`converting ${name} to GGUF`);
  const [{ toGguf }, { weightsNamed }] = await Promise.all([
    import("../../convert/to-gguf.ts"),
    import("../../convert/weights.ts"),
  ]);
  const file = join(await temporary.make(), "model.gguf");
  const writing = await toGguf(await openSource(path), weightsNamed(format ?? "f16"));
  await writeFile(file, writing.pieces());
  return { name, path: file };
}

/** This engine, and those it is compared with. */
async function subjectsOf(
  flags: GenerateBenchFlags,
  bench: Bench,
  model: LanguageModel,
  { name, path, longest }: { readonly name: string; readonly path: string; readonly longest: number },
  status: StatusLine,
) {
  const { against, dtype, weights: recipe, model: given } = flags;
  if (longest > model.context) {
    throw new RangeError(`a test takes ${longest} tokens, more than the context of ${model.context}`);
  }
  status.show("checking");
  const own = await ownSubject(bench, model, path, {
    file: given ?? name,
    type: name,
    dtype: against.length > 0 ? undefined : recipe ? "several" : dtype,
  });
  return [own, ...(await otherSubjects(flags, bench, { model, path, longest, rows: own.model }))];
}

type About = Pick<Parameters<Bench["ownSubject"]>[0], "file" | "type" | "dtype">;

/** This engine with a model that was loaded from `path`, checked. */
export async function ownSubject(bench: Bench, model: LanguageModel, path: string, about: About) {
  const files = await modelFiles(await openSource(path));
  const weights = await files.weights(false);
  const known = { config: await files.config(), weights, parameters: parametersOf(weights) };
  return await bench.ownSubject({ model, ...about, ...known });
}

/** Number of weights. */
const parametersOf = ({ tensors }: Weights) =>
  [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, axis) => product * axis, 1), 0);

type Run = Parameters<Bench["runModelBench"]>;
type Rows = Awaited<ReturnType<Bench["runModelBench"]>>;

/**
 * Runs the tests of models under a status line, then prints the rows, or writes them to `json`. Rows measured before
 * Ctrl-C or an engine's failure are printed and written too; the failure is then thrown.
 *
 * @param json a file for llama-bench's JSON, or `-` for stdout in place of the table.
 */
export async function runAndReport(
  bench: Bench,
  subjects: Run[0],
  plan: Run[1],
  status: StatusLine,
  json: string | undefined,
): Promise<void> {
  const rows: Rows = [];
  try {
    await bench.runModelBench(subjects, {
      ...plan,
      onRow: (row) => rows.push(row),
      onProgress: (what) => status.show(what),
    });
  } catch (error) {
    if (!plan.signal?.aborted) throw error;
  } finally {
    status.clear();
    await report(bench, rows, json);
  }
}

/** Prints and writes rows. A wrong result sets the exit code. */
async function report(bench: Bench, rows: Rows, json: string | undefined): Promise<void> {
  const text = `${JSON.stringify(rows, null, 1)}\n`;
  if (json === "-") await print(text);
  else {
    if (rows.length > 0) await print(`${bench.modelTable(rows)}\n`);
    for (const items of bench.checkItems(rows)) say(fill(items, " · ", lineColumns()));
    if (json !== undefined) await writeFile(json, text);
  }
  if (rows.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
}
