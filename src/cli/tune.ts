import { Command } from "commander";
import { type Compared, compareChoices } from "../generate/tuning/compare-choices.ts";
import type { TuneOptions, TuneResult } from "../generate/tuning/options.ts";
import { tuneDevice } from "../generate/tuning/tune-device.ts";
import type { Gpu } from "../gpu/gpu.ts";
import * as checks from "../tune/small-check.ts";
import { readTuning, type TunedRow } from "../tune/tuning-record.ts";
import { positive } from "./arguments.ts";
import { makeInterrupt } from "./interrupt.ts";
import { addLoadOptions, type ModelFlags } from "./model/model-options.ts";
import { openDevice } from "./model/open-device.ts";
import { openModel } from "./model/open-model.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { fill, lineColumns, tableColumns } from "./terminal.ts";

interface TuneFlags extends Omit<ModelFlags, "model"> {
  readonly model?: string;
  readonly budget?: number;
  readonly store: boolean;
  readonly compare?: boolean;
  readonly other?: string;
}

/** `shaderformer tune`: measures the variants of ops on this device, and keeps the winners. */
export function tuneCommand(): Command {
  const command = new Command("tune")
    .description(
      "Measure on this device which variant of each op is fastest, for the calls of a model or for a standard list. " +
        "The next start uses what is stored; Ctrl-C ends the pass and keeps what was measured.",
    )
    .optionsGroup("Pass:")
    .option("--budget <s>", "seconds after which no further measurement begins (default: 60)", positive)
    .option("--no-store", "only show what is measured")
    .option("--compare", "with --model: time its prefill and decode step by the tables and by what was measured")
    .option("--other <file>", "with --compare: also by what was stored for another device, a .json file of its folder");
  return addLoadOptions(command, { optional: true })
    .optionsGroup("Output:")
    .option("--json", "print only one JSON object")
    .action(run);
}

async function run(flags: TuneFlags): Promise<void> {
  const { json = false, budget, store, model: name } = flags;
  if (flags.compare && name === undefined) throw new Error("--compare: give a --model to compare the choices on");
  if (flags.other !== undefined && !flags.compare) throw new Error("--other: give --compare too");
  const other = flags.other === undefined ? {} : { other: await rowsOfFile(flags.other) };
  const untuned = { ...flags, tuned: false };
  using opened = name === undefined ? undefined : await openModel({ ...untuned, model: name });
  using own = opened ? undefined : await openDevice(untuned);
  const gpu = (opened?.model.gpu ?? own) as Gpu;
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const options: TuneOptions = {
    ...(opened && { model: opened.model }),
    ...(budget !== undefined && { budget: 1000 * budget }),
    store,
    signal: interrupt.signal,
  };
  const result = await withProgress("tuning   ", json, (report) =>
    tuneDevice(gpu, { ...options, onProgress: report }, checks),
  );
  const adapter = gpu.adapter.label;
  const compared =
    flags.compare && opened && !result.aborted
      ? await compareChoices(opened.model, { untuned: [], tuned: result.rows, ...other }, interrupt.signal)
      : undefined;
  if (json) return await printJson({ adapter, ...result, ...(compared && { compared }) });
  await print(tuneTable(result.rows));
  if (compared) await print(comparedTable(compared));
  say(fill([adapter, ...summary(result)], " · ", lineColumns()));
}

/** The measurements as a table: the table's choice, and the variant in use. */
function tuneTable(rows: readonly TunedRow[]): string {
  return rows
    .map((row) => {
      const won = row.choice === row.untuned ? `${row.choice}, as the table says` : `${row.choice} for ${row.untuned}`;
      const times = row.variants.flatMap(({ name, ms }) => (ms === undefined ? [] : [`${name} ${timeText(ms)}`]));
      const wrong = row.variants.flatMap(({ name, reason }) =>
        reason?.startsWith("wrong: ") ? [`${name} is ${reason}`] : [],
      );
      const columns = tableColumns();
      return `${fill(row.key.split(" "), " ", columns)}\n    ${won}\n${fill([...times, ...wrong], ", ", columns, "    ")}\n`;
    })
    .join("");
}

/** The measurements in a stored file, of any device. */
async function rowsOfFile(file: string): Promise<readonly TunedRow[]> {
  return readTuning(await readTextFile(file)).rows;
}

/** The times of programs under each set of measurements: median, and the range of the middle eight tenths. */
function comparedTable(compared: readonly Compared[]): string {
  const line = ({ program, times }: Compared) =>
    Object.entries(times).map(([name, { medianMs, p10Ms, p90Ms }]) => {
      const usual = times["untuned"]?.medianMs ?? medianMs;
      const range = `${p10Ms.toFixed(2)} to ${p90Ms.toFixed(2)}`;
      return `${program}, ${name}: ${medianMs.toFixed(2)} ms (${range}), ${(medianMs / usual).toFixed(2)} of untuned\n`;
    });
  return compared.flatMap(line).join("");
}

const timeText = (ms: number): string => (ms >= 1 ? `${ms.toFixed(2)} ms` : `${(1000 * ms).toFixed(1)} µs`);

function summary({ rows, left, aborted, stored }: TuneResult): string[] {
  const won = rows.filter(({ choice, untuned }) => choice !== untuned).length;
  return [
    `${rows.length} measured, ${won} faster than the table's choice`,
    ...(left > 0 ? [`${left} ${aborted ? "not measured" : "left: the time was up"}`] : []),
    stored ? "stored: used from the next start on" : "not stored",
  ];
}
