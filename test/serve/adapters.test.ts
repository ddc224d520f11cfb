// Adapters over HTTP, which requests choose by the field `model`, as with vLLM.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { runCli, startCli } from "../cli/run-cli.ts";
import { randomAdapter, writeBlobs } from "../support/random-adapter.ts";

/** A dense model, and one whose adapters are of routed experts too. */
const models = ["test/golden/gradients-qwen3", "test/golden/gradients-mixtral"] as const;
const [model] = models;
let folder: string;
/** Two adapters of each model. */
const adapters = new Map<string, readonly [string, string]>();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-adapters-"));
  for (const name of models) {
    const source = await openFolder(name);
    const written = async (seed: number) =>
      await writeBlobs(
        join(folder, `${name.replaceAll("/", "-")}-${seed}`),
        await randomAdapter(source, {
          seed,
          size: 0.8,
          ...(name === model ? {} : { targets: ["q_proj", "w1", "w2"] }),
        }),
      );
    adapters.set(name, [await written(1), await written(2)]);
  }
});
const adaptersOf = (name: string) => adapters.get(name) as readonly [string, string];
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(models)("serve --lora NAME=FOLDER lists them and answers as generate --lora does: %s", async (model) => {
  const [one, other] = adaptersOf(model);
  const options = ["--lora", `first=${one}`, "--lora", `second=${other}`, "--lookup", "2"];
  const child = startCli(["serve", "--model", model, "--id", "base", "--port", "0", ...options]);
  const said: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => said.push(line));
  try {
    const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
    const { data } = await client.models.list();
    expect(data.map(({ id }) => id)).toEqual(["base", "first", "second"]);
    expect(data.map((one) => (one as { parent?: string }).parent)).toEqual([undefined, "base", "base"]);
    expect(await client.models.retrieve("second")).toMatchObject({ id: "second", parent: "base" });
    const texts: string[] = [];
    for (const id of ["first", "second", "base", "first"]) {
      const body = { model: id, prompt: "AB", max_tokens: 8, temperature: 0 };
      const answer = await client.completions.create(body);
      expect(answer.model).toBe(id);
      texts.push(answer.choices[0]?.text ?? "");
      let streamed = "";
      for await (const { choices } of await client.completions.create({ ...body, stream: true })) {
        streamed += choices[0]?.text ?? "";
      }
      expect(streamed).toBe(texts.at(-1));
    }
    expect(new Set(texts.slice(0, 3)).size).toBe(3);
    expect(texts[3]).toBe(texts[0]);
    const args = ["generate", "AB", "-m", model, "--lora", other, "--max-tokens", "8", "--temperature", "0"];
    const alone = await runCli([...args, "--json"]);
    expect(alone.code, alone.stderr).toBe(0);
    expect(texts[1]).toBe(JSON.parse(alone.stdout).text);
    const unknown = await client.completions.create({ model: "third", prompt: "AB" }).catch((error: unknown) => error);
    expect(unknown).toMatchObject({ status: 404, code: "model_not_found", param: "model" });
    expect(String(unknown)).toContain("there are base, first, second");
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  expect(said.filter((line) => line.includes("Ctrl-C ends it"))).toHaveLength(3);
});

test("adapters that are not there, of other models, or twice of one name end it before it answers", async () => {
  const failing = async (...lora: readonly string[]) => {
    const { code, stdout, stderr } = await runCli(["serve", "-m", model, "--port", "0", ...lora]);
    expect([code, stdout]).toEqual([1, ""]);
    return stderr;
  };
  expect(await failing("--lora", "only-a-folder")).toContain("NAME=FOLDER");
  expect(await failing("--lora", "a=x", "--lora", "a=y")).toContain("two adapters named a");
  expect(await failing("--lora", "a=no/such/folder")).toContain("no/such/folder");
  expect(await failing("--lora", `gradients-qwen3=${adaptersOf(model)[0]}`)).toContain("is loaded already");
  const other = await runCli([
    "serve",
    "-m",
    "test/golden/gradients-gpt2",
    "--port",
    "0",
    "--lora",
    `a=${adaptersOf(model)[0]}`,
  ]);
  expect(other.stderr).toContain("changes model.layers.0");
});
