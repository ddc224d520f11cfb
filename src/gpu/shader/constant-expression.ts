const tokenPattern = /0[xX][0-9a-fA-F]+[iu]?|\d+[iu]?(?![\w.])|[A-Za-z_]\w*|<<|>>|\S/g;

/** Binary operators by precedence, the lowest first. WGSL requires parentheses where precedence is easily mistaken. */
const levels: readonly Readonly<Record<string, (left: number, right: number) => number>>[] = [
  { "|": (left, right) => left | right },
  { "^": (left, right) => left ^ right },
  { "&": (left, right) => left & right },
  { "<<": (left, right) => left * 2 ** right, ">>": (left, right) => Math.floor(left / 2 ** right) },
  { "+": (left, right) => left + right, "-": (left, right) => left - right },
  {
    "*": (left, right) => left * right,
    "/": (left, right) => Math.trunc(left / right),
    "%": (left, right) => left % right,
  },
];

const functions: Readonly<Record<string, (...values: number[]) => number>> = {
  min: Math.min,
  max: Math.max,
  u32: (value) => value,
  i32: (value) => value,
};

/** Maximum depth of parentheses and constants, one within the other; a deeper expression has no value. */
const deepest = 200;

/**
 * The value of a WGSL constant expression of integers, such as `TILE * (COLUMNS + 1)`, with the values of `constants`;
 * undefined for anything else. Each constant is evaluated once: `known` keeps its value, for other expressions too.
 */
export function evaluate(
  expression: string,
  constants: ReadonlyMap<string, string>,
  known = new Map<string, number | undefined>(),
  depth = 0,
): number | undefined {
  const tokens = expression.match(tokenPattern) ?? [];
  let at = 0;
  const take = (token: string) => tokens[at] === token && ++at > 0;

  const binary = (least: number, depth: number): number | undefined => {
    let left = depth > deepest ? undefined : unary(depth + 1);
    for (;;) {
      const sign = tokens[at] ?? "";
      const level = levels.findIndex((signs) => signs[sign]);
      const apply = levels[level]?.[sign];
      if (!apply || level < least || left === undefined) return left;
      at++;
      const right = binary(level + 1, depth);
      left = right === undefined ? undefined : apply(left, right);
    }
  };
  const unary = (depth: number): number | undefined => {
    const token = tokens[at++] ?? "";
    if (token === "-") {
      const value = unary(depth);
      return value === undefined ? undefined : -value;
    }
    if (token === "(") {
      const value = binary(0, depth);
      return take(")") ? value : undefined;
    }
    if (/^\d/.test(token))
      return Number(/^0[xX]/.test(token) ? token.replace(/[iu]$/, "") : Number.parseInt(token, 10));
    const apply = functions[token];
    if (apply && take("(")) {
      const values: (number | undefined)[] = [];
      do values.push(binary(0, depth));
      while (take(","));
      return take(")") && values.every((value) => value !== undefined) ? apply(...values) : undefined;
    }
    const value = constants.get(token);
    if (value !== undefined && !known.has(token)) {
      known.set(token, undefined); // a constant that refers to itself has no value
      known.set(token, evaluate(value, constants, known, depth));
    }
    return known.get(token);
  };

  const value = binary(0, depth);
  return at === tokens.length && Number.isSafeInteger(value) ? value : undefined;
}
