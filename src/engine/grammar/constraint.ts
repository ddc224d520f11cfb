import type { LanguageModel } from "../../generate/language-model.ts";
import type { TokenConstraint } from "../../generate/token-constraint.ts";
import { byteLevelText } from "../../text/byte-level.ts";
import { TextError } from "../../text/text-error.ts";
import { RequestError } from "../request-error.ts";
import { type GrammarCompiler, grammarLibrary, leaveGrammarLibrary } from "./library.ts";
import type { Grammar } from "./response-format.ts";

/** A constraint, until it is disposed. */
export interface OpenConstraint {
  readonly constraint: TokenConstraint;
  dispose(): void;
}

/** By model, of one instance of the library. */
let compilers = new WeakMap<LanguageModel, Promise<GrammarCompiler>>();

/** Whitespace characters in a row that a grammar allows: a model may like nothing better. */
const mostWhitespace = 16;

/** The tokens that a grammar lets come next. Throws `RequestError` for a schema that cannot be compiled. */
export async function openConstraint(model: LanguageModel, { schema, strict }: Grammar): Promise<OpenConstraint> {
  const { GrammarMatcher } = await grammarLibrary();
  const known = compilers.get(model) ?? compilerOf(model);
  compilers.set(model, known);
  const compiler = await known;
  const compiled = await compiler
    .compileJSONSchema(schema, true, -1, undefined, strict, mostWhitespace)
    .catch((cause: unknown) => {
      leaveGrammarLibrary();
      compilers = new WeakMap();
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new RequestError(`response_format: no grammar can be made of the schema: ${why.slice(0, 200)}`, {
        ...{ param: "response_format", code: "invalid_json_schema", cause },
      });
    });
  const matcher = await GrammarMatcher.createGrammarMatcher(compiled);
  return {
    constraint: {
      async mask(into) {
        const bits = await matcher.getNextTokenBitmask();
        into.set(new Uint32Array(bits.buffer, bits.byteOffset, Math.min(bits.length, into.length)));
        return true;
      },
      accept(token) {
        if (!matcher.acceptToken(token)) throw new TextError(`the grammar does not let token ${token} come next`);
      },
      rollback: (tokens) => matcher.rollBack(tokens),
    },
    dispose() {
      matcher.dispose();
      compiled.dispose();
    },
  };
}

/** A compiler for the model's vocabulary: each token as its bytes, and those that are no text as nothing. */
async function compilerOf({ tokenizer, decoder, defaults }: LanguageModel): Promise<GrammarCompiler> {
  const { TokenizerInfo, GrammarCompiler } = await grammarLibrary();
  const { vocabulary } = decoder.config;
  const tokens = Array.from({ length: vocabulary }, (_, id) => {
    const bytes = tokenizer.isSpecial(id) ? undefined : tokenizer.bytesOf(id);
    return bytes ? byteLevelText(bytes) : "";
  });
  const info = await TokenizerInfo.createTokenizerInfo(tokens, "byte_level", false, vocabulary, [...defaults.eos]);
  return GrammarCompiler.createGrammarCompiler(info, true);
}
