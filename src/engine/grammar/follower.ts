import type { GrammarCompiler, GrammarLibrary, GrammarMatcher } from "./library.ts";

/** A model's tokens, for a grammar. */
export interface GrammarVocabulary {
  /** Each token's bytes, as byte-level characters; empty for one that is not text. */
  readonly tokens: string[];
  /** Tokens that end a text. */
  readonly stops: number[];
}

/** Compiles grammars and returns the allowed next tokens, for one text at a time. */
export interface GrammarFollower {
  /**
   * Begins a text that a schema accepts. Throws if the schema cannot be compiled; the follower is unusable afterwards.
   */
  open(schema: string, strict: boolean): Promise<void>;
  /** The allowed next tokens, as bits. */
  mask(): Promise<Int32Array>;
  /** False if the grammar does not allow the token. */
  accept(token: number): boolean | Promise<boolean>;
  /** Takes back the last accepted tokens. */
  rollback(tokens: number): void;
  /** Ends the text; another may begin. */
  close(): void;
}

/**
 * A follower based on XGrammar. JSON is compact, without white space between its parts: models tend to generate endless
 * white space, and a grammar that allows it takes a hundred times as long to compile. The function's source is also
 * sent to a worker (node-follower.ts), so it must be self-contained.
 */
export function followGrammars(
  { TokenizerInfo, GrammarCompiler, GrammarMatcher }: GrammarLibrary,
  { tokens, stops }: GrammarVocabulary,
): GrammarFollower {
  let compiler: GrammarCompiler | undefined;
  /** The last compiled grammar: the next text may use it again. */
  let compiled:
    | { readonly schema: string; readonly strict: boolean; readonly grammar: { dispose(): void } }
    | undefined;
  let matcher: GrammarMatcher | undefined;
  return {
    async open(schema, strict) {
      if (!compiler) {
        const info = await TokenizerInfo.createTokenizerInfo(tokens, "byte_level", false, tokens.length, stops);
        compiler = await GrammarCompiler.createGrammarCompiler(info, false);
      }
      if (compiled?.schema !== schema || compiled.strict !== strict) {
        compiled?.grammar.dispose();
        compiled = undefined;
        const grammar = await compiler.compileJSONSchema(schema, false, -1, [",", ":"], strict);
        compiled = { schema, strict, grammar };
      }
      matcher = await GrammarMatcher.createGrammarMatcher(compiled.grammar);
    },
    async mask() {
      return (await matcher?.getNextTokenBitmask()) ?? new Int32Array();
    },
    accept: (token) => matcher?.acceptToken(token) ?? false,
    rollback: (count) => matcher?.rollBack(count),
    close() {
      matcher?.dispose();
      matcher = undefined;
    },
  };
}
