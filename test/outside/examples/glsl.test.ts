import { readFileSync } from "node:fs";
import glslang, { type Compiler } from "@webgpu/glslang";
import { expect, test, vi } from "vitest";
import { constantsOf } from "../../../src/gpu/shader/specialise.ts";
import { shaderOf } from "../../support/shaders.ts";

const folder = "examples/02-matmul-ladder/glsl";
const twins = ["naive", "tiled"] as const;
const textOf = (name: string) => readFileSync(`${folder}/${name}.comp`, "utf8");

// What it returns has a `then` that calls back with itself, for which `await` would wait for ever.
const compiler = await new Promise<Compiler>((resolve) => {
  const module = glslang();
  module.then(() => {
    Reflect.deleteProperty(module, "then");
    resolve(module);
  });
});

const compile = (text: string) => compiler.compileGLSL(text, "compute", false, "1.3");

test.each(twins)("%s.comp compiles to SPIR-V", (name) => {
  const [magic, version] = compile(textOf(name));
  expect([magic, version]).toEqual([0x07230203, 0x00010300]);
});

test("a mistake does not", () => {
  const text = textOf("tiled").replace("b_tile[i]", "c_tile[i]");
  const said = vi.spyOn(console, "warn").mockImplementation(() => {});
  const complaints = vi.spyOn(console, "error").mockImplementation(() => {});
  expect(() => compile(text)).toThrow();
  said.mockRestore();
  complaints.mockRestore();
});

test.each(twins)("%s.comp has the workgroups and the buffers of its twin", (name) => {
  const { declarations } = shaderOf(`gemm/${name}`);
  const text = textOf(name);
  const sizes = ["x", "y", "z"].map((axis) => Number(new RegExp(`local_size_${axis} = (\\d+)`).exec(text)?.[1] ?? 1));
  expect(sizes).toEqual([...declarations.workgroupSize]);
  for (const { binding, name: buffer, space, access } of declarations.bindings) {
    const kind = space === "uniform" ? "uniform" : access === "read" ? "readonly buffer" : "writeonly buffer";
    expect(text, buffer).toMatch(new RegExp(`set = 0, binding = ${binding}\\) ${kind} .*\\b${buffer}(\\[\\])?;`));
  }
  if (name === "tiled") {
    const { TILE } = constantsOf(shaderOf("gemm/tiled"), "TILE");
    expect(text).toContain(`const uint TILE = ${TILE}u;`);
  }
});
