// Abstract integers have 64 bits (WGSL, section 6.2.1), doubles hold 53 of them exactly: so they are computed as BigInt.

/** A result from the operands in order; those that an operation does not have are ignored. It may be out of range. */
type Whole = (a: bigint, b: bigint, c: bigint) => bigint;

const truth = (is: boolean): bigint => (is ? 1n : 0n);
const wrapped = (a: bigint): bigint => BigInt.asIntN(64, a);
const least = (a: bigint, b: bigint): bigint => (b < a ? b : a);
const most = (a: bigint, b: bigint): bigint => (a < b ? b : a);

/** Shifts by more bits than these differ in nothing. */
const capped = (bits: bigint): bigint => least(bits, 128n);

const functions: Readonly<Record<string, Whole>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0n ? a : a / b),
  "%": (a, b) => (b === 0n ? 0n : fitsAbstract(a / b) ? a % b : a / b), // refused as the quotient is
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << capped(b),
  ">>": (a, b) => a >> capped(b),
  "~": (a) => ~a,
  negate: (a) => wrapped(-a),
  abs: (a) => wrapped(a < 0n ? -a : a),
  sign: (a) => truth(a > 0n) - truth(a < 0n),
  min: least,
  max: most,
  clamp: (x, low, high) => least(most(x, low), high),
  select: (no, yes, condition) => (condition === 0n ? no : yes),
  "==": (a, b) => truth(a === b),
  "!=": (a, b) => truth(a !== b),
  "<": (a, b) => truth(a < b),
  "<=": (a, b) => truth(a <= b),
  ">": (a, b) => truth(a > b),
  ">=": (a, b) => truth(a >= b),
};

/** The operator, by its sign (unary minus is `negate`), or builtin function of this name; undefined for another. */
export const wholeNumberFunction = (name: string): Whole | undefined =>
  Object.hasOwn(functions, name) ? functions[name] : undefined;

/** Whether 64 bits hold a number. */
export const fitsAbstract = (value: bigint): boolean => wrapped(value) === value;
