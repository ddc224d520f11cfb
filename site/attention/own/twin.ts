import jsep from "jsep";

type Value = number | boolean;
type Evaluate = (names: Readonly<Record<string, Value>>) => Value;

const functions: Readonly<Record<string, (...numbers: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  floor: Math.floor,
  log: Math.log,
  max: Math.max,
  min: Math.min,
  pow: Math.pow,
  sin: Math.sin,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
};

const arithmetic: Readonly<Record<string, (x: number, y: number) => Value>> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => x / y,
  "%": (x, y) => x % y,
  "<": (x, y) => x < y,
  "<=": (x, y) => x <= y,
  ">": (x, y) => x > y,
  ">=": (x, y) => x >= y,
  "==": (x, y) => x === y,
  "!=": (x, y) => x !== y,
};

/** Maximum characters of an expression. */
const longest = 1000;

/**
 * A function from an expression in these names: numbers, + − * / %, comparisons, && || !, a ? b : c, and abs, floor,
 * min, max, exp, tanh and their like. Nothing else, so that a stranger's link can only compute. Throws a SyntaxError
 * that names what is not supported.
 */
export function parseExpression(text: string, names: readonly string[]): Evaluate {
  if (text.trim() === "") throw new SyntaxError(`the expression is empty, expected one in ${names.join(", ")}`);
  if (text.length > longest) throw new SyntaxError(`the expression has ${text.length} characters, at most ${longest}`);
  let tree: jsep.Expression;
  try {
    tree = jsep(text);
  } catch (error) {
    throw new SyntaxError(`"${text}": ${error instanceof Error ? error.message : String(error)}`);
  }
  return compile(tree, names);
}

function compile(node: jsep.Expression, names: readonly string[]): Evaluate {
  const of = (child: unknown) => compile(child as jsep.Expression, names);
  switch (node.type) {
    case "Literal": {
      const { value } = node as jsep.Literal;
      if (typeof value === "number" || typeof value === "boolean") return () => value;
      throw new SyntaxError(`${JSON.stringify(value)} is no number`);
    }
    case "Identifier": {
      const { name } = node as jsep.Identifier;
      if (!names.includes(name)) throw new SyntaxError(`there is no ${name}; there are ${names.join(", ")}`);
      return (values) => values[name] ?? Number.NaN;
    }
    case "UnaryExpression": {
      const { operator, argument } = node as jsep.UnaryExpression;
      const x = of(argument);
      if (operator === "-") return (values) => -x(values);
      if (operator === "!") return (values) => !x(values);
      throw new SyntaxError(`there is no operator ${operator}`);
    }
    case "BinaryExpression": {
      const { operator, left, right } = node as jsep.BinaryExpression;
      const [x, y] = [of(left), of(right)];
      if (operator === "&&") return (values) => Boolean(x(values)) && Boolean(y(values));
      if (operator === "||") return (values) => Boolean(x(values)) || Boolean(y(values));
      const apply = Object.hasOwn(arithmetic, operator) ? arithmetic[operator] : undefined;
      if (!apply) throw new SyntaxError(`there is no operator ${operator}`);
      return (values) => apply(Number(x(values)), Number(y(values)));
    }
    case "ConditionalExpression": {
      const { test, consequent, alternate } = node as jsep.ConditionalExpression;
      const [condition, yes, no] = [of(test), of(consequent), of(alternate)];
      return (values) => (condition(values) ? yes(values) : no(values));
    }
    case "CallExpression": {
      const { callee, arguments: given } = node as jsep.CallExpression;
      const name = callee.type === "Identifier" ? (callee as jsep.Identifier).name : "";
      const apply = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (!apply) throw new SyntaxError(`there is no function ${name}; there are ${Object.keys(functions).join(", ")}`);
      const numbers = given.map(of);
      return (values) => apply(...numbers.map((number) => Number(number(values))));
    }
    default:
      throw new SyntaxError("expected one expression, of numbers, names, operators and functions");
  }
}

/** The reader's own mask as a function, for the reference and for the picture. Throws a SyntaxError. */
export function maskTwin(text: string): (b: number, h: number, q: number, k: number) => boolean {
  const evaluate = parseExpression(text, ["b", "h", "q", "k"]);
  return (b, h, q, k) => Boolean(evaluate({ b, h, q, k }));
}

/** The reader's own score as a function. Throws a SyntaxError. */
export function scoreTwin(text: string): (score: number, b: number, h: number, q: number, k: number) => number {
  const evaluate = parseExpression(text, ["score", "b", "h", "q", "k"]);
  return (score, b, h, q, k) => Number(evaluate({ score, b, h, q, k }));
}
