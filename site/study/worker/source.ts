// The texts of a kernel: its files as they run, and the reader's changes to them.
import { readFile } from "../../../src/gpu/shader/read-declarations.ts";
import type { ShaderModule } from "../../../src/gpu/shader/shader-module.ts";
import { type Shader, specialise } from "../../../src/gpu/shader/specialise.ts";
import type { SourceFile } from "./protocol.ts";

/** The files of a shader, the kernel's first, with directives back in their lines. */
export function filesOf({ code, lines, name, parts }: Shader): SourceFile[] {
  const texts = new Map([name, ...parts].map((file) => [file, [] as string[]]));
  for (const [i, text] of code.split("\n").entries()) {
    const { file = name, line = 1 } = lines[i] ?? {};
    const written = texts.get(file);
    if (written) written[line - 1] = text;
  }
  return [...texts].map(([file, written]) => ({
    name: file,
    text: Array.from(written, (line) => line ?? "").join("\n"),
  }));
}

/**
 * The shader of these files, joined as kernels are joined with their parts. Throws `ShaderError`, with file and line,
 * where a text breaks WGSL's grammar.
 */
export function joinFiles(files: readonly SourceFile[]): Shader {
  const [kernel, ...rest] = files;
  if (!kernel) throw new RangeError("a kernel without files");
  const module = ({ name, text }: SourceFile, parts: readonly ShaderModule[]): ShaderModule => ({
    name,
    code: text,
    parts,
    declares: readFile(text, name),
  });
  return specialise(
    module(
      kernel,
      rest.map((file) => module(file, [])),
    ),
  );
}
