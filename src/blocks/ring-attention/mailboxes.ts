import type { RingLink, RingShare, RunResult, TravellingShard } from "./device.ts";
import { type HostTensor, putTokens, takeTokens } from "./host.ts";
import type { RingSizes } from "./options.ts";
import type { RingSchedule } from "./schedule.ts";

/** The shards that have arrived for one device and those that it waits for. */
interface Mailbox {
  put(shard: number, data: TravellingShard): void;
  /** Resolves once the shard has arrived; rejects when the ring fails. */
  take(shard: number): Promise<TravellingShard>;
  /** Rejects everything awaited, now or later. */
  breakOff(reason: unknown): void;
}

/** A mailbox with a slot for each of `shards` shards. */
export function openMailbox(shards: number): Mailbox {
  const slots = Array.from({ length: shards }, openSlot);
  return {
    put: (shard, data) => slots[shard]?.resolve(data),
    take: (shard) => slots[shard]?.promise ?? Promise.reject(new RangeError(`there is no shard ${shard}`)),
    breakOff(reason) {
      for (const { reject } of slots) reject(reason);
    },
  };
}

/** The links of a ring in one process. */
interface RingLinks {
  link(device: number): RingLink;
  /** Bytes sent so far. */
  bytes(): number;
  /** The results of all devices; when one fails, the others stop waiting and its error is thrown. */
  whole<T>(devices: readonly Promise<T>[]): Promise<T[]>;
}

/** Links between devices in one process: a sent shard is in the other's mailbox at once. */
export function openLinks(devices: number): RingLinks {
  let sent = 0;
  const boxes = Array.from({ length: devices }, () => openMailbox(devices));
  return {
    link: (device) => ({
      send(to, shard, data) {
        sent += bytesOf([data.k, data.v]);
        boxes[to]?.put(shard, data);
      },
      receive: (shard) => boxes[device]?.take(shard) ?? Promise.reject(new RangeError(`there is no device ${device}`)),
    }),
    bytes: () => sent,
    async whole(running) {
      for (const device of running) {
        device.catch((reason: unknown) => {
          for (const box of boxes) box.breakOff(reason);
        });
      }
      const ends = await Promise.allSettled(running);
      for (const end of ends) if (end.status === "rejected") throw end.reason;
      return ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
    },
  };
}

function openSlot() {
  let resolve: (data: TravellingShard) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<TravellingShard>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  promise.catch(() => {}); // a slot that is not awaited may be rejected
  return { promise, resolve, reject };
}

/** Bytes sent between devices. */
export interface MovedBytes {
  /** Of q, k and v, to the devices at the start. */
  readonly dealt: number;
  /** Of k and v, from device to device round the ring. */
  readonly sent: number;
  /** Of the results, back. */
  readonly collected: number;
}

/** Each device's shards of q, k and v, and their total bytes. */
export function scatter(
  { q, k, v }: RingShare,
  { shards, queries, keys }: RingSchedule,
): { readonly parts: RingShare[]; readonly bytes: number } {
  const parts = Array.from({ length: shards }, (_, device) => ({
    q: takeTokens(q, queries[device] ?? []),
    k: takeTokens(k, keys[device] ?? []),
    v: takeTokens(v, keys[device] ?? []),
  }));
  return { parts, bytes: bytesOf(parts.flatMap((part) => [part.q, part.k, part.v])) };
}

/** The results of all runs of queries as one: out in memory order `[b, t, h, dv]`, lse `[b, h, t]`. */
export function gather(
  results: readonly RunResult[],
  { b, h, t, dv }: RingSizes,
): { readonly out: HostTensor; readonly lse: HostTensor; readonly bytes: number } {
  const out = { shape: [b, t, h, dv], dtype: "f32", elements: new Float32Array(b * t * h * dv) } as const;
  const lse = { shape: [b, h, t], dtype: "f32", elements: new Float32Array(b * h * t) } as const;
  for (const { run, ...part } of results) {
    putTokens(out, part.out, run, b, t);
    putTokens(lse, part.lse, run, b * h, t);
  }
  return { out, lse, bytes: bytesOf(results.flatMap((part) => [part.out, part.lse])) };
}

/** Bytes of tensors' elements. */
export const bytesOf = (tensors: readonly HostTensor[]): number =>
  tensors.reduce((sum, { elements }) => sum + elements.byteLength, 0);
