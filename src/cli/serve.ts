import { Command, InvalidArgumentError } from "commander";
import { createEngine } from "../engine/create-engine.ts";
import { setAdapters } from "../engine/direct/adapters.ts";
import { setEncoders } from "../engine/direct/encoders.ts";
import { adaptersForEngines } from "../engine/direct/load-adapters.ts";
import type { Engine, EngineLoadOptions } from "../engine/engine.ts";
import type { ServeOptions } from "../serve/options.ts";
import { startServer } from "../serve/server.ts";
import { count, positive, repeated } from "./arguments.ts";
import { addSpeculativeOptions, checkSpeculativeFlags, type SpeculativeFlags } from "./generate/speculative-options.ts";
import { makeInterrupt } from "./interrupt.ts";
import { addLoadOptions, cacheOptions, type LoadFlags } from "./model/model-options.ts";
import { print, say } from "./output.ts";
import { withProgress } from "./progress.ts";
import { readTextFile } from "./read-text.ts";
import { withoutDriverChatter } from "./terminal.ts";

/** The flags of `serve`. */
interface ServeFlags extends LoadFlags, SpeculativeFlags, Omit<ServeOptions, "origins" | "names"> {
  readonly id?: string;
  readonly chatTemplate?: string;
  readonly allowOrigin?: readonly string[];
  readonly allowHost?: readonly string[];
  /** Names of adapters and their folders. */
  readonly lora?: readonly (readonly [string, string])[];
}

/** `shaderformer serve`: answers requests of OpenAI's interface over HTTP until Ctrl-C. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .description(
      "Answer requests of OpenAI's interface (chat completions, completions, embeddings, models), and to rerank and classify, over HTTP. " +
        "The first line printed is the address; clients use it with /v1. Any API key is accepted.",
    )
    .optionsGroup("Server:")
    .option("-p, --port <n>", "port; 0 takes a free one (default: 8080)", count)
    .option("--host <host>", "address to listen on (default: 127.0.0.1, this machine only)")
    .option("--id <name>", "the model's name in requests (default: the folder's)")
    .option("--chat-template <file>", "a chat template in place of the model's own")
    .option(
      "--lora <name=folder>",
      "an adapter in PEFT's layout, which requests choose as their model; repeatable",
      adapters,
    )
    .option("--concurrency <n>", "requests computed at once (default: 4)", positive)
    .option("--queue <n>", "requests that may wait; one more gets 429 (default: 64)", count)
    .option("--time-limit <seconds>", "time for one request (default: 600)", positive)
    .option("--body-limit <bytes>", "size of one request (default: 4194304)", positive)
    .option("--allow-origin <origin>", "pages that may use it, such as https://example.org, or *; repeatable", repeated)
    .option("--allow-host <name>", "a name by which clients address it; repeatable", repeated)
    .optionsGroup("Speculative decoding (the same answers, in fewer steps where they can be guessed):");
  addSpeculativeOptions(command);
  return addLoadOptions(command).action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  if (flags.model === "") throw new Error("--model: the name of the folder is empty");
  checkSpeculativeFlags(flags);
  const { host, port, concurrency, queue, timeLimit, bodyLimit, allowOrigin: origins, allowHost: names } = flags;
  // Listening comes first, so that a port in use is reported before a model is loaded.
  const server = await startServer({ host, port, concurrency, queue, timeLimit, bodyLimit, origins, names });
  let engine: Engine | undefined;
  try {
    engine = await openEngine(flags);
    server.use(engine);
    using interrupt = makeInterrupt();
    await interrupt.watch();
    const stopped = stop(interrupt.signal);
    await print(`${server.url}\n`);
    for (const { id } of await engine.loaded()) say(`${id} at ${server.url}/v1; Ctrl-C ends it`);
    await stopped;
  } finally {
    await server.close();
    await engine?.dispose();
  }
}

async function openEngine({ model, id, context, dtype, weights, concurrency, ...flags }: ServeFlags): Promise<Engine> {
  const chatTemplate = flags.chatTemplate === undefined ? undefined : await readTextFile(flags.chatTemplate);
  const { adapter, features, cap } = flags;
  const device = { ...(adapter ? { adapter } : {}), ...(features ? { features } : {}), ...(cap ? { cap } : {}) };
  setEncoders(() => import("../engine/encoders/entry.ts"));
  setAdapters(adaptersForEngines);
  const engine = await withoutDriverChatter(() =>
    createEngine({ gpu: device, ...(concurrency === undefined ? {} : { concurrency }) }),
  );
  engine.onEvent((event) => {
    if (event.type === "device-restored") say("the device was lost, and is back");
    else say(`warning: ${event.message}`);
  });
  try {
    const { cacheDtype, cacheLayout, cacheRotate } = flags;
    const cache = (cacheDtype ?? cacheLayout ?? cacheRotate) ? cacheOptions({ model, ...flags }) : undefined;
    const speculative = speculativeOf(flags);
    const { id: base } = await withProgress("loading  ", false, (report) =>
      engine.load(model, {
        ...(cache && { cache }),
        ...(id === undefined ? {} : { id }),
        ...(context === undefined ? {} : { context }),
        ...(chatTemplate === undefined ? {} : { chatTemplate }),
        ...(dtype === undefined ? {} : { dtype }),
        ...(weights === undefined ? {} : { weights }),
        ...(speculative ? { speculative } : {}),
        onProgress: (progress) => {
          if (progress.phase === "upload") report(progress);
        },
      }),
    );
    // Adapters propose with the model's draft model unless set otherwise.
    const proposing = speculative?.kind === "prompt-lookup" ? { speculative } : {};
    for (const [name, folder] of flags.lora ?? []) await engine.load(folder, { id: name, base, ...proposing });
    return engine;
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Adds an adapter, `NAME=FOLDER`, to the earlier ones. */
function adapters(text: string, before: readonly (readonly [string, string])[] = []): (readonly [string, string])[] {
  const at = text.indexOf("=");
  const [name, folder] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 1 || folder === "") throw new InvalidArgumentError("Expected NAME=FOLDER, such as whale=adapters/whale.");
  if (before.some(([one]) => one === name)) throw new InvalidArgumentError(`There are two adapters named ${name}.`);
  return [...before, [name, folder]];
}

function speculativeOf({ lookup, draftModel, draftMax }: SpeculativeFlags): EngineLoadOptions["speculative"] {
  if (draftModel !== undefined) return { kind: "draft", from: draftModel, tokens: draftMax };
  return lookup === undefined ? undefined : { kind: "prompt-lookup", tokens: lookup };
}

/** Resolves at the first Ctrl-C, or at the signal with which other programs end this one. */
function stop(interrupt: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    interrupt.addEventListener("abort", () => resolve(), { once: true });
    process.once("SIGTERM", () => resolve());
  });
}
