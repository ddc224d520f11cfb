// README and docs: links, generated parts, tables, and what they say of the code.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { freshPage, pages } from "../../../scripts/docs.mjs";
import { architectures, loadModel, openGpu } from "../../../src/index.ts";
import { bundledModel } from "../../support/bundled.ts";
import { codeBlocks } from "../../support/code-blocks.ts";

const docs = (await readdir("docs", { recursive: true }))
  .filter((name) => name.endsWith(".md"))
  .map((name) => join("docs", name));
const texts = new Map<string, string>();
for (const file of ["README.md", "CONTRIBUTING.md", "shaders/README.md", ...docs]) {
  if (existsSync(file)) texts.set(file, await readFile(file, "utf8"));
}
const readme = texts.get("README.md") ?? "";
const section = (file: string, heading: string) =>
  (texts.get(file) ?? "").split(/^#+ /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";

test("the README is a front page: at most 12 kB, and an example of 12 lines at its top", () => {
  expect(Buffer.byteLength(readme)).toBeLessThanOrEqual(12_000);
  const [example] = codeBlocks(readme);
  expect(readme.indexOf(example?.code ?? "")).toBeLessThan(1500);
  expect(example?.code.trim().split("\n")).toHaveLength(12);
});

test.each([...texts.keys()])("every link of %s leads to a file or a heading", (file) => {
  const text = texts.get(file) ?? "";
  const targets = [
    ...text.matchAll(/\]\((?!https?:)([^)]+)\)/g),
    ...text.matchAll(/(?:src|srcset|href)="(?!https?:)([^"]+)"/g),
  ].map(([, target = ""]) => target);
  const slug = (heading: string) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w -]/g, "")
      .trim()
      .replaceAll(" ", "-");
  const slugs = (page: string) => [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => slug(heading));
  const isCode = (target: string) => codeBlocks(text).some(({ code }) => code.includes(`"${target}"`));
  const broken = targets.filter((target) => {
    const [path = "", heading] = target.split("#");
    const page = path === "" ? file : join(dirname(file), path);
    if (!existsSync(page)) return !isCode(target);
    return heading !== undefined && !slugs(texts.get(page) ?? "").includes(heading);
  });
  expect(broken).toEqual([]);
});

test("definitions of kernels are whole", () => {
  const definitions = [...(texts.get("docs/kernels.md") ?? "").matchAll(/ `([^`]+)` \|/g)].map(([, code]) => code);
  expect(definitions.length).toBeGreaterThan(150);
  expect(definitions.filter((code) => /[,=+·:]$/.test(code ?? ""))).toEqual([]);
});

test("the tree of the design has every folder", () => {
  const [, tree = ""] = /## The tree\n+```\n([\s\S]*?)```/.exec(texts.get("docs/design.md") ?? "") ?? [];
  const foldersOf = (folder: string) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const [, shaders = "", src = ""] = /^shaders\/\n([\s\S]*?)^src\/\n([\s\S]*?)^bench\//m.exec(tree) ?? [];
  const named = (text: string) =>
    [...text.matchAll(/^ {2}(\S.*)$/gm)].flatMap(([, line = ""]) =>
      [...(/^(?:[\w-]+\/ ?)+/.exec(line)?.[0] ?? "").matchAll(/[\w-]+(?=\/)/g)].map(([name]) => name),
    );
  expect(named(shaders).toSorted()).toEqual(foldersOf("shaders").toSorted());
  expect(named(src).toSorted()).toEqual(foldersOf("src").toSorted());
  const top = [...tree.matchAll(/^([\w-]+)\//gm)].map(([, name]) => name);
  const generated = /^(\.|node_modules$|dist|cli$|coverage$)/;
  expect(top.toSorted()).toEqual(
    foldersOf(".")
      .filter((name) => !generated.test(name))
      .toSorted(),
  );
});

test("one page says how to install what is not on the registry, with the version as it is", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const examples = readdirSync("examples").map((name) => `examples/${name}/README.md`);
  const all = [...texts.keys(), "cli/README.md", ...examples.filter((file) => existsSync(file))];
  const wrong = all.filter((file) => /install shaderformer|npx shaderformer-cli/.test(readFileSync(file, "utf8")));
  expect(wrong).toEqual([]);
  const packs = all.filter((file) => /npm (?:pack|install) \S*(?:\.tgz|\.\/cli)/.test(readFileSync(file, "utf8")));
  expect(packs).toEqual(["docs/installing.md"]);
  const tarballs = texts.get("docs/installing.md")?.match(/shaderformer-(?:cli-)?[\d.]+\d\.tgz/g) ?? [];
  expect([...new Set(tarballs)]).toEqual([`shaderformer-${version}.tgz`, `shaderformer-cli-${version}.tgz`]);
});

test("every page of docs is reached from the README", () => {
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path = ""] of (texts.get(file) ?? "").matchAll(/\]\((?!https?:)([^)#]+\.md)/g)) {
      visit(join(dirname(file), path));
    }
  };
  visit("README.md");
  expect(docs.filter((file) => !seen.has(file))).toEqual([]);
});

test.each([...pages.keys()])("%s is up to date (node scripts/docs.mjs)", async (file) => {
  const text = await readFile(file, "utf8");
  expect(text).toBe(await freshPage(file, text));
});

test("the kernel tables name every kernel file, and parts are what is left", async () => {
  const tables = (texts.get("docs/kernels.md") ?? "").split("<!-- generated")[1] ?? "";
  const named = new Set([...tables.matchAll(/\(\.\.\/shaders\/([^)]*\.wgsl)\)/g)].map(([, file]) => file));
  const files = (await readdir("shaders", { recursive: true })).filter((file) => file.endsWith(".wgsl"));
  for (const file of files) {
    const isKernel = /^@compute/m.test(await readFile(`shaders/${file}`, "utf8"));
    expect(named.has(file), file).toBe(isKernel);
  }
});

test("the table of models names the architectures there are", async () => {
  const named = [
    ...section("docs/models.md", "Models").matchAll(/`(\w+(?:ForCausalLM|ForConditionalGeneration|LMHeadModel))`/g),
  ];
  expect(named.map(([, name]) => name).sort()).toEqual([...(await architectures())].sort());
});

test("every guarantee names the tests that hold it, all fuzzers among them", async () => {
  const entries = (texts.get("docs/guarantees.md") ?? "").split(/^### /m).slice(1);
  expect(entries.length).toBeGreaterThan(45);
  const tests = entries.map((entry) => /^\*\*Tests:\*\* (?:.+\n)+/m.exec(entry)?.[0] ?? "");
  expect(entries.filter((_, i) => !tests[i]?.includes("](../test/"))).toEqual([]);
  const fuzzers = (await readdir("test/fuzz").catch(() => [])).filter((name) => name.endsWith(".test.ts"));
  expect(fuzzers.filter((name) => !tests.some((links) => links.includes(`(../test/fuzz/${name})`)))).toEqual([]);
});

test("one token passes the kernels that docs/kernels.md says, and no others", async () => {
  using gpu = await openGpu({ features: [] }); // as any device has it
  using model = await loadModel(gpu, bundledModel);
  const kind = { penalties: false, logprobs: 0 };
  const prompt = model.programs.prefill(64, 512, "last").program.dispatches;
  const step = model.programs.decode(1, 512, kind).program.dispatches;
  const sample = model.programs.sample(1, kind).program.dispatches;
  const used = new Set([...prompt, ...step, ...sample].map(({ kernel }) => kernel));
  const named = section("docs/kernels.md", "Follow one token").matchAll(/\(\.\.\/shaders\/([^)]*)\.wgsl\)/g);
  expect([...new Set([...named].map(([, file]) => file))].sort()).toEqual([...used].sort());
});

test("the kernel that docs/design.md shows is the one in shaders/", async () => {
  const [shown] = codeBlocks(texts.get("docs/design.md") ?? "").filter(({ language }) => language === "wgsl");
  expect(shown?.code).toBe(await readFile("shaders/norm/rms-norm.wgsl", "utf8"));
});
