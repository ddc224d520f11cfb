import type { Call } from "../program/dispatch.ts";
import { type MemoryPlan, touched } from "../program/plan.ts";
import type { Operation } from "../program/recording.ts";
import type { Storage } from "../storage.ts";

/** Memory of a program's temporaries, in bytes, over the list of its operations. */
export interface MemoryUse {
  /** Of the buffers that temporaries share. */
  readonly planned: number;
  /** The maximum alive at one operation: no plan needs less. */
  readonly peak: number;
  /** Alive at each operation, from the first use of a temporary to its last. */
  readonly alive: readonly number[];
  /**
   * Between the forward pass and the first call of the backward pass; without a backward pass, after the last
   * operation.
   */
  readonly saved: number;
  /** The same by the block that made them, such as `layer.3.attention`. */
  readonly savedByBlock: ReadonlyMap<string, number>;
}

/** The fields of a recorded program that are read. */
export interface PlannedProgram {
  readonly operations: readonly Operation[];
  readonly calls: readonly Call[];
  readonly plan: MemoryPlan;
}

/** The memory that the calls of a program need, such as those of a training step (`trainer.program`). */
export function memoryUse({ operations, calls, plan }: PlannedProgram): MemoryUse {
  const lives = new Map<Storage, { begin: number; end: number; block: string }>();
  operations.forEach((operation, at) => {
    const block = operation.kind === "dispatch" ? (operation.block ?? "") : "";
    for (const storage of touched(operation)) {
      if (!plan.colours.has(storage)) continue;
      const life = lives.get(storage);
      if (life) life.end = at;
      else lives.set(storage, { begin: at, end: at, block });
    }
  });
  const changes = new Array<number>(operations.length + 1).fill(0);
  for (const [{ bytes }, { begin, end }] of lives) {
    changes[begin] = (changes[begin] ?? 0) + bytes;
    changes[end + 1] = (changes[end + 1] ?? 0) - bytes;
  }
  let sum = 0;
  const alive = operations.map((_, at) => {
    sum += changes[at] ?? 0;
    return sum;
  });
  const backward = new Set(calls.filter((call) => call.of ?? call.again).flatMap(({ dispatches }) => dispatches));
  const first = operations.findIndex((one) => one.kind === "dispatch" && backward.has(one.dispatch));
  const turn = first < 0 ? operations.length : first;
  const savedByBlock = new Map<string, number>();
  for (const [{ bytes }, { begin, end, block }] of lives) {
    if (begin < turn && end >= turn) savedByBlock.set(block, (savedByBlock.get(block) ?? 0) + bytes);
  }
  return {
    planned: plan.sizes.reduce((total, bytes) => total + bytes, 0),
    peak: Math.max(0, ...alive),
    alive,
    saved: [...savedByBlock.values()].reduce((total, bytes) => total + bytes, 0),
    savedByBlock,
  };
}
