// XGrammar (Dong et al. 2024), compiled to WebAssembly: a package of its own, loaded when a request has a grammar.
import { nodeModule } from "../../formats/folder.ts";
import { OptionError, shown } from "../../options/errors.ts";
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
    separators: [comma: string, colon: string],
    strict: boolean,
  ): Promise<Disposable>;
}

export interface GrammarMatcher extends Disposable {
  acceptToken(token: number): boolean;
  rollBack(tokens: number): void;
  /** Bits of the tokens that may come next. */
  getNextTokenBitmask(): Promise<Int32Array>;
}

const name = "@mlc-ai/web-xgrammar";
const byName = () => import(/* @vite-ignore */ /* webpackIgnore: true */ name);
let loader: () => Promise<unknown> = byName;
let library: Promise<GrammarLibrary> | undefined;

/**
 * Says how `@mlc-ai/web-xgrammar` is loaded, which `response_format` requires: for pages whose bundler has to see the
 * import, `setGrammarLibrary(() => import("@mlc-ai/web-xgrammar"))` in the script that the engine runs in. Without it,
 * the name is imported, which Node finds, and pages with an import map.
 */
export function setGrammarLibrary(load: () => Promise<unknown>): void {
  if (typeof load !== "function") {
    throw new OptionError(`setGrammarLibrary: load is ${shown(load)}, expected a function`);
  }
  loader = load;
  library = undefined;
}

/** In Node, unless a script has said how it is loaded: the library's file. Throws `RequestError` where it is not installed. */
export function libraryFile(): string | undefined {
  const module = nodeModule("node:module") as typeof import("node:module") | undefined;
  if (loader !== byName || !nodeModule("node:worker_threads") || !module) return undefined;
  try {
    return module.createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw notLoaded(cause);
  }
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
 * Leaves an instance that has aborted, as it does for schemas that it does not support: its memory may be in disorder.
 */
export function leaveGrammarLibrary(): void {
  library = undefined;
}

function notLoaded(cause: unknown): RequestError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const problem = `response_format requires the package ${name} 0.1.27, which cannot be loaded: ${why}`;
  return new RequestError(problem, { status: 501, param: "response_format", code: "unsupported_value", cause });
}

async function load(): Promise<GrammarLibrary> {
  let loaded: unknown;
  try {
    loaded = await loader();
  } catch (cause) {
    throw notLoaded(cause);
  }
  // As an ES module, which the file says it is, it exports nothing and sets a global.
  const { default: inner } = loaded as { readonly default?: unknown };
  const { xgrammar } = globalThis as { readonly xgrammar?: unknown };
  const found = [loaded, inner, xgrammar].find((one) => (one as Partial<GrammarLibrary> | undefined)?.GrammarMatcher);
  if (!found) throw new RequestError(`${name} has no GrammarMatcher`, { status: 501, param: "response_format" });
  return found as GrammarLibrary;
}
