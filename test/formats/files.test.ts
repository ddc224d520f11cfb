import { describe, expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import { openUrl } from "../../src/formats/http/url.ts";
import { openModel } from "../../src/formats/hub/open-model.ts";
import { readJson } from "../../src/formats/read-text.ts";
import { formatErrorOf, numbered, temporaryFolder } from "./checkpoint-bytes.ts";

describe("files by name", () => {
  test("are Blobs, or blob: addresses", async () => {
    const address = URL.createObjectURL(new Blob(["[1]"]));
    const source = openFiles({ "a.bin": new Blob([numbered(100)]), "b.json": address, "c.json": new URL(address) });
    expect(await source.has("a.bin")).toBe(true);
    expect(await source.has("toString")).toBe(false);
    expect(await source.size("a.bin")).toBe(100);
    expect(await source.read("a.bin", 10, 20)).toEqual(numbered(10, 11));
    expect(await readJson(source, "b.json")).toEqual([1]);
    URL.revokeObjectURL(address);
    expect(await readJson(source, "b.json")).toEqual([1]); // it was fetched already
    expect((await formatErrorOf(readJson(source, "c.json"))).message).toMatch(
      /^c\.json: could not be fetched from blob:/,
    );
  });

  test("that are missing, or none, are named", async () => {
    const source = openFiles({ "a.bin": new Blob([numbered(10)]) }, "what was dropped");
    for (const call of [() => source.size("b.bin"), () => source.read("constructor", 0, 1)]) {
      expect((await formatErrorOf(call())).message).toMatch(/: there is no such file in what was dropped$/);
    }
    expect((await formatErrorOf(source.read("a.bin", 5, 11))).message).toMatch(/but the file has 10 bytes$/);
    for (const bad of ["https://example.org/a.bin", null, 5]) {
      const files = { "a.bin": bad as unknown as Blob };
      expect(() => openFiles(files)).toThrow(
        "openFiles: files is an object, expected a.bin in it to be a Blob or a blob: address",
      );
    }
    expect(() => openFiles(null as unknown as Record<string, Blob>)).toThrow("openFiles: files is null");
  });
});

describe("what a name names", () => {
  test("a path, a file: address, an http address or a source", async () => {
    const folder = await temporaryFolder({ "a é.json": "{}" });
    expect((await openModel(folder)).name).toBe(folder);
    const address = new URL(`file://${folder}`);
    for (const from of [address, address.href]) expect(await readJson(await openModel(from), "a é.json")).toEqual({});
    for (const from of ["https://example.org/m", new URL("https://example.org/m")]) {
      expect((await openModel(from)).name).toBe("https://example.org/m");
    }
    const source = openUrl("http://example.org");
    expect(await openModel(source)).toBe(source);
    expect((await formatErrorOf(openModel("no such folder"))).message).toBe("no such folder: there is no such folder");
  });

  test("a blob: address is one file, and says how several make a folder", async () => {
    expect((await formatErrorOf(openModel("blob:http://example.org/1"))).message).toBe(
      "blob:http://example.org/1: is not an http or https address: a blob is one file, and openFiles makes a folder of several",
    );
  });
});
