import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import { learnt } from "./history.ts";
import type { Keeper } from "./keeper.ts";
import type { Ended, Progress } from "./protocol.ts";
import type { Session } from "./session.ts";

/** Milliseconds after which the page receives news of new steps, and of a pause. */
const pace = 100;
/** Maximum steps whose figures wait to be read. */
const maxTogether = 64;
/** Seconds from one save to the next. */
const saveEvery = 5;
/** A loss above this multiple of a uniform guess's has diverged. */
const divergedAbove = 3;

/** Why a step's figures show divergence; undefined if they are sound. */
export function faultOf({ step, loss, gradientNorm, skipped }: TrainingStep, uniform: number): string | undefined {
  if (!Number.isFinite(loss)) return `At step ${step} the loss is ${loss}.`;
  if (skipped || !Number.isFinite(gradientNorm)) return `At step ${step} the norm of the gradients is ${gradientNorm}.`;
  if (loss > divergedAbove * uniform) {
    return `At step ${step} the loss is ${loss.toFixed(2)}, where guessing has ${uniform.toFixed(2)}.`;
  }
  return undefined;
}

/** How a model is trained. */
export interface TrainOptions {
  /** Maximum steps. */
  readonly most?: number | undefined;
  readonly report: (progress: Progress) => void;
  readonly isPaused: () => boolean;
}

/**
 * Trains until the task is learnt, the steps are done, the loss diverges, or the page pauses; saves the run meanwhile.
 */
export async function train(
  session: Session,
  keeper: Keeper,
  { most, report, isPaused }: TrainOptions,
): Promise<Ended> {
  const { settings } = session.request;
  const { uniform } = session.facts.baselines;
  const end = Math.min(settings.steps, session.history.steps.length + (most ?? settings.steps));
  let [together, begun] = [1, false];

  async function lookNow(): Promise<boolean> {
    if (!begun) report({ kind: "doing", what: "look" });
    const found = await session.look();
    if (found) report({ kind: "look", ...found });
    return (session.history.looks.at(-1)?.accuracy ?? 0) >= learnt;
  }

  for (;;) {
    const at = session.history.steps.length;
    if (at % settings.every === 0 && (await lookNow()) && most === undefined) {
      await keeper.save(report);
      return { reason: "learnt" };
    }
    if (at >= end || isPaused()) {
      await lookNow();
      await keeper.save(report);
      return { reason: at >= settings.steps ? "steps" : "paused" };
    }
    if (keeper.wanted || keeper.last === undefined || keeper.age > saveEvery) await keeper.save(report);
    if (!begun) report({ kind: "doing", what: "step" });
    begun = true;
    const untilLook = settings.every - (at % settings.every);
    const { steps, milliseconds, submits, measured } = await session.advance(Math.min(together, untilLook, end - at));
    report({ kind: "steps", steps, milliseconds, submits });
    if (measured) report({ kind: "measured", look: measured });
    const says = steps.map((step) => faultOf(step, uniform)).find((fault) => fault !== undefined);
    if (says !== undefined) return { reason: "diverged", says };
    together = Math.max(1, Math.min(maxTogether, Math.round((steps.length * pace) / milliseconds)));
  }
}
