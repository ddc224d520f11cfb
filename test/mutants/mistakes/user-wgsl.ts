import { inShader, type Mistake } from "../mutant.ts";

const tests = ["fuzz/user-wgsl"];
const custom = "src/kernels/attention/custom";

/** Mistakes in the wall around a user's WGSL. */
export const userWgslMistakes: readonly Mistake[] = [
  {
    ...inShader(
      "attention/custom/key-range",
      "min(range.y, keys)",
      "min(range.y, keys + 64)",
      "keys that are not there",
    ),
    tests: ["kernels/attention/attention-own"],
  },
  {
    file: `${custom}/rules.ts`,
    find: 'node.keyword === "var" && !definition?.isModule',
    replace: 'node.keyword === "var"',
    why: "buffers are assigned to",
    tests,
  },
  {
    file: `${custom}/rules.ts`,
    find: 'if (meaning === "unknown") {',
    replace: 'if (meaning === "unknown" && name.name.length > 9) {',
    why: "short names of the kernel are reached",
    tests,
  },
  {
    file: `${custom}/loops.ts`,
    find: "expression.name === counter.label.name",
    replace: "true",
    why: "any name counts as the counter",
    tests: ["kernels/attention/attention-custom"],
  },
  {
    file: `${custom}/loops.ts`,
    find: 'while (root.kind === "index" || root.kind === "member") root = root.base;',
    replace: "",
    why: "an element of a variable is no variable",
    tests: ["kernels/attention/attention-own-texts"],
  },
  { file: `${custom}/cost.ts`, find: "turns * turn", replace: "turns", why: "loops in loops cost nothing", tests },
  { file: `${custom}/cost.ts`, find: "? 1 + (known.get(node) ?? 0)", replace: "? 1", why: "calls cost nothing", tests },
  {
    file: `${custom}/cost.ts`,
    find: "count += 1 + (known.get(node) ?? 0)",
    replace: "count += 1",
    why: "calls in calls are not counted",
    tests,
  },
  {
    file: "src/wgsl/rename.ts",
    find: "isModule || name.startsWith(prefix)",
    replace: "isModule",
    why: "a local name can be one that was given a prefix",
    tests: ["wgsl/grammar"],
  },
  {
    file: "src/wgsl/scopes.ts",
    find: "visible.get(name)?.at(-1)",
    replace: "visible.get(name)?.[0]",
    why: "outer names shadow inner ones",
    tests: ["wgsl/grammar", "fuzz/user-wgsl"],
  },
  {
    file: "src/wgsl/comments.ts",
    find: 'depth += next?.[0] === "/*" ? 1 : -1;',
    replace: 'depth = next?.[0] === "/*" ? 1 : 0;',
    why: "comments do not nest",
    tests: ["wgsl/grammar", "gpu/specialise"],
  },
];
