import { TextError } from "../text-error.ts";
import type { CharacterSet, ParsedPattern, PatternNode } from "./pattern-syntax.ts";

/**
 * - `set`: a character of the set; `before`: the same, backwards.
 * - `run`: as many characters of the set as there are from `a` to `b`; `lazy`: as few.
 * - `fork`: continues at `a`, or at `b` if that fails.
 * - `mark` stores the position in a register; `moved` fails if it is unchanged: a repetition matched nothing.
 * - `forget`: the register holds no position.
 * - `back`: the text between the positions in registers `a` and `b` again, or nothing if they hold none.
 * - `look`: continues at `a` if the program from the next instruction on matches here (`b` = 1) or does not (`b` = 0).
 */
type Op =
  | "set"
  | "before"
  | "run"
  | "lazy"
  | "fork"
  | "jump"
  | "mark"
  | "moved"
  | "forget"
  | "back"
  | "look"
  | "accept";

/** One step of a program. */
export interface Instruction {
  readonly op: Op;
  a: number;
  b: number;
  readonly has: CharacterSet;
}

const maxInstructions = 20_000;
const never: CharacterSet = () => false;

function matchesNothing(node: PatternNode): boolean {
  if (node.kind === "set") return false;
  if (node.kind === "look" || node.kind === "back") return true;
  if (node.kind === "group") return matchesNothing(node.body);
  if (node.kind === "repeat") return node.min === 0 || matchesNothing(node.body);
  return node.kind === "either" ? node.parts.some(matchesNothing) : node.parts.every(matchesNothing);
}

/** The groups within a node. */
function groupsIn(node: PatternNode): number[] {
  if (node.kind === "set" || node.kind === "back") return [];
  const below = "parts" in node ? node.parts.flatMap(groupsIn) : groupsIn(node.body);
  return node.kind === "group" ? [node.index, ...below] : below;
}

/** The program of a parsed pattern. Throws a TextError that names `field` for one that is too large. */
export function compilePattern(
  { parsed, referred }: ParsedPattern,
  field: string,
): { readonly code: readonly Instruction[]; readonly registers: number } {
  const code: Instruction[] = [];
  /** Registers for the begin of a group that is referred to; the next one is for its end. */
  const captures = new Map([...referred].map((index, i) => [index, 2 * i]));
  let registers = 2 * captures.size;

  function emit(op: Op, a = 0, b = 0, has = never): Instruction {
    if (code.length >= maxInstructions) throw new TextError(`${field}: the pattern is too large, repetitions included`);
    const instruction = { op, a, b, has };
    code.push(instruction);
    return instruction;
  }

  function fork(lazy: boolean, body: () => void): void {
    const branch = emit("fork", code.length + 1);
    body();
    branch.b = code.length;
    if (lazy) [branch.a, branch.b] = [branch.b, branch.a];
  }

  function repeat({ body, min, max, lazy }: PatternNode & { kind: "repeat" }, back: boolean): void {
    if (body.kind === "set" && !back) return void emit(lazy ? "lazy" : "run", min, max, body.has);
    const within = referred.size === 0 ? [] : groupsIn(body).flatMap((index) => captures.get(index) ?? []);
    const once = () => {
      for (const register of within) {
        emit("forget", register);
        emit("forget", register + 1);
      }
      add(body, back);
    };
    for (let i = 0; i < min; i++) once();
    if (max - min > maxInstructions && max !== Number.POSITIVE_INFINITY) {
      throw new TextError(`${field}: the pattern is too large, repetitions included`);
    }
    // An iteration beyond the minimum must match something.
    const register = matchesNothing(body) ? registers++ : undefined;
    const another = () => {
      if (register !== undefined) emit("mark", register);
      once();
      if (register !== undefined) emit("moved", register);
    };
    const begin = code.length;
    const optional = (left: number): void => {
      if (left === 0) return;
      fork(lazy, () => {
        another();
        if (max === Number.POSITIVE_INFINITY) emit("jump", begin);
        else optional(left - 1);
      });
    };
    optional(max - min);
  }

  function add(node: PatternNode, back: boolean): void {
    if (node.kind === "set") {
      emit(back ? "before" : "set", 0, 0, node.has);
    } else if (node.kind === "sequence") {
      for (const part of back ? [...node.parts].reverse() : node.parts) add(part, back);
    } else if (node.kind === "repeat") {
      repeat(node, back);
    } else if (node.kind === "group") {
      const register = captures.get(node.index);
      if (register !== undefined) emit("mark", register + Number(back));
      add(node.body, back);
      if (register !== undefined) emit("mark", register + Number(!back));
    } else if (node.kind === "back") {
      const register = captures.get(node.index) ?? 0;
      emit("back", register, register + 1);
    } else if (node.kind === "look") {
      const look = emit("look", 0, node.negative ? 0 : 1);
      add(node.body, node.behind);
      emit("accept");
      look.a = code.length;
    } else {
      const ends: Instruction[] = [];
      for (const [i, part] of node.parts.entries()) {
        if (i === node.parts.length - 1) add(part, back);
        else
          fork(false, () => {
            add(part, back);
            ends.push(emit("jump"));
          });
      }
      for (const end of ends) end.a = code.length;
    }
  }

  add(parsed, false);
  emit("accept");
  return { code, registers };
}
