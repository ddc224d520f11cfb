// What `study KERNEL` found, for people.
import type { StudyKernel } from "../../study/kernel.ts";
import { columnsText } from "../terminal.ts";
import type { AccessFigures, Fault, Figure, FileLine, KernelStudy, TracedStep } from "./kernel-study.ts";

/** The most statements, and lines of what threads printed, that are shown. */
const shownSteps = 200;
const shownPrints = 40;

/** The text of a line of a file. */
type Source = (place: FileLine) => string;

/** The report of a kernel. */
export function kernelReport(kernel: StudyKernel, study: KernelStudy, source: Source): string {
  const { figures, accesses, faults, notes, trace } = study;
  const parts = [
    headText(kernel, study),
    figures ? figuresTable(figures) : "",
    accesses ? accessesTable(accesses) : "",
    faults ? faultCards(faults, notes ?? [], source) : "",
    comparisonsText(study),
    printsText(study),
    trace ? traceText(trace, source) : "",
  ];
  return parts.filter((part) => part !== "").join("\n");
}

const number = (value: number): string =>
  Number.isInteger(value) ? value.toLocaleString("en") : Number(value.toPrecision(4)).toString();

const at = ({ file, line }: FileLine): string => `${file}:${line}`;

function headText({ sizes }: StudyKernel, study: KernelStudy): string {
  const chosen = Object.entries(study.sizes).map(([name, value]) => `${name} ${value}`);
  const shape = chosen.length > 0 ? `: ${chosen.join(", ")}` : "";
  const meanings = Object.entries(sizes).map(([name, { meaning }]) => `  ${name}: ${meaning}`);
  const grid = `${study.workgroups.join(" × ")} workgroups of ${study.workgroupSize.join(" × ")} threads`;
  return [
    `${study.kernel}${shape}`,
    ...meanings,
    `${grid}, subgroups of ${study.subgroupSize}, ${number(study.steps)} steps`,
    "",
  ].join("\n");
}

function figuresTable(figures: readonly Figure[]): string {
  return columnsText([
    { title: "counter", cells: figures.map(({ name }) => name) },
    { title: "value", cells: figures.map(({ value }) => number(value)), right: true },
    { title: "ideal", cells: figures.map(({ ideal }) => (ideal === undefined ? "" : number(ideal))), right: true },
    {
      title: "formula",
      cells: figures.map(({ formula }) => (formula ? `${number(formula.value)} = ${formula.text}` : "")),
    },
  ]);
}

function accessesTable(rows: readonly AccessFigures[]): string {
  if (rows.length === 0) return "";
  return columnsText([
    { title: "access", cells: rows.map(({ kind, name }) => `${kind} ${name}`) },
    { title: "at", cells: rows.map(at) },
    { title: "requests", cells: rows.map(({ requests }) => number(requests)), right: true },
    { title: "asked B", cells: rows.map(({ asked }) => number(asked)), right: true },
    {
      title: "excess (best 1)",
      cells: rows.map(({ excess }) => (excess === undefined ? "" : number(excess))),
      right: true,
    },
    {
      title: "bank conflict (best 1)",
      cells: rows.map(({ ways }) => (ways === undefined ? "" : number(ways))),
      right: true,
    },
  ]);
}

const titles: Readonly<Record<string, string>> = {
  "write-write": "race: two threads write one place, and nothing orders them",
  "read-write": "race: one thread writes a place that another reads, and nothing orders them",
  "wrong-barrier": "race: the barrier between them is not that of the memory they access",
  "out-of-bounds": "out of bounds: loads give 0, stores are dropped",
  divergence: "a barrier that not all threads of a workgroup reach",
  order: "note: a value depends on the order of atomic functions",
  tearing: "note: two threads write halves of one word",
};

/** A card for each fault, with its lines. */
function faultCards(faults: readonly Fault[], notes: readonly Fault[], source: Source): string {
  const card = ({ kind, places, between, name, count }: Fault) => {
    const where = between === "workgroups" ? "of two workgroups" : "of one workgroup";
    const about =
      name === undefined ? "" : ` (${name}, ${where}${count === undefined ? "" : `, ${number(count)} times`})`;
    const lines = new Map(places.map((place) => [at(place), source(place)]));
    return [`${titles[kind] ?? kind}${about}`, ...[...lines].map(([line, text]) => `  ${line}: ${text}`)].join("\n");
  };
  const clean = faults.length === 0 ? ["no race, no access out of bounds, no divergent barrier"] : [];
  return `${[...faults.map(card), ...clean, ...notes.map(card)].join("\n")}\n`;
}

function comparisonsText({ reference, schedules, float64 }: KernelStudy): string {
  const lines = [
    ...(reference?.outputs ?? []).map(
      ({ name, difference, largest }) =>
        `${name}: at most ${difference.toExponential(1)} from ${reference?.name} in float64, of numbers up to ${number(largest)}`,
    ),
    ...(float64 ?? []).map(({ name, within, outside, decided, unbounded, worst }) => {
      const left = decided + unbounded === 0 ? "" : `, ${number(decided + unbounded)} not compared`;
      const share = `at most ${number(100 * worst)} % of what WGSL allows`;
      return `${name}: ${number(within)} of ${number(within + outside)} numbers are within float64's bounds, ${share}${left}`;
    }),
    ...(schedules
      ? [`${schedules.equal} of ${schedules.runs} random schedules leave the same bits as the ascending one`]
      : []),
  ];
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
}

function printsText({ prints }: KernelStudy): string {
  if (prints.length === 0) return "";
  const lines = prints
    .slice(0, shownPrints)
    .map(
      ({ workgroup, lane, step, values, ...place }) =>
        `${at(place)}, workgroup ${workgroup.join(",")}, thread ${lane}, step ${step}: ${values.join(" ")}`,
    );
  if (prints.length > shownPrints) lines.push(`and ${prints.length - shownPrints} more; --json has them`);
  return `${lines.join("\n")}\n`;
}

function traceText(trace: readonly TracedStep[], source: Source): string {
  const shown = trace.slice(0, shownSteps);
  const table = columnsText([
    { title: "step", cells: shown.map(({ step }) => `${step}`), right: true },
    { title: "active", cells: shown.map(({ activeLanes }) => `${activeLanes}`), right: true },
    { title: "at", cells: shown.map(at) },
    { title: "statement", cells: shown.map((step) => source(step)) },
    { title: "accesses", cells: shown.map(({ accesses }) => accesses.map(accessText).join(", ")) },
  ]);
  const rest = trace.length - shown.length;
  return rest > 0 ? `${table}and ${number(rest)} more; --json has them\n` : table;
}

/** Addresses as a line where they are one: from the first, so many bytes apart. */
function accessText({ kind, name, addresses }: TracedStep["accesses"][number]): string {
  const [first = 0, second = first] = addresses;
  const stride = second - first;
  const isLine = addresses.every((address, i) => address === first + i * stride);
  const places =
    addresses.length === 1 || stride === 0 ? `${first}` : isLine ? `${first} + ${stride} · thread` : "scattered";
  return `${kind} ${name} ${places}`;
}
