import { dependenciesFirst } from "../../order.ts";
import { insideOf } from "../lower/effects.ts";
import type { EntryPoint, Expression, Program, Statement, UserFunction } from "../program.ts";
import { expressionsOf, statementsIn } from "../walk.ts";
import type { Summary, Surroundings } from "./uniformity/flow.ts";
import { summarise, type Unmet, unmetIn } from "./uniformity/summary.ts";

/** What a browser may refuse though it runs here; `at` is a position in the text. */
interface Hint {
  readonly at: number;
  readonly message: string;
}

/**
 * Barriers, `workgroupUniformLoad` and subgroup functions of an entry point, and of what it calls, that a browser may
 * refuse because it cannot prove that all threads get there together (WGSL, "Uniformity"). A run
 * shows whether they do. This is a lighter analysis than that of browsers: what a constant decides it does not
 * look at, and at the start of a turn it takes a variable for what it is at any jump of the loop.
 */
export function uniformityOf({ severityAt }: Program, entry: EntryPoint): readonly Hint[] {
  const summaries = new Map<UserFunction, Summary>();
  const surroundings: Surroundings = {
    summaryOf: (callee) => summaries.get(callee) as Summary,
    isRefused: (at) => (severityAt("subgroup_uniformity", at) ?? "error") === "error",
  };
  const found: Unmet[] = [];
  for (const one of dependenciesFirst([entry.function], calleesOf)) {
    if (one === entry.function) continue;
    const { summary, unmet } = summarise(one, surroundings);
    summaries.set(one, summary);
    found.push(...unmet);
  }
  found.push(...unmetIn(entry, surroundings));
  const hints = new Map(found.map((one) => [`${one.at} ${messageOf(one)}`, { at: one.at, message: messageOf(one) }]));
  return [...hints.values()].sort((a, b) => a.at - b.at);
}

/** The functions that a function calls. */
function calleesOf({ body }: UserFunction): ReadonlySet<UserFunction> {
  const callees = new Set<UserFunction>();
  const read = (expression: Expression): void => {
    if (expression.kind === "call") callees.add(expression.callee);
    for (const inner of insideOf(expression)) read(inner);
  };
  const visit = (statement: Statement): void => {
    for (const one of expressionsOf(statement)) read(one);
    for (const one of statementsIn(statement)) visit(one);
  };
  for (const statement of body) visit(statement);
  return callees;
}

function messageOf({ name, inside, kind, level, why }: Unmet): string {
  const threads = `all threads of a ${level}`;
  if (kind === "flow") {
    const what = inside === undefined ? name : `this call of ${inside}, which comes to ${name}`;
    return `a browser may refuse ${what}: whether ${threads} get here together depends on ${why}`;
  }
  if (inside === undefined)
    return `a browser may refuse ${name}: ${threads} need the same argument, which depends on ${why}`;
  return `a browser may refuse this call of ${inside}: whether it can do ${name} depends on an argument, and that on ${why}`;
}
