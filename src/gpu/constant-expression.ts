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

/**
 * The value of a WGSL constant expression of integers, such as `TILE * (COLUMNS + 1)`, with the values of `constants`;
 * undefined for anything else.
 */
export function evaluate(expression: string, constants: ReadonlyMap<string, string>, depth = 0): number | undefined {
  if (depth > 20) return undefined;
  const tokens = expression.match(tokenPattern) ?? [];
  let at = 0;
  const take = (token: string) => tokens[at] === token && ++at > 0;

  const binary = (level: number): number | undefined => {
    const operators = levels[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (;;) {
      const apply = operators[tokens[at] ?? ""];
      if (!apply || left === undefined) return left;
      at++;
      const right = binary(level + 1);
      left = right === undefined ? undefined : apply(left, right);
    }
  };
  const unary = (): number | undefined => {
    if (!take("-")) return atom();
    const value = unary();
    return value === undefined ? undefined : -value;
  };
  const atom = (): number | undefined => {
    const token = tokens[at++] ?? "";
    if (token === "(") {
      const value = binary(0);
      return take(")") ? value : undefined;
    }
    if (/^\d/.test(token))
      return Number(/^0[xX]/.test(token) ? token.replace(/[iu]$/, "") : Number.parseInt(token, 10));
    const apply = functions[token];
    if (apply && take("(")) {
      const values: (number | undefined)[] = [];
      do values.push(binary(0));
      while (take(","));
      return take(")") && values.every((value) => value !== undefined) ? apply(...values) : undefined;
    }
    const value = constants.get(token);
    return value === undefined ? undefined : evaluate(value, constants, depth + 1);
  };

  const value = binary(0);
  return at === tokens.length && Number.isSafeInteger(value) ? value : undefined;
}
