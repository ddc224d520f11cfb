// Spot the bug: kernels with one wrong line, the loudest first.
import type { Bug } from "../ladders/ladder.ts";

/** Where a mistake shows: in every result, at an edge, for some numbers, or in some order of threads. */
type Where = "everywhere" | "at an edge" | "for some numbers" | "in some order";

/** A kernel with a mistake in one line of its file. */
export interface Card extends Bug {
  readonly kernel: string;
  readonly shows: Where;
  /** Three other lines of the file, or pieces of them, for the reader to choose from; each stands there once. */
  readonly others: readonly [string, string, string];
}

/** The cards. */
export const cards: readonly Card[] = [
  {
    kernel: "matmul/tiled",
    from: "sum += x_tile[thread.y][j] * weight_tile[thread.x][j];",
    to: "sum += x_tile[thread.y][j] * weight_tile[thread.y][j];",
    others: [
      "x_tile[thread.y][thread.x] = x_value;",
      "weight_tile[thread.y][thread.x] = weight_value;",
      "let column = workgroup.x * TILE + thread.x;",
    ],
    breaks: "result",
    shows: "everywhere",
    why: "thread.x is the column of the result, so the row of the weight's tile that belongs to it.",
  },
  {
    kernel: "norm/rms-norm",
    from: "let scale = inverseSqrt(",
    to: "let scale = sqrt(",
    others: [
      "squares += value * value;",
      "y[row.first + i] = reload_row(row.first + i) * scale * weight[i];",
      "let row = row_lane(grid, thread);",
    ],
    breaks: "result",
    shows: "everywhere",
    why: "The row is multiplied by the root of its mean square, in place of being divided by it.",
  },
  {
    kernel: "norm/layer-norm",
    from: "let deviation = reload_row(row.first + i) - mean;",
    to: "let deviation = reload_row(row.first + i);",
    others: [
      "let mean = workgroup_sum(vector_sum(sums), thread) / f32(params.cols);",
      "squares += deviation * deviation;",
      "sums += load_row(row.first + i);",
    ],
    breaks: "result",
    shows: "everywhere",
    why: "These are the squares of the elements, not of how far they are from the mean.",
  },
  {
    kernel: "rope/rotate",
    from: "y[y_row + pair.x] = first * cosine - second * sine;",
    to: "y[y_row + pair.x] = first * cosine + second * sine;",
    others: [
      "y[y_row + pair.y] = second * cosine + first * sine;",
      "let second = x[x_row + pair.y];",
      "let sine = select(cosine_sine.y, -cosine_sine.y, BACK);",
    ],
    breaks: "result",
    shows: "everywhere",
    why: "A rotation has one minus. With two plus signs lengths change.",
  },
  {
    kernel: "softmax/row-max",
    from: "col++",
    to: "col += 2u",
    others: ["var value = LOWEST_FLOAT;", "if (row >= params.rows) { return; }", "largest[row] = value;"],
    breaks: "result",
    shows: "everywhere",
    why: "Every second element is left out: right as long as the largest is not one of them.",
  },
  {
    kernel: "softmax/normalise",
    from: "let row = i / params.cols;",
    to: "let row = i % params.cols;",
    others: [
      "if (i >= params.rows * params.cols) { return; }",
      "let total = sum[row];",
      "y[i] = exponential(x[i] - largest[row]) * scale;",
    ],
    breaks: "out of bounds",
    shows: "everywhere",
    why: "That is the column. There are more columns than rows, so it also reads beyond the ends of sum and largest.",
  },
  {
    kernel: "matmul/vector",
    from: "for (var l = 0u; l < LANES; l++)",
    to: "for (var l = 1u; l < LANES; l++)",
    others: [
      "for (var i = lane; i < vectors; i += LANES)",
      "let place = first + output % TEAMS * 4 + c;",
      "partial[r * PITCH + lane * TEAMS + team] = sums[r];",
    ],
    breaks: "result",
    shows: "everywhere",
    why: "The sums of lane 0 are never added.",
  },
  {
    kernel: "reduce/segments",
    from: "let first = offsets[i];",
    to: "let first = offsets[0];",
    others: [
      "let end = min(offsets[i + 1], params.t);",
      "var combined = params.initial;",
      "combined = combine(combined, run);",
    ],
    breaks: "result",
    shows: "at an edge",
    why: "All segments begin with the first one's rows: only the first is right.",
  },
  {
    kernel: "matmul/tiled",
    from: "if (row < params.rows && i < params.k) { x_value",
    to: "if (row < params.rows) { x_value",
    others: [
      "if (weight_row < params.n && i < params.k)",
      "if (row < params.rows && column < params.n)",
      "let weight_row = workgroup.x * TILE + thread.y;",
    ],
    breaks: "out of bounds",
    sizes: { k: 20 },
    shows: "at an edge",
    why:
      "Where k is no multiple of TILE, the last tile reads on into the next row. The weight is 0 there, so the sums stay " +
      "right; but the last row reads beyond the buffer, and 0 times what is there may be NaN.",
  },
  {
    kernel: "matmul/vector",
    from: "if (place < params.n) {",
    to: "if (place <= params.n) {",
    others: [
      "if (first >= params.n) { return; }",
      "for (var l = 0u; l < LANES; l++)",
      "output < params.rows * TEAMS; output += WORKGROUP",
    ],
    breaks: "out of bounds",
    sizes: { n: 42 },
    shows: "at an edge",
    why: "One column too many: it is the first of the next row, or, in the last row, beyond the end of y.",
  },
  {
    kernel: "reduce/columns",
    from: "let end = min(begin + params.block, params.rows);",
    to: "let end = params.rows;",
    others: [
      "let begin = i / params.width * params.block;",
      "let column = i % params.width;",
      "if (begin >= params.rows) { return; }",
    ],
    breaks: "result",
    shows: "at an edge",
    why: "Each block also has all rows after it. Only the last one is right.",
  },
  {
    kernel: "softmax/online",
    from: "run = run * rescale + exponential(value - larger);",
    to: "run = run + exponential(value - larger);",
    others: ["sums *= rescale;", "shift = larger;", "let larger = max(shift, value);"],
    breaks: "result",
    shows: "for some numbers",
    why: "The sum so far is relative to a smaller maximum. Rows whose largest element comes first are right.",
  },
  {
    kernel: "softmax/online",
    from: "sums * exponential(shift - largest)",
    to: "sums",
    others: [
      "let larger = max(shift, value);",
      "let largest = workgroup_max(vector_max(shift), thread);",
      "let rescale = exponential(shift - larger);",
    ],
    breaks: "result",
    shows: "for some numbers",
    why: "Each thread's sum is relative to its own maximum. They have to be brought to the row's before they are added.",
  },
  {
    kernel: "sampling/argmax",
    from: "if (thread < width) { bests[thread]",
    to: "if (thread <= width) { bests[thread]",
    others: [
      "if (key > best.key) { best = Best(key, i); }",
      "for (var i = thread; i < params.v; i += WORKGROUP)",
      "if (thread == 0) { index[row] = bests[0].index; }",
    ],
    breaks: "race",
    shows: "in some order",
    why: "Thread `width` changes the element that thread 0 reads in the same step.",
  },
  {
    kernel: "sampling/argmax",
    from: "  bests[thread] = best;\n  workgroupBarrier();",
    to: "  bests[thread] = best;\n  storageBarrier();",
    others: [
      "if (thread < width) { bests[thread]",
      "if (row >= params.rows) { return; }",
      "for (var width = WORKGROUP / 2; width > 0; width /= 2)",
    ],
    breaks: "race",
    shows: "in some order",
    why: "storageBarrier orders accesses of buffers. bests is in workgroup memory, whose barrier is workgroupBarrier.",
  },
];
