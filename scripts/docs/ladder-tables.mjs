// The tables of ladders, from the records of src/study/ladders.
import { bundled } from "./bundled.mjs";
import { table } from "./tables.mjs";

/** The section of docs/kernels.md: what the counters are, and a table for each ladder. */
export async function ladderTables() {
  const { counters, ladders } = await bundled(`export * from "./scripts/docs/ladder-records.ts";`);
  const meanings = Object.entries(counters).map(([name, meaning]) => `- ${name}: ${meaning}\n`);
  const sections = ladders.map(({ name, rungs }) => `### ${name}\n\n${tableOf(rungs)}`);
  return `## Ladders\n\n${introduction}\n\n${meanings.join("")}\n${sections.join("\n")}`;
}

const introduction = `Kernels in the order in which to read them: each answers a question that the one before it leaves. Those in
[shaders/ladders](../shaders/ladders) are only there to be studied; no op runs them. The counters are the interpreter's,
before and after the step, for small sizes and subgroups of 32 threads; a test compares them. Published factors are of other
people's kernels with the same idea.`;

const tableOf = (rungs) =>
  table(
    ["rung", "idea", "counters", "published"],
    rungs.map(({ kernel, idea, claims = [], than, published }) => [
      `[${kernel}](../shaders/${kernel}.wgsl)`,
      idea,
      `${claims.map(claimed).join("; ")}${than && claims.length > 0 ? ` (compared with ${than.join(", ")})` : ""}`,
      published ? sourced(published) : "",
    ]),
  );

const number = (value) => value.toLocaleString("en");

/** A claim in words, such as "excess of `x` 8 → 1". */
function claimed({ counter, of, before, after, formula, sizes = {} }) {
  const what = of === undefined ? counter : `${counter} of \`${of}\``;
  const chosen = Object.entries(sizes).map(([name, value]) => `${name} ${number(value)}`);
  const notes = [...(formula ? [formula] : []), ...chosen];
  const values = [...(before === undefined ? [] : [before]), after].map(number).join(" → ");
  return `${what} ${values}${notes.length > 0 ? ` (${notes.join(", ")})` : ""}`;
}

const sourced = ({ says, source, url, isRecalled }) =>
  `${says} ([${source}](${url})${isRecalled ? ", from memory" : ""})`;
