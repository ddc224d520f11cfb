// What `study KERNEL` found, for people.
import type { StudyKernel } from "../../study/kernel.ts";
import { columnsText } from "../terminal.ts";
import type { Fault, Figure, FileLine, KernelStudy, TracedStep } from "./kernel-study.ts";
import { accessesTable, type FaultCard, faultsText, gpuLines, number, printsText, scheduleLines } from "./sections.ts";

/** The most statements that are shown. */
const shownSteps = 200;

/** The text of a line of a file. */
type Source = (place: FileLine) => string;

/** The report of a kernel. */
export function kernelReport(kernel: StudyKernel, study: KernelStudy, source: Source): string {
  const { figures, accesses, faults, notes, prints, trace } = study;
  const card = ({ places, ...fault }: Fault): FaultCard => ({
    ...fault,
    lines: places.map((place) => `${at(place)}: ${source(place)}`),
  });
  const parts = [
    headText(kernel, study),
    figures ? figuresTable(figures) : "",
    accesses ? accessesTable(accesses, at) : "",
    faults ? faultsText(faults.map(card), (notes ?? []).map(card)) : "",
    comparisonsText(study),
    printsText(prints, (print) => [at(print), print.values.join(" ")]),
    trace ? traceText(trace, source) : "",
  ];
  return parts.filter((part) => part !== "").join("\n");
}

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

function comparisonsText({ reference, schedules, float64, gpu }: KernelStudy): string {
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
    ...scheduleLines(schedules),
    ...gpuLines(gpu),
  ];
  return lines.length > 0 ? `${lines.join("\n")}\n` : "";
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

/** Addresses as a line where they are one: the first, and the distance in bytes from each to the next. */
function accessText({ kind, name, addresses }: TracedStep["accesses"][number]): string {
  const [first = 0, second = first] = addresses;
  const stride = second - first;
  const isLine = addresses.every((address, i) => address === first + i * stride);
  const places =
    addresses.length === 1 || stride === 0 ? `${first}` : isLine ? `${first} + ${stride} · thread` : "scattered";
  return `${kind} ${name} ${places}`;
}
