// Where lanes that part meet again, and what they may store on the way. If rounding decides which way a lane takes, a GPU
// may take the other one: until both meet, all that a lane stores is decided by rounding, and so is what it would have
// stored on the other way.
import type { Code, Instruction, Operation } from "../lower/code.ts";
import type { Variable } from "../program.ts";

/** The slots of a variable: the first one, and the one after the last. */
export interface Extent {
  readonly first: number;
  readonly end: number;
}

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
  readonly slots: () => ReadonlySet<number>;
  /** Memory that lanes do not store to, those for which the condition holds or the others. */
  readonly missed: (isTrue: boolean) => ReadonlySet<Variable>;
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

/** Analyses code. `extentOf` gives the variable that has a slot. */
export function waysOf({ operations }: Code, extentOf: (slot: number) => Extent): Ways {
  const blocks = blocksOf(operations);
  const leaves = leavesOf(operations, blocks);
  const storesIn = collector(operations, blocks, extentOf);
  const choices = new Map<number, Choice>();
  for (const [position, operation] of operations.entries()) {
    const { kind } = operation;
    const condition = kind === "if" || kind === "wait" ? operation.condition : undefined;
    const slot = kind === "switch" ? operation.value : condition?.slot;
    if (slot === undefined) continue;
    const region = regionOf(position, blocks[position] as Block, leaves);
    const all = once(() => storesIn(region.first, region.end));
    const missed = missedBy(operation, blocks[position] as Block, region.isLarger, storesIn, all);
    choices.set(position, {
      slot,
      isNegated: condition?.isNegated ?? false,
      end: region.end,
      slots: () => all().slots,
      missed: (isTrue) => (isTrue ? missed.ifTrue : missed.ifFalse)().memory,
    });
  }
  return { choices, functionAt: (position) => functionOf(blocks[position] as Block).first };
}

/** Computes something when it is needed: rounding decides few of all choices. */
function once<T>(compute: () => T): () => T {
  let known: T | undefined;
  return () => {
    known ??= compute();
    return known;
  };
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

function functionOf(block: Block): Block {
  let found = block;
  while (found.outer) found = found.outer;
  return found;
}

/** The first and the last operation that lanes reach by some way before all ways meet. */
interface Region {
  readonly first: number;
  readonly end: number;
  /** Whether lanes can leave the branch or the switch itself. */
  readonly isLarger: boolean;
}

/** Where lanes wait for others, and what they pass over, or others do before they meet them. */
interface Leave {
  readonly position: number;
  readonly first: number;
  readonly end: number;
}

/** In the order of positions. */
function leavesOf(operations: readonly Operation[], blocks: readonly Block[]): readonly Leave[] {
  return operations.flatMap((operation, position) =>
    operation.kind === "wait" ? [leaveAt(operation, position, blocks[position] as Block)] : [],
  );
}

function leaveAt(
  { levels, isContinue }: Extract<Operation, { kind: "wait" }>,
  position: number,
  innermost: Block,
): Leave {
  let block = innermost;
  let loop: Block | undefined;
  for (let level = 0; level < levels; level++) {
    if (block.kind === "loop") loop = block;
    block = block.outer as Block;
  }
  if (isContinue) return { position, first: position, end: block.continuing };
  if (block.kind === "loop") return { position, first: block.first, end: block.end };
  return { position, first: loop?.first ?? position, end: block.end };
}

/** A region grows by what leaves it: lanes that break, continue or return meet the others further out. */
function regionOf(position: number, own: Block, leaves: readonly Leave[]): Region {
  const leave = leaves.find((one) => one.position === position);
  let { first, end } = leave ?? own;
  for (let isGrowing = true; isGrowing; ) {
    isGrowing = false;
    for (const one of leaves) {
      if (one.position < first || one.position > end || (one.first >= first && one.end <= end)) continue;
      first = Math.min(first, one.first);
      end = Math.max(end, one.end);
      isGrowing = true;
    }
  }
  return { first, end, isLarger: leave !== undefined || first < own.first || end > own.end };
}

type Collect = (first: number, end: number) => Stores;

/** Collects what operations store, and what functions do that they call. */
function collector(
  operations: readonly Operation[],
  blocks: readonly Block[],
  extentOf: (slot: number) => Extent,
): Collect {
  const ofFunctions = new Map<number, Stores>();
  // Labels move when operations are put into the code.
  const callees = operations.map((operation) => (operation.kind === "call" ? operation.target.position : -1));
  const collect: Collect = (first, end) => {
    const found: Stores = { slots: new Set(), memory: new Set() };
    for (let at = first; at <= end; at++) {
      const operation = operations[at] as Operation;
      if (operation.kind === "switch") found.slots.add(operation.chosen);
      if (operation.kind === "call") include(found, ofFunction(callees[at] as number));
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
  extentOf: (slot: number) => Extent,
): void {
  if (instruction.kind === "store") memory.add(instruction.site.variable);
  if (instruction.kind === "atomic" && instruction.name !== "atomicLoad") memory.add(instruction.site.variable);
  if (instruction.kind === "scatter") {
    const { first, end } = extentOf(instruction.first);
    for (let slot = first; slot < end; slot++) slots.add(slot);
  }
  if (!("to" in instruction)) return;
  for (const one of [instruction.to].flat()) slots.add(typeof one === "number" ? one : one.slot);
}

/** What lanes do not store by taking their way. Those that go on where others leave do all that those might. */
function missedBy(
  { kind }: Operation,
  { first, end, otherwise }: Block,
  isLarger: boolean,
  storesIn: Collect,
  all: () => Stores,
): { readonly ifTrue: () => Stores; readonly ifFalse: () => Stores } {
  if (kind === "wait") return { ifTrue: all, ifFalse: noStores };
  if (kind === "switch" || isLarger) return { ifTrue: all, ifFalse: all };
  const middle = otherwise < 0 ? end : otherwise;
  return { ifTrue: once(() => storesIn(middle, end)), ifFalse: once(() => storesIn(first, middle)) };
}

const noStores = (): Stores => ({ slots: new Set(), memory: new Set() });
