// What `study` found, for people.
import type { Counts } from "../../wgsl/run/count/counter.ts";
import { bindingName, linesOf } from "../../wgsl/run/results.ts";
import { columnsText } from "../terminal.ts";
import type { TextResult, TextRun, TextStudy } from "./text-run.ts";

/** The most lines that are printed of what threads printed, and elements of an output. */
const shownPrints = 40;
const shownElements = 8;

/** The report of a text. */
export function textReport(run: TextRun, { result, counts, entry, steps }: TextStudy): string {
  const { workgroups } = run;
  const threads = entry.workgroupSize.join(" × ");
  const head = `${entry.name}: ${workgroups.join(" × ")} workgroups of ${threads} threads, ${steps} steps\n`;
  const parts = [
    head,
    buffersTable(result, counts),
    accessesTable(run.code, counts),
    operationsText(counts),
    faults(run, result),
    printsText(result),
    outputsText(result),
    gpuText(result),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
/** As many digits as f32 has. */
const digits = (value: number | string): string =>
  typeof value === "string" || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
const ratio = (value: number): string => value.toFixed(2);

/** Of each buffer, the value beside the best one. */
function buffersTable({ counters }: TextResult, counts: Counts): string {
  const rows = Object.entries(counters);
  if (rows.length === 0) return "";
  const names = new Map(counts.accesses.map(({ variable }) => [bindingName(variable), variable]));
  const touched = rows.map(([key]) => {
    const variable = names.get(key);
    return variable ? (counts.touched.get(variable) ?? 0) : 0;
  });
  return columnsText([
    { title: "buffer", cells: rows.map(([key]) => `${key} ${names.get(key)?.name ?? ""}`.trim()) },
    { title: "asked B", cells: rows.map(([, { asked }]) => whole(asked)), right: true },
    { title: "unique B", cells: rows.map(([, { unique }]) => whole(unique)), right: true },
    { title: "ever touched B", cells: touched.map(whole), right: true },
    { title: "blocks of 32 B", cells: rows.map(([, { segments32 }]) => whole(segments32)), right: true },
    { title: "excess (best 1)", cells: rows.map(([, { excess }]) => ratio(excess)), right: true },
  ]);
}

/** Of each access in the text, in its order. */
function accessesTable(code: string, { accesses }: Counts): string {
  const lineAt = linesOf(code);
  const rows = accesses
    .filter(({ variable, requests }) => requests > 0 && variable.space !== "uniform")
    .sort((a, b) => a.at - b.at);
  if (rows.length === 0) return "";
  const isBanked = (row: (typeof rows)[number]) => row.variable.space === "workgroup";
  return columnsText([
    { title: "line", cells: rows.map(({ at }) => `${lineAt(at)}`), right: true },
    { title: "access", cells: rows.map(({ kind, variable }) => `${kind} ${variable.name}`) },
    { title: "requests", cells: rows.map(({ requests }) => whole(requests)), right: true },
    { title: "asked B", cells: rows.map(({ asked }) => whole(asked)), right: true },
    {
      title: "excess (best 1)",
      cells: rows.map((row) => (isBanked(row) ? "" : ratio(row.segments32 / row.fewest32))),
      right: true,
    },
    { title: "bank conflict (best 1)", cells: rows.map((row) => (isBanked(row) ? `${row.ways}` : "")), right: true },
  ]);
}

function operationsText({ operations, barriers, workgroups, activeShare, parted }: Counts): string {
  const computed = operations
    .filter(({ scalar }) => scalar === "f32" || scalar === "f16")
    .sort((a, b) => b.count - a.count)
    .map(({ name, scalar, count }) => `${name} ${scalar} ${whole(count)}`);
  const partings = [...parted.values()].reduce((sum, times) => sum + times, 0);
  const each = (total: number) => ratio(total / Math.max(1, workgroups)).replace(/\.00$/, "");
  return [
    `operations: ${computed.join(", ") || "none of floats"}`,
    `barriers a workgroup: ${each(barriers.workgroup)} of workgroup memory, ${each(barriers.storage)} of buffers`,
    `active threads: ${(100 * activeShare).toFixed(1)} % of their subgroups; subgroups parted ${whole(partings)} times`,
    "",
  ].join("\n");
}

/** Two lines of the text for each fault. */
function faults({ code, file }: TextRun, { races, notes, outOfBounds, divergence }: TextResult): string {
  const lines = code.split("\n");
  const show = (line: number) => `  ${file}:${line}: ${(lines[line - 1] ?? "").trim()}`;
  const pair = ([a, b]: readonly [number, number]) => (a === b ? show(a) : `${show(a)}\n${show(b)}`);
  const between = (what: string) => (what === "lanes" ? "two threads of a workgroup" : "two workgroups");
  const kinds = {
    "write-write": (what: string) => `race: ${between(what)} write one place, and nothing orders them`,
    "read-write": (what: string) => `race: of ${between(what)} one writes a place that the other reads, unordered`,
    "wrong-barrier": () => "race: the barrier between them is not that of the memory they access",
  };
  const found = [
    ...races.map((race) => `${kinds[race.kind](race.between)}\n${pair(race.lines)}`),
    ...outOfBounds.map(({ line }) => `out of bounds: loads give 0, stores are dropped\n${show(line)}`),
    ...divergence.map(({ line }) => `a barrier that not all threads of a workgroup reach\n${show(line)}`),
    ...notes.map((note) =>
      note.kind === "order"
        ? `note: a value depends on the order of atomic functions\n${pair(note.lines)}`
        : `note: two threads write halves of one word\n${pair(note.lines)}`,
    ),
  ];
  return found.length > 0 ? `${found.join("\n")}\n` : "no race, no access out of bounds, no divergent barrier\n";
}

function printsText({ prints }: TextResult): string {
  if (prints.length === 0) return "";
  const lines = prints
    .slice(0, shownPrints)
    .map(
      ({ line, workgroup, lane, step, values }) =>
        `line ${line}, workgroup ${workgroup.join(",")}, thread ${lane}, step ${step}: ${values.map(digits).join(" ")}`,
    );
  if (prints.length > shownPrints) lines.push(`and ${prints.length - shownPrints} more; --json has them`);
  return `${lines.join("\n")}\n`;
}

function outputsText({ outputs }: TextResult): string {
  const lines = Object.entries(outputs).map(([name, values]) => {
    const more = values.length > shownElements ? `, … ${values.length} in all` : "";
    return `${name}: ${values.slice(0, shownElements).map(digits).join(", ")}${more}`;
  });
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}

function gpuText({ gpu, schedules }: TextResult): string {
  const orders =
    schedules && `${schedules.equal} of ${schedules.runs} random schedules leave the same bits as the ascending one`;
  const exactly = gpu?.class === "bits" ? "to the bit" : "within roundings";
  const ran = gpu && `on the GPU: ${gpu.equal ? `equal ${exactly}` : `different, compared ${exactly}`}`;
  const compared = gpu?.refused === undefined ? ran : `on the GPU: refused: ${gpu.refused.split("\n")[0]}`;
  const lines = [orders, compared].filter((line) => line !== undefined);
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}
