// What a subgroup does, statement by statement.
import { buffersOf } from "../../study/buffers.ts";
import { openStepper } from "../../wgsl/run/step/stepper.ts";
import type { Stepper } from "../../wgsl/run/step/types.ts";
import type { Checked, TracedAccess, TracedStep } from "./kernel-study.ts";

/** The most statements that are traced. */
const maxStatements = 10_000;

/** The statements of the first subgroup of the first workgroup, in order: the first 10,000. */
export function traceOf(
  checked: Checked,
  options: { readonly workgroups: readonly [number, number, number]; readonly subgroupSize?: number },
): TracedStep[] {
  const { entry, dispatch, shader, placeOf } = checked;
  const bindings = [...buffersOf(entry, dispatch)].map(([{ binding }, data]) => ({
    group: binding?.group ?? 0,
    binding: binding?.binding ?? 0,
    data,
  }));
  const { workgroups, subgroupSize = 32 } = options;
  const stepper = openStepper(shader.code, { bindings, workgroups, subgroupSize });
  while (!stepper.advance(1_000_000));
  stepper.goTo(0);
  const traced: TracedStep[] = [];
  do {
    const { step, strands } = stepper.where();
    const first = strands[0];
    if (!first || first.status === "ended") break;
    const { place, activeLanes } = first;
    traced.push({ step, ...placeOf(place.at), activeLanes, accesses: accessesAt(stepper) });
  } while (
    traced.length < maxStatements &&
    stepper.go({ to: "statement", how: "into", strand: 0, direction: "next" }) === "found"
  );
  return traced;
}

const accessesAt = (stepper: Stepper): TracedAccess[] =>
  stepper.accesses(0).map(({ kind, memory, bytes, lanes, addresses }) => ({
    kind,
    name: stepper.memories[memory]?.name ?? "",
    bytes,
    lanes: [...lanes],
    addresses: [...addresses],
  }));
