import { formatShape } from "../../tensor/shape.ts";
import { fill } from "../terminal.ts";
import { quantity } from "../units.ts";
import type { CallReport, DispatchReport, ProgramReport } from "./program-report.ts";

/** A program as a table: a line of figures for each call, followed by shapes, constants and parts. */
export function programTable(title: string, report: ProgramReport, columns: number): string {
  const lines = headLines(title, report, columns);
  report.calls.forEach((call, index) => {
    lines.push(...callLines(call, index, columns));
  });
  return `${lines.join("\n")}\n`;
}

/** A program with gradients: each call of the forward pass, followed by those that compute its gradient. */
export function gradientTable(title: string, report: ProgramReport, columns: number): string {
  const { calls } = report;
  const linked = (index: number, name: "of" | "again") =>
    calls.flatMap((call, at) => (call[name] === index ? [[call, at] as const] : []));
  const [lines, last] = [headLines(title, report, columns), calls.findLastIndex(({ of }) => of !== undefined)];
  for (const [index, call] of calls.entries()) {
    if (call.of !== undefined || call.again !== undefined) continue;
    if (index === last + 1) lines.push("", "after the gradients");
    lines.push(...callLines(call, index, columns));
    for (const [again, at] of linked(index, "again")) lines.push(...callLines(again, at, columns, "again "));
    for (const [gradient, at] of linked(index, "of")) lines.push(...callLines(gradient, at, columns, "∂ "));
  }
  return `${lines.join("\n")}\n`;
}

/** The totals of a program, and its column titles. */
function headLines(title: string, report: ProgramReport, columns: number): string[] {
  const timed = report.nanoseconds !== undefined;
  const totals = [
    `${title}: ${report.calls.length} calls`,
    `${report.dispatches} dispatches`,
    `${report.pipelines} pipelines`,
    quantity(report.flops, "FLOP"),
    quantity(report.compulsoryBytes, "B"),
    `temporaries ${quantity(report.temporaryBytes, "B")}`,
    ...(timed ? [`GPU time ${time(report.nanoseconds ?? 0)}`] : []),
  ];
  const head = ["workgroups", "FLOPs", "bytes", ...(timed ? ["time"] : [])];
  return [fill(totals, ", ", columns), "", row("   # op and variant", head)];
}

/** A call's lines; `mark` precedes its number. */
function callLines(call: CallReport, index: number, columns: number, mark = ""): string[] {
  const { op, variant, why, options, dispatches } = call;
  const number = `${mark}${index}`.padStart(4 + 2 * mark.length);
  const name = variant === op ? op : `${op} ${variant}`;
  const asked = Object.entries(options).map(([key, value]) => `${key} ${optionText(value)}`);
  const whyLines = why === undefined ? [] : [fill(why.split(" "), " ", columns, indent)];
  const askedLines = [...whyLines, ...(asked.length > 0 ? [fill(asked, ", ", columns, indent)] : [])];
  const [only, ...others] = dispatches;
  if (only && others.length === 0) {
    const own = only.kernel === op || only.kernel === `${op}/${variant}` ? name : `${name}: ${only.kernel}`;
    return [row(`${number} ${own}`, figures(only)), ...askedLines, ...detailLines(only, columns)];
  }
  const each = dispatches.flatMap((dispatch) => [
    row(`      ${dispatch.kernel}`, figures(dispatch)),
    ...detailLines(dispatch, columns),
  ]);
  return [`${number} ${name}`, ...askedLines, ...each];
}

const indent = "        ";

function detailLines({ tensors, constants, parts }: DispatchReport, columns: number): string[] {
  const shapes = tensors.map(({ name, shape }) => `${name} ${formatShape(shape)}`);
  const settings = Object.entries(constants).map(([name, value]) => `${name} ${value}`);
  const lines = [fill(shapes, "  ", columns, indent)];
  if (settings.length > 0) lines.push(fill(settings, ", ", columns, indent));
  if (parts.length > 0) lines.push(fill(parts, ", ", columns, indent));
  return lines;
}

function figures({ workgroups, flops, compulsoryBytes, nanoseconds }: DispatchReport): string[] {
  const grid = workgroups.slice(0, workgroups[2] === 1 ? (workgroups[1] === 1 ? 1 : 2) : 3).join("×");
  const times = nanoseconds === undefined ? [] : [time(nanoseconds)];
  return [grid, flops === 0 ? "" : quantity(flops), quantity(compulsoryBytes, "B"), ...times];
}

function row(name: string, figures: readonly string[]): string {
  const widths = [12, 9, 9, 9];
  return `${name.padEnd(40)}${figures.map((figure, i) => figure.padStart(widths[i] ?? 9)).join("")}`.trimEnd();
}

function time(nanoseconds: number): string {
  return nanoseconds >= 1e6 ? `${(nanoseconds / 1e6).toFixed(2)} ms` : `${(nanoseconds / 1e3).toFixed(1)} µs`;
}

function optionText(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(6)));
  return typeof value === "string" ? value : JSON.stringify(value);
}
