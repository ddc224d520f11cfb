import type { IncomingMessage } from "node:http";
import type { Engine } from "../engine/engine.ts";
import type { Admission } from "./admission.ts";
import { readJson } from "./body.ts";
import { classify, rerank } from "./classifiers.ts";
import { answer, type Create } from "./completion.ts";
import { type Exchange, sendJson } from "./exchange.ts";
import { refusal } from "./failure.ts";
import type { Figures } from "./figures.ts";
import type { ResolvedServeOptions } from "./options.ts";

/** Whether a server can answer: it loads its model, answers, takes a new device after a loss, or closes. */
export type ServerState = "loading" | "ok" | "restoring" | "closing";

/** What requests share. */
export interface Resources {
  readonly options: ResolvedServeOptions;
  /** Of requests, computed and waiting. */
  readonly admission: Admission;
  /** Of bytes of bodies. */
  readonly bodies: Admission;
  readonly figures: Figures;
  state: ServerState;
  engine: Engine | undefined;
}

/** What answers the requests to a path. */
export interface Route {
  /** In the figures. */
  readonly name: string;
  readonly method: "GET" | "POST";
  run(exchange: Exchange, resources: Resources): Promise<void>;
}

/** A function of the engine in OpenAI's shape. */
const create = (part: { readonly create: unknown }) => part.create as Create;

/** The requests that compute, by the functions that answer them: OpenAI's, and those for heads of encoders. */
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
  response.writeHead(200, { ...headers, "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  response.end(figures.text());
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

/** The path of a request, without what follows `?`. */
export const pathOf = (request: IncomingMessage): string => request.url?.split("?", 1)[0] ?? "/";

/** What answers the requests to a path. */
export function routeOf(path: string): Route | undefined {
  return routes.get(path) ?? (path.startsWith("/v1/models/") ? model : undefined);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // the id of no model
  }
}
