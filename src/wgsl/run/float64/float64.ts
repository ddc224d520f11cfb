// A run in float64 that also bounds how far the results of a GPU may be from it.
import { WgslError } from "../../error.ts";
import { newDispatch, settingOf } from "../execute/dispatch.ts";
import type { Divergence } from "../execute/divergence.ts";
import type { ExecuteOptions } from "../execute/execute.ts";
import type { Observer } from "../execute/observer.ts";
import { type Makers, plain } from "../execute/plain.ts";
import type { State } from "../execute/state.ts";
import { runWorkgroups } from "../execute/workgroups.ts";
import type { Code } from "../lower/code.ts";
import type { EntryPoint, Variable } from "../program.ts";
import { atomicActions } from "./atomics.ts";
import type { Rounding } from "./bounded.ts";
import { bitcastActions, convertActions, wholeActions } from "./conversions.ts";
import { checkAction, watched } from "./doubts.ts";
import { type Elements, elementsOf } from "./elements.ts";
import {
  addressActions,
  copyActions,
  gatherActions,
  lengthActions,
  loadActions,
  scatterActions,
  storeActions,
} from "./moves.ts";
import { type Choice, type Extent, waysOf } from "./regions.ts";
import { scalarActions } from "./scalars.ts";
import { newShadow, type Shadow, startWorkgroup } from "./shadow.ts";
import { subgroupActions } from "./subgroups.ts";

/** Options of a run in float64. */
export interface Float64Options extends Omit<ExecuteOptions, "observers" | "seed" | "maxPrints"> {
  /** How the GPU rounds: to nearest unless given. WGSL lets it round up or down as it likes, which doubles the bounds. */
  readonly rounding?: Rounding;
}

/** What a run in float64 gives. */
export interface Float64Run {
  /** What each storage buffer holds that the entry point may write. */
  readonly results: ReadonlyMap<Variable, Elements>;
  /** Accesses out of bounds, in characters from the start of the text, each once. */
  readonly outOfBounds: readonly { readonly at: number }[];
  /** The divergence that ended the run, if one did. */
  readonly divergence: readonly Divergence[];
  /** Operations that strands took together. */
  readonly steps: number;
}

/**
 * Runs an entry point as `execute` does, but with floats as doubles, f16 too, none of which are rounded to their types,
 * and each with a bound: how far the number of a GPU may be from it that errs as much as WGSL allows in each operation
 * (section 15.7.4), fuses `a * b + c` or not, and flushes subnormal numbers or not. Sums are those of the text: a GPU that
 * reassociates them, as WGSL lets it, may exceed the bound.
 *
 * Where a comparison depends on rounding, `select` gives a bound that both of its values are within. After a branch that
 * does, both ways of which cannot be followed, what a lane stores until they meet is marked as decided by rounding; and
 * so is what depends on it, a place in memory whose index does, and the bits of a float as far as they are used as
 * anything but their order.
 *
 * The buffers stay as they are. Throws as `execute` does.
 */
export function runFloat64(entry: EntryPoint, options: Float64Options): Float64Run {
  const { workgroups, subgroupSize = 32, mapping, strands = "subgroup", rounding = "nearest" } = options;
  const { maxSteps = 50_000_000, onDivergence = "throw" } = options;
  const buffers = new Map([...options.buffers].map(([variable, bytes]) => [variable, bytes.slice(0)]));
  const setting = settingOf(entry, { workgroups, buffers, subgroupSize, mapping, strands, maxPrints: 0 });
  const { code, makers, observer, shadow } = float64Mode(setting.code, rounding);
  const own = { ...setting, code };
  const dispatch = newDispatch(own, { makers, maxSteps, observers: [observer], spareSlots: 2 });
  const divergence = runWorkgroups(dispatch);
  if (divergence && onDivergence === "throw") throw new WgslError(divergence.message, divergence.at);
  const { state } = dispatch.machine;
  const written = [...buffers].filter(([variable]) => variable.space === "storage" && variable.writable);
  return {
    results: new Map(
      written.map(([variable, bytes]) => [
        variable,
        elementsOf(variable.type, bytes, shadow()?.memories.get(variable)),
      ]),
    ),
    outOfBounds: [...state.outOfBounds].map((at) => ({ at })),
    divergence: divergence ? [divergence] : [],
    steps: state.steps,
  };
}

/** Slots of the variable that a slot belongs to. */
function extentsOf({ variables }: Code): (slot: number) => Extent {
  const extents = [...variables].map(([{ type }, first]) => ({ first, end: first + type.slots }));
  return (slot) => extents.find(({ first, end }) => slot >= first && slot < end) ?? { first: slot, end: slot + 1 };
}

/** What instructions do. The shadow is made with the first of them. */
function float64Mode(given: Code, rounding: Rounding) {
  const extentOf = extentsOf(given);
  const ways = waysOf(given, extentOf);
  const { code, checks } = watched(given, ways);
  const scratch = { lanes: given.slots, sources: given.slots + 1 };
  let shadow: Shadow | undefined;
  const pending: Set<Choice>[] = [];
  const of = (state: State): Shadow => {
    shadow ??= newShadow(state, rounding);
    return shadow;
  };
  const makers: Makers = {
    scalar: (state, instruction) => scalarActions(of(state), instruction),
    convert: (state, instruction) => convertActions(of(state), instruction),
    bitcast: (state, instruction) => bitcastActions(of(state), instruction),
    whole: (state, instruction) => wholeActions(of(state), instruction),
    copy: (state, instruction) => copyActions(of(state), instruction),
    address: (state, instruction) => addressActions(of(state), instruction),
    gather: (state, instruction) => gatherActions(of(state), instruction),
    scatter: (state, instruction) => scatterActions(of(state), instruction, extentOf),
    load: (state, instruction) => loadActions(of(state), instruction),
    store: (state, instruction) => storeActions(of(state), instruction),
    atomic: (state, instruction) => atomicActions(of(state), instruction),
    length: (state, instruction) => lengthActions(of(state), instruction),
    subgroup: (state, instruction) => subgroupActions(of(state), instruction, scratch),
    print: plain.print,
  };
  const observer: Observer = {
    run: (state, operation) => {
      const check = checks.get(operation);
      if (!check) return () => {};
      const action = checkAction(of(state), pending, check, ways);
      return () => {
        state.steps--; // the text does not have it
        action();
      };
    },
    begin: (state) => {
      for (let lane = 0; lane < state.width; lane++) pending.push(new Set());
    },
    workgroup: () => {
      if (shadow) startWorkgroup(shadow);
      for (const choices of pending) choices.clear();
    },
  };
  return { code, makers, observer, shadow: () => shadow };
}
