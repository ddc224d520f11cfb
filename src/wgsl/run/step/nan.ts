// Finds the steps that make a NaN of operands that are numbers.
import type { Machine } from "../execute/machine.ts";
import { type Makers, plain } from "../execute/plain.ts";
import { type Action, forEachLane, type State } from "../execute/state.ts";
import type { Slot } from "../lower/code.ts";
import { type Lens, otherMachine } from "./lens.ts";

/** A machine that takes a lens's steps and notes NaNs. */
export interface NanFinder {
  readonly machine: Machine;
  /** Whether one was made since this was last set to false. */
  found: boolean;
}

/** A finder over the state of a lens. */
export function newNanFinder(lens: Lens): NanFinder {
  const note = { found: false };
  return Object.assign(note, { machine: otherMachine(lens, watching(note), []) });
}

const watching = (note: { found: boolean }): Makers =>
  Object.assign({}, plain, {
    scalar: (state, one) => around(note, state, one.from, [one.to], plain.scalar(state, one)),
    whole: (state, one) => around(note, state, one.from.flat(), one.to, plain.whole(state, one)),
  } satisfies Partial<Makers>);

const isFloat = ({ scalar }: Slot) => scalar === "f32" || scalar === "f16";

/** Actions, and around them what notes a NaN among results where there was none among operands. */
function around(
  note: { found: boolean },
  state: State,
  from: readonly Slot[],
  to: readonly Slot[],
  actions: readonly Action[],
): readonly Action[] {
  const { f32, width, active } = state;
  const [operands, results] = [from.filter(isFloat), to.filter(isFloat)];
  if (results.length === 0) return actions;
  const hadNan = new Uint8Array(width);
  const hasNan = (slots: readonly Slot[], lane: number) =>
    slots.some(({ slot }) => Number.isNaN(f32[slot * width + lane]));
  const before = () =>
    forEachLane(active, (lane) => {
      hadNan[lane] = hasNan(operands, lane) ? 1 : 0;
    });
  const after = () =>
    forEachLane(active, (lane) => {
      note.found ||= hadNan[lane] === 0 && hasNan(results, lane);
    });
  return [before, ...actions, after];
}
