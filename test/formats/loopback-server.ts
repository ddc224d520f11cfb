import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { Files } from "./checkpoint-bytes.ts";

/** A request, as the tests look at it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly range: string | undefined;
}

export type Handler = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void;

/** A server on the loopback interface; `seen` fills with the requests it gets, `open` is the number unfinished. */
export async function serve(handler: Handler): Promise<{ base: string; seen: Seen[]; open: () => number }> {
  const seen: Seen[] = [];
  let open = 0;
  const server = createServer((request, response) => {
    open++;
    response.on("close", () => open--);
    const one = { method: request.method ?? "", url: request.url ?? "", range: request.headers.range };
    seen.push(one);
    handler(request, response, one);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/tiny`, seen, open: () => open };
}

function bodyOf(files: Files, url: string): Buffer | undefined {
  const name = decodeURIComponent(new URL(url, "http://localhost").pathname).replace("/models/tiny/", "");
  const content = files[name];
  return content === undefined ? undefined : Buffer.from(content);
}

/** A server as the common ones are: ranges, 416 for the empty file, 404. */
export const withRanges =
  (files: Files): Handler =>
  (_, response, { url, range, method }) => {
    const body = bodyOf(files, url);
    if (!body) return void response.writeHead(404).end("none");
    const match = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    if (!match) {
      response.writeHead(200, { "content-length": body.length });
      return void response.end(method === "HEAD" ? undefined : body);
    }
    const [first, last] = [Number(match[1]), Math.min(Number(match[2]), body.length - 1)];
    if (first > last) return void response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    const part = body.subarray(first, last + 1);
    response.writeHead(206, {
      "content-range": `bytes ${first}-${last}/${body.length}`,
      "content-length": part.length,
    });
    response.end(part);
  };

/** A server that does not know ranges. */
export const withoutRanges =
  (files: Files, headers: Record<string, string> = {}): Handler =>
  (_, response, { url }) => {
    const body = bodyOf(files, url);
    if (!body) return void response.writeHead(404).end("none");
    response.writeHead(200, { ...headers, ...(headers["transfer-encoding"] ? {} : { "content-length": body.length }) });
    response.end(body);
  };
