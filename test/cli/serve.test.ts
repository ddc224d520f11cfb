import type { ChildProcess } from "node:child_process";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Usage } from "../../src/engine/openai/types.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { codeBlocks } from "../support/code-blocks.ts";
import { quickly, runCli, runInTurn, startCli } from "./run-cli.ts";

/** Starts the server as a reader would, and waits for the first line that it prints. */
async function started(...args: string[]): Promise<{ child: ChildProcess; url: string; lines: string[] }> {
  const child = startCli(["serve", "--model", bundledModel, "--port", "0", ...args], {}, quickly);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on("line", (line) => lines.push(line));
  child.stderr.resume();
  await Promise.race([once(reader, "line"), once(child, "exit")]);
  return { child, url: lines[0] ?? "", lines };
}

test("it prints its address, answers the program of its page, and ends in order at Ctrl-C", async () => {
  const { child, url, lines } = await started();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });

  const [program] = codeBlocks(await readFile("docs/serving.md", "utf8")).filter(({ language }) => language === "js");
  const code = (program?.code ?? "").replace("http://127.0.0.1:8080", url);
  expect(code).toContain(url);
  const folder = ".cache/serving"; // in the clone, so that it finds the client's package
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/client.mjs`, code);
  const { stdout } = await promisify(execFile)(process.execPath, [`${folder}/client.mjs`]);
  await rm(folder, { recursive: true });
  expect(stdout.trim().length).toBeGreaterThan(20);

  // A stream that is under way ends with the reason, and the process with it.
  const body = JSON.stringify({ prompt: "<|whale|>The", max_tokens: 450, stream: true });
  const streaming = await fetch(`${url}/v1/completions`, { method: "POST", body });
  const exited = once(child, "exit");
  child.kill("SIGINT");
  const events = (await streaming.text()).trim().split("\n\n");
  expect(JSON.parse((events.at(-1) ?? "").slice("data: ".length))).toMatchObject({ error: { code: "shutting_down" } });
  expect(await exited).toEqual([130, null]);
  expect(lines).toEqual([url]);
});

describe("with a draft model", () => {
  let [child, url]: [ChildProcess?, string?] = [];
  beforeAll(async () => {
    ({ child, url } = await started("--draft-model", bundledMixture, "--draft-max", "2"));
  });
  afterAll(() => child?.kill("SIGKILL"));

  test("it proposes tokens, and usage and figures say how many were kept", async () => {
    const body = { prompt: "<|whale|>the ship, the ship, the", max_tokens: 24, temperature: 1, seed: 1 };
    const ask = async () => {
      const answer = await fetch(`${url}/v1/completions`, { method: "POST", body: JSON.stringify(body) });
      return (await answer.json()) as { choices: { text: string }[]; usage: Usage };
    };
    const [{ choices, usage }, other] = await Promise.all([ask(), ask()]);
    expect(other.choices).toEqual(choices);
    const { accepted_prediction_tokens: accepted = 0, rejected_prediction_tokens: rejected = 0 } =
      usage.completion_tokens_details ?? {};
    expect([accepted > 0, rejected > 0, usage.completion_tokens]).toEqual([true, true, 24]);
    const figures = await (await fetch(`${url}/metrics`)).text();
    expect(figures).toContain(`shaderformer_spec_decode_draft_tokens_total ${2 * (accepted + rejected)}\n`);
    expect(figures).toContain(`shaderformer_spec_decode_accepted_tokens_total ${2 * accepted}\n`);
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as { data: unknown[] };
    expect(data).toHaveLength(1);
  });

  test("the signal by which other programs end it ends it in order, too", async () => {
    const body = JSON.stringify({ prompt: "<|whale|>The", max_tokens: 450, stream: true });
    const streaming = await fetch(`${url}/v1/completions`, { method: "POST", body });
    const exited = child && once(child, "exit");
    child?.kill("SIGTERM");
    expect(await streaming.text()).toContain('"shutting_down"');
    expect(await exited).toEqual([0, null]);
  });
});

test("a port in use is reported before the model is loaded", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { code, stdout, stderr } = await runCli(["serve", "--model", bundledModel, "--port", String(port)]);
  server.close();
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(new RegExp(`^error: .*${port}`, "m"));
});

test("options out of range, and a model that is not there", async () => {
  const wrong = await runInTurn(["serve", "--model", bundledModel, "--port", "70000"]);
  expect([wrong.code, wrong.stderr]).toEqual([1, "error: serve: port is 70000, expected an integer from 0 to 65535\n"]);
  const missing = await runInTurn(["serve", "--model", "no/such/folder", "--port", "0"]);
  expect([missing.code, missing.stdout]).toEqual([1, ""]);
  expect(missing.stderr).toMatch(/^error: .*no\/such\/folder/m);
});
