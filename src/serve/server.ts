import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Engine } from "../engine/engine.ts";
import type { RequestError } from "../engine/request-error.ts";
import { corsHeaders, preflightHeaders, severalHosts, wrongHost, wrongOrigin } from "./access.ts";
import { createAdmission } from "./admission.ts";
import { dropRest } from "./body.ts";
import { type Exchange, openExchange, sendFailure } from "./exchange.ts";
import { failureOf, refusal } from "./failure.ts";
import { createFigures } from "./figures.ts";
import { resolveServeOptions, type ServeOptions } from "./options.ts";
import { pathOf, type Resources, routeOf } from "./routes.ts";

/** A server of OpenAI's interface over HTTP. */
export interface EngineServer {
  /** Where it listens, as a client on this machine addresses it. */
  readonly url: string;
  /** Answers requests with this engine; until then they get 503. */
  use(engine: Engine): void;
  /** Ends requests with 503 and closes all connections. */
  close(): Promise<void>;
}

/** Bytes of all bodies that are being read or parsed. */
const bodyMemory = 64 << 20;
/** Milliseconds for the headers of a request, for all of it, and between two on one connection. */
const [headersTime, requestTime, idleTime] = [10_000, 60_000, 5_000];
/** Milliseconds in which closing waits for answers to end. */
const closingTime = 5_000;

/** Headers of every answer: it is data, and for the page that asked. */
const always = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

/** Listens for requests. Throws an `OptionError` for wrong options, and Node's error where it cannot listen. */
export async function startServer(given: ServeOptions): Promise<EngineServer> {
  const options = resolveServeOptions(given);
  const admission = createAdmission(options.concurrency + options.queue);
  const figures = createFigures(() => admission.held, options.concurrency);
  const resources: Resources = {
    options,
    admission,
    figures,
    state: "loading",
    engine: undefined,
    bodies: createAdmission(Math.max(bodyMemory, options.bodyLimit)),
  };
  const exchanges = new Set<Exchange>();

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const several = severalHosts(request);
    const refused = several ?? wrongHost(request, options) ?? wrongOrigin(request, options);
    const headers = refused === undefined ? { ...always, ...corsHeaders(request) } : always;
    const exchange = openExchange(request, response, headers, options.timeLimit);
    exchanges.add(exchange);
    response.on("close", () => exchanges.delete(exchange));
    const path = pathOf(request);
    const route = routeOf(path);
    try {
      if (several !== undefined) throw refusal(400, "bad_http", several);
      if (refused !== undefined) throw refusal(403, "forbidden", refused);
      if (request.method === "OPTIONS") response.writeHead(204, { ...always, ...preflightHeaders(request) }).end();
      else if (!route) throw refusal(404, "unknown_path", `there is no ${request.method} ${path.slice(0, 100)}`);
      else if (request.method !== route.method && !(request.method === "HEAD" && route.method === "GET")) {
        response.setHeader("allow", `${route.method}, OPTIONS`);
        throw refusal(405, "method_not_allowed", `${path.slice(0, 100)} takes ${route.method}, not ${request.method}`);
      } else await route.run(exchange, resources);
    } catch (error) {
      sendFailure(exchange, error, await namesOf(resources.engine));
    } finally {
      if (!request.readableEnded) dropRest(request);
      const left = exchange.signal.aborted && (exchange.signal.reason as RequestError).status === 499;
      if (left) figures.hangUps.add(1);
      figures.requests.add(1, { path: route?.name ?? "other", status: left ? 499 : response.statusCode });
      figures.duration.observe((performance.now() - exchange.began) / 1000);
    }
  }

  const server = createServer({ headersTimeout: headersTime, requestTimeout: requestTime, keepAliveTimeout: idleTime });
  server.on("request", (request, response) => void handle(request, response));
  server.on("clientError", answerNoRequest);
  await listening(server, options.port, options.host);
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${reachable(options.host)}:${port}`,
    use(engine) {
      resources.engine = engine;
      resources.state = "ok";
      engine.onEvent(({ type }) => {
        if (type === "device-lost") figures.losses.add(1);
        if (type === "device-lost" && resources.state === "ok") resources.state = "restoring";
        if (type === "device-restored" && resources.state === "restoring") resources.state = "ok";
      });
    },
    async close() {
      resources.state = "closing";
      const closed = new Promise((resolve) => server.close(resolve));
      const answered = [...exchanges].map(({ response }) => once(response, "close"));
      for (const { end } of exchanges) end(refusal(503, "shutting_down", "the server is shutting down"));
      const late = setTimeout(() => server.closeAllConnections(), closingTime);
      await Promise.all(answered);
      server.closeAllConnections();
      await closed;
      clearTimeout(late);
    },
  };
}

/** What a client may read in place of the paths that models were loaded from. */
async function namesOf(engine: Engine | undefined): Promise<ReadonlyMap<string, string>> {
  const loaded = (await engine?.loaded().catch(() => [])) ?? [];
  const names = loaded.flatMap(({ id, name, draft }) => [
    [name, id] as const,
    [draft ?? "", "its draft model"] as const,
  ]);
  // A longer path may begin with a shorter one.
  return new Map(names.filter(([name]) => /[\\/]/.test(name)).sort(([a], [b]) => b.length - a.length));
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A host as it stands in an address; one that means all addresses is reached at this machine's own. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
}

/** Answers what is no request of HTTP, or came too slowly. */
function answerNoRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  // On a connection that has had an answer, or has one half written, another could be taken for part of it.
  if (!socket.writable || error.code === "ECONNRESET" || (socket as Socket).bytesWritten > 0)
    return void socket.destroy();
  const [status, line] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "431 Request Header Fields Too Large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "408 Request Timeout"]
        : [400, "400 Bad Request"];
  const body = JSON.stringify(
    failureOf(refusal(status, "bad_http", `the request is not valid HTTP: ${error.message}`)).body,
  );
  const head = ["content-type: application/json", `content-length: ${Buffer.byteLength(body)}`, "connection: close"];
  socket.end(`HTTP/1.1 ${line}\r\n${head.join("\r\n")}\r\n\r\n${body}`);
}
