// Texts on the page that studies kernels: its ladders, what a file says of itself, files as they run and joined again,
// and whole studies without a page.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { rungOf, shownName } from "../../../site/study/kernels/rungs.ts";
import { verdictOf } from "../../../site/study/results/check.ts";
import { headOf, namesIn, tokensByLine } from "../../../site/study/source/lines.ts";
import { piecesOf } from "../../../site/study/terms/in-text.ts";
import { problemOf, readyStudy } from "../../../site/study/worker/prepare.ts";
import type { Study } from "../../../site/study/worker/protocol.ts";
import { otherOrders, reportOf } from "../../../site/study/worker/report.ts";
import { filesOf, joinFiles } from "../../../site/study/worker/source.ts";
import { prepare } from "../../../src/study/kernel.ts";
import { studyKernels } from "../../../src/study/kernels.ts";
import { ladders } from "../../../src/study/ladders/ladders.ts";

const kernels = await studyKernels();
const rungs = ladders.flatMap(({ rungs: all }) => all.map(({ kernel }) => kernel));

test("a rung has its place, the kernels beside it, and the one that it is compared with", () => {
  expect(rungs.filter((name) => !kernels.has(name))).toEqual([]);
  const [first, second] = ladders[0]?.rungs ?? [];
  expect(rungOf(first?.kernel ?? "")).toMatchObject({ index: 0, before: undefined, after: second?.kernel });
  expect(rungOf(second?.kernel ?? "")).toMatchObject({ index: 1, before: first?.kernel });
  expect(rungOf("no/such")).toBeUndefined();
  for (const { rungs: all } of ladders) {
    for (const [i, { kernel, than }] of all.entries()) {
      const compared = than === undefined ? all[i - 1]?.kernel : than.length === 1 ? than[0] : undefined;
      expect(rungOf(kernel)?.than).toBe(compared);
    }
  }
  expect([shownName("ladders/copy/pieces"), shownName("gemm/naive")]).toEqual(["copy/pieces", "gemm/naive"]);
});

test("each rung's mistake is in the text that the page shows, once", () => {
  for (const { kernel, bug } of ladders.flatMap(({ rungs: all }) => all)) {
    const studied = kernels.get(kernel);
    const own = studied && filesOf(prepare(studied).shader)[0];
    expect([kernel, own?.text.split(bug.from).length]).toEqual([kernel, 2]);
  }
});

test.each(rungs)("%s: its files are those that run, and joined again they are the same text", (name) => {
  const kernel = kernels.get(name);
  if (!kernel) throw new Error(`there is no ${name}`);
  const { shader } = prepare(kernel);
  const files = filesOf(shader);
  expect(files[0]?.name).toBe(name);
  const again = joinFiles(files);
  expect(again.code).toBe(shader.code);
  expect(again.lines.map(({ file, line }) => `${file}:${line}`)).toEqual(
    shader.lines.map(({ file, line }) => `${file}:${line}`),
  );
  expect(again.declarations.workgroupSize).toEqual(shader.declarations.workgroupSize);
});

test("the head of a file is its formula, then what it says of itself in paragraphs", () => {
  const text =
    "// with: lib/grid\n// y = a ·\n// b\n//\n// One thread\n// each.\n//\n// Requests none.\n\nconst A = 1;\n// later\n";
  expect(headOf(text)).toEqual({ formula: "y = a · b", about: "One thread each. \nRequests none." });
  expect(headOf("fn main() {}")).toEqual({ formula: "", about: "" });
});

test("tokens of lines are the lines", () => {
  for (const name of readdirSync("shaders/gemm").filter((file) => file.endsWith(".wgsl"))) {
    const text = readFileSync(`shaders/gemm/${name}`, "utf8");
    const lines = tokensByLine(text).map((tokens) => tokens.map(({ text: piece }) => piece).join(""));
    expect(lines).toEqual(text.split("\n"));
  }
  expect(tokensByLine("/* a\nb */ c").map((line) => line.map(({ kind }) => kind))).toEqual([
    ["comment"],
    ["comment", "space", "name"],
  ]);
  expect(namesIn("fn f() { let abc = max(1, 2); }")).toEqual(["abc", "f", "fn", "let", "max"]);
});

const study = (rest: Partial<Study>): Study => ({
  kernel: "gemm/tiled",
  sizes: { m: 20, k: 20, n: 20 },
  constants: {},
  mapping: "linear",
  edits: {},
  seed: 0,
  subgroupSize: 32,
  ...rest,
});

test("a study is run, counted, and compared with its definition", async () => {
  const ready = await readyStudy(study({}));
  expect(ready.prepared).toMatchObject({ workgroups: [2, 2, 1], axes: { m: 20, k: 20, n: 20 } });
  const report = reportOf(ready);
  expect(otherOrders(ready, report)).toBeUndefined();
  expect(report).toMatchObject({ races: [], outOfBounds: [], divergence: [], reference: "gemm" });
  const [output] = report.outputs;
  const verdict = verdictOf(output?.values ?? new Float64Array(), output?.expected ?? new Float64Array(), "f32");
  expect(verdict).toMatchObject({ isRight: true, misplaced: 0 });
  expect(report.counted.formulas?.["requestedBytes"]).toBe(
    report.counted.accesses.reduce((sum, { space, asked }) => sum + (space === "storage" ? asked : 0), 0),
  );
});

test("a changed text runs as it is, on a grid that follows its constants", async () => {
  const { prepared } = await readyStudy(study({}));
  const text = prepared.files[0]?.text ?? "";
  const smaller = text.replace(/const TILE: u32 = \w+;/, "const TILE: u32 = 4;");
  expect(smaller).not.toBe(text);
  const ready = await readyStudy(study({ edits: { "gemm/tiled": smaller } }));
  expect(ready.prepared.workgroups).toEqual([5, 5, 1]);
  expect(reportOf(ready).counted).toMatchObject({ threads: 16, formulas: undefined });

  const barrier = "workgroupBarrier();";
  expect(text).toContain(barrier);
  const without = await readyStudy(study({ edits: { "gemm/tiled": text.replace(barrier, "") } }));
  const racing = reportOf(without);
  expect(racing.races.map(({ kind, between }) => `${kind} ${between}`)).toContain("read-write lanes");
  const { name, count = 0, values } = otherOrders(without, racing)?.differing ?? {};
  expect(name).toBe("y");
  expect(count).toBeGreaterThan(20);
  expect(values?.[0]).not.toBe(values?.[1]);
});

test("what is wrong with a text has its file and line, in parts too", async () => {
  const { prepared } = await readyStudy(study({}));
  const [own, part] = prepared.files;
  const lines = own?.text.split("\n") ?? [];
  const problem = async (edits: Study["edits"]) =>
    problemOf(await readyStudy(study({ edits })).then(reportOf, (error: unknown) => error));
  const at = lines.findIndex((line) => line.includes("fn main"));
  const wrongType = lines.toSpliced(at + 1, 0, "  let wrong: u32 = 1.5;").join("\n");
  expect(await problem({ "gemm/tiled": wrongType })).toMatchObject({ place: { file: "gemm/tiled", line: at + 2 } });
  const wrongGrammar = lines.toSpliced(at + 1, 0, "  let = 1;").join("\n");
  expect(await problem({ "gemm/tiled": wrongGrammar })).toMatchObject({ place: { file: "gemm/tiled", line: at + 2 } });
  const wrongPart = `fn unused() -> u32 { return 1.5; }\n${part?.text}`;
  expect(await problem({ [part?.name ?? ""]: wrongPart })).toMatchObject({ place: { file: part?.name, line: 1 } });
  const without = lines.join("\n").replaceAll("TILE", "SIDE");
  expect(await problem({ "gemm/tiled": without })).toMatchObject({
    message: "gemm/tiled: the dispatch needs the integer constant TILE",
  });
});

test("sizes and kernels that there are not are refused by name", async () => {
  await expect(readyStudy(study({ sizes: { rows: 1 } }))).rejects.toThrow("gemm/tiled: there is no size rows");
  await expect(readyStudy(study({ kernel: "gemm/none" }))).rejects.toThrow("there is no kernel gemm/none");
});

test("a text names each term once, where it first appears, the longer of two that begin alike", () => {
  const pieces = piecesOf("tiles in workgroup memory: a tile serves a workgroup");
  expect(pieces.map(({ text }) => text).join("")).toBe("tiles in workgroup memory: a tile serves a workgroup");
  expect(pieces.flatMap(({ text, term }) => (term ? [`${text} ${term}`] : []))).toEqual([
    "tiles tile",
    "workgroup memory workgroup memory",
    "workgroup workgroup",
  ]);
  expect(piecesOf("one")).toEqual([{ text: "one", term: undefined }]);
});

test("the list of all kernels, which is made when the site is built, has those that can be studied", () => {
  const files = readdirSync("shaders", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wgsl"));
  const withEntry = files.filter((name) => readFileSync(`shaders/${name}`, "utf8").includes("\n@compute"));
  const names = withEntry.map((name) => name.replaceAll("\\", "/").slice(0, -".wgsl".length));
  expect(names.sort()).toEqual([...kernels.keys()].sort());
});
