// A hub on the loopback interface, as far as loading a model asks of one: its description of a repository, its files,
// the large ones by a redirect to another origin, with ranges. A test says which requests it gets wrong, and how.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Files } from "../checkpoint-bytes.ts";

/** A request to the hub, or to where its large files are. */
export interface HubRequest {
  readonly method: string;
  /** `api`, `file` at the hub itself, or `cdn`. */
  readonly kind: "api" | "file" | "cdn";
  /** The file's name in the repository; empty for the description. */
  readonly file: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** What is done to a response: it answers itself and returns true, or changes the content and returns it. */
export type Misbehaviour = (
  one: HubRequest,
  content: Buffer,
  response: ServerResponse,
  request: IncomingMessage,
) => true | Buffer | undefined;

/** A hub that runs. */
export interface TestHub {
  readonly endpoint: string;
  /** The requests so far. */
  readonly seen: HubRequest[];
  /** The content of the repository; a change is another commit. */
  files: Files;
  misbehave: Misbehaviour | undefined;
  /** Requests that are answered. */
  open(): number;
  /** Goes off the network, and returns. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export const repository = "someone/tiny-model";

const hex = (algorithm: string, ...parts: readonly (Buffer | string)[]) => {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const isLarge = (file: string) => file.endsWith(".safetensors");

/** SHA-256 of a file's content. */
export const sha256 = (content: Uint8Array | string): string => hex("sha256", Buffer.from(content));

/** The commit of a repository with this content. */
export const commitOf = (files: Files): string =>
  hex("sha1", ...Object.entries(files).flatMap(([name, content]) => [name, Buffer.from(content)]));

/** The description of a repository with this content, as a hub gives it. */
export function description(files: Files): object {
  const siblings = Object.entries(files).map(([rfilename, content]) => {
    const bytes = Buffer.from(content);
    const blobId = hex("sha1", `blob ${bytes.length}\0`, bytes);
    const size = bytes.length;
    const lfs = { sha256: sha256(bytes), size, pointerSize: 130 };
    return { rfilename, size, blobId, ...(isLarge(rfilename) ? { lfs } : {}) };
  });
  return { id: repository, sha: commitOf(files), gated: false, cardData: { license: "mit" }, siblings };
}

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "*, authorization",
  "access-control-expose-headers": "ETag, Content-Range, X-Linked-Etag, X-Linked-Size, X-Error-Code",
};

/** Answers with content, or the range of it that is requested. */
export function answer(
  response: ServerResponse,
  content: Buffer,
  range: string | undefined,
  headers: Readonly<Record<string, string | number>>,
): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === undefined) {
    response.writeHead(200, { ...cors, ...headers, "content-length": content.length });
    return void response.end(content);
  }
  const begin = Number(first);
  const end = Math.min(last ? Number(last) + 1 : content.length, content.length);
  if (begin >= end) {
    return void response.writeHead(416, { ...cors, "content-range": `bytes */${content.length}` }).end();
  }
  const part = content.subarray(begin, end);
  const range206 = { "content-range": `bytes ${begin}-${end - 1}/${content.length}`, "content-length": part.length };
  response.writeHead(206, { ...cors, ...headers, ...range206 });
  response.end(part);
}

/** Starts a hub with one repository. */
export async function startHub(files: Files): Promise<TestHub> {
  const seen: HubRequest[] = [];
  let unfinished = 0;
  let origins: readonly string[] = [];

  function respond(kindOf: "hub" | "cdn", request: IncomingMessage, response: ServerResponse): void {
    unfinished++;
    response.on("close", () => unfinished--);
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    if (request.method === "OPTIONS") return void response.writeHead(204, cors).end();
    const [, file = ""] = /\/(?:resolve|cdn)\/[^/]+\/(.*)$/.exec(path) ?? [];
    const one: HubRequest = {
      method: request.method ?? "",
      kind: kindOf === "cdn" ? "cdn" : path.startsWith("/api/") ? "api" : "file",
      file,
      range: request.headers.range,
      authorization: request.headers.authorization,
    };
    seen.push(one);
    const isApi = one.kind === "api";
    if (!path.includes(`/${repository}/`) && kindOf === "hub") {
      const missing = { ...cors, "x-error-code": "RepoNotFound" };
      return void response.writeHead(one.authorization ? 404 : 401, missing).end("Repository not found");
    }
    const stored = isApi ? JSON.stringify(description(hub.files)) : hub.files[file];
    let content: Buffer = Buffer.from(stored ?? "");
    const made = hub.misbehave?.(one, content, response, request);
    if (made === true) return;
    if (stored === undefined) return void response.writeHead(404, { ...cors, "x-error-code": "EntryNotFound" }).end();
    const [digest, size] = [sha256(content), content.length];
    content = made ?? content;
    if (isApi) {
      response.writeHead(200, { ...cors, "content-type": "application/json", "content-length": content.length });
      return void response.end(content);
    }
    if (one.kind === "file" && isLarge(file)) {
      const location = `${origins[1]}/cdn/${commitOf(hub.files)}/${encodeURIComponent(file)}`;
      const linked = { "x-linked-etag": `"${digest}"`, "x-linked-size": size };
      return void response.writeHead(302, { ...cors, ...linked, location }).end();
    }
    answer(response, content, one.range, { etag: `"${one.kind === "cdn" ? "of the cdn" : digest.slice(0, 40)}"` });
  }

  const servers = (["hub", "cdn"] as const).map((kind) => ({ kind, server: listening(kind) }));
  function listening(kind: "hub" | "cdn") {
    return createServer((request, response) => respond(kind, request, response));
  }
  const ports = new Map<string, number>();
  const start = async () => {
    for (const { kind, server } of servers) {
      await new Promise<void>((resolve) => server.listen(ports.get(kind) ?? 0, "127.0.0.1", resolve));
      ports.set(kind, (server.address() as AddressInfo).port);
    }
    origins = servers.map(({ kind }) => `http://127.0.0.1:${ports.get(kind)}`);
  };
  const stop = async () => {
    for (const { server } of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };
  const hub: TestHub = {
    get endpoint() {
      return origins[0] ?? "";
    },
    seen,
    files,
    misbehave: undefined,
    open: () => unfinished,
    start,
    stop,
    close: stop,
  };
  await start();
  return hub;
}
