import { inShader, type Mistake } from "../mutant.ts";

/** Mistakes in each of the kernels of a norm's gradients. */
const ofNorm = (norm: "rms-norm" | "layer-norm"): Mistake[] => {
  const rows = `norm/${norm}-backward`;
  const [registers, subgroups] = [`${rows}-registers`, `${rows}-subgroups`];
  const kernels = [rows, registers, subgroups];
  return [
    ...kernels.flatMap((kernel) => [
      inShader(kernel, " - n * along", " + n * along", "the sign of the projection"),
      inShader(kernel, " + load_dsum(", " + 0.0 * load_dsum(", "the gradient of the residual stream is lost"),
      inShader(kernel, " + params.eps", "", "eps is missing"),
    ]),
    inShader(rows, "products += ", "products -= ", "the wrong sign of mean(g∘n)"),
    inShader(
      rows,
      "/ f32(params.cols) * scale;  // mean(g∘n)",
      "/ f32(params.cols);  // mean(g∘n)",
      "n without its scale",
    ),
    inShader(rows, "let g = dy[row.first + i] * weight[i];", "let g = dy[row.first + i];", "the weight is not applied"),
    inShader(
      registers,
      "own_width = select(0, width, group < params.groups)",
      "own_width = width",
      "groups past the last",
    ),
    inShader(registers, "select(0, own_width, row < params.rows)", "own_width", "rows past the last"),
    inShader(
      registers,
      "dweight[j] += gradients[j] * n;",
      "dweight[j] = gradients[j] * n;",
      "only the last row of a group",
    ),
    inShader(registers, "store_partials(group * width", "store_partials(lane * width", "sums of another group"),
    inShader(
      subgroups,
      "select(Vector(), gradient * n, row + j * params.groups < params.rows)",
      "gradient * n",
      "rows that count again",
    ),
    inShader(subgroups, "if (row == group) { store", "if (row >= group) { store", "only the last rows of a group"),
    inShader(subgroups, "select(row, own_row, own_row < params.rows)", "own_row", "rows past the last"),
  ];
};

/** Mistakes in the gradients of attention. */
const attention: readonly Mistake[] = [
  inShader("attention/backward/pair", "h / (params.h / params.g)", "h % params.g", "h mod g for the head mapping"),
  inShader("attention/backward/pair", "(dweight - row.y)", "dweight", "the softmax's sum is not subtracted"),
  inShader("attention/backward/pair", "exp(score - row.x)", "exp(product - row.x)", "the weight of another score"),
  inShader("attention/backward/pair", "dscore * params.scale", "dscore", "the scale is lost"),
  inShader("attention/backward/pair", "if (!mask_mod(b, h, position, key)) { return vec2f(0.0); }", "", "no mask"),
  inShader("attention/backward/rows-q", "sum += run_sum;", "", "only the last run"),
  inShader(
    "attention/backward/rows-kv",
    "h < (group + 1) * heads",
    "h < group * heads + 1",
    "one query head of a group",
  ),
  inShader("attention/backward/rows-kv", "key_sum += key_run;", "", "only the last run"),
  inShader(
    "attention/backward/rows-kv",
    "key < seen.x || key >= seen.y",
    "key <= seen.x || key >= seen.y",
    "the first key of a range",
  ),
  inShader("attention/backward/stats", "h * params.dout_head", "h * params.out_head", "the strides of the other view"),
  inShader("attention/backward/stats", "row / params.t % params.h", "row % params.h", "another head"),
  inShader(
    "attention/backward/weights",
    "head / (params.h / params.g)",
    "head % params.g",
    "h mod g for the head mapping",
  ),
  inShader(
    "attention/backward/weights",
    "exp(score - stats[row].x)",
    "exp(product - stats[row].x)",
    "the weight of another score",
  ),
  inShader(
    "attention/backward/weights",
    "params.scale * score_derivative(product,",
    "score_derivative(product,",
    "the scale is lost",
  ),
  inShader(
    "attention/backward/weights",
    "score_derivative(product, b",
    "score_derivative(score, b",
    "the derivative at the score",
  ),
  inShader("attention/backward/weights", "key >= key_count(b) || ", "", "unused slots of the cache"),
  inShader("attention/backward/weights", "|| !mask_mod(b, head, position, key)", "", "no mask"),
  inShader("attention/backward/scores", " - stats[pair / params.s].y", "", "the softmax's sum is not subtracted"),
  inShader("attention/backward/scores", "pair / params.s]", "pair % params.s]", "another row's sum"),
  inShader("attention/backward/scores", ") * derivatives[pair];", ");", "the score's derivative is lost"),
  inShader("attention/backward/sink", "= -sum;", "= sum;", "the sign of a sink's gradient"),
  inShader("attention/backward/sink", "exp(sink[h] - stats[row].x)", "exp(sink[h])", "a sink without its softmax"),
  inShader("attention/score-derivatives/softcap", "1.0 - bent * bent", "1.0 - bent", "tanh in place of its square"),
  {
    file: "src/kernels/attention/joined.ts",
    find: "score_derivative(value, b, h, q, k);",
    replace: "score_derivative(score, b, h, q, k);",
    why: "every derivative at the first score",
    tests: ["kernels/attention-backward"],
  },
  {
    file: "src/kernels/attention/backward/materialised.ts",
    find: "sum(gpu, { x }, { axis: 1 }).y, like.shape)",
    replace: "slice(x, 1, 0, 1), like.shape)",
    why: "one query head of a group",
    tests: ["kernels/attention-backward"],
  },
];

/** Mistakes in a step of an optimiser. */
const optimiser: readonly Mistake[] = [
  inShader("optimiser/adamw", "params.new2 * (g * g)", "params.new2 * g", "the mean of gradients for that of squares"),
  inShader("optimiser/adamw", "(mean * scalars[1])", "mean", "no correction of the mean"),
  inShader("optimiser/adamw", "sqrt(square * scalars[2])", "sqrt(square)", "no correction of the mean square"),
  inShader("optimiser/adamw", "(1.0 - rate * params.decay)", "(1.0 - params.decay)", "decay without the rate"),
  inShader("optimiser/adamw", "gradient[i] * clip_factor()", "gradient[i]", "gradients are not clipped"),
  inShader("optimiser/adamw", " || !takes_step()", "", "a step with gradients that are not finite"),
  inShader("optimiser/clip/given", "return clip[1];", "return clip[0];", "the norm for the factor"),
  inShader("optimiser/norm", "min(1.0, params.most", "max(1.0, params.most", "gradients are made larger"),
  inShader("optimiser/norm", "let norm = sqrt(sum);", "let norm = sum;", "the square of the norm"),
  inShader("optimiser/norm", "skipped[0] += 1", "skipped[0] = 1", "only one skipped step"),
];

/** Mistakes in kernels that compute gradients. */
export const backwardMistakes: readonly Mistake[] = [
  ...attention,
  ...optimiser,
  ...ofNorm("rms-norm"),
  ...ofNorm("layer-norm"),
  ...["norm/layer-norm-backward", "norm/layer-norm-backward-registers"].map((kernel) =>
    inShader(kernel, "(g - gradient - n * along)", "(g - n * along)", "the mean of g is not subtracted"),
  ),
  inShader("norm/layer-norm-backward-subgroups", "(g - gradients[j] -", "(g -", "the mean of g is not subtracted"),
  inShader(
    "norm/layer-norm-backward",
    "let deviation = x[row.first + i] - mean;",
    "let deviation = x[row.first + i];",
    "no centring",
  ),
  inShader(
    "norm/layer-norm-backward-registers",
    "dbias[j] += gradients[j];",
    "dbias[j] += gradients[j] * n;",
    "the bias as the weight",
  ),
  inShader(
    "norm/layer-norm-backward-subgroups",
    "dbias += select(Vector(), gradient, row + j * params.groups < params.rows);",
    "dbias += gradient;",
    "rows that count again",
  ),
  inShader("norm/parameter-gradients", "row = i / width;", "row = i % width;", "rows and columns are swapped"),
  inShader("norm/parameter-gradients", "(x[at] - mean_of(row))", "x[at]", "rows are not centred"),
  inShader("norm/parameter-gradients", " * scales[row]", " * scales[0]", "the first row's scale for all"),
  inShader("norm/parameter-gradients", "row += params.groups", "row += 2 * params.groups", "a sum of every second row"),
  inShader("norm/partials/both", "dbiases[i] = dbias;", "dbiases[i] = dweight;", "the weight's sums for the bias"),
  inShader("norm/partials/bias", "dbiases[i] += dbias;", "dbiases[i] = dbias;", "only the last rows of a group"),
  inShader(
    "norm/partials/weight",
    "dweights[i] += dweight;",
    "dweights[i] = dweight;",
    "only the last rows of a group",
  ),
  inShader(
    "lib/bounded",
    "select(x, clamp(x, Vector(-limit), Vector(limit)), abs(x) > Vector(limit))",
    "x",
    "infinity times 0",
  ),
  inShader("lib/bounded", "abs(x) > Vector(limit)", "abs(x) < Vector(limit)", "the wrong way round"),
  inShader("lib/derivative/silu", "c * sigmoid(-c)", "c * sigmoid(c)", "q for 1 - q"),
  inShader("lib/derivative/silu", "1.0 + c", "1.0 - c", "the sign of the second term"),
  inShader("lib/derivative/quick-gelu", "1.702 * bounded", "1.0 * bounded", "SiLU's"),
  inShader("lib/derivative/gelu-tanh", "0.134145", "0.044715", "the cube's derivative without its 3"),
  inShader("lib/derivative/gelu-tanh", "c * slope * sigmoid(-u)", "c * sigmoid(-u)", "without the inner derivative"),
  inShader("lib/derivative/gelu", "exp(-0.5 * c * c)", "exp(-c * c)", "another density"),
  inShader("lib/derivative/gelu", " + c * (", " - c * (", "the sign of the second term"),
  inShader("lib/derivative/relu", "x <= Vector()", "x < Vector()", "1 at 0"),
  inShader("lib/derivative/exp", "exponential(x)", "exponential(x) * x", "x too often"),
  inShader(
    "elementwise/map-backward",
    "gradient * derivative(value)",
    "value * derivative(gradient)",
    "x and dy are swapped",
  ),
  inShader("elementwise/map-backward", "dx[element(i, params.dx,", "dx[element(i, params.dy,", "where dy lies"),
  inShader("elementwise/softcap-backward", "abs(x[i] / params.cap)", "abs(x[i])", "not divided by the cap"),
  inShader("elementwise/softcap-backward", "((1.0 + e) * (1.0 + e))", "(1.0 + e * e)", "another denominator"),
  inShader(
    "elementwise/gated-backward",
    "gradient * right * derivative(left)",
    "gradient * derivative(left)",
    "up is lost",
  ),
  inShader(
    "elementwise/gated-backward",
    "gradient * activation(left)",
    "gradient * activation(right)",
    "up is activated",
  ),
  inShader(
    "elementwise/gradients/apart",
    "dgate[gate_at] = gate_gradient",
    "dgate[gate_at] = up_gradient",
    "the other gradient",
  ),
  inShader(
    "elementwise/gradients/together",
    "both[up_at] = up_gradient",
    "both[gate_at] = up_gradient",
    "one on top of the other",
  ),
  {
    file: "src/kernels/elementwise/gated-backward.ts",
    find: "dup: dup.offset - bound",
    replace: "dup: dup.offset",
    why: "counted from the start of the memory, not of the binding",
    tests: ["kernels/activation-backward"],
  },
  {
    file: "src/kernels/norm/backward.ts",
    find: "Math.ceil(rows / Math.min(mostRows, Math.max(1, Math.ceil(rows / fewestGroups))))",
    replace: "Math.min(rows, 1)",
    why: "one long sum over rows",
    tests: ["kernels/norm-backward"],
  },
];
