import type { RingLink, TravellingShard } from "./device.ts";
import { bytesOf } from "./scatter.ts";

/** What has come for one device and what it waits for, by shard. */
export interface Mailbox {
  put(shard: number, data: TravellingShard): void;
  /** Resolves once the shard is there; rejects when the ring breaks. */
  take(shard: number): Promise<TravellingShard>;
  /** Rejects all that is waited for, now and later. */
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

/** The links of a ring whose devices are in one process. */
export interface RingLinks {
  link(device: number): RingLink;
  /** Bytes sent so far. */
  bytes(): number;
  /** The results of all devices; when one fails, the others stop waiting for it and its reason is thrown. */
  whole<T>(devices: readonly Promise<T>[]): Promise<T[]>;
}

/** Links between devices in one process: what is sent lies in the other's mailbox at once. */
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
  promise.catch(() => {}); // a slot nobody waits for may be rejected
  return { promise, resolve, reject };
}
