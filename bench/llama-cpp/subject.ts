import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { comparedTokens } from "../models/check.ts";
import type { ModelTest } from "../models/result.ts";
import type { Subject } from "../models/run.ts";
import { someTokens } from "../models/tokens.ts";
import { ensurePackages } from "../peers/setup/packages.ts";
import { repositoryRoot } from "../peers/setup/root.ts";

/** llama.cpp's device. */
export const llamaDevices = ["vulkan", "cpu"] as const;
export type LlamaDevice = (typeof llamaDevices)[number];

/** How llama.cpp is measured. */
export interface LlamaOptions {
  /** A GGUF file. */
  readonly file: string;
  readonly device: LlamaDevice;
  /** Words of the other engine's adapter name; ignored on the CPU. */
  readonly adapter: string;
  readonly context: number;
  readonly threads: number;
  readonly vocabulary: number;
  /** Greedy tokens after a prompt, which both must choose. */
  readonly expected: { readonly ids: readonly number[]; readonly tokens: readonly number[] };
  /** The model's description in its rows. */
  readonly model: Subject["model"];
  readonly say: (line: string) => void;
}

const packages = {
  source: "bench/llama-cpp",
  folder: "llama-cpp",
  what: "llama.cpp into .cache/peers (725 MB, once)",
};

type Answer = Readonly<Record<string, unknown>>;

/** A process that answers requests one after the other. */
async function conversation(script: string, argument: object) {
  const env = { ...process.env, GGML_VK_VISIBLE_DEVICES: "0" };
  const child: ChildProcess = spawn(process.execPath, [script, JSON.stringify(argument)], {
    stdio: ["pipe", "pipe", "pipe"],
    env,
  });
  let errors = "";
  child.stdin?.on("error", () => {}); // it has ended: pending requests throw
  child.stderr?.on("data", (data: Buffer) => (errors = (errors + data.toString()).slice(-2000)));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`llama.cpp ended: ${errors.trim() || "it said nothing"}`);
      if (!value.startsWith("{")) continue; // the library's own output
      const answer: Answer = JSON.parse(value);
      if (answer["error"] !== undefined) throw new Error(`llama.cpp: ${answer["error"]}`);
      return answer;
    }
  };
  const first = await next();
  const ask = async (question: object) => {
    child.stdin?.write(`${JSON.stringify(question)}\n`);
    return await next();
  };
  return { first, ask, close: () => void child.kill() };
}

/**
 * llama.cpp with a GGUF file, through node-llama-cpp, which is installed on first use. Its greedy tokens must be those
 * of the other engine. Throws if it does not run on the requested adapter.
 */
export async function llamaSubject(options: LlamaOptions): Promise<Subject> {
  const { file, device, adapter, context, threads, vocabulary, expected, model, say } = options;
  const root = repositoryRoot();
  const modules = await ensurePackages(root, say, packages);
  const script = join(root, "bench", "llama-cpp", "worker.mjs");
  const { first, ask, close } = await conversation(script, { modules, model: file, device, context, threads });
  const named = String(first["device"]);
  const isSame = named.toLowerCase().includes((adapter.split(" ")[0] ?? "").toLowerCase());
  if (device === "vulkan" && !isSame) {
    close();
    throw new Error(`llama.cpp computes on ${named}, expected ${adapter}`);
  }
  const milliseconds = async ({ prompt, generate, depth }: ModelTest, run: number) => {
    const before = someTokens(depth, vocabulary, 1);
    const question =
      generate > 0
        ? { ask: "generate", before, last: 1, count: generate }
        : { ask: "prompt", before, ids: someTokens(prompt, vocabulary, run + 100) };
    return Number((await ask(question))["milliseconds"]);
  };
  let runs = 0;
  return {
    engine: { name: "llama.cpp", backend: device === "vulkan" ? "Vulkan" : "CPU", device: named },
    check: comparedTokens(
      expected.tokens,
      (await ask({ ask: "greedy", ids: expected.ids, count: expected.tokens.length }))["tokens"],
    ),
    model: { ...model, type_k: "f16", type_v: "f16" },
    run: async (test) => ({ nanoseconds: (await milliseconds(test, ++runs)) * 1e6 }),
    close,
  };
}
