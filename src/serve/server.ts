import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP, isIPv6, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Engine } from "../engine/engine.ts";
import type { RequestError } from "../engine/request-error.ts";
import { createAdmission } from "./admission.ts";
import { dropRest } from "./body.ts";
import { type Exchange, openExchange, sendFailure } from "./exchange.ts";
import { failureOf, refusal } from "./failure.ts";
import { createFigures } from "./figures.ts";
import { type ResolvedServeOptions, resolveServeOptions, type ServeOptions } from "./options.ts";
import { pathOf, type Resources, routeOf } from "./routes.ts";

/** A server of OpenAI's interface over HTTP. */
export interface EngineServer {
  /** Its address for a client on this machine. */
  readonly url: string;
  /** Answers requests with this engine; before, they get 503. */
  use(engine: Engine): void;
  /** Ends requests with 503 and closes all connections. */
  close(): Promise<void>;
}

/** Maximum bytes of all bodies being read or parsed. */
const bodyMemory = 64 << 20;
/** Milliseconds for the headers of a request, for all of it, and between two on one connection. */
const [headersTime, requestTime, idleTime] = [10_000, 60_000, 5_000];
/** Milliseconds that closing waits for responses to end. */
const closingTime = 5_000;

/** Headers of every response: it is data, only for the requesting page. */
const always = { "x-content-type-options": "nosniff", "cache-control": "no-store" };

/** Listens for requests. Throws an `OptionError` for wrong options, and Node's error if it cannot listen. */
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
      if (left) figures.hangUps.inc();
      figures.requests.inc({ path: route?.name ?? "other", status: left ? 499 : response.statusCode });
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
        if (type === "device-lost") figures.losses.inc();
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

/** Names for clients in place of the paths that models were loaded from. */
async function namesOf(engine: Engine | undefined): Promise<ReadonlyMap<string, string>> {
  const loaded = (await engine?.loaded().catch(() => [])) ?? [];
  const names = loaded.flatMap(({ id, name, draft }) => [
    [name, id] as const,
    [draft ?? "", "its draft model"] as const,
  ]);
  // Longer paths first: they may begin with a shorter one.
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

/** A host as written in an address; one that means all addresses is reached at this machine's own. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::" || host === "") return "127.0.0.1";
  return isIPv6(host) ? `[${host}]` : host;
}

/** Answers invalid HTTP requests, and those that arrive too slowly. */
function answerNoRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  // After a complete or partial response on this connection, another could be taken for part of it.
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

// Which clients and pages may use a server. A page of any site can send requests to a server on its visitor's machine:
// to its address, in which case the browser states the page's origin, or to a domain of the site that resolves to that
// address (DNS rebinding), in which case the browser sees one origin, but the Host header has the domain.

/** The host of a URL's authority or a Host header, without its port; undefined if invalid. */
function hostOf(authority: string): string | undefined {
  if (!/^[\w.\-:[\]]+$/.test(authority)) return undefined;
  try {
    return new URL(`http://${authority}`).hostname.toLowerCase().replace(/^\[|\]$/g, "");
  } catch {
    return undefined;
  }
}

const isLoopback = (host: string) => host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

/** Why a request is invalid HTTP: a proxy may choose another of several Host headers (RFC 9112, section 3.2). */
function severalHosts({ headersDistinct }: IncomingMessage): string | undefined {
  const count = headersDistinct["host"]?.length ?? 0;
  return count > 1 ? `the request has ${count} Host headers, expected one` : undefined;
}

/**
 * Why a request's Host header is refused; undefined if it names this server. An IP address cannot be rebound, so all
 * pass.
 */
function wrongHost(request: IncomingMessage, { host, names }: ResolvedServeOptions): string | undefined {
  const given = request.headers.host;
  if (given === undefined) return "the request has no Host header";
  const name = hostOf(given);
  if (name !== undefined && (isIP(name) > 0 || isLoopback(name))) return undefined;
  if (name !== undefined && [host, ...names].some((one) => one.toLowerCase() === name)) return undefined;
  return `the Host header is ${JSON.stringify(given.slice(0, 100))}, which is not a name of this server: start it with --allow-host if it is`;
}

/** Why a page's request is refused; undefined for requests of allowed pages and of programs, which send no Origin. */
function wrongOrigin(request: IncomingMessage, { origins }: ResolvedServeOptions): string | undefined {
  const { origin } = request.headers;
  if (origin === undefined || origins.includes("*") || origins.includes(origin)) return undefined;
  const host = hostOf(origin.replace(/^https?:\/\//, ""));
  if (/^https?:\/\//.test(origin) && host !== undefined && isLoopback(host)) return undefined;
  return `pages of ${JSON.stringify(origin.slice(0, 100))} may not use this server: start it with --allow-origin if they should`;
}

/** Headers that let the page of an allowed request read the response. */
function corsHeaders(request: IncomingMessage): Record<string, string> {
  const { origin } = request.headers;
  if (origin === undefined) return {};
  return { "access-control-allow-origin": origin, vary: "Origin", "access-control-expose-headers": "retry-after" };
}

/** Headers that answer a browser's preflight request. */
function preflightHeaders(request: IncomingMessage): Record<string, string> {
  const wanted = request.headers["access-control-request-headers"];
  return {
    ...corsHeaders(request),
    "access-control-allow-methods": "GET, POST",
    // Clients add other headers, which the server ignores.
    "access-control-allow-headers": typeof wanted === "string" ? wanted : "authorization, content-type",
    "access-control-max-age": "600",
    ...(request.headers["access-control-request-private-network"] === "true"
      ? { "access-control-allow-private-network": "true" }
      : {}),
  };
}
