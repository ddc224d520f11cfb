import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import { parseAst } from "vite";
import { expect, test } from "vitest";
import { namedParts } from "../src/wgsl-loader.ts";

const listed = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name.replaceAll("\\", "/")));
const folders = ["src", "shaders", "test", "bench", "scripts", "site", "examples"];
const files = folders.flatMap(listed).filter((file) => /\.(tsx?|mjs|wgsl)$/.test(file) && !file.includes("/dist/"));
const text = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
const read = (file: string) => text.get(file) ?? "";
const source = files.filter((file) => /^src\/.*\.ts$/.test(file));
const shaders = files.filter((file) => file.startsWith("shaders/"));
const withoutComments = (code: string) => code.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
const bare = new Map<string, string>();
/** The text of a file without its comments. */
function codeOf(file: string): string {
  const known = bare.get(file) ?? withoutComments(read(file));
  bare.set(file, known);
  return known;
}

/** What a file imports: files of ours by their path, others as they are written. */
function imports(file: string): string[] {
  const pattern = /(?:^(?:import|export)\b[^;"]*?|\bimport\(\s*)"([^"]+)"/gm;
  return [...codeOf(file).matchAll(pattern)].map(([, target = ""]) =>
    target.startsWith(".") ? join(dirname(file), target) : target.replace(/^#shaders\//, "shaders/"),
  );
}

/** The part of the engine that a file belongs to: a folder of src, or a file in src itself. */
const layer = (file: string) => /^src\/([^/]+)/.exec(file)?.[1] ?? file.split("/")[0] ?? "";

const engine = ["wgsl", "gpu", "tensor", "kernels", "blocks", "models", "generate"];
const upTo = (name: string) => engine.slice(0, engine.indexOf(name) + 1);
const allowed: Readonly<Record<string, readonly string[]>> = {
  options: ["options"], // everything may import it
  wgsl: ["wgsl"],
  gpu: upTo("gpu"),
  tensor: upTo("tensor"),
  codecs: [...upTo("tensor"), "shaders"], // a packed format names the parts that read it
  kernels: [...upTo("kernels"), "shaders"],
  blocks: upTo("blocks"),
  models: [...upTo("models"), "formats"],
  generate: [...upTo("generate"), "formats", "text", "tune"],
  encode: [...upTo("generate"), "formats", "text", "encode"],
  seq2seq: [...upTo("generate"), "formats", "text", "encode", "seq2seq"],
  formats: ["tensor", "formats"],
  text: ["text"],
  reference: ["tensor", "reference"],
  check: [...upTo("blocks"), "reference", "check"],
  train: [...upTo("generate"), "encode", "seq2seq", "formats", "text", "convert", "train"],
  tune: [...upTo("kernels"), "formats", "reference", "check", "tune"],
  "wgsl-loader.ts": ["wgsl", "gpu"],
  "attention.ts": engine,
  "encoders.ts": [...engine, "encode", "seq2seq", "engine"],
  "words.ts": [...upTo("generate"), "train"],
  "wgsl-run.ts": ["wgsl"],
  study: [...upTo("kernels"), "reference", "shaders", "study"],
  convert: [...engine, "formats", "text", "convert"],
  engine: [...engine, "encode", "seq2seq", "formats", "text", "engine"],
  "worker.ts": ["engine"],
  "index.ts": [...engine, "encode", "formats", "text", "tune", "engine", "attention.ts"],
  serve: ["gpu", "formats", "text", "engine", "serve"],
  cli: [
    ...engine,
    "encode",
    "seq2seq",
    "formats",
    "text",
    "tune",
    "engine",
    "convert",
    "train",
    "serve",
    "study",
    "cli",
    "bench",
    "index.ts",
  ],
};

const isOurs = (target: string) => /^(src|shaders|bench|test|site|examples|scripts)\//.test(target);

test("imports point one way", () => {
  const wrong = source.flatMap((file) => {
    const may = allowed[file.startsWith("src/tensor/formats/codecs/") ? "codecs" : layer(file)];
    if (!may) return file === "src/wgsl.d.ts" ? [] : [`${file} is in no known folder`];
    return imports(file)
      .filter((target) => isOurs(target) && !may.includes(layer(target)) && layer(target) !== "options")
      .map((target) => `${file} imports ${target}`);
  });
  expect(wrong).toEqual([]);
  expect(source.flatMap(imports).filter(isOurs).length).toBeGreaterThan(100); // they are found at all
});

test("the command line loads benchmarks lazily, and benchmarks use what they measure from outside", () => {
  const eager = source.filter((file) => /^import\b[^;]*"[^"]*\/bench\//m.test(read(file)));
  expect(eager).toEqual([]);
  const may =
    /^(bench|src\/(index\.ts|encoders\.ts|train\/(index|open\/open-trainable|trainer\/trainer)\.ts|(check|reference)\/|tune\/timing\.ts|gpu\/program\/dispatch\.ts|formats\/weights\.ts|text\/parts\/byte-level\.ts|options\/checks\.ts|wgsl-loader\.ts|convert\/to-gguf\.ts))/;
  const wrong = files
    .filter((file) => file.startsWith("bench/"))
    .flatMap((file) => imports(file).map((target) => [file, target] as const))
    .filter(([, target]) => isOurs(target) && !may.test(target));
  expect(wrong).toEqual([]);
});

test("nothing outside the tests imports them", () => {
  const outside = files.filter((file) => !file.startsWith("test/"));
  const wrong = outside.flatMap((file) => imports(file).map((target) => `${file} imports ${target}`));
  expect(wrong.filter((line) => / imports test\//.test(line))).toEqual([]);
  expect(source.filter((file) => imports(file).includes("vitest"))).toEqual([]); // the oracle knows no test runner
});

test("variants of an op do not import one another", () => {
  const tables = source.filter((file) => /^(export )?const variants = \{/m.test(read(file)));
  expect(tables.length).toBeGreaterThan(0);
  const wrong = tables.flatMap((table) => {
    const variants = imports(table).filter((file) => isVariantOf(table, file));
    return variants.flatMap((file) =>
      imports(file)
        .filter((target) => target === table || variants.includes(target))
        .map((target) => `${file} imports ${target}`),
    );
  });
  expect(wrong).toEqual([]);
});

/** True when `table` puts something that `file` exports into its variants. */
function isVariantOf(table: string, file: string): boolean {
  const [, body = ""] = /const variants = \{([\s\S]*?)\}/.exec(read(table)) ?? [];
  const names = body.split(",").map((row) => row.split(":").at(-1)?.trim() ?? "");
  return names.some((name) => name !== "" && new RegExp(`^export const ${name}\\b`, "m").test(read(file)));
}

test("WGSL stays out of TypeScript", () => {
  // Cases hold masks and scores of users' own, which are texts.
  const engineAlone = source.filter((file) => !file.startsWith("src/check/cases/"));
  expect(engineAlone.filter((file) => /@compute|@group\(\s*\d/.test(codeOf(file)))).toEqual([]);
});

test("every shader is imported: kernels by TypeScript, parts by TypeScript or by other files", () => {
  const named = (file: string) => namedParts(read(file)).map(({ name }) => `shaders/${name}.wgsl`);
  const imported = new Set([...source.flatMap(imports), ...shaders.flatMap(named)]);
  expect(shaders.filter((file) => !imported.has(file))).toEqual([]);
  // Names of parts are not typed where the parts themselves can be imported.
  const parts = new Set(
    shaders
      .filter((file) => !/@compute/.test(read(file)))
      .map((file) => file.slice("shaders/".length, -".wgsl".length)),
  );
  const asText = source.filter((file) =>
    [...codeOf(file).matchAll(/"([\w/.-]+)"/g)].some(([, name = ""]) => parts.has(name)),
  );
  expect(asText).toEqual([]);
});

test("of all kernels, only the tuning table reads what kind of device there is", () => {
  const kernels = source.filter((file) => file.startsWith("src/kernels/"));
  const reading = kernels.filter((file) => /\bsoftware\b/.test(codeOf(file)));
  expect(reading).toEqual(["src/kernels/tuning.ts"]);
});

/** Folders of any size: one for each floor of the engine, results, golden data, and published layouts of models. */
const anySize = /^(src|bench\/results|test\/golden(\/.*)?|examples\/models(\/.*)?)$/;

test("a folder has between 2 and 25 entries", () => {
  const made = /(^|\/)(node_modules|dist|dist-site|\.cache)(\/|$)/;
  const entries = new Map<string, number>();
  for (const path of [...folders, "docs"].flatMap(listed).filter((one) => !made.test(one))) {
    entries.set(dirname(path), (entries.get(dirname(path)) ?? 0) + 1);
  }
  expect(entries.size).toBeGreaterThan(200);
  expect([...entries].filter(([folder, size]) => !anySize.test(folder) && (size < 2 || size > 25))).toEqual([]);
});

test("a page of the site imports the shell and itself, and no other page", () => {
  const pages = readdirSync("site").filter((name) => !name.includes(".") && name !== "shell");
  expect(pages.length).toBeGreaterThan(7);
  const pageOf = (file: string) => pages.find((page) => file.startsWith(`site/${page}/`));
  const wrong = files
    .filter((file) => file.startsWith("site/"))
    .flatMap((file) => imports(file).map((target) => [file, target] as const))
    .filter(([file, target]) => pageOf(target) !== undefined && pageOf(target) !== pageOf(file));
  expect(wrong).toEqual([]);
});

test("examples are numbered, each with its own number, and folders of the site are small enough to see at a glance", () => {
  expect(readdirSync("examples").filter((name) => !/^(\d\d-[a-z-]+|models)$/.test(name))).toEqual([]);
  const numbers = readdirSync("examples").flatMap((name) => /^\d+/.exec(name) ?? []);
  expect(numbers).toEqual([...new Set(numbers)]);
  const parents = listed("site")
    .filter((path) => /\.\w+$/.test(path))
    .map((path) => dirname(path));
  const crowded = [...new Set(parents)].filter((folder) => parents.filter((one) => one === folder).length > 15);
  expect(crowded).toEqual([]);
});

test("records read the widths and tiles of a shader, and do not type them again", () => {
  const typed = /\bconst \w*(?:workgroup|tile|chunk|threads|lanes)\w* = (?:\d|\{ \w+: \d)|\/ (?:32|64|128|256)\)/i;
  const wrong = source.filter((file) => file.startsWith("src/kernels/") && typed.test(codeOf(file)));
  expect(wrong).toEqual([]);
});

/**
 * Types that declarations of other files name, though none imports them: `tsc` writes them only where they are
 * exported.
 */
const namedInDeclarations = ["Choice", "Factor", "LayoutSizes", "Made", "NormBackwardOptions", "Sight"];

const trees = new Map<string, unknown>();
/** The syntax tree of a file, parsed once. */
function treeOf(file: string): unknown {
  const known = trees.get(file) ?? parseAst(read(file), { lang: file.endsWith("x") ? "tsx" : "ts" });
  trees.set(file, known);
  return known;
}

/** The fields of syntax nodes that imports and exports have. */
interface Tree {
  readonly type?: string;
  readonly body?: readonly Tree[];
  readonly name?: string;
  readonly id?: Tree;
  readonly value?: Tree | string;
  readonly source?: { readonly value?: string };
  readonly specifiers?: readonly { readonly imported?: Tree; readonly local?: Tree }[];
  readonly declaration?: Tree | null;
  readonly declarations?: readonly Tree[];
  readonly properties?: readonly { readonly value?: Tree }[];
}

/**
 * What a file exports by name, and what it takes of other files, as `FILE NAME`; the name is `*` for all that one has.
 */
function namesOf(file: string): { readonly exported: readonly string[]; readonly taken: readonly string[] } {
  const exported: string[] = [];
  const taken: string[] = [];
  const take = (from = "", names: readonly (string | undefined)[]) => {
    const path = join(dirname(file), from.replace(/\?.*/, ""));
    if (from.startsWith(".")) for (const name of names) taken.push(`${path} ${name ?? "*"}`);
  };
  for (const { type, specifiers = [], declaration, source: from } of (treeOf(file) as Tree).body ?? []) {
    if (type === "ImportDeclaration")
      take(
        from?.value,
        specifiers.map(({ imported }) => imported?.name),
      );
    else if (type === "ExportAllDeclaration") take(from?.value, ["*"]);
    else if (type === "ExportNamedDeclaration" && from)
      take(
        from.value,
        specifiers.map(({ local }) => local?.name),
      );
    else if (type === "ExportNamedDeclaration") {
      const defined = [declaration?.id, ...(declaration?.declarations ?? []).map(({ id }) => id)];
      for (const one of [...defined, ...defined.flatMap((id) => (id?.properties ?? []).map(({ value }) => value))]) {
        if (one?.name !== undefined) exported.push(one.name);
      }
    }
  }
  for (const [, from] of read(file).matchAll(/\bimport\(\s*"([^"]+)"/g)) take(from, ["*"]);
  return { exported, taken };
}

test("what src exports, another file imports", () => {
  const parsed = files.filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.endsWith(".d.mts"));
  const names = new Map(parsed.map((file) => [file, namesOf(file)]));
  const taken = new Set([...names.values()].flatMap((of) => of.taken));
  const isEntry = (file: string) => /^src\/(?:(?:check|reference|train)\/index|[^/]+|cli\/main)\.ts$/.test(file);
  const own = [...names].filter(([file]) => file.startsWith("src/") && !isEntry(file) && !taken.has(`${file} *`));
  expect(own.length).toBeGreaterThan(500);
  // test/cli/run-cli.ts imports `usualRows` in a process, of the package.
  const allowed = ["usualRows", ...namedInDeclarations];
  const unused = own.flatMap(([file, { exported }]) =>
    exported
      .filter((name) => !taken.has(`${file} ${name}`) && !allowed.includes(name))
      .map((name) => `${file}: ${name}`),
  );
  expect(unused).toEqual([]);
});

/** The lines of a file in which an object literal is spread into another, or into the attributes of an element. */
function spreadLiterals(file: string): number[] {
  const code = read(file);
  const lines: number[] = [];
  const look = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, properties = [], attributes = [] } = node as Pick<Node, "type" | "properties" | "attributes">;
    const members = type === "ObjectExpression" ? properties : type === "JSXOpeningElement" ? attributes : [];
    for (const { type: kind, start, argument } of members) {
      if (!/^(SpreadElement|JSXSpreadAttribute)$/.test(kind) || bareType(argument) !== "ObjectExpression") continue;
      lines.push(code.slice(0, start).split("\n").length);
    }
    Object.values(node).forEach(look);
  };
  look(treeOf(file));
  return lines;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly argument?: Node;
  readonly expression?: Node;
  readonly properties?: readonly Node[];
  readonly attributes?: readonly Node[];
}

/** The type of an expression, without parentheses and what TypeScript says of it. */
function bareType(node: Node | undefined): string | undefined {
  return node?.expression ? bareType(node.expression) : node?.type;
}

test("no object literal is spread into an object literal", () => {
  const parsed = files.filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.endsWith(".d.mts"));
  const found = parsed.flatMap((file) => spreadLiterals(file).map((line) => `${file}:${line}`));
  expect(found).toEqual([]);
});

test("files are short and named in kebab-case for what they hold", () => {
  const limits: Readonly<Record<string, number>> = { ts: 400, tsx: 400, mjs: 400, wgsl: 300 };
  const lines = (file: string) => read(file).split("\n").length - 1;
  const long = files.filter((file) => lines(file) > (limits[file.split(".").at(-1) ?? ""] ?? 0));
  expect(long.map((file) => `${file}: ${lines(file)} lines`)).toEqual([]);
  expect(files.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(basename(file)))).toEqual([]);
  expect(files.filter((file) => /\b(utils?|common|helpers?|misc)\b/.test(file))).toEqual([]);
});

/** Files of the tests that may have timers and clocks: the one that polls, the tool of mutants, which is no test. */
const mayWait = /^test\/(support\/until\.ts$|mutants\/)/;
/** Those that still have them: the list may only become shorter. */
const waitStill: readonly string[] = [
  "test/browser/engine/models-server.ts", // sends bytes at a pace
];

test("tests wait for states and count what is done: they have no timers of their own, and read no clock", () => {
  const waits =
    /(?<!\.|\w)(setTimeout|setInterval)\(|timers\/promises|waitForTimeout|\bsleep\(|AbortSignal\.timeout\(|\bperformance\.now\(|\bDate\.now\(|hrtime|cpuUsage\(|eventLoopUtilization/;
  const found = files.filter(
    (file) => file.startsWith("test/") && !mayWait.test(file) && waits.test(withoutComments(read(file))),
  );
  expect(found.filter((file) => !waitStill.includes(file) && file !== "test/architecture.test.ts")).toEqual([]);
  const times =
    /\bexpect\((?:ms\b|[^;\n]*\b(?:\w+Ms|milliseconds|seconds|elapsed|took|encodePerToken|tokensPerSecond)\b)[^;\n]*\)\.toBe(?:Less|Greater)/;
  const asserting = files.filter((file) => file.startsWith("test/") && times.test(withoutComments(read(file))));
  expect(asserting.filter((file) => !waitStill.includes(file))).toEqual([]);
});

test("no const_assert begins with a parenthesis: naga takes it for the whole expression", () => {
  const wrong = shaders.filter((file) => /^\s*const_assert\s*\(/m.test(read(file)));
  expect(wrong).toEqual([]);
});
