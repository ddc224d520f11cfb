import type { Gpu } from "../../gpu/gpu.ts";
import { type Tensor, upload } from "../../tensor/tensor.ts";
import { transpose } from "../../tensor/views.ts";
import { attendBlock, foldStates, tokensOf } from "./fold.ts";
import { type HostTensor, toHost } from "./host.ts";
import type { BlockOptions, RingSizes } from "./options.ts";
import type { RingSchedule, TokenRun } from "./schedule.ts";

/** Keys and values of one shard, as they are sent. */
export interface TravellingShard {
  readonly k: HostTensor;
  readonly v: HostTensor;
}

/** A device's links to the others in the ring. */
export interface RingLink {
  send(to: number, shard: number, data: TravellingShard): void;
  /** Resolves once the shard has arrived; rejects when the ring fails. */
  receive(shard: number): Promise<TravellingShard>;
}

/** The result for one run of queries: out `[b, count, h, dv]` and lse `[b, h, count]`. */
export interface RunResult {
  readonly run: TokenRun;
  readonly out: HostTensor;
  readonly lse: HostTensor;
}

/** The input of one device in a ring: its shards of q, k and v, `[b, heads, tokens, d]`. */
export interface RingShare extends TravellingShard {
  readonly q: HostTensor;
}

/**
 * Runs one device of a ring: it computes its blocks of the schedule and meanwhile forwards the shards that others need.
 * Keys and values are read back to the CPU for every hop, since WebGPU devices share no memory.
 */
export async function runRingDevice(
  gpu: Gpu,
  device: number,
  share: RingShare,
  sizes: RingSizes,
  schedule: RingSchedule,
  options: BlockOptions,
  link: RingLink,
): Promise<RunResult[]> {
  const runs = schedule.queries[device] ?? [];
  const blocks = schedule.blocks.filter((block) => block.device === device && block.relation !== "skip");
  const hops = schedule.hops.filter(({ from }) => from === device);
  const toDevice = ({ shape, dtype, elements }: HostTensor, label: string) =>
    upload(gpu, shape, dtype, elements, `ring ${label}`);
  const local = (x: Tensor, { at, count }: TokenRun) => tokensOf(x, { first: at, stride: 1, count });
  const held = new Map<number, { readonly k: Tensor; readonly v: Tensor }>();
  const hold = async (shard: number) => {
    const known = held.get(shard);
    if (known) return known;
    const { k, v } = shard === device ? share : await link.receive(shard);
    const pair = { k: toDevice(k, "k"), v: toDevice(v, "v") };
    held.set(shard, pair);
    return pair;
  };
  const release = (shard: number) => {
    held.get(shard)?.k.dispose();
    held.get(shard)?.v.dispose();
    held.delete(shard);
  };

  const q = blocks.length > 0 ? toDevice(share.q, "q") : undefined;
  const folds = runs.map((run) => ({ run, fold: foldStates(gpu, run, sizes, options) }));
  try {
    for (let step = -1; step < schedule.shards; step++) {
      for (const block of blocks.filter((one) => one.step === step)) {
        const { k, v } = await hold(block.shard);
        if (!q) continue;
        const views = { q: local(q, block.queries), k: local(k, block.keys), v: local(v, block.keys) };
        folds.find(({ run }) => run.at === block.queries.at)?.fold.add(block, attendBlock(gpu, views, block, options));
      }
      for (const { to, shard } of hops.filter((hop) => hop.step === step)) {
        const pair = await hold(shard);
        const [k, v] = await Promise.all([toHost(pair.k), toHost(pair.v)]);
        link.send(to, shard, { k, v });
      }
      const wanted = (shard: number) => [...blocks, ...hops].some((one) => one.step > step && one.shard === shard);
      for (const shard of [...held.keys()]) if (!wanted(shard)) release(shard);
    }
    const results: RunResult[] = [];
    for (const { run, fold } of folds) {
      const { out, lse } = fold.finish();
      const [outMemory, lseMemory] = await Promise.all([toHost(transpose(out, [0, 2, 1, 3])), toHost(lse)]);
      results.push({ run, out: outMemory, lse: lseMemory });
      out.dispose();
      lse.dispose();
    }
    return results;
  } finally {
    for (const shard of [...held.keys()]) release(shard);
    q?.dispose();
  }
}
