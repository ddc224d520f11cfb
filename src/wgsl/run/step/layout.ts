// What is known of lowered code before it runs: where operations stand in the text and which frames are open there.
import type { Code, Operation } from "../lower/code.ts";
import type { SourcePlace } from "./types.ts";

/** Facts of each operation, by its position. */
export interface Layout {
  readonly places: readonly SourcePlace[];
  /** 1 where a statement begins. */
  readonly starts: Uint8Array;
  /** The operation that opened the innermost frame of the function, −1 where only that of its call is open. */
  readonly openers: Int32Array;
  /** Of those that open a frame: the operation that closes it, and `continuing` of a loop. */
  readonly closers: Int32Array;
  readonly continuings: Int32Array;
  /** The function, by its number in `Code.functions`. */
  readonly functions: Int32Array;
}

/** Operations that a reader takes for the text's own; the others only say which lanes go on. */
const visible: ReadonlySet<Operation["kind"]> = new Set(["run", "if", "wait", "switch", "call", "barrier"]);

/** Reads the structure of code. `lineAt` gives the line of a character. */
export function layoutOf(code: Code, lineAt: (at: number) => number): Layout {
  const { operations } = code;
  const many = () => new Int32Array(operations.length).fill(-1);
  const layout: Layout = {
    places: operations.map(({ span: { at, end } }) => ({ line: lineAt(at), at, end })),
    starts: new Uint8Array(operations.length),
    openers: many(),
    closers: many(),
    continuings: many(),
    functions: many(),
  };
  for (const [number, { first, end }] of code.functions.entries()) {
    layout.functions.fill(number, first, end);
    markFrames(layout, operations, first, end);
    markStarts(layout, operations, first, end);
  }
  return layout;
}

function markFrames(
  { openers, closers, continuings }: Layout,
  operations: Code["operations"],
  first: number,
  end: number,
) {
  const open: number[] = [];
  for (let at = first; at < end; at++) {
    const inner = open.at(-1) ?? -1;
    openers[at] = inner;
    switch (operations[at]?.kind) {
      case "if":
      case "loop":
      case "switch":
        open.push(at);
        break;
      case "continuing":
        continuings[inner] = at;
        break;
      case "join":
      case "end":
        closers[inner] = at;
        open.pop();
    }
  }
}

/** The first visible operation of each statement begins it. Operations of a statement follow each other. */
function markStarts({ starts }: Layout, operations: Code["operations"], first: number, end: number): void {
  let last: Operation | undefined;
  for (let at = first; at < end; at++) {
    const operation = operations[at] as Operation;
    if (!visible.has(operation.kind)) continue;
    const isSame = last && last.span.at === operation.span.at && last.span.end === operation.span.end;
    if (!isSame) starts[at] = 1;
    last = operation;
  }
}

/** Where lanes go on that are active after an operation: the next visible one, or the end of the function. */
export function visibleFrom({ closers, openers }: Layout, { operations }: Code, position: number): number {
  let at = position;
  // An empty loop has no visible operation.
  for (let tries = 0; tries < operations.length; tries++) {
    const operation = operations[at] as Operation;
    if (visible.has(operation.kind) || operation.kind === "leave") break;
    if (operation.kind === "else" || operation.kind === "repeat") at = operation.target.position;
    else if (operation.kind === "case") at = closers[openers[at] as number] as number;
    else at++;
  }
  return at;
}
