import { readdirSync, readFileSync } from "node:fs";
import { type Shader, type Specialisation, specialise } from "../../src/gpu/specialise.ts";
import { shaderFiles } from "../../src/kernels/parts.ts";

const folder = new URL("../../shaders/", import.meta.url);

/** Every kernel file under shaders/, by name: the files with an entry point. */
export const kernelFiles: ReadonlyMap<string, string> = new Map(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".wgsl"))
    .sort()
    .map((file): [string, string] => [
      file.replaceAll("\\", "/").slice(0, -".wgsl".length),
      readFileSync(new URL(file, folder), "utf8"),
    ])
    .filter(([, code]) => code.includes("@compute")),
);

/** A kernel file joined with its parts, by default those that it names. */
export function shaderOf(kernel: string, specialisation?: Specialisation): Shader {
  const code = kernelFiles.get(kernel);
  if (code === undefined) throw new Error(`there is no shaders/${kernel}.wgsl`);
  return specialise(kernel, code, shaderFiles, specialisation);
}

/** Every kernel with its default parts, then with each part of the same folder in the place of a default one. */
export function everyShader(): Shader[] {
  return [...kernelFiles.keys()].flatMap((kernel) => {
    const standard = shaderOf(kernel);
    const folderOf = (part: string) => part.slice(0, part.lastIndexOf("/"));
    const choices = Object.keys(shaderFiles).filter(
      (part) =>
        !standard.parts.includes(part) &&
        standard.parts.filter((other) => folderOf(other) === folderOf(part)).length === 1 &&
        folderOf(part).split("/").length > 1,
    );
    return [standard, ...choices.map((part) => shaderOf(kernel, { parts: [part] }))];
  });
}
