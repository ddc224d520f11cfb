import type { RingLink, TravellingShard } from "./device.ts";
import { bytesOf } from "./scatter.ts";

/** The shards that have arrived for one device and those that it waits for. */
export interface Mailbox {
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
export interface RingLinks {
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
