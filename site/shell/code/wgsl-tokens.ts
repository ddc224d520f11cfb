/** The class of a piece of WGSL, for its colour. */
export type TokenClass =
  | "keyword"
  | "type"
  | "attribute"
  | "builtin"
  | "number"
  | "comment"
  | "name"
  | "sign"
  | "space";

const keywords = new Set(
  (
    "alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if let " +
    "loop override requires return struct switch true var while"
  ).split(" "),
);
const types = new Set(
  (
    "array atomic bool f16 f32 i32 u32 ptr sampler vec2 vec3 vec4 vec2f vec3f vec4f vec2h vec3h vec4h vec2i vec3i vec4i " +
    "vec2u vec3u vec4u mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 mat4x3 mat4x4 mat2x2f mat2x3f mat2x4f mat3x2f " +
    "mat3x3f mat3x4f mat4x2f mat4x3f mat4x4f mat4x4h storage uniform workgroup private function read write " +
    "read_write"
  ).split(" "),
);
const builtins = new Set(
  (
    "abs acos all any asin atan atan2 atomicAdd atomicAnd atomicCompareExchangeWeak atomicExchange atomicLoad atomicMax " +
    "atomicMin atomicOr atomicStore atomicSub atomicXor bitcast ceil clamp cos cosh countLeadingZeros countOneBits cross " +
    "degrees determinant distance dot dot4I8Packed dot4U8Packed exp exp2 extractBits faceForward firstLeadingBit " +
    "firstTrailingBit floor fma fract frexp insertBits inverseSqrt ldexp length log log2 max min mix modf normalize pack2x16float " +
    "pack4x8snorm pow quantizeToF16 radians reverseBits round saturate select sign sin sinh smoothstep sqrt step " +
    "storageBarrier subgroupAdd subgroupBroadcast subgroupMax subgroupMin subgroupShuffle tan tanh transpose trunc " +
    "unpack2x16float unpack4x8snorm workgroupBarrier workgroupUniformLoad"
  ).split(" "),
);

const patterns: readonly (readonly [RegExp, TokenClass | undefined])[] = [
  [/\s+/y, "space"],
  [/\/\/[^\n]*/y, "comment"],
  [/\/\*[\s\S]*?(?:\*\/|$)/y, "comment"],
  [/@\s*[A-Za-z_]\w*/y, "attribute"],
  [/0[xX][\da-fA-F]*\.?[\da-fA-F]+(?:[pP][+-]?\d+)?[iufh]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[iufh]?/y, "number"],
  [/[A-Za-z_]\w*/y, undefined],
  [/[-+*/%&|^!=<>]=|<<|>>|&&|\|\||->|\+\+|--|[-+*/%&|^~!=<>()[\]{},;:.]/y, "sign"],
];

/** One piece of WGSL. */
export interface WgslToken {
  readonly text: string;
  readonly kind: TokenClass;
}

/** The token at `from`; a character that WGSL does not have is a separate sign. */
export function tokenAt(text: string, from: number): WgslToken {
  for (const [pattern, kind] of patterns) {
    pattern.lastIndex = from;
    const [found] = pattern.exec(text) ?? [];
    if (!found) continue;
    if (kind) return { text: found, kind };
    const word = keywords.has(found) ? "keyword" : types.has(found) ? "type" : builtins.has(found) ? "builtin" : "name";
    return { text: found, kind: word };
  }
  return { text: text.slice(from, from + 1), kind: "sign" };
}

/** A text's pieces; joined, they are the text. */
export function wgslTokens(text: string): WgslToken[] {
  const tokens: WgslToken[] = [];
  for (let at = 0; at < text.length; ) {
    const token = tokenAt(text, at);
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}
