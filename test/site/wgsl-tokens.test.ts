import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { wgslTokens } from "../../site/shell/code/wgsl-tokens.ts";

const shaders = readdirSync("shaders", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wgsl"));

test.each(shaders)("%s has no character that is not known, and loses none", (name) => {
  const text = readFileSync(`shaders/${name}`, "utf8");
  const tokens = wgslTokens(text);
  expect(tokens.map((token) => token.text).join("")).toBe(text);
  const unknown = tokens.filter(
    ({ kind, text: piece }) => kind === "sign" && !/^[-+*/%&|^~!=<>()[\]{},;:.]+$/.test(piece),
  );
  expect(unknown).toEqual([]);
});

test("tells the kinds apart", () => {
  const kinds = (text: string) =>
    wgslTokens(text)
      .filter(({ kind }) => kind !== "space")
      .map(({ text: t, kind }) => `${t} ${kind}`);
  expect(kinds("@group(2) @binding(0) var<storage, read> bias: array<f32>; // b")).toEqual([
    "@group attribute",
    "( sign",
    "2 number",
    ") sign",
    "@binding attribute",
    "( sign",
    "0 number",
    ") sign",
    "var keyword",
    "< sign",
    "storage type",
    ", sign",
    "read type",
    "> sign",
    "bias name",
    ": sign",
    "array type",
    "< sign",
    "f32 type",
    "> sign",
    "; sign",
    "// b comment",
  ]);
  expect(kinds("1.0h + 0x1Fu - 1e-5f")).toEqual(["1.0h number", "+ sign", "0x1Fu number", "- sign", "1e-5f number"]);
  expect(kinds("/* a\nb */ exp(x)")).toEqual(["/* a\nb */ comment", "exp builtin", "( sign", "x name", ") sign"]);
});
