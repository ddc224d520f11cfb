import type { TrainingStep } from "../train/trainer/results.ts";

/** Steps in a row whose gradients are not finite, after which a run ends: they change nothing. */
const mostSkipped = 5;
/** Above this multiple of chance, and of the first loss, a loss has diverged. */
const [aboveChance, aboveFirst] = [3, 2];

/** What a run is judged by. */
export interface Judged {
  readonly history: readonly TrainingStep[];
  readonly vocabulary: number;
  readonly out: string | undefined;
  /** The step of the last checkpoint. */
  readonly saved: number | undefined;
}

function explode(what: string, { out, saved }: Judged): never {
  const kept =
    out === undefined
      ? ""
      : saved === undefined
        ? `; nothing is saved in ${out} yet`
        : `; ${out} has the checkpoint of step ${saved}, from which --resume goes on with a lower --lr`;
  throw new Error(`${what}: the learning rate may be too high${kept}`);
}

/** Throws for a loss that is not finite, or is far above that of chance and that of the first step. */
export function assertSane(when: string, loss: number, judged: Judged): void {
  const chance = Math.log(judged.vocabulary);
  const first = judged.history[0]?.loss ?? chance;
  if (Number.isFinite(loss) && loss <= Math.max(aboveChance * chance, aboveFirst * first)) return;
  const shown = Number.isFinite(loss) ? loss.toPrecision(4) : loss;
  explode(`${when} the loss is ${shown}, that of chance ${chance.toPrecision(4)}`, judged);
}

/** Throws where one of the last `count` steps has diverged: its loss, or the gradients of some steps in a row. */
export function assertNotExploded(count: number, judged: Judged): void {
  const { history } = judged;
  for (let i = history.length - count; i < history.length; i++) {
    const { step, loss } = history[i] as TrainingStep;
    assertSane(`step ${step}:`, loss, judged);
    const recent = history.slice(Math.max(0, i + 1 - mostSkipped), i + 1);
    if (recent.length < mostSkipped || !recent.every(({ skipped }) => skipped)) continue;
    explode(`step ${step}: the gradients of ${mostSkipped} steps in a row are not finite`, judged);
  }
}
