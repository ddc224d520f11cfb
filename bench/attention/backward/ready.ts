// Recorded programs of attention's gradients, with their results compared with float64.
import { difference, nmseCaps } from "../../../src/check/compare.ts";
import { allowedUlps, assertGate, errorsOf } from "../../../src/check/gate.ts";
import { type Gpu, type Instance, type Program, placed, type Tensor, transpose } from "../../../src/index.ts";
import { executedBy } from "../../harness/speed.ts";
import type { AttentionCase } from "../case.ts";
import { unchecked } from "../check.ts";
import type { Ready } from "../prepare.ts";
import type { recordOf } from "./record.ts";
import type { Subject } from "./subjects.ts";
import { type BackwardTruth, gradientsAt, resultsAt } from "./truth.ts";

/** A program with one instance of it, whose memory began as NaN. */
export async function prepared<R>(gpu: Gpu, record: () => R) {
  const program: Program<R> = gpu.record(record);
  const { poison } = gpu.buffers;
  gpu.buffers.poison = true;
  let instance: Instance<R>;
  try {
    instance = await program.instantiate();
  } finally {
    gpu.buffers.poison = poison;
  }
  const dispose = () => {
    instance.dispose();
    program.dispose();
  };
  return { program, instance, result: program.result, dispose };
}

export interface Made extends Omit<Ready, "instances"> {
  readonly instance: Instance<unknown>;
}

export async function made(
  gpu: Gpu,
  record: ReturnType<typeof recordOf>,
  { kind }: Subject,
  given: AttentionCase,
  truth: BackwardTruth,
): Promise<Made> {
  const start = performance.now();
  const { program, instance, result, dispose } = await prepared(gpu, record);
  try {
    instance.run();
    await gpu.device.queue.onSubmittedWorkDone();
    const firstRunMs = performance.now() - start;
    const read = async (x: Tensor | undefined, inTokens = false) => {
      if (!x) return undefined;
      const real = placed(instance, x);
      return Float32Array.from(await (inTokens ? transpose(real, [0, 2, 1, 3]) : real).read());
    };
    const { dq, dk, dv, out } = result;
    const values =
      kind === "inference" || kind === "forward"
        ? { out: await read(out, true) }
        : { dq: await read(dq), dk: await read(dk), dv: await read(dv) };
    return {
      check: checkOf(values, given, truth),
      instance,
      firstRunMs,
      dispatches: program.dispatches.length,
      executed: executedBy(program.dispatches),
      modelledBytes: null,
      workspaceBytes: program.temporaryBytes,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** All results are finite, and those with true values pass the gate of the tests and their cap on NMSE. */
function checkOf(
  values: Readonly<Record<string, Float32Array | undefined>>,
  { batch, heads }: AttentionCase,
  truth: BackwardTruth,
): Made["check"] {
  const checked = `${truth.places.length === truth.of ? "all" : `${truth.places.length} of`} ${truth.of} key heads`;
  const failed = (reason: string) => ({ ...unchecked(reason), verdict: "fail" as const, checked });
  for (const [name, numbers] of Object.entries(values)) {
    if (!numbers) return failed(`there is no ${name}`);
    const wrong = numbers.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) return failed(`element ${wrong} of ${name} is ${numbers[wrong]}`);
  }
  const [group = { count: 0, t: 0, s: 0 }] = batch.groups;
  const { out, dq, dk, dv } = values;
  const isForward = out !== undefined;
  const actual = isForward
    ? resultsAt(truth, out, group, heads)
    : gradientsAt(truth, { dq, dk, dv } as Record<"dq" | "dk" | "dv", Float32Array>, group, heads);
  const { expected, emulated } = isForward ? truth.out : truth.gradients;
  const [own, honest] = [errorsOf(actual, expected), errorsOf(emulated, expected)];
  const { nmse } = difference(actual, expected);
  const ratio = (norm: "largest" | "mean") => (honest[norm] > 0 ? own[norm] / honest[norm] : null);
  const figures = { checked, errorRatio: ratio("largest"), meanErrorRatio: ratio("mean"), nmse };
  try {
    assertGate(actual, expected, emulated, allowedUlps.exp(0), isForward ? "result" : "gradients");
    if (!(nmse <= nmseCaps.f32)) throw new Error(`NMSE ${nmse.toExponential(2)} above ${nmseCaps.f32}`);
  } catch (error) {
    return { verdict: "fail", reason: error instanceof Error ? error.message : String(error), ...figures };
  }
  return { verdict: "pass", reason: null, ...figures };
}
