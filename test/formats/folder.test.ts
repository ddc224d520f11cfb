import { existsSync } from "node:fs";
import { mkdir, symlink } from "node:fs/promises";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { openFolder } from "../../src/formats/folder.ts";
import { FormatError } from "../../src/formats/format-error.ts";
import { readJson, readText } from "../../src/formats/read-text.ts";
import { formatErrorOf, numbered, temporaryFolder } from "./checkpoint-bytes.ts";

describe("openFolder", () => {
  test("reads sizes and ranges", async () => {
    const path = await temporaryFolder({ "a.bin": numbered(100), "sub/b.bin": numbered(3), empty: "" });
    const source = await openFolder(path);
    expect(source.name).toBe(path);
    expect(await source.size("a.bin")).toBe(100);
    expect(await source.read("a.bin", 10, 20)).toEqual(numbered(10, 11));
    expect(await source.read("a.bin", 0, 100)).toEqual(numbered(100));
    expect(await source.read("sub/b.bin", 1, 3)).toEqual(numbered(2, 2));
    expect(await source.read("empty", 0, 0)).toEqual(new Uint8Array(0));
    expect(await source.has("a.bin")).toBe(true);
  });

  test("follows symbolic links, of which model caches consist", async () => {
    const path = await temporaryFolder({ "blobs/0123": numbered(5), "snapshot/config.json": "{}" });
    await symlink("../blobs/0123", `${path}/snapshot/model.bin`);
    const source = await openFolder(`${path}/snapshot`);
    expect(await source.read("model.bin", 0, 5)).toEqual(numbered(5));
  });

  test("a folder that is not there, or that is a file, is named", async () => {
    const path = await temporaryFolder({ "a.bin": numbered(1) });
    for (const [bad, problem] of [
      [`${path}/none`, "there is no such folder"],
      [`${path}/a.bin/none`, "there is no such folder"],
      [`${path}/a.bin`, "is a file, expected a folder"],
    ] as const) {
      const error = await formatErrorOf(openFolder(bad));
      expect(error.message).toBe(`${bad}: ${problem}`);
      expect(error.file).toBe(bad);
    }
  });

  test("a file that is not there, or that is a folder, is named with its folder", async () => {
    const path = await temporaryFolder({ "a.bin": numbered(1) });
    await mkdir(`${path}/sub`);
    const source = await openFolder(path);
    for (const file of ["none.json", "sub", "a.bin/none"]) {
      expect(await source.has(file)).toBe(false);
      for (const call of [() => source.size(file), () => source.read(file, 0, 0)]) {
        expect((await formatErrorOf(call())).message).toBe(`${file}: there is no such file in ${path}`);
      }
    }
  });

  test("ranges outside the file are refused", async () => {
    const source = await openFolder(await temporaryFolder({ "a.bin": numbered(10) }));
    for (const [begin, end] of [
      [0, 11],
      [-1, 2],
      [5, 4],
      [0.5, 2],
      [0, Number.NaN],
      [11, 11],
    ] as const) {
      const error = await formatErrorOf(source.read("a.bin", begin, end));
      expect(error.message).toBe(`a.bin: bytes ${begin} to ${end} were asked for, but the file has 10 bytes`);
    }
  });

  const shorter = "/sys/devices/system/cpu";
  test.skipIf(!existsSync(`${shorter}/online`))("a file that ends before its size says", async () => {
    const source = await openFolder(shorter);
    const size = await source.size("online");
    const error = await formatErrorOf(source.read("online", 0, size));
    expect(error.message).toMatch(new RegExp(`^online: ended at byte \\d+ while bytes 0 to ${size} were read$`));
  });

  test("names that lead out of the folder are refused", async () => {
    const path = await temporaryFolder({ "secret.txt": "x", "model/a.bin": "y" });
    const source = await openFolder(`${path}/model`);
    for (const file of [
      "../secret.txt",
      "/etc/passwd",
      "a/../../secret.txt",
      "..\\secret.txt",
      "c:x",
      "a\0b",
      "",
      "./a",
    ]) {
      for (const call of [() => source.has(file), () => source.size(file), () => source.read(file, 0, 1)]) {
        expect((await formatErrorOf(call())).message).toContain("is not a plain relative file name");
      }
    }
  });

  test("bundles for the browser without an import of Node's modules", async () => {
    const result = await build({
      entryPoints: ["src/formats/folder.ts"],
      bundle: true,
      format: "esm",
      platform: "browser",
      write: false,
      logLevel: "silent",
    });
    expect(result.warnings).toEqual([]);
    expect(result.outputFiles[0]?.text).not.toMatch(/import\s*\(|require\(|^import /m);
  });
});

describe("readText and readJson", () => {
  test("read UTF-8, with and without a byte order mark", async () => {
    const source = await openFolder(await temporaryFolder({ "a.json": '\ufeff{"é": "日本"}', "b.txt": "𝄞" }));
    expect(await readJson(source, "a.json")).toEqual({ é: "日本" });
    expect(await readText(source, "b.txt")).toBe("𝄞");
  });

  test.each([
    [[0x7b, 0xff, 0x7d], "byte 1 is wrong"],
    [[0x22, 0x61, 0xff], "byte 2 is wrong"],
    [[0x61, 0xe2, 0x82, 0x61], "byte 3 is wrong"],
    [[0x61, 0xe2, 0x82], "it ends inside a character"],
    [[0xed, 0xa0, 0x80], "byte 1 is wrong"],
  ])("%j is not UTF-8", async (bytes, where) => {
    const source = await openFolder(await temporaryFolder({ "config.json": Uint8Array.from(bytes) }));
    const error = await formatErrorOf(readJson(source, "config.json"));
    expect(error.message).toBe(`config.json: is not valid UTF-8: ${where}`);
  });

  test("a mistake in the JSON is reported with its position", async () => {
    const source = await openFolder(await temporaryFolder({ "config.json": '{\n  "hidden_size": 256,\n}' }));
    const error = await formatErrorOf(readJson(source, "config.json"));
    expect(error.message).toBe(
      'config.json: is not valid JSON at line 3, column 1: expected a key in double quotes, found "}"',
    );
    expect(error.file).toBe("config.json");
  });

  test("the size limit comes before the reading", async () => {
    const source = await openFolder(await temporaryFolder({ "a.txt": "12345" }));
    expect(await readText(source, "a.txt", { limit: 5 })).toBe("12345");
    const error = await formatErrorOf(readText(source, "a.txt", { limit: 4 }));
    expect(error.message).toBe("a.txt: has 5 bytes, expected a text file of at most 4");
  });
});

describe("FormatError", () => {
  test("escapes what could disturb a terminal and shortens long fields", () => {
    const error = new FormatError("a\u001b[2J.bin", "is wrong", { field: `x\u202e\n${"y".repeat(10_000)}` });
    expect(error.message).toMatch(/^a\\u\{1b\}\[2J\.bin: x\\u\{202e\}\\u\{a\}y+…y+ is wrong$/);
    expect(error.message.length).toBeLessThan(300);
  });
});
