import type { TrainingStep } from "../../train/trainer/results.ts";
import { print, printJson } from "../output.ts";
import { statusLine } from "../terminal.ts";
import { measured, quantity } from "../units.ts";
import type { PreparedRun } from "./objectives/objective.ts";

/** The reports of a run. */
export interface TrainReport {
  /** Figures of steps, and the milliseconds of each. */
  steps(steps: readonly TrainingStep[], milliseconds: number): Promise<void>;
  /** `kept`: with `--keep-best`, whether this is the lowest loss so far, whose model is written. */
  evaluation(step: number, loss: number, kept?: boolean): Promise<void>;
  /** Removes the progress bar. */
  clear(): void;
}

/** Lines of steps of a whole run, in output for people. */
const maxLines = 100;
const barWidth = 24;

/** A time as `4:05` or `1:02:03`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, i) => (i === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

/** The figures of a step as in a line of JSON; for a mixture with the loss of its routers, without its coefficient. */
export function stepLine({ step, loss, gradientNorm, learningRate, auxiliaryLoss }: TrainingStep) {
  return { step, loss, gradientNorm, learningRate, ...(auxiliaryLoss === undefined ? {} : { auxiliaryLoss }) };
}

/** Reports of a run of so many steps: lines of JSON, or lines for people, with a progress bar on a terminal. */
export function trainReport(
  total: number,
  { perStep, units }: Pick<PreparedRun, "perStep" | "units">,
  json: boolean,
): TrainReport {
  const status = json ? { show: () => {}, clear: () => {} } : statusLine();
  const every = Math.max(1, Math.ceil(total / maxLines));
  let pace = 0;
  let readings = 0;
  return {
    async steps(steps, milliseconds) {
      // The first reading includes compilation, so the second replaces it.
      pace = readings < 2 ? milliseconds : 0.9 * pace + 0.1 * milliseconds;
      readings++;
      for (const found of steps) {
        const { step, loss, gradientNorm, skipped } = found;
        if (json) await printJson({ ...stepLine(found), ...(skipped ? { skipped } : {}) });
        else if (step === 1 || step % every === 0 || step === total || skipped) {
          const note = skipped ? "  not finite: skipped" : "";
          const rate = `${measured((1000 * perStep) / pace)} ${units}/s`;
          status.clear();
          await print(`step ${step}  loss ${loss.toFixed(4)}  norm ${gradientNorm.toFixed(3)}  ${rate}${note}\n`);
        }
      }
      const last = steps.at(-1);
      if (!last) return;
      const filled = Math.round((barWidth * last.step) / total);
      const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
      const left = duration(((total - last.step) * pace) / 1000);
      const rate = `${quantity((1000 * perStep) / pace)} ${units}/s`;
      status.show(`${bar} ${last.step}/${total}  loss ${last.loss.toFixed(3)}  ${rate}  ${left} left`);
    },
    async evaluation(step, loss, kept) {
      status.clear();
      if (json) return await printJson({ step, heldOutLoss: loss, ...(kept === undefined ? {} : { kept }) });
      await print(`step ${step}  held out ${loss.toFixed(4)}${kept ? "  kept" : ""}\n`);
    },
    clear: () => status.clear(),
  };
}
