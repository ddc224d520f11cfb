// The figures of a dispatch, from what was counted.
import { floatOperations } from "../../../src/study/figures.ts";
import { excessOf, sectorBytes } from "../access/figures.ts";
import type { TermName } from "../terms/terms.ts";
import type { AccessFigures, Counted } from "../worker/protocol.ts";

/** A figure, with the best that it could be. */
export interface Figure {
  readonly name: string;
  readonly term?: TermName | undefined;
  readonly unit: "" | "B" | "×" | "%";
  readonly value: number;
  /** Of the best kernel for the same work; undefined where nothing can be said. */
  readonly ideal?: number | undefined;
  /** What the kernel's record says. */
  readonly formula?: number | undefined;
  /** How it is worked out. */
  readonly how: string;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const of = (
  accesses: readonly AccessFigures[],
  field: "asked" | "segments32" | "fewest32" | "requests" | "bankCycles" | "phases",
) => sum(accesses.map((one) => one[field]));

/** Sectors that accesses touch, over the fewest that could hold what each of their requests is for. */
const excessOfAll = (accesses: readonly AccessFigures[]): number =>
  excessOf({ segments32: of(accesses, "segments32"), fewest32: of(accesses, "fewest32") });

/** Functions that cost several operations on most GPUs. */
const special =
  /^(exp2?|log2?|sin|cos|tan|a?(sin|cos|tan)h|asin|acos|atan2?|sqrt|inverseSqrt|pow|length|distance|normalize|\/)$/;

/** How often something was computed. */
const computed = ({ operations }: Counted, isCounted: (one: Counted["operations"][number]) => boolean): number =>
  sum(operations.filter(isCounted).map(({ count }) => count));

/** All figures of a dispatch, in the order in which they are read. */
export function figuresOf(counted: Counted): Figure[] {
  const storage = counted.accesses.filter(({ space }) => space === "storage");
  const shared = counted.accesses.filter(({ space }) => space === "workgroup");
  const requested = of(storage, "asked");
  const compulsory = sum([...new Set(storage.map(({ name }) => name))].map((name) => counted.touched[name] ?? 0));
  const { operations } = floatOperations(counted);
  const costly = computed(counted, ({ name, scalar }) => (scalar === "f32" || scalar === "f16") && special.test(name));
  const ways = Math.max(0, ...shared.map((one) => one.ways));
  const { barriers, workgroups, shuffles, workgroupBytes, threads, activeShare, parted, formulas } = counted;
  const figures: (Figure | false)[] = [
    {
      name: "bytes requested from storage",
      term: "requested",
      unit: "B",
      value: requested,
      ideal: compulsory,
      formula: formulas?.["requestedBytes"],
      how: "every load and store of every thread; ideal: each byte once",
    },
    {
      name: "bytes touched at least once",
      term: "storage",
      unit: "B",
      value: compulsory,
      how: "in all buffers together, over the whole dispatch",
    },
    {
      name: "bytes requested for each byte touched",
      unit: "×",
      value: compulsory === 0 ? 1 : requested / compulsory,
      ideal: 1,
      how: "bytes requested over bytes touched: what tiles and registers bring down",
    },
    {
      name: "requests to storage",
      term: "request",
      unit: "",
      value: of(storage, "requests"),
      how: "a load or store, once for each subgroup that makes it",
    },
    {
      name: "bytes moved in sectors",
      term: "sector",
      unit: "B",
      value: sectorBytes * of(storage, "segments32"),
      ideal: sectorBytes * of(storage, "fewest32"),
      how: "32 bytes for each sector that a request touches, without any cache",
    },
    {
      name: "excess",
      term: "excess",
      unit: "×",
      value: excessOfAll(storage),
      ideal: 1,
      how: "sectors over the fewest that could hold what each request is for",
    },
    shared.length > 0 && {
      name: "bytes requested from workgroup memory",
      term: "workgroup memory",
      unit: "B",
      value: of(shared, "asked"),
      how: "every load and store of every thread",
    },
    shared.length > 0 && {
      name: "turns of the banks",
      term: "bank",
      unit: "",
      value: of(shared, "bankCycles"),
      ideal: of(shared, "phases"),
      how: "32 banks of 4 bytes; ideal: no two threads access different words of one bank",
    },
    shared.length > 0 && {
      name: "worst bank conflict",
      term: "bank",
      unit: "×",
      value: ways,
      ideal: 1,
      how: "the most turns of one phase of a request",
    },
    {
      name: "operations on floats",
      unit: "",
      value: operations,
      formula: formulas?.["operations"],
      how: "two of a fused multiply-add, one of any other that computes; comparisons and conversions count nothing",
    },
    costly > 0 && {
      name: "divisions, exp, sqrt and the like",
      unit: "",
      value: costly,
      how: "those of the operations on floats that cost several on most GPUs",
    },
    {
      name: "operations on integers",
      unit: "",
      value: computed(counted, ({ scalar }) => scalar === "i32" || scalar === "u32"),
      how: "mostly indices",
    },
    {
      name: "operations for each byte requested",
      unit: "",
      value: requested === 0 ? 0 : operations / requested,
      how: "arithmetic intensity, without any cache",
    },
    {
      name: "barriers for each workgroup",
      term: "barrier",
      unit: "",
      value: workgroups === 0 ? 0 : barriers / workgroups,
      how: "how often its threads wait for one another",
    },
    shuffles > 0 && {
      name: "shuffles and subgroup sums",
      term: "subgroup",
      unit: "",
      value: shuffles,
      how: "of whole subgroups",
    },
    {
      name: "active threads",
      term: "divergence",
      unit: "%",
      value: 100 * activeShare,
      ideal: 100,
      how: "threads that do what their subgroup does, over all of it",
    },
    {
      name: "divergent branches",
      term: "divergence",
      unit: "",
      value: sum(parted.map(({ count }) => count)),
      ideal: 0,
      how: "how often threads of a subgroup took both sides, or left a loop at different turns",
    },
    {
      name: "workgroup memory of a workgroup",
      term: "occupancy",
      unit: "B",
      value: workgroupBytes,
      how: "a core holds as many workgroups as fit into its 32 to 100 KiB",
    },
    { name: "threads of a workgroup", term: "workgroup", unit: "", value: threads, how: "as declared" },
  ];
  return figures.filter((one) => one !== false);
}

/** What is known of a buffer or a variable in workgroup memory. */
export interface MemoryFigures {
  readonly name: string;
  readonly space: AccessFigures["space"];
  readonly requested: number;
  readonly touched: number;
  readonly excess: number;
  readonly ways: number;
}

/** Figures of each memory but uniforms, in the order in which they are first accessed. */
export function memoryFigures({ accesses, touched }: Counted): MemoryFigures[] {
  const names = [...new Set(accesses.filter(({ space }) => space !== "uniform").map(({ name }) => name))];
  return names.map((name) => {
    const own = accesses.filter((one) => one.name === name);
    return {
      name,
      space: own[0]?.space ?? "storage",
      requested: of(own, "asked"),
      touched: touched[name] ?? 0,
      excess: excessOfAll(own),
      ways: Math.max(0, ...own.map(({ ways }) => ways)),
    };
  });
}

/** How far a value is from another, as a factor of at least 1; 1 where both are 0. */
export function changeOf(now: number, before: number): number {
  if (now === before) return 1;
  if (now === 0 || before === 0) return Number.POSITIVE_INFINITY;
  return Math.max(now / before, before / now);
}
