// What a server does with requests before any engine: paths, methods, bodies, pages and hosts.
import { request as send } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { RequestError } from "../../../src/engine/request-error.ts";
import { FormatError } from "../../../src/formats/format-error.ts";
import { failureOf } from "../../../src/serve/failure.ts";
import { type EngineServer, startServer } from "../../../src/serve/server.ts";
import { TextError } from "../../../src/text/text-error.ts";

let server: EngineServer;
beforeAll(async () => {
  server = await startServer({ port: 0, bodyLimit: 1000, names: ["gpu-box"], origins: ["https://example.org"] });
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** Sends a request by Node's own client, which sends any header; fetch sets Host and Origin itself. */
function ask(path: string, { method = "GET", headers = {}, body = "" } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = send(`${server.url}${path}`, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

const errorOf = ({ text }: Answer) => JSON.parse(text).error as Record<"message" | "type" | "code" | "param", unknown>;
const post = (body: string, headers = {}) => ask("/v1/chat/completions", { method: "POST", headers, body });

test("before its model is there, requests get 503, and /health says why", async () => {
  const answer = await post("{}");
  expect(answer.status).toBe(503);
  expect(answer.headers["retry-after"]).toBe("2");
  expect(errorOf(answer)).toMatchObject({ code: "model_loading", type: "server_error", param: null });
  expect(await ask("/v1/models")).toMatchObject({ status: 503 });
  expect(await ask("/health")).toMatchObject({ status: 503, text: '{"status":"loading"}' });
});

test("paths and methods that there are not", async () => {
  const lost = await ask("/v1/images/generations", { method: "POST", body: "{}" });
  expect(lost.status).toBe(404);
  expect(errorOf(lost).message).toBe("there is no POST /v1/images/generations");
  const wrong = await ask("/v1/chat/completions");
  expect([wrong.status, wrong.headers["allow"]]).toEqual([405, "POST, OPTIONS"]);
  expect((await ask("/health?now", { method: "HEAD" })).status).toBe(503);
  expect((await ask("//[", { method: "POST" })).status).toBe(404);
});

test.each([
  ["{", 400, "invalid_json", /^the body is not JSON: /],
  ["", 400, "invalid_json", /^the body is not JSON: /],
  ["[1]", 400, "invalid_json", /not an object$/],
  ["null", 400, "invalid_json", /not an object$/],
  [`{"a": "${"x".repeat(1000)}"}`, 413, "request_too_large", /more than 1000 bytes/],
  ["[".repeat(999), 400, "invalid_json", /^the body is not JSON: /],
] as const)("a body that is refused: %.20s", async (body, status, code, message) => {
  for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatchObject({ code, message: expect.stringMatching(message) });
  }
});

test("a body that is not UTF-8, and one that is compressed", async () => {
  const latin = await new Promise<Answer["status"]>((resolve, reject) => {
    const request = send(`${server.url}/v1/completions`, { method: "POST" }, (response) => {
      resolve(response.statusCode ?? 0);
      response.resume();
    });
    request.on("error", reject);
    request.end(Buffer.from([0x7b, 0x22, 0xe9, 0x22, 0x3a, 0x31, 0x7d]));
  });
  expect(latin).toBe(400);
  expect((await post("{}", { "content-encoding": "gzip" })).status).toBe(415);
});

test("100 MB get 413, whether or not their length is stated, and the client sees it", async () => {
  const body = `{"messages": "${"x".repeat(100_000_000)}"}`;
  for (const headers of [{}, { "transfer-encoding": "chunked" }]) expect((await post(body, headers)).status).toBe(413);
});

test("a name of another site is refused, whatever it resolves to", async () => {
  const { port } = new URL(server.url);
  const under = (host: string) => ask("/health", { headers: { host } }).then(({ status }) => status);
  for (const host of ["localhost", `localhost:${port}`, `127.0.0.1:${port}`, "[::1]", "192.168.1.7:80", "GPU-box"]) {
    expect(await under(host)).toBe(503); // its answer while it loads
  }
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b", "user@localhost"]) {
    const answer = await ask("/health", { headers: { host } });
    expect(answer.status).toBe(403);
    expect(errorOf(answer)).toMatchObject({ code: "forbidden", type: "permission_error" });
  }
});

test("pages of other origins are refused, and those that are allowed may read the answer", async () => {
  const from = (origin: string) => ask("/health", { headers: { origin } });
  for (const origin of ["https://example.org", "http://localhost:5173", "http://127.0.0.1", "http://[::1]:3000"]) {
    const { status, headers } = await from(origin);
    expect([status, headers["access-control-allow-origin"], headers["vary"]]).toEqual([503, origin, "Origin"]);
  }
  for (const origin of [
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "file://",
    "https://example.org.evil",
  ]) {
    const { status, headers } = await from(origin);
    expect([status, headers["access-control-allow-origin"]]).toEqual([403, undefined]);
  }
});

test("a browser's question before a request", async () => {
  const headers = {
    origin: "https://example.org",
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,x-stainless-os",
  };
  const allowed = await ask("/v1/chat/completions", { method: "OPTIONS", headers });
  expect(allowed.status).toBe(204);
  expect(allowed.headers).toMatchObject({
    "access-control-allow-origin": "https://example.org",
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "authorization,x-stainless-os",
  });
  const foreign = { ...headers, origin: "https://evil.example" };
  const refused = await ask("/v1/chat/completions", { method: "OPTIONS", headers: foreign });
  expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([403, undefined]);
});

/** Sends bytes as they are, and gives all that comes back until the connection is closed. */
function raw(bytes: string): Promise<string> {
  const { port, hostname } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", reject).on("close", () => resolve(text));
  });
}

test("what is not HTTP gets an answer, and its connection is closed", async () => {
  const bad = await raw("HELLO\r\n\r\n");
  expect(bad).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
  expect(JSON.parse(bad.slice(bad.indexOf("\r\n\r\n"))).error.code).toBe("bad_http");
  expect(await raw(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${"x".repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  expect(await raw("GET / HTTP/1.1\r\nconnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 400 /); // no Host
});

test("of two Host headers neither counts", async () => {
  for (const hosts of ["host: localhost\r\nhost: evil.example", "host: localhost\r\nHost: localhost"]) {
    const answer = await raw(`GET /health HTTP/1.1\r\n${hosts}\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain("the request has 2 Host headers, expected one");
  }
});

test.each<[string, unknown, string]>([
  ["a model", new TextError("/srv/models/sea has no chat template"), "sea has no chat template"],
  ["its draft", new TextError("/srv/models/sea-small: no"), "its draft model: no"],
  ["a file", new FormatError("/srv/models/other/config.json", "is no JSON"), "…/config.json: is no JSON"],
  ["of Node", new Error("ENOENT: no such file or directory, open '/srv/a b/c.json'"), "open '…/c.json'"],
  ["of Windows", new Error("cannot open C:\\models\\sea\\x.bin"), "cannot open …\\x.bin"],
  ["an address", new Error("see https://example.org/a/b for more"), "see https://example.org/a/b for more"],
  ["a request's own", new RequestError('the model "/a/b/c" is not loaded'), 'the model "/a/b/c" is not loaded'],
  ["of a module", new RequestError("no x: /srv/app/y.js", { cause: new Error("") }), "no x: …/y.js"],
])("errors show no path of the server: %s", (_, error, shown) => {
  const names = new Map([
    ["/srv/models/sea-small", "its draft model"],
    ["/srv/models/sea", "sea"],
  ]);
  expect(failureOf(error, names).body.error.message).toContain(shown);
});

test("figures are in Prometheus' form, with a line for each path and status", async () => {
  const { text, headers } = await ask("/metrics");
  expect(headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = text.split("\n").filter((line) => line !== "");
  const sample = /^[a-z_]+(\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\})? -?\d+(\.\d+)?(e-?\d+)?$/;
  expect(lines.filter((line) => !/^# (HELP|TYPE) [a-z_]+ \S/.test(line) && !sample.test(line))).toEqual([]);
  expect(text).toMatch(/^shaderformer_requests_total\{path="\/health",status="403"\} \d+$/m);
  expect(text).toMatch(/^shaderformer_requests_total\{path="\/v1\/chat\/completions",status="413"\} \d+$/m);
  expect(text).toMatch(/^shaderformer_requests_waiting 0$/m);
  expect(text).toMatch(/^shaderformer_request_seconds_bucket\{le="\+Inf"\} (\d+)$/m);
});

test("a second server on the same port is an error, and options are checked", async () => {
  await expect(startServer({ port: Number(new URL(server.url).port) })).rejects.toThrow(/EADDRINUSE/);
  await expect(startServer({ port: 70_000 })).rejects.toThrow(/port is 70000, expected an integer from 0 to 65535/);
});

test("closing ends connections that wait for nothing, and waits for no time to pass", async () => {
  const other = await startServer({ port: 0 });
  const { port, hostname } = new URL(other.url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.once("connect", resolve));
  const ended = new Promise((resolve) => socket.once("close", resolve));
  vi.useFakeTimers({ toFake: ["setTimeout", "setInterval"] }); // they never end
  onTestFinished(() => void vi.useRealTimers());
  await other.close();
  await ended;
  vi.useRealTimers();
  await expect(fetch(other.url)).rejects.toThrow();
});
