// Finds races by the rules of the language, however the schedule ran: two accesses of one place by different threads, one
// of them a write, with no barrier of the place's address space between them (WGSL, sections 14.5 and 17.11). Between
// workgroups nothing orders the accesses of a dispatch.
import type { Access, Observer } from "../execute/observer.ts";
import { type Action, forEachLane, memoryOf, type State } from "../execute/state.ts";
import type { Reference, Variable } from "../program.ts";
import { hasHalves, type Type } from "../types.ts";
import { type Conflict, change, type Facts, newFacts, read, write } from "./facts.ts";

type Between = "lanes" | "workgroups";

/** Two places in the text, in characters from its start. */
interface Pair {
  readonly between: Between;
  /** The access that came first in this run, and the other one. */
  readonly first: number;
  readonly second: number;
  readonly variable: Variable;
}

/** Accesses that conflict. */
export interface Race extends Pair {
  /** "wrong-barrier": there is a barrier between them, but of the other address space. */
  readonly kind: "write-write" | "read-write" | "wrong-barrier";
  /** Of the first conflict found: its byte in the variable or buffer. */
  readonly byte: number;
  /** Of the first conflict found: `local_invocation_index` of both threads, or `workgroup_index` of both workgroups. */
  readonly parties: readonly [number, number];
  /** The workgroup of the second access. */
  readonly workgroup: readonly [number, number, number];
  /** How many conflicts of this pair there were. */
  count: number;
}

/** What is no race by the letter. */
export interface RaceNote extends Pair {
  /** "order": a value depends on the order of atomic functions. "tearing": threads write halves of one word. */
  readonly kind: "order" | "tearing";
}

/** What is known of a variable's memory. */
interface Shadow {
  /** A unit is two bytes where f16 is stored, else four. */
  readonly shift: number;
  readonly lanes: Facts;
  /** Of buffers, for the whole dispatch. */
  readonly workgroups: Facts | undefined;
}

/** The most pairs of places that are listed. */
const maxPairs = 1000;

/** A detector of one run: pass `observer` to the run, then read what was found. */
export interface Detector {
  readonly observer: Observer;
  /** How many races there are so far: those that come are listed after the others. */
  readonly raceCount: () => number;
  readonly races: () => readonly Race[];
  readonly notes: () => readonly RaceNote[];
}

/** What the accesses of a run share. */
interface Run {
  /** Epochs count from 1: each workgroup starts new ones, each barrier one of its address space. */
  readonly epochs: { workgroup: number; storage: number; any: number };
  /** Workgroups that have started. */
  group: number;
  /** Positions in the text and names of accesses, by their numbers. */
  readonly sites: { readonly at: number; readonly name: string }[];
  readonly races: Map<string, Race>;
  readonly notes: Map<string, RaceNote>;
  readonly shadowOf: (state: State, variable: Variable) => Shadow;
}

export function newDetector(): Detector {
  const shadows = new Map<Variable, Shadow>();
  const run: Run = {
    epochs: { workgroup: 0, storage: 0, any: 0 },
    group: 0,
    sites: [],
    races: new Map(),
    notes: new Map(),
    shadowOf: (state, variable) => {
      const shadow = shadows.get(variable) ?? newShadow(state, variable);
      shadows.set(variable, shadow);
      return shadow;
    },
  };
  const { epochs } = run;
  return {
    observer: {
      access: (state, access) => watch(run, state, access),
      workgroup: () => {
        run.group++;
        epochs.workgroup++;
        epochs.storage++;
        epochs.any++;
      },
      barrier: (of) => {
        epochs.any++;
        if (of !== "texture") epochs[of]++;
      },
    },
    raceCount: () => run.races.size,
    races: () => [...run.races.values()],
    notes: () => [...run.notes.values()],
  };
}

function newShadow(state: State, variable: Variable): Shadow {
  const shift = hasHalves(variable.type) ? 1 : 2;
  const units = Math.ceil(memoryOf(state, variable).bytes / (1 << shift));
  const isShared = variable.space === "storage";
  return { shift, lanes: newFacts(units), workgroups: isShared ? newFacts(units) : undefined };
}

/** What is done at an access, for each active lane. */
function watch(run: Run, state: State, access: Access): Action {
  const { variable } = access.site;
  if (!variable.writable) return () => {};
  const shadow = run.shadowOf(state, variable);
  const name = access.kind === "atomic" ? access.name : access.kind;
  const site = run.sites.push({ at: access.at, name }) - 1;
  const touch =
    access.kind === "atomic" ? touchAtomic(run, access, shadow, site) : touchPlainly(run, state, access, shadow, site);
  const base = access.site.address === undefined ? -1 : access.site.address * state.width;
  const rangeOf = accessedRange(access);
  const { shift } = shadow;
  const visit = (lane: number): void => {
    const address = base < 0 ? 0 : (state.i32[base + lane] as number);
    if (address < 0) return; // out of bounds
    const [start, end] = rangeOf(address + access.site.offset);
    for (let unit = start >> shift; unit << shift < end; unit++) touch(unit, lane + 1);
  };
  return () => forEachLane(state.active, visit);
}

/** The bytes that an access at an address may touch: a store to a component may touch the whole vector. */
function accessedRange({ kind, site: { reference } }: Access): (address: number) => readonly [number, number] {
  const whole = kind === "store" && reference.vector ? vectorOf(reference) : undefined;
  if (!whole) return (address) => [address, address + reference.type.size];
  return (address) => {
    const start = Math.floor(address / whole.align) * whole.align;
    return [start, start + whole.size];
  };
}

/** The vector that a reference to a component is inside of. */
function vectorOf({ root, steps }: Reference): Type {
  const before = steps.at(-2)?.type ?? root.type;
  return before.kind === "pointer" ? before.of : before;
}

/** Compares an access of a unit with those before it, in its workgroup and in the dispatch. Parties count from 1. */
type Touch = (unit: number, lane: number) => void;

const spaceOf = ({ space }: Variable) => (space === "storage" ? "storage" : "workgroup");

function touchPlainly(run: Run, state: State, access: Access, shadow: Shadow, site: number): Touch {
  const { epochs, sites, races } = run;
  const {
    at,
    kind: does,
    site: { variable },
  } = access;
  const { lanes, workgroups, shift } = shadow;
  const space = spaceOf(variable);
  const act = does === "store" ? write : read;
  let own = 0;
  const conflictBetween =
    (between: Between): Conflict =>
    (before, unit, wrote) => {
      const first = (sites[before.site[unit] as number] as Run["sites"][number]).at;
      const isLate = between === "lanes" && before.when[unit] !== epochs.any;
      const kind = isLate ? "wrong-barrier" : does === "store" && wrote ? "write-write" : "read-write";
      const key = [kind, between, first, at].join();
      const known = races.get(key);
      if (known) known.count++;
      if (known || races.size >= maxPairs) return;
      const [byte, { workgroup }] = [unit << shift, state];
      const parties = [(before.who[unit] as number) - 1, own - 1] as const;
      races.set(key, { kind, between, first, second: at, variable, byte, parties, workgroup, count: 1 });
    };
  const [amongLanes, amongWorkgroups] = [conflictBetween("lanes"), conflictBetween("workgroups")];
  const isHalf = does === "store" && shift === 1;
  return (unit, lane) => {
    own = lane;
    act(lanes, unit, epochs[space], own, site, epochs.any, amongLanes);
    if (isHalf) noteTearing(run, access, lanes, unit, epochs[space], own, "lanes");
    if (!workgroups) return;
    own = run.group;
    act(workgroups, unit, 1, own, site, 0, amongWorkgroups);
    if (isHalf) noteTearing(run, access, workgroups, unit, 1, own, "workgroups");
  };
}

function remark({ notes }: Run, note: RaceNote): void {
  const key = [note.kind, note.between, note.first, note.second].join();
  if (notes.size < maxPairs && !notes.has(key)) notes.set(key, note);
}

/** Notes another party that wrote the other half of a word. */
function noteTearing(
  run: Run,
  { at: second, site: { variable } }: Access,
  { writer: { who, site }, epoch }: Facts,
  unit: number,
  now: number,
  own: number,
  between: Between,
): void {
  const half = unit ^ 1; // the other one of its word
  if (epoch[half] !== now || who[half] === 0 || who[half] === own) return;
  const first = run.sites[site[half] as number]?.at ?? second;
  remark(run, { kind: "tearing", between, first, second, variable });
}

/** Atomic functions that leave what the last of them decides. */
const overwriting: ReadonlySet<string> = new Set(["atomicStore", "atomicExchange", "atomicCompareExchangeWeak"]);

/** Atomic accesses never race; a value may depend on their order. */
function touchAtomic(run: Run, access: Extract<Access, { kind: "atomic" }>, shadow: Shadow, site: number): Touch {
  const { epochs, sites } = run;
  const { lanes, workgroups } = shadow;
  const {
    name,
    at: second,
    to,
    site: { variable },
  } = access;
  const space = spaceOf(variable);
  const isUsed = to.length > 0 && name !== "atomicStore";
  const isChange = name !== "atomicLoad";
  let isReading = false;
  const conflictBetween =
    (between: Between): Conflict =>
    (before, unit, wrote) => {
      const { at: first, name: other } = sites[before.site[unit] as number] as Run["sites"][number];
      // Changes of one kind give the same in any order, unless one overwrites the other.
      if (wrote && !isReading && name === other && !overwriting.has(name)) return;
      remark(run, { kind: "order", between, first, second, variable });
    };
  const compare = (facts: Facts, unit: number, epoch: number, own: number, conflict: Conflict): void => {
    isReading = true;
    if (isUsed) read(facts, unit, epoch, own, site, epochs.any, conflict);
    isReading = false;
    if (isChange) change(facts, unit, epoch, own, siteFor(facts, unit, epoch), epochs.any, conflict);
  };
  /** What stands for all changes of a unit: one that overwrites, else the first of two kinds. */
  const siteFor = ({ epoch, writer }: Facts, unit: number, now: number): number => {
    const before = writer.site[unit] as number;
    const isFirst = epoch[unit] !== now || writer.who[unit] === 0 || overwriting.has(name);
    return isFirst || sites[before]?.name === name ? site : before;
  };
  const [amongLanes, amongWorkgroups] = [conflictBetween("lanes"), conflictBetween("workgroups")];
  return (unit, lane) => {
    compare(lanes, unit, epochs[space], lane, amongLanes);
    if (workgroups) compare(workgroups, unit, 1, run.group, amongWorkgroups);
  };
}
