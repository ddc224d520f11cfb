import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import { openUrl } from "../../src/formats/http/url.ts";
import { readJson } from "../../src/formats/read-text.ts";
import { openWeights } from "../../src/formats/weights.ts";
import { type Files, formatErrorOf, numbered, safetensors } from "./checkpoint-bytes.ts";
import { serve, withoutRanges, withRanges } from "./loopback-server.ts";

const same = (a: Uint8Array | undefined, b: Uint8Array) => a !== undefined && Buffer.compare(a, b) === 0;
const big = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 0xff);
const files: Files = { "a.bin": big, empty: "", "sub/b é.json": '{"a": 1}' };

describe("a server with ranges", () => {
  test("is asked for the bytes needed and no more", async () => {
    const { base, seen } = await serve(withRanges(files));
    const source = openUrl(base);
    expect(source.name).toBe(base);
    expect(await source.size("a.bin")).toBe(300_000);
    expect(same(await source.read("a.bin", 100_000, 200_000), big.slice(100_000, 200_000))).toBe(true);
    expect(await source.read("a.bin", 299_999, 300_000)).toEqual(big.slice(-1));
    expect(await source.has("a.bin")).toBe(true);
    expect(seen.map(({ range }) => range)).toEqual(["bytes=0-0", "bytes=100000-199999", "bytes=299999-299999"]);
  });

  test("names are encoded, queries kept, the closing slash optional", async () => {
    const { base, seen } = await serve(withRanges(files));
    expect(await readJson(openUrl(`${base}/?token=1`), "sub/b é.json")).toEqual({ a: 1 });
    expect(new Set(seen.map(({ url }) => url))).toEqual(new Set(["/models/tiny/sub/b%20%C3%A9.json?token=1"]));
  });

  test("has empty files too", async () => {
    const { base } = await serve(withRanges(files));
    const source = openUrl(base);
    expect(await source.has("empty")).toBe(true);
    expect(await source.size("empty")).toBe(0);
    expect(await source.read("empty", 0, 0)).toEqual(new Uint8Array(0));
  });

  test("serves a model as a folder does", async () => {
    const model = safetensors({ t: { dtype: "F16", shape: [5], bytes: numbered(10) } }, 1);
    const { base } = await serve(withRanges({ "model.safetensors": model }));
    const weights = await openWeights(openUrl(base));
    const pieces: number[] = [];
    for await (const { bytes } of weights.stream(weights.get("t", [5]), 4)) pieces.push(...bytes);
    expect(pieces).toEqual([...numbered(10)]);
  });

  test("whose total is hidden is asked for the length", async () => {
    const inner = withRanges(files);
    const { base, seen } = await serve((request, response, one) => {
      const writeHead = response.writeHead.bind(response) as (status: number, headers?: object) => ServerResponse;
      response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
        const { "content-range": _, ...rest } = headers;
        return writeHead(status, rest);
      }) as typeof response.writeHead;
      inner(request, response, one);
    });
    const source = openUrl(base);
    expect(await source.size("a.bin")).toBe(300_000);
    expect(await source.read("a.bin", 5, 10)).toEqual(big.slice(5, 10));
    expect(seen.map(({ method }) => method)).toEqual(["GET", "HEAD", "GET"]);
  });

  test("may redirect", async () => {
    const inner = withRanges(files);
    const { base } = await serve((request, response, one) => {
      if (one.url.startsWith("/models/")) return void response.writeHead(302, { location: `/cdn${one.url}` }).end();
      inner(request, response, { ...one, url: one.url.replace("/cdn", "") });
    });
    expect(await openUrl(base).read("a.bin", 7, 9)).toEqual(big.slice(7, 9));
  });

  test("ranges outside the file are refused before they are asked for", async () => {
    const { base, seen } = await serve(withRanges(files));
    const error = await formatErrorOf(openUrl(base).read("a.bin", 5, 300_001));
    expect(error.message).toBe("a.bin: bytes 5 to 300001 were asked for, but the file has 300000 bytes");
    expect(seen).toHaveLength(1);
  });

  test("that sends another range, less or more than asked, is not believed", async () => {
    const answer = async (range: string, body: Uint8Array) => {
      const { base } = await serve((_, response, one) => {
        const probing = one.range === "bytes=0-0";
        response.writeHead(206, { "content-range": probing ? "bytes 0-0/100" : range });
        response.end(probing ? "x" : body);
      });
      return (await formatErrorOf(openUrl(base).read("a.bin", 10, 20))).message;
    };
    expect(await answer("bytes 0-9/100", numbered(10))).toBe(
      "a.bin: bytes 10 to 20 were asked for: the server answered with a range from byte 0",
    );
    expect(await answer("bytes 10-19/100", numbered(9))).toBe("a.bin: the server sent 9 bytes of bytes 10 to 20");
    expect(await answer("bytes 10-19/100", numbered(11))).toBe(
      "a.bin: bytes 10 to 20 were asked for: the server sent more",
    );
    expect(await answer("bytes 10-19/101", numbered(10))).toBe(
      "a.bin: has 101 bytes now, but had 100: it changed while it was read",
    );
  });

  test("that closes the connection in the middle of a body", async () => {
    const { base } = await serve((_, response, { range }) => {
      if (range === "bytes=0-0") return void response.writeHead(206, { "content-range": "bytes 0-0/100" }).end("x");
      response.writeHead(206, { "content-range": "bytes 10-19/100", "content-length": 10 });
      response.write("abc", () => response.destroy());
    });
    const error = await formatErrorOf(openUrl(base).read("a.bin", 10, 20));
    expect(error.message).toMatch(/^a\.bin: the connection ended after \d bytes of bytes 10 to 20: /);
  });
});

describe("a server without ranges", () => {
  test("is asked for a file's whole body once, however many ranges are read", async () => {
    const { base, seen } = await serve(withoutRanges(files));
    const source = openUrl(base);
    expect(await source.has("a.bin")).toBe(true);
    expect(await source.size("a.bin")).toBe(300_000);
    expect(seen).toHaveLength(1);
    const ranges = Array.from({ length: 20 }, (_, i) => [i * 10_000, i * 10_000 + 20_000] as const);
    const read = await Promise.all(ranges.map(([begin, end]) => source.read("a.bin", begin, end)));
    expect(ranges.filter(([begin, end], i) => !same(read[i], big.slice(begin, end)))).toEqual([]);
    expect(same(await source.read("a.bin", 0, 300_000), big)).toBe(true);
    expect(seen.map(({ range }) => range)).toEqual(["bytes=0-0", undefined]);
    expect(await source.size("empty")).toBe(0);
  });

  test("that tells no length, or the length of compressed bytes, is measured by its body", async () => {
    const chunked = await serve(withoutRanges(files, { "transfer-encoding": "chunked" }));
    expect(await openUrl(chunked.base).size("a.bin")).toBe(300_000);
    const text = JSON.stringify({ a: "x".repeat(10_000) });
    const zipped = await serve(withoutRanges({ "a.json": gzipSync(text) }, { "content-encoding": "gzip" }));
    expect(await readJson(openUrl(zipped.base), "a.json")).toEqual({ a: "x".repeat(10_000) });
  });

  test("whose length a page of another origin cannot trust is measured by its body", async () => {
    const text = JSON.stringify({ a: "x".repeat(10_000) });
    const { base } = await serve(withoutRanges({ "a.json": gzipSync(text) }, { "content-encoding": "gzip" }));
    const source = openUrl(base, {
      // What a browser shows of such an answer: the body decoded, the length encoded, the encoding hidden.
      fetch: async (url, init) => {
        const response = await fetch(url, init);
        const headers = { "content-length": response.headers.get("content-length") ?? "" };
        return Object.defineProperty(new Response(response.body, { headers }), "type", { value: "cors" });
      },
    });
    expect(await source.size("a.json")).toBe(text.length);
    expect(await readJson(source, "a.json")).toEqual({ a: "x".repeat(10_000) });
  });

  test("whose body is not as long as it says, or as it was", async () => {
    const answer = (body: string, length: number) =>
      new Response(body, { headers: { "content-length": String(length) } });
    const short = openUrl("http://localhost/m", { fetch: async () => answer("abc", 4) });
    expect((await formatErrorOf(short.read("a.bin", 0, 4))).message).toBe("a.bin: the server sent 3 of 4 bytes");
    let count = 0;
    const growing = openUrl("http://localhost/m", {
      fetch: async () => (count++ === 0 ? answer("abc", 3) : answer("abcd", 4)),
    });
    expect((await formatErrorOf(growing.read("a.bin", 0, 1))).message).toBe(
      "a.bin: has 4 bytes now, but had 3: it changed while it was read",
    );
  });

  test("that closes the connection early is asked again the next time", async () => {
    let broken = true;
    const inner = withoutRanges(files);
    const { base } = await serve((request, response, one) => {
      if (one.range !== undefined || !broken) return inner(request, response, one);
      broken = false;
      response.writeHead(200, { "content-length": 300_000 });
      response.write(big.subarray(0, 1000), () => response.destroy());
    });
    const source = openUrl(base);
    const error = await formatErrorOf(source.read("a.bin", 0, 300_000));
    expect(error.message).toMatch(/^a\.bin: the connection ended before the file did: /);
    expect(await source.read("a.bin", 0, 10)).toEqual(big.slice(0, 10));
  });

  test("that knew ranges at first", async () => {
    let count = 0;
    const { base, seen } = await serve((...all) => (count++ === 0 ? withRanges(files) : withoutRanges(files))(...all));
    const source = openUrl(base);
    expect(await source.read("a.bin", 10, 20)).toEqual(big.slice(10, 20));
    expect(await source.read("a.bin", 0, 10)).toEqual(big.slice(0, 10));
    expect(seen.length).toBeLessThanOrEqual(4);
  });
});

describe("what is not there", () => {
  test("404 and 410", async () => {
    for (const status of [404, 410]) {
      const { base } = await serve((_, response) => response.writeHead(status).end("none"));
      const source = openUrl(base);
      expect(await source.has("a.bin")).toBe(false);
      for (const call of [() => source.size("a.bin"), () => source.read("a.bin", 0, 1)]) {
        const error = await formatErrorOf(call());
        expect(error.message).toBe(`a.bin: there is no such file (HTTP ${status}) in ${base}`);
        expect(error.file).toBe("a.bin");
      }
      expect((await formatErrorOf(openWeights(source))).message).toBe(
        `${base}: holds no weights: looked for model.safetensors.index.json and model.safetensors`,
      );
    }
  });

  test("a page that a single-page server sends for whatever it lacks", async () => {
    const { base } = await serve((_, response) =>
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<!doctype html>"),
    );
    const source = openUrl(base);
    expect(await source.has("config.json")).toBe(false);
    expect((await formatErrorOf(readJson(source, "config.json"))).message).toBe(
      `config.json: there is no such file: the server answers with an HTML page in ${base}`,
    );
  });

  test("500 is an error and no absence, and is asked again", async () => {
    let status = 500;
    const { base } = await serve((request, response, one) => {
      if (status === 200) return withRanges(files)(request, response, one);
      response.writeHead(status).end("oh");
    });
    const source = openUrl(base);
    for (const call of [() => source.has("a.bin"), () => source.size("a.bin"), () => source.read("a.bin", 0, 1)]) {
      const error = await formatErrorOf(call());
      expect(error.message).toBe(`a.bin: the server answered HTTP 500 Internal Server Error for ${base}/a.bin`);
    }
    status = 200;
    expect(await source.read("a.bin", 0, 1)).toEqual(big.slice(0, 1));
    status = 503;
    expect((await formatErrorOf(source.read("a.bin", 0, 1))).message).toContain("a.bin: the server answered HTTP 503");
  });

  test("a server that does not answer", async () => {
    const { base } = await serve((request) => request.socket.destroy());
    const error = await formatErrorOf(openUrl(base).has("a.bin"));
    expect(error.message).toContain(`a.bin: could not be fetched from ${base}/a.bin: `);
  });

  test("addresses and names that are none", async () => {
    for (const bad of ["models/tiny", "file:///tmp", "nonsense:", ""]) {
      expect(() => openUrl(bad)).toThrow(`${bad}: is not an http or https address`);
    }
    const error = await formatErrorOf(openUrl("http://127.0.0.1:9/").has("../a.bin"));
    expect(error.message).toBe("../a.bin: is not a plain relative file name");
  });
});

test.each(["chrome-extension:", "moz-extension:", "safari-web-extension:"])(
  "pages read folders of a %s",
  async (scheme) => {
    const asked: string[] = [];
    // As Chromium has it: a range is cut out without a word, and a file that is not there is no answer.
    const answer = async (url: string, { headers }: RequestInit) => {
      asked.push(url);
      if (url.endsWith("none")) throw new TypeError("Failed to fetch");
      return new Response(headers ? "x" : "whole");
    };
    const own = `${scheme}//abcdef/models/tiny`;
    expect(() => openUrl(own)).toThrow(`${own}: is not an http or https address`); // in Node, whose fetch reads none
    for (const page of [`${scheme}//abcdef/pages/index.html`, "https://example.org/"]) {
      vi.stubGlobal("location", { href: page });
      expect(await openUrl(own, { fetch: answer }).read("a.bin", 0, 1)).toEqual(Uint8Array.of(0x77));
    }
    vi.stubGlobal("location", { href: `${scheme}//abcdef/pages/index.html` });
    const source = openUrl("../models/tiny", { fetch: answer });
    expect(await source.size("a.bin")).toBe(5);
    expect(await source.has("none")).toBe(false);
    expect((await formatErrorOf(source.size("none"))).message).toContain("none: there is no such file (HTTP 404)");
    expect(new Set(asked)).toEqual(new Set([`${own}/a.bin`, `${own}/none`]));
    expect(() => openUrl("file:///tmp")).toThrow("is not an http or https address");
    vi.unstubAllGlobals();
  },
);

test("a custom fetch replaces the global one", async () => {
  const asked: string[] = [];
  const source = openUrl("https://example.org/m", {
    fetch: async (url, init) => {
      asked.push(`${url} ${new Headers(init.headers).get("range")}`);
      return new Response("x", { status: 206, headers: { "content-range": "bytes 0-0/1" } });
    },
  });
  expect(await source.read("a.bin", 0, 1)).toEqual(Uint8Array.of(0x78));
  expect(asked).toEqual(["https://example.org/m/a.bin bytes=0-0", "https://example.org/m/a.bin bytes=0-0"]);
});
