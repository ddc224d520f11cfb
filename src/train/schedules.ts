import {
  between,
  type Check,
  type Checks,
  checkOptions,
  fieldsOf,
  integer,
  oneOf,
  positive,
  required,
} from "../options/checks.ts";

/** The settings of a schedule. */
export interface ScheduleOptions {
  /** The largest learning rate. */
  readonly learningRate: number;
  /** Steps during which the rate grows linearly; default 0. */
  readonly warmup?: number | undefined;
  /** Steps of the whole run, warm-up included. */
  readonly steps: number;
  /** The share of the rate at the end; default 0.1 for cosine, as in nanoGPT, and 0 for linear and wsd. */
  readonly final?: number | undefined;
  /** For wsd: the share of all steps in which the rate falls; default 0.2. */
  readonly decay?: number | undefined;
}

/** The learning rate of a step, counted from 1, in float64. */
export type LearningRate = (step: number) => number;

/** A schedule of learning rates by its name. */
export interface Schedule {
  readonly name: string;
  readonly of: (options: ScheduleOptions) => LearningRate;
}

const checks: Checks<ScheduleOptions> = {
  learningRate: required(positive),
  warmup: integer(0),
  steps: required(integer(1)),
  final: between(0, 1),
  decay: between(0, 1),
};
const fields = fieldsOf<ScheduleOptions>(checks);

/** The inputs of a schedule's share of the largest rate. */
interface Progress {
  /** Steps before this one. */
  readonly before: number;
  readonly warmup: number;
  readonly steps: number;
  readonly final: number | undefined;
  readonly decay: number;
}

/** From 0 at `begin` to 1 at `end`, clamped. */
const along = (at: number, begin: number, end: number) =>
  end > begin ? Math.min(1, Math.max(0, (at - begin) / (end - begin))) : at < end ? 0 : 1;

/** Linear warm-up as in nanoGPT, `(t + 1) / (w + 1)` of the rate with t steps before this one; then `share` of it. */
function schedule(name: string, share: (progress: Progress) => number): Schedule {
  return {
    name,
    of: (options) => {
      checkOptions(name, fields, options);
      const { learningRate, warmup = 0, steps, final, decay = 0.2 } = options;
      return (step) => {
        const before = step - 1;
        if (before < warmup) return (learningRate * (before + 1)) / (warmup + 1);
        return learningRate * share({ before, warmup, steps, final, decay });
      };
    },
  };
}

/** A constant rate. */
export const constant = schedule("constant", () => 1);

/** The rate falls linearly to `final` of it, reached one step after the last. */
export const linear = schedule(
  "linear",
  ({ before, warmup, steps, final = 0 }) => 1 - (1 - final) * along(before, warmup, steps),
);

/** The rate falls along half a cosine (Loshchilov and Hutter 2016; to a tenth as in nanoGPT). */
export const cosine = schedule("cosine", ({ before, warmup, steps, final = 0.1 }) => {
  const kept = 0.5 * (1 + Math.cos(Math.PI * along(before, warmup, steps)));
  return final + kept * (1 - final);
});

/**
 * The rate is constant, then falls as 1 − √x over the last fifth of the steps (Hu et al. 2024; in this form in llm.c).
 */
export const wsd = schedule("wsd", ({ before, steps, final = 0, decay }) => {
  const kept = 1 - Math.sqrt(along(before, (1 - decay) * steps, steps));
  return final + kept * (1 - final);
});

/**
 * The rate grows linearly to its largest at step `warmup`, then falls as 1 / √step (Vaswani et al. 2017, section 5.3,
 * whose largest rate is 1 / √(width · warmup)).
 */
export const noam: Schedule = {
  name: "noam",
  of: (options) => {
    checkOptions("noam", fields, options);
    const { learningRate, warmup = 0 } = options;
    const peak = Math.max(1, warmup);
    return (step) => learningRate * Math.min(step / peak, Math.sqrt(peak / step));
  },
};

/** Every schedule by its name: `schedules.cosine.of({ learningRate, steps })` gives the rate of each step. */
export const schedules = { constant, linear, cosine, wsd, noam } as const;

/** The name of a schedule. */
export type ScheduleName = keyof typeof schedules;

/** A schedule by name, with its settings. */
export interface ScheduleSettings extends ScheduleOptions {
  readonly name: ScheduleName;
}

const settings = fieldsOf<ScheduleSettings>({ name: required(oneOf(...Object.keys(schedules))), ...checks });

/** A function, or possible settings. */
export const scheduleCheck: Check = (value) =>
  typeof value === "function" || (typeof value === "object" && value !== null && !Array.isArray(value))
    ? undefined
    : "an object with name, learningRate and steps, or a function of the step";

/** The rate of each step. Throws `OptionError`, with the name of the setting, for invalid settings. */
export function scheduleOf(where: string, given: ScheduleSettings | LearningRate): LearningRate {
  if (typeof given === "function") return given;
  checkOptions(where, settings, given, "schedule.");
  const { name, ...options } = given;
  return schedules[name].of(options);
}
