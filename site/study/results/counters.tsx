import { useEffect } from "preact/hooks";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, digits, memory } from "../../shell/format.ts";
import { rungOf, shownName } from "../kernels/rungs.ts";
import { fetchOther } from "../session/session.ts";
import * as state from "../state.ts";
import { Term } from "../terms/term.tsx";
import type { Counted } from "../worker/protocol.ts";
import { changeOf, type Figure, figuresOf, memoryFigures } from "./figures.ts";

/** A figure with its unit. */
function text(value: number | undefined, unit: Figure["unit"]): string {
  if (value === undefined) return "–";
  if (unit === "B") return value < 1024 ? `${count(value)} B` : memory(value);
  if (unit === "%") return `${digits(value)} %`;
  const shown = Number.isInteger(value) ? count(value) : digits(value);
  return unit === "×" ? `${shown}×` : shown;
}

/** What the heads of columns mean. */
const headTips: Readonly<Record<string, string>> = {
  formula: "What the project’s formula for this kernel’s cost gives on these sizes; ✗ where the count differs.",
  ideal: "The best that a kernel for the same work could reach, where that can be said.",
};

/** What the whole dispatch requests and computes, compared with the rung before, the kernel's formula and the ideal. */
export function CountersPanel() {
  const { report } = state;
  const { kernel, own } = state.study.value;
  const before = own ? undefined : rungOf(kernel)?.than;
  const other = before === undefined ? undefined : state.others.value.get(before)?.counted;
  const isReady = report.value !== undefined;
  useEffect(() => {
    if (isReady && before !== undefined && !state.others.peek().has(before)) fetchOther(before);
  }, [isReady, before]);
  return (
    <section class="panel" aria-label="Counters" id="counters" tabIndex={-1}>
      <h2>Counters of the whole dispatch</h2>
      {report.value ? (
        <Figures counted={report.value.counted} before={other} beforeName={before && shownName(before)} />
      ) : (
        <p class="small">{state.waitingFor("counting…")}</p>
      )}
    </section>
  );
}

interface FiguresProps {
  readonly counted: Counted;
  readonly before: Counted | undefined;
  readonly beforeName: string | undefined;
}

function Figures({ counted, before, beforeName }: FiguresProps) {
  const earlier = new Map(before ? figuresOf(before).map(({ name, value }) => [name, value]) : []);
  const rows = figuresOf(counted).map((figure) => ({ figure, was: earlier.get(figure.name) }));
  const change = ({ figure, was }: (typeof rows)[number]) => (was === undefined ? 1 : changeOf(figure.value, was));
  const sorted = before ? [...rows].sort((a, b) => change(b) - change(a)) : rows;
  const heads = ["figure", "this kernel", ...(before ? [beforeName ?? "before", "change"] : []), "formula", "ideal"];
  const cells = ({ figure, was }: (typeof rows)[number]) => [
    figure.name,
    text(figure.value, figure.unit),
    ...(before ? [text(was, figure.unit), was === undefined ? "–" : changeText(figure.value, was)] : []),
    text(figure.formula, figure.unit),
    text(figure.ideal, figure.unit),
  ];
  const markdown = () =>
    [heads, heads.map(() => "---"), ...sorted.map(cells)].map((row) => `| ${row.join(" | ")} |`).join("\n");
  return (
    <>
      <p class="small">
        Counted from the text as written, for subgroups of {state.study.value.subgroupSize} threads that follow one
        another: exact for the program, a model of the hardware. Compilers may load less.
        {before && ` Sorted by what changes most since ${beforeName}, on the same sizes.`}
      </p>
      <TableFrame label="Table: counters">
        <table id="counter-table">
          <thead>
            <tr>
              {heads.map((head, i) => (
                <th key={head} scope="col" class={i === 0 ? "" : "number"}>
                  {head in headTips ? <Term more={headTips[head]}>{head}</Term> : head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row) => (
              <Row key={row.figure.name} cells={cells(row)} figure={row.figure} />
            ))}
          </tbody>
        </table>
      </TableFrame>
      <p class="row">
        <CopyButton what="Table" text={markdown}>
          Copy as Markdown
        </CopyButton>
      </p>
      <Memories counted={counted} />
    </>
  );
}

const changeText = (now: number, before: number): string =>
  now === before
    ? "="
    : before === 0 || now === 0
      ? "–"
      : now < before
        ? `÷ ${digits(before / now)}`
        : `× ${digits(now / before)}`;

function Row({ cells, figure }: { cells: readonly string[]; figure: Figure }) {
  const [name = "", ...values] = cells;
  const { value, formula, term, how } = figure;
  const isWrong = formula !== undefined && formula !== value;
  return (
    <tr>
      <th scope="row">
        <Term name={term} more={`Here: ${how}.`}>
          {name}
        </Term>
      </th>
      {values.map((cell, i) => (
        <td key={i} class={`number${isWrong && i === values.length - 2 ? " wrong" : ""}`}>
          {isWrong && i === values.length - 2 ? `✗ ${cell}` : cell}
        </td>
      ))}
    </tr>
  );
}

/** Excess and conflicts of each memory, where the sums hide which one it is. */
function Memories({ counted }: { counted: Counted }) {
  return (
    <TableFrame label="Table: memories">
      <table>
        <thead>
          <tr>
            <th scope="col">memory</th>
            <th scope="col" class="number">
              requested
            </th>
            <th scope="col" class="number">
              touched
            </th>
            <th scope="col" class="number">
              excess
            </th>
            <th scope="col" class="number">
              bank conflict
            </th>
          </tr>
        </thead>
        <tbody>
          {memoryFigures(counted).map(({ name, space, requested, touched, excess, ways }) => (
            <tr key={name}>
              <th scope="row">
                {name} <span class="muted">{space === "workgroup" ? "workgroup memory" : "storage"}</span>
              </th>
              <td class="number">{text(requested, "B")}</td>
              <td class="number">{text(touched, "B")}</td>
              <td class="number">{space === "storage" ? text(excess, "×") : "–"}</td>
              <td class="number">{space === "workgroup" ? `${ways}-way` : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  );
}
