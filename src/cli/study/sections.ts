// Sections that the reports of texts and of kernels share.

import type { Schedules } from "../../study/schedules.ts";
import type { AccessCounts, Counts } from "../../wgsl/run/count/counter.ts";
import type { PrintedLine } from "../../wgsl/run/results.ts";
import { columnsText } from "../terminal.ts";
import type { OnGpu } from "./on-gpu.ts";

/** The most lines that are shown of what threads printed. */
const shownPrints = 40;

/** Integers with separators, other numbers with four digits. */
export const number = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(4)).toString();

/** What one access in the text requests. */
export interface AccessQuality {
  readonly kind: AccessCounts["kind"];
  /** The variable. */
  readonly name: string;
  readonly requests: number;
  /** Bytes. */
  readonly asked: number;
  /** Of a buffer: sectors of 32 bytes over the fewest that could hold what is requested. */
  readonly excess?: number;
  /** Of workgroup memory: the most words of one bank in a turn. */
  readonly ways?: number;
}

/** The accesses of a text but those of uniforms, in its order, with their positions. */
export const accessesOf = ({ accesses }: Counts): (AccessQuality & { readonly at: number })[] =>
  accesses
    .filter(({ variable, requests }) => requests > 0 && variable.space !== "uniform")
    .sort((a, b) => a.at - b.at)
    .map(({ at, kind, variable: { name, space }, requests, asked, segments32, fewest32, ways }) => {
      const quality = space === "workgroup" ? { ways } : { excess: segments32 / Math.max(1, fewest32) };
      return { at, kind, name, requests, asked, ...quality };
    });

/** A table of accesses; `where` says where each is. */
export function accessesTable<A extends AccessQuality>(rows: readonly A[], where: (row: A) => string): string {
  if (rows.length === 0) return "";
  const some = (value: number | undefined) => (value === undefined ? "" : number(value));
  return columnsText([
    { title: "access", cells: rows.map(({ kind, name }) => `${kind} ${name}`) },
    { title: "at", cells: rows.map(where) },
    { title: "requests", cells: rows.map(({ requests }) => number(requests)), right: true },
    { title: "asked B", cells: rows.map(({ asked }) => number(asked)), right: true },
    { title: "excess (best 1)", cells: rows.map(({ excess }) => some(excess)), right: true },
    { title: "bank conflict (best 1)", cells: rows.map(({ ways }) => some(ways)), right: true },
  ]);
}

const titles: Readonly<Record<string, string>> = {
  "write-write": "race: two threads write the same address, and nothing orders them",
  "read-write": "race: one thread writes an address that another reads, and nothing orders them",
  "wrong-barrier": "race: the barrier between them is not that of the memory they access",
  "out-of-bounds": "out of bounds: loads give 0, stores are dropped",
  divergence: "a barrier that not all threads of a workgroup reach",
  order: "note: a value depends on the order of atomic functions",
  tearing: "note: two threads write halves of one word",
};

/** A fault or a note. */
export interface FaultCard {
  readonly kind: string;
  readonly name?: string;
  readonly between?: "lanes" | "workgroups";
  readonly count?: number;
  /** Its lines, with their text. */
  readonly lines: readonly string[];
}

/** A card for each fault and note, with its lines; a sentence where there is no fault. */
export function faultsText(faults: readonly FaultCard[], notes: readonly FaultCard[]): string {
  const card = ({ kind, between, name, count, lines }: FaultCard) => {
    const about = [
      ...(name === undefined ? [] : [name]),
      ...(between === undefined ? [] : [between === "lanes" ? "of one workgroup" : "of two workgroups"]),
      ...(count === undefined ? [] : [`${number(count)} times`]),
    ];
    const title = `${titles[kind] ?? kind}${about.length === 0 ? "" : ` (${about.join(", ")})`}`;
    return [title, ...new Set(lines)].join("\n  ");
  };
  const clean = faults.length === 0 ? ["no race, no access out of bounds, no divergent barrier"] : [];
  return `${[...faults.map(card), ...clean, ...notes.map(card)].join("\n")}\n`;
}

/** What threads printed; `shown` is a line's place and its values. */
export function printsText<P extends Omit<PrintedLine, "line" | "values">>(
  prints: readonly P[],
  shown: (print: P) => readonly [where: string, values: string],
): string {
  if (prints.length === 0) return "";
  const lines = prints.slice(0, shownPrints).map((print) => {
    const [where, values] = shown(print);
    return `${where}, workgroup ${print.workgroup.join(",")}, thread ${print.lane}, step ${print.step}: ${values}`;
  });
  if (prints.length > shownPrints) lines.push(`and ${prints.length - shownPrints} more; --json has them`);
  return `${lines.join("\n")}\n`;
}

/** A line about random schedules, where they ran. */
export const scheduleLines = (schedules: Schedules | undefined): string[] =>
  schedules
    ? [`${schedules.equal} of ${schedules.runs} random schedules leave the same bits as the ascending one`]
    : [];

/** A line about the run on the GPU, where there was one. */
export function gpuLines(gpu: Pick<OnGpu, "equal" | "class" | "refused"> | undefined): string[] {
  if (!gpu) return [];
  if (gpu.refused !== undefined) return [`on the GPU: refused: ${gpu.refused.split("\n")[0]}`];
  const exactly = gpu.class === "bits" ? "to the bit" : "within roundings";
  return [`on the GPU: ${gpu.equal ? `equal ${exactly}` : `different, compared ${exactly}`}`];
}
