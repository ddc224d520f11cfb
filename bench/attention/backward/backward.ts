import { attention, type Gpu, placed, type Tensor, transpose, upload } from "../../../src/index.ts";
import { attentionBackward } from "../../../src/train/index.ts";
import { withShareOfFastest } from "../../harness/speed.ts";
import { intervalOf, timeInTurns, timingOn } from "../../harness/timing.ts";
import type { BenchResult, BenchRow } from "../../result.ts";
import { type AttentionCase, caseName } from "../case.ts";
import { commandOf } from "../command.ts";
import { tensorsIn } from "../inputs/elements.ts";
import { inputsOf, random, uploadGroup } from "../inputs/inputs.ts";
import type { AttentionPlan } from "../plan.ts";
import { type BenchEvents, type Context, type Found, findOut, rowOf, runCases } from "../run.ts";
import { attentionWork } from "../work.ts";
import { type Made, made, prepared } from "./ready.ts";
import { recordOf } from "./record.ts";
import {
  backwardVariants,
  bytesOf,
  productFlops,
  refusalOf,
  type Subject,
  subjectsFor,
  type Variant,
} from "./subjects.ts";
import { backwardTruth } from "./truth.ts";

/** Everything to measure: of these variants of the gradients, default all; and of these kinds, default all. */
export interface BackwardPlan extends Omit<AttentionPlan, "subjects"> {
  readonly variants?: readonly Variant[] | undefined;
  readonly kinds?: readonly Subject["kind"][] | undefined;
}

/**
 * Measures attention, its gradients, and both in one program, alternately, after every result was compared with
 * float64. Throws as `runAttentionBench` does.
 */
export async function runBackwardBench(gpu: Gpu, plan: BackwardPlan, events: BenchEvents = {}): Promise<BenchResult> {
  return await runCases(gpu, plan, events, (given, context) => runCase(gpu, given, plan, context));
}

async function runCase(gpu: Gpu, given: AttentionCase, plan: BackwardPlan, context: Context): Promise<BenchRow[]> {
  const subjects = subjectsFor(plan.variants ?? backwardVariants, plan.kinds);
  const name = caseName(given);
  const work = attentionWork(given);
  const row = (subject: Subject, found: Found): BenchRow => {
    const named = {
      name: subject.name,
      op: "attention-backward",
      command: `${commandOf(given, plan, subject.variant)} --backward`,
      flops: (_: unknown, pairs: number) => productFlops(given, pairs, subject),
    };
    const own = { ...work, bytes: bytesOf(given, subject) };
    return rowOf(given, named, found, own, { ...plan, subjects: [] }, context);
  };
  const reason = refusalOf(given);
  const [group] = given.batch.groups;
  if (reason !== undefined || !group)
    return subjects.map((subject) => row(subject, { reason: reason ?? "no sequences" }));
  context.progress(`${name}: inputs`);
  const { heads } = given;
  const { count: b, t, s } = group;
  const inputs = inputsOf(group, heads);
  const upstream = random(b * t * heads.h * heads.dv, 4);
  const { owned, views } = uploadGroup(gpu, group, heads, inputs);
  const held = upload(gpu, [b, t, heads.h, heads.dv], "f32", upstream, "dout");
  const dout = transpose(held, [0, 2, 1, 3]);
  const shape = { b, h: heads.h, t, s };
  const options = { mask: given.mask.make(gpu, shape), score: given.score.at(shape).make(gpu) };
  const forward = await prepared(gpu, () => attention(gpu, views, { ...options, lse: true }));
  forward.instance.run();
  const [out, lse] = [forward.result.out, forward.result.lse as Tensor].map((x) => placed(forward.instance, x)) as [
    Tensor,
    Tensor,
  ];
  const tensors = { ...views, out, lse, dout };
  const survey = await findOut(gpu, async () => attentionBackward.survey(gpu, tensors, options), context.signal);
  const found: Found<Made>[] = [];
  const dispose = () => {
    for (const { ready } of found) ready?.dispose();
    forward.dispose();
    for (const tensor of [...owned, held, ...tensorsIn(options)]) tensor.dispose();
  };
  try {
    context.progress(`${name}: float64`);
    const truth = await backwardTruth(given, group, inputs, upstream, context.signal);
    for (const subject of subjects) {
      context.signal?.throwIfAborted();
      context.progress(`${name}: ${subject.name}`);
      const record = recordOf(gpu, subject, { views, tensors, options, dout });
      const make = async () => {
        const refusal = subject.variant && (survey.ready?.get(subject.variant) ?? survey.reason);
        return refusal ?? (await made(gpu, record, subject, given, truth));
      };
      found.push(await findOut(gpu, make, context.signal));
    }
    const right = found.flatMap(({ ready }) => (ready?.check.verdict === "pass" ? [ready] : []));
    context.progress(`${name}: timing`);
    const intervals = right.map(({ instance }) => intervalOf(gpu, [instance], plan.clock));
    const timing = await timingOn(gpu, plan.clock, plan.timing);
    const timings = await timeInTurns(intervals, { ...timing, signal: context.signal, ready: context.ready });
    const timed = new Map(right.map((ready, i) => [ready, timings[i]]));
    const rows = subjects.map((subject, i) => {
      const { ready, ...rest } = found[i] ?? {};
      return row(subject, ready ? { ready, timing: timed.get(ready) } : rest);
    });
    return withShareOfFastest(rows, (_, i) => subjects[i]?.kind === "backward");
  } finally {
    dispose();
  }
}
