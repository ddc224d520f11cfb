// What callers need to know of a function.
import type { EntryPoint, UserFunction } from "../../program.ts";
import {
  type Dependence,
  differing,
  type Flow,
  type Level,
  levels,
  type Need,
  newFlow,
  type Summary,
  type Surroundings,
} from "./flow.ts";
import { ownNode, reached } from "./graph.ts";
import { walkFunction } from "./walk.ts";

/** A need that is not met, and what differs between threads. */
export interface Unmet extends Need {
  readonly why: string;
}

/** Builtin values that all threads of a workgroup share. */
const shared = new Set(["workgroup_id", "num_workgroups", "subgroup_size", "num_subgroups"]);

/** An entry point's needs that are not met: its parameters are known. */
export function unmetIn(entry: EntryPoint, surroundings: Surroundings): readonly Unmet[] {
  const flow = newFlow(entry.function, surroundings);
  for (const { variable, inputs } of entry.parameters) {
    const [first, ...more] = inputs.filter(({ builtin }) => !shared.has(builtin));
    if (!first) continue;
    const isSameInSubgroup = [first, ...more].every(({ builtin }) => builtin === "subgroup_id");
    flow.values.set(variable, differing(flow, first.builtin, isSameInSubgroup));
  }
  walkFunction(flow, entry.function.body);
  return unmet(flow);
}

/** What callers need to know of a function, and its needs that no caller could meet. */
export function summarise(
  from: UserFunction,
  surroundings: Surroundings,
): { summary: Summary; unmet: readonly Unmet[] } {
  const flow = newFlow(from, surroundings);
  const call = ownNode(flow.graph);
  flow.control = call;
  const parameters = from.parameters.map((parameter) => {
    const node = ownNode(flow.graph);
    flow.values.set(parameter, node);
    return node;
  });
  walkFunction(flow, from.body);
  const onCall = reached(flow.graph, [[call, true]]);
  const onParameters = parameters.map((node) => reached(flow.graph, [[node, true]]));
  const whys = levels.map((level) => [level, whyDiffering(flow, level)] as const);
  const dependence = (node: number): Dependence => ({
    why: Object.fromEntries(whys.flatMap(([level, found]) => (found.has(node) ? [[level, found.get(node)]] : []))),
    onCall: onCall.has(node),
    on: onParameters.flatMap((found, i) => (found.has(node) ? [i] : [])),
  });
  const contents = [...flow.contents].map(([variable, node]): [number, Dependence] => [
    from.parameters.indexOf(variable),
    dependence(node),
  ]);
  const needs = [onCall, ...onParameters].flatMap((found, i) =>
    levels.flatMap((level) => {
      const need = flow.needs.find((one) => one.level === level && found.has(one.node));
      return need ? [{ level, name: need.name, parameter: i === 0 ? undefined : i - 1 }] : [];
    }),
  );
  return { summary: { needs, result: dependence(flow.result), contents: new Map(contents) }, unmet: unmet(flow) };
}

/** Everything that differs between threads of a workgroup or a subgroup, with what makes it so. */
const whyDiffering = ({ graph, sources }: Flow, level: Level): ReadonlyMap<number, string> =>
  reached(
    graph,
    sources
      .filter(({ isSameInSubgroup }) => level === "workgroup" || !isSameInSubgroup)
      .map(({ node, why }) => [node, why] as const),
  );

function unmet(flow: Flow): readonly Unmet[] {
  const whys = new Map(levels.map((level) => [level, whyDiffering(flow, level)]));
  return flow.needs.flatMap((need) => {
    const why = whys.get(need.level)?.get(need.node);
    return why === undefined ? [] : [Object.assign({ why }, need)];
  });
}
