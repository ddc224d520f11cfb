import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { version } from "../../../package.json";
import { loadModel } from "../../generate/load/load-model.ts";
import { tuneDevice } from "../../generate/tuning/tune-device.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { positive } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { openDevice } from "../model/open-device.ts";
import { assertWritable, print, say } from "../output.ts";
import { statusLine } from "../terminal.ts";
import { writeWhole } from "../write-whole.ts";
import { ownSubject } from "./generate.ts";
import { addMeasuringOptions, type Bench, type BenchFlags, commandOptions, loadBench, timingOf } from "./output.ts";

interface ReportFlags extends Pick<BenchFlags, "samples" | "clock" | "peaks" | "adapter" | "features" | "cap"> {
  readonly out: string;
  readonly budget: number;
}

/** The model that is measured, so that reports can be compared. */
const bundled = "voices-dense";
const modelFolder = fileURLToPath(new URL(`../../../examples/models/${bundled}`, import.meta.url));

/** `shaderformer bench report`: how this device does, in one file. */
export function reportBench(): Command {
  const command = new Command("report")
    .summary("how this device does, in one file to send")
    .description(
      "Check every op on this device, measure attention, products, norms, a block, the bundled model and the tuner, and " +
        "write all of it to one file: adapter, features, limits, versions, every check and figure, and what was left " +
        "out. A software adapter runs a shorter list. Ctrl-C ends the run and writes what was done.",
    )
    .optionsGroup("Output:")
    .requiredOption("--out <file>", "the file to write, which must not exist")
    .optionsGroup("What to measure:")
    .option("--budget <s>", "seconds after which nothing further begins", positive, 300);
  return addMeasuringOptions(command).action(report);
}

async function report(flags: ReportFlags): Promise<void> {
  const { out, budget } = flags;
  const [bench, { runReport, reportText }, { summaryLines }] = await Promise.all([
    loadBench(),
    import("../../../bench/report/run.ts"),
    import("../../../bench/report/summary.ts"),
  ]);
  const { timing, clock } = timingOf(bench, flags);
  await assertWritable("--out", out);
  assertNew(out);
  using gpu = await openDevice({ ...flags, tuned: false }); // reports compare the choices of the tables
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const { signal } = interrupt;
  const status = statusLine();
  try {
    const plan = {
      versions: versions(),
      timing,
      clock: clock ?? bench.clockFor(gpu),
      peaks: flags.peaks,
      budgetMs: 1000 * budget,
      commandOptions: commandOptions(flags),
      openModel: (on: Gpu) => openBundled(bench, on),
      tune: async (on: Gpu, options: Parameters<typeof tuneDevice>[1]) =>
        await tuneDevice(on, options, await import("../../tune/small-check.ts")),
    };
    const made = await runReport(gpu, plan, { signal, onProgress: (what) => status.show(what) });
    status.clear();
    const bytes = new TextEncoder().encode(reportText(made));
    const pieces = async function* () {
      yield bytes;
    };
    assertNew(out); // it may have been made since
    await writeWhole(out, { bytes: bytes.length, pieces }, true);
    await print(`${summaryLines(made).join("\n")}\n`);
    const wrong = [...made.checks, ...made.rows, ...made.generation].filter(({ verdict }) => verdict === "fail");
    if (wrong.length > 0) {
      say(`error: ${wrong.length} ${wrong.length === 1 ? "result is" : "results are"} wrong; ${out} has each`);
      process.exitCode = 1;
    }
  } catch (error) {
    status.clear();
    if (!signal.aborted) throw error;
  }
}

/** Throws for a file that exists. */
function assertNew(file: string): void {
  if (existsSync(file)) throw new Error(`--out: ${file} exists; a report overwrites nothing, give a new name`);
}

/** Versions of what computes. */
function versions(): Record<string, string> {
  const { resolve } = createRequire(import.meta.url);
  const manifest = new URL("package.json", new URL(`file://${resolve("webgpu")}`));
  const { version: webgpu } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  return { shaderformer: version, node: process.versions.node, webgpu };
}

/** The bundled model on this device, which closes with it. */
async function openBundled(bench: Bench, gpu: Gpu) {
  if (!existsSync(modelFolder)) {
    throw new Error(`the model ${bundled} is not in the package; run the command in a clone`);
  }
  const model = await loadModel(gpu, modelFolder);
  try {
    const subject = await ownSubject(bench, model, modelFolder, { file: bundled, type: bundled, dtype: undefined });
    const close = async () => {
      await subject.close();
      model.dispose();
    };
    return { ...subject, close };
  } catch (error) {
    model.dispose();
    throw error;
  }
}
