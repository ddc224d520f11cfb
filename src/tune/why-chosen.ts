// Why a call has the variant that it has, in words.
import type { Gpu } from "../gpu/gpu.ts";
import { type OpCall, preferenceOf, withPreference } from "../kernels/define/preference.ts";
import { choiceFor, kindOf, type Tuning, tuningTable } from "../kernels/tuning.ts";
import { tunedRow } from "./tuned.ts";
import type { TunedRow } from "./tuning-record.ts";

/** Runs `fn` with the measurements in use; gives its result, and every call of an op, those within others too. */
export function observe<T>(gpu: Gpu, fn: () => T): { readonly result: T; readonly calls: readonly OpCall[] } {
  const calls: OpCall[] = [];
  const before = preferenceOf(gpu);
  const watch = (call: OpCall) => {
    calls.push(call);
    return before?.(call);
  };
  return { result: withPreference(gpu, watch, fn), calls };
}

/** A call as a program keeps it. */
interface RecordedCall {
  readonly op: string;
  readonly variant: string;
}

/**
 * For each call of a program, why it has its variant; undefined for kernels without variants. `observed` are the calls
 * that were seen while it was recorded: each is followed by those that its variant makes.
 */
export function whyChosen(
  gpu: Gpu,
  recorded: readonly RecordedCall[],
  observed: readonly OpCall[],
): (string | undefined)[] {
  let next = 0;
  return recorded.map(({ op, variant }) => {
    const call = observed[next];
    if (op === variant || call?.op.opName !== op) return undefined;
    const { tensors, options } = call;
    const inner = observe(gpu, () => gpu.sketch(() => void call.op.variants[variant]?.record(gpu, tensors, options)));
    next += 1 + inner.calls.length;
    return reasonFor(gpu, call, variant);
  });
}

/** Why a call has a variant. */
function reasonFor(gpu: Gpu, call: OpCall, variant: string): string {
  const { op, tensors, options, wanted } = call;
  if (wanted !== undefined) return "the caller names it";
  const row = tunedRow(gpu, call);
  if (row?.choice === variant) return measuredReason(row);
  const survey = op.survey(gpu, tensors, options);
  const refusals = [...survey].flatMap(([name, why]) => (why === undefined ? [] : [`${name}: ${why}`]));
  if (refusals.length === survey.size - 1) return `only it accepts the call; ${refusals.join("; ")}`;
  const before = beforeIt(op.order(tensors, options, gpu), variant);
  const passed = refusals.filter((refusal) => before.some((name) => refusal.startsWith(`${name}: `)));
  const named = tableRow(gpu, call, variant);
  const from = named ? `${named.name}: ${named.finding}` : "first in the op's order";
  return [from, ...passed.map((refusal) => `not ${refusal}`)].join("; ");
}

const beforeIt = (order: readonly string[], variant: string) => order.slice(0, Math.max(0, order.indexOf(variant)));

function measuredReason({ choice, untuned, variants, measured }: TunedRow): string {
  const day = measured.slice(0, 10);
  const timeOf = (wanted: string) => variants.find(({ name }) => name === wanted)?.ms ?? 0;
  if (choice === untuned) return `measured here on ${day}: no other is faster beyond noise`;
  return `measured here on ${day}: ${(timeOf(untuned) / timeOf(choice)).toFixed(2)} times as fast as ${untuned}`;
}

/** The row of the table of choices that an op's order has a variant from. */
function tableRow(gpu: Gpu, { op, tensors, options }: OpCall, variant: string) {
  const kind = kindOf(gpu);
  const order = op.order(tensors, options, gpu).join();
  const found = (Object.keys(tuningTable) as (keyof Tuning)[]).flatMap((name) => {
    const { choice, finding, measuredOn } = choiceFor(name, kind);
    const names: readonly string[] = Array.isArray(choice) ? choice : [];
    if (!names.includes(variant) || !order.includes(names.join())) return [];
    return [{ name, finding: measuredOn === undefined ? `${finding} (not measured)` : `${finding} (${measuredOn})` }];
  });
  // Two ops may have variants of the same names in the same order.
  return found.find(({ name }) => op.opName.includes(name)) ?? found[0];
}
