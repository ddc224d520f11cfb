// The programs of README and docs, each in the form in which a reader would paste it: JavaScript as a file in a clone,
// commands in a shell, the page in a separate folder with the built package.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { noChromium, openPage } from "../../../bench/harness/chromium.ts";
import { serveSite } from "../../../bench/harness/web-server.ts";
import { closePages, sharedChromium } from "../../browser/shared.ts";
import { cliInTurn, runInTurn } from "../../cli/run-cli.ts";
import "../../support/built.ts";
import { codeBlocks } from "../../support/code-blocks.ts";
import { first, firstIf } from "../../support/first-tier.ts";

const run = promisify(execFile);
const texts = await Promise.all(
  ["README.md", "docs/library.md", "docs/engine.md", "docs/masks-and-scores.md", "docs/training.md"].map(
    async (file) => [file, await readFile(file, "utf8")] as const,
  ),
);

/** Programs: JavaScript that imports the package and prints. */
const programs = texts.flatMap(([file, text]) =>
  codeBlocks(text)
    .filter(({ language, code }) => language === "js" && code.includes("console.log"))
    .map(({ code }, i): [string, string] => [`${file} ${i + 1}`, code]),
);

describe("programs, as files in a clone", async () => {
  const folder = resolve(".cache/snippets");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // All in one process: what they import is loaded once.
  const inTurn = cliInTurn({ NO_COLOR: "1" });
  afterAll(() => {
    inTurn.close();
    return rm(folder, { recursive: true, force: true });
  });

  test("there are some", () => expect(programs.length).toBeGreaterThan(8));

  const isOfReadme = ([name]: readonly string[]) => name?.startsWith("README") ?? false;
  for (const program of programs)
    test(`${program[0]} runs, and prints what it says`, firstIf(isOfReadme(program)), () => check(...program));

  /** Programs that show no text or figure of their model, which is the smallest here. */
  const withAnyModel = ["docs/library.md 6", "docs/library.md 7", "docs/engine.md 2"];

  async function check(name: string, code: string): Promise<void> {
    expect(code).toMatch(/from "shaderformer"/); // each stands alone
    const file = join(folder, `${name.replaceAll(/\W+/g, "-")}.mjs`);
    await writeFile(file, withAnyModel.includes(name) ? code.replaceAll("voices-dense", "voices-nano") : code);
    const { code: ended, stdout, stderr } = await inTurn.run([], file);
    expect(ended, stderr).toBe(0);
    expect(stdout.trim()).not.toBe("");
    let rest = stdout;
    for (const expected of shownOutputs(code)) {
      const at = rest.indexOf(expected);
      expect(at, `${JSON.stringify(expected)} in ${JSON.stringify(rest)}`).toBeGreaterThanOrEqual(0);
      rest = rest.slice(at + expected.length);
    }
  }

  test("they leave nothing open: their process ends by itself", async () => expect(await inTurn.ended()).toBe(0));
});

/** What a program says that it prints: comments with an arrow, and those that follow such a one. */
function shownOutputs(code: string): string[] {
  const shown: string[] = [];
  let showing = false;
  for (const line of code.split("\n").map((text) => text.trim())) {
    showing = line.startsWith("// → ") || (showing && line.startsWith("//   "));
    if (showing) shown.push(line.replace(/^\/\/ (→ | {2})/, ""));
  }
  return shown;
}

describe("the commands", async () => {
  const both = await Promise.all(["command-line", "training"].map((name) => readFile(`docs/${name}.md`, "utf8")));
  const found = both
    .flatMap(codeBlocks)
    .flatMap(({ language, code }) => (language === "sh" ? code.trim().split("\n") : []));
  const lines = [...new Set(found)];

  /** Those that cli/commands.test.ts runs. */
  const elsewhere = [
    "node dist/cli.js serve --model examples/models/voices-dense --port 8080",
    "node dist/cli.js tune --model examples/models/voices-dense --budget 1 --no-store --json",
  ];

  test("what another test runs is one of them", () => expect(lines).toEqual(expect.arrayContaining(elsewhere)));

  /** The words of a line, with the smallest model where any will do, and the beginnings of texts that it is to read. */
  const onLess = (words: readonly string[]) =>
    Promise.all(
      words.map(async (word, i) => {
        // Blocks of q4_k are wider than its rows.
        if (words[i - 1] === "--model" && !words.includes("q4_k_m")) return word.replace("voices-dense", "voices-nano");
        if (words[i - 1] !== "--text") return word;
        const file = join(".cache", `begun-${word.replaceAll("/", "-")}`);
        await writeFile(file, (await readFile(word, "utf8")).slice(0, 150));
        return file;
      }),
    );

  test.each(lines.filter((line) => !elsewhere.includes(line)))("%s", async (line) => {
    const outside = line.replaceAll(/"[^"]*"/g, '""'); // quotes keep what is in them from the shell
    expect(outside).toMatch(/^node dist\/cli\.js [^|&;]+$/);
    const { stdout: words } = await run("sh", ["-c", line.replace("node dist/cli.js", "printf '%s\\n'")]);
    const { code, stdout, stderr } = await runInTurn(await onLess(words.trimEnd().split("\n")));
    expect(code, stderr).toBe(0);
    expect(stdout.trim()).not.toBe("");
    if (line.includes("--json")) expect(JSON.parse(stdout)).toBeTypeOf("object");
  });
});

describe.skipIf(noChromium)("the page of the README", async () => {
  const folder = await mkdtemp(join(tmpdir(), "shaderformer-page-"));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test("built by Vite as it stands, it writes the golden text", first, async () => {
    const blocks = codeBlocks(texts[0]?.[1] ?? "");
    const html = blocks.find(({ language }) => language === "html")?.code ?? "";
    const script =
      blocks.find(({ language, code }) => language === "js" && code.includes("getElementById"))?.code ?? "";
    await writeFile(join(folder, "index.html"), html);
    await writeFile(join(folder, "main.js"), script);
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await mkdir(join(folder, "node_modules"));
    await symlink(resolve("."), join(folder, "node_modules", "shaderformer"));
    await cp("examples/models/voices-dense", join(folder, "public/models/voices-dense"), { recursive: true });
    await run(process.execPath, [resolve("node_modules/vite/bin/vite.js"), "build", "--base", "./"], { cwd: folder });

    const browser = await sharedChromium();
    const server = await serveSite({ folders: { "/": join(folder, "dist") } });
    try {
      const { page, errors } = await openPage(browser, `${server.origin}/index.html`);
      const written = (text: string) => document.getElementById("output")?.textContent === text;
      await page.waitForFunction(written, " of the Pequod, and the Pequod's");
      expect(errors).toEqual([]);
    } finally {
      await closePages(browser);
      await server.close();
    }
  });
});
