// What `study --wgsl` found, for people.
import type { Counts } from "../../wgsl/run/count/counter.ts";
import { bindingName, linesOf } from "../../wgsl/run/results.ts";
import { columnsText } from "../terminal.ts";
import {
  accessesOf,
  accessesTable,
  type FaultCard,
  faultsText,
  gpuLines,
  number,
  printsText,
  scheduleLines,
} from "./sections.ts";
import type { TextResult, TextRun, TextStudy } from "./text-run.ts";

/** The most elements of an output that are shown. */
const shownElements = 8;

/** The report of a text. */
export function textReport(run: TextRun, study: TextStudy): string {
  const { result, counts, entry, steps } = study;
  const { workgroups, code } = run;
  const lineAt = linesOf(code);
  const threads = entry.workgroupSize.join(" × ");
  const head = `${entry.name}: ${workgroups.join(" × ")} workgroups of ${threads} threads, ${steps} steps\n`;
  const parts = [
    head,
    buffersTable(result, counts),
    accessesTable(accessesOf(counts), ({ at }) => `line ${lineAt(at)}`),
    operationsText(counts),
    faultsOf(run, study),
    printsText(result.prints, ({ line, values }) => [`line ${line}`, values.map(digits).join(" ")]),
    outputsText(result),
    gpuText(result),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

/** As many digits as f32 has. */
const digits = (value: number | string): string =>
  typeof value === "string" || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(7)));
const ratio = (value: number): string => value.toFixed(2);

/** Of each buffer, the value and the best one. */
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
    { title: "asked B", cells: rows.map(([, { asked }]) => number(asked)), right: true },
    { title: "unique B", cells: rows.map(([, { unique }]) => number(unique)), right: true },
    { title: "ever touched B", cells: touched.map(number), right: true },
    { title: "sectors of 32 B", cells: rows.map(([, { segments32 }]) => number(segments32)), right: true },
    { title: "excess (best 1)", cells: rows.map(([, { excess }]) => ratio(excess)), right: true },
  ]);
}

function operationsText({ operations, barriers, workgroups, activeShare, parted }: Counts): string {
  const computed = operations
    .filter(({ scalar }) => scalar === "f32" || scalar === "f16")
    .sort((a, b) => b.count - a.count)
    .map(({ name, scalar, count }) => `${name} ${scalar} ${number(count)}`);
  const partings = [...parted.values()].reduce((sum, times) => sum + times, 0);
  const each = (total: number) => ratio(total / Math.max(1, workgroups)).replace(/\.00$/, "");
  return [
    `operations: ${computed.join(", ") || "none of floats"}`,
    `barriers a workgroup: ${each(barriers.workgroup)} of workgroup memory, ${each(barriers.storage)} of buffers`,
    `active threads: ${(100 * activeShare).toFixed(1)} % of their subgroups; subgroups parted ${number(partings)} times`,
    "",
  ].join("\n");
}

/** Faults, notes and hints, with their lines of the text. */
function faultsOf({ code, file }: TextRun, { result, hints }: TextStudy): string {
  const lines = code.split("\n");
  const show = (line: number) => `${file}:${line}: ${(lines[line - 1] ?? "").trim()}`;
  const card = ({ lines: pair, ...fault }: TextResult["races" | "notes"][number]): FaultCard => ({
    ...fault,
    lines: pair.map(show),
  });
  const { races, notes, outOfBounds, divergence } = result;
  const faults = [
    ...races.map(card),
    ...outOfBounds.map(({ line }) => ({ kind: "out-of-bounds", lines: [show(line)] })),
    ...divergence.map(({ line }) => ({ kind: "divergence", lines: [show(line)] })),
  ];
  return (
    faultsText(faults, notes.map(card)) +
    hints.map(({ line, message }) => `hint: ${message}\n  ${show(line)}\n`).join("")
  );
}

function outputsText({ outputs }: TextResult): string {
  const lines = Object.entries(outputs).map(([name, values]) => {
    const more = values.length > shownElements ? `, … ${values.length} in all` : "";
    return `${name}: ${values.slice(0, shownElements).map(digits).join(", ")}${more}`;
  });
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}

function gpuText({ gpu, schedules }: TextResult): string {
  const lines = [...scheduleLines(schedules), ...gpuLines(gpu)];
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}
