import type { Breakpoint, Query } from "../../../src/wgsl/run/step/types.ts";
import { say } from "../../shell/status.ts";
import * as state from "../state.ts";
import { move } from "./session.ts";

type Direction = Query["direction"];

/** A statement of the shown subgroup: the next one in functions that it calls, not in those, or after the function. */
export const step = (how: "into" | "over" | "out", direction: Direction = "next"): void =>
  move({ kind: "query", query: { to: "statement", how, direction, strand: strandNow() } });

export const toBarrier = (direction: Direction): void => move({ kind: "query", query: { to: "barrier", direction } });

export const toTurn = (direction: Direction): void =>
  move({ kind: "query", query: { to: "turn", direction, strand: strandNow() } });

export const toNext = (to: "fault" | "print" | "nan"): void =>
  move({ kind: "query", query: { to, direction: "next" } });

/** On to the next stop, or the end; back to the last one, or the start. */
export const run = (direction: Direction = "next"): void =>
  move({ kind: "run", direction, breakpoints: breakpoints() });

export const toStep = (to: number): void => move({ kind: "step", step: to });

/** To the first time that a thread comes to a line of the joined text, in a workgroup. */
export function runTo(line: number, workgroup: readonly [number, number, number], [lane]: readonly number[]): void {
  state.lens.value = workgroup;
  const strand = state.opened.value?.strands.findIndex(({ first, end }) => first <= (lane ?? 0) && (lane ?? 0) < end);
  state.strand.value = Math.max(0, strand ?? 0);
  state.lane.value = lane ?? 0;
  move({ kind: "run", direction: "next", from: 0, breakpoints: [{ line, strand: state.strand.value }] });
}

/** To so many tenths of the run. */
export function toTenth(tenths: number): void {
  const { reached = 0, total = reached } = state.progress.value ?? {};
  toStep(Math.min(reached, Math.round((total * tenths) / 10)));
}

/** To the write that the picked word of the shown memory comes from. */
export function toWrite(): void {
  const { memory } = state.frame.value ?? {};
  if (memory) move({ kind: "write", memory: memory.index, word: state.word.value });
}

/** Looks at the next subgroup, or the one before. */
export function nextStrand(by: 1 | -1): void {
  const count = state.opened.value?.strands.length ?? 1;
  state.strand.value = (strandNow() + by + count) % count;
  state.lane.value = state.opened.value?.strands[state.strand.value]?.first ?? 0;
  say(`Subgroup ${state.strand.value} of ${count}`);
}

const strandNow = () => Math.min(state.strand.value, (state.opened.value?.strands.length ?? 1) - 1);

/** Stops of the files as lines of the joined text, and what stops a run anywhere. */
function breakpoints(): Breakpoint[] {
  const { faults, nans, write } = state.stopsAnywhere.value;
  const memory = state.opened.value?.memories.findIndex(({ name }) => name === write?.memory) ?? -1;
  return [
    ...state.stops.value.flatMap(({ file, line, condition }): Breakpoint[] => {
      const at = state.joinedLineOf(file, line);
      return at === 0 ? [] : [condition === undefined ? { line: at } : { line: at, condition }];
    }),
    ...(faults ? [{ on: "fault" } as const] : []),
    ...(nans ? [{ on: "nan" } as const] : []),
    ...(write && memory >= 0 ? [{ on: "write", memory, word: write.word } as const] : []),
  ];
}

/** The word that the reader pointed at in the shown memory, by the memory's name. */
export function pickedWord(): state.StopsAnywhere["write"] {
  const memory = state.opened.value?.memories[state.frame.value?.memory?.index ?? -1];
  return memory && { memory: memory.name, word: state.word.value };
}

/** Sets a stop at a line, or clears it. */
export function toggleStop(file: string, line: number): void {
  const others = state.stops.value.filter((one) => one.file !== file || one.line !== line);
  const isNew = others.length === state.stops.value.length;
  state.stops.value = isNew ? [...others, { file, line }] : others;
  say(isNew ? `Stop at line ${line}` : `No stop at line ${line}`);
}

/** Sets or clears a stop at the line that was pointed at, or at which the run stands. */
export function toggleStopHere(): void {
  const here = state.frame.value?.where.strands[strandNow()]?.place;
  const at = state.picked.value ?? (here && state.placeOf(here.line));
  if (at) toggleStop(at.file, at.line);
}

/** Watches an expression, and shows it for every thread. */
export function watch(text: string): void {
  const expression = text.trim();
  if (expression === "") return;
  const known = state.watches.value.indexOf(expression);
  if (known < 0) state.watches.value = [...state.watches.value, expression];
  state.shownWatch.value = known < 0 ? state.watches.value.length - 1 : known;
}

export function unwatch(text: string): void {
  const at = state.watches.value.indexOf(text);
  state.watches.value = state.watches.value.filter((one) => one !== text);
  if (state.shownWatch.value >= at) state.shownWatch.value = Math.max(0, state.shownWatch.value - 1);
}

/** Watches what was pointed at in the text; without such goes to the field for watches. */
export function watchPicked(): void {
  const marked = getSelection()?.toString().trim() ?? "";
  const text = marked !== "" && !marked.includes("\n") ? marked : state.picked.value?.text;
  if (text) watch(text);
  else document.querySelector<HTMLElement>("#watch")?.focus();
}
