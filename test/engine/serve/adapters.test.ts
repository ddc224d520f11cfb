// Adapters over HTTP, which requests choose by the field `model`, as with vLLM.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openFolder } from "../../../src/formats/folder.ts";
import { cliInTurn, quickly, startCli } from "../../cli/run-cli.ts";
import { randomAdapter, writeBlobs } from "../../support/devices/random-adapter.ts";

const model = "test/golden/gradients-qwen3";
const cli = cliInTurn();
let folder: string;
let one: string;
let other: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "shaderformer-adapters-"));
  const source = await openFolder(model);
  const written = async (seed: number) => {
    const adapter = await randomAdapter(source, { seed, size: 0.8, targets: ["q_proj", "up_proj", "down_proj"] });
    return await writeBlobs(join(folder, `${seed}`), adapter);
  };
  [one, other] = [await written(1), await written(2)];
});
afterAll(async () => {
  cli.close();
  await rm(folder, { recursive: true, force: true });
});

test("serve --lora NAME=FOLDER lists them and answers as generate --lora does", async () => {
  const options = ["--lora", `first=${one}`, "--lora", `second=${other}`, "--lookup", "2"];
  const child = startCli(["serve", "--model", model, "--id", "base", "--port", "0", ...options], {}, quickly);
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
    const alone = await cli.run([...args, "--json"]);
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
  const gpt2 = "test/golden/gradients-gpt2";
  const failing = async (...lora: readonly string[]) => {
    const { code, stdout, stderr } = await cli.run(["serve", "-m", gpt2, "--port", "0", ...lora]);
    expect([code, stdout]).toEqual([1, ""]);
    return stderr;
  };
  expect(await failing("--lora", "only-a-folder")).toContain("NAME=FOLDER");
  expect(await failing("--lora", "a=x", "--lora", "a=y")).toContain("two adapters named a");
  expect(await failing("--lora", "a=no/such/folder")).toContain("no/such/folder");
  expect(await failing("--lora", `gradients-gpt2=${one}`)).toContain("is loaded already");
  expect(await failing("--lora", `a=${one}`)).toContain("changes model.layers.0");
});
