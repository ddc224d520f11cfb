import type { LoadPhase, LoadProgress } from "../../../src/formats/load-progress.ts";

/** Each phase's share of the bar. */
const shares: Readonly<Record<LoadPhase, number>> = {
  download: 0.62,
  verify: 0.06,
  upload: 0.17,
  compile: 0.12,
  "warm-up": 0.03,
};
const order = Object.keys(shares) as LoadPhase[];

/** The rate is measured over this many last milliseconds. */
const span = 5000;

/** The progress of a load, for the bar. */
export interface Meter {
  readonly phases: Readonly<Partial<Record<LoadPhase, LoadProgress>>>;
  /** The last reported phase. */
  readonly phase: LoadPhase;
  /** From 0 to 1; never decreases. */
  readonly fraction: number;
  /** Bytes over the network at times in milliseconds, of the last seconds. */
  readonly samples: readonly { readonly at: number; readonly bytes: number }[];
}

export const noProgress: Meter = { phases: {}, phase: "download", fraction: 0, samples: [] };

/** The meter after a report. */
export function advance(meter: Meter, progress: LoadProgress, now: number): Meter {
  const phases = { ...meter.phases, [progress.phase]: progress };
  const last = Math.max(...order.map((phase, i) => (phases[phase] ? i : -1)));
  const fraction = order.reduce((sum, phase, i) => {
    const { done, total } = phases[phase] ?? { done: 0, total: 0 };
    // A skipped phase, such as the download of stored files, is over once a later phase has begun.
    const part = total > 0 ? Math.min(1, done / total) : i < last ? 1 : 0;
    return sum + shares[phase] * part;
  }, 0);
  const fetched = progress.phase === "download" ? progress.done - (progress.fromCache ?? 0) : undefined;
  const samples =
    fetched === undefined
      ? meter.samples
      : [...meter.samples.filter(({ at }) => now - at <= span), { at: now, bytes: fetched }];
  return { phases, phase: progress.phase, fraction: Math.max(meter.fraction, Math.min(1, fraction)), samples };
}

/** A meter continued after a pause: progress stays, the rate restarts. */
export const resumed = ({ fraction }: Meter): Meter => ({ ...noProgress, fraction });

/** Bytes per second over the network, and seconds left of the download; undefined while unknown. */
export function paceOf({ phases, samples }: Meter): { readonly rate: number; readonly left: number } | undefined {
  const [first, last] = [samples[0], samples.at(-1)];
  const { download } = phases;
  if (!first || !last || !download || last.at - first.at < 500) return undefined;
  const rate = (1000 * (last.bytes - first.bytes)) / (last.at - first.at);
  return rate > 0 ? { rate, left: (download.total - download.done) / rate } : undefined;
}
