import type { GrammarCompiler, GrammarLibrary, GrammarMatcher } from "./library.ts";

/** The tokens of a model as a grammar sees them. */
export interface GrammarVocabulary {
  /** Each token's bytes, as byte-level characters; empty for one that is no text. */
  readonly tokens: string[];
  /** Tokens that end a text. */
  readonly stops: number[];
}

/** What compiles grammars and says which tokens they let come next: of one at a time. */
export interface GrammarFollower {
  /** Begins a text that a schema accepts. Throws where no grammar can be made of it; it is of no use after that. */
  open(schema: string, strict: boolean): Promise<void>;
  /** Bits of the tokens that may come next. */
  mask(): Promise<Int32Array>;
  /** False where the grammar does not let the token come next. */
  accept(token: number): boolean | Promise<boolean>;
  /** Takes back the tokens that were accepted last. */
  rollback(tokens: number): void;
  /** Leaves the text; another may be begun. */
  close(): void;
}

/**
 * A follower by XGrammar. JSON is compact, without white space between its parts: a model may like nothing better than
 * white space, and a grammar with any takes a hundred times as long to compile. Its text is also that of a worker
 * (node-follower.ts), so it refers to nothing outside of itself.
 */
export function followGrammars(
  { TokenizerInfo, GrammarCompiler, GrammarMatcher }: GrammarLibrary,
  { tokens, stops }: GrammarVocabulary,
): GrammarFollower {
  let compiler: GrammarCompiler | undefined;
  /** The grammar that was compiled last: the next text may be of the same. */
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
