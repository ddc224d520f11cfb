import { inShader, type Mistake } from "../mutant.ts";

const inRing = (name: string, find: string, replace: string, why: string, tests: readonly string[]): Mistake => ({
  file: `src/blocks/ring-attention/${name}.ts`,
  find,
  replace,
  why,
  tests: tests.map((file) => `blocks/${file}`),
});

/**
 * Mistakes in what attention laboratories build on attention: merge, two passes, cascade, ring, and linear attention.
 */
export const labMistakes: readonly Mistake[] = [
  inShader("attention/merge", "/ (1.0 + weight)", "", "a merge that does not normalise"),
  inShader(
    "attention/merge",
    "select(left_lse, right_lse, left_larger), largest",
    "select(right_lse, left_lse, left_larger), largest",
    "both sides weigh 1",
  ),
  inShader(
    "attention/merge",
    "let larger = select(right_out, left_out, left_larger);",
    "let larger = select(left_out, right_out, left_larger);",
    "the outs of both sides are swapped where the lses are not",
  ),
  inShader(
    "attention/merge",
    "select(right[right_row / WIDTH + vector], Vector(), right_lse <= LOWEST)",
    "right[right_row / WIDTH + vector]",
    "a side that saw nothing adds what its memory holds",
  ),
  inShader("attention/merge", "log_sum_exp(largest,", "log2(2.718281828) * log_sum_exp(largest,", "lse to the base 2"),
  inShader(
    "attention/merge",
    "select(1.0 + weight, 0.0, largest <= LOWEST)",
    "1.0 + weight",
    "two sides that saw nothing have a finite lse",
  ),
  inShader(
    "attention/merge",
    "select(smaller_weight, 1.0, left_lse == right_lse)",
    "smaller_weight * 0.999",
    "the smaller side weighs too little",
  ),
  inShader(
    "attention/merge",
    "h * views.right_lse_head + t * views.right_lse_token",
    "h * views.left_lse_head + t * views.left_lse_token",
    "the strides of the other side's lse",
  ),
  inShader(
    "attention/two-pass",
    "run_sum * rescale + softmax_weight",
    "run_sum + softmax_weight",
    "the first pass does not rescale its sum",
  ),
  inShader(
    "attention/two-pass",
    "(own_sum + run_sum) * softmax_rescale(own_largest, largest), thread",
    "own_sum + run_sum, thread",
    "the threads' sums meet with different maxima",
  ),
  inShader(
    "attention/two-pass",
    "if (!mask_mod(b, h, position, key)) { return LOWEST; }",
    "",
    "keys that the mask hides within its range are seen",
  ),
  inShader(
    "attention/two-pass",
    "position, key), state.largest);",
    "position, key), 0.0);",
    "the second pass forgets the maximum",
  ),
  inShader(
    "attention/two-pass",
    "select(weight / state.sum, 0.0, state.sum == 0.0)",
    "weight",
    "weights that do not add up to 1",
  ),
  inShader("attention/two-pass", "dot(products, vec4f(1.0)) * params.scale", "dot(products, vec4f(1.0))", "no scale"),
  inShader(
    "attention/two-pass",
    "h / (params.h / params.g)",
    "h % params.g",
    "query heads are dealt to groups in turn",
  ),
  inShader(
    "attention/two-pass",
    "min(WORKGROUP, keys.y - first)",
    "WORKGROUP",
    "the last turn reads weights and values past the keys",
  ),
  inShader(
    "linear-attention/feature",
    "max(x, 0.0) + exp(min(x, 0.0))",
    "max(x, exp(min(x, 0.0)))",
    "elu without the 1 above 0",
  ),
  inShader("linear-attention/feature", "exp(min(x, 0.0))", "1.0", "a feature map that is flat below 0"),
  inShader(
    "linear-attention/states",
    "let end = chunk * params.span + params.span;",
    "let end = chunk * params.span + params.span - 1;",
    "the last key of every chunk is lost",
  ),
  inShader("linear-attention/states", "value = 1.0;", "value = 0.0;", "the sum of φ(k) is lost"),
  inShader(
    "linear-attention/states",
    "g * params.v_head + key * params.v_token",
    "g * params.k_head + key * params.k_token",
    "the strides of k for v",
  ),
  inShader("linear-attention/running-sums", "] = sum;", "] = sum - states[first];", "sums without the first chunk"),
  inShader(
    "linear-attention/read-out",
    "params.start + i32(t) + 1",
    "params.start + i32(t)",
    "a query does not see itself",
  ),
  inShader(
    "linear-attention/read-out",
    "params.chunks + whole - 1",
    "params.chunks + whole",
    "the state of one chunk too many: keys of the future",
  ),
  inShader("linear-attention/read-out", "let g = h / (params.h / params.g);", "let g = h % params.g;", "wrong groups"),
  inShader("linear-attention/read-out", "width + params.dv]", "width]", "the first column instead of the sum"),
  inShader(
    "linear-attention/read-out",
    "key = rest; key < visible",
    "key = rest; key < rest",
    "keys after the last whole chunk go unseen",
  ),
  inShader(
    "linear-attention/read-out",
    "select(accumulator / sum, 0.0, visible == 0)",
    "accumulator / sum",
    "0/0 where no key is seen",
  ),
  inRing("schedule", "start + i + 1)", "start + i)", "live pairs without the diagonal", ["ring-schedule"]),
  inRing(
    "schedule",
    "Math.floor((offset + queries.first - keys.first) / keys.stride)",
    "Math.ceil((offset + queries.first - keys.first) / keys.stride)",
    "stripes see a key of the future",
    ["ring-schedule", "ring-attention"],
  ),
  inRing("schedule", "mask, s - t)", "mask, 0)", "top-left alignment for bottom-right", ["ring-attention"]),
  inRing("schedule", "(device - u + shards) % shards", "(device + u) % shards", "shards come from the wrong side", [
    "ring-schedule",
  ]),
  inRing("schedule", "2 * shards - 1 - device", "2 * shards - 2 - device", "zigzag deals a run twice", [
    "ring-schedule",
  ]),
  inRing("fold", ".sort((x, y) => x.first - y.first)", "", "merged by arrival where the order is to be fixed", [
    "ring-attention",
  ]),
  inRing("fold", "token * stride, column", "token, column", "stripes read neighbours", ["ring-attention"]),
  inRing(
    "device",
    "link.send(to, shard, { k, v });",
    "link.send(to, shard, { k: v, v: k });",
    "k and v swapped on the way",
    ["ring-attention"],
  ),
  inRing("schedule", "(sum, { keys }) => sum + keys", "(sum) => sum + 1", "traffic counted in hops", ["ring-schedule"]),
  {
    file: "src/blocks/cascade-attention.ts",
    find: "reshape(shared.lse, [h, b, t]), [1, 0, 2]",
    replace: "reshape(shared.lse, [b, h, t]), [0, 1, 2]",
    why: "the prefix's lse goes to the wrong heads and rows",
    tests: ["blocks/cascade-attention"],
  },
  {
    file: "src/blocks/cascade-attention.ts",
    find: '{ ...both, mask: "full" }',
    replace: '{ ...both, mask: "causal" }',
    why: "packed queries see part of the prefix",
    tests: ["blocks/cascade-attention"],
  },
];
