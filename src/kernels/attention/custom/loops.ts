import { evaluate } from "../../../gpu/constant-expression.ts";
import type { ShaderError } from "../../../gpu/errors.ts";
import type { Token } from "../../../gpu/tokens.ts";
import { closing, cutAt, type FunctionText } from "./functions.ts";

/** Maximum number of iterations, nested loops and called functions included: they run for every pair. */
const mostTurns = 65_536;

type Fail = (message: string, at: number) => ShaderError;

/**
 * Throws where a loop does not count from a constant to a constant or has too many iterations, and for recursion: code
 * that runs for every pair of a query and a key has to end.
 */
export function checkTurns(tokens: readonly Token[], functions: ReadonlyMap<string, FunctionText>, fail: Fail): void {
  const constants = constantsOf(tokens);
  const turns = new Map<string, number>();
  const turnsOf = (name: string, path: readonly string[]): number => {
    const known = turns.get(name);
    const found = functions.get(name);
    if (known !== undefined || !found) return known ?? 1;
    if (path.includes(name)) throw fail(`${[...path, name].join(" calls ")}: WGSL has no recursion`, found.at);
    const own = bodyTurns(found.body, (callee) => turnsOf(callee, [...path, name]));
    turns.set(name, own);
    return own;
  };

  /** Maximum number of iterations of any place in a body. */
  const bodyTurns = (body: readonly Token[], called: (name: string) => number): number => {
    let most = 1;
    for (let i = 0; i < body.length; i++) {
      const { text, at } = body[i] ?? { text: "", at: 0 };
      let inside = 1;
      if (text === "for") {
        const end = closing(body, i + 1);
        const last = closing(body, end + 1);
        const inner = body.slice(end + 2, last);
        inside = loopTurns(body.slice(i + 2, end), inner, at) * bodyTurns(inner, called);
        i = last;
      } else if (functions.has(text) && body[i + 1]?.text === "(") inside = called(text);
      if (inside > mostTurns) throw fail(`${inside} iterations for every pair, expected at most ${mostTurns}`, at);
      most = Math.max(most, inside);
    }
    return most;
  };

  const number = (expression: readonly Token[]) => evaluate(expression.map(({ text }) => text).join(" "), constants);

  const loopTurns = (header: readonly Token[], body: readonly Token[], at: number): number => {
    const [start = [], condition = [], update = []] = cutAt(header, ";");
    const shape = "expected for (var i = CONSTANT; i < CONSTANT; i++), or i += and -= a constant";
    const [keyword, counter] = start;
    const equals = start.findIndex(({ text }) => text === "=");
    const first = number(start.slice(equals + 1));
    if (keyword?.text !== "var" || !counter || equals < 0 || first === undefined) {
      throw fail(`the loop does not begin at a constant; ${shape}`, at);
    }
    const [left, sign, ...bound] = condition;
    const end = number(bound);
    if (left?.text !== counter.text || !/^[<>]=?$/.test(sign?.text ?? "") || end === undefined) {
      throw fail(`the loop has no constant bound; ${shape}`, at);
    }
    const step = stepOf(update, counter.text);
    if (step === undefined) throw fail(`the loop has no constant step; ${shape}`, at);
    const changed = body.find(({ text }, i) => text === counter.text && isChange(body, i));
    if (changed) throw fail(`${counter.text} is a loop's counter, and is changed inside the loop`, changed.at);
    const up = sign?.text.startsWith("<") ?? true;
    const distance = (up ? end - first : first - end) + (sign?.text.endsWith("=") ? 1 : 0);
    const count = Math.max(0, Math.ceil(distance / Math.abs(step)));
    const last = first + count * step;
    const signed = start.some(({ text }) => text === "i32" || /^(?:\d+|0[xX][\da-fA-F]+)i?$/.test(text));
    const wraps = last >= 2 ** 31 || last < (signed && !start.some(({ text }) => text === "u32") ? -(2 ** 31) : 0);
    if (count > 0 && (step > 0 !== up || wraps))
      throw fail("the loop does not end: its steps lead away from its bound", at);
    return count;
  };

  const stepOf = (update: readonly Token[], counter: string): number | undefined => {
    const [name, sign, ...amount] = update;
    if (name?.text !== counter) return undefined;
    if (amount.length === 0) return { "++": 1, "--": -1 }[sign?.text ?? ""];
    const step = number(amount);
    if (step === undefined || step === 0) return undefined;
    return sign?.text === "+=" ? step : sign?.text === "-=" ? -step : undefined;
  };

  for (const name of functions.keys()) turnsOf(name, []);
}

function isChange(body: readonly Token[], i: number): boolean {
  const next = body[i + 1]?.text ?? "";
  if (body[i - 1]?.text === ".") return false;
  return body[i - 1]?.text === "&" || /^(?:[+\-*/%&|^]|<<|>>)?=$|^\+\+$|^--$/.test(next);
}

/** Constants of the module, by their text. */
function constantsOf(tokens: readonly Token[]): Map<string, string> {
  const constants = new Map<string, string>();
  let depth = 0;
  tokens.forEach(({ text }, i) => {
    if (text === "{") depth++;
    if (text === "}") depth--;
    const name = tokens[i + 1]?.text;
    if (text !== "const" || depth > 0 || name === undefined) return;
    const equals = tokens.findIndex((token, j) => j > i && token.text === "=");
    const end = tokens.findIndex((token, j) => j > i && token.text === ";");
    constants.set(
      name,
      tokens
        .slice(equals + 1, end)
        .map((token) => token.text)
        .join(" "),
    );
  });
  return constants;
}
