// Runs the experiments of docs/course.md, which the site's course runs too.
//   npm run example -- 14-course                            lists the sections
//   npm run example -- 14-course bag-of-words steps=50      runs one, with other settings
//   npm run example -- 14-course bag-of-words --record      and writes down what it shows, for visitors without WebGPU
import { writeFileSync } from "node:fs";
import { openGpu } from "shaderformer";
import { type Shown, valuesOf, withShown } from "./experiment.ts";
import { runOf } from "./experiments.ts";
import { type SectionId, sectionIds, sections } from "./sections.ts";

const digits = (value: string | number | undefined) =>
  typeof value === "number" ? String(+value.toPrecision(4)) : (value ?? "");

/** What a run shows, as lines of text. */
function print(shown: Shown): void {
  if (shown.kind === "point") {
    const [x, y] = shown.axes;
    console.log(`${shown.line}: ${x} ${digits(shown.at[0])}, ${y} ${digits(shown.at[1])}`);
    return;
  }
  console.log(`\n${shown.title}`);
  if (shown.kind === "bars")
    console.table(Object.fromEntries(shown.bars.map(([name, value]) => [name, digits(value)])));
  if (shown.kind === "table")
    console.table(shown.rows.map((row) => Object.fromEntries(row.map((cell, i) => [shown.head[i], digits(cell)]))));
  if (shown.kind === "map") {
    console.table(shown.pairs.flat().map(({ name, x, y }) => ({ name, x: digits(x), y: digits(y) })));
  }
  if (shown.kind === "grid") {
    const { rows, columns, values } = shown;
    const names = rows.map((row, i) => `${i} ${row}`);
    console.table(
      Object.fromEntries(
        names.map((name, i) => [
          name,
          Object.fromEntries(columns.map((column, j) => [`${j} ${column}`, digits(values[i]?.[j])])),
        ]),
      ),
    );
  }
}

const [id, ...words] = process.argv.slice(3);
const isSection = (word: string): word is SectionId => (sectionIds as readonly string[]).includes(word);
if (id === undefined || !isSection(id)) {
  console.log(`${id === undefined ? "" : `There is no section ${id}. `}The sections:`);
  for (const one of sectionIds) console.log(`  ${one.padEnd(24)}${sections[one].title}`);
  process.exit(id === undefined ? 0 : 1);
}
const section = sections[id];
const given = Object.fromEntries(words.filter((word) => !word.startsWith("--")).map((word) => word.split(/=(.*)/s, 2)));
const values = valuesOf(section.settings, given);
const gpu = await openGpu();
const run = (await runOf(id))(gpu, values, { models: "examples/models" });
const begun = performance.now();
let shown: readonly Shown[] = [];
let next = await run.next();
for (; !next.done; next = await run.next()) {
  shown = withShown(shown, next.value);
  print(next.value);
}
const seconds = (performance.now() - begun) / 1000;
const holds = section.holds(next.value);
console.log();
console.table(next.value);
console.log(
  `${section.claim}\n${holds ? "✓ It holds" : "✗ It does not hold"} after ${seconds.toFixed(1)} s on ${gpu.adapter.label}.`,
);
if (words.includes("--record")) {
  if (!holds) throw new Error(`${id}: a run that does not show the claim is not recorded`);
  const record = { adapter: gpu.adapter.label, seconds: +seconds.toFixed(1), values, figures: next.value, shown };
  const rounded = (_: string, value: unknown) => (typeof value === "number" ? +value.toPrecision(5) : value);
  writeFileSync(`examples/14-course/recorded/${id}.json`, `${JSON.stringify(record, rounded)}\n`);
}
gpu.close();
process.exitCode = holds ? 0 : 1;
