// Reasons that several survivors share.
const same = "every thread of the workgroup holds the same value";

const testedAnyway = "a full tile is tested pair by pair, and the mask says that all of it is seen";
const hiddenAnyway = "more keys are visited, which the mask then hides";

const unread = "rows of padding, which are never read";
const unstored = "columns past the expert's own are not stored";
const storedAgain = "the next segment's dispatch comes later and stores the same place again";
const edge = "what is read past the edge is not stored";
const rowless = "a workgroup that begins past the last row has rows without elements, and stores nothing";
const pastLast = "rows of the expert that is none lie past the last segment";

/** Mistakes that no test can or should notice, by id, and why: they change nothing that a result shows. */
export const survivors: Readonly<Record<string, string>> = {
  "shaders/attention/backward/rows-q.wgsl: if (key < keys.y) { gradient = pair_gradients(b, h, t, key).y; } → if (key <= keys.y) { gradient = pair_gradients(b, h, t, key).y; }":
    "a gradient past the last key is not added",
  "shaders/attention/backward/sink.wgsl: if (h >= params.h) { return; } // the whole workgroup leaves → if (h > params.h) { return; } // the whole workgroup leaves":
    "there is a workgroup for each head, and one more only where a grid of more than 65,535 folds",
  "shaders/cross-entropy/backward/naive.wgsl: for (var from_runs = 0u; from_runs < width; from_runs += RUN * RUN) { → for (var from_runs = 0u; from_runs <= width; from_runs += RUN * RUN) {":
    "one more turn without elements adds 0",
  "shaders/embedding/sort/count.wgsl: if (chunk * CHUNK >= params.t) { return; } // the whole workgroup leaves → if (chunk * CHUNK > params.t) { return; } // the whole workgroup leaves":
    "a workgroup past the last chunk has no tokens, and its counts fall outside of the buffer",
  "shaders/lib/int4-groups.wgsl: let codes = bytes_of(weight[element / 32 * 4 + k % 16 / 4] >> (k % 32 / 16 * 4)) & vec4u(15); → let codes = bytes_of(weight[element / 32 * 4 + k % 16 / 4] >> (k % 32 / 15 * 4)) & vec4u(15);":
    "k is a multiple of 4",
  "shaders/moe/backward/rows.wgsl: for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + 4 * c, params.k - 4); } → for (var c = 0u; c < VECTORS; c++) { columns[c] = min(first_column + 4 * c, params.k + 4); }":
    edge,
  "shaders/moe/backward/statistics.wgsl: for (var e = 1u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); } → for (var e = 0u; e < EXPERTS; e++) { largest = max(largest, logits[first + e]); }":
    "the largest of a number and itself",
  "shaders/lib/activation/tanh.wgsl: return select(select(far, -far, x < Vector()), series, abs(x) < Vector(SERIES_END)); → return select(select(far, -far, x < Vector()), series, abs(x) <= Vector(SERIES_END));":
    "where the series ends, it and the quotient differ by less than their rounding",
  "shaders/softmax/log-backward.wgsl: for (var begin = row.lane; begin < row.width; begin += RUN) { → for (var begin = row.lane; begin <= row.width; begin += RUN) {":
    "one more turn without elements adds 0",
  "shaders/softmax/log-backward.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    rowless,
  "shaders/softmax/log-workgroup.wgsl: if (first_row(grid) >= params.rows) { return; } // the whole workgroup leaves → if (first_row(grid) > params.rows) { return; } // the whole workgroup leaves":
    rowless,
  "shaders/moe/subgroups.wgsl: if (column >= params.n || own_weight < params.begin || own_weight >= params.end) { return; } → if (column >= params.n || own_weight < params.begin || own_weight > params.end) { return; }": `${storedAgain}; after the last segment there is no row of weights`,
  "shaders/attention/subgroups.wgsl: min(first_key + SUBGROUP, end) → first_key + SUBGROUP":
    "keys past the end weigh 0, and what is NaN or infinite there is taken out by without_hidden",
  "shaders/attention/subgroups.wgsl: if (!key_stored(b, key)) { continue; } let row → let row":
    "keys that are not stored weigh 0, and what is NaN or infinite in their place is taken out by without_hidden",
  "shaders/attention/split-k/reduce.wgsl: for (var i = 0u; i < min(SHARE, count); i++) { → for (var i = 0u; i <= min(SHARE, count); i++) {":
    "of the maxima: the next value has been counted, or is of a thread without keys, which has the least there is",
  "shaders/attention/split-k/parts.wgsl: let threads = min(WORKGROUP, (keys.y - keys.x + THREAD_KEYS - 1) / THREAD_KEYS); // those that have keys → let threads = min(WORKGROUP, (keys.y + keys.x + THREAD_KEYS - 1) / THREAD_KEYS); // those that have keys":
    "threads without keys have the least maximum and weigh nothing: reducing them too takes longer",
  "shaders/attention/flash/tile.wgsl: if (key < end && key_stored(b, key)) { values = load_v4 → if (key_stored(b, key)) { values = load_v4":
    "keys past the end weigh 0, and what is NaN or infinite there is taken out by without_hidden",
  "shaders/attention/flash/runs.wgsl: for (var r = 1u; r < THREAD_ROWS; r++) { → for (var r = 1u; r <= THREAD_ROWS; r++) {":
    "an index past the end means the last element, which then moves to its own place",
  "shaders/lib/weight/mxfp4.wgsl: let fraction = select((magnitude & vec4u(1)) << vec4u(22), vec4u(0), magnitude < vec4u(2)); → let fraction = select((magnitude & vec4u(1)) << vec4u(22), vec4u(0), magnitude < vec4u(3));":
    "the magnitude between has no fraction",
  "shaders/sampling/penalise.wgsl: if (logit > 0) { logit /= own_settings.repetition; } else { logit *= own_settings.repetition; } → if (logit >= 0) { logit /= own_settings.repetition; } else { logit *= own_settings.repetition; }":
    "0 stays 0 either way",
  "shaders/attention/joined/ranges.wgsl: if (a.x >= a.y) { return b; } → if (a.x > a.y) { return b; }":
    "a range of nothing makes the joined one wider, and the mask hides what it adds",
  "shaders/attention/flash.wgsl: let last_position = first_query(b) + query_of_row(min(block * ROWS + ROWS, rows) - 1); → let last_position = first_query(b) + query_of_row(min(block * ROWS + ROWS, rows) + 1);":
    hiddenAnyway,
  "shaders/attention/rows.wgsl: workgroupBarrier(); // the weights have been read → nothing":
    "the reduction that comes before the weights are written again has its own barriers; this one does not depend on how it reduces",
  "shaders/attention/rows.wgsl: if (value_thread < VALUE_THREADS) { → if (value_thread <= VALUE_THREADS) {":
    "the threads left over where the vectors of a row do not divide the workgroup sum up what is never read",
  "shaders/attention/rows.wgsl: if (thread == 0) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); } → if (thread == 1) { store_lse(b, h, t, log_sum_exp(state.largest, state.sum)); }":
    same,
  "shaders/attention/scores/alibi.wgsl: return score + slopes[h] * ahead * select(1.0, score_params.future, ahead > 0.0); → return score + slopes[h] * ahead / select(1.0, score_params.future, ahead > 0.0);":
    "the factor is 1 or −1",
  "shaders/attention/scores/alibi.wgsl: return score + slopes[h] * ahead * select(1.0, score_params.future, ahead > 0.0); → return score + slopes[h] * ahead * select(1.0, score_params.future, ahead >= 0.0);":
    "at no distance it is a factor of 0",
  "shaders/attention/subgroups.wgsl: key >= end || → nothing":
    "what is past the end repeats the last key, and its weight is not added up",
  "shaders/attention/subgroups.wgsl: if (first_key >= end) { break; } → if (first_key > end) { break; }":
    "one more turn, of no keys",
  "shaders/kv-cache/slot/ring.wgsl: last - at < round → true":
    "two tokens of one run come to one slot, and on this adapter the later one comes later",
  "shaders/lib/extent/ragged.wgsl: return vec2u(0, query_count(0) * heads); → return vec2u(0, query_count(0) / heads);":
    "a workgroup that should leave computes a block of the first sequence again, with the same result",
  "shaders/attention/split-k/parts.wgsl: for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y - 1)); } → for (var n = 0u; n < THREAD_KEYS; n++) { row[n] = k_row(b, group, min(own_key + n, keys.y + 1)); }":
    "keys after the last are scored, and then hidden",
  "shaders/attention/split-k/parts.wgsl: let last_key = min(first_key + KEYS, keys.y) - 1; → let last_key = max(first_key + KEYS, keys.y) - 1;":
    testedAnyway,
  "shaders/attention/split-k/range.wgsl: let last = min(block * ROWS + ROWS, heads * query_count(b)) - 1; → let last = max(block * ROWS + ROWS, heads * query_count(b)) - 1;":
    hiddenAnyway,
  "shaders/attention/split-k/store.wgsl: workgroupBarrier(); // the output has been read → nothing":
    "where there are several columns of vectors to a thread no other thread shares them, and it reads what it wrote itself",
  "shaders/attention/split-k/store.wgsl: if (thread == 0) { → if (thread == 1) {": same,
  "shaders/attention/split-k/range.wgsl: max(block_keys.x, split * params.span) → split * params.span":
    "keys before a window are visited, which the mask then hides",
  "shaders/attention/flash/rows.wgsl: for (var r = 0u; r < THREAD_ROWS; r++) { result[r] = weight_tile[own_row + r].x; } (2) → for (var r = 0u; r < THREAD_ROWS; r++) { result[r] = weight_tile[own_row + r].z; }":
    "all four elements are the same",
  "shaders/attention/flash/store/parts.wgsl: if (column == 0) { stats[part] = vec2f(largest[0], sums[0]); } → if (column == 1) { stats[part] = vec2f(largest[0], sums[0]); }":
    same,
  "shaders/attention/flash/tiles/map.wgsl: if (tile % 2 == 0) { return Visit(first_key, 0); } → if (tile % 1 == 0) { return Visit(first_key, 0); }":
    testedAnyway,
  "shaders/attention/flash/tiles/map.wgsl: return Visit(first_key, u32(keys_stored(b, first_key, first_key + KEYS - 1))); → return Visit(first_key, u32(keys_stored(b, first_key, first_key + KEYS + 1)));":
    testedAnyway,
  "shaders/attention/flash/tiles/range.wgsl: return Tiles(keys.x, (max(keys.x, keys.y) - keys.x + KEYS - 1) / KEYS, keys.y); → return Tiles(keys.x, (max(keys.x, keys.y) - keys.x + KEYS - 0) / KEYS, keys.y);":
    "one more tile is visited, after the last key, and is wholly hidden",
  "shaders/attention/flash/tiles/range.wgsl: if (first_key + KEYS > tiles.end) { return Visit(first_key, 0); } → if (first_key + KEYS >= tiles.end) { return Visit(first_key, 0); }":
    testedAnyway,
  "shaders/attention/masks/causal.wgsl: return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(0, u32(clamp(i32(last) + 2, 0, i32(keys))));":
    hiddenAnyway,
  "shaders/attention/masks/causal.wgsl: return vec2u(0, u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(0, u32(clamp(i32(last) + 1, 1, i32(keys))));":
    hiddenAnyway,
  "shaders/attention/masks/sliding-window.wgsl: return vec2u(u32(begin), u32(clamp(i32(last) + 1, 0, i32(keys)))); → return vec2u(u32(begin), u32(clamp(i32(last) + 1, 1, i32(keys))));":
    hiddenAnyway,
  "shaders/elementwise/from/float.wgsl: let exponent_bits = firstLeadingBit(u32(2 * SOURCE_BIAS + 1)) + 1; → let exponent_bits = firstLeadingBit(u32(2 * SOURCE_BIAS + 0)) + 1;":
    "the leading bit of 2 · 15 + 1 and of 2 · 15 is the same, and so for 127",
  "shaders/elementwise/to/float.wgsl: } else if (dropped < 32) { → } else if (dropped < 31) {":
    "31 bits are dropped from a float's 24 only, of which nothing is left",
  "shaders/lib/online-softmax.wgsl: select(bits, 0xff800000u, sum == 0.0) → bits":
    "log(0) is −∞ on these adapters; WGSL does not promise it",
  "shaders/lib/sigmoid.wgsl: return select(e, Vector(1.0), x >= Vector()) / (1.0 + e); → return select(e, Vector(1.0), x > Vector()) / (1.0 + e);":
    "at x = 0 both numerators are 1",
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
  "shaders/moe/align/naive.wgsl: if (thread == 0) { write_offsets(); } → if (thread == 1) { write_offsets(); }":
    "any one thread may write them",
  "shaders/moe/grouped.wgsl: (expert + 1) * params.n - 1 → params.end - 1": unstored,
  "shaders/moe/grouped.wgsl: w_row[c] = clamp(min(weight_row + c, (expert + 1) * params.n - 1), params.begin, params.end - 1) - params.begin; → w_row[c] = clamp(min(weight_row + c, (expert + 2) * params.n - 1), params.begin, params.end - 1) - params.begin;":
    unstored,
  "shaders/moe/grouped.wgsl: if (block >= grids[4 * GRID + 3]) { return; } → if (block >= grids[5 * GRID + 3]) { return; }":
    "an access past the end is one to the last element, which is the right one",
  "shaders/moe/grouped.wgsl: if (block >= grids[4 * GRID + 3]) { return; } → nothing":
    "blocks past the last are rows that are never read",
  "shaders/moe/grouped.wgsl: if (slots[first_row + r] == NO_INDEX) { continue; } → nothing": unread,
  "shaders/moe/subgroups.wgsl: if (slots[first_row + r] != NO_INDEX) { → {": unread,
  "shaders/moe/groups/all.wgsl: return 0; → return 1;": "without groups the kept ones do not matter",
  "shaders/moe/row-slots/apart.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] < EXPERTS && weight_row >= params.begin && weight_row <= params.end;":
    storedAgain,
  "shaders/moe/row-slots/apart.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] <= EXPERTS && weight_row >= params.begin && weight_row < params.end;":
    pastLast,
  "shaders/moe/row-slots/gathered.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] < EXPERTS && weight_row >= params.begin && weight_row <= params.end;":
    storedAgain,
  "shaders/moe/row-slots/gathered.wgsl: return experts[row] < EXPERTS && weight_row >= params.begin && weight_row < params.end; → return experts[row] <= EXPERTS && weight_row >= params.begin && weight_row < params.end;":
    pastLast,
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
