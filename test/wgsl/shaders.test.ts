import { expect, test } from "vitest";
import { parse } from "../../src/wgsl/parse.ts";
import { predeclared, resolve } from "../../src/wgsl/scopes.ts";
import { kernelFiles, shaderModules, shaderOf } from "../support/shaders.ts";

test("every file of shaders/ is parsed", () => {
  expect(shaderModules.size).toBeGreaterThan(200);
  for (const { name, code } of shaderModules.values()) {
    expect(() => resolve(parse(code)), name).not.toThrow();
  }
});

test("in every shader as it is compiled, each name has a meaning", () => {
  for (const { name, code } of [...kernelFiles.keys()].map((kernel) => shaderOf(kernel))) {
    const { meanings } = resolve(parse(code));
    const unknown = [...meanings].flatMap(([word, meaning]) => (meaning === "unknown" ? [word.name] : []));
    expect(unknown, name).toEqual([]);
  }
});

test("what users' texts are joined with declares no name that WGSL has: they may use them all", () => {
  const joined = [...shaderModules.values()].filter(({ name }) => /^(?:attention|lib)\//.test(name));
  expect(joined.length).toBeGreaterThan(80);
  for (const { name, code } of joined) {
    expect(
      [...resolve(parse(code)).module.keys()].filter((word) => predeclared.has(word)),
      name,
    ).toEqual([]);
  }
});
