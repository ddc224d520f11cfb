import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";

/** The content of a web server: texts by path, and folders by path prefix. */
export interface Site {
  readonly texts?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, string>>;
  /** Headers of every response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Maximum bytes of a file sent per second, as over a network. */
  readonly pace?: number;
  /** Default: a free port. */
  readonly port?: number;
}

/** A web server on the loopback interface. */
export interface WebServer {
  readonly origin: string;
  /** Number of range requests so far. */
  readonly ranges: string[];
  /** Bytes of bodies sent, by path. */
  readonly sent: Map<string, number>;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
  ".json": "application/json",
  ".css": "text/css; charset=utf-8",
};

/** A built file with a hash of its content in its name: browsers may keep it. */
const hashed = /\/assets\/[^/]+-[\w-]{8}\.\w+$/;

/** Milliseconds between two parts of a throttled file. */
const tick = 20;

async function* paced(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const part of parts) {
    yield part;
    await new Promise((resolve) => setTimeout(resolve, tick));
  }
}

/** Serves a site, with byte ranges for the files in its folders (RFC 9110, section 14). */
export async function serveSite({
  texts = {},
  folders = {},
  headers = {},
  pace,
  port: wanted = 0,
}: Site): Promise<WebServer> {
  const ranges: string[] = [];
  const sent = new Map<string, number>();
  const count = (path: string, bytes: number) => sent.set(path, (sent.get(path) ?? 0) + bytes);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const type = types[extname(path) || ".html"] ?? "application/octet-stream";
    const text = texts[path];
    const kept = hashed.test(path) ? { "cache-control": "max-age=600" } : {};
    const head = { ...headers, ...kept, "content-type": type };
    if (text !== undefined) {
      count(path, Buffer.byteLength(text));
      return void response.writeHead(200, head).end(text);
    }
    const prefix = Object.keys(folders).find((start) => path.startsWith(start));
    const file = prefix && join(folders[prefix] ?? "", normalize(`/${path.slice(prefix.length)}`));
    const found = file ? await stat(file).catch(() => undefined) : undefined;
    if (!file || !found?.isFile()) return void response.writeHead(404, headers).end();
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const first = Number(from ?? 0);
    const last = Math.min(to ? Number(to) : found.size - 1, found.size - 1);
    const length = { "content-length": Math.max(0, last - first + 1) };
    if (from === undefined) response.writeHead(200, { ...head, ...length });
    else {
      ranges.push(`${path} ${request.headers.range}`);
      response.writeHead(206, { ...head, ...length, "content-range": `bytes ${first}-${last}/${found.size}` });
    }
    if (request.method === "HEAD" || last < first) return void response.end();
    const part = pace === undefined ? undefined : Math.max(1, Math.round((pace * tick) / 1000));
    const stream = createReadStream(file, { start: first, end: last, ...(part ? { highWaterMark: part } : {}) });
    stream.on("data", (chunk) => count(path, chunk.length));
    // the client may have disconnected
    await (part === undefined ? pipeline(stream, response) : pipeline(stream, paced, response)).catch(() => {});
  };
  const server = createServer((request, response) => void answer(request, response));
  server.keepAliveTimeout = 0; // a connection that ends while a browser sends its next request fails that request
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject); // the port is in use
    server.listen(wanted, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${port}`, ranges, sent, close };
}
