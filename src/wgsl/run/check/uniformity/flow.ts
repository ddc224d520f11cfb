// A function while its uniformity is analysed: the graph so far, and where in the function the analysis is.
import type { Reference, UserFunction, Variable } from "../../program.ts";
import { type Pointees, pointeesOf, rootOf } from "../pointees.ts";
import { addEdge, type Graph, newGraph, nodeOf, ownNode, same } from "./graph.ts";

/** Threads that have to do something together: of a workgroup or of a subgroup. */
export type Level = "workgroup" | "subgroup";

export const levels: readonly Level[] = ["workgroup", "subgroup"];

/** What has to be uniform: control flow, or an argument. */
export interface Need {
  readonly node: number;
  readonly at: number;
  readonly level: Level;
  readonly kind: "flow" | "argument";
  /** The builtin function that needs it, and the function of the text that is called and comes to it. */
  readonly name: string;
  readonly inside?: string;
}

/** What a value of a function depends on. */
export interface Dependence {
  /** What in the function differs between threads, by whether it does so in a workgroup or in a subgroup. */
  readonly why: Readonly<Partial<Record<Level, string>>>;
  /** Whether it depends on which threads call the function. */
  readonly onCall: boolean;
  /** The numbers of the parameters that it depends on. */
  readonly on: readonly number[];
}

export interface Summary {
  /** What has to be uniform where it is called: a parameter by its number, or else the control flow. */
  readonly needs: readonly (Pick<Need, "level" | "name"> & { readonly parameter: number | undefined })[];
  readonly result: Dependence;
  /** What parameters point to after a call, by their numbers. */
  readonly contents: ReadonlyMap<number, Dependence>;
}

/** What is known of the rest of the text. */
export interface Surroundings {
  /** What callers need to know of a function that is called. */
  readonly summaryOf: (callee: UserFunction) => Summary;
  /** Whether a subgroup function at a place has to be reached by whole subgroups: a text may turn that off. */
  readonly isRefused: (at: number) => boolean;
}

/** What differs between threads by itself. */
interface Source {
  readonly node: number;
  /** What it is, for messages. */
  readonly why: string;
  /** Whether threads of one subgroup have the same. */
  readonly isSameInSubgroup: boolean;
}

/** A loop or a switch, inside of which statements jump. */
interface Frame {
  /** Variables from outside that it changes: what they are where a turn begins, and after it. */
  readonly nodes: ReadonlyMap<Variable, number>;
  readonly isLoop: boolean;
}

/**
 * The most variables of a loop or a switch that are followed by what they are at each jump. Of more, each assignment
 * counts as if a jump followed, so that the graph stays as large as the text.
 */
const mostFollowed = 64;

export interface Flow {
  readonly graph: Graph;
  readonly surroundings: Surroundings;
  readonly pointees: Pointees;
  readonly needs: Need[];
  readonly sources: Source[];
  /** What decides whether a thread is here. */
  control: number;
  /** What each value is: that of a `let` or a parameter, the content of a variable, and of a pointer its address. */
  readonly values: Map<Variable, number>;
  /** Variables that the innermost branch has changed, with what they were before it. */
  changed: Map<Variable, number>;
  readonly frames: Frame[];
  /** What the function returns. */
  readonly result: number;
  /** What its parameters point to when it returns: those that point into memory of a caller. */
  readonly contents: ReadonlyMap<Variable, number>;
}

/** The start of a function. */
export function newFlow(from: UserFunction, surroundings: Surroundings): Flow {
  const graph = newGraph();
  return {
    graph,
    surroundings,
    pointees: pointeesOf(from),
    needs: [],
    sources: [],
    control: same,
    values: new Map(),
    changed: new Map(),
    frames: [],
    result: ownNode(graph),
    contents: new Map(from.parameters.filter(isTracked).map((one) => [one, ownNode(graph)])),
  };
}

/** A node of what differs between threads by itself. */
export function differing({ graph, sources }: Flow, why: string, isSameInSubgroup = false): number {
  const node = ownNode(graph);
  sources.push({ node, why, isSameInSubgroup });
  return node;
}

/** Whether a variable is memory of the function, or of a caller's: others are known by their address space alone. */
export const isTracked = ({ space, type }: Variable): boolean =>
  space === "function" || (space === undefined && type.kind === "pointer" && type.space === "function");

/** Makes a variable what a node is, from here on. */
export function record({ values, changed }: Flow, variable: Variable, node: number): void {
  if (!changed.has(variable)) changed.set(variable, values.get(variable) ?? same);
  values.set(variable, node);
}

/** An assignment to a place; to a part of a variable, the rest of it stays. */
export function assign(flow: Flow, to: Reference, value: number): void {
  const root = rootOf(flow.pointees, to);
  if (!isTracked(root)) return;
  const isWhole = to.steps.length === 0 && to.root === root;
  const rest = isWhole
    ? []
    : [flow.values.get(root) ?? same, to.root === root ? same : (flow.values.get(to.root) ?? same)];
  change(flow, root, nodeOf(flow.graph, value, flow.control, ...rest));
}

/** What a variable is after a change, here and wherever a jump from here may lead. */
export function change(flow: Flow, variable: Variable, node: number): void {
  record(flow, variable, node);
  for (const { nodes } of flow.frames) {
    const after = nodes.size > mostFollowed ? nodes.get(variable) : undefined;
    if (after !== undefined) addEdge(flow.graph, node, after);
  }
}

/** A jump out of the innermost loop or switch, or to its next turn: what variables are here, they are there. */
export function jump({ frames, graph, values }: Flow, isContinue: boolean): void {
  const to = frames.findLast(({ isLoop }) => isLoop || !isContinue);
  if (!to || to.nodes.size > mostFollowed) return;
  for (const [variable, node] of to.nodes) addEdge(graph, values.get(variable) ?? same, node);
}

/** A way out of the function. */
export function leave({ graph, control, result, contents, values }: Flow, value: number): void {
  for (const one of [value, control]) addEdge(graph, one, result);
  for (const [parameter, content] of contents) {
    for (const one of [values.get(parameter) ?? same, control]) addEdge(graph, one, content);
  }
}

/** What is left of a branch: what decides whether a thread is at its end, and what it has changed. */
export interface Branch {
  readonly ends: number;
  readonly control: number;
  readonly after: ReadonlyMap<Variable, number>;
}

/** Walks a branch. What it has changed is undone after it. */
export function branch(flow: Flow, control: number, walk: () => number): Branch {
  const outer = flow.changed;
  flow.changed = new Map();
  flow.control = control;
  const ends = walk();
  const after = new Map([...flow.changed.keys()].map((variable) => [variable, flow.values.get(variable) ?? same]));
  for (const [variable, before] of flow.changed) flow.values.set(variable, before);
  flow.changed = outer;
  return { ends, control: flow.control, after };
}

/** Where branches meet, a variable is what it is at the end of each. */
export function merge(flow: Flow, branches: readonly Branch[]): void {
  const variables = new Set(branches.flatMap(({ after }) => [...after.keys()]));
  for (const variable of variables) {
    const before = flow.values.get(variable) ?? same;
    record(flow, variable, nodeOf(flow.graph, ...branches.map(({ after }) => after.get(variable) ?? before)));
  }
}
