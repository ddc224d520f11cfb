import { Command } from "commander";
import type { TuneOptions, TuneResult } from "../generate/tuning/options.ts";
import { tuneDevice } from "../generate/tuning/tune-device.ts";
import type { Gpu } from "../gpu/gpu.ts";
import * as checks from "../tune/small-check.ts";
import type { TunedRow } from "../tune/tuning-record.ts";
import { positive } from "./arguments.ts";
import { makeInterrupt } from "./interrupt.ts";
import { addLoadOptions, type ModelFlags } from "./model-options.ts";
import { openDevice } from "./open-device.ts";
import { openModel } from "./open-model.ts";
import { print, printJson, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { fill, lineColumns, tableColumns } from "./terminal.ts";

interface TuneFlags extends Omit<ModelFlags, "model"> {
  readonly model?: string;
  readonly budget?: number;
  readonly store: boolean;
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
    .option("--no-store", "only show what is measured");
  return addLoadOptions(command, { optional: true })
    .optionsGroup("Output:")
    .option("--json", "print only one JSON object")
    .action(run);
}

async function run(flags: TuneFlags): Promise<void> {
  const { json = false, budget, store, model: name } = flags;
  const untuned = { ...flags, tuned: false };
  using opened = name === undefined ? undefined : await openModel({ ...untuned, model: name });
  using own = opened ? undefined : await openDevice(untuned);
  const gpu = (opened?.model.gpu ?? own) as Gpu;
  using interrupt = makeInterrupt();
  await interrupt.watch();
  const options: TuneOptions = {
    ...(opened && { model: opened.model }),
    ...(budget !== undefined && { budget: 1000 * budget }),
    ...{ store, signal: interrupt.signal },
  };
  const result = await withProgress("tuning   ", json, (report) =>
    tuneDevice(gpu, { ...options, onProgress: ({ done, total }) => report(done, total) }, checks),
  );
  const adapter = gpu.adapter.label;
  if (json) return await printJson({ adapter, ...result });
  await print(tuneTable(result.rows));
  say(fill([adapter, ...summary(result)], " · ", lineColumns()));
}

/** The measurements as a table: what the table of choices would use, and what is used. */
export function tuneTable(rows: readonly TunedRow[]): string {
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

const timeText = (ms: number): string => (ms >= 1 ? `${ms.toFixed(2)} ms` : `${(1000 * ms).toFixed(1)} µs`);

function summary({ rows, left, aborted, stored }: TuneResult): string[] {
  const won = rows.filter(({ choice, untuned }) => choice !== untuned).length;
  return [
    `${rows.length} measured, ${won} faster than the table's choice`,
    ...(left > 0 ? [`${left} ${aborted ? "not measured" : "left: the time was up"}`] : []),
    stored ? "stored: used from the next start on" : "not stored",
  ];
}
