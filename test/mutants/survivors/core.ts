import { edge, same } from "./reasons.ts";

// Reasons that several survivors share.
const touchedOnly = "what is touched is loaded ahead, and nothing is computed from it";
const rowless = "a workgroup that begins past the last row has rows without elements, and stores nothing";

/** Reasons of survivors in shaders of everything else. */
export const coreSurvivors: Readonly<Record<string, string>> = {
  "shaders/cross-entropy/backward/naive.wgsl: for (var from_runs = 0u; from_runs < width; from_runs += RUN * RUN) { → for (var from_runs = 0u; from_runs <= width; from_runs += RUN * RUN) {":
    "one more turn without elements adds 0",
  "shaders/lib/touch/floats.wgsl: return bitcast<u32>(weight[word / 4].x); → return bitcast<u32>(weight[word / 3].x);":
    touchedOnly,
  "shaders/lib/touch/floats.wgsl: return bitcast<u32>(weight[word / 4].x); → return bitcast<u32>(weight[word * 4].x);":
    touchedOnly,
  "shaders/lib/touch/floats.wgsl: return bitcast<u32>(weight[word / 4].x); → return bitcast<u32>(weight[word / 4].z);":
    touchedOnly,
  "shaders/lib/touch/floats.wgsl: return bitcast<u32>(weight[word / 4].x); → return bitcast<u32>(weight[word / 5].x);":
    touchedOnly,
  "shaders/lib/touch/floats.wgsl: return bitcast<u32>(weight[word / 4].x); → return bitcast<u32>(weight[word / 4].y);":
    touchedOnly,
  "shaders/lib/touch/vectors.wgsl: return weight[word / 4].x; → return weight[word / 3].x;": touchedOnly,
  "shaders/lib/touch/vectors.wgsl: return weight[word / 4].x; → return weight[word * 4].x;": touchedOnly,
  "shaders/lib/touch/vectors.wgsl: return weight[word / 4].x; → return weight[word / 4].z;": touchedOnly,
  "shaders/lib/touch/vectors.wgsl: return weight[word / 4].x; → return weight[word / 5].x;": touchedOnly,
  "shaders/lib/touch/vectors.wgsl: return weight[word / 4].x; → return weight[word / 4].y;": touchedOnly,
  "shaders/matmul/vector-subgroups.wgsl: for (var word = thread * LINE; word < words; word += SUBGROUP * LINE) { touched |= touch_weight(first + word); } → for (var word = thread / LINE; word < words; word += SUBGROUP * LINE) { touched |= touch_weight(first + word); }":
    touchedOnly,
  "shaders/matmul/vector-subgroups.wgsl: for (var word = thread * LINE; word < words; word += SUBGROUP * LINE) { touched |= touch_weight(first + word); } → for (var word = thread * LINE; word < words; word -= SUBGROUP * LINE) { touched |= touch_weight(first + word); }":
    touchedOnly,
  "shaders/matmul/vector-subgroups.wgsl: for (var output = start; output < COLUMNS / OUTPUTS * params.n; output += params.n) { → for (var output = start; output <= COLUMNS / OUTPUTS * params.n; output += params.n) {":
    touchedOnly,
  "shaders/matmul/vector-subgroups.wgsl: for (var output = start; output < COLUMNS / OUTPUTS * params.n; output += params.n) { → for (var output = start; output < COLUMNS / OUTPUTS / params.n; output += params.n) {":
    touchedOnly,
  "shaders/lib/activation/relu.wgsl: return select(x, Vector(), x < Vector()); → return select(x, Vector(), x <= Vector());":
    "0 is 0 either way",
  "shaders/lib/activation/squared-relu.wgsl: return select(x * x, Vector(), x < Vector()); → return select(x * x, Vector(), x <= Vector());":
    "0 is 0 either way",
  "shaders/gemm/b-quads/along-n.wgsl: let first = min(column, params.n - 4); → let first = min(column, params.n + 4);":
    edge,
  "shaders/gemm/a-quads/any.wgsl: for (var r = 0u; r < 4; r++) { rows[r] = load_a(a_index(start, min(row + r, params.m - 1), i + j)); } → for (var r = 0u; r < 4; r++) { rows[r] = load_a(a_index(start, min(row + r, params.m + 1), i + j)); }":
    edge,
  "shaders/gemm/subgroups.wgsl: let quads = (min(ROWS, params.m - first_row) + 3) / 4; → let quads = (min(ROWS, params.m + first_row) + 3) / 4;":
    "quads past the last row are loaded from it, and not stored",
  "shaders/gemm/double-buffer.wgsl: for (var first = DEPTH; first < params.k; first += DEPTH) { → for (var first = DEPTH; first <= params.k; first += DEPTH) {":
    "where k is whole tiles, one more tile is of zeros",
  "shaders/gemm/padded.wgsl: for (var first = 0u; first < params.k; first += DEPTH) { → for (var first = 0u; first <= params.k; first += DEPTH) {":
    "where k is whole tiles, one more tile is of zeros",
  "shaders/gemm/vectors.wgsl: for (var first = 0u; first < params.k; first += DEPTH) { → for (var first = 0u; first <= params.k; first += DEPTH) {":
    "where k is whole tiles, one more tile is of zeros",
  "shaders/sampling/merge-beams.wgsl: if (keys.x != keys.y) { return keys.x > keys.y; } → if (keys.x != keys.y) { return keys.x >= keys.y; }":
    "equal keys do not get there",
  "shaders/sampling/sample.wgsl: var width = select(params.v, 0, now.tokens == 0); // finished rows only take part in the barriers → var width = select(params.v, 1, now.tokens == 0); // finished rows only take part in the barriers":
    "what is drawn for a finished row is not stored",
  "shaders/sampling/beam-totals.wgsl: if (!sum.exists) { bits = NOT_A_NUMBER; } → nothing":
    "this adapter's exp and log give NaN there too, which WGSL does not promise",
  "shaders/sampling/beam-totals.wgsl: if (row >= params.b) { return; } // the whole workgroup leaves → if (row > params.b) { return; } // the whole workgroup leaves":
    "what row b writes lies past the end, and is dropped",
  "shaders/sampling/token-weights.wgsl: select(0, params.v, is_finite) → params.v":
    "on this adapter the weights are 0 by the other of the two guards too",
  "shaders/sampling/token-weights.wgsl: if (is_finite) { → if (true) {":
    "on this adapter the weights are 0 by the other of the two guards too",
  "shaders/sampling/top-k-top-p.wgsl: if (own.top_k >= 1 && own.top_k < f32(vocabulary)) { → if (own.top_k >= 1 && own.top_k <= f32(vocabulary)) {":
    "the whole vocabulary is kept either way",
  "shaders/gemm/split-k/parts.wgsl: a_i < end → a_i < params.k":
    "a run is whole tiles, so that only the end of k lies within one",
  "shaders/sampling/candidates.wgsl: let share = (params.v + WORKGROUP - 1) / WORKGROUP; → let share = (params.v + WORKGROUP - 1) * WORKGROUP;":
    "another cut of the same tokens",
  "shaders/sampling/draw.wgsl: share = (range + WORKGROUP - 1) / WORKGROUP; → share = (range + WORKGROUP - 0) / WORKGROUP;":
    "another cut of the same tokens",
  "shaders/sampling/draw.wgsl: var share = 0u; // tokens a thread → var share = 1u; // tokens a thread":
    "the first turn sets it before it is read",
  "shaders/sampling/draw.wgsl: var rest = 0u; // of the goal, from begin on → var rest = 1u; // of the goal, from begin on":
    "the first turn sets it before it is read",
  "shaders/embedding/sort/count.wgsl: if (chunk * CHUNK >= params.t) { return; } // the whole workgroup leaves → if (chunk * CHUNK > params.t) { return; } // the whole workgroup leaves":
    "a workgroup past the last chunk has no tokens, and its counts fall outside of the buffer",
  "shaders/lib/weight/int4-groups.wgsl: let codes = bytes_of(weight[element / 32 * 4 + k % 16 / 4] >> (k % 32 / 16 * 4)) & vec4u(15); → let codes = bytes_of(weight[element / 32 * 4 + k % 16 / 4] >> (k % 32 / 15 * 4)) & vec4u(15);":
    "k is a multiple of 4",
  "shaders/lib/activation/tanh.wgsl: return select(select(far, -far, x < Vector()), series, abs(x) < Vector(SERIES_END)); → return select(select(far, -far, x < Vector()), series, abs(x) <= Vector(SERIES_END));":
    "where the series ends, it and the quotient differ by less than their rounding",
  "shaders/softmax/log-backward.wgsl: for (var begin = row.lane; begin < row.width; begin += RUN) { → for (var begin = row.lane; begin <= row.width; begin += RUN) {":
    "one more turn without elements adds 0",
  "shaders/softmax/log-backward.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    rowless,
  "shaders/softmax/log-workgroup.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    rowless,
  "shaders/lib/weight/mxfp4.wgsl: let fraction = select((magnitude & vec4u(1)) << vec4u(22), vec4u(0), magnitude < vec4u(2)); → let fraction = select((magnitude & vec4u(1)) << vec4u(22), vec4u(0), magnitude < vec4u(3));":
    "the magnitude between has no fraction",
  "shaders/sampling/penalise.wgsl: if (logit > 0) { logit /= own_settings.repetition; } else { logit *= own_settings.repetition; } → if (logit >= 0) { logit /= own_settings.repetition; } else { logit *= own_settings.repetition; }":
    "0 stays 0 either way",
  "shaders/lib/extent/ragged.wgsl: return vec2u(0, query_count(0) * heads); → return vec2u(0, query_count(0) / heads);":
    "a workgroup that should leave computes a block of the first sequence again, with the same result",
  "shaders/elementwise/from/float.wgsl: let exponent_bits = firstLeadingBit(u32(2 * SOURCE_BIAS + 1)) + 1; → let exponent_bits = firstLeadingBit(u32(2 * SOURCE_BIAS + 0)) + 1;":
    "the leading bit of 2 · 15 + 1 and of 2 · 15 is the same, and so for 127",
  "shaders/elementwise/to/float.wgsl: } else if (dropped < 32) { → } else if (dropped < 31) {":
    "31 bits are dropped from a float's 24 only, of which nothing is left",
  "shaders/lib/online-softmax.wgsl: select(bits, 0xff800000u, sum == 0.0) → bits":
    "log(0) is −∞ on these adapters; WGSL does not promise it",
  "shaders/lib/numbers/sigmoid.wgsl: return select(e, Vector(1.0), x >= Vector()) / (1.0 + e); → return select(e, Vector(1.0), x > Vector()) / (1.0 + e);":
    "at x = 0 both numerators are 1",
  "shaders/optimizer/clip/factor.wgsl: return clip[1]; → return clip[2];":
    "an access past the end is one to the last element, which is the right one",
  "shaders/norm/layer-norm-registers.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    rowless,
  "shaders/lib/derivative/squared-relu.wgsl: return select(2.0 * x, Vector(), x <= Vector()); → return select(2.0 * x, Vector(), x < Vector());":
    "0 is 0 either way",
  "shaders/lib/dot4/plain.wgsl: vec4u(24, 16, 8, 0) → vec4u(0, 8, 16, 24)":
    "the bytes of both words are taken in another order, and integers add up the same",
  "shaders/norm/rms-norm-registers.wgsl: for (var j = 0u; j < OWN; j++) { (2) → for (var j = 0u; j <= OWN; j++) {":
    "the threads of a row keep all of it, so one step more is past its end",
  "shaders/lib/bounded.wgsl: return select(x, clamp(x, Vector(-limit), Vector(limit)), abs(x) > Vector(limit)); → return select(x, clamp(x, Vector(-limit), Vector(limit)), abs(x) >= Vector(limit));":
    "at the limit both are the limit",
  "shaders/norm/rms-norm-backward-registers.wgsl: for (var j = 0u; j < OWN; j++) { (3) → for (var j = 0u; j <= OWN; j++) {":
    "the threads of a row keep all of it, so one step more is past its end",
  "shaders/softmax/backward-subgroups.wgsl: for (var row = first_row; row < min(first_row + ROWS, params.rows); row++) { gradients_of(row, thread); } → for (var row = first_row; row < min(first_row - ROWS, params.rows); row++) { gradients_of(row, thread); }":
    "0 − ROWS wraps: the first subgroup takes all rows and the others none",
  "shaders/softmax/backward.wgsl: for (var i = begin; i < min(begin + RUN, row.width); i += LANES) { → for (var i = begin; i < min(begin - RUN, row.width); i += LANES) {":
    "0 − RUN wraps: one run has all of a thread's elements, 256 in the longest row of the cases, too few for an error that shows",
  "shaders/norm/rms-norm.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    "a workgroup past the end has rows of width 0",
  "shaders/recurrent/previous.wgsl: if (position < length) { → if (position <= length) {":
    "past the end of a row the slopes that it is multiplied by are 0, and what is read is finite",
  "shaders/reduce/thread.wgsl: for (var from_runs = 0u; from_runs < params.length; from_runs += RUNS) { → for (var from_runs = 0u; from_runs <= params.length; from_runs += RUNS) {":
    "one more run, without elements",
  "shaders/matmul/tiled.wgsl: for (var j = 0u; j < TILE; j++) { → for (var j = 0u; j <= TILE; j++) {":
    "adds the product of two elements of padding, which are zeros",
  "shaders/sampling/token-logprobs.wgsl: if (thread == 0) { logprobs[row] = logprob(first, params.v, targets[row], sum); } → if (thread == 1) { logprobs[row] = logprob(first, params.v, targets[row], sum); }":
    same,
  "shaders/sampling/candidates.wgsl: let share = (params.v + WORKGROUP - 1) / WORKGROUP; → let share = (params.v + WORKGROUP + 1) / WORKGROUP;":
    "another cut of the same tokens",
  "shaders/sampling/candidates.wgsl: let to = min(start + share, params.v); → let to = min(start - share, params.v);":
    "0 − share wraps: thread 0 takes all tokens and the others none, in the same order",
  "shaders/matmul/result/gated.wgsl: let row = min(first + c % OUTPUTS, params.n - 1); // past the edge the last again, and nothing stored → let row = min(first + c % OUTPUTS, params.n - 0); // past the edge the last again, and nothing stored":
    edge,
  "shaders/matmul/result/plain.wgsl: return min(first + c, params.n - 1); // past the edge the last again, and nothing stored → return min(first + c, params.n - 0); // past the edge the last again, and nothing stored":
    edge,
  "shaders/matmul/rows/rms-norm.wgsl: let first = min(row, params.rows - 1) * vectors; → let first = min(row, params.rows - 0) * vectors;":
    edge,
  "shaders/norm/rms-norm-subgroups.wgsl: first[j] = min(first_row + j, params.rows - 1) * width; → first[j] = min(first_row + j, params.rows - 0) * width;":
    edge,
  "shaders/matmul/vector-subgroups.wgsl: let last = params.k / 4 - 1; // vector of a row → let last = params.k * 4 - 1; // vector of a row":
    "a thread past the end of a row holds a vector that no load asks for",
  "shaders/matmul/vector-subgroups.wgsl: for (var r = 0u; r < ROWS; r++) { → for (var r = 0u; r <= ROWS; r++) {":
    "an index past the end means the last element, which then gets its own value again",
  "shaders/matmul/vector-subgroups.wgsl: if (start >= params.n) { return; } // the whole workgroup leaves → if (start > params.n) { return; } // the whole workgroup leaves":
    "a workgroup at the end computes columns past it, and stores none",
};
