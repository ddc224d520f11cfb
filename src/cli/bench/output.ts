import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import type { Gpu } from "../../gpu/gpu.ts";
import { positive } from "../arguments.ts";
import { makeInterrupt } from "../interrupt.ts";
import { addDeviceOptions, type DeviceFlags } from "../model/model-options.ts";
import { openDevice } from "../model/open-device.ts";
import { assertWritable, print, say } from "../output.ts";
import { fill, statusLine, tableColumns } from "../terminal.ts";

/** Benches are loaded on demand. */
export const loadBench = () => import("../../../bench/index.ts");
export type Bench = Awaited<ReturnType<typeof loadBench>>;
type Result = Awaited<ReturnType<Bench["runAttentionBench"]>>;
type Events = NonNullable<Parameters<Bench["runAttentionBench"]>[2]>;
type Row = Result["rows"][number];

/** Options of all benches. */
export interface BenchFlags extends DeviceFlags {
  readonly samples?: number;
  readonly clock?: string;
  readonly peaks: boolean;
  readonly all?: boolean;
  readonly csv?: boolean;
  readonly markdown?: boolean;
  readonly json?: string;
}

/** Adds `BenchFlags` to a command. */
export function addBenchOptions(command: Command): Command {
  return addMeasuringOptions(command)
    .optionsGroup("Output:")
    .option("--all", "also show rows that do not apply, and why")
    .option("--csv", "print comma-separated values, every field, in place of the table")
    .option("--markdown", "print a Markdown table in place of the table")
    .option("--json <file>", "write one JSON object to a file, or with - to stdout in place of the table");
}

/** Adds those of `BenchFlags` that say how to measure, and on which device. */
export function addMeasuringOptions(command: Command): Command {
  command
    .optionsGroup("Timing:")
    .option("--samples <n>", "maximum timed intervals, of at least 20 ms each (default: 15)", positive)
    .option("--clock <name>", "gpu: timestamps; wall: around a submit (default: gpu on a GPU that has them)")
    .option("--no-peaks", "do not measure the device's peaks");
  return addDeviceOptions(command);
}

/** The options that make a row's command use the same device and clock. */
export function commandOptions({ adapter, features, cap, clock }: BenchFlags): string[] {
  const caps = Object.entries(cap ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    ...(adapter === undefined ? [] : [`--adapter ${JSON.stringify(adapter)}`]),
    ...(features === undefined ? [] : [`--features ${features.join(",") || "none"}`]),
    ...(caps.length === 0 ? [] : [`--cap ${caps.join(",")}`]),
    ...(clock === undefined ? [] : [`--clock ${clock}`]),
  ];
}

/** Timing options from the flags. Throws a RangeError for an unknown clock. */
export function timingOf({ standardTiming }: Bench, { samples, clock }: BenchFlags) {
  if (clock !== undefined && clock !== "gpu" && clock !== "wall") {
    throw new RangeError(`there is no clock "${clock}"; there are gpu, wall`);
  }
  return { timing: samples === undefined ? standardTiming : { ...standardTiming, samples }, clock } as const;
}

const styles = { good: ["32", "39"], bad: ["1;31", "22;39"], quiet: ["2", "22"], strong: ["1", "22"] } as const;

/**
 * Opens the device, runs a bench under a status line, and prints the result: the table case by case as it grows, or one
 * of the other formats at the end. A failed row sets the exit code to 1; Ctrl-C ends the run and prints the rows so
 * far.
 */
export async function benchAndPrint(
  bench: Bench,
  flags: BenchFlags,
  run: (gpu: Gpu, events: Events) => Promise<Result>,
): Promise<void> {
  const { all = false, csv = false, markdown = false, json } = flags;
  if (Number(csv) + Number(markdown) + Number(json === "-") > 1) {
    throw new RangeError("stdout takes one of --csv, --markdown and --json -");
  }
  if (json !== undefined && json !== "-") await assertWritable("--json", json);
  const table = !csv && !markdown && json !== "-";
  const colours = process.stdout.isTTY && process.stdout.hasColors();
  const paint: Parameters<Bench["formatEnvironment"]>[2] = (text, as) =>
    colours ? `\x1b[${styles[as][0]}m${text}\x1b[${styles[as][1]}m` : text;
  using gpu = await openDevice(flags);
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const status = statusLine();
  const writes: Promise<void>[] = [];
  const show = (text: string) => {
    if (!table) return;
    status.clear();
    writes.push(print(`${text}\n`));
  };
  let rows: Row[] = [];
  const finishCase = () => {
    if (rows.length > 0) show(`\n${bench.formatCase(rows, { all, paint, columns: tableColumns() })}`);
    rows = [];
  };
  try {
    const result = await run(gpu, {
      signal: interrupt.signal,
      onStart: (environment, peaks) => show(bench.formatEnvironment(environment, peaks, paint, tableColumns())),
      onRow: (row) => {
        if (rows[0] && bench.byCase([rows[0], row]).length > 1) finishCase();
        rows.push(row);
      },
      onProgress: ({ what, done, total }) => {
        finishCase();
        status.show(`[${done}/${total}] ${what}`);
      },
    });
    finishCase();
    status.clear();
    if (result.question && result.answers) {
      const answers = result.answers.map((answer) => fill(answer.split(" "), " ", tableColumns(), "    ").slice(2));
      show(`\n${[result.question, ...answers].join("\n")}`);
    }
    await Promise.all(writes);
    if (csv) await print(`${bench.formatCsv(result)}\n`);
    if (markdown) await print(`${bench.formatMarkdown(result, all)}\n`);
    const text = `${JSON.stringify(result, null, 1)}\n`;
    if (json === "-") await print(text);
    else if (json !== undefined) await writeFile(json, text);
    const failed = result.rows.filter(({ verdict }) => verdict === "fail");
    const broken = failed.filter(({ checked }) => checked === null).length; // such as WGSL that does not compile
    const wrong = failed.length - broken;
    const count = result.rows.length;
    if (wrong > 0) say(`error: ${wrong} of ${count} results ${wrong === 1 ? "is" : "are"} wrong`);
    if (broken > 0) say(`error: ${broken} of ${count} did not run`);
    if (failed.length > 0) process.exitCode = 1;
  } catch (error) {
    status.clear();
    await Promise.all(writes);
    if (!interrupt.signal.aborted) throw error;
  }
}
