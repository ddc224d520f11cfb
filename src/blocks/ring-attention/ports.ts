import type { Gpu } from "../../gpu/gpu.ts";
import { checkCall } from "../../kernels/define/arguments.ts";
import { fieldsOf, listOf, object, oneOf, required, size } from "../../options/checks.ts";
import { plainTypes } from "../../tensor/formats/formats.ts";
import { type RingLink, type RingShare, type RunResult, runRingDevice, type TravellingShard } from "./device.ts";
import { checkHostTensor, type HostTensor } from "./host.ts";
import { bytesOf, gather, type MovedBytes, openMailbox, scatter } from "./mailboxes.ts";
import {
  type BlockOptions,
  type RingAttentionOptions,
  type RingSizes,
  ringChecks,
  ringPlan,
  ringSizes,
} from "./options.ts";
import { figuresOf, type RingFigures, type RingPlan, type RingSchedule, ringSchedule } from "./schedule.ts";

/** One end of a channel for messages: a `MessagePort`, a `Worker`, or a worker's own `self`. */
export interface RingPort {
  postMessage(message: unknown, transfer: (ArrayBuffer | MessagePort)[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  removeEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  /** Message ports deliver nothing before this call. */
  start?(): void;
}

/** To a device: its input in a ring, and a port to each device that it sends to or receives from. */
interface StartMessage {
  readonly kind: "ring start";
  readonly ring: number;
  readonly device: number;
  readonly plan: RingPlan;
  readonly sizes: RingSizes;
  readonly options: BlockOptions;
  readonly share: RingShare;
  readonly ports: readonly { readonly device: number; readonly port: MessagePort }[];
}

/** To a device: the ring has ended; all have answered, or one has failed. */
interface StopMessage {
  readonly kind: "ring stop";
  readonly ring: number;
  readonly reason: string;
}

/** From one device to the next. */
interface ShardMessage extends TravellingShard {
  readonly kind: "ring shard";
  readonly shard: number;
}

/** From a device: its results, and the bytes of k and v that it sent. */
interface ResultMessage {
  readonly kind: "ring result";
  readonly ring: number;
  readonly runs: readonly RunResult[];
  readonly sent: number;
}

/** From a device: it has failed. */
interface FailureMessage {
  readonly kind: "ring failure";
  readonly ring: number;
  readonly reason: string;
}

/**
 * Lets a device take part in rings requested over `port`. A worker calls it once, before anything is awaited, with
 * `self` and a device that may still be opening. Returns a function that stops serving.
 */
export function serveRing(gpu: Gpu | Promise<Gpu>, port: RingPort): () => void {
  const endings = new Map<number, (reason: string) => void>();
  const run = async ({ ring, device, plan, sizes, options, share, ports }: StartMessage) => {
    const box = openMailbox(plan.shards);
    endings.set(ring, (reason) => {
      endings.delete(ring);
      box.breakOff(new Error(reason));
      for (const { port: peer } of ports) peer.close();
    });
    let sent = 0;
    for (const { port: peer } of ports) {
      peer.addEventListener("message", ({ data }: MessageEvent<ShardMessage>) => box.put(data.shard, data));
      peer.start();
    }
    const link: RingLink = {
      send(to, shard, { k, v }) {
        sent += bytesOf([k, v]);
        const message: ShardMessage = { kind: "ring shard", shard, k, v };
        ports.find((peer) => peer.device === to)?.port.postMessage(message, buffersOf([k, v]));
      },
      receive: box.take,
    };
    try {
      const runs = await runRingDevice(await gpu, device, share, sizes, ringSchedule(plan), options, link);
      const message: ResultMessage = { kind: "ring result", ring, runs, sent };
      port.postMessage(message, buffersOf(runs.flatMap(({ out, lse }) => [out, lse])));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      port.postMessage({ kind: "ring failure", ring, reason } satisfies FailureMessage, []);
    }
  };
  const listener = ({ data }: MessageEvent<StartMessage | StopMessage>) => {
    if (data.kind === "ring start") void run(data);
    if (data.kind === "ring stop") endings.get(data.ring)?.(data.reason);
  };
  port.addEventListener("message", listener);
  port.start?.();
  return () => port.removeEventListener("message", listener);
}

let rings = 0;

const host = required(
  object<HostTensor>({
    shape: required(listOf(size)),
    dtype: required(oneOf(...plainTypes)),
    elements: required((value) => (ArrayBuffer.isView(value) ? undefined : "an array of numbers")),
  }),
);
const shares = fieldsOf<RingShare>({ q: host, k: host, v: host });
const { shards: _, ...overPorts } = ringChecks;
const optionsOverPorts = fieldsOf<Omit<RingAttentionOptions, "shards">>(overPorts);

/**
 * Ring attention over devices that are reached by messages, such as those of R workers of a page: each port leads to a
 * `serveRing`. The shards of k and v go from device to device over separate channels, not through the caller.
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` in CPU memory → out in memory order `[b, t, h, dv]`, lse `[b,
 * h, t]`. Options are those of `ringAttention`, and so are the results. Throws `ShapeError` for arguments that do not
 * fit, and otherwise the message of the first device that fails.
 */
export async function ringAttentionOverPorts(
  ports: readonly RingPort[],
  tensors: RingShare,
  options: Omit<RingAttentionOptions, "shards"> = {},
): Promise<{
  readonly out: HostTensor;
  readonly lse: HostTensor;
  readonly schedule: RingSchedule;
  readonly figures: RingFigures;
  readonly moved: MovedBytes;
}> {
  const ring = rings++;
  checkCall("ringAttentionOverPorts", shares, tensors, optionsOverPorts, options);
  const sizes = ringSizes(tensors);
  for (const [name, tensor] of Object.entries(tensors)) checkHostTensor(`ringAttentionOverPorts: ${name}`, tensor);
  const plan = ringPlan(sizes, options, ports.length);
  const schedule = ringSchedule(plan);
  const { parts, bytes: dealt } = scatter(tensors, schedule);
  const channels = channelsOf(schedule);
  const { merge, score, scale, variant } = options;
  const blockOptions: BlockOptions = {
    ...(merge ? { merge } : {}),
    ...(score ? { score } : {}),
    ...(scale === undefined ? {} : { scale }),
    ...(variant ? { variant } : {}),
  };

  const results = ports.map((port, device) => {
    const result = answerOf(port, ring);
    const own = channels.filter((channel) => channel.device === device);
    const share = parts[device] ?? tensors;
    const message: StartMessage = {
      kind: "ring start",
      ring,
      device,
      plan,
      sizes,
      options: blockOptions,
      share,
      ports: own.map(({ peer, port: end }) => ({ device: peer, port: end })),
    };
    port.postMessage(message, [...own.map((channel) => channel.port), ...buffersOf([share.q, share.k, share.v])]);
    return result;
  });
  const stop = (reason: string) => {
    for (const port of ports) port.postMessage({ kind: "ring stop", ring, reason } satisfies StopMessage, []);
  };
  const all = await Promise.all(results).catch((error: unknown) => {
    stop(`another device failed: ${String(error)}`);
    throw error;
  });
  stop("all have answered");
  const {
    out,
    lse,
    bytes: collected,
  } = gather(
    all.flatMap(({ runs }) => runs),
    sizes,
  );
  const sent = all.reduce((sum, result) => sum + result.sent, 0);
  return { out, lse, schedule, figures: figuresOf(schedule, sizes), moved: { dealt, sent, collected } };
}

/** The two ends of a channel for each pair of devices between which a shard goes. */
function channelsOf({ hops }: RingSchedule) {
  const pairs = new Map(hops.map(({ from, to }) => [[from, to].sort().join(), [from, to] as const]));
  return [...pairs.values()].flatMap(([from, to]) => {
    const { port1, port2 } = new MessageChannel();
    return [
      { device: from, peer: to, port: port1 },
      { device: to, peer: from, port: port2 },
    ];
  });
}

/** A device's answer; rejects with its failure. */
function answerOf(port: RingPort, ring: number): Promise<ResultMessage> {
  return new Promise((resolve, reject) => {
    const listener = ({ data }: MessageEvent<ResultMessage | FailureMessage>) => {
      if (data.ring !== ring || (data.kind !== "ring result" && data.kind !== "ring failure")) return;
      port.removeEventListener("message", listener);
      if (data.kind === "ring result") resolve(data);
      else reject(new Error(`ringAttention: ${data.reason}`));
    };
    port.addEventListener("message", listener);
    port.start?.();
  });
}

const buffersOf = (tensors: readonly HostTensor[]): ArrayBuffer[] => [
  ...new Set(tensors.map(({ elements }) => elements.buffer as ArrayBuffer)),
];
