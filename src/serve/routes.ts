import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "../engine/engine.ts";
import type { Usage } from "../engine/openai/types.ts";
import type { Admission } from "./admission.ts";
import { readJson } from "./body.ts";
import { classify, rerank } from "./classifiers.ts";
import { type Exchange, sendJson } from "./exchange.ts";
import { refusal } from "./failure.ts";
import type { Figures } from "./figures.ts";
import type { ResolvedServeOptions } from "./options.ts";

/** Milliseconds during which an error still gets a status, before the response begins without a first part. */
const patience = 5_000;

/** Milliseconds between keep-alive lines: less than the 30 to 60 s that proxies wait. */
const pulse = 15_000;

/** A request's body, checked by the engine. */
type Body = Readonly<Record<string, unknown>>;

/** The fields of an answer's part that the server reads. */
interface Part {
  readonly choices: readonly unknown[];
  readonly usage?: Usage | null;
}

/** Answers a request: a value, or with `stream` its parts. */
type Create = (request: Body, options: { readonly signal: AbortSignal }) => Promise<object>;

function count(figures: Figures, usage: Partial<Usage> | null | undefined): void {
  const { promptTokens, generatedTokens, draftTokens, acceptedTokens } = figures;
  const { accepted_prediction_tokens: accepted = 0, rejected_prediction_tokens: rejected = 0 } =
    usage?.completion_tokens_details ?? {};
  draftTokens.inc(accepted + rejected);
  acceptedTokens.inc(accepted);
  promptTokens.inc(usage?.prompt_tokens ?? 0);
  generatedTokens.inc(usage?.completion_tokens ?? 0);
}

/** A stream request that ends with its token counts, for the figures; `asked` if it already did. */
function withUsage(body: Body): { readonly request: Body; readonly asked: boolean } {
  const options = body["stream_options"] ?? {};
  if (typeof options !== "object" || Array.isArray(options)) return { request: body, asked: true }; // refused later
  const { include_usage: asked } = options as { readonly include_usage?: unknown };
  if (asked !== undefined && asked !== false) return { request: body, asked: true };
  return { request: { ...body, stream_options: { ...options, include_usage: true } }, asked: false };
}

/** Answers a request with the engine's result: JSON, or events as they arrive. */
async function answer(exchange: Exchange, figures: Figures, body: Body, create: Create): Promise<void> {
  const { signal } = exchange;
  if (body["stream"] === true) {
    const { request, asked } = withUsage(body);
    await sendParts(exchange, figures, create(request, { signal }) as Promise<AsyncIterable<Part>>, asked);
    return;
  }
  const made = await create(body, { signal });
  signal.throwIfAborted();
  count(figures, (made as { readonly usage?: Usage }).usage);
  sendJson(exchange, made);
}

async function sendParts(
  { response, headers, signal, began }: Exchange,
  figures: Figures,
  making: Promise<AsyncIterable<Part>>,
  showUsage: boolean,
): Promise<void> {
  let events: EventStream | undefined;
  const begin = () => {
    events ??= openEvents(response, headers);
    return events;
  };
  const beginning = setTimeout(begin, patience);
  const heart = setInterval(() => {
    if (events && !response.writableNeedDrain) events.keepAlive();
  }, pulse);
  try {
    let first = true;
    for await (const part of await making) {
      if (first) figures.firstPart.observe((performance.now() - began) / 1000);
      first = false;
      const { usage, ...rest } = part;
      count(figures, usage);
      if (showUsage) await begin().send(part, signal);
      else if (part.choices.length > 0) await begin().send(rest, signal);
      heart.refresh();
    }
    signal.throwIfAborted();
    begin().end();
  } finally {
    clearTimeout(beginning);
    clearInterval(heart);
  }
}

/** An answer of server-sent events (HTML standard, section 9.2). */
interface EventStream {
  /** Sends a value as the data of an event, and waits while the reader is slow. `signal` ends the wait. */
  send(value: unknown, signal: AbortSignal): Promise<void>;
  /** Sends a line that readers ignore, so that proxies keep the connection. */
  keepAlive(): void;
  /** Sends the mark that ends a stream of OpenAI's interface. */
  end(): void;
}

/** Begins a response of events. */
function openEvents(response: ServerResponse, headers: Readonly<Record<string, string>>): EventStream {
  response.writeHead(200, {
    ...headers,
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no", // nginx would buffer the events
  });
  response.flushHeaders();
  return {
    async send(value, signal) {
      signal.throwIfAborted();
      // Written data stays in memory until the reader takes it, so the next event waits for that.
      if (!response.write(`data: ${JSON.stringify(value)}\n\n`)) await once(response, "drain", { signal });
    },
    keepAlive: () => void response.write(": waiting\n\n"),
    end: () => void response.end("data: [DONE]\n\n"),
  };
}

/** The state of a server: loading its model, answering, recovering from device loss, or closing. */
type ServerState = "loading" | "ok" | "restoring" | "closing";

/** Resources shared by requests. */
export interface Resources {
  readonly options: ResolvedServeOptions;
  /** Limit of requests, running and waiting. */
  readonly admission: Admission;
  /** Limit of bytes of bodies. */
  readonly bodies: Admission;
  readonly figures: Figures;
  state: ServerState;
  engine: Engine | undefined;
}

/** The handler of a path. */
interface Route {
  /** Label in the figures. */
  readonly name: string;
  readonly method: "GET" | "POST";
  run(exchange: Exchange, resources: Resources): Promise<void>;
}

/** A function of the engine in OpenAI's shape. */
const create = (part: { readonly create: unknown }) => part.create as Create;

/** The requests that compute, with their functions: OpenAI's, and those for heads of encoders. */
const computing: Readonly<Record<string, (engine: Engine) => Create>> = {
  "/v1/chat/completions": (engine) => create(engine.chat.completions),
  "/v1/completions": (engine) => create(engine.completions),
  "/v1/embeddings": (engine) => create(engine.embeddings),
};
for (const prefix of ["", "/v1"]) {
  Object.assign(computing, {
    [`${prefix}/rerank`]:
      (engine: Engine): Create =>
      (request, options) =>
        rerank(engine, request, options),
    [`${prefix}/classify`]:
      (engine: Engine): Create =>
      (request, options) =>
        classify(engine, request, options),
  });
}

function engineOf({ engine, state }: Resources): Engine {
  if (state === "closing") throw refusal(503, "shutting_down", "the server is shutting down");
  if (!engine) throw refusal(503, "model_loading", "the model is still loading; try again in a moment");
  return engine;
}

const routes = new Map<string, Route>();

for (const [path, part] of Object.entries(computing)) {
  routes.set(path, {
    name: path,
    method: "POST",
    async run(exchange, resources) {
      const { options, bodies, admission, figures } = resources;
      const body = await readJson(exchange.request, options.bodyLimit, bodies);
      const answers = part(engineOf(resources));
      using place = admission.enter();
      if (!place) {
        const most = `${options.concurrency} requests are computed and ${options.queue} wait`;
        throw refusal(429, "queue_full", `${most}, the most that this server takes on; try again in a moment`);
      }
      await answer(exchange, figures, body, answers);
    },
  });
}

const get = (path: string, run: Route["run"]) => routes.set(path, { name: path, method: "GET", run });

get("/v1/models", async (exchange, resources) => {
  const { object, data } = await engineOf(resources).models.list();
  sendJson(exchange, { object, data });
});

get("/health", async (exchange, { state }) => {
  sendJson(exchange, { status: state }, state === "ok" ? 200 : 503);
});

get("/metrics", async ({ response, headers }, { figures }) => {
  const text = await figures.registry.metrics();
  response.writeHead(200, { ...headers, "content-type": figures.registry.contentType });
  response.end(text);
});

get("/", async (exchange) => {
  sendJson(exchange, { name: "shaderformer", paths: [...routes.keys()] });
});

const model: Route = {
  name: "/v1/models/{id}",
  method: "GET",
  async run(exchange, resources) {
    const id = decoded(pathOf(exchange.request).slice("/v1/models/".length));
    sendJson(exchange, await engineOf(resources).models.retrieve(id));
  },
};

/** The path of a request, without the query. */
export const pathOf = (request: IncomingMessage): string => request.url?.split("?", 1)[0] ?? "/";

/** The handler of a path. */
export function routeOf(path: string): Route | undefined {
  return routes.get(path) ?? (path.startsWith("/v1/models/") ? model : undefined);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not a model's id
  }
}
