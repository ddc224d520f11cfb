// A web server of models for pages of another origin: folders with files of the test's own in place of some, at a pace.

import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A model: a folder, and texts in place of its files. */
export interface ServedModel {
  readonly folder: string;
  readonly texts?: Readonly<Record<string, string>>;
  /** Bytes a second at most. */
  readonly pace?: number;
}

/** The server; its address ends with a slash, and the names of models follow. */
export interface ModelsServer {
  readonly address: string;
  /** Methods and paths that were asked for, with the range where there was one. */
  readonly asked: string[];
  /** True from now on refuses every request, as a network does that is down. */
  down: boolean;
  close(): Promise<void>;
}

/** Milliseconds between two parts of a body that is sent at a pace. */
const tick = 20;

export async function serveModels(models: Readonly<Record<string, ServedModel>>): Promise<ModelsServer> {
  const asked: string[] = [];
  const state = { down: false };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const [, name = "", file = ""] = decodeURIComponent(pathname).split("/");
    asked.push([request.method, pathname, request.headers.range].filter(Boolean).join(" "));
    if (state.down) return void request.socket.destroy();
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    response.setHeader("access-control-expose-headers", "*");
    if (request.method === "OPTIONS") return void response.writeHead(204).end();
    const model = models[name];
    const body = model?.texts?.[file] ?? (model && (await readFile(join(model.folder, file)).catch(() => undefined)));
    if (!model || body === undefined) return void response.writeHead(404).end();
    const bytes = Buffer.from(body);
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const start = Number(from ?? 0);
    const end = Math.min(to ? Number(to) + 1 : bytes.length, bytes.length);
    const head = { "content-length": end - start, "accept-ranges": "bytes", etag: '"1"' };
    if (from === undefined) response.writeHead(200, head);
    else response.writeHead(206, { ...head, "content-range": `bytes ${start}-${end - 1}/${bytes.length}` });
    if (request.method === "HEAD") return void response.end();
    await send(response, bytes.subarray(start, end), model.pace);
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(state, {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

async function send(response: ServerResponse, bytes: Buffer, pace = Number.POSITIVE_INFINITY): Promise<void> {
  const part = (pace * tick) / 1000;
  for (let at = 0; at < bytes.length && !response.destroyed; at += part) {
    response.write(bytes.subarray(at, at + part));
    if (at + part < bytes.length) await new Promise((resolve) => setTimeout(resolve, tick));
  }
  response.end();
}
