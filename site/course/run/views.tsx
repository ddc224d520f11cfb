import type { ComponentChildren } from "preact";
import type { Shown } from "../../../examples/14-course/experiment.ts";
import { TableFrame } from "../../shell/controls/table-frame.tsx";
import { count, digits } from "../../shell/format.ts";
import { Figure } from "../../shell/plots/figure.tsx";
import { type Line, lineChart, lineNumbers } from "../../shell/plots/lines.ts";
import { pairChart } from "../../shell/plots/pairs.ts";

type Of<K extends Shown["kind"]> = Extract<Shown, { readonly kind: K }>;

/** A cell: three digits, whole numbers in full, and tiny ones by their power of ten. */
export function written(value: string | number | undefined): string {
  if (typeof value !== "number") return value ?? "";
  if (Number.isInteger(value)) return count(value);
  return Math.abs(value) < 1e-3 ? value.toExponential(1) : digits(value);
}

/** A name for files and anchors. */
const named = (title: string) => title.toLowerCase().replace(/\W+/g, "-");

/** What a run shows, each thing in its view; points of a chart together. */
export function Views({ shown }: { readonly shown: readonly Shown[] }) {
  const titles = [...new Set(shown.map(({ kind, title }) => `${kind} ${title}`))];
  return (
    <div class="course-views">
      {titles.map((key) => {
        const [first, ...rest] = shown.filter(({ kind, title }) => `${kind} ${title}` === key);
        if (!first) return null;
        switch (first.kind) {
          case "point":
            return <Chart key={key} points={[first, ...(rest as Of<"point">[])]} />;
          case "bars":
            return <Bars key={key} {...first} />;
          case "grid":
            return <Grid key={key} {...first} />;
          case "map":
            return <PairMap key={key} {...first} />;
          case "table":
            return <Table key={key} {...first} />;
        }
        return null;
      })}
    </div>
  );
}

function Chart({ points }: { readonly points: readonly Of<"point">[] }) {
  const { title = "", axes = ["", ""] as const } = points[0] ?? {};
  const names = [...new Set(points.map(({ line }) => line))];
  const lines: readonly Line[] = names.map((name) => ({
    name,
    points: points.filter(({ line }) => line === name).map(({ at }) => at),
  }));
  return (
    <Figure
      name={named(title)}
      title={title}
      caption={`${axes[1]}, by ${axes[0]}: ${names.join("; ")}.`}
      of={points.length}
      draw={lineChart(lines, axes)}
      numbers={() => lineNumbers(title, lines, axes[0])}
    />
  );
}

function PairMap({ title, pairs }: Of<"map">) {
  const points = pairs.flat();
  return (
    <Figure
      name={named(title)}
      title={title}
      caption="Points near each other stand for similar things; a line joins a pair."
      of={pairs}
      draw={pairChart(pairs)}
      numbers={() => ({
        label: title,
        names: { column: "name", of: points.map(({ name }) => name) },
        columns: ["first axis", "second axis"].map((name) => ({ name, show: digits })),
        rows: points.map(({ x, y }) => [x, y]),
      })}
    />
  );
}

/** A table under its title, which scrolls where it is wide. */
function Framed({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section class="course-view">
      <h3>{title}</h3>
      <TableFrame label={title}>{children}</TableFrame>
    </section>
  );
}

function Bars({ title, bars }: Of<"bars">) {
  const largest = Math.max(...bars.map(([, value]) => value), 1e-9);
  return (
    <Framed title={title}>
      <table class="alternatives">
        <tbody>
          {bars.map(([name, value], i) => (
            <tr key={i}>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td class="share-bar" aria-hidden="true">
                <span class="share-fill" style={{ width: `${(100 * value) / largest}%` }} />
              </td>
              <td class="number">{digits(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Framed>
  );
}

/** Maximum columns of which the numbers are written out. */
const mostWritten = 12;

function Grid({ title, rows, columns, values }: Of<"grid">) {
  const largest = Math.max(...values.flat().map((value) => Math.abs(value ?? 0)), 1e-9);
  const isWritten = columns.length <= mostWritten;
  const shade = (value: number) =>
    `color-mix(in srgb, var(${value < 0 ? "--series-2" : "--accent"}) ${Math.round((isWritten ? 45 : 100) * (Math.abs(value) / largest))}%, transparent)`;
  return (
    <Framed title={title}>
      <table class={isWritten ? "course-grid" : "course-grid dense"}>
        <thead>
          <tr>
            <td />
            {columns.map((column, j) => (
              <th key={j} scope="col">
                <span>{column}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              <th scope="row">{row}</th>
              {columns.map((column, j) => {
                const value = values[i]?.[j];
                return typeof value !== "number" ? (
                  <td key={j} class="masked" />
                ) : (
                  <td key={j} style={{ background: shade(value) }} title={`${row}, ${column}: ${digits(value)}`}>
                    {isWritten ? written(value) : <span class="hidden-text">{written(value)}</span>}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Framed>
  );
}

function Table({ title, head, rows }: Of<"table">) {
  return (
    <Framed title={title}>
      <table>
        <thead>
          <tr>
            {head.map((name, j) => (
              <th key={name} scope="col" class={typeof rows[0]?.[j] === "number" ? "number" : ""}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            <tr key={i}>
              {row.map((cell, j) => (
                <td key={j} class={typeof cell === "number" ? "number" : "wraps"}>
                  {written(cell)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Framed>
  );
}
