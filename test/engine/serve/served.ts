// The bundled model on a server in this process, and the official client.
import OpenAI from "openai";
import { afterAll, beforeAll } from "vitest";
import { createEngine } from "../../../src/engine/create-engine.ts";
import type { Engine } from "../../../src/engine/engine.ts";
import type { ServeOptions } from "../../../src/serve/options.ts";
import { type EngineServer, startServer } from "../../../src/serve/server.ts";
import { bundledModel } from "../../support/bundled.ts";

/** The bundled model's voices as a conversation: it has no template of its own. */
export const voicesTemplate =
  "{{ bos_token + '<|whale|>' }}{% for message in messages %}{{ message['content'] }}{{ ' ' if not loop.last }}{% endfor %}";

/** What a test file's server is made of, once it has begun. */
export interface Served {
  readonly engine: Engine;
  readonly server: EngineServer;
  readonly client: OpenAI;
}

/** Another client of a server. */
export const clientOf = ({ url }: EngineServer, options: { readonly maxRetries?: number } = {}): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0, ...options });

/** An engine with a bundled model, for all tests of a file. */
export function servedModel(options: ServeOptions = {}, folder = bundledModel): Served {
  let served: Served | undefined;
  const get = () => {
    if (!served) throw new Error("the server has not begun yet");
    return served;
  };
  beforeAll(async () => {
    const { concurrency } = options;
    const engine = await createEngine(concurrency === undefined ? {} : { concurrency });
    await engine.load(folder, { id: "voices-dense", chatTemplate: voicesTemplate });
    const server = await startServer({ port: 0, ...options });
    server.use(engine);
    served = { engine, server, client: clientOf(server) };
  });
  afterAll(async () => {
    await served?.server.close();
    await served?.engine.dispose();
  });
  return {
    get engine() {
      return get().engine;
    },
    get server() {
      return get().server;
    },
    get client() {
      return get().client;
    },
  };
}

/** The figures of a server by name and labels, as `/metrics` gives them. */
export async function figuresOf({ url }: EngineServer): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ") + 1))]),
  );
}
