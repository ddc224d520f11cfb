import { rm } from "node:fs/promises";
import { join } from "node:path";
import { keepDevice } from "../../engine/device-recovery.ts";
import { readText } from "../../formats/read-text.ts";
import type { FileSource } from "../../formats/source.ts";
import { GpuError } from "../../gpu/errors.ts";
import { assertSameModel } from "../../train/checkpoints/training-checkpoint.ts";
import { makeInterrupt } from "../interrupt.ts";
import { openDevice } from "../model/open-device.ts";
import { say } from "../output.ts";
import { fill, lineColumns } from "../terminal.ts";
import { measured, quantity } from "../units.ts";
import { checkRunDigests, runDigests } from "./digests.ts";
import type { CliObjective } from "./objectives/objective.ts";
import { checkOut, writeSmallFiles } from "./out.ts";
import { duration, trainReport } from "./report.ts";
import { checkpointFile, type Outcome, type Run, type RunState, recordedRun, runOn } from "./run.ts";
import type { IsChosen, RunSettings, TrainFlags } from "./settings.ts";

/** Device losses in a row, without a step in between, after which a run ends. */
const maxLosses = 3;

/** `train --data`: steps on data, by an objective. */
export async function trainOnData<D>(
  objective: CliObjective<D>,
  flags: TrainFlags,
  given: RunSettings,
  { opened, isChosen }: { readonly opened: FileSource | undefined; readonly isChosen: IsChosen },
): Promise<void> {
  const { out, resume = false, force = false, json = false } = flags;
  if (out !== undefined) await checkOut(out, { force, resume });
  const record = resume && out !== undefined ? await recordedRun(out) : undefined;
  const data = await objective.read(given);
  const settings = { ...given, ...objective.sized?.(given, data, isChosen) };
  const preparing = { settings, data, opened, resumed: record && out, quiet: json };
  const source = await objective.source(preparing);
  const prepared = await objective.prepare(source, preparing);
  if (record && out !== undefined) assertSameModel(join(out, checkpointFile), record, prepared.model);
  for (const note of prepared.notes) say(note);
  const digests = await runDigests(source, prepared);
  if (record && out !== undefined) checkRunDigests(join(out, checkpointFile), record, digests, settings);
  if (out !== undefined && !resume) await beginFolder(out, source, settings.lora === undefined);
  using interrupt = makeInterrupt();
  const { perStep, units } = prepared;
  const report = trainReport(settings.steps, { perStep, units }, json);
  const run: Run = { settings, prepared, digests, out, json, report, signal: interrupt.signal };
  const begun = record?.step ?? 0;
  const state: RunState = { resume, reported: begun, evaluated: record?.step ?? -1, saved: record?.step };
  const start = performance.now();
  await interrupt.watch();
  const { ended, adapter, parameters } = await overLosses(flags, run, state);
  const seconds = (performance.now() - start) / 1000;
  if (!json) {
    const done = state.reported - begun;
    const rate = `${measured((done * perStep) / seconds)} ${units}/s`;
    const figures = [adapter, `${quantity(parameters)} parameters`, `${done} steps`, duration(seconds), rate];
    say(fill(figures, " · ", lineColumns()));
  }
  if (ended) return;
  const next =
    out === undefined ? "without --out nothing is kept" : `go on with: shaderformer train --out ${out} --resume`;
  say(`interrupted after step ${state.reported}; ${next}`);
}

/** Starts the folder of a run: with the small files of its model, but not of an adapter's, and without a checkpoint. */
async function beginFolder(out: string, source: FileSource, isModel: boolean): Promise<void> {
  const files: Record<string, string> = {};
  for (const name of isModel
    ? ["config.json", "tokenizer.json", "tokenizer_config.json", "target_tokenizer.json"]
    : []) {
    if (await source.has(name)) files[name] = await readText(source, name);
  }
  await writeSmallFiles(out, files);
  await rm(join(out, checkpointFile), { force: true });
}

/** Runs on a device and, if it is lost, on the next one from the last checkpoint. */
async function overLosses(flags: TrainFlags, run: Run, state: RunState): Promise<Outcome> {
  const kept = keepDevice(await openDevice(flags), {
    open: () => openDevice(flags),
    restore: async () => {},
    onLost: (message) => {
      run.report.clear();
      say(`${message}; going on from ${state.saved === undefined ? "the beginning" : `step ${state.saved}`}`);
    },
    onRestored: () => {},
  });
  try {
    for (let losses = 0; ; ) {
      const gpu = await kept.ready();
      const before = state.reported;
      try {
        return await runOn(gpu, run, state);
      } catch (error) {
        losses = state.reported > before ? 1 : losses + 1;
        if (!(error instanceof GpuError) || losses === maxLosses || !(await kept.replaced(gpu))) throw error;
      }
    }
  } finally {
    kept.close();
  }
}
