// Every choice of variant, part or tile that depends on the kind of device, with the measurement on which it rests. For
// GPUs, where nothing was measured, accesses to memory are counted: docs/counted.md.
import type { Gpu } from "../gpu/gpu.ts";

/** The best choices for a device: names of variants in order of preference, and sizes. */
export interface Tuning {
  /** Variants of attention for up to 8 queries per head. */
  readonly attentionOfFewQueries: readonly ("splitSubgroups" | "splitK" | "flash" | "rows" | "naive")[];
  /** Variants for more queries, under a mask whose visible keys are one range. */
  readonly attentionOfManyQueries: readonly ("subgroups" | "flash" | "rows" | "naive")[];
  /**
   * Keys that a thread of `splitK` scores at a time, where queries leave room in workgroup memory for their weights.
   */
  readonly splitKThreadKeys: 4 | 8;
  /** Variants of matmul for up to 8 rows. */
  readonly matmulOfFewRows: readonly ("vectorSubgroups" | "vector")[];
  /** Variants of `projection`: one kernel for up to 8 rows, or the ops that it is made of. */
  readonly projection: readonly ("fused" | "chain")[];
  /** Variants of `appendRotated`: one kernel that rotates queries and keys and stores keys and values, or three. */
  readonly appendRotated: readonly ("fused" | "chain")[];
  /** Variants of matmul for more rows than `vector` supports. */
  readonly matmulOfManyRows: readonly ("subgroups" | "register" | "tiled" | "naive")[];
  /** Variants of gemm. */
  readonly gemm: readonly ("subgroups" | "doubleBuffer" | "coalesced")[];
  /**
   * Threads that stride along a column together in the products of a few rows: `LANES` of matmul/vector and moe/vector.
   */
  readonly vectorLanes: 4 | 64;
  /** Variants of experts for more tokens than `vector` supports. */
  readonly expertsOfManyTokens: readonly ("subgroups" | "grouped" | "dense")[];
  /** Variants of the norms. */
  readonly norm: readonly ("subgroups" | "registers" | "workgroup")[];
  /** Variants of softmax. */
  readonly softmax: readonly ("subgroupRegisters" | "subgroups" | "registers" | "online" | "workgroup" | "threePass")[];
  /** Variants of log-softmax. */
  readonly logSoftmax: readonly ("workgroup" | "naive")[];
  /** Variants of recurrent layers, and of their gradients. */
  readonly recurrent: readonly ("resident" | "steps")[];
  /** Variants of delta rules and state spaces of many tokens. */
  readonly linearRecurrence: readonly ("chunks" | "subgroups" | "recurrent")[];
  /** Variants of the gradients of routers. */
  readonly routerGradients: readonly ("lanes" | "naive")[];
  /** The grouped products that `dense` may use, in order of preference. */
  readonly denseProduct: readonly ("subgroups" | "registers")[];
  /** How f16 is read on a device with `shader-f16`: natively, or as pairs in a u32, as without the feature. */
  readonly f16: "native" | "packed";
}

/**
 * Kinds of device that choices are made for. `minimal` are software adapters with no more than the 256 invocations of a
 * workgroup that WebGPU promises.
 */
export type Kind = "software" | "minimal" | "hardware";

/** A choice, with where it was measured and the finding. */
interface Choice<T> {
  readonly choice: T;
  /** The device of the measurement; undefined where there was none and `finding` gives the reasoning instead. */
  readonly measuredOn: string | undefined;
  readonly finding: string;
}

const llvmpipe = "llvmpipe (Mesa 25), 2 cores";
const swiftShader = "SwiftShader 5";

/** A row of the table: where `minimal` is missing, the choice is that of `software`. */
type Row<T> = Readonly<Record<"software" | "hardware", Choice<T>>> & { readonly minimal?: Choice<T> };

/** The table of choices, one per row. */
export const tuningTable: { readonly [K in keyof Tuning]: Row<Tuning[K]> } = {
  attentionOfFewQueries: {
    software: {
      choice: ["splitSubgroups", "splitK", "flash", "rows", "naive"],
      measuredOn: llvmpipe,
      finding: "decode: splitSubgroups takes half the time of splitK",
    },
    hardware: {
      choice: ["splitK", "flash", "rows", "naive"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from workgroup memory; counted: keys have an excess of 2 to 8",
    },
  },
  attentionOfManyQueries: {
    software: {
      choice: ["subgroups", "flash", "rows", "naive"],
      measuredOn: llvmpipe,
      finding: "prompts: subgroups takes half the time of flash",
    },
    hardware: {
      choice: ["flash", "rows", "naive"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from workgroup memory; counted: q has an excess of 2",
    },
  },
  splitKThreadKeys: {
    software: {
      choice: 8,
      measuredOn: llvmpipe,
      finding: "a load of q serves all keys of a thread",
    },
    hardware: { choice: 4, measuredOn: undefined, finding: "more threads at a time" },
  },
  matmulOfFewRows: {
    software: {
      choice: ["vectorSubgroups", "vector"],
      measuredOn: llvmpipe,
      finding: "0.65 to 0.75 of the time of vector",
    },
    minimal: {
      choice: ["vector"],
      measuredOn: swiftShader,
      finding: "0.54 to 0.93 of the time",
    },
    hardware: { choice: ["vector"], measuredOn: undefined, finding: "coalesced loads; counted: an excess of 1" },
  },
  projection: {
    software: {
      choice: ["fused", "chain"],
      measuredOn: llvmpipe,
      finding: "as long in f16, 0.87 in q8_0",
    },
    minimal: {
      choice: ["chain"],
      measuredOn: swiftShader,
      finding: "as matmulOfFewRows",
    },
    hardware: {
      choice: ["chain"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load",
    },
  },
  appendRotated: {
    software: {
      choice: ["fused", "chain"],
      measuredOn: llvmpipe,
      finding: "as long; fewer dispatches",
    },
    minimal: {
      choice: ["chain"],
      measuredOn: swiftShader,
      finding: "0.87 of the time",
    },
    hardware: {
      choice: ["fused", "chain"],
      measuredOn: undefined,
      finding: "fewer dispatches",
    },
  },
  matmulOfManyRows: {
    software: {
      choice: ["subgroups", "register", "tiled", "naive"],
      measuredOn: llvmpipe,
      finding: "half the time of register",
    },
    hardware: {
      choice: ["register", "tiled", "naive"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from workgroup memory; counted: an excess of 1",
    },
  },
  gemm: {
    software: {
      choice: ["subgroups", "coalesced"],
      measuredOn: llvmpipe,
      finding: "a third of the time of vectors",
    },
    hardware: {
      choice: ["doubleBuffer", "coalesced"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from workgroup memory",
    },
  },
  vectorLanes: {
    software: {
      choice: 4,
      measuredOn: llvmpipe,
      finding: "loads are not coalesced",
    },
    hardware: { choice: 64, measuredOn: undefined, finding: "coalesced loads" },
  },
  expertsOfManyTokens: {
    software: {
      choice: ["subgroups", "grouped", "dense"],
      measuredOn: llvmpipe,
      finding: "subgroups takes half the time of grouped",
    },
    hardware: {
      choice: ["grouped", "dense"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from the cache; counted: x and weights have an excess of 2",
    },
  },
  norm: {
    software: {
      choice: ["subgroups", "workgroup"],
      measuredOn: llvmpipe,
      finding: "less than half the time without barriers",
    },
    hardware: {
      choice: ["registers", "workgroup"],
      measuredOn: undefined,
      finding: "a row is read once",
    },
  },
  softmax: {
    software: {
      choice: ["subgroupRegisters", "subgroups", "online", "workgroup", "threePass"],
      measuredOn: llvmpipe,
      finding: "0.27 of the time of online",
    },
    hardware: {
      choice: ["registers", "online", "workgroup", "threePass"],
      measuredOn: undefined,
      finding: "registers reads a row once, online twice, workgroup three times",
    },
  },
  logSoftmax: {
    software: {
      choice: ["naive", "workgroup"],
      measuredOn: llvmpipe,
      finding: "0.59 of the time for rows of 256, 0.84 for rows of 8192: no barriers",
    },
    hardware: { choice: ["workgroup", "naive"], measuredOn: undefined, finding: "coalesced loads" },
  },
  recurrent: {
    software: {
      choice: ["steps", "resident"],
      measuredOn: llvmpipe,
      finding: "0.72 to 0.91 of the time, gradients 0.67 to 0.72: a dispatch takes 5 µs",
    },
    hardware: { choice: ["resident", "steps"], measuredOn: undefined, finding: "one dispatch, not two a step" },
  },
  linearRecurrence: {
    software: {
      choice: ["subgroups", "chunks", "recurrent"],
      measuredOn: llvmpipe,
      finding: "0.46 of the time of chunks",
    },
    hardware: { choice: ["chunks", "subgroups", "recurrent"], measuredOn: undefined, finding: "fewer barriers" },
  },
  routerGradients: {
    software: {
      choice: ["naive", "lanes"],
      measuredOn: llvmpipe,
      finding: "a tenth of the time for 8 experts, and for 128: no barriers",
    },
    hardware: { choice: ["lanes", "naive"], measuredOn: undefined, finding: "more threads at a time" },
  },
  denseProduct: {
    software: {
      choice: ["subgroups", "registers"],
      measuredOn: llvmpipe,
      finding: "as expertsOfManyTokens: the products are the same",
    },
    hardware: { choice: ["registers"], measuredOn: undefined, finding: "as expertsOfManyTokens" },
  },
  f16: {
    software: {
      choice: "packed",
      measuredOn: llvmpipe,
      finding: "two values load as fast as one: a fifth less time",
    },
    hardware: { choice: "native", measuredOn: undefined, finding: "no conversions" },
  },
};

/** The facts about a device on which the choice of kernels depends. */
type Device = Pick<Gpu, "adapter" | "limits">;

/** Invocations of a workgroup that every device has. */
const minInvocations = 256;

/** The kind of a device, which selects its choices in the table. */
export function kindOf({ adapter, limits }: Device): Kind {
  if (!adapter.software) return "hardware";
  return limits.invocations <= minInvocations ? "minimal" : "software";
}

/** A choice of the table for a kind of device, with where it was measured. */
export function choiceFor<K extends keyof Tuning>(name: K, kind: Kind): Choice<Tuning[K]> {
  const row = tuningTable[name];
  return row[kind] ?? row.software;
}

const byKind = (kind: Kind): Tuning =>
  Object.fromEntries(
    Object.keys(tuningTable).map((name) => [name, choiceFor(name as keyof Tuning, kind).choice]),
  ) as unknown as Tuning;

const tunings = { software: byKind("software"), minimal: byKind("minimal"), hardware: byKind("hardware") } as const;

const tuned = new WeakMap<Device, Tuning>();

/** The choices for this device: those of its kind, or those set with `tune`. */
export function tuning(device: Device): Tuning {
  return tuned.get(device) ?? tunings[kindOf(device)];
}

/** Sets choices for one device, for example from measurements on it; the others stay. */
export function tune(device: Device, choices: Partial<Tuning>): void {
  tuned.set(device, { ...tuning(device), ...choices });
}

/** Gives a device the choices for another kind of device. */
export function tuneAs(device: Device, kind: Kind): void {
  tuned.set(device, tunings[kind]);
}
