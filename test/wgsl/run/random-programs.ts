// Random programs of structured control flow: branches, loops, switches, calls with pointers, short circuits. Each piece
// is its WGSL text together with a function that does the same for one lane, which is the reference.
import { type RandomSource, randomSource } from "../../../src/check/random.ts";

/** What one lane has: variables of the function by their names, and those that all functions share. */
interface Lane {
  readonly locals: Map<string, Cell>;
  readonly shared: { kept: number; trace: number; readonly words: Uint32Array };
}

interface Cell {
  value: number;
}

interface Value {
  readonly text: string;
  readonly of: (lane: Lane) => number;
}

/** How a statement ends: going on, or leaving a loop, a turn of it, or the function. */
type End = "break" | "continue" | "return" | undefined;

interface Statement {
  readonly text: string;
  readonly run: (lane: Lane) => End;
}

interface Called {
  readonly name: string;
  readonly text: string;
  readonly call: (argument: number, pointer: Cell, shared: Lane["shared"]) => number;
}

/** What a piece may use. */
interface Scope {
  readonly random: RandomSource;
  readonly variables: readonly string[];
  readonly functions: readonly Called[];
  readonly depth: number;
  readonly inLoop: boolean;
  readonly inSwitch: boolean;
}

const cell = (lane: Lane, name: string): Cell => lane.locals.get(name) as Cell;

function pick<T>({ random }: Scope, ...choices: readonly (() => T)[]): T {
  return (choices[random.integer(choices.length)] as () => T)();
}

const deeper = ({ random, variables, functions, depth, inLoop, inSwitch }: Scope, more: Partial<Scope> = {}): Scope =>
  Object.assign({ random, variables, functions, depth: depth - 1, inLoop, inSwitch }, more);

const variableOf = ({ random, variables }: Scope): string => variables[random.integer(variables.length)] as string;

function value(scope: Scope): Value {
  const { random, depth } = scope;
  const literal = (): Value => {
    const number = random.integer(8);
    return { text: `${number}u`, of: () => number };
  };
  const variable = (): Value => {
    const name = variableOf(scope);
    return { text: name, of: (lane) => cell(lane, name).value };
  };
  if (depth <= 0) return pick(scope, literal, variable, variable);
  return pick(
    scope,
    literal,
    variable,
    variable,
    () => operation(scope),
    () => operation(scope),
    () => called(scope),
    () => {
      const index = value(deeper(scope));
      return { text: `words[(${index.text}) % 8u]`, of: (lane) => lane.shared.words[index.of(lane) % 8] as number };
    },
    () => ({ text: "kept", of: (lane) => lane.shared.kept }),
  );
}

function operation(scope: Scope): Value {
  const [sign, apply] = pick<readonly [string, (a: number, b: number) => number]>(
    scope,
    () => ["+", (a, b) => a + b],
    () => ["*", (a, b) => Math.imul(a, b)],
    () => ["-", (a, b) => a - b],
    () => ["^", (a, b) => a ^ b],
    () => ["%", (a, b) => (b === 0 ? 0 : a % b)],
    () => ["/", (a, b) => (b === 0 ? a : a / b)],
  );
  const [a, b] = [value(deeper(scope)), value(deeper(scope))];
  // A constant 0 on the right would be refused.
  const right = sign === "%" || sign === "/" ? `(${b.text} + zero)` : `(${b.text})`;
  return {
    text: `((${a.text}) ${sign} ${right})`,
    of: (lane) => {
      const left = a.of(lane);
      return apply(left, b.of(lane)) >>> 0;
    },
  };
}

function called(scope: Scope): Value {
  const { functions, random } = scope;
  const callee = functions[random.integer(functions.length)];
  if (!callee) return { text: "kept", of: (lane) => lane.shared.kept };
  const [argument, name] = [value(deeper(scope)), variableOf(scope)];
  return {
    text: `${callee.name}(${argument.text}, &${name})`,
    of: (lane) => callee.call(argument.of(lane), cell(lane, name), lane.shared),
  };
}

function condition(scope: Scope): Value {
  const inner = () => condition(deeper(scope));
  const compare = (): Value => {
    const [a, b] = [value(deeper(scope)), value(deeper(scope))];
    return { text: `(${a.text}) % 3u < (${b.text}) % 4u`, of: (lane) => Number(a.of(lane) % 3 < b.of(lane) % 4) };
  };
  if (scope.depth <= 0) return compare();
  return pick(
    scope,
    compare,
    compare,
    () => {
      const [a, b] = [inner(), inner()];
      return { text: `((${a.text}) && (${b.text}))`, of: (lane) => a.of(lane) && b.of(lane) };
    },
    () => {
      const [a, b] = [inner(), inner()];
      return { text: `((${a.text}) || (${b.text}))`, of: (lane) => a.of(lane) || b.of(lane) };
    },
    () => {
      const a = inner();
      return { text: `!(${a.text})`, of: (lane) => 1 - a.of(lane) };
    },
  );
}

function block(scope: Scope): Statement {
  const statements = Array.from({ length: 1 + scope.random.integer(4) }, () => statement(scope));
  // Nothing may follow a statement that leaves.
  const leaving = statements.findIndex(({ text }) => /^(break|continue|return)/.test(text));
  const kept = leaving < 0 ? statements : statements.slice(0, leaving + 1);
  return {
    text: kept.map(({ text }) => text).join("\n"),
    run: (lane) => {
      for (const one of kept) {
        const end = one.run(lane);
        if (end) return end;
      }
      return undefined;
    },
  };
}

function statement(scope: Scope): Statement {
  const { depth, inLoop, inSwitch } = scope;
  const simple = [() => assignment(scope), () => assignment(scope), () => mark(scope)];
  const leaving = [
    ...(inLoop ? [() => leave("continue")] : []),
    ...(inLoop || inSwitch ? [() => leave("break")] : []),
    () => returned(scope),
  ];
  if (depth <= 0) return pick(scope, ...simple);
  return pick(
    scope,
    ...simple,
    () => branch(scope),
    () => branch(scope),
    () => loop(scope),
    () => choice(scope),
    () => pick(scope, ...leaving),
  );
}

const leave = (end: "break" | "continue"): Statement => ({ text: `${end};`, run: () => end });

function returned(scope: Scope): Statement {
  const result = value(deeper(scope));
  return {
    text: `return ${result.text};`,
    run: (lane) => {
      cell(lane, "result").value = result.of(lane);
      return "return";
    },
  };
}

function mark({ random }: Scope): Statement {
  const number = random.integer(1000);
  return {
    text: `trace = trace * 31u + ${number}u;`,
    run: ({ shared }) => {
      shared.trace = (Math.imul(shared.trace, 31) + number) >>> 0;
      return undefined;
    },
  };
}

function assignment(scope: Scope): Statement {
  const [name, given] = [variableOf(scope), value(scope)];
  const isUpdate = scope.random.integer(2) === 0;
  const isKept = scope.random.integer(4) === 0;
  return {
    text: `${isKept ? "kept" : name} ${isUpdate ? "+=" : "="} ${given.text};`,
    run: (lane) => {
      const before = isKept ? lane.shared.kept : cell(lane, name).value;
      const after = (given.of(lane) + (isUpdate ? before : 0)) >>> 0;
      if (isKept) lane.shared.kept = after;
      else cell(lane, name).value = after;
      return undefined;
    },
  };
}

function branch(scope: Scope): Statement {
  const [test, then] = [condition(deeper(scope)), block(deeper(scope))];
  const otherwise = scope.random.integer(2) === 0 ? block(deeper(scope)) : undefined;
  return {
    text: `if ${test.text} {\n${then.text}\n}${otherwise ? ` else {\n${otherwise.text}\n}` : ""}`,
    run: (lane) => (test.of(lane) ? then.run(lane) : otherwise?.run(lane)),
  };
}

function choice(scope: Scope): Statement {
  const chosen = value(deeper(scope));
  const [one, two, rest] = [1, 2, 3].map(() => block(deeper(scope, { inSwitch: true }))) as [
    Statement,
    Statement,
    Statement,
  ];
  return {
    text: `switch (${chosen.text}) % 5u {
      case 0u, 3u: {\n${one.text}\n} case 1u: {\n${two.text}\n} default: {\n${rest.text}\n} }`,
    run: (lane) => {
      const number = chosen.of(lane) % 5;
      const end = (number === 0 || number === 3 ? one : number === 1 ? two : rest).run(lane);
      return end === "break" ? undefined : end;
    },
  };
}

/** A loop of at most four turns, in one of the three forms. */
function loop(scope: Scope): Statement {
  const turn = `turn${scope.random.integer(1e9)}`;
  const [limit, body] = [value(deeper(scope)), block(deeper(scope, { inLoop: true, inSwitch: false }))];
  const update = mark(scope);
  const isPlain = scope.random.integer(2) === 0;
  const text = isPlain
    ? `for (var ${turn} = 0u; ${turn} < (${limit.text}) % 5u; ${turn}++) {\n${body.text}\n}`
    : `var ${turn} = 0u; loop {\n${body.text}\ncontinuing { ${turn}++; ${update.text} break if ${turn} >= (${limit.text}) % 5u; } }`;
  const run = (lane: Lane): End => {
    for (let i = 0; !isPlain || i < limit.of(lane) % 5; ) {
      const end = body.run(lane);
      if (end === "return") return end;
      if (end === "break") return undefined;
      i++;
      if (isPlain) continue;
      update.run(lane);
      if (i >= limit.of(lane) % 5) return undefined;
    }
    return undefined;
  };
  return { text, run };
}

function functionOf(random: RandomSource, name: string, functions: readonly Called[], depth: number): Called {
  const scope = { random, variables: ["a", "b"], functions, depth, inLoop: false, inSwitch: false };
  const body = block(scope);
  const last = value(scope);
  const leaves = /\n?return [^\n]*;$/.test(body.text) && /^return/.test(body.text.split("\n").at(-1) ?? "");
  const text = `fn ${name}(argument: u32, pointer: ptr<function, u32>) -> u32 {
    var a = argument; var b = *pointer; var zero = 0u;
    ${body.text}
    ${leaves ? "" : `*pointer += a; return ${last.text};`}
  }`;
  return {
    name,
    text,
    call: (argument, pointer, shared) => {
      const locals = new Map(["a", "b", "result"].map((key) => [key, { value: 0 }]));
      const lane = { locals, shared };
      cell(lane, "a").value = argument;
      cell(lane, "b").value = pointer.value;
      if (body.run(lane) === "return") return cell(lane, "result").value;
      pointer.value = (pointer.value + cell(lane, "a").value) >>> 0;
      return last.of(lane);
    },
  };
}

/** A random text, and what lane `lane` leaves in `out[lane]`: a hash of all that it did. */
export function randomProgram(seed: number, words: Uint32Array): { code: string; expected: (lane: number) => number } {
  const random = randomSource(seed);
  const functions: Called[] = [];
  for (const [i, depth] of [1, 2, 3, 4].entries())
    functions.push(functionOf(random, `f${i}`, functions.slice(), depth));
  const main = functions.at(-1) as Called;
  const code = `@group(0) @binding(0) var<storage, read> words: array<u32>;
    @group(0) @binding(1) var<storage, read_write> out: array<u32>;
    var<private> kept: u32; var<private> trace: u32;
    ${functions.map(({ text }) => text).join("\n")}
    @compute @workgroup_size(64) fn main(@builtin(local_invocation_index) lane: u32) {
      var x = lane * 7u; let found = ${main.name}(lane, &x);
      out[lane] = ((found * 31u + x) * 31u + kept) * 31u + trace;
    }`;
  return {
    code,
    expected: (lane) => {
      const shared = { kept: 0, trace: 0, words };
      const x = { value: lane * 7 };
      const found = main.call(lane, x, shared);
      return [x.value, shared.kept, shared.trace].reduce((hash, one) => (Math.imul(hash, 31) + one) >>> 0, found);
    },
  };
}
