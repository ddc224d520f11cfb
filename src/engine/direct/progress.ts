import type { LoadPhase, LoadProgress } from "../../formats/load-progress.ts";

/** Reports a phase; `done` may be given in any order. */
export type Report = (progress: LoadProgress) => void;

/** Milliseconds between two reports of one phase. */
const pause = 50;

/**
 * Passes on the first and the last report of each phase, and occasionally others; within a phase, `done` never
 * decreases.
 */
export function progressReport(onProgress: ((progress: LoadProgress) => void) | undefined): Report {
  const phases = new Map<LoadPhase, { most: number; total: number; reported: number }>();
  return (progress) => {
    if (!onProgress) return;
    const { phase, done, total } = progress;
    const known = phases.get(phase) ?? { most: 0, total: 0, reported: Number.NEGATIVE_INFINITY };
    phases.set(phase, known);
    known.most = Math.max(known.most, done);
    known.total = Math.max(known.total, total);
    const now = performance.now();
    if (known.most < known.total && now - known.reported < pause) return;
    known.reported = now;
    onProgress({ ...progress, done: known.most, total: known.total });
  };
}
