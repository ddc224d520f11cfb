// What the values of expressions depend on.
import { indicesOf, insideOf } from "../../lower/effects.ts";
import type { Expression, Reference } from "../../program.ts";
import { pointedInto, rootOf } from "../pointees.ts";
import { change, type Dependence, differing, type Flow, isTracked } from "./flow.ts";
import { nodeOf, same } from "./graph.ts";

type Of<K extends Expression["kind"]> = Extract<Expression, { kind: K }>;

/** Subgroup functions whose second argument has to be the same for all threads. */
const needSameArgument = new Set(["subgroupShuffleUp", "subgroupShuffleDown", "subgroupShuffleXor"]);

/** The node of an expression's value. */
export function valueNode(flow: Flow, expression: Expression): number {
  const value = (inner: Expression) => valueNode(flow, inner);
  switch (expression.kind) {
    case "value":
      return flow.values.get(expression.variable) ?? same;
    case "load":
      return nodeOf(flow.graph, contentOf(flow, expression.from), ...indicesOf(expression.from).map(value));
    case "address":
      return nodeOf(flow.graph, addressOf(flow, expression.of), ...indicesOf(expression.of).map(value));
    case "logic":
      return logic(flow, expression);
    case "builtin":
      return builtin(flow, expression, expression.values.map(value));
    case "memory":
      return memory(flow, expression, nodeOf(flow.graph, ...insideOf(expression).map(value)));
    case "call":
      return call(flow, expression, expression.values.map(value));
    default:
      return nodeOf(flow.graph, ...insideOf(expression).map(value));
  }
}

/** What the address of a place depends on, other than its indices. */
const addressOf = ({ values, pointees }: Flow, place: Reference): number =>
  rootOf(pointees, place) === place.root && place.root.space ? same : (values.get(place.root) ?? same);

/** What the content of a place depends on, other than its indices. Memory that other threads may write differs. */
function contentOf(flow: Flow, place: Reference): number {
  const root = rootOf(flow.pointees, place);
  if (isTracked(root)) return nodeOf(flow.graph, flow.values.get(root) ?? same, addressOf(flow, place));
  return place.writable ? differing(flow, `what ${root.name} holds`) : addressOf(flow, place);
}

function logic(flow: Flow, { left, right }: Of<"logic">): number {
  const { control } = flow;
  const first = valueNode(flow, left);
  flow.control = nodeOf(flow.graph, control, first);
  const second = valueNode(flow, right);
  flow.control = control;
  return nodeOf(flow.graph, first, second);
}

function builtin(flow: Flow, { name, span: { at } }: Of<"builtin">, values: readonly number[]): number {
  if (!/^(subgroup|quad)/.test(name)) return nodeOf(flow.graph, ...values);
  if (!flow.surroundings.isRefused(at)) return differing(flow, name);
  flow.needs.push({ node: flow.control, at, level: "subgroup", kind: "flow", name });
  const [, second] = values;
  if (second !== undefined && needSameArgument.has(name)) {
    flow.needs.push({ node: second, at, level: "subgroup", kind: "argument", name });
  }
  return differing(flow, name);
}

function memory(flow: Flow, { name, at: place, span: { at } }: Of<"memory">, indices: number): number {
  if (name === "arrayLength") return same;
  if (name !== "workgroupUniformLoad") return differing(flow, `what ${rootOf(flow.pointees, place).name} holds`);
  const address = nodeOf(flow.graph, indices, addressOf(flow, place));
  flow.needs.push({ node: flow.control, at, level: "workgroup", kind: "flow", name });
  flow.needs.push({ node: address, at, level: "workgroup", kind: "argument", name });
  return same;
}

function call(flow: Flow, { callee, values: given, span: { at } }: Of<"call">, values: readonly number[]): number {
  const summary = flow.surroundings.summaryOf(callee);
  // A pointer into memory of the function stands for its content, too.
  const roots = given
    .map((one) => pointedInto(flow.pointees, one))
    .map((one) => (one && isTracked(one) ? one : undefined));
  const known = values.map((node, i) => {
    const root = roots[i];
    return root ? nodeOf(flow.graph, node, flow.values.get(root) ?? same) : node;
  });
  for (const { level, parameter, name } of summary.needs) {
    const node = parameter === undefined ? flow.control : (known[parameter] ?? same);
    const kind = parameter === undefined ? "flow" : "argument";
    flow.needs.push({ node, at, level, kind, name, inside: callee.name });
  }
  for (const [parameter, dependence] of summary.contents) {
    const root = roots[parameter];
    if (root) change(flow, root, dependent(flow, dependence, known));
  }
  return dependent(flow, summary.result, known);
}

/** A node of what depends on a call as a summary says. */
function dependent(flow: Flow, { why, onCall, on }: Dependence, known: readonly number[]): number {
  const own = why.workgroup ?? why.subgroup;
  const differs = own === undefined ? same : differing(flow, own, why.subgroup === undefined);
  return nodeOf(flow.graph, differs, onCall ? flow.control : same, ...on.map((i) => known[i] ?? same));
}
