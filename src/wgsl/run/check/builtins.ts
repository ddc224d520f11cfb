// The builtin functions of WGSL that compute a value from values (section 17): which types they take, and which one
// they give. Each line of the table is a signature; T stands for one type that all arguments marked so agree on.
import type { WgslError } from "../../error.ts";
import type { Expression } from "../program.ts";
import {
  abstractFloat,
  abstractInt,
  bool,
  f16,
  f32,
  i32,
  matrixOf,
  type ScalarName,
  type ScalarType,
  scalarOf,
  structOf,
  type Type,
  u32,
  vectorOf,
  withScalar,
} from "../types.ts";
import { builtin, concrete, converted, splat } from "./fold.ts";
import { conversionRank } from "./ranges.ts";
import { checkArguments } from "./rules/argument-ranges.ts";

type Argument =
  /** The common type of all arguments marked so. */
  | "T"
  /** The scalar of that type, or the type itself. */
  | "scalar or T"
  | "u32"
  /** A u32 or an i32. */
  | "index"
  /** i32 in the shape of T. */
  | "i32 like T"
  /** bool, or bool in the shape of T. */
  | "condition"
  | Type;

interface Signature {
  readonly takes: readonly Argument[];
  /** Scalars that T may consist of. */
  readonly of: readonly ScalarName[];
  /** Shapes that T may have; scalars and vectors unless given. */
  readonly shapes?: readonly Type["kind"][];
  readonly width?: number;
  readonly isSquare?: boolean;
  readonly gives: (type: Type, scalar: ScalarType) => Type;
}

const floats: readonly ScalarName[] = ["f32", "f16", "abstract-float"];
const integers: readonly ScalarName[] = ["i32", "u32"];
const numbers: readonly ScalarName[] = [...floats, ...integers, "abstract-int"];
const same = (type: Type): Type => type;
const scalarOnly = (_: Type, scalar: ScalarType): Type => scalar;

const list = (names: string, signature: Signature): [string, Signature][] =>
  names.split(/\s+/).map((name) => [name, signature]);

const result = (name: string, second: (type: Type) => Type) => {
  const known = new Map<Type, Type>();
  return (type: Type): Type => {
    const found =
      known.get(type) ??
      structOf(name, [
        { name: "fract", type },
        { name: name.includes("modf") ? "whole" : "exp", type: second(type) },
      ]);
    known.set(type, found);
    return found;
  };
};

const vectors: readonly Type["kind"][] = ["vector"];
const [vec2f, vec4f] = [vectorOf(2, f32), vectorOf(4, f32)];
const [vec4i, vec4u] = [vectorOf(4, i32), vectorOf(4, u32)];
const given = (takes: readonly Type[], gives: Type): Signature => ({ takes, of: [], gives: () => gives });

/** Signatures of all of these functions by name. */
export const signatures: ReadonlyMap<string, Signature> = new Map([
  ...list(
    `acos acosh asin asinh atan atanh ceil cos cosh degrees exp exp2 floor fract inverseSqrt log log2 radians round
     saturate sin sinh sqrt tan tanh trunc`,
    { takes: ["T"], of: floats, gives: same },
  ),
  ...list("atan2 pow step", { takes: ["T", "T"], of: floats, gives: same }),
  ...list("fma smoothstep", { takes: ["T", "T", "T"], of: floats, gives: same }),
  ...list("mix", { takes: ["T", "T", "scalar or T"], of: floats, gives: same }),
  ...list("ldexp", { takes: ["T", "i32 like T"], of: floats, gives: same }),
  ...list("quantizeToF16", { takes: ["T"], of: ["f32"], gives: same }),
  ...list("abs", { takes: ["T"], of: numbers, gives: same }),
  ...list("sign", { takes: ["T"], of: numbers.filter((one) => one !== "u32"), gives: same }),
  ...list("max min", { takes: ["T", "T"], of: numbers, gives: same }),
  ...list("clamp", { takes: ["T", "T", "T"], of: numbers, gives: same }),
  ...list("countLeadingZeros countOneBits countTrailingZeros firstLeadingBit firstTrailingBit reverseBits", {
    takes: ["T"],
    of: integers,
    gives: same,
  }),
  ...list("extractBits", { takes: ["T", "u32", "u32"], of: integers, gives: same }),
  ...list("insertBits", { takes: ["T", "T", "u32", "u32"], of: integers, gives: same }),
  ...list("dot", { takes: ["T", "T"], of: numbers, shapes: vectors, gives: scalarOnly }),
  ...list("cross", { takes: ["T", "T"], of: floats, shapes: vectors, width: 3, gives: same }),
  ...list("length", { takes: ["T"], of: floats, gives: scalarOnly }),
  ...list("distance", { takes: ["T", "T"], of: floats, gives: scalarOnly }),
  ...list("normalize", { takes: ["T"], of: floats, shapes: vectors, gives: same }),
  ...list("reflect", { takes: ["T", "T"], of: floats, shapes: vectors, gives: same }),
  ...list("refract", { takes: ["T", "T", "scalar or T"], of: floats, shapes: vectors, gives: same }),
  ...list("faceForward", { takes: ["T", "T", "T"], of: floats, shapes: vectors, gives: same }),
  ...list("all any", { takes: ["T"], of: ["bool"], gives: () => bool }),
  ...list("select", { takes: ["T", "T", "condition"], of: [...numbers, "bool"], gives: same }),
  ...list("determinant", { takes: ["T"], of: floats, shapes: ["matrix"], isSquare: true, gives: scalarOnly }),
  ...list("transpose", {
    takes: ["T"],
    of: floats,
    shapes: ["matrix"],
    gives: (type, scalar) => (type.kind === "matrix" ? matrixOf(type.column.width, type.columns, scalar) : type),
  }),
  ...list("frexp", { takes: ["T"], of: floats, gives: result("__frexp_result", (type) => withScalar(type, i32)) }),
  ...list("modf", { takes: ["T"], of: floats, gives: result("__modf_result", same) }),
  ...list("pack4x8snorm pack4x8unorm", given([vec4f], u32)),
  ...list("pack4xI8 pack4xI8Clamp", given([vec4i], u32)),
  ...list("pack4xU8 pack4xU8Clamp", given([vec4u], u32)),
  ...list("pack2x16snorm pack2x16unorm pack2x16float", given([vec2f], u32)),
  ...list("unpack4x8snorm unpack4x8unorm", given([u32], vec4f)),
  ...list("unpack4xI8", given([u32], vec4i)),
  ...list("unpack4xU8", given([u32], vec4u)),
  ...list("unpack2x16snorm unpack2x16unorm unpack2x16float", given([u32], vec2f)),
  ...list("dot4U8Packed", given([u32, u32], u32)),
  ...list("dot4I8Packed", given([u32, u32], i32)),
  ...list("subgroupAdd subgroupMul subgroupMax subgroupMin subgroupExclusiveAdd subgroupExclusiveMul", {
    takes: ["T"],
    of: ["f32", "f16", ...integers],
    gives: same,
  }),
  ...list("subgroupInclusiveAdd subgroupInclusiveMul subgroupBroadcastFirst quadSwapX quadSwapY quadSwapDiagonal", {
    takes: ["T"],
    of: ["f32", "f16", ...integers],
    gives: same,
  }),
  ...list("subgroupAnd subgroupOr subgroupXor", { takes: ["T"], of: integers, gives: same }),
  ...list("subgroupAll subgroupAny", given([bool], bool)),
  ...list("subgroupElect", given([], bool)),
  ...list("subgroupBallot", given([bool], vec4u)),
  ...list("subgroupShuffle subgroupBroadcast quadBroadcast", {
    takes: ["T", "index"],
    of: ["f32", "f16", ...integers],
    gives: same,
  }),
  ...list("subgroupShuffleUp subgroupShuffleDown subgroupShuffleXor", {
    takes: ["T", "u32"],
    of: ["f32", "f16", ...integers],
    gives: same,
  }),
]);

/** Functions whose second argument has to be a constant. */
export const constantSecond: ReadonlySet<string> = new Set(["subgroupBroadcast", "quadBroadcast"]);

/** All expressions as the nearest type that each can become; undefined if they have none in common. */
export function unified(expressions: readonly Expression[]): readonly Expression[] | undefined {
  let common: ScalarType | undefined;
  for (const { type } of expressions) {
    const scalar = scalarOf(type);
    if (!scalar) return undefined;
    if (!common || conversionRank(common.scalar, scalar.scalar) !== undefined) common = scalar;
    else if (conversionRank(scalar.scalar, common.scalar) === undefined) return undefined;
  }
  return common && asScalar(expressions, common);
}

/** Each expression in its own shape, of these scalars. */
function asScalar(expressions: readonly Expression[], scalar: ScalarType): readonly Expression[] | undefined {
  const found = expressions.flatMap((one) => converted(one, withScalar(one.type, scalar)) ?? []);
  return found.length === expressions.length ? found : undefined;
}

/**
 * A call of one of these functions. `refuse` makes the error that says what it takes, given which types came; it
 * throws that, and `WgslError` for constants that are out of range.
 */
export function callBuiltin(
  name: string,
  signature: Signature,
  given: readonly Expression[],
  span: { readonly at: number; readonly end: number },
  refuse: (why: string) => WgslError,
): Expression {
  const { takes, of, gives } = signature;
  if (given.length !== takes.length) throw refuse(`it takes ${takes.length} arguments`);
  const common = commonOf(signature, given, refuse);
  const type = common[0]?.type;
  const scalar = type && (scalarOf(type) as ScalarType);
  if (type && scalar && !of.includes(scalar.scalar))
    throw refuse(`it takes ${of.filter((one) => !one.startsWith("a")).join(", ")}`);
  let next = 0;
  const values = takes.map((take, i) => {
    const value = given[i] as Expression;
    const as = take === "T" ? common[next++] : argument(take, value, type, scalar);
    if (!as) throw refuse(`argument ${i + 1} is a ${value.type.name}`);
    return as;
  });
  const second = values[1];
  if (constantSecond.has(name) && second?.kind !== "constant") throw refuse("its second argument is a constant");
  // Abstract numbers among others become concrete ones.
  const known = values.every(({ kind }) => kind === "constant") ? values : values.map(concrete);
  const result = known[takes.indexOf("T")]?.type ?? bool;
  checkArguments(name, known, scalarOf(result)?.scalar ?? "", span.at);
  return builtin(name, known, gives(result, scalarOf(result) as ScalarType), span);
}

/** The arguments marked T, as their common type. */
function commonOf(
  signature: Signature,
  given: readonly Expression[],
  refuse: (why: string) => WgslError,
): readonly Expression[] {
  const { takes, of, shapes = ["scalar", "vector"], width, isSquare } = signature;
  const marked = given.filter((_, i) => takes[i] === "T");
  if (marked.length === 0) return [];
  const scalars = given.filter((_, i) => takes[i] === "scalar or T");
  let found: readonly Expression[] | undefined = unified([...marked, ...scalars])?.slice(0, marked.length);
  // Whole abstract numbers where floats are taken.
  if (found && scalarOf(found[0]?.type as Type) === abstractInt && !of.includes("abstract-int")) {
    const to = of.includes("abstract-float")
      ? abstractFloat
      : of.includes("i32")
        ? i32
        : of.includes("f32")
          ? f32
          : f16;
    found = asScalar(found, to);
  } else if (found && scalarOf(found[0]?.type as Type) === abstractFloat && !of.includes("abstract-float")) {
    found = asScalar(found, f32);
  }
  const type = found?.[0]?.type;
  if (!found || !type || found.some((one) => one.type !== type)) throw refuse("its arguments differ in type");
  if (!shapes.includes(type.kind)) throw refuse(`it takes a ${shapes.join(" or a ")}`);
  if (width !== undefined && type.kind === "vector" && type.width !== width)
    throw refuse(`it takes vectors of ${width}`);
  if (isSquare && type.kind === "matrix" && type.columns !== type.column.width)
    throw refuse("it takes a matrix with as many rows as columns");
  return found;
}

function argument(
  take: Exclude<Argument, "T">,
  value: Expression,
  type: Type | undefined,
  scalar: ScalarType | undefined,
): Expression | undefined {
  switch (take) {
    case "u32":
      return converted(value, u32);
    case "index":
      return converted(value, u32) ?? converted(value, i32);
    case "i32 like T":
      return type && converted(value, withScalar(type, i32));
    case "scalar or T": {
      if (!type || !scalar) return undefined;
      const single = converted(value, scalar);
      return single ? splat(single, type) : converted(value, type);
    }
    case "condition": {
      if (value.type === bool) return type && splat(value, withScalar(type, bool));
      return type && value.type === withScalar(type, bool) ? value : undefined;
    }
    default:
      return converted(value, take);
  }
}
