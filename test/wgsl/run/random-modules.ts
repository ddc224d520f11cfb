// Random programs over the subset of WGSL that kernels use, many in a module: each is a function that a workgroup of its
// own calls, so that many programs need one pipeline. The reference is a GPU.
import { type RandomSource, randomSource } from "../../../src/check/random.ts";

/** Whether all that is computed is exact, or floats are computed, on which no control flow depends. */
export type Kind = "exact" | "rounded";

type Scalar = "u32" | "i32" | "f32";

/** A scalar, or a vector of two to four. */
interface Type {
  readonly scalar: Scalar;
  readonly width: number;
}

interface Scope {
  readonly random: RandomSource;
  readonly kind: Kind;
  /** Which variables there are. */
  readonly types: readonly Type[];
  /** The number of the program. */
  readonly program: number;
  readonly depth: number;
  readonly inLoop?: boolean;
  readonly inSwitch?: boolean;
  /** The type of the function's result; none in the program itself, which has no `return` before its last barrier. */
  readonly result?: Type;
}

/** Lanes of a workgroup. */
export const lanes = 32;

/** Atomic words of a program. */
export const atomicsOfProgram = 4;

const word = { scalar: "u32", width: 1 } as const;
const number = { scalar: "f32", width: 1 } as const;

const spelled = ({ scalar, width }: Type) => (width === 1 ? scalar : `vec${width}<${scalar}>`);
const variable = ({ scalar, width }: Type) => `${scalar[0]}${width}`;

function pick<T>({ random }: Pick<Scope, "random">, choices: readonly T[]): T {
  return choices[random.integer(choices.length)] as T;
}

const chance = ({ random }: Scope, share: number) => random.uniform() < share;
const deeper = (scope: Scope, more: Partial<Scope> = {}): Scope => ({ ...scope, depth: scope.depth - 1, ...more });

const literals: Readonly<Record<Scalar, readonly string[]>> = {
  u32: ["0u", "1u", "2u", "3u", "7u", "31u", "32u", "255u", "65536u", "0x7fffffffu", "0x80000000u", "0xffffffffu"],
  i32: ["0i", "1i", "(-1i)", "2i", "(-3i)", "16i", "127i", "(-128i)", "65535i", "2147483647i", "(-2147483647i)"],
  f32: ["0.5", "1.0", "(-1.5)", "2.25", "(-3.0)", "0.125", "7.75"],
};

/** What differs from lane to lane: no constant, which would be refused where it overflows. */
function running(scope: Scope, type: Type): string {
  const known = scope.types.filter(({ scalar, width }) => scalar === type.scalar && width >= type.width);
  if (known.length > 0 && chance(scope, 0.8)) {
    const own = pick(scope, known);
    return own.width === type.width ? variable(own) : `${variable(own)}.${swizzle(scope, own.width, type.width)}`;
  }
  const parts = {
    u32: ["lane", "words[lane]", "kept"],
    i32: ["i32(lane)", "i32(words[lane])"],
    f32: ["numbers[lane]"],
  };
  return type.width === 1 ? pick(scope, parts[type.scalar]) : `${spelled(type)}(${pick(scope, parts[type.scalar])})`;
}

const swizzle = ({ random }: Scope, from: number, width: number) =>
  Array.from({ length: width }, () => "xyzw"[random.integer(from)]).join("");

function literal(scope: Scope, type: Type): string {
  const values = Array.from({ length: type.width }, () => pick(scope, literals[type.scalar]));
  return type.width === 1 ? (values[0] as string) : `${spelled(type)}(${values.join(", ")})`;
}

/** A value, which may be a constant. */
const value = (scope: Scope, type: Type): string => (chance(scope, 0.2) ? literal(scope, type) : computed(scope, type));

/** A value that is no constant. */
function computed(scope: Scope, type: Type): string {
  if (scope.depth <= 0) return running(scope, type);
  const inner = deeper(scope);
  const { scalar, width } = type;
  const any = [
    () => running(scope, type),
    () => `select(${value(inner, type)}, ${computed(inner, type)}, ${condition(inner)})`,
    ...(width === 1
      ? [() => element(inner, scalar), () => element(inner, scalar)]
      : [
          () =>
            `${spelled(type)}(${computed(inner, { scalar, width: width - 1 })}, ${value(inner, { scalar, width: 1 })})`,
        ]),
    ...(scope.result || scalar === "i32" || width > 1 ? [] : [() => called(inner, scalar)]),
  ];
  const own = scalar === "f32" ? (scope.kind === "exact" ? exactFloats : roundedFloats) : integers;
  return pick(scope, chance(scope, 0.35) ? any : own(inner, type))();
}

/** An element of a buffer, of a vector, of an array in a struct. */
function element(scope: Scope, scalar: Scalar): string {
  const at = computed(scope, word);
  const vectors = scope.types.filter((type) => type.scalar === scalar && type.width > 1);
  if (vectors.length > 0 && chance(scope, 0.5)) {
    const own = pick(scope, vectors);
    return `${variable(own)}[(${at}) % ${own.width}u]`;
  }
  if (scalar === "f32") return `numbers[(${at}) % ${lanes}u]`;
  if (scalar === "i32") return `pair.list[(${at}) % 3u]`;
  return pick(scope, [`words[(${at}) % ${lanes}u]`, `list[(${at}) % 4u]`, `pair.counts[(${at}) % 3u]`]);
}

/** A call of the program's function, which changes a variable. */
function called(scope: Scope, scalar: "u32" | "f32"): string {
  const name = `${scalar === "u32" ? "whole" : "broken"}${scope.program}`;
  return scope.types.some((type) => type.scalar === scalar && type.width === 1)
    ? `${name}(${value(scope, { scalar, width: 1 })}, &${variable({ scalar, width: 1 })})`
    : running(scope, { scalar, width: 1 });
}

type Choices = readonly (() => string)[];

function integers(scope: Scope, type: Type): Choices {
  const { scalar, width } = type;
  const [a, b] = [() => computed(scope, type), () => value(scope, type)];
  const shift = () => computed(scope, { scalar: "u32", width });
  const other = { scalar: scalar === "u32" ? "i32" : "u32", width } as const;
  const bit = ["countOneBits", "reverseBits", "firstLeadingBit", "firstTrailingBit", "countLeadingZeros", "abs"];
  return [
    ...["+", "-", "*", "&", "|", "^"].map((sign) => () => `(${a()} ${sign} ${b()})`),
    ...["/", "%"].map((sign) => () => `(${a()} ${sign} ${a()})`),
    ...["<<", ">>"].map((sign) => () => `(${a()} ${sign} ${shift()})`),
    () => `~${a()}`,
    () => (scalar === "i32" ? `-(${a()})` : `(${a()} + ${b()})`),
    () => `${pick(scope, ["min", "max"])}(${a()}, ${b()})`,
    () => `clamp(${a()}, ${a()}, ${b()})`,
    () => `${pick(scope, bit)}(${a()})`,
    () => `extractBits(${a()}, ${computed(scope, word)}, ${computed(scope, word)})`,
    () => `insertBits(${a()}, ${b()}, ${computed(scope, word)} % 20u, ${computed(scope, word)} % 12u)`,
    () => `${pick(scope, [spelled(type), `bitcast<${spelled(type)}>`])}(${computed(scope, other)})`,
    () =>
      width === 1 ? `dot(${computed(scope, { scalar, width: 3 })}, ${value(scope, { scalar, width: 3 })})` : `${a()}`,
    ...(width === 1
      ? [() => `dot4${scalar[0]?.toUpperCase()}8Packed(${computed(scope, word)}, ${value(scope, word)})`]
      : []),
    ...(scalar === "u32" && width === 1 ? [() => `pack4xU8(${computed(scope, { scalar, width: 4 })})`] : []),
    ...(scope.kind === "exact" ? [() => `${spelled(type)}(${computed(scope, { scalar: "f32", width })})`] : []),
  ];
}

/** What moves floats and takes whole parts: min and max are not among them, which may take either zero. */
function exactFloats(scope: Scope, type: Type): Choices {
  const a = () => computed(scope, type);
  return [
    ...["abs", "floor", "ceil", "trunc", "round", "-"].map((name) => () => `${name}(${a()})`),
    () => `step(${a()}, ${value(scope, type)})`,
    () => `select(${a()}, ${value(scope, type)}, ${a()} < ${value(scope, type)})`,
  ];
}

/** Functions of bounded arguments, none of which jumps. */
function roundedFloats(scope: Scope, type: Type): Choices {
  const { width } = type;
  const [a, b] = [() => computed(scope, type), () => value(scope, type)];
  const vector = { scalar: "f32", width: 3 } as const;
  const all = (x: string) => (width === 1 ? x : `${spelled(type)}(${x})`);
  const small = (limit: string) => `clamp(${a()}, ${all(`-${limit}`)}, ${all(limit)})`;
  return [
    ...["+", "-", "*", "+", "*"].map((sign) => () => `(${a()} ${sign} ${b()})`),
    () => `(${a()} / (abs(${a()}) + 1.0))`,
    () => `sqrt(abs(${a()}) + 0.25)`,
    () => `inverseSqrt(abs(${a()}) + 0.5)`,
    () => `${pick(scope, ["exp", "tanh", "exp2"])}(${small("4.0")})`,
    () => `${pick(scope, ["sin", "cos"])}(${small("3.0")})`,
    () => `log(abs(${a()}) + 1.0)`,
    () => `fma(${a()}, ${b()}, ${b()})`,
    () => `mix(${a()}, ${b()}, ${computed(scope, number)})`,
    () => `${pick(scope, ["min", "max"])}(${a()}, ${b()})`,
    () =>
      `${spelled(type)}(${computed(scope, { scalar: "u32", width })} % ${width === 1 ? "64u" : `vec${width}u(64u)`})`,
    () => (width === 1 ? `dot(${computed(scope, vector)}, ${value(scope, vector)})` : `-(${a()})`),
    () => (width === 2 ? `(mat2x2f(${a()}, ${b()}) * ${a()})` : `abs(${a()})`),
  ];
}

function condition(scope: Scope): string {
  const inner = deeper(scope);
  const scalars = scope.kind === "exact" ? (["u32", "i32", "f32"] as const) : (["u32", "i32"] as const);
  const compared = (width: number) => {
    const type = { scalar: pick(scope, scalars), width };
    return `(${computed(inner, type)} ${pick(scope, ["<", "<=", ">", ">=", "==", "!="])} ${value(inner, type)})`;
  };
  if (scope.depth <= 0) return compared(1);
  return pick(scope, [
    () => compared(1),
    () => compared(1),
    () => `(${computed(inner, word)} % 3u == 1u)`,
    () => `${pick(scope, ["any", "all"])}${compared(2 + scope.random.integer(3))}`,
    () => `(${condition(inner)} ${pick(scope, ["&&", "||"])} ${condition(inner)})`,
    () => `!${condition(inner)}`,
  ])();
}

const block = (scope: Scope): string =>
  Array.from({ length: 1 + scope.random.integer(3) }, () => statement(scope)).join("\n");

/** What is stored in a variable: floats that are computed stay small. */
function stored(scope: Scope, type: Type): string {
  const given = value(scope, type);
  if (type.scalar !== "f32" || scope.kind === "exact") return given;
  const limit = (x: string) => (type.width === 1 ? x : `${spelled(type)}(${x})`);
  return `clamp(${given}, ${limit("-8.0")}, ${limit("8.0")})`;
}

function assignment(scope: Scope): string {
  const type = pick(scope, scope.types);
  const one = { scalar: type.scalar, width: 1 };
  const name = variable(type);
  const isWhole = type.scalar !== "f32";
  return pick(scope, [
    () => `${name} = ${stored(scope, type)};`,
    () => `${name} = ${stored(scope, type)};`,
    () => (isWhole ? `${name} ${pick(scope, ["+=", "-=", "*=", "^=", "|="])} ${value(scope, type)};` : `kept += 3u;`),
    () => (isWhole && type.width === 1 ? `${name}${pick(scope, ["++", "--"])};` : `list[lane % 4u]++;`),
    () => (type.width > 1 ? `${name}.${swizzle(scope, type.width, 1)} = ${stored(scope, one)};` : `kept ^= lane;`),
    () =>
      type.width > 1
        ? `${name}[(${computed(scope, word)}) % ${type.width}u] = ${stored(scope, one)};`
        : `list[(${computed(scope, word)}) % 4u] = ${value(scope, word)};`,
    () => `pair.list[(${computed(scope, word)}) % 3u] = ${value(scope, { scalar: "i32", width: 1 })};`,
    () => `pair.counts = ${value(scope, { scalar: "u32", width: 3 })};`,
    () => `kept = ${value(scope, word)};`,
  ])();
}

function statement(scope: Scope): string {
  const { depth, inLoop, inSwitch, result, program } = scope;
  if (depth <= 0) return assignment(scope);
  const inner = deeper(scope);
  const turn = `turn${scope.random.integer(1e9)}`;
  const inside = (more: Partial<Scope>) => block(deeper(scope, more));
  const trips = () => `(${computed(deeper(inner), word)}) % 4u`;
  const loop = { inLoop: true, inSwitch: false } as const;
  return pick(scope, [
    () => assignment(scope),
    () => assignment(scope),
    () => `if ${condition(inner)} {\n${inside({})}\n}`,
    () => `if ${condition(inner)} {\n${inside({})}\n} else {\n${inside({})}\n}`,
    () => `for (var ${turn} = 0u; ${turn} < ${trips()}; ${turn}++) {\n${inside(loop)}\n}`,
    () =>
      `var ${turn} = 0u; loop {\n${inside(loop)}\ncontinuing { ${turn}++; kept += ${turn}; break if ${turn} >= ${trips()}; } }`,
    () => `var ${turn} = ${trips()}; while ${turn} > 0u { ${turn}--;\n${inside(loop)}\n}`,
    () => `switch (${computed(inner, word)}) % 4u { case 0u, 2u: {\n${inside({ inSwitch: true })}\n}
      default: {\n${inside({ inSwitch: true })}\n} case 3u: {\n${inside({ inSwitch: true })}\n} }`,
    () =>
      `atomic${atomicOf(program)}(&atomics[${atomicsOfProgram * program}u + (${computed(inner, word)}) % 4u], ${value(inner, word)});`,
    () => {
      const leaving = inLoop ? pick(scope, ["break;", "continue;"]) : inSwitch ? "break;" : assignment(scope);
      return `if ${condition(inner)} { ${leaving} }`;
    },
    () => `if ${condition(inner)} { ${result ? `return ${stored(inner, result)};` : assignment(scope)} }`,
  ])();
}

/** One kind of update for each program: the order of two kinds would matter. */
const atomicOf = (program: number) => ["Add", "Max", "Min", "Xor", "Or", "And"][program % 6];

/** A function of the program, with variables of its own, that returns from within. */
function helper(scope: Scope, name: string, scalar: "u32" | "f32"): string {
  const result = { scalar, width: 1 } as const;
  const own: Scope = {
    ...scope,
    result,
    types: [result, { scalar: "i32", width: 2 }],
    depth: 1 + scope.random.integer(2),
  };
  const [argument, type] = [variable(result), spelled(result)];
  const update = scalar === "u32" || scope.kind === "exact" ? argument : `clamp(*p + ${argument}, -8.0, 8.0)`;
  return `fn ${name}(argument: ${type}, p: ptr<function, ${type}>) -> ${type} {
    let lane = kept % ${lanes}u; var ${argument} = argument; var i2 = vec2i(bitcast<i32>(kept), 5);
    var list: array<u32, 4>; var pair = Pair();
    ${block(own)}
    *p = ${update}; kept += u32(i2.x) + list[1] + pair.counts.y;
    return ${stored(own, result)};
  }`;
}

const variables: readonly Type[] = (["u32", "i32", "f32"] as const).flatMap((scalar) =>
  [1, 2, 3, 4].map((width) => ({ scalar, width })),
);

function programText(random: RandomSource, kind: Kind, program: number): string {
  const types = [word, number, ...variables.filter(() => random.uniform() < 0.35)].filter(
    (type, i, all) => all.findIndex((one) => variable(one) === variable(type)) === i,
  );
  const scope: Scope = { random, kind, types, program, depth: 2 };
  const start = { ...scope, depth: 0, types: [] };
  const parts = (type: Type) =>
    Array.from({ length: type.width }, (_, i) => `${variable(type)}${type.width > 1 ? `.${"xyzw"[i]}` : ""}`);
  const all = (isWanted: (scalar: Scalar) => boolean) => types.filter(({ scalar }) => isWanted(scalar)).flatMap(parts);
  const whole = [
    ...all((scalar) => scalar !== "f32").map((name) => `u32(${name})`),
    "kept",
    "list[lane % 4u]",
    "u32(pair.list[1])",
  ];
  const floats = all((scalar) => scalar === "f32");
  const hash = (names: readonly string[]) => names.reduce((hash, name) => `(${hash} * 31u + ${name})`, "pair.counts.x");
  const result =
    kind === "exact"
      ? hash([...whole, ...floats.map((name) => `bits(${name})`)])
      : `${floats.join(" + ")} + f32(${hash(whole)} % 64u)`;
  return `${helper(scope, `whole${program}`, "u32")}
  ${helper(scope, `broken${program}`, "f32")}
  fn program${program}(lane: u32) {
    kept = lane * 7u;
    ${types.map((type) => `var ${variable(type)} = ${running(start, type)};`).join(" ")}
    var list = array<u32, 4>(lane, 1u, 2u, 3u); var pair = Pair(vec3u(lane), array(1i, -2i, 3i));
    ${statement(scope)}
    ${statement(scope)}
    shared_words[lane] = ${value(scope, word)}; workgroupBarrier();
    u1 ^= shared_words[(${computed(scope, word)}) % ${lanes}u]; workgroupBarrier();
    ${statement(scope)}
    out[${lanes * program}u + lane] = ${result};
  }`;
}

/** A module of so many programs; workgroup i runs program i. */
export function randomModule(seed: number, kind: Kind, programs: number): string {
  const random = randomSource(seed);
  const numbersOfPrograms = Array.from({ length: programs }, (_, i) => i);
  return `@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read> numbers: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<${kind === "exact" ? "u32" : "f32"}>;
@group(0) @binding(3) var<storage, read_write> atomics: array<atomic<u32>>;
struct Pair { counts: vec3u, list: array<i32, 3> }
var<workgroup> shared_words: array<u32, ${lanes}>;
var<private> kept: u32;
fn bits(x: f32) -> u32 { return select(bitcast<u32>(x), 0u, x == 0.0); }
${numbersOfPrograms.map((i) => programText(random, kind, i)).join("\n")}
@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) workgroup: vec3u) {
  switch workgroup.x {
    ${numbersOfPrograms.map((i) => `case ${i}u: { program${i}(lane); }`).join("\n    ")}
    default: {}
  }
}
`;
}
