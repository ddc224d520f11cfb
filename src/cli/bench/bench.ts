import { Argument, Command } from "commander";
import { attentionBench } from "./attention.ts";
import { generateBench } from "./generate.ts";
import { moeBench } from "./moe.ts";
import { addBenchOptions, type BenchFlags, benchAndPrint, commandOptions, loadBench, timingOf } from "./output.ts";
import { peersBench } from "./peers.ts";
import { reportBench } from "./report.ts";
import { speculativeBench } from "./speculative.ts";

/**
 * `shaderformer bench rms-norm` and similar: a command for each op with shapes for timing, and one for the device
 * itself.
 */
async function opBenches(): Promise<Command[]> {
  const bench = await loadBench();
  const measure = async (tables: Parameters<typeof bench.runOpBench>[1]["tables"], flags: BenchFlags) => {
    const { timing, clock } = timingOf(bench, flags);
    const known = { tables, timing, peaks: flags.peaks, commandOptions: commandOptions(flags) };
    await benchAndPrint(bench, flags, (gpu, events) =>
      bench.runOpBench(gpu, { ...known, clock: clock ?? bench.clockFor(gpu) }, events),
    );
  };
  const ops = Object.entries(bench.opTables).map(([name, load]) =>
    new Command(name)
      .summary(`variants of ${name}`)
      .description(`Measure every variant of ${name}.`)
      .action(async (flags: BenchFlags) => measure({ [name]: await load() }, flags)),
  );
  const norms = ["rms-norm", "layer-norm"] as const;
  const norm = new Command("norm")
    .summary(`variants of ${norms.join(" and ")}`)
    .description(`Measure every variant of ${norms.join(" and ")}.`)
    .action(async (flags: BenchFlags) => {
      const tables = norms.map(async (name) => [name, await bench.opTables[name]?.()] as const);
      const loaded = (await Promise.all(tables)).flatMap(([name, table]) => (table ? [[name, table] as const] : []));
      await measure(Object.fromEntries(loaded), flags);
    });
  const gradients = new Command("gradients")
    .summary("variants of the ops of gradients")
    .description("Measure every variant of the ops of gradients other than products, norms and attention.")
    .addArgument(
      new Argument("[ops...]", "the ones to measure (default: all)").choices(Object.keys(bench.gradientTables)),
    )
    .action(async (names: readonly string[], flags: BenchFlags) => {
      const chosen = Object.entries(bench.gradientTables).filter(([op]) => names.length === 0 || names.includes(op));
      const tables = await Promise.all(chosen.map(async ([op, load]) => [op, await load()] as const));
      await measure(Object.fromEntries(tables), flags);
    });
  const peaks = new Command("peaks")
    .summary("measured peaks of this device")
    .description("Measure the peaks of this device: multiply-adds, copies, workgroup memory, dispatches.")
    .action((flags: BenchFlags) => measure({}, flags));
  return [peaks, norm, gradients, ...ops].map(addBenchOptions);
}

/** `shaderformer bench`: one command per op or comparison. */
export async function benchCommand(): Promise<Command> {
  const command = new Command("bench")
    .description(
      "Check kernels against float64, then time the correct ones, and show how close they come to this device's " +
        "measured peaks.",
    )
    .helpCommand(false)
    .addHelpText("after", "\nOptions of a bench: shaderformer bench NAME --help");
  command.addCommand(await attentionBench());
  command.addCommand(moeBench());
  command.addCommand(generateBench());
  command.addCommand(speculativeBench());
  command.addCommand(peersBench());
  command.addCommand(reportBench());
  for (const bench of await opBenches()) command.addCommand(bench);
  return command;
}
