// Values of expressions that the reader adds, computed from what a workgroup holds between two steps.
import { WgslError } from "../../error.ts";
import { fillSlot } from "../execute/inputs.ts";
import { type Machine, newMachine, runStrand } from "../execute/machine.ts";
import { plain } from "../execute/plain.ts";
import { type State, viewOf } from "../execute/state.ts";
import { newStrand, restart, type Strand } from "../execute/strand.ts";
import { insideOf } from "../lower/effects.ts";
import { type LoweredValue, lowerValue } from "../lower/lower.ts";
import type { Expression, Program } from "../program.ts";
import { bool, type Type } from "../types.ts";
import type { Text } from "./lanes.ts";
import type { Refused, VariableInfo, Watched } from "./types.ts";

/** The most scalars of a value. */
const mostScalars = 256;

/** Slots of a lane that expressions may use in addition to those of the code. */
export const spareSlots = 4 * mostScalars;

/** An expression at an operation, ready to be evaluated. */
interface Compiled extends LoweredValue {
  readonly type: Type;
  readonly hasSubgroups: boolean;
  readonly machine: Machine;
}

/** Evaluates expressions over the state of a workgroup. */
export interface Watcher {
  readonly program: Program;
  readonly text: Text;
  /** Shares slots and memory with the workgroup, and has lanes of its own. */
  readonly state: State;
  readonly compiled: Map<string, Compiled | Refused>;
}

/** The most expressions that are kept compiled. */
const mostCompiled = 1000;

/** A watcher of a state, which has room for `spareSlots`. */
export function newWatcher(program: Program, text: Text, state: State): Watcher {
  const own: State = Object.assign({}, state, {
    active: { bounds: new Int32Array(state.width + 1), length: 0 },
    outOfBounds: new Set<number>(),
    prints: [],
  });
  return { program, text, state: own, compiled: new Map() };
}

/** The value of an expression for all lanes, at the operation that a strand does next. */
export function watch(watcher: Watcher, expression: string, position: number, strand: Strand): Watched | Refused {
  const compiled = compiledAt(watcher, expression, position);
  if ("refused" in compiled) return compiled;
  const { type } = compiled;
  const { width } = watcher.state;
  evaluate(watcher, compiled, Int32Array.of(0, width));
  // Other lanes have no part in what the active ones do together.
  if (compiled.hasSubgroups) evaluate(watcher, compiled, strand.bounds.subarray(0, strand.length));
  const scalars = compiled.slots.map(({ scalar }) => scalar);
  const labels = labelsOf(type);
  const values = new Float64Array(width * scalars.length);
  for (const [i, { slot, scalar }] of compiled.slots.entries()) {
    const view = viewOf(watcher.state, scalar);
    for (let lane = 0; lane < width; lane++) values[lane * scalars.length + i] = view[slot * width + lane] as number;
  }
  return { type: type.name, scalars: scalars.map((scalar, i) => ({ scalar, label: labels[i] ?? "" })), values };
}

/**
 * Whether a condition holds for any of a strand's active lanes, or for all of them. Throws `WgslError` for one that is
 * wrong.
 */
export function holds(
  watcher: Watcher,
  condition: string,
  position: number,
  strand: Strand,
  lanes: "any" | "all",
): boolean {
  const compiled = compiledAt(watcher, condition, position);
  if ("refused" in compiled) throw new WgslError(`${condition}: ${compiled.refused}`, compiled.at);
  const { type } = compiled;
  if (type !== bool) throw new WgslError(`${condition} is a ${type.name}; a condition is a bool`, 0);
  const bounds = strand.bounds.subarray(0, strand.length);
  evaluate(watcher, compiled, bounds);
  const first = (compiled.slots[0]?.slot ?? 0) * watcher.state.width;
  const { i32 } = watcher.state;
  for (let run = 0; run < bounds.length; run += 2) {
    for (let lane = bounds[run] as number; lane < (bounds[run + 1] as number); lane++) {
      if ((i32[first + lane] === 1) !== (lanes === "all")) return lanes === "any";
    }
  }
  return lanes === "all";
}

function compiledAt(watcher: Watcher, expression: string, position: number): Compiled | Refused {
  const key = `${position} ${expression}`;
  const known = watcher.compiled.get(key);
  if (known) return known;
  if (watcher.compiled.size >= mostCompiled) watcher.compiled.clear();
  const made = compile(watcher, expression, position);
  watcher.compiled.set(key, made);
  return made;
}

function compile(
  { program, state, text: { code, layout } }: Watcher,
  text: string,
  position: number,
): Compiled | Refused {
  const place = layout.places[position];
  const owner = code.functions[layout.functions[position] as number];
  if (!place || !owner) throw new Error(`no operation ${position}`);
  try {
    const expression = program.scopeAt(place.at).valueOfText(text);
    const { slots, name } = expression.type;
    if (slots > mostScalars) return { refused: `${name} has more than ${mostScalars} numbers`, at: 0 };
    const lowered = lowerValue(code, owner, expression, spareSlots);
    const machine = newMachine(lowered.code, state, plain, Number.POSITIVE_INFINITY);
    return { ...lowered, type: expression.type, hasSubgroups: hasSubgroups(expression), machine };
  } catch (error) {
    if (error instanceof WgslError) return { refused: error.message, at: error.at };
    throw error;
  }
}

const hasSubgroups = (expression: Expression): boolean =>
  (expression.kind === "builtin" && /^(subgroup|quad)/.test(expression.name)) ||
  insideOf(expression).some(hasSubgroups);

/** Computes a value for lanes that are given as runs. */
function evaluate({ state }: Watcher, { code, machine }: Compiled, lanes: Int32Array): void {
  for (const { slot, scalar, value } of code.constants) fillSlot(state, slot, scalar, value);
  const strand = newStrand(0, state.width, code.depth);
  restart(strand, lanes);
  runStrand(machine, strand);
}

/** Names of a value's scalars in it. */
function labelsOf(type: Type): readonly string[] {
  const inside = (name: (i: number) => string, count: number, of: Type) => {
    const inner = labelsOf(of);
    return Array.from({ length: count }, (_, i) => inner.map((label) => `${name(i)}${label}`)).flat();
  };
  switch (type.kind) {
    case "vector":
      return inside((i) => `.${"xyzw"[i]}`, type.width, type.of);
    case "matrix":
      return inside((i) => `[${i}]`, type.columns, type.column);
    case "array":
      return inside((i) => `[${i}]`, type.count ?? 1, type.of);
    case "struct":
      return type.members.flatMap(({ name, type: of }) => labelsOf(of).map((label) => `.${name}${label}`));
    default:
      return [""];
  }
}

/** Variables that expressions may name at an operation. */
export function variablesAt({ program, text: { code, layout } }: Watcher, position: number): readonly VariableInfo[] {
  const place = layout.places[position];
  const pointers = code.functions[layout.functions[position] as number]?.pointers;
  if (!place) return [];
  return program
    .scopeAt(place.at)
    .variables.filter((one) => code.variables.has(one) || code.memory.has(one) || pointers?.has(one))
    .map(({ name, type, space }) => ({ name, type: type.name, space: space ?? "value", scalars: type.slots }));
}
