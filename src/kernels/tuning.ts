// Every choice of variant, part or tile that depends on the kind of device, and the measurement on which it rests.
import type { Gpu } from "../gpu/gpu.ts";

/** What a device runs best: names of variants, the most wanted first, and sizes. */
export interface Tuning {
  /** Variants of attention for up to 8 queries a head. */
  readonly attentionOfFewQueries: readonly ("splitSubgroups" | "splitK" | "flash" | "rows" | "naive")[];
  /** Those for more, under a mask whose visible keys are one range. */
  readonly attentionOfManyQueries: readonly ("subgroups" | "flash" | "rows" | "naive")[];
  /** Keys that a thread of `splitK` scores at a time, where queries leave room in workgroup memory for their weights. */
  readonly splitKThreadKeys: 4 | 8;
  /** Variants of matmul for more rows than `vector` takes. */
  readonly matmulOfManyRows: readonly ("subgroups" | "register" | "tiled" | "naive")[];
  /** Threads that stride along a column together in the products of a few rows: `LANES` of matmul/vector and moe/vector. */
  readonly vectorLanes: 4 | 64;
  /** Variants of experts for more tokens than `vector` takes. */
  readonly expertsOfManyTokens: readonly ("subgroups" | "grouped" | "dense")[];
  /** The grouped product in which `dense` runs, the most wanted first. */
  readonly denseProduct: readonly ("subgroups" | "registers")[];
  /** How f16 is read on a device with `shader-f16`: as such, or as pairs in a u32, as without the feature. */
  readonly f16: "native" | "packed";
}

/** Kinds of device that choices are made for. */
type Kind = "software" | "hardware";

/** A choice, where it was measured, and what was found. */
interface Choice<T> {
  readonly choice: T;
  /** The device of the measurement; undefined where there was none, and `finding` is the reasoning in its place. */
  readonly measuredOn: string | undefined;
  readonly finding: string;
}

const llvmpipe = "llvmpipe (Mesa 25), 2 cores";

/** The table that a tuner fills: a row a choice. */
export const tuningTable: { readonly [K in keyof Tuning]: Readonly<Record<Kind, Choice<Tuning[K]>>> } = {
  attentionOfFewQueries: {
    software: {
      choice: ["splitSubgroups", "splitK", "flash", "rows", "naive"],
      measuredOn: llvmpipe,
      finding: "decode: splitSubgroups takes half the time of splitK",
    },
    hardware: {
      choice: ["splitK", "flash", "rows", "naive"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load from workgroup memory",
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
      finding: "a shuffle may cost more than a load from workgroup memory",
    },
  },
  splitKThreadKeys: {
    software: {
      choice: 8,
      measuredOn: llvmpipe,
      finding: "loads of q are what the time goes to, and one serves all keys of a thread",
    },
    hardware: { choice: 4, measuredOn: undefined, finding: "fewer registers a thread, more threads at a time" },
  },
  matmulOfManyRows: {
    software: {
      choice: ["subgroups", "register", "tiled", "naive"],
      measuredOn: llvmpipe,
      finding: "subgroups takes half the time of register",
    },
    hardware: {
      choice: ["register", "tiled", "naive"],
      measuredOn: undefined,
      finding: "a shuffle may cost more than a load that the cache answers",
    },
  },
  vectorLanes: {
    software: {
      choice: 4,
      measuredOn: llvmpipe,
      finding: "a load costs the same whatever its neighbours do, so fewer lanes leave less to add up at the end",
    },
    hardware: { choice: 64, measuredOn: undefined, finding: "neighbouring loads, and many of them under way" },
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
      finding: "a shuffle may cost more than a load that the cache answers",
    },
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
      finding: "two values are loaded as fast as one: a fifth less time",
    },
    hardware: { choice: "native", measuredOn: undefined, finding: "no conversions" },
  },
};

/** What is known of a device when its kernels are chosen. */
type Device = Pick<Gpu, "adapter">;

const byKind = (kind: Kind): Tuning =>
  Object.fromEntries(Object.entries(tuningTable).map(([name, row]) => [name, row[kind].choice])) as unknown as Tuning;

const tunings = { software: byKind("software"), hardware: byKind("hardware") } as const;

const tuned = new WeakMap<Device, Tuning>();

/** The choices for the kind of device that this is, or those that `tune` has given it. */
export function tuning(device: Device): Tuning {
  return tuned.get(device) ?? tunings[device.adapter.software ? "software" : "hardware"];
}

/** Sets choices of one device, such as measurements on it show; the others stay. */
export function tune(device: Device, choices: Partial<Tuning>): void {
  tuned.set(device, { ...tuning(device), ...choices });
}

/** Gives a device the choices for devices of a kind, whichever it is. */
export function tuneAs(device: Device, kind: Kind): void {
  tuned.set(device, tunings[kind]);
}
