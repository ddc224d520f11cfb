// Constrains texts to a grammar; loaded with the first request that has one.
import type { LanguageModel } from "../../generate/language-model.ts";
import type { TokenConstraint } from "../../generate/session/token-constraint.ts";
import { onAbort, unlessAborted } from "../../options/abort.ts";
import { byteLevelText } from "../../text/parts/byte-level.ts";
import { TextError } from "../../text/text-error.ts";
import type { Turns } from "../direct/turns.ts";
import { RequestError } from "../request-error.ts";
import { checkSchema } from "./check-schema.ts";
import { followGrammars, type GrammarFollower, type GrammarVocabulary } from "./follower.ts";
import { grammarLibrary, leaveGrammarLibrary, libraryFile } from "./library.ts";
import { openNodeFollower } from "./node-follower.ts";
import type { Grammar } from "./response-format.ts";

/** A constraint, until it is disposed. */
interface OpenConstraint {
  readonly constraint: TokenConstraint;
  dispose(): void;
}

interface Follower extends GrammarFollower {
  /** False if it cannot begin another text. */
  readonly usable: boolean;
  end(): void;
}

/** Followers kept by a model for its next grammars. */
const maxIdle = 2;
const idle = new WeakMap<LanguageModel, Follower[]>();

/** Time limit in seconds for compiling a schema, if it can be stopped. */
const maxSeconds = 30;

function idleOf(model: LanguageModel): Follower[] {
  const known = idle.get(model) ?? [];
  if (!idle.has(model)) {
    idle.set(model, known);
    onAbort(model.lifetime.signal, () => {
      for (const follower of known.splice(0)) follower.end();
    });
  }
  return known;
}

/**
 * The constraint of a grammar; undefined if `signal` aborts before its turn among `turns`, or before it is compiled.
 * Throws `RequestError` for a schema that cannot be compiled.
 */
export async function openConstraint(
  model: LanguageModel,
  { schema, strict }: Grammar,
  signal: AbortSignal | undefined,
  turns: Turns,
): Promise<OpenConstraint | undefined> {
  checkSchema(schema);
  if (!(await turns.enter(signal))) return undefined;
  let follower: Follower | undefined;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`it takes longer than ${maxSeconds} s`)), maxSeconds * 1000);
  try {
    follower = takeIdle(model) ?? (await openFollower(model));
    await unlessAborted(follower.open(schema, strict), AbortSignal.any([late.signal, ...(signal ? [signal] : [])]));
  } catch (cause) {
    follower?.end();
    turns.leave();
    if (signal?.aborted) return undefined;
    throw cause instanceof RequestError ? cause : failed(cause);
  } finally {
    clearTimeout(timer);
  }
  return following(model, follower, turns);
}

function takeIdle(model: LanguageModel): Follower | undefined {
  const kept = idleOf(model);
  for (let follower = kept.pop(); follower; follower = kept.pop()) {
    if (follower.usable) return follower;
    follower.end();
  }
  return undefined;
}

function failed(cause: unknown): RequestError {
  const why = cause instanceof Error ? cause.message : String(cause);
  // An aborted WebAssembly module gives no reason.
  const reason = /^Aborted|out of bounds|unreachable|call stack/.test(why)
    ? "@mlc-ai/web-xgrammar does not say why; one of fewer or simpler parts may do"
    : why.slice(0, 200);
  return new RequestError(`response_format: no grammar can be made of the schema: ${reason}`, {
    param: "response_format",
    code: "invalid_json_schema",
    cause,
  });
}

function following(model: LanguageModel, follower: Follower, turns: Turns): OpenConstraint {
  let refused: number | undefined;
  const check = () => {
    if (refused !== undefined) throw new TextError(`the grammar does not let token ${refused} come next`);
  };
  return {
    constraint: {
      async mask(into) {
        const bits = await follower.mask();
        check();
        into.set(new Uint32Array(bits.buffer, bits.byteOffset, Math.min(bits.length, into.length)));
        return true;
      },
      accept(token) {
        const accepted = follower.accept(token);
        const note = (fits: boolean) => {
          if (!fits) refused ??= token;
        };
        // If the answer comes later, the next mask throws.
        if (typeof accepted === "boolean") note(accepted);
        else accepted.then(note, () => undefined);
        check();
      },
      rollback: (tokens) => follower.rollback(tokens),
    },
    dispose() {
      follower.close();
      const kept = idleOf(model);
      if (follower.usable && kept.length < maxIdle && !model.lifetime.signal.aborted) kept.push(follower);
      else follower.end();
      turns.leave();
    },
  };
}

/** In Node in a worker, unless a script has set how the library is loaded; elsewhere in this thread. */
async function openFollower(model: LanguageModel): Promise<Follower> {
  const vocabulary = vocabularyOf(model);
  const file = libraryFile();
  if (file !== undefined) {
    let usable = true;
    const { end, ...rest } = openNodeFollower(file, vocabulary);
    return {
      ...rest,
      get usable() {
        return usable;
      },
      end() {
        usable = false;
        end();
      },
    };
  }
  const library = grammarLibrary();
  const follower = followGrammars(await library, vocabulary);
  return {
    ...follower,
    get usable() {
      return library === grammarLibrary();
    },
    async open(schema, strict) {
      await follower.open(schema, strict).catch((cause: unknown) => {
        leaveGrammarLibrary();
        throw cause;
      });
    },
    end() {},
  };
}

/** The bytes of each token of a model; empty for tokens that are not text. */
function vocabularyOf({ tokenizer, decoder, defaults }: LanguageModel): GrammarVocabulary {
  const { vocabulary } = decoder.config;
  const tokens = Array.from({ length: vocabulary }, (_, id) => {
    const bytes = tokenizer.isSpecial(id) ? undefined : tokenizer.bytesOf(id);
    return bytes ? byteLevelText(bytes) : "";
  });
  return { tokens, stops: [...defaults.eos] };
}
