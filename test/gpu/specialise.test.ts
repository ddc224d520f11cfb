import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ShaderError } from "../../src/gpu/errors.ts";
import { identityOf, maxContents, type Specialisation, specialise } from "../../src/gpu/shader/specialise.ts";
import { wgslModule } from "../../src/gpu/shader/wgsl-module.ts";
import { withoutComments } from "../../src/wgsl/comments.ts";
import { namedParts } from "../../src/wgsl-loader.ts";
import { testGpu } from "../support/devices/gpu.ts";
import { kernelFiles, linked, shaderOf } from "../support/shaders.ts";

const files = {
  "lib/one": "const ONE: u32 = 1;",
  "lib/two": "const TWO: u32 = 2;",
  "mask/none": "// with: lib/one\nfn mask() -> bool { return true; }",
  "mask/causal": "// with: lib/two\nenable f16;\n  enable f16;\nfn mask() -> bool { return TWO > 1; }",
  "own/mask/none": "fn other() {}",
};
const kernel = `// with: lib/two, mask/none
// A kernel.
requires readonly_and_readwrite_storage_textures;
diagnostic(off, derivative_uniformity);
alias Scalar = f32;
const TILE: u32 = 16;
const SHIFT: i32 = 3;
const EPS: f32 = 1e-6;
const ROWS = 4;
const LONG: u32 =
  TILE *
  2;
const FAST: bool = false;
fn local() { const TILE: u32 = 5; }
@compute @workgroup_size(TILE) fn main() {}`;

const modules = linked({ ...files, "test/kernel": kernel });
const named = (name: string) => modules.get(name) ?? wgslModule("", { name });
const special = ({ parts = [], ...rest }: Omit<Specialisation, "parts"> & { parts?: readonly string[] } = {}) =>
  specialise(named("test/kernel"), { ...rest, parts: parts.map(named) });
const lineOf = (code: string, start: string) => code.split("\n").find((line) => line.startsWith(start));

describe("parts", () => {
  test("the first lines name the default ones", () => {
    const names = (code: string) => namedParts(code).map(({ name, line }) => `${line} ${name}`);
    expect(names(kernel)).toEqual(["1 lib/two", "1 mask/none"]);
    expect(names("// with: a/b ,\r\n")).toEqual(["1 a/b"]);
    expect(names("// with: a/b\n// with: c/d, e/f\n\n// with: g/h")).toEqual(["1 a/b", "2 c/d", "2 e/f"]);
    expect(names("// A kernel.\n// with: lib/two")).toEqual([]);
  });

  test("parts bring their own parts, each once", () => {
    expect(special().parts).toEqual(["lib/two", "mask/none", "lib/one"]);
    expect(special({ parts: ["mask/causal"] }).parts).toEqual(["lib/two", "mask/causal"]);
  });

  test("a part replaces the one from the same folder", () => {
    const { code } = special({ parts: ["mask/causal"] });
    expect(code).toContain("return TWO > 1;");
    expect(code).not.toContain("return true;");
    expect(code).not.toContain("ONE");
  });

  test.each([
    [["own/mask/none"], "test/kernel: part own/mask/none replaces nothing; it has lib/two, mask/none, lib/one"],
    [["mask/causal", "mask/none"], "test/kernel: part mask/causal replaces nothing"],
  ])("%j is an error", (parts, message) => {
    expect(() => special({ parts })).toThrow(ShaderError);
    expect(() => special({ parts })).toThrow(message);
  });

  test("a part that would replace two of one list is an error", () => {
    const parts = [named("lib/one"), named("lib/two")];
    const both = wgslModule("@compute @workgroup_size(1) fn main() {}", { name: "k", parts });
    expect(() => specialise(both, { parts: [named("lib/three")] })).toThrow(
      "k: part lib/three would replace both lib/one and lib/two",
    );
  });
});

describe("constants and aliases", () => {
  test("only the right-hand side changes, at module scope only", () => {
    const { code, declarations } = special({
      constants: { TILE: 8, SHIFT: -2, EPS: 1, ROWS: 6, LONG: 7, FAST: true },
      aliases: { Scalar: "vec4<f32>" },
    });
    expect(lineOf(code, "const TILE")).toBe("const TILE: u32 = 8u;");
    expect(lineOf(code, "const SHIFT")).toBe("const SHIFT: i32 = -2;");
    expect(lineOf(code, "const EPS")).toBe("const EPS: f32 = 1.0;");
    expect(lineOf(code, "const ROWS")).toBe("const ROWS = 6;");
    expect(lineOf(code, "const FAST")).toBe("const FAST: bool = true;");
    expect(lineOf(code, "alias Scalar")).toBe("alias Scalar = vec4<f32>;");
    expect(code).toContain("fn local() { const TILE: u32 = 5; }");
    expect(declarations.workgroupSize).toEqual([8, 1, 1]);
    expect(declarations.constants.get("LONG")).toBe("7u");
  });

  test("numbers of any size are valid WGSL", () => {
    const eps = (value: number) => lineOf(special({ constants: { EPS: value } }).code, "const EPS");
    expect(eps(1e21)).toBe("const EPS: f32 = 1e+21;");
    expect(eps(-0.5)).toBe("const EPS: f32 = -0.5;");
    expect(eps(1e-7)).toBe("const EPS: f32 = 1e-7;");
  });

  test.each([
    [{ constants: { TILES: 8 } }, 'test/kernel: there is no top-level "const TILES" to set'],
    [{ aliases: { Weight: "f16" } }, 'test/kernel: there is no top-level "alias Weight" to set'],
    [{ constants: { "T.*": 8 } }, 'test/kernel: there is no top-level "const T.*" to set'],
    [{ constants: { "TILE: u32": 8 } }, 'test/kernel: there is no top-level "const TILE: u32" to set'],
    [{ constants: { toString: 8 } }, 'test/kernel: there is no top-level "const toString" to set'],
    [{ aliases: { "Sc.lar": "f16" } }, 'test/kernel: there is no top-level "alias Sc.lar" to set'],
    [{ constants: { TILE: 1.5 } }, "test/kernel: TILE set to 1.5, expected u32"],
    [{ constants: { TILE: -1 } }, "test/kernel: TILE set to -1, expected u32"],
    [{ constants: { TILE: true } }, "test/kernel: TILE set to true, expected u32"],
    [{ constants: { EPS: Number.NaN } }, "test/kernel: EPS set to NaN, expected f32"],
    [{ constants: { FAST: 1 } }, "test/kernel: FAST set to 1, expected bool"],
  ])("%j is an error", (specialisation: Omit<Specialisation, "parts">, message) => {
    expect(() => special(specialisation)).toThrow(ShaderError);
    expect(() => special(specialisation)).toThrow(message);
  });
});

describe("comments stay comments", () => {
  const text = `/* A note:
requires unrestricted_pointer_parameters; fn hidden() { loop {} }
const TILE: u32 = 1; */
enable f16; /* nothing */ requires packed_4x8_integer_dot_product;
// enable subgroups;
diagnostic(off,
  derivative_uniformity); const SIDE = 3;
/*
const TILE: u32 = 2;
*/
fn f() {
const TILE: u32 = 3;
}
const TILE /* tiles */ : u32 = /* of */ 4 /* keys */;
/*
enable clip_distances;
*/
@compute @workgroup_size(TILE) fn main() {}`;
  const { code, lines, declarations } = specialise(wgslModule(text, { name: "test/noted" }), {
    constants: { TILE: 8 },
  });

  test("directives in them are not put in front, real ones are, with their lines", () => {
    const first = code.split("\n").slice(0, 3);
    expect(first).toEqual([
      "enable f16;",
      "requires packed_4x8_integer_dot_product;",
      "diagnostic(off, derivative_uniformity);",
    ]);
    expect(lines.slice(0, 4).map(({ line }) => line)).toEqual([4, 4, 6, 1]);
    expect(withoutComments(code)).not.toMatch(/hidden|clip_distances|subgroups/);
    expect(withoutComments(code.split("\n").slice(3).join("\n"))).not.toMatch(/enable|requires|diagnostic/);
  });

  test("constants in them are not set, nor those of functions", () => {
    expect(code.match(/const TILE.*;/g)).toEqual([
      ...["const TILE: u32 = 1;", "const TILE: u32 = 2;", "const TILE: u32 = 3;"],
      "const TILE /* tiles */ : u32 = /* of */ 8u;",
    ]);
    expect(declarations.workgroupSize).toEqual([8, 1, 1]);
  });
});

describe("the number of a module's content", () => {
  const module = (i: number) => wgslModule(`const NUMBER: u32 = ${i};`, { name: "custom/mask" });

  test("is one for equal modules, another for other code, names and parts", () => {
    expect(identityOf(module(1))).toBe(identityOf(module(1)));
    const others = [
      module(1),
      module(2),
      wgslModule("const NUMBER: u32 = 1;", { name: "custom/score" }),
      wgslModule("const NUMBER: u32 = 1;", { name: "custom/mask", parts: [module(3)] }),
    ];
    expect(new Set(others.map(identityOf)).size).toBe(others.length);
  });

  test("of every module of a clone is kept, with room for those of users", () => {
    const files = readdirSync("shaders", { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => file.endsWith(".wgsl")).length).toBeLessThan(0.75 * maxContents);
  });

  test("is kept with its module, and not given twice once its text was dropped", () => {
    const [first, number] = [module(0), identityOf(module(0))];
    expect(identityOf(first)).toBe(number);
    const seen = new Set([number]);
    for (let i = 1; i <= maxContents; i++) seen.add(identityOf(wgslModule(`// ${i}`, { name: "custom/mask" })));
    expect(seen.size).toBe(maxContents + 1);
    expect(identityOf(first)).toBe(number);
    expect(seen).not.toContain(identityOf(module(0)));
  });
});

describe("the joined text", () => {
  test("directives go in front, each once", () => {
    const lines = special({ parts: ["mask/causal"] }).code.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "requires readonly_and_readwrite_storage_textures;",
      "diagnostic(off, derivative_uniformity);",
      "enable f16;",
    ]);
    expect(lines.slice(3).some((line) => /^\s*(enable|requires|diagnostic)/.test(line))).toBe(false);
  });

  test("every line knows its file and its line there", () => {
    const { code, lines } = special({ parts: ["mask/causal"], constants: { LONG: 1 } });
    const texts: Record<string, string> = { ...files, "test/kernel": kernel };
    const joined = code.split("\n");
    expect(lines.length).toBe(joined.length);
    for (const [i, { file, line }] of lines.entries()) {
      const original = texts[file]?.split("\n")[line - 1] ?? "";
      if (/LONG|^ {2}(TILE|2)/.test(original)) continue; // replaced: the same number of lines
      expect(joined[i]?.trim(), `line ${i} from ${file}:${line}`).toBe(original.trim());
    }
    expect(lines.at(-1)).toEqual({ file: "mask/causal", line: 4 });
  });
});

describe("every kernel, on the device without features", async () => {
  const gpu = await testGpu({ features: [] });

  test.each([...kernelFiles.keys()])("%s", async (kernelName) => {
    const shader = shaderOf(kernelName);
    const compiling = gpu.pipelines.compile(shader);
    // What needs a feature says so, and then cannot be made without it.
    if (/^enable /m.test(shader.code)) await expect(compiling).rejects.toThrow(ShaderError);
    else await compiling;
  });
});
