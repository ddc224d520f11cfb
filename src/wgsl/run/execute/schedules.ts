// Runs workgroups in an order that a seed decides: which of a few workgroups goes on, which of its strands, for how many
// steps. That shows what depends on the order.
import type { Instruction } from "../lower/code.ts";
import { atomicVisit } from "./atomics.ts";
import type { Divergence } from "./divergence.ts";
import { type Makers, plain } from "./plain.ts";
import { type Random, shuffle } from "./random.ts";
import { forEachLane, type State } from "./state.ts";
import { type Dispatch, haveEnded, placesOf, release, runReady, startWorkgroup } from "./workgroups.ts";

/** Makers for a run in random order: the lanes of an atomic function take turns by chance. */
export const makersInRandomOrder = (random: Random): Makers =>
  Object.assign({}, plain, {
    atomic: (state: State, instruction: Extract<Instruction, { kind: "atomic" }>) => {
      const visit = atomicVisit(state, instruction);
      return [
        () => {
          const lanes: number[] = [];
          forEachLane(state.active, (lane) => lanes.push(lane));
          for (const lane of shuffle(lanes, random)) visit(lane);
        },
      ];
    },
  });

/**
 * Runs all workgroups in random order, as many of them at a time as there are dispatches, which share their buffers and
 * nothing else. The first divergence ends the run.
 */
export function runInRandomOrder(dispatches: readonly Dispatch[], random: Random): Divergence | undefined {
  const [first] = dispatches;
  if (!first) return undefined;
  const waiting = shuffle([...placesOf(first.workgroups)], random);
  const running: Dispatch[] = [];
  const free = [...dispatches];
  for (;;) {
    while (free.length > 0 && waiting.length > 0) {
      const next = free.pop() as Dispatch;
      startWorkgroup(next, waiting.pop() as [number, number, number]);
      running.push(next);
    }
    if (running.length === 0) return undefined;
    const one = running[random(running.length)] as Dispatch;
    const { machine, strands } = one;
    const ready = strands.filter(({ status }) => status === "ready");
    if (ready.length > 0) {
      // Often a single step, now and then many.
      machine.pauseAt = Math.min(machine.maxSteps, machine.state.steps + 2 ** random(7));
      const missing = runReady(machine, ready[random(ready.length)] as (typeof ready)[number]);
      if (missing) return missing;
    } else if (haveEnded(strands)) {
      free.push(...running.splice(running.indexOf(one), 1));
    } else {
      const missing = release(machine, strands);
      if (missing) return missing;
    }
  }
}
