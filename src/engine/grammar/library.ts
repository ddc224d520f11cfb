// XGrammar (Dong et al. 2024), compiled to WebAssembly: a separate package, loaded when a request has a grammar.
import { nodeModule } from "../../formats/folder.ts";
import { OptionError, shown } from "../../options/errors.ts";
import { RequestError } from "../request-error.ts";

/** The used parts of `@mlc-ai/web-xgrammar`. */
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

/** An object in WebAssembly's memory until disposed. */
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
  /** The allowed next tokens, as bits. */
  getNextTokenBitmask(): Promise<Int32Array>;
}

const name = "@mlc-ai/web-xgrammar";
const byName = () => import(/* @vite-ignore */ /* webpackIgnore: true */ name);
let loader: () => Promise<unknown> = byName;
let library: Promise<GrammarLibrary> | undefined;

/**
 * Sets how `@mlc-ai/web-xgrammar`, required by `response_format`, is loaded: for pages whose bundler must see the
 * import, `setGrammarLibrary(() => import("@mlc-ai/web-xgrammar"))` in the script that the engine runs in. Without it,
 * the package is imported by name, which works in Node, and in pages with an import map.
 */
export function setGrammarLibrary(load: () => Promise<unknown>): void {
  if (typeof load !== "function") {
    throw new OptionError(`setGrammarLibrary: load is ${shown(load)}, expected a function`);
  }
  loader = load;
  library = undefined;
}

/**
 * In Node, unless a script has set how it is loaded: the library's file. Throws `RequestError` if it is not installed.
 */
export function libraryFile(): string | undefined {
  const module = nodeModule("node:module") as typeof import("node:module") | undefined;
  if (loader !== byName || !nodeModule("node:worker_threads") || !module) return undefined;
  try {
    return module.createRequire(import.meta.url).resolve(name);
  } catch (cause) {
    throw notLoaded(cause);
  }
}

/** The library, loaded once. Throws `RequestError` if it is not installed. */
export function grammarLibrary(): Promise<GrammarLibrary> {
  library ??= load();
  library.catch(() => {
    library = undefined; // it may be available next time
  });
  return library;
}

/** Abandons an aborted instance, as after an unsupported schema: its memory may be corrupt. */
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
  // As an ES module, which the file claims to be, it exports nothing and sets a global.
  const { default: inner } = loaded as { readonly default?: unknown };
  const { xgrammar } = globalThis as { readonly xgrammar?: unknown };
  const found = [loaded, inner, xgrammar].find((one) => (one as Partial<GrammarLibrary> | undefined)?.GrammarMatcher);
  if (!found) throw new RequestError(`${name} has no GrammarMatcher`, { status: 501, param: "response_format" });
  return found as GrammarLibrary;
}
