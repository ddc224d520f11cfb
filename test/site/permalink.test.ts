import { deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { pack, unpack } from "../../site/shell/permalink.ts";

test("a text comes back from a link", async () => {
  const text = "fn mask_mod() { return key <= query; } // …".repeat(100);
  expect(await unpack(await pack(text))).toBe(text);
});

test("a text of more than 16 MiB is not read, however short it is packed", async () => {
  const packed = deflateRawSync(Buffer.alloc(2 ** 26)).toString("base64url");
  await expect(unpack(packed)).rejects.toThrow("a link's text is longer than 16777216 bytes");
});

test.each(["", "AAAA", "!", "x"])("a damaged text %j is refused", async (packed) => {
  await expect(unpack(packed)).rejects.toThrow();
});
