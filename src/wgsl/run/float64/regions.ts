// Where lanes that part meet again, and what they may store on the way. If rounding decides which way a lane takes, a GPU
// may take the other one: until both meet, all that a lane stores is decided by rounding, and so is what it would have
// stored on the other way.
import type { Code, Instruction, Operation } from "../lower/code.ts";
import type { Variable } from "../program.ts";

/** Slots and memory that operations may store to. */
interface Stores {
  readonly slots: Set<number>;
  readonly memory: Set<Variable>;
}

/** An operation that chooses a way for each lane. */
export interface Choice {
  /** What it depends on. */
  readonly slot: number;
  /** Whether lanes whose slot is 0 count as those for which a condition holds. */
  readonly isNegated: boolean;
  /** The operation where all ways meet. */
  readonly end: number;
  /** Slots that are stored to on some way. */
  readonly slots: readonly number[];
  /** Memory that lanes do not store to for which the condition holds, or for which it does not. */
  readonly missed: { readonly ifTrue: ReadonlySet<Variable>; readonly ifFalse: ReadonlySet<Variable> };
}

/** A function, a loop, a branch or a switch: the positions of its operations. */
interface Block {
  readonly kind: "function" | "loop" | "if" | "switch";
  readonly first: number;
  end: number;
  otherwise: number;
  continuing: number;
  readonly outer: Block | undefined;
}

/** Ways through the code of an entry point. */
export interface Ways {
  /** By the position of the operation. */
  readonly choices: ReadonlyMap<number, Choice>;
  /** The first operation of the function that an operation is in. */
  readonly functionAt: (position: number) => number;
}

/** Analyses code. `extentOf` gives all slots of the variable that has a slot. */
export function waysOf({ operations }: Code, extentOf: (slot: number) => readonly number[]): Ways {
  const blocks = blocksOf(operations);
  const storesIn = collector(operations, blocks, extentOf);
  const choices = new Map<number, Choice>();
  for (const [position, operation] of operations.entries()) {
    const { kind } = operation;
    const condition = kind === "if" || kind === "wait" ? operation.condition : undefined;
    const slot = kind === "switch" ? operation.value : condition?.slot;
    if (slot === undefined) continue;
    const { first, end, isLarger } = regionOf(operations, blocks, position);
    const all = storesIn(first, end);
    choices.set(position, {
      slot,
      isNegated: condition?.isNegated ?? false,
      end,
      slots: [...all.slots],
      missed: missedBy(operation, blocks[position] as Block, storesIn, isLarger ? all.memory : undefined),
    });
  }
  return { choices, functionAt: (position) => functionOf(blocks[position] as Block).first };
}

/** For each operation the innermost block that it is in, opens or ends. */
function blocksOf(operations: readonly Operation[]): readonly Block[] {
  const blocks: Block[] = [];
  let current: Block | undefined;
  for (const [position, { kind }] of operations.entries()) {
    current ??= newBlock("function", position, undefined);
    if (kind === "loop" || kind === "if" || kind === "switch") current = newBlock(kind, position, current);
    blocks.push(current);
    if (kind === "else") current.otherwise = position;
    if (kind === "continuing") current.continuing = position;
    if (kind === "join" || kind === "end" || kind === "leave") {
      current.end = position;
      current = current.outer;
    }
  }
  return blocks;
}

const newBlock = (kind: Block["kind"], first: number, outer: Block | undefined): Block => ({
  kind,
  first,
  end: -1,
  otherwise: -1,
  continuing: -1,
  outer,
});

const functionOf = (block: Block): Block => (block.outer ? functionOf(block.outer) : block);

/** The first and the last operation that lanes reach by some way before all ways meet. */
interface Region {
  readonly first: number;
  readonly end: number;
  /** Whether it is more than the branch or the switch itself. */
  readonly isLarger: boolean;
}

/** A region grows by what leaves it: lanes that break, continue or return meet the others further out. */
function regionOf(operations: readonly Operation[], blocks: readonly Block[], position: number): Region {
  const own = blocks[position] as Block;
  const isWait = operations[position]?.kind === "wait";
  let [first, end] = isWait ? leaving(operations, blocks, position) : [own.first, own.end];
  const [least, most] = [first, end];
  for (let at = first; at <= end; at++) {
    if (operations[at]?.kind !== "wait") continue;
    const [from, to] = leaving(operations, blocks, at);
    if (from >= first && to <= end) continue;
    first = Math.min(first, from);
    end = Math.max(end, to);
    at = first - 1;
  }
  return { first, end, isLarger: isWait || first < least || end > most };
}

/** What lanes pass over that wait at a position, or that others may do before they meet them. */
function leaving(
  operations: readonly Operation[],
  blocks: readonly Block[],
  position: number,
): readonly [first: number, end: number] {
  const wait = operations[position] as Extract<Operation, { kind: "wait" }>;
  let block = blocks[position] as Block;
  let loop: Block | undefined;
  for (let level = 0; level < wait.levels; level++) {
    if (block.kind === "loop") loop = block;
    block = block.outer as Block;
  }
  if (wait.isContinue) return [position, block.continuing];
  if (block.kind === "loop") return [block.first, block.end];
  return [loop?.first ?? position, block.end];
}

type Collect = (first: number, end: number) => Stores;

/** Collects what operations store, and what functions do that they call. */
function collector(
  operations: readonly Operation[],
  blocks: readonly Block[],
  extentOf: (slot: number) => readonly number[],
): Collect {
  const ofFunctions = new Map<number, Stores>();
  const collect: Collect = (first, end) => {
    const found: Stores = { slots: new Set(), memory: new Set() };
    for (let at = first; at <= end; at++) {
      const operation = operations[at] as Operation;
      if (operation.kind === "switch") found.slots.add(operation.chosen);
      if (operation.kind === "call") include(found, ofFunction(operation.target.position));
      const instructions =
        operation.kind === "run" ? operation.instructions : operation.kind === "barrier" ? operation.loads : [];
      for (const instruction of instructions) includeInstruction(found, instruction, extentOf);
    }
    return found;
  };
  const ofFunction = (first: number): Stores => {
    const known = ofFunctions.get(first) ?? collect(first, (blocks[first] as Block).end);
    ofFunctions.set(first, known);
    return known;
  };
  return collect;
}

function include(all: Stores, more: Stores): void {
  for (const slot of more.slots) all.slots.add(slot);
  for (const variable of more.memory) all.memory.add(variable);
}

function includeInstruction(
  { slots, memory }: Stores,
  instruction: Instruction,
  extentOf: (slot: number) => readonly number[],
): void {
  if (instruction.kind === "store") memory.add(instruction.site.variable);
  if (instruction.kind === "atomic" && instruction.name !== "atomicLoad") memory.add(instruction.site.variable);
  if (instruction.kind === "scatter") for (const slot of extentOf(instruction.first)) slots.add(slot);
  if (!("to" in instruction)) return;
  for (const one of [instruction.to].flat()) slots.add(typeof one === "number" ? one : one.slot);
}

/** `larger` is what may be stored in a region that lanes can leave on their way. */
function missedBy(
  operation: Operation,
  { first, end, otherwise }: Block,
  storesIn: Collect,
  larger: ReadonlySet<Variable> | undefined,
): Choice["missed"] {
  if (operation.kind === "wait") return { ifTrue: larger ?? new Set(), ifFalse: new Set() };
  if (larger) return { ifTrue: larger, ifFalse: larger };
  const all = storesIn(first, end).memory;
  if (operation.kind === "switch") return { ifTrue: all, ifFalse: all };
  const middle = otherwise < 0 ? end : otherwise;
  return { ifTrue: storesIn(middle, end).memory, ifFalse: storesIn(first, middle).memory };
}
