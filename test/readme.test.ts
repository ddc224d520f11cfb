import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withKernelTables } from "../scripts/readme-tables.mjs";
import { architectures, loadModel, openGpu } from "../src/index.ts";
import { bundledModel } from "./support/bundled.ts";

const run = promisify(execFile);
const readme = await readFile("README.md", "utf8");

/** Fenced blocks of one language, without the indentation of lists. */
function blocks(text: string, language: string): string[] {
  const fences = text.matchAll(new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^ *\`\`\`$`, "gm"));
  return [...fences].map(([, indent = "", code = ""]) => code.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
}

const section = (heading: string) => readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? "";

test("opens with an example of 12 lines", () => {
  const [example = ""] = blocks(readme, "ts");
  expect(readme.indexOf(example)).toBeLessThan(1200);
  expect(example.trim().split("\n")).toHaveLength(12);
});

test("every link leads to a file", () => {
  const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter((path) => !existsSync(path))).toEqual([]);
});

test("the kernel tables are up to date (node scripts/readme-tables.mjs)", async () => {
  expect(readme).toBe(await withKernelTables(readme));
});

test("the kernel tables name every kernel file, and parts are what is left", async () => {
  const named = new Set([...section("Kernels").matchAll(/\(shaders\/([^)]*\.wgsl)\)/g)].map(([, file]) => file));
  const files = (await readdir("shaders", { recursive: true })).filter((file) => file.endsWith(".wgsl"));
  for (const file of files) {
    const isKernel = /^@compute/m.test(await readFile(`shaders/${file}`, "utf8"));
    expect(named.has(file), file).toBe(isKernel);
  }
});

test("the table of models names the architectures there are", () => {
  const named = [...section("Models").matchAll(/`(\w+(?:ForCausalLM|LMHeadModel))`/g)].map(([, name]) => name);
  expect(named.sort()).toEqual(Object.keys(architectures).sort());
});

test("one token passes the kernels that the README says, and no others", async () => {
  using gpu = await openGpu({ features: [] }); // as any device has it
  using model = await loadModel(gpu, bundledModel);
  const kind = { penalties: false, logprobs: 0 };
  const prompt = model.programs.prefill(64, 512, "last").program.dispatches;
  const step = model.programs.decode(1, 512, kind).program.dispatches;
  const sample = model.programs.sample(1, kind).program.dispatches;
  const used = new Set([...prompt, ...step, ...sample].map(({ kernel }) => kernel));
  const named = section("Follow one token").matchAll(/\(shaders\/([^)]*)\.wgsl\)/g);
  expect([...new Set([...named].map(([, file]) => file))].sort()).toEqual([...used].sort());
});

describe("the snippets", async () => {
  const folder = resolve(".cache/readme-snippets");
  const scripts: string[] = [];
  for (const code of blocks(readme, "ts")) {
    // A block without imports goes on from the one before.
    if (/^import /m.test(code)) scripts.push(code);
    else scripts.push(`${scripts.pop() ?? ""}\n${code}`);
  }

  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    for (const [i, code] of scripts.entries()) {
      await writeFile(join(folder, `${i}.ts`), code.replaceAll('from "shaderformer"', 'from "../../src/index.ts"'));
    }
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("check as strict TypeScript", async () => {
    const config = join(folder, "tsconfig.json");
    await writeFile(
      config,
      JSON.stringify({ extends: "../../tsconfig.json", include: ["*.ts", "../../src/wgsl.d.ts"] }),
    );
    const typescript = "node_modules/typescript/bin/tsc";
    const checked = await run(process.execPath, [typescript, "-p", config]).catch((error) => error);
    expect(`${checked.stdout}${checked.stderr}`).toBe("");
  });

  test.each(scripts.map((code, i) => [i, code] as const))(
    "snippet %i runs, and prints what it says",
    async (i, code) => {
      const printed = await printedBy(() => import(join(folder, `${i}.ts`)));
      expect(printed).not.toBe("");
      let rest = printed;
      for (const expected of shownOutputs(code)) {
        const at = rest.indexOf(expected);
        expect(at, `${JSON.stringify(expected)} in ${JSON.stringify(rest)}`).toBeGreaterThanOrEqual(0);
        rest = rest.slice(at + expected.length);
      }
    },
  );
});

/** What a snippet says that it prints: comments with an arrow, and those that follow such a one. */
function shownOutputs(code: string): string[] {
  const shown: string[] = [];
  let showing = false;
  for (const line of code.split("\n")) {
    showing = line.startsWith("// → ") || (showing && line.startsWith("//   "));
    if (showing) shown.push(line.replace(/^\/\/ (→ | {2})/, ""));
  }
  return shown;
}

/** What is printed meanwhile. */
async function printedBy(action: () => Promise<unknown>): Promise<string> {
  const { format } = await import("node:util");
  let printed = "";
  const { log } = console;
  const { write } = process.stdout;
  console.log = (...values: unknown[]) => {
    printed += `${format(...values)}\n`;
  };
  process.stdout.write = (text: string | Uint8Array) => {
    printed += text;
    return true;
  };
  try {
    await action();
  } finally {
    console.log = log;
    process.stdout.write = write;
  }
  return printed;
}

describe("the commands", () => {
  beforeAll(() => run(process.execPath, ["scripts/build.mjs"]));

  test.each(blocks(section("The command line"), "sh").flatMap((block) => block.trim().split("\n")))(
    "%s",
    async (line) => {
      const { stdout } = await run("sh", ["-c", line]);
      expect(stdout.trim()).not.toBe("");
      if (line.includes("--json")) expect(JSON.parse(stdout)).toBeTypeOf("object");
    },
  );
});

test("the three steps add a variant, which passes the cases and appears in the table", async () => {
  const copy = await mkdtemp(join(tmpdir(), "shaderformer-variant-"));
  try {
    for (const path of [
      "src",
      "shaders",
      "scripts",
      "test",
      "package.json",
      "tsconfig.json",
      "vitest.config.ts",
      "README.md",
    ]) {
      await cp(path, join(copy, path), { recursive: true });
    }
    await symlink(resolve("node_modules"), join(copy, "node_modules"));
    const steps = section("Add a variant");
    const [shader = ""] = blocks(steps, "wgsl");
    const [definition = "", table = ""] = blocks(steps, "typescript");
    const files = [...steps.matchAll(/`((?:shaders|src)\/\S+\.(?:wgsl|ts))`/g)].map(([, file = ""]) => file);
    const [shaderFile = "", definitionFile = "", tableFile = ""] = files;
    await writeFile(join(copy, shaderFile), shader);
    await writeFile(join(copy, definitionFile), definition);
    const before = await readFile(tableFile, "utf8");
    const after = before.replace(/^const variants = .*$/m, table.trim());
    expect(after).not.toBe(before);
    expect(dirname(definitionFile)).toBe(dirname(tableFile));
    await writeFile(join(copy, tableFile), `import { serial } from "./serial.ts";\n${after}`);

    const vitest = ["node_modules/vitest/vitest.mjs", "run", "test/kernels/softmax.test.ts", "-t", "serial"];
    const options = { cwd: copy, env: { ...process.env, NO_COLOR: "1" } };
    const tested = await run(process.execPath, [...vitest, "--reporter=json"], options).catch((error) => error);
    const results = JSON.parse(tested.stdout.slice(tested.stdout.indexOf("{")));
    const failures = results.testResults.flatMap(({ assertionResults = [] }: Results) =>
      assertionResults.flatMap(({ status, failureMessages }) => (status === "failed" ? failureMessages : [])),
    );
    expect(failures).toEqual([]);
    expect(results.numPassedTests).toBeGreaterThan(15);

    await run(process.execPath, ["scripts/readme-tables.mjs"], { cwd: copy });
    const written = await readFile(join(copy, "README.md"), "utf8");
    expect(written).toMatch(
      /^\|.*`serial` \| \[softmax\/serial\]\(shaders\/softmax\/serial\.wgsl\) \| Softmax over .*Choose it /m,
    );
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

interface Results {
  readonly assertionResults?: readonly { readonly status: string; readonly failureMessages: readonly string[] }[];
}
