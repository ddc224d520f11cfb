// Each command of the command line once, as `npm test` runs it; what else a command does is tested in files of its own.
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headsGolden } from "../encoders/encode/golden-heads.ts";
import { headFolderOnDisk } from "../encoders/encode/head-folders.ts";
import { bundledMixture, bundledModel, bundledNano, goldenPrompts } from "../support/bundled.ts";
import { first } from "../support/first-tier.ts";
import { quickly, runInTurn, startCli } from "./run-cli.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-commands-"));
  await writeFile(join(folder, "text.txt"), "Call me Ishmael.");
  await writeFile(
    join(folder, "batches.json"),
    JSON.stringify({ batches: [{ inputs: [[1, 2, 3]], targets: [[2, 3, 4]] }] }),
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const [golden] = goldenPrompts;
const heads = headsGolden("bert");
const headed = (head: string) => headFolderOnDisk("bert", { fields: { architectures: [`Bert${head}`] } });

/** Runs a command to its end; gives what it printed. */
async function printed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runInTurn(args);
  expect(code, stderr).toBe(0);
  return stdout;
}
// biome-ignore lint/suspicious/noExplicitAny: what a test reads of an object is what it expects to be there
const json = async (...args: readonly string[]): Promise<any> => JSON.parse(await printed(...args, "--json"));

const commands: Readonly<Record<string, () => Promise<void>>> = {
  async generate() {
    const { text } = await json("generate", "-m", bundledModel, "-t", "0", "-n", "8", golden?.prompt ?? "");
    expect(golden?.greedyText.startsWith(text)).toBe(true);
  },
  async serve() {
    const child = startCli(["serve", "--model", bundledNano, "--port", "0"], {}, quickly);
    child.stderr.resume();
    const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]); // as a shell says of Ctrl-C
  },
  async inspect() {
    const ids = golden?.promptTokens.join() ?? "";
    const { logits } = await json("inspect", "-m", bundledModel, "--tokens", ids);
    const likeliest = logits[0].indexOf(Math.max(...logits[0]));
    expect(likeliest).toBe(golden?.greedyTokens[0]);
  },
  async experts() {
    const { experts, chosen } = await json("experts", "-m", bundledMixture, "--prompt", "The sea");
    expect([experts, chosen]).toEqual([8, 2]);
  },
  async perplexity() {
    const { perplexity } = await json("perplexity", "-m", bundledNano, "--text", join(folder, "text.txt"));
    expect(perplexity).toBeGreaterThan(1);
  },
  async embed() {
    const { embeddings } = await json("embed", "a cat", "-m", "examples/models/use-lite");
    expect(embeddings[0]).toHaveLength(512);
  },
  async hidden() {
    const { layers } = await json("hidden", "a b", "-m", "test/golden/bert");
    expect(layers.length).toBeGreaterThan(1);
  },
  async "fill-mask"() {
    const { masks } = await json("fill-mask", heads.masked.text, "-m", headed("ForMaskedLM"), "--top", "1");
    expect(masks.map(([best]: { id: number }[]) => best?.id)).toEqual(heads.masked.masks.map(([best]) => best?.id));
  },
  async classify() {
    expect(await printed("classify", "a cat", "-m", headed("ForSequenceClassification"))).toMatch(/^rain +0\.\d+$/m);
  },
  async answer() {
    const model = headed("ForQuestionAnswering");
    expect(await printed("answer", "a cat", "--context", "the dog sat on the mat.", "-m", model)).toMatch(
      /^the dog sat on\nscore 0\.\d+/,
    );
  },
  async train() {
    const given = ["-m", "test/golden/gradients-gpt2", "--batches", join(folder, "batches.json")];
    const { step, loss } = await json("train", ...given, "--out", join(folder, "trained"));
    expect([step, Number.isFinite(loss)]).toEqual([1, true]);
    expect(await readdir(join(folder, "trained"))).toContain("model.safetensors");
  },
  async nearest() {
    await writeFile(join(folder, "vectors.txt"), "3 2\ncat 1 0\ndog 1 0.5\ncar 0 1\n");
    const { nearest } = await json("nearest", "-m", join(folder, "vectors.txt"), "cat");
    expect(nearest).toEqual([
      { word: "dog", cosine: expect.closeTo(2 / Math.sqrt(5), 6) },
      { word: "car", cosine: 0 },
    ]);
  },
  async convert() {
    await printed("convert", "-m", bundledNano, "--out", join(folder, "nano.gguf"));
    expect(await readdir(folder)).toContain("nano.gguf");
  },
  async study() {
    const code = `@group(0) @binding(0) var<storage, read_write> y: array<u32>;
      @compute @workgroup_size(4) fn main(@builtin(local_invocation_index) i: u32) { print(i); y[i] = i * i; }`;
    const [text, bindings] = [join(folder, "squares.wgsl"), join(folder, "bindings.json")];
    await writeFile(text, code);
    await writeFile(bindings, JSON.stringify([{ binding: 0, type: "u32", length: 4 }]));
    const given = ["--wgsl", text, "--bindings", bindings, "--workgroups", "1"];
    const { outputs, prints, gpu } = await json("study", ...given, "--compare");
    expect(outputs).toEqual({ "0.0": [0, 1, 4, 9] });
    expect(gpu).toMatchObject({ outputs, equal: true, class: "bits" });
    expect(gpu.prints.map(({ values }: { values: number[] }) => values)).toEqual([[0], [1], [2], [3]]);
    expect(prints).toHaveLength(4);
    const shape = ["--shape", "m=5,k=7,n=3"];
    expect((await json("study", "gemm/naive", ...shape, "--compare")).gpu).toEqual({ equal: true, class: "bound" });
    expect(await printed("study", "layout/copy", "--compare")).toMatch(/^on the GPU: equal to the bit$/m);
  },
  async tune() {
    const { rows } = await json("tune", "--model", bundledNano, "--no-store", "--budget", "1");
    expect(Array.isArray(rows)).toBe(true);
  },
  async bench() {
    const table = await printed(
      "bench",
      "attention",
      "q9",
      "--heads",
      "2x32",
      "--variants",
      "naive",
      "--samples",
      "1",
      "--no-peaks",
    );
    expect(table).toMatch(/naive.*pass/);
  },
};

test("those are all commands", first, async () => {
  const list = /^Commands:\n((?: {2}.*\n)+)/m.exec(await printed("--help"))?.[1] ?? "";
  expect(Object.keys(commands)).toEqual([...list.matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name));
});

test.each(Object.entries(commands))("%s", first, (_, run) => run());
