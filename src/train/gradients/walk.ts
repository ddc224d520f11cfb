// Which recorded calls lie between parameters and a loss.
import type { Call } from "../../gpu/program/dispatch.ts";
import type { Storage } from "../../gpu/storage.ts";
import { isFloat } from "../../tensor/formats/formats.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { boundBy, type Traced, traced, writtenBy } from "./trace.ts";

/** Why a storage depends on a parameter. */
type Origin =
  | { readonly parameter: string }
  | {
      readonly call: Call;
      /** The storage that the call reads. */
      readonly from: Storage;
    };

/** A call with the storages that it reads and writes. */
export interface Step extends Traced {
  readonly reads: ReadonlySet<Storage>;
  readonly writes: ReadonlySet<Storage>;
}

/** The calls to differentiate, and what depends on the parameters. */
export interface Walk {
  readonly steps: readonly Step[];
  /** The steps from parameters to the loss, in the order of the recording. */
  readonly active: readonly Step[];
  readonly depends: ReadonlyMap<Storage, Origin>;
}

const floats = (tensors: Iterable<Tensor>) => [...tensors].filter(({ dtype }) => isFloat(dtype));

/** A call as a step. One without an op has its dispatches' bindings. */
function stepOf(call: Call): Step {
  const trace = traced(call);
  const written = writtenBy(call);
  if (trace.results.size === 0) return { ...trace, reads: boundBy(call), writes: written };
  const of = (tensors: Iterable<Tensor>) => floats(tensors).flatMap(({ storages }) => storages);
  const results = of(trace.results.values()).filter((storage) => written.has(storage));
  return { ...trace, reads: new Set(of(trace.inputs.values())), writes: new Set(results) };
}

/** Follows calls from the parameters forwards, then from the loss backwards. */
export function walk(calls: readonly Call[], parameters: ReadonlyMap<string, Tensor>, loss: Tensor): Walk {
  const depends = new Map<Storage, Origin>();
  for (const [parameter, tensor] of parameters) {
    for (const storage of tensor.storages) if (!depends.has(storage)) depends.set(storage, { parameter });
  }
  const steps = calls.map(stepOf);
  for (const { call, reads, writes } of steps) {
    const from = [...reads].find((storage) => depends.has(storage));
    if (!from) continue;
    for (const storage of writes) if (!depends.has(storage)) depends.set(storage, { call, from });
  }
  const reaches = new Set<Storage>(loss.storages);
  const active: Step[] = [];
  for (const step of steps.toReversed()) {
    if (![...step.writes].some((storage) => reaches.has(storage))) continue;
    const read = [...step.reads].filter((storage) => depends.has(storage));
    if (read.length === 0) continue;
    for (const storage of read) reaches.add(storage);
    active.unshift(step);
  }
  return { steps, active, depends };
}

/** The parameter that a storage depends on and the ops between them, as errors show it. */
export function pathTo(storage: Storage, depends: Walk["depends"]): string {
  const names: string[] = [];
  for (let at: Storage | undefined = storage; at; ) {
    const origin: Origin | undefined = depends.get(at);
    if (!origin) break;
    names.unshift("parameter" in origin ? origin.parameter : origin.call.op);
    at = "from" in origin ? origin.from : undefined;
  }
  return names.join(" → ");
}
