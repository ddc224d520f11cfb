// Tensors whose bytes lie in a file in another order than they are wanted in, or are made of those of two. Each is a row
// of groups, such as the heads of a projection, and a group of it is made of one group of each of its sources.
import type { StoredTensor } from "./safetensors.ts";
import type { TensorBytes, Weights } from "./weights.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** How a tensor is made. */
export interface Grouped {
  readonly groups: number;
  readonly sources: readonly StoredTensor[];
  /** The bytes of a group from those of its sources' groups. */
  readonly make: (sources: readonly Bytes[]) => Bytes;
}

/** A tensor, and how it is made. */
export type Made = readonly [tensor: StoredTensor, grouped: Grouped];

/** Number of elements of a tensor. */
export const elementsIn = ({ shape }: StoredTensor): number => shape.reduce((product, extent) => product * extent, 1);

/** What is read for bytes of a tensor, and the bytes of it. */
interface Read {
  readonly reads: readonly TensorBytes[];
  readonly make: (bytes: readonly Bytes[]) => Bytes;
}

/** The read of bytes of a tensor that is made of groups: of all groups that have some of them. */
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

/** Weights of which some tensors are made of others. */
export function withGroups(weights: Weights, made: ReadonlyMap<StoredTensor, Grouped>): Weights {
  const readOf = (bytes: TensorBytes): Read | undefined => {
    const grouped = made.get(bytes.tensor);
    const { tensor, begin, end } = bytes;
    if (!grouped || begin === end) return undefined;
    if (!(begin >= 0 && begin < end && end <= tensor.end - tensor.begin)) {
      throw new RangeError(`${tensor.name}: bytes ${begin} to ${end} were asked for`);
    }
    return readGroups(bytes, grouped);
  };

  async function read(tensor: StoredTensor, begin: number, end: number): Promise<Bytes> {
    const own = readOf({ tensor, begin, end });
    if (!own) return await weights.read(tensor, begin, end);
    return own.make(await Promise.all(own.reads.map((one) => weights.read(one.tensor, one.begin, one.end))));
  }

  /** A tensor that is one group is made once for all reads of it, and kept from the first of them to the last. */
  async function* readInOrder(wanted: readonly TensorBytes[]): AsyncGenerator<Bytes> {
    const left = new Map<StoredTensor, number>();
    const isWhole = ({ tensor, begin, end }: TensorBytes) => made.get(tensor)?.groups === 1 && begin < end;
    const plans = wanted.map((bytes): { readonly reads: readonly TensorBytes[]; readonly make?: Read["make"] } => {
      const own = readOf(bytes);
      if (!own) return { reads: [bytes] };
      if (!isWhole(bytes)) return own;
      const { tensor } = bytes;
      const before = left.get(tensor) ?? 0;
      left.set(tensor, before + 1);
      return before > 0 ? { reads: [] } : (readOf({ tensor, begin: 0, end: tensor.end - tensor.begin }) ?? own);
    });
    const kept = new Map<StoredTensor, Bytes>();
    const stream = weights.readInOrder(plans.flatMap(({ reads }) => reads));
    for (const [i, { reads, make }] of plans.entries()) {
      const bytes: Bytes[] = [];
      for (const _ of reads) bytes.push((await stream.next()).value ?? new Uint8Array());
      const request = wanted[i];
      if (!request || !isWhole(request)) {
        yield make ? make(bytes) : (bytes[0] ?? new Uint8Array());
        continue;
      }
      const { tensor, begin, end } = request;
      const whole = kept.get(tensor) ?? make?.(bytes) ?? new Uint8Array();
      const more = (left.get(tensor) ?? 1) - 1;
      left.set(tensor, more);
      if (more > 0) kept.set(tensor, whole);
      else kept.delete(tensor);
      yield end - begin === whole.length ? whole : whole.slice(begin, end);
    }
  }

  async function* stream(tensor: StoredTensor, maxBytes: number) {
    if (!made.has(tensor)) return yield* weights.stream(tensor, maxBytes);
    const step = Math.floor(maxBytes / 8) * 8;
    if (!(step > 0)) throw new RangeError(`maxBytes is ${maxBytes}, expected at least 8`);
    const size = tensor.end - tensor.begin;
    for (let begin = 0; begin < size; begin += step) {
      yield { begin, bytes: await read(tensor, begin, Math.min(begin + step, size)) };
    }
  }

  return { ...weights, read, readInOrder, stream };
}
