import { readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import { readFile } from "../../src/gpu/shader/read-declarations.ts";
import type { ShaderModule } from "../../src/gpu/shader/shader-module.ts";
import { type Shader, specialise } from "../../src/gpu/shader/specialise.ts";
import { namedParts } from "../../src/wgsl-loader.ts";

const folder = new URL("../../shaders/", import.meta.url);

/** Texts of WGSL files, by name, as modules: what each names in its `// with:` lines is another of them. */
export function linked(files: Readonly<Record<string, string>>): ReadonlyMap<string, ShaderModule> {
  const modules = new Map<string, ShaderModule>();
  const link = (name: string, from: string): ShaderModule => {
    const code = files[name];
    if (code === undefined) throw new Error(`${from}: there is no part ${name}`);
    let module = modules.get(name);
    if (!module) {
      module = {
        name,
        code,
        parts: namedParts(code).map((part) => link(part.name, name)),
        declares: readFile(code, name),
      };
      modules.set(name, module);
    }
    return module;
  };
  for (const name of Object.keys(files)) link(name, name);
  return modules;
}

const texts = Object.fromEntries(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".wgsl"))
    .sort()
    .map((file) => [file.replaceAll("\\", "/").slice(0, -".wgsl".length), readFileSync(new URL(file, folder), "utf8")]),
);

/** Every file under shaders/, by name. */
export const shaderModules = linked(texts);

/** Every kernel file under shaders/, by name: the files with an entry point. */
export const kernelFiles: ReadonlyMap<string, string> = new Map(
  Object.entries(texts).filter(([, code]) => code.includes("@compute")),
);

/** A file under shaders/. */
export function moduleOf(name: string): ShaderModule {
  const module = shaderModules.get(name);
  if (!module) throw new Error(`there is no shaders/${name}.wgsl`);
  return module;
}

/** A kernel file joined with its parts, by default those that it names; `parts` are names of files under shaders/. */
export function shaderOf(
  kernel: string,
  {
    parts = [],
    constants = {},
  }: { parts?: readonly string[]; constants?: Readonly<Record<string, number | boolean>> } = {},
): Shader {
  return specialise(moduleOf(kernel), { parts: parts.map(moduleOf), constants });
}

/** Names of the functions of each file. */
const functions = new Map(
  Object.entries(texts).map(([name, code]) => [name, [...code.matchAll(/^fn (\w+)/gm)].map(([, own]) => own)]),
);
const functionsOf = (part: string) => functions.get(part) ?? [];

/** Whether two files are of one slot: they lie in one folder and define the same functions, and perhaps others. */
const isSameSlot = (one: string, other: string) => {
  const defined = functionsOf(one);
  return dirname(one) === dirname(other) && functionsOf(other).some((name) => defined.includes(name));
};

/** Every kernel with its default parts, then with each other part of a slot in the place of its default one. */
export function everyShader(): Shader[] {
  return [...kernelFiles.keys()].flatMap((kernel) => {
    const standard = shaderOf(kernel);
    const choices = [...shaderModules.keys()].filter(
      (part) =>
        !kernelFiles.has(part) &&
        !standard.parts.includes(part) &&
        standard.parts.filter((other) => isSameSlot(part, other)).length === 1 &&
        part.split("/").length > 2,
    );
    return [standard, ...choices.map((part) => shaderOf(kernel, { parts: [part] }))];
  });
}
