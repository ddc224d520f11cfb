// docs/add-a-variant.md as its reader follows it, in a copy of the clone.
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const steps = await readFile("docs/add-a-variant.md", "utf8");

/** Fenced blocks of one language, without the indentation of lists. */
function blocks(text: string, language: string): string[] {
  const fences = text.matchAll(new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^ *\`\`\`$`, "gm"));
  return [...fences].map(([, indent = "", code = ""]) => code.replaceAll(new RegExp(`^${indent}`, "gm"), ""));
}

interface Results {
  readonly assertionResults?: readonly { readonly status: string; readonly failureMessages: readonly string[] }[];
}

test("the three steps add a variant, which passes the cases and appears in the table", async () => {
  const copy = await mkdtemp(join(tmpdir(), "shaderformer-variant-"));
  try {
    for (const path of [
      "src",
      "shaders",
      "scripts",
      "test",
      "docs",
      "package.json",
      "tsconfig.json",
      "vitest.config.ts",
    ])
      await cp(path, join(copy, path), { recursive: true });
    await symlink(resolve("node_modules"), join(copy, "node_modules"));
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

    await run(process.execPath, ["scripts/docs.mjs"], { cwd: copy });
    const written = await readFile(join(copy, "docs/kernels.md"), "utf8");
    expect(written).toMatch(
      /^\|.*`serial` \| \[softmax\/serial\]\(\.\.\/shaders\/softmax\/serial\.wgsl\) \| Softmax over .*Choose it /m,
    );
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});
