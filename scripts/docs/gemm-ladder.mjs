// The generated part of examples/02-matmul-ladder/README.md: the rungs with the figures of the bench, and the entry
// points of two kernels in WGSL and in GLSL.
import { readFile } from "node:fs/promises";

const root = new URL("../..", import.meta.url);
const readText = (path) => readFile(new URL(path, root), "utf8");

/** The problem of the table. */
const measured = "512×512×512 A·B";

const short = (number) => String(Number(number.toPrecision(3)));

/** The entry point of a shader, with what precedes it on its lines. */
const entryOf = (text, first) => text.slice(text.indexOf(first)).trimEnd();

async function twins(name) {
  const wgsl = await readText(`shaders/gemm/${name}.wgsl`);
  const glsl = await readText(`examples/02-matmul-ladder/glsl/${name}.comp`);
  const cell = (language, text) => `<td>\n\n\`\`\`${language}\n${text}\n\`\`\`\n\n</td>`;
  const heads = [`shaders/gemm/${name}.wgsl`, `glsl/${name}.comp`];
  const links = [`../../${heads[0]}`, heads[1]].map((link, i) => `<th><a href="${link}">${heads[i]}</a></th>`);
  const cells = [cell("wgsl", entryOf(wgsl, "@compute")), cell("glsl", entryOf(glsl, "void main"))];
  return `<table>\n<tr>${links.join("")}</tr>\n<tr>\n${cells.join("\n")}\n</tr>\n</table>`;
}

/** The rungs with their measurements from the bench, and the twins. */
export async function gemmLadder() {
  const { environment, rows } = JSON.parse(await readText("bench/results/gemm-llvmpipe.json"));
  const own = rows.filter(({ batch, verdict }) => batch === measured && verdict === "pass");
  const first = own.find(({ variant }) => variant === "naive")?.medianMs;
  const table = own.map(({ variant, requestedBytes, medianMs, flops }) => [
    `\`${variant}\``,
    short(requestedBytes / 1e6),
    short(medianMs),
    short(flops / medianMs / 1e6),
    short(first / medianMs),
  ]);
  const head = ["rung", "MB requested", "ms", "GFLOP/s", "× naive"];
  const lines = [head, head.map((_, i) => (i === 0 ? "---" : "--:")), ...table].map((row) => `| ${row.join(" | ")} |`);
  return [
    `${measured}, f32, medians in turns, on ${environment.adapter}, a software adapter: its times say nothing about a GPU.`,
    ...["", lines.join("\n"), "", "### Two rungs in GLSL", ""],
    ...[await twins("naive"), "", await twins("tiled"), ""],
  ].join("\n");
}
