import { WgslError } from "./error.ts";
import type { Token } from "./tokens.ts";
import type { Expression, Label } from "./tree.ts";

/** Maximum depth of blocks and expressions: a deeper text could exhaust the stack of the parser or of a compiler. */
const maxNested = 120;

/** A place in a list of tokens. */
export interface Reader {
  /** The next token, or one after it. */
  readonly peek: (ahead?: number) => Token;
  readonly take: () => Token;
  /** Takes the next token if it is this word or sign. */
  readonly accept: (text: string) => Token | undefined;
  /** Takes the next token, which has to be this word or sign. */
  readonly expect: (text: string) => Token;
  /** Takes a bracket of a template list. */
  readonly acceptTemplate: (text: "<" | ">") => Token | undefined;
  /** Takes a name. */
  readonly label: (what: string) => Label;
  /** End of the last token taken. */
  readonly end: () => number;
  readonly fail: (expected: string) => WgslError;
  /** Reads something one level deeper. */
  readonly nested: <T>(read: () => T) => T;
  /** Depths of the trees of the expressions read so far. */
  readonly depths: Map<Expression, number>;
}

/** A reader at the first of the tokens. */
export function readerOf(tokens: readonly Token[]): Reader {
  let at = 0;
  let depth = 0;
  const peek = (ahead = 0) => tokens[Math.min(at + ahead, tokens.length - 1)] as Token;
  const take = () => {
    const token = peek();
    if (at < tokens.length - 1) at++;
    return token;
  };
  const fail = (expected: string) => new WgslError(`${peek().text} stands where ${expected} is expected`, peek().at);
  const is = ({ kind, text }: Token, expected: string) => text === expected && (kind === "word" || kind === "sign");
  const accept = (text: string) => (is(peek(), text) ? take() : undefined);
  return {
    peek,
    take,
    accept,
    expect: (text) => {
      const token = accept(text);
      if (!token) throw fail(text);
      return token;
    },
    acceptTemplate: (text) => (peek().kind === "template" && peek().text === text ? take() : undefined),
    label: (what) => {
      const { kind, text, at: begin, end } = peek();
      if (kind !== "word" || text === "_" || keywords.has(text)) throw fail(what);
      if (reserved.has(text)) throw new WgslError(`${text} is a reserved word of WGSL`, begin);
      take();
      return { name: text, at: begin, end };
    },
    end: () => tokens[at - 1]?.end ?? 0,
    fail,
    depths: new Map(),
    nested: (read) => {
      if (++depth > maxNested) throw new WgslError(`more than ${maxNested} nested levels`, peek().at);
      const result = read();
      depth--;
      return result;
    },
  };
}

const list = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Keywords of WGSL (WGSL, section 15.1). They cannot be names. */
export const keywords = list(`
  alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let
  loop override requires return struct switch true var while`);

/** Reserved words of WGSL (section 15.2). They cannot be names either. */
export const reserved = list(`
  NULL Self abstract active alignas alignof as asm asm_fragment async attribute auto await become cast catch class
  co_await co_return co_yield coherent column_major common compile compile_fragment concept const_cast consteval
  constexpr constinit crate debugger decltype delete demote demote_to_helper do dynamic_cast enum explicit export
  extends extern external fallthrough filter final finally friend from fxgroup get goto groupshared highp impl
  implements import inline instanceof interface layout lowp macro macro_rules match mediump meta mod module move mut
  mutable namespace new nil noexcept noinline nointerpolation non_coherent noncoherent noperspective null nullptr of
  operator package packoffset pass patch pixelfragment precise precision premerge priv protected pub public
  readonly ref regardless register reinterpret_cast require resource restrict self set shared sizeof smooth snorm
  static static_assert static_cast std subroutine super target template this thread_local throw trait try type typedef
  typeid typename typeof union unless unorm unsafe unsized use using varying virtual volatile wgsl where with writeonly
  yield`);
