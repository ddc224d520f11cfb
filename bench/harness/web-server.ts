import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** The content of a web server: texts by path, and folders by path prefix. */
export interface Site {
  readonly texts?: Readonly<Record<string, string>>;
  readonly folders?: Readonly<Record<string, string>>;
  /** Default: a free port. */
  readonly port?: number;
}

/** A web server on the loopback interface. */
export interface WebServer {
  readonly origin: string;
  /** Number of range requests so far. */
  readonly ranges: string[];
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

/** Serves a site, with byte ranges for the files in its folders (RFC 9110, section 14). */
export async function serveSite({ texts = {}, folders = {}, port: wanted = 0 }: Site): Promise<WebServer> {
  const ranges: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const type = types[extname(path) || ".html"] ?? "application/octet-stream";
    const text = texts[path];
    if (text !== undefined) return void response.writeHead(200, { "content-type": type }).end(text);
    const prefix = Object.keys(folders).find((start) => path.startsWith(start));
    const file = prefix && join(folders[prefix] ?? "", normalize(`/${path.slice(prefix.length)}`));
    if (!file || !(await stat(file).catch(() => undefined))?.isFile()) return void response.writeHead(404).end();
    const body = await readFile(file);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    if (from === undefined) return void response.writeHead(200, { "content-type": type }).end(body);
    ranges.push(`${path} ${request.headers.range}`);
    const last = Math.min(to ? Number(to) : body.length - 1, body.length - 1);
    response.writeHead(206, { "content-type": type, "content-range": `bytes ${from}-${last}/${body.length}` });
    response.end(body.subarray(Number(from), last + 1));
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject); // the port is in use
    server.listen(wanted, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { origin: `http://127.0.0.1:${port}`, ranges, close };
}
