// Where strands and lanes stand.

import { entered, others, type Strand } from "../execute/strand.ts";
import type { Code, Operation } from "../lower/code.ts";
import { type Layout, visibleFrom } from "./layout.ts";
import { type LaneStates, type LaneStatus, laneStatuses, type SourcePlace, type StrandPlace } from "./types.ts";

/** Lowered code and what is known of it. */
export interface Text {
  readonly code: Code;
  readonly layout: Layout;
  /** The line of a character. */
  readonly lineAt: (at: number) => number;
}

/** The operation that a strand does next; the last one of the entry point if it has ended. */
export const positionOf = ({ code }: Text, { status, position }: Strand): number =>
  status === "ended" ? (code.functions[0]?.end ?? 1) - 1 : position;

/** Where a strand is in each function that it is in, the innermost first. */
export function positionsOf(text: Text, strand: Strand): readonly number[] {
  const positions = [positionOf(text, strand)];
  for (let frame = strand.depth - 1; frame > 0; frame--) {
    const after = strand.frames[frame * strand.size + 2] as number;
    if (after >= 0) positions.push(after - 1);
  }
  return positions;
}

/** Where a strand stands; `turn` is how often the innermost loop has begun a turn. */
export function strandPlace(text: Text, strand: Strand, turn: number | undefined): StrandPlace {
  const { code, layout } = text;
  const placeOf = (position: number) => layout.places[position] as SourcePlace;
  let activeLanes = 0;
  for (let run = 0; run < strand.length; run += 2) {
    activeLanes += (strand.bounds[run + 1] as number) - (strand.bounds[run] as number);
  }
  const positions = positionsOf(text, strand);
  return {
    status: strand.status === "waiting" ? "barrier" : strand.status,
    place: placeOf(positions[0] as number),
    calls: positions.map((position) => ({
      name: code.functions[layout.functions[position] as number]?.function.name ?? "",
      place: placeOf(position),
    })),
    turn,
    activeLanes: strand.status === "ended" ? 0 : activeLanes,
  };
}

/** The operation that opened each frame, the outermost first: of a call the call, of the entry point −1. */
function openersOf({ layout: { openers } }: Text, strand: Strand): readonly number[] {
  const found: number[] = [];
  let position = strand.position;
  for (let frame = strand.depth - 1; frame >= 0; frame--) {
    const opener = openers[position] as number;
    const after = strand.frames[frame * strand.size + 2] as number;
    if (opener >= 0) position = opener;
    else position = after - 1;
    found.unshift(position);
  }
  return found;
}

/** What all lanes do. `waiting` is that of the machine. */
export function laneStates(text: Text, strands: readonly Strand[], waiting: Int32Array): LaneStates {
  const status = new Uint8Array(waiting.length);
  const rejoins = new Int32Array(waiting.length);
  const set = (lane: number, one: LaneStatus) => {
    status[lane] = laneStatuses.indexOf(one);
  };
  for (const strand of strands) {
    const { first, end, bounds, length } = strand;
    const openers = openersOf(text, strand);
    for (let lane = first; lane < end; lane++) {
      const isReturned = strand.status === "ended" || waiting[lane] === 1;
      set(lane, isReturned ? "returned" : "waiting");
    }
    if (strand.status === "ended") continue;
    forEachIn(bounds, 0, length, (lane) => set(lane, strand.status === "waiting" ? "barrier" : "active"));
    for (let lane = first; lane < end; lane++) {
      if (status[lane] !== laneStatuses.indexOf("waiting")) continue;
      const position = whereItGoesOn(text, strand, openers, lane, waiting[lane] as number);
      rejoins[lane] = text.layout.places[position]?.line ?? 0;
    }
  }
  return { status, rejoins };
}

/** The operation at which a lane that is not active goes on. */
function whereItGoesOn(text: Text, strand: Strand, openers: readonly number[], lane: number, wait: number): number {
  const { code, layout } = text;
  const { operations } = code;
  const after = (frame: number): number => {
    const opener = openers[frame] as number;
    if (operations[opener]?.kind === "call") return opener;
    return visibleFrom(layout, code, (layout.closers[opener] as number) + 1);
  };
  if (wait % 2 === 1) return after((wait - 1) / 2);
  if (wait > 0) return visibleFrom(layout, code, layout.continuings[openers[wait / 2 - 1] as number] as number);
  const frame = innermostWith(strand, lane);
  const opener = openers[frame] as number;
  const operation = operations[opener] as Operation;
  const record = frame * strand.size;
  if (operation.kind === "if" && operation.otherwise) {
    const isNext = isIn(strand.frames, others(strand, record), strand.frames[record + 1] as number, lane);
    if (isNext) return visibleFrom(layout, code, operation.otherwise.position + 1);
  }
  return after(frame);
}

/** The innermost frame that a lane has opened. */
function innermostWith(strand: Strand, lane: number): number {
  for (let frame = strand.depth - 1; frame > 0; frame--) {
    const record = frame * strand.size;
    if (isIn(strand.frames, entered(record), strand.frames[record] as number, lane)) return frame;
  }
  return 0;
}

function isIn(bounds: Int32Array, first: number, length: number, lane: number): boolean {
  let found = false;
  forEachIn(bounds, first, length, (one) => {
    found ||= one === lane;
  });
  return found;
}

function forEachIn(bounds: Int32Array, first: number, length: number, visit: (lane: number) => void): void {
  for (let run = first; run < first + length; run += 2) {
    for (let lane = bounds[run] as number; lane < (bounds[run + 1] as number); lane++) visit(lane);
  }
}
