// Strands: sets of lanes that share a position in the code, with the frames that they have opened.

/** What a frame keeps: lengths of its two lists of lanes, and where a call goes on afterwards. */
const fields = 3;

/**
 * A strand. Each frame has a record in `frames`: how many bounds its lists have, the position after a call (−1 for
 * other frames), then the two lists: lanes that opened it, and those that wait for `else`.
 */
export interface Strand {
  readonly first: number;
  /** The lane after its last one. */
  readonly end: number;
  readonly frames: Int32Array;
  /** Of a record, and of a list. */
  readonly size: number;
  readonly room: number;
  /** Lanes that are active while another strand runs. */
  readonly bounds: Int32Array;
  length: number;
  position: number;
  /** Frames that are open. */
  depth: number;
  /** Lanes that wait for a frame. */
  idle: number;
  status: "ready" | "waiting" | "ended";
}

/** A strand of the lanes from `first` to before `end`, with room for `depth` frames. */
export function newStrand(first: number, end: number, depth: number): Strand {
  const room = 2 * Math.ceil((end - first) / 2);
  const size = fields + 2 * room;
  return {
    first,
    end,
    frames: new Int32Array(depth * size),
    size,
    room,
    bounds: new Int32Array(room),
    length: 0,
    position: 0,
    depth: 0,
    idle: 0,
    status: "ready",
  };
}

/** Puts a strand at the start of the entry point, in its frame: all lanes are active, unless others are given as runs. */
export function restart(strand: Strand, lanes: Int32Array = Int32Array.of(strand.first, strand.end)): void {
  const { bounds, frames } = strand;
  const { length } = lanes;
  Object.assign(strand, { length, position: 0, depth: 1, idle: 0, status: "ready" });
  bounds.set(lanes);
  frames.set([length, 0, 0]);
  frames.set(lanes, fields);
}

/** The index of the innermost frame's record. */
export const top = ({ depth, size }: Strand): number => (depth - 1) * size;

/** Where the lists of the frame with this record are. */
export const entered = (frame: number): number => frame + fields;
export const others = ({ room }: Strand, frame: number): number => frame + fields + room;

/** Whether two strands are in the same calls. */
export function haveSameCalls(a: Strand, b: Strand): boolean {
  if (a.depth !== b.depth) return false;
  for (let d = 0; d < a.depth; d++) {
    if (a.frames[d * a.size + 2] !== b.frames[d * b.size + 2]) return false;
  }
  return true;
}
