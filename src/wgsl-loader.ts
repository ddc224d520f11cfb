/// <reference path="./wgsl.d.ts" preserve="true" />
// Imports of `.wgsl` files, for Vite, Vitest and esbuild: a file becomes a module whose parts are imports, so that
// importing a kernel includes its parts and no others. It runs at build time, in Node.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { readFile as readDeclarations, typesOf } from "./gpu/shader/read-declarations.ts";
import type { FileDeclarations } from "./gpu/shader/shader-module.ts";
import { withoutComments } from "./wgsl/comments.ts";

/** How `.wgsl` files are read. */
export interface WgslOptions {
  /**
   * False removes comments and indentation; line numbers stay, so that errors still name file and line. Default true.
   */
  readonly comments?: boolean;
  /** The folder that holds parts such as `lib/grid`; default the shaders of this package. */
  readonly shaders?: string;
  /** Files outside `shaders` are named by their path relative to this folder. Default the current folder. */
  readonly root?: string;
}

/** A part that a file names, with its line. */
interface NamedPart {
  readonly name: string;
  readonly line: number;
}

const packageShaders = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(resolve(folder, "shaders/lib/grid.wgsl")) && dirname(folder) !== folder) folder = dirname(folder);
  return resolve(folder, "shaders");
};

/**
 * The parts that the lines at the top of a file name: `// with: lib/reduce, attention/masks/causal`. There may be
 * several such lines in a row.
 */
export function namedParts(code: string): NamedPart[] {
  const parts: NamedPart[] = [];
  for (const [index, text] of code.split("\n").entries()) {
    const [, list] = /^\/\/ with:(.*)/.exec(text) ?? [];
    if (list === undefined) break;
    for (const item of list.split(",")) {
      const name = item.trim();
      if (name !== "") parts.push({ name, line: index + 1 });
    }
  }
  return parts;
}

/** The text without comments and indentation, with line numbers unchanged. */
const stripComments = (code: string): string => withoutComments(code).replace(/^[ \t]+|[ \t\r]+$/gm, "");

/** What texts declare, by their names: a site with workers has a bundle for each, which has the same texts. */
const declared = new Map<string, { readonly code: string; readonly declares: FileDeclarations }>();

function declarationsIn(code: string, name: string): FileDeclarations {
  const known = declared.get(name);
  if (known?.code === code) return known.declares;
  const declares = readDeclarations(code, name);
  declared.set(name, { code, declares });
  return declares;
}

const slashes = (path: string) => path.split(sep).join("/");

/**
 * The JavaScript module for a `.wgsl` file: its shader module is the default export. Parts such as `lib/grid` are files
 * of `shaders`; names that begin with `./` or `../` are paths from the file. For a file elsewhere the module also has
 * the types of its buffers; for kernels of `shaders` their records have them. Throws for a part that is not a file,
 * with file and line, and for bindings in an unsupported form.
 */
export function moduleText(file: string, code: string, options: WgslOptions = {}): string {
  const { comments = true, shaders = packageShaders(), root = process.cwd() } = options;
  const inside = relative(shaders, file);
  const isOurs = !inside.startsWith("..") && !inside.includes(":");
  const name = slashes(isOurs ? inside : relative(root, file)).replace(/\.wgsl$/, "");
  const parts = namedParts(code).map((part) => {
    const path = part.name.startsWith(".") ? resolve(dirname(file), part.name) : resolve(shaders, part.name);
    const target = `${path}.wgsl`;
    if (existsSync(target)) return target;
    throw new Error(`${file}:${part.line}: there is no part ${part.name}, expected the file ${target}`);
  });
  const imports = parts.map((target, i) => {
    const path = slashes(relative(dirname(file), target));
    return `import part${i} from ${JSON.stringify(path.startsWith(".") ? path : `./${path}`)};`;
  });
  const declares = declarationsIn(code, name);
  const fields = [
    `name: ${JSON.stringify(name)}`,
    `code: ${JSON.stringify(comments ? code : stripComments(code))}`,
    `parts: [${parts.map((_, i) => `part${i}`).join(", ")}]`,
    `declares: ${JSON.stringify(declares)}`,
    ...(isOurs ? [] : [`types: ${JSON.stringify(typesOf(declares))}`]),
  ];
  return `${imports.join("\n")}\nexport default { ${fields.join(", ")} };\n`;
}

/** A plugin in the form of Vite, Rollup and Vitest. */
interface VitePlugin {
  readonly name: string;
  readonly transform: (code: string, id: string) => { readonly code: string; readonly map: null } | undefined;
}

/** The plugin for Vite and Vitest: `plugins: [wgslVite()]`; workers have a separate list of plugins. */
export function wgslVite(options: WgslOptions = {}): VitePlugin {
  return {
    name: "wgsl",
    transform(code, id) {
      const [file = ""] = id.split("?");
      return file.endsWith(".wgsl") && !id.includes("?raw")
        ? { code: moduleText(file, code, options), map: null }
        : undefined;
    },
  };
}

/** The part of esbuild's plugin interface that is used. */
interface EsbuildSetup {
  onResolve(
    options: { filter: RegExp },
    resolve: (file: { path: string; resolveDir: string }) => { path: string } | undefined,
  ): void;
  onLoad(
    options: { filter: RegExp },
    load: (file: { path: string }) => Promise<{ contents: string; loader: "js"; resolveDir: string }>,
  ): void;
}

/** The plugin for esbuild: `plugins: [wgslEsbuild()]`. */
export function wgslEsbuild(options: WgslOptions = {}): { name: string; setup: (build: EsbuildSetup) => void } {
  return {
    name: "wgsl",
    setup(build) {
      // Shaders of packages are bundled even where packages stay external: Node has no loader for them.
      build.onResolve({ filter: /^[\w@][^:]*\.wgsl$/ }, ({ path, resolveDir }) => ({
        path: createRequire(resolve(resolveDir, "importer.js")).resolve(path),
      }));
      build.onLoad({ filter: /\.wgsl$/ }, async ({ path }) => ({
        contents: moduleText(path, await readFile(path, "utf8"), options),
        loader: "js",
        resolveDir: dirname(path),
      }));
    },
  };
}
