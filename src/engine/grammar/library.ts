// XGrammar (Dong et al. 2024), compiled to WebAssembly: a package of its own, loaded when a request has a grammar.
import { nodeModule } from "../../formats/folder.ts";
import { callback, checkValue } from "../../options/checks.ts";
import { RequestError } from "../request-error.ts";

/** What is used of `@mlc-ai/web-xgrammar`. */
export interface GrammarLibrary {
  readonly TokenizerInfo: {
    createTokenizerInfo(
      vocabulary: string[],
      type: "byte_level",
      prependSpace: boolean,
      size: number,
      stopTokens: number[],
    ): Promise<Disposable>;
  };
  readonly GrammarCompiler: {
    createGrammarCompiler(tokenizer: Disposable, cached: boolean): Promise<GrammarCompiler>;
  };
  readonly GrammarMatcher: { createGrammarMatcher(grammar: Disposable): Promise<GrammarMatcher> };
}

/** What lives in WebAssembly's memory until it is disposed. */
interface Disposable {
  dispose(): void;
}

export interface GrammarCompiler {
  compileJSONSchema(
    schema: string,
    anyWhitespace: boolean,
    indent: number,
    separators: undefined,
    strict: boolean,
    mostWhitespace: number,
  ): Promise<Disposable>;
}

export interface GrammarMatcher extends Disposable {
  acceptToken(token: number): boolean;
  rollBack(tokens: number): void;
  /** Bits of the tokens that may come next. */
  getNextTokenBitmask(): Promise<Int32Array>;
}

const name = "@mlc-ai/web-xgrammar";
let loader: () => Promise<unknown> = () =>
  nodeModule("node:vm") ? loadInNode() : import(/* @vite-ignore */ /* webpackIgnore: true */ name);
let library: Promise<GrammarLibrary> | undefined;

/**
 * Says how `@mlc-ai/web-xgrammar` is loaded, which `response_format` requires: for pages whose bundler has to see the
 * import, `setGrammarLibrary(() => import("@mlc-ai/web-xgrammar"))` in the script that the engine runs in. Without it,
 * the name is imported, which Node finds, and pages with an import map.
 */
export function setGrammarLibrary(load: () => Promise<unknown>): void {
  checkValue("setGrammarLibrary", "load", callback, load);
  loader = load;
  library = undefined;
}

/** The library, loaded once. Throws `RequestError` where it is not installed. */
export function grammarLibrary(): Promise<GrammarLibrary> {
  library ??= load();
  library.catch(() => {
    library = undefined; // it may be there the next time
  });
  return library;
}

/**
 * Leaves an instance that has aborted, as it does for schemas that it does not support: its memory may be in disorder. In
 * Node the next request gets a fresh one.
 */
export function leaveGrammarLibrary(): void {
  library = undefined;
}

async function load(): Promise<GrammarLibrary> {
  let loaded: unknown;
  try {
    loaded = await loader();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const problem = `response_format requires the package ${name} 0.1.27, which cannot be loaded: ${why}`;
    throw new RequestError(problem, { status: 501, param: "response_format", code: "unsupported_value", cause });
  }
  // As an ES module, which the file says it is, it exports nothing and sets a global.
  const { default: inner } = loaded as { readonly default?: unknown };
  const { xgrammar } = globalThis as { readonly xgrammar?: unknown };
  const found = [loaded, inner, xgrammar].find((one) => (one as Partial<GrammarLibrary> | undefined)?.GrammarMatcher);
  if (!found) throw new RequestError(`${name} has no GrammarMatcher`, { status: 501, param: "response_format" });
  return found as GrammarLibrary;
}

/** A module of Node's before `import` was: what `require` makes. */
interface CommonJsModule {
  readonly exports: unknown;
  _compile(text: string, file: string): void;
}

/** In Node it is CommonJS in the clothes of an ES module: compiled as what it is. */
async function loadInNode(): Promise<unknown> {
  const { Module, createRequire } = nodeModule("node:module") as typeof import("node:module");
  const { readFile } = nodeModule("node:fs/promises") as typeof import("node:fs/promises");
  const file = createRequire(import.meta.url).resolve(name);
  const module = Object.assign(new Module(file), { filename: file }) as unknown as CommonJsModule;
  module._compile(await readFile(file, "utf8"), file);
  return module.exports;
}
