// Operators and builtin functions of floats that take components one by one, as the table of section 15.7.4 of WGSL has
// them. Those whose accuracy WGSL takes from an expression are that expression here; the value is that of the function.
import { scaled } from "../numbers.ts";
import { scalarFunction } from "../operations.ts";
import {
  accurate,
  add,
  type Bounded,
  between,
  divide,
  exactly,
  type Format,
  flushed,
  fma,
  highest,
  lowest,
  max,
  min,
  multiply,
  negate,
  rising,
  rounded,
  subtract,
  ulp,
  unknown,
  within,
} from "./bounded.ts";

/** A result from the operands in order; those that an operation does not have are ignored. */
type BoundedFunction = (format: Format, a: Bounded, b: Bounded, c: Bounded) => Bounded;

/** The function in doubles. */
function inDoubles(name: string): (a: number, b?: number) => number {
  const apply = scalarFunction(name, "abstract-float");
  if (!apply) throw new Error(`no function ${name}`);
  return (a, b = 0) => apply(a, b, 0, 0);
}

/** A number with the bound of an expression that gives the same but for the rounding of doubles. */
function inherited(value: number, from: Bounded): Bounded {
  if (Number.isNaN(from.bound)) return unknown(value);
  return { value, bound: from.bound === 0 ? 0 : from.bound + Math.abs(from.value - value) };
}

/** The worse of an absolute error and of what an expression gives. */
const worse = (format: Format, value: number, absolute: number, carried: number, expression: Bounded): Bounded =>
  within(format, value, Math.max(absolute + carried, inherited(value, expression).bound));

const [one, half] = [exactly(1), exactly(0.5)];

/** A constant that is rounded to the format. */
const constant = (format: Format, value: number): Bounded => rounded(format, value, 0);

/** e^x or 2^x, of which `perUnit` is the logarithm of the base. */
const exponential =
  (name: "exp" | "exp2", perUnit: number): BoundedFunction =>
  (format, operand) => {
    const { value: x, bound } = flushed(format, operand);
    const apply = inDoubles(name);
    const value = apply(x);
    if (bound === 0 && !Number.isFinite(x)) return Number.isNaN(x) ? unknown(value) : exactly(value);
    const units = format.exponential + 2 * (Math.abs(x) + bound);
    const growth = bound * perUnit;
    const carried = growth < 0.01 ? value * growth * (1 + growth) : apply(x + bound) - value;
    return accurate(format, value, carried, units);
  };

/** The natural logarithm or that to base 2, whose slope at 1 is `slope`. */
const logarithm =
  (name: "log" | "log2", slope: number): BoundedFunction =>
  (format, operand) => {
    const { value: x, bound } = flushed(format, operand);
    const value = inDoubles(name)(x);
    const least = x - bound;
    if (!(least > 0)) return unknown(value);
    if (x === Number.POSITIVE_INFINITY) return exactly(value);
    const carried = (bound / least) * slope;
    const isNearOne = x + bound >= 0.5 && least <= 2;
    const isFar = least < 0.5 || x + bound > 2;
    const units = isFar ? 3 * ulp(format, Math.abs(value) + carried) : 0;
    return within(format, value, carried + Math.max(units, isNearOne ? format.logarithm : 0));
  };

const squareRoot: BoundedFunction = (format, operand) => {
  const { value: x, bound } = flushed(format, operand);
  if (x === 0 && bound === 0) return exactly(x);
  return inherited(Math.sqrt(x), divide(format, one, inverseRoot(format, operand, one, one)));
};

const inverseRoot: BoundedFunction = (format, operand) => {
  const { value: x, bound } = flushed(format, operand);
  const value = 1 / Math.sqrt(x);
  const least = x - bound;
  if (!(least > 0)) return unknown(value);
  // 1/√(x − e) − 1/√x is e / (√x·√(x − e)·(√x + √(x − e))).
  const [root, leastRoot] = [Math.sqrt(x), Math.sqrt(least)];
  return accurate(format, value, bound === 0 ? 0 : bound / (root * leastRoot * (root + leastRoot)), 2);
};

const power: BoundedFunction = (format, x, y) => {
  const expression = exponentialOfTwo(format, multiply(format, y, logarithmOfTwo(format, x, one, one)), one, one);
  return inherited(inDoubles("pow")(x.value, y.value), expression);
};

const remainder: BoundedFunction = (format, x, y) => {
  const quotient = rising(format, divide(format, x, y), Math.trunc);
  return inherited(x.value % y.value, subtract(format, x, multiply(format, y, quotient)));
};

/** sin or cos. */
const circular =
  (name: "sin" | "cos"): BoundedFunction =>
  (format, operand) => {
    const { value: x, bound } = flushed(format, operand);
    const value = inDoubles(name)(x);
    return Math.abs(x) + bound <= Math.PI ? within(format, value, bound + format.circular) : unknown(value);
  };

const [sine, cosine] = [circular("sin"), circular("cos")];
const [exponentialOfE, exponentialOfTwo] = [exponential("exp", 1), exponential("exp2", Math.LN2)];
const [logarithmOfE, logarithmOfTwo] = [logarithm("log", 1), logarithm("log2", Math.LOG2E)];

const tangent: BoundedFunction = (format, x) =>
  inherited(inDoubles("tan")(x.value), divide(format, sine(format, x, x, x), cosine(format, x, x, x)));

const arctangent: BoundedFunction = (format, operand) => {
  const { value: x, bound } = flushed(format, operand);
  return accurate(format, inDoubles("atan")(x), bound, format.arctangent);
};

/** The angle of the point (x, y). */
const angle: BoundedFunction = (format, y, x) => {
  const value = inDoubles("atan2")(y.value, x.value);
  const [least, most] = format.divisors;
  const size = Math.abs(x.value);
  const isNormal = Math.abs(y.value) - y.bound >= format.leastNormal || (y.value === 0 && y.bound === 0);
  if (!(size - x.bound >= least && size + x.bound <= most && isNormal)) return unknown(value);
  if (x.value < 0 && Math.abs(y.value) <= y.bound) return unknown(value); // on either side of the cut
  const near = Math.sqrt(x.value * x.value + y.value * y.value) - x.bound - y.bound;
  if (!(near > 0)) return unknown(value);
  return accurate(format, value, (x.bound + y.bound) / near, format.arctangent);
};

/** How far a function may go within the bound of its operand, whose slope grows outwards. */
function carriedBy(apply: (x: number) => number, { value, bound }: Bounded, least: number, most: number): number {
  if (bound === 0) return 0;
  const ends = [Math.max(value - bound, least), Math.min(value + bound, most)];
  return Math.max(...ends.map((end) => Math.abs(apply(end) - apply(value))));
}

/** asin or acos, whose error is the worse of an absolute one and that of atan2. */
const inverseCircular =
  (name: "asin" | "acos"): BoundedFunction =>
  (format, x) => {
    const apply = inDoubles(name);
    const other = squareRoot(format, subtract(format, one, multiply(format, x, x)), one, one);
    const expression = name === "asin" ? angle(format, x, other, one) : angle(format, other, x, one);
    const absolute = name === "asin" ? format.arcsine : format.arccosine;
    return worse(format, apply(x.value), absolute, carriedBy(apply, x, -1, 1), expression);
  };

/** (e^x ± e^-x) / 2. */
const hyperbolic =
  (name: "sinh" | "cosh"): BoundedFunction =>
  (format, x) => {
    const [up, down] = [exponentialOfE(format, x, x, x), exponentialOfE(format, negate(format, x), x, x)];
    const both = name === "sinh" ? subtract(format, up, down) : add(format, up, down);
    return inherited(inDoubles(name)(x.value), multiply(format, both, half));
  };

const [hyperbolicSine, hyperbolicCosine] = [hyperbolic("sinh"), hyperbolic("cosh")];

const hyperbolicTangent: BoundedFunction = (format, x) => {
  const expression = divide(format, hyperbolicSine(format, x, x, x), hyperbolicCosine(format, x, x, x));
  return worse(format, inDoubles("tanh")(x.value), 1e-5, x.bound, expression);
};

/** asinh or acosh: log(x + √(x² ± 1)). */
const inverseHyperbolic =
  (name: "asinh" | "acosh"): BoundedFunction =>
  (format, x) => {
    const square = multiply(format, x, x);
    const inside = name === "asinh" ? add(format, square, one) : subtract(format, square, one);
    const sum = add(format, x, squareRoot(format, inside, one, one));
    return inherited(inDoubles(name)(x.value), logarithmOfE(format, sum, one, one));
  };

const inverseHyperbolicTangent: BoundedFunction = (format, x) => {
  const quotient = divide(format, add(format, one, x), subtract(format, one, x));
  const expression = multiply(format, logarithmOfE(format, quotient, one, one), half);
  return inherited(inDoubles("atanh")(x.value), expression);
};

const clamp: BoundedFunction = (format, x, low, high) => min(format, max(format, x, low), high);

const saturate: BoundedFunction = (format, x) => clamp(format, x, exactly(0), one);

const smoothstep: BoundedFunction = (format, low, high, x) => {
  const share = divide(format, subtract(format, x, low), subtract(format, high, low));
  const t = saturate(format, share, one, one);
  const inside = subtract(format, exactly(3), multiply(format, exactly(2), t));
  return multiply(format, multiply(format, t, t), inside);
};

const mix: BoundedFunction = (format, x, y, share) =>
  add(format, multiply(format, x, subtract(format, one, share)), multiply(format, y, share));

/** 1 where x is at the edge or above it. */
const step: BoundedFunction = (format, edge, x) => {
  const [a, b] = [flushed(format, edge), flushed(format, x)];
  const at = (from: number, to: number) => (from <= to ? 1 : 0);
  return between(at(a.value, b.value), at(highest(a), lowest(b)), at(lowest(a), highest(b)));
};

/** A function that never falls and is exact, by its name. */
const exact = (name: string): BoundedFunction => {
  const apply = inDoubles(name);
  return (format, x) => rising(format, x, apply);
};

const functions: Readonly<Record<string, BoundedFunction>> = {
  "+": add,
  "-": subtract,
  "*": multiply,
  "/": divide,
  "%": remainder,
  negate,
  fma,
  min,
  max,
  clamp,
  saturate,
  step,
  smoothstep,
  mix,
  abs: (format, x) => ({ value: Math.abs(x.value), bound: flushed(format, x).bound }),
  ceil: exact("ceil"),
  floor: exact("floor"),
  trunc: exact("trunc"),
  round: exact("round"),
  sign: exact("sign"),
  fract: (format, x) => subtract(format, x, rising(format, x, Math.floor)),
  degrees: (format, x) => multiply(format, x, constant(format, 180 / Math.PI)),
  radians: (format, x) => multiply(format, x, constant(format, Math.PI / 180)),
  sqrt: squareRoot,
  inverseSqrt: inverseRoot,
  pow: power,
  exp: exponentialOfE,
  exp2: exponentialOfTwo,
  log: logarithmOfE,
  log2: logarithmOfTwo,
  sin: sine,
  cos: cosine,
  tan: tangent,
  asin: inverseCircular("asin"),
  acos: inverseCircular("acos"),
  atan: arctangent,
  atan2: angle,
  sinh: hyperbolicSine,
  cosh: hyperbolicCosine,
  tanh: hyperbolicTangent,
  asinh: inverseHyperbolic("asinh"),
  acosh: inverseHyperbolic("acosh"),
  atanh: inverseHyperbolicTangent,
};

const table: ReadonlyMap<string, BoundedFunction> = new Map(Object.entries(functions));

/** What an operator, by its sign (unary minus is `negate`), or a function of floats gives; undefined for others. */
export const boundedFunction = (name: string): BoundedFunction | undefined => table.get(name);

/** x rounded to another format. */
export const convertTo = (format: Format, { value, bound }: Bounded): Bounded =>
  Number.isFinite(value) ? rounded(format, value, bound) : { value, bound };

/** x·2^n. */
export const timesPowerOfTwo = (format: Format, x: Bounded, n: number): Bounded =>
  rounded(format, scaled(x.value, n), scaled(flushed(format, x).bound, n));

/** The nearest f16, as an f32. */
export const quantized = (f16: Format, f32: Format, x: Bounded): Bounded => convertTo(f16, flushed(f32, x));
