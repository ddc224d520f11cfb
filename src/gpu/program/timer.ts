import type { Device } from "../device/device.ts";
import { GpuError } from "../errors.ts";
import type { Command, encodeCommands } from "./encode.ts";

/**
 * How commands are encoded. It is a parameter, not an import: a module that is loaded later but imports one loaded
 * first makes bundlers split the latter into more and smaller files, which take more bytes.
 */
type Encode = typeof encodeCommands;

/** Timestamps of one query set; WebGPU allows up to 4096. */
const batch = 2048;

/**
 * Runs the commands with one pass per dispatch and returns the GPU time of each in nanoseconds. Browsers round
 * timestamps to 100 microseconds; a benchmark repeats a program between two timestamps instead (`timeRuns`).
 */
export async function timeCommands(
  gpu: Device,
  commands: readonly Command[],
  encodeCommands: Encode,
): Promise<number[]> {
  const times: number[] = [];
  let group: Command[] = [];
  let dispatches = 0;
  for (const command of commands) {
    group.push(command);
    if (command.kind === "dispatch" && ++dispatches === batch) {
      times.push(...(await timePasses(gpu, group, encodeCommands)));
      group = [];
      dispatches = 0;
    }
  }
  if (group.length > 0) times.push(...(await timePasses(gpu, group, encodeCommands)));
  return times;
}

/**
 * GPU time in nanoseconds of all commands, `repeats` times over, from the start of the first dispatch to the end of the
 * last.
 */
export async function timeRuns(
  gpu: Device,
  commands: readonly Command[],
  repeats: number,
  encodeCommands: Encode,
): Promise<number> {
  const all = Array.from({ length: repeats }, () => commands).flat();
  const last = passesOf(all) - 1;
  if (last < 0) return 0;
  const [begin = 0n, end = 0n] = await timestamps(gpu, 2, (encoder, querySet) =>
    encodeCommands(encoder, all, (pass) =>
      pass > 0 && pass < last
        ? undefined
        : {
            querySet,
            ...(pass === 0 && { beginningOfPassWriteIndex: 0 }),
            ...(pass === last && { endOfPassWriteIndex: 1 }),
          },
    ),
  );
  return Number(end - begin);
}

/** The number of passes that `encodeCommands` makes from these commands. */
function passesOf(commands: readonly Command[]): number {
  return commands.filter(({ kind }, i) => kind === "dispatch" && commands[i - 1]?.kind !== "dispatch").length;
}

async function timePasses(gpu: Device, commands: readonly Command[], encodeCommands: Encode): Promise<number[]> {
  const dispatches = commands.filter(({ kind }) => kind === "dispatch").length;
  if (dispatches === 0) return [];
  const ticks = await timestamps(gpu, 2 * dispatches, (encoder, querySet) => {
    let at = 0;
    for (const command of commands) {
      encodeCommands(encoder, [command], () => {
        const timestampWrites = { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
        at += 2;
        return timestampWrites;
      });
    }
  });
  return Array.from({ length: dispatches }, (_, i) => Number((ticks[2 * i + 1] ?? 0n) - (ticks[2 * i] ?? 0n)));
}

/** Submits the commands of `encode` and reads the `count` timestamps that they write. */
async function timestamps(
  gpu: Device,
  count: number,
  encode: (encoder: GPUCommandEncoder, querySet: GPUQuerySet) => void,
): Promise<bigint[]> {
  if (!gpu.features.has("timestamp-query")) {
    throw new GpuError(`${gpu.adapter.label}: no timestamp-query, so GPU time cannot be measured`);
  }
  const { QUERY_RESOLVE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const queries = gpu.device.createQuerySet({ type: "timestamp", count });
  const resolved = gpu.device.createBuffer({ size: count * 8, usage: QUERY_RESOLVE | COPY_SRC });
  const staging = gpu.device.createBuffer({ size: count * 8, usage: MAP_READ | COPY_DST });
  try {
    gpu.submit((encoder) => {
      encode(encoder, queries);
      encoder.resolveQuerySet(queries, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, count * 8);
    });
    await staging.mapAsync(GPUMapMode.READ);
    return [...new BigUint64Array(staging.getMappedRange())];
  } finally {
    staging.destroy();
    resolved.destroy();
    queries.destroy();
  }
}
