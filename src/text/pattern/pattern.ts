import { TextError } from "../text-error.ts";
import type { Pattern } from "./matches.ts";
import { compilePattern, type Instruction } from "./pattern-program.ts";
import { parsePattern } from "./pattern-syntax.ts";
import type { StepLimit } from "./step-limit.ts";

/** Maximum backtracking points: about as many as V8's engine has room for. */
const maxPlaces = 2_000_000;
const placeSize = 4;

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000;
const widthOf = (code: number) => (code > 0xffff ? 2 : 1);

/** The width of the character that ends at `at`, which is above 0. */
function widthBefore(text: string, at: number): number {
  return at > 1 && isLow(text.charCodeAt(at - 1)) && isHigh(text.charCodeAt(at - 2)) ? 2 : 1;
}

/**
 * Compiles a regular expression with the flag `u` that the platform has accepted.
 *
 * Platforms search by backtracking, and so does this, in the same order and with the same result (Cox 2009, "Regular
 * Expression Matching: the Virtual Machine Approach", section "Recursive backtracking"). Theirs cannot be stopped; here
 * each attempt counts against a limit. So a pattern such as `(a+)+$`, which takes exponential time, ends with an error,
 * and ordinary patterns are unaffected.
 */
export function makePattern(source: string, field: string): Pattern {
  const { code, registers } = compilePattern(parsePattern(source, field), field);
  const marks = new Int32Array(registers);
  /**
   * Backtracking points: kind, instruction, position, bound. 0: continue there. 1: give back a character of a run, down
   * to the bound. 2: take one more, up to the bound. 3: restore a register.
   */
  let places = new Int32Array(64 * placeSize);
  let top = 0;

  function place(what: number, next: number, position: number, bound: number): void {
    if (top === places.length) {
      if (top === maxPlaces * placeSize)
        throw new TextError(`${field}: the pattern needs too much memory for this text`);
      const larger = new Int32Array(Math.min(2 * top, maxPlaces * placeSize));
      larger.set(places);
      places = larger;
    }
    places[top] = what;
    places[top + 1] = next;
    places[top + 2] = position;
    places[top + 3] = bound;
    top += placeSize;
  }

  /** The end of the match that begins at `begin` with the instruction `first`, or −1. */
  function run(text: string, begin: number, first: number, limit: StepLimit): number {
    const bottom = top;
    let pc = first;
    let position = begin;
    for (;;) {
      if (--limit.left < 0) limit.take(0);
      const { op, a, b, has } = code[pc] as Instruction;
      let failed = false;
      if (op === "set") {
        const character = text.codePointAt(position);
        failed = character === undefined || !has(character);
        if (!failed) position += widthOf(character as number);
        pc++;
      } else if (op === "run") {
        let count = 0;
        let least = position;
        for (; count < b; count++) {
          if (count === a) least = position;
          const character = text.codePointAt(position);
          if (character === undefined || !has(character)) break;
          position += widthOf(character);
        }
        limit.left -= count >> 2; // cheaper than single steps
        failed = count < a;
        if (count === a) least = position;
        pc++;
        if (position > least && !failed) place(1, pc, position, least);
      } else if (op === "fork") {
        const { op: ahead, a: least, has: begins } = code[a] as Instruction;
        const character = ahead === "set" || (ahead === "run" && least > 0) ? text.codePointAt(position) : -1;
        if (character === undefined || (character >= 0 && !begins(character))) {
          pc = b; // without a backtracking point
        } else {
          place(0, b, position, 0);
          pc = a;
        }
      } else if (op === "jump") {
        pc = a;
      } else if (op === "before") {
        const width = position > 0 ? widthBefore(text, position) : 0;
        failed = width === 0 || !has(text.codePointAt(position - width) as number);
        position -= width;
        pc++;
      } else if (op === "lazy") {
        let count = 0;
        for (; count < a; count++) {
          const character = text.codePointAt(position);
          if (character === undefined || !has(character)) break;
          position += widthOf(character);
        }
        limit.left -= count;
        failed = count < a;
        if (!failed && b > a) place(2, pc, position, Math.min(b - a, 0x7fffffff));
        pc++;
      } else if (op === "mark") {
        place(3, a, marks[a] as number, 0);
        marks[a] = position;
        pc++;
      } else if (op === "forget") {
        place(3, a, marks[a] as number, 0);
        marks[a] = -1;
        pc++;
      } else if (op === "back") {
        const from = marks[a] as number;
        const to = marks[b] as number;
        if (from >= 0 && to >= 0) {
          limit.left -= to - from;
          failed = !text.startsWith(text.slice(from, to), position);
          position += to - from;
        }
        pc++;
      } else if (op === "moved") {
        failed = marks[a] === position;
        pc++;
      } else if (op === "look") {
        failed = run(text, position, pc + 1, limit) >= 0 !== (b === 1);
        pc = a;
      } else {
        top = bottom;
        return position;
      }

      while (failed) {
        if (top === bottom) return -1;
        top -= placeSize;
        const what = places[top];
        pc = places[top + 1] as number;
        position = places[top + 2] as number;
        const bound = places[top + 3] as number;
        failed = false;
        if (what === 3) {
          marks[pc] = position;
          failed = true;
        } else if (what === 1) {
          const { op: ahead, has: begins } = code[pc] as Instruction;
          let count = 0;
          do {
            position -= widthBefore(text, position);
            count++;
          } while (position > bound && ahead === "set" && !begins(text.codePointAt(position) ?? 0));
          limit.left -= count >> 2;
          if (position > bound) place(1, pc, position, bound);
        } else if (what === 2) {
          const character = text.codePointAt(position);
          const again = code[pc] as Instruction;
          failed = character === undefined || !again.has(character);
          if (!failed) {
            position += widthOf(character as number);
            if (bound > 1) place(2, pc, position, bound - 1);
            pc++;
          }
        }
        if (--limit.left < 0) limit.take(0);
      }
    }
  }

  return {
    each(text, limit, found, from = 0, until = text.length + 1) {
      top = 0;
      let begin = from;
      while (begin < until && begin <= text.length) {
        marks.fill(-1);
        const end = run(text, begin, 0, limit);
        if (end >= 0) found(begin, end);
        // After an empty match the search also continues with the next character.
        begin = end > begin ? end : begin + widthOf(text.codePointAt(begin) ?? 0);
      }
      return begin;
    },
  };
}
