// Tensors whose bytes are stored in another order, or are combined from two tensors. Most are a row of groups, such as
// the heads of a projection; each group comes from one group of each source. Where a row needs all of a source, the
// source is kept in memory, and rows are computed a few at a time.
import type { StoredTensor } from "./safetensors/safetensors.ts";
import type { TensorBytes, Weights } from "./weights.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How a tensor is computed. */
export interface Grouped {
  readonly groups: number;
  readonly sources: readonly StoredTensor[];
  /** A group's bytes from those of its sources' groups. */
  readonly make: (sources: readonly Bytes[]) => Bytes;
}

/** How a tensor is computed whose every row needs all of the sources. */
export interface ByRows {
  readonly rows: number;
  readonly sources: readonly StoredTensor[];
  /** Keeps the bytes of all sources; the returned function computes the bytes of rows `[begin, end)`. */
  readonly open: (sources: readonly Bytes[]) => (begin: number, end: number) => Bytes;
}

/** A tensor, and how it is computed. */
export type Made<How = Grouped> = readonly [tensor: StoredTensor, how: How];

/** Bytes `[begin, end)` of a tensor. */
type Slices = (begin: number, end: number) => Bytes;

/** Computes the bytes of a tensor from its whole sources; undefined if they need not be read whole. */
function opening(tensor: StoredTensor, how: Grouped | ByRows): ((bytes: readonly Bytes[]) => Slices) | undefined {
  if ("rows" in how) {
    const size = (tensor.end - tensor.begin) / how.rows;
    return (bytes) => {
      const rows = how.open(bytes);
      return (begin, end) => {
        const first = Math.floor(begin / size);
        const made = rows(first, Math.ceil(end / size));
        return made.length === end - begin ? made : made.slice(begin - first * size, end - first * size);
      };
    };
  }
  if (how.groups > 1) return undefined;
  return (bytes) => {
    const whole = how.make(bytes);
    return (begin, end) => (end - begin === whole.length ? whole : whole.slice(begin, end));
  };
}

/** Number of elements of a tensor. */
export const elementsIn = ({ shape }: StoredTensor): number => shape.reduce((product, extent) => product * extent, 1);

/** The reads for bytes of a tensor, and the bytes computed from them. */
interface Read {
  readonly reads: readonly TensorBytes[];
  readonly make: (bytes: readonly Bytes[]) => Bytes;
}

/** The reads for bytes of a grouped tensor: all groups that contain some of them. */
function readGroups({ tensor, begin, end }: TensorBytes, { groups, sources, make }: Grouped): Read {
  const size = (tensor.end - tensor.begin) / groups;
  const first = Math.floor(begin / size);
  const last = Math.max(first, Math.ceil(end / size));
  const share = sources.map((source) => (source.end - source.begin) / groups);
  const reads = sources.map((source, i) => {
    const bytes = share[i] ?? 0;
    return { tensor: source, begin: first * bytes, end: last * bytes };
  });
  const whole = (all: readonly Bytes[]) => {
    const out = new Uint8Array((last - first) * size);
    for (let group = 0; group < last - first; group++) {
      const own = all.map((bytes, i) => bytes.subarray(group * (share[i] ?? 0), (group + 1) * (share[i] ?? 0)));
      out.set(make(own), group * size);
    }
    return out.slice(begin - first * size, end - first * size);
  };
  return { reads, make: whole };
}

/** Weights in which some tensors are computed from others. */
export function withGroups(weights: Weights, made: ReadonlyMap<StoredTensor, Grouped | ByRows>): Weights {
  const wholeOf = ({ sources }: Grouped | ByRows): readonly TensorBytes[] =>
    sources.map((tensor) => ({ tensor, begin: 0, end: tensor.end - tensor.begin }));

  /** Computes these bytes from the reads; undefined if they are the file's own, or none. */
  const howOf = ({ tensor, begin, end }: TensorBytes): Grouped | ByRows | undefined => {
    const how = made.get(tensor);
    if (!how || begin === end) return undefined;
    if (!(begin >= 0 && begin < end && end <= tensor.end - tensor.begin)) {
      throw new RangeError(`${tensor.name}: bytes ${begin} to ${end} were asked for`);
    }
    return how;
  };

  async function read(tensor: StoredTensor, begin: number, end: number): Promise<Bytes> {
    const how = howOf({ tensor, begin, end });
    if (!how) return await weights.read(tensor, begin, end);
    const readAll = (reads: readonly TensorBytes[]) =>
      Promise.all(reads.map((one) => weights.read(one.tensor, one.begin, one.end)));
    const open = opening(tensor, how);
    if (open) return open(await readAll(wholeOf(how)))(begin, end);
    const { reads, make } = readGroups({ tensor, begin, end }, how as Grouped);
    return make(await readAll(reads));
  }

  /** Sources that are read whole are read once per tensor, and kept from its first read to its last. */
  async function* readInOrder(wanted: readonly TensorBytes[]): AsyncGenerator<Bytes> {
    const left = new Map<StoredTensor, number>();
    const plans = wanted.map((bytes): { readonly reads: readonly TensorBytes[]; readonly make?: Read["make"] } => {
      const { tensor } = bytes;
      const how = howOf(bytes);
      if (!how) return { reads: [bytes] };
      if (!opening(tensor, how)) return readGroups(bytes, how as Grouped);
      const before = left.get(tensor) ?? 0;
      left.set(tensor, before + 1);
      return { reads: before > 0 ? [] : wholeOf(how) };
    });
    const kept = new Map<StoredTensor, Slices>();
    const stream = weights.readInOrder(plans.flatMap(({ reads }) => reads));
    for (const [i, { reads, make }] of plans.entries()) {
      const bytes: Bytes[] = [];
      for (const _ of reads) bytes.push((await stream.next()).value ?? new Uint8Array());
      const request = wanted[i];
      const how = request && howOf(request);
      const open = how && opening(request.tensor, how);
      if (!open) {
        yield make ? make(bytes) : (bytes[0] ?? new Uint8Array());
        continue;
      }
      const { tensor, begin, end } = request;
      const slices = kept.get(tensor) ?? open(bytes);
      const more = (left.get(tensor) ?? 1) - 1;
      left.set(tensor, more);
      if (more > 0) kept.set(tensor, slices);
      else kept.delete(tensor);
      yield slices(begin, end);
    }
  }

  async function* stream(tensor: StoredTensor, maxBytes: number) {
    if (!made.has(tensor)) return yield* weights.stream(tensor, maxBytes);
    const step = Math.floor(maxBytes / 8) * 8;
    if (!(step > 0)) throw new RangeError(`maxBytes is ${maxBytes}, expected at least 8`);
    const size = tensor.end - tensor.begin;
    const pieces: TensorBytes[] = [];
    for (let begin = 0; begin < size; begin += step) pieces.push({ tensor, begin, end: Math.min(begin + step, size) });
    let next = 0;
    for await (const bytes of readInOrder(pieces)) yield { begin: pieces[next++]?.begin ?? 0, bytes };
  }

  return { ...weights, read, readInOrder, stream };
}
