import { stat } from "node:fs/promises";
import { join } from "node:path";
import { openFolder } from "../../formats/folder.ts";
import { FormatError } from "../../formats/format-error.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { readCheckpoint } from "../../train/checkpoints/checkpoint.ts";
import { restoreTraining, trainingCheckpoint, trainingRecord } from "../../train/checkpoints/training-checkpoint.ts";
import type { TrainingStep } from "../../train/trainer/results.ts";
import { say } from "../output.ts";
import { writeWhole } from "../write-whole.ts";
import type { RunDigests } from "./digests.ts";
import type { PreparedRun } from "./objectives/objective.ts";
import { writeModel } from "./out.ts";
import type { TrainReport } from "./report.ts";
import { clipOf, learningRateOf, optimizerOptions, type RunSettings, recordedSettings } from "./settings.ts";

/** The file of a run's last state, in its folder. */
export const checkpointFile = "checkpoint.safetensors";

/** A run: everything that does not depend on a device. */
export interface Run {
  readonly settings: RunSettings;
  readonly prepared: PreparedRun;
  readonly digests: RunDigests;
  readonly out: string | undefined;
  readonly json: boolean;
  readonly report: TrainReport;
  /** Ends the run after the current step. */
  readonly signal: AbortSignal;
}

/** How a run continues, and its progress. */
export interface RunState {
  /** True: from the checkpoint in its folder. */
  resume: boolean;
  /** The last reported step, so that none is repeated. */
  reported: number;
  /** The last step whose loss on held-out documents was reported. */
  evaluated: number;
  /** The step of the last checkpoint. */
  saved: number | undefined;
}

/** Milliseconds of steps between readings of figures: reading more often would only wait for the device more often. */
const readAfter = 200;
const maxAhead = 64;

/** The checkpoint of a folder, checked. Its errors name its path. */
async function lastCheckpoint(out: string) {
  const path = join(out, checkpointFile);
  const folder = await openFolder(out);
  const source: FileSource = {
    name: out,
    has: (_, options) => folder.has(checkpointFile, options),
    size: (_, options) => folder.size(checkpointFile, options),
    read: (_, begin, end, options) => folder.read(checkpointFile, begin, end, options),
  };
  const checkpoint = await readCheckpoint(source, path);
  const record = trainingRecord(path, checkpoint);
  const [rows] = checkpoint.tensors.get("history")?.shape ?? [];
  if (rows !== record.step) {
    throw new FormatError(path, `has ${rows} rows, expected ${record.step}: record.step is ${record.step}`, {
      field: "history",
    });
  }
  return { path, checkpoint, record: { ...record, settings: recordedSettings(path, record.settings) } };
}

/** The settings and the step of the run in a folder. */
export async function recordedRun(out: string) {
  const found = await stat(join(out, checkpointFile)).catch(() => undefined);
  if (!found) throw new Error(`--resume: ${out} has no ${checkpointFile}, from which to go on`);
  return (await lastCheckpoint(out)).record;
}

/** The result of a run on its device. */
export interface Outcome {
  /** False if it was interrupted. */
  readonly ended: boolean;
  readonly adapter: string;
  /** Number of trained weights. */
  readonly parameters: number;
}

/** Runs on a device to the end, or until interrupted. */
export async function runOn(gpu: Gpu, run: Run, state: RunState): Promise<Outcome> {
  const { settings, prepared, out, json, report, signal } = run;
  const { chance } = prepared;
  const { batch, accumulate, steps, evalEvery = steps, keepBest, saveEvery } = settings;
  const trainable = await prepared.open(gpu, json);
  const { parameters } = trainable;
  const lessons = trainable.trainedBy({
    optimizer: optimizerOptions(settings),
    clip: clipOf(settings),
    schedule: learningRateOf(settings, steps),
    recompute: settings.recompute,
    routers: { balance: settings.routerLoss },
    dropout: settings.dropout,
    attentionDropout: settings.attentionDropout,
    ema: settings.ema,
    seed: settings.seed,
  });
  const { trainer, hasHeldOut } = lessons;
  const training = { trainer, parameters };
  let position = 0;
  let history: TrainingStep[] = [];
  let evaluations: (readonly [number, number])[] = [];

  async function restore(folder: string): Promise<void> {
    const { path: file, checkpoint, record } = await lastCheckpoint(folder);
    if (settings.ema !== undefined && record.settings.ema === undefined) {
      throw new Error(`--ema: ${file} is of a run without it, and has no mean to go on with`);
    }
    if (keepBest && !record.settings.keepBest) {
      throw new Error(`--keep-best: ${file} is of a run without it, whose best model may not be there any more`);
    }
    if (record.adapter !== gpu.adapter.label) {
      say(`warning: ${file} is from ${record.adapter}: on ${gpu.adapter.label} the bits may differ`);
    }
    history = [...(await restoreTraining(training, file, checkpoint, record))];
    ({ position } = record);
    evaluations = [...record.evaluations];
    state.saved = record.step;
  }

  const judged = () => ({ history, chance, out, saved: state.saved });

  /** Saves the state; if that fails, a run that continues keeps the last one. */
  async function save(last: boolean): Promise<void> {
    if (out === undefined) return;
    // The loss of a step is that of the weights before it; a good checkpoint is only replaced by a good one.
    assertSane(`step ${trainer.steps}: after it`, await lessons.lossAt(position), judged());
    const record = { position, digests: run.digests, adapter: gpu.adapter.label, settings, evaluations };
    try {
      await writeWhole(join(out, checkpointFile), trainingCheckpoint(training, record, history), true);
      state.saved = trainer.steps;
      state.resume = true;
    } catch (error) {
      if (last || gpu.gone.aborted) throw error;
      const kept = state.saved === undefined ? "" : `; that of step ${state.saved} is kept`;
      const { cause = error } = error as Error;
      say(`warning: the checkpoint of step ${trainer.steps} cannot be written${kept}: ${(cause as Error).message}`);
    }
  }

  const write = async (folder: string, quiet: boolean) =>
    await writeModel(folder, await trainable.writing(trainer.averaged), quiet);

  async function evaluate(): Promise<void> {
    const loss = await lessons.heldOutLoss(settings.ema !== undefined);
    const isBest = evaluations.every(([, other]) => loss < other);
    evaluations.push([trainer.steps, loss]);
    if (trainer.steps > state.evaluated) await report.evaluation(trainer.steps, loss, keepBest && isBest);
    state.evaluated = Math.max(state.evaluated, trainer.steps);
    if (keepBest && isBest && out !== undefined) await write(out, true);
  }

  /** The next step after which something is due. */
  const nextStop = () =>
    Math.min(steps, ...[evalEvery, saveEvery].map((every) => every * (Math.floor(trainer.steps / every) + 1)));

  try {
    if (state.resume && out !== undefined) await restore(out);
    if (keepBest && evaluations.length === 0) await evaluate(); // steps may make it worse
    let ahead = 1;
    while (trainer.steps < steps && !signal.aborted) {
      const stop = Math.min(nextStop(), trainer.steps + ahead);
      const before = trainer.steps;
      const start = performance.now();
      while (trainer.steps < stop && !signal.aborted) {
        await lessons.submit(position);
        position += batch * accumulate;
      }
      const done = await trainer.readSteps();
      const milliseconds = (performance.now() - start) / Math.max(1, trainer.steps - before);
      ahead = Math.max(1, Math.min(maxAhead, Math.floor(readAfter / milliseconds)));
      history.push(...done);
      await report.steps(
        done.filter(({ step }) => step > state.reported),
        milliseconds,
      );
      state.reported = Math.max(state.reported, trainer.steps);
      assertNotDiverged(done.length, judged());
      const isDue = trainer.steps % evalEvery === 0 || (keepBest && trainer.steps >= steps);
      if (hasHeldOut && isDue) await evaluate();
      if (trainer.steps % saveEvery === 0 && trainer.steps < steps) await save(false);
    }
    report.clear();
    if (state.saved !== trainer.steps) await save(true);
    const ended = trainer.steps >= steps;
    if (ended && out !== undefined && !keepBest) await write(out, json);
    const count = parameters.reduce((sum, { tensor }) => sum + tensor.size, 0);
    return { ended, adapter: gpu.adapter.label, parameters: count };
  } finally {
    report.clear();
    trainer.dispose();
    trainable.dispose();
  }
}

/** Steps in a row whose gradients are not finite, after which a run ends: they change nothing. */
const maxSkipped = 5;
/** Above this multiple of chance, and of the first loss, a loss has diverged. */
const [aboveChance, aboveFirst] = [3, 2];

/** How a run is judged. */
interface Judged {
  readonly history: readonly TrainingStep[];
  /** The loss of guesses. */
  readonly chance: number;
  readonly out: string | undefined;
  /** The step of the last checkpoint. */
  readonly saved: number | undefined;
}

function failDiverged(what: string, { out, saved }: Judged): never {
  const kept =
    out === undefined
      ? ""
      : saved === undefined
        ? `; nothing is saved in ${out} yet`
        : `; ${out} has the checkpoint of step ${saved}, from which --resume goes on with a lower --lr`;
  throw new Error(`${what}: the learning rate may be too high${kept}`);
}

/** Throws for a loss that is not finite, or far above that of chance and of the first step. */
function assertSane(when: string, loss: number, judged: Judged): void {
  const { chance } = judged;
  const first = judged.history[0]?.loss ?? chance;
  if (Number.isFinite(loss) && loss <= Math.max(aboveChance * chance, aboveFirst * first)) return;
  const shown = Number.isFinite(loss) ? loss.toPrecision(4) : loss;
  failDiverged(`${when} the loss is ${shown}, that of chance ${chance.toPrecision(4)}`, judged);
}

/** Throws if one of the last `count` steps has diverged: its loss, or the gradients of several steps in a row. */
function assertNotDiverged(count: number, judged: Judged): void {
  const { history } = judged;
  for (let i = history.length - count; i < history.length; i++) {
    const { step, loss } = history[i] as TrainingStep;
    assertSane(`step ${step}:`, loss, judged);
    const recent = history.slice(Math.max(0, i + 1 - maxSkipped), i + 1);
    if (recent.length < maxSkipped || !recent.every(({ skipped }) => skipped)) continue;
    failDiverged(`step ${step}: the gradients of ${maxSkipped} steps in a row are not finite`, judged);
  }
}
