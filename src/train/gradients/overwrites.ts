import type { Operation } from "../../gpu/program/recording.ts";
import type { Storage } from "../../gpu/storage.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { meet, type Region } from "./regions.ts";
import { GradientError, type Rule } from "./rule.ts";
import { piecesOf, writtenBy } from "./trace.ts";
import { pathTo, type Step, type Walk } from "./walk.ts";

interface Access {
  readonly step: Step;
  readonly region: Region;
}

const everything = (storage: Storage): Region => ({ shape: [storage.bytes], strides: [1], offset: 0 });

/** A step's effects on relevant memory, by storage. */
function accesses(tensors: Iterable<Tensor>, of: ReadonlySet<Storage>, step: Step): [Storage, Access][] {
  return [...tensors]
    .flatMap(piecesOf)
    .filter(({ storage }) => of.has(storage))
    .map(({ storage, region }) => [storage, { step, region }]);
}

/**
 * Throws `GradientError` if memory that a gradient depends on is written twice before the loss: backward would read the
 * later values. That includes memory that a step reads, since its gradient may be computed from it, except inputs that
 * its rule declares irrelevant.
 */
export function checkOverwrites({ steps, active, depends }: Walk, table: ReadonlyMap<object, Rule>): void {
  const differentiated = new Set(active);
  const counted = new Set(
    active.flatMap(({ call, inputs, writes }) => {
      const { unread = [] } = table.get(call.by ?? call) ?? {};
      const read = [...inputs].filter(([name]) => !unread.includes(name));
      return [...writes, ...storagesOf(read.map(([, tensor]) => tensor))];
    }),
  );
  const before = new Map<Storage, Access[]>();
  for (const step of steps) {
    const written = writtenBy(step.call);
    const known = accesses(step.results.values(), written, step);
    const unknown = [...written].filter((storage) => !known.some(([one]) => one === storage));
    for (const [storage, write] of [...known, ...unknown.map((one) => whole(one, step))]) {
      if (!counted.has(storage)) continue;
      const earlier = before.get(storage)?.find((access) => access.step !== step && meet(access.region, write.region));
      if (!earlier) continue;
      const path = pathTo(storage, depends);
      throw new GradientError(
        `gradients: ${step.call.op} overwrites ${storage.label}, which ${earlier.step.call.op} used before the loss` +
          `${path ? ` (${path})` : ""}; write a new tensor`,
      );
    }
    const reads = differentiated.has(step) ? accesses(step.inputs.values(), counted, step) : [];
    for (const [storage, access] of [...reads, ...known, ...unknown.map((one) => whole(one, step))]) {
      const list = before.get(storage);
      if (list) list.push(access);
      else before.set(storage, [access]);
    }
  }
}

const storagesOf = (tensors: Iterable<Tensor>) => [...tensors].flatMap(({ storages }) => storages);

const whole = (storage: Storage, step: Step): [Storage, Access] => [storage, { step, region: everything(storage) }];

/** Throws `GradientError` for a copy of memory that depends on a parameter: no op is responsible for it. */
export function checkCopies(operations: readonly Operation[], { depends }: Walk): void {
  for (const operation of operations) {
    if (operation.kind !== "copy" || !depends.has(operation.copy.from)) continue;
    const path = pathTo(operation.copy.from, depends);
    throw new GradientError(`gradients: ${path} is copied by gpu.copy, which has no gradient; call contiguous instead`);
  }
}
